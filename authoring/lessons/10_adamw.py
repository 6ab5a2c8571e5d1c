# %% [markdown]
# # Lesson 10. AdamW
#
# *About 32 minutes to read, 58 with the exercises.*
#
# In lesson 9 you wrote Adam.
# Today you change one of its lines, and that makes it AdamW.
# At the end you can write AdamW from memory, say why Adam's own [[weight decay]] is uneven, and resume a training exactly.
#
# **From lesson 9, from memory.**
# The gradients of one run are 3 at every step, those of another one 300.
# How do Adam's two paths differ?
#
# <details><summary>Answer</summary>They do not. The scale cancels between m and the root of v. Keep that in mind, because today it causes the trouble.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Two ways to decay
#
# ### Weights with nothing to learn
#
# Weight decay makes every weight a little smaller at each step.
# In PyTorch both `optim.Adam` and `optim.AdamW` have an argument `weight_decay`, so both should do that.
#
# Here are nine groups of weights, and every weight starts at 1.
# They have nothing to learn, because their gradients are pure noise, the smallest in the first group and the largest in the last.
# The two forms count their decay in different units, so do not ask which line is lower.
# Ask which one is level.
#
# Run the set-up cell above and the next one, then move the slider and watch the weights shrink.
# The stored picture shows them after 2000 steps.
# **Goal:** find a number of steps after which AdamW has left half of the weights.

# %%
import math
from lessonlib import adam_l2, adamw
from lessonlib.lessons.lesson10 import opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

opening.nine_groups().live()

# %% [markdown]
# AdamW's line is level at every step, and half is left after about {{ round(math.log(2) / 0.0005, -1):,.0f}} steps.
# Adam's line rises.
# It has removed nearly all of the weights with small gradients, and left nearly all of those with the largest ones.
#
# **`optim.Adam(weight_decay=...)` decays unevenly: the larger a weight's gradients, the less.**
# It raises no error, and it is not the even decay that most recipes mean.
#
# <details><summary>Fine print</summary>A dot is the mean of a hundred weights.</details>
#
# ### Where the decay goes in
#
# There are two ways to ask for smaller weights.
# One is to add a penalty $\tfrac w2\theta^2$ to the loss, where $w$ is your `weight_decay`.
# That is an [[L2 penalty]], and its gradient is $w\,\theta$.
# The other way is to shrink each weight directly by a small share of itself.
#
# For gradient descent the two are the same.
#
# $$\theta - \alpha\,(g + w\,\theta) \;=\; (1-\alpha w)\,\theta - \alpha\,g$$
#
# Adam, however, divides what comes in through the gradient.

# %%
opening.show_flow()

# %% [markdown]
# In the upper picture both averages see the decay, so it is divided by the root of `v`.
# In the lower one it goes around them, straight to the weight.
# This is [[decoupled weight decay]], and it is what the W in AdamW stands for.
#
# Take one step by hand.
# A weight is 1 and its gradients are noise of size 10, so the root of `v` is about that.
# The decay $w$ is a tenth, so it pulls with $w\,\theta = 0.1$.

# %%
pulled = predict(
    "How far does the decay alone move this weight in one step of Adam, in units of lr?"
)
pulled

# %% [markdown]
# The pull, divided by the root of `v`, for three sizes of the gradients.

# %% tags=["answer"]
pull, rows = 0.1 * 1.0, []
for size in (10, 1, 0.001):
    root_of_v = (size**2 + pull**2) ** 0.5  # v holds the squares of both
    rows.append([size, root_of_v, pull / root_of_v, pull])
header = ["size of the gradients", "root of v", "Adam, in units of lr", "AdamW, in units of lr"]
display(table(header, rows, ["g", ".3g", ".2g", ".2g"]))
pulled.answer(rows[0][2])

# %% [markdown]
# In AdamW the pull moves the weight by a tenth of $\alpha$ in every row.
# In Adam it is divided by a large number where the gradients are large.
# Where they are far smaller than the pull, `v` holds little but the pull's own square, so the pull is divided by itself and moves the weight by a full $\alpha$.
#
# ### The same in a network
#
# Here is a network that reads handwritten digits, trained by Adam with its own `weight_decay`.
# Compare the tenth of its weights with the smallest gradients and the tenth with the largest.

# %%
faster = predict(
    "How much faster does Adam decay those with the smallest gradients?",
    ["about equally fast", "about 10 times", "about 100 times", "about 1000 times"],
)
faster

# %% [markdown]
# Each green point is one weight.
# It shows which share of the weight the decay removed at the last step, as measured in the run.
# AdamW's weights all lie on the line.

# %% tags=["answer"]
opening.show_shares()
ratio = opening.ratio_of_tenths()
faster.answer(faster.options[round(math.log10(ratio))])

# %% [markdown]
# The green points fall along a line, so ten times larger gradients mean a tenth of the decay.
# At the far left they leave it, because there `v` holds little but the pull's own square.
# Between the two tenths the factor is {{ ratio:.0f}}.
#
# **When you switch from Adam to AdamW, tune `weight_decay` again.**
# The green points meet AdamW's line although one number is a hundred times the other.
# With Adam's 0.001, AdamW's line would lie {{ math.floor(opening.at_least())}} times below the lowest green point, because every root of `v` is below 1 here.
#
# You gain a setting that means the same for every weight, and not always accuracy.
# On our digits, each tuned, AdamW reads 89.1 % from fresh starts and Adam with L2 88.4 %.
# Starts of one form differ by about two points, so let this not decide.
#
# *Deeper: [does AdamW read more digits](deeper/10_adamw.ipynb#1.-Does-AdamW-read-more-digits,-and-which-decay-suits-which-step-size?)?*
#
# <details><summary>Fine print</summary>One hidden layer, 500 steps. Left out are biases, weights behind pixels that are always blank, and the smallest weights. The 89.1 and 88.4 % are means of 32 starts, with standard deviations of 1.6 and 2.0 points, each form at the best of its grid of settings. Start by start AdamW is ahead by 0.7 points, with a standard error of 0.2. The four starts that picked the settings had L2 ahead, by 0.9 points.</details>
#
# ### Where a weight comes to rest
#
# A single weight starts at 0, and its gradient is 3 at every step.
# The decay is again $w = 0.1$.
# The L2 penalty adds $w\,\theta$ to that gradient.

# %%
with_l2 = predict(
    "Where does the weight come to rest under Adam with L2? (g = 3, w = 0.1)"
)
with_l2

# %% [markdown]
# In AdamW a steady gradient moves the weight by $\alpha$ at each step, and the decay moves it back by $\alpha w\,|\theta|$.

# %%
decoupled = predict("And under AdamW, with the same g and w?")
decoupled

# %% [markdown]
# Both rules walk until they rest, for three gradients.

# %% tags=["answer"]
rows = [[g, opening.rest(adam_l2, g), opening.rest(adamw, g)] for g in (0.03, 0.3, 3.0)]
display(table(["gradient", "Adam with L2", "AdamW"], rows, ["g", ".1f", ".1f"]))
display(with_l2.answer(rows[2][1]))
decoupled.answer(rows[2][2])

# %% [markdown]
# Adam with L2 ends where $g + w\,\theta$ is zero, at $-g/w$, which is the minimum of loss plus penalty.
# AdamW ends at $-1/w$ for every gradient, because Adam's step does not know how large a steady gradient is.
# The step size is not in it either, because $\alpha$ cancels.
#
# *Deeper: [where can AdamW end](deeper/10_adamw.ipynb#5.-Where-can-AdamW-end?-A-box), if not at the minimum of a penalised loss?*

# %% [markdown]
# ## Part 2. The rule
#
# Now you write it.

# %%
from lessonlib import State, adamw, checks
from lessonlib.lessons.lesson10 import judges, opening, practice
from lessonlib.lessons.tables import table

# %% [markdown]
# ### Exercise 1. Write AdamW (6 minutes)
#
# Write all of AdamW, without calling `adam`.
# In PyTorch's form a weight shrinks by the share $\alpha w$ of what it was before the step.
# Return the new `theta` and a new `State(t, m, v)`, as always.
#
# <details><summary>Hint</summary>Which of your lines may contain weight_decay, if neither m nor v may know of it?</details>

# %% tags=["stub"]
def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = m_hat / (v_hat**0.5 + eps)
    theta = theta - lr * weight_decay * theta - lr * step
    return theta, State(t, m, v)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both averages see `g` alone, so the decay is never divided.
# It is multiplied by `lr`, so that a schedule that ends the steps also ends the decay.

# %% [markdown]
# The check runs it beside the right one and the usual mistakes.

# %%
checks.check(my_adamw, against=adamw)

# %% [markdown]
# Now give your own function, right or wrong, the weights of the opening.

# %%
mine = checks.yours("my_adamw", adamw, judges.gives_numbers)
table(["size of the gradients", "left"], opening.left_by(mine), ["g", ".0%"])

# %% [markdown]
# Here is the whole change from lesson 9, in one line.
#
# $$\theta_t = \theta_{t-1} - \alpha\,w\,\theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}$$
#
# In the paper of Loshchilov and Hutter (2019) only the factor of the [[schedule]] stands before the decay, and in PyTorch the whole `lr`.
# So PyTorch's number is the paper's, divided by the largest `lr` of the run.
#
# ### Exercise 2. Which bug? (3 minutes)
#
# Three colleagues wanted PyTorch's AdamW, and each has typed one thing otherwise.
# The picture shows what they leave of the nine groups, the broken rules in black.

# %%
practice.show_bugs()

# %% [markdown]
# Is the line level, and how far above or below the start does it lie?
# Choose from `"decay inside the moments"`, `"decay not multiplied by lr"`, `"sign of the decay"`, `"no decay"`.

# %% tags=["stub"]
bugs = {"A": None, "B": None, "C": None}

# %% tags=["solution"]
bugs = {"A": "sign of the decay", "B": "decay inside the moments",
        "C": "decay not multiplied by lr"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# In A the weights grow, so the decay pushes away from zero.
# In B the line rises with the gradients, and only a decay that is divided can do that.
# In C half of each weight goes at every step instead of a two-thousandth, so nothing is left.

# %% [markdown]
# The judge runs the bug that you named and compares what is left.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# ## Part 3. In PyTorch
#
# ### Two lines that look alike
#
# ```python
# optimizer = optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.01)   # L2, divided
# optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)  # decoupled
# ```
#
# The second line means the same for every weight, and the first one does not.
# Without the argument AdamW takes 0.01 and Adam takes 0.
#
# ### Exercise 3. Which weights to decay (6 minutes)
#
# The usual recipe decays the matrices and leaves biases and norms alone.
# A norm brings the numbers passing through it to one size, and then multiplies them by a learned scale.
# A decay would pull that scale from its start at 1 to 0, which nobody asked for.
# Biases are few, so decaying them or not hardly matters, and by habit they are left alone.
# PyTorch takes this as [[param groups|param group]], a list of dicts, each with its parameters and its settings.
#
# Here is a small transformer to practise on.

# %%
from lessonlib.lessons.lesson10 import judges, play, training
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

model = training.small_transformer()
rows = [[name, str(tuple(p.shape))] for name, p in model.named_parameters()]
table(["parameter", "shape"], rows)

# %% [markdown]
# Return a list of two dicts, `{"params": [...], "weight_decay": ...}`.
# Matrices get `decay`, biases and norms get 0.
# Some people decay embeddings and some spare them, and the judge takes either.
#
# <details><summary>Hint</summary>Does every parameter of a norm have "bias" in its name? What do all that should not decay have in common, besides their names?</details>

# %% tags=["stub"]
def groups(model, decay=0.1):
    ...  # a list of two dicts

# %% tags=["solution"]
def groups(model, decay=0.1):
    parameters = list(model.parameters())
    return [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Here a matrix has two axes, and a bias or the scale of a norm has one.
# The names would not do, because the scale of a norm is called `weight` too.

# %% [markdown]
# The judge walks through the model and names the first parameter that is in the wrong place.

# %%
judges.judge_groups(groups, model)

# %% [markdown]
# ### How strong a decay?
#
# PyTorch takes the share `lr * weight_decay` of each weight at each step, at its defaults 0.001 times 0.01.

# %%
taken = predict(
    "AdamW at its defaults, 1000 steps. Which share of the starting weights does the decay take?",
    ["1%", "10%", "37%", "63%"],
)
taken

# %% [markdown]
# What is left is multiplied by the same number at each step.

# %% tags=["answer"]
left = (1 - 0.001 * 0.01) ** 1000
taken.answer(f"{1 - left:.0%}")

# %% [markdown]
# So a short run does not notice the default.
# The decay has a [[memory]], like the averages of this course, and it is $1/(\alpha w)$ steps long.
# After that many steps a little more than a third of a weight's starting value is left.
# At torch's defaults the memory is {{ 1 / (0.001 * 0.01):,.0f}} steps.
#
# The picture shows how much of the starting weights is left during a run of 10,000 steps.
# **Goal:** at a step size of 0.001 or less, find a decay that leaves 1 % of the start (0.5 to 2 %).

# %% tags=["answer"]
play.left_of_the_start().live()

# %% [markdown]
# You needed a decay of about 0.5 at a step size of 0.001.
# Only their product counts, so a decay that you read somewhere says little without its step size and the length of its run.
#
# **Start at 0.1.
# Use the memory to carry a tuned decay to another step size or run length.**
# Multiply it by the old `lr * steps` and divide by the new one, so that the memory stays the same share of the run.
# In our short runs 0.1 costs no digits, and 1 costs about one in a hundred.
#
# When you fine-tune, keep the memory at ten runs or more, so that the decay takes at most a tenth of what the weights know.
# With 3000 steps of 0.00002, the default of 0.01 takes {{ 1 - (1 - 0.00002 * 0.01) ** 3000:.2%}}.
#
# With a schedule, put in the mean step size.
# A short [[warm-up]] and then a [[cosine]], as in Part 4, bring it to a little less than half of the peak.
#
# <details><summary>Fine print</summary>Wang and Aitchison (2024) argue for the memory as the number to set. The start at 0.1 and the ten runs are this course's. The digits are those of three starts.</details>
#
# *Deeper: [what do the weights remember](deeper/10_adamw.ipynb#3.-What-do-the-weights-remember?)?*
#
# ### Exercise 4. Set the decay (3 minutes)
#
# Your new run has 50,000 steps, with Part 4's schedule and a peak of 0.0003.
# The mean step size is then 0.45 of the peak.
# The memory should be a fifth of the run.
# Which `weight_decay` do you type?

# %% tags=["stub"]
my_decay = None

# %% tags=["solution"]
my_decay = 1 / (0.45 * 0.0003 * 10_000)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# A fifth of the run is 10,000 steps, so each step should take a ten-thousandth.
# That share is the mean `lr` times `weight_decay`, so it is divided by the mean `lr`.

# %% [markdown]
# The judge computes the memory that your number gives.

# %%
judges.judge_setting(my_decay, peak=0.0003, mean=0.45, steps=50_000, share=0.2)

# %% [markdown]
# ## Part 4. A real training
#
# ### The recipe
#
# Many trainings of transformers have these parts.
#
# | Part | Line | What it does |
# |---|---|---|
# | decay | `optim.AdamW(groups(model), lr=3e-4)` | the same share of every matrix, and nothing of biases and norms |
# | $\beta_2 = 0.95$ | `betas=(0.9, 0.95)` | for transformers: `v` remembers 20 steps and not 1000, so it follows sooner when gradients change |
# | warm-up | `min(1, (t + 1) / warmup)` | short steps while `v` rests on few gradients and the network still changes fast |
# | cosine | `0.5 * (1 + math.cos(math.pi * t / steps))` | ends with tiny steps, so the last noise fades |
# | clipping | `nn.utils.clip_grad_norm_(model.parameters(), 1.0)` | cuts the gradient of all parameters together to length 1 where it is longer |
# | [[checkpoint]] | `torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), ...}, path)` | what the next step needs, in a file |
#
# Warm-up and cosine multiply the step size, and together they are the schedule.

# %%
import math
from types import SimpleNamespace

import torch
from torch import nn, optim
from lessonlib import checks
from lessonlib.lessons.lesson10 import judges, training
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

torch.set_num_threads(1)  # for a network this small, one thread does

def factor(t, steps=200, warmup=20):
    return min(1, (t + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * t / steps))

# %% [markdown]
# A fresh run consists of four objects, a model, an optimizer, a schedule, and the generator that draws its batches.
# The groups are yours from exercise 3.
# This short run needs a larger step size than the recipe's.
# Its memory is about {{ 500 / training.mean_factor(200):,.0f}} steps, longer than the run, so a decay of 0.1 does little here.
# Without it as many digits are read.

# %%
my_groups = checks.yours("groups", training.groups, judges.gives_groups)

def begin(seed=0):
    model = training.network(seed)
    optimizer = optim.AdamW(my_groups(model), lr=0.02, betas=(0.9, 0.95))
    schedule = optim.lr_scheduler.LambdaLR(optimizer, factor)
    batches = torch.Generator().manual_seed(seed)
    return SimpleNamespace(model=model, optimizer=optimizer, schedule=schedule, batches=batches)

# %% [markdown]
# The loop is that of lesson 9 with two more lines.
# It clips before the step, and it moves the schedule after it.

# %%
x, y = training.training_digits()
criterion = nn.CrossEntropyLoss()

def go_on(run, steps):
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=run.batches)
        run.optimizer.zero_grad()
        criterion(run.model(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        with torch.no_grad():
            losses.append(criterion(run.model(x), y).item())
    return losses

# %% [markdown]
# *Deeper: [what does one bad batch do, and what does clipping do](deeper/10_adamw.ipynb#6.-What-does-one-bad-batch-do,-and-what-does-clipping-do?)?*
#
# ### A careless restart
#
# Your machine fails at step 100 of 200.
# You start again with the right weights, step size and batches.
# But nobody saved what the optimizer remembers, so `m`, `v` and `t` are zero.
#
# Just before, a typical step of a weight was about a seventh of the step size.

# %%
first = predict(
    "How far does the first step after the restart move it, in units of lr?"
)
first

# %% [markdown]
# And the loss?

# %%
higher = predict("What does the training loss do in the ten steps after the restart?",
                 ["it goes on as before", "it rises by a tenth to a half",
                  "it rises a hundredfold"])
higher

# %% [markdown]
# Both runs, from eight starts.

# %% tags=["answer"]
found = training.forgotten(begin, go_on)
rows = [["not interrupted", found.usual_step], ["m, v and t forgotten", found.first_step]]
display(table(["run", "median step 101, in units of lr"], rows, ["", ".2f"]))
training.show_restart(found)
display(first.answer(found.first_step))
higher.answer(training.how_much_higher(found))

# %% [markdown]
# After one gradient, $\hat m$ is that gradient and $\sqrt{\hat v}$ is its size.
# So every weight that has a gradient takes a full step at once, also the many whose gradients had long been noise around zero.
# The decay is a part of the step too, so it is not quite 1.
# At this large step size that lifts the loss, from one start by {{ found.rises.min() - 1:.0%}} and from another by {{ found.rises.max() - 1:.0%}}.
#
# The table shows the median of the starts, and what other ways do.

# %%
header = ["run", "highest of the next ten losses, above the last one"]
table(header, training.rises(), ["", "+.0%"])

# %% [markdown]
# The loss rises because several steps are too long.
# With short steps, by a new warm-up or a small step size, it does not rise.
# But the weights are never those that the run would have found.
#
# So try a restart before you need one.
# Save, take ten steps, load, and take the same ten again.
#
# <details><summary>Fine print</summary>A weight without a gradient does not move, and it is not counted in the medians.</details>
#
# *Deeper: [what is lost in a restart](deeper/10_adamw.ipynb#7.-What-is-lost-in-a-restart?), piece by piece.*
#
# ### Exercise 5. Resume exactly (8 minutes)
#
# Write `save`, which returns a dict of all that the next step depends on, and `load`, which puts it into a fresh run.
# "Exactly" means bit for bit.
# The [[state dict]] of a model, an optimizer or a schedule holds its numbers, and a generator has `get_state()` and `set_state(...)`.
#
# <details><summary>Hint</summary>Which four objects does go_on touch? Which of them change?</details>

# %% tags=["stub"]
def save(run):
    return {"model": run.model.state_dict()}  # what else does the next step depend on?

def load(run, saved):
    run.model.load_state_dict(saved["model"])

# %% tags=["solution"]
def save(run):
    return {"model": run.model.state_dict(), "optimizer": run.optimizer.state_dict(),
            "schedule": run.schedule.state_dict(), "batches": run.batches.get_state()}

def load(run, saved):
    run.model.load_state_dict(saved["model"])
    run.optimizer.load_state_dict(saved["optimizer"])
    run.schedule.load_state_dict(saved["schedule"])
    run.batches.set_state(saved["batches"])

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The optimizer holds `m`, `v` and `t`, the schedule its place in the run, and the generator the batches to come.
# The function `factor` itself is in no state dict, so the fresh run must be begun with the same one.

# %% [markdown]
# The judge sends what you saved through a file, as a real restart would.
# Then both runs go on.

# %%
judges.judge_resume(save, load, begin, go_on)

# %% [markdown]
# Your own training may have more, such as the place in the data, the random state of dropout, and a scaler for float16.
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **Type** | `optim.AdamW(groups(model, decay=0.1), lr=3e-4)`, for a transformer with `betas=(0.9, 0.95)` |
# | **Carry it over** | `decay = old_decay * old_mean_lr * old_steps / (new_mean_lr * new_steps)`, from a run that you tuned |
# | **Fine-tune** | with `lr * decay * steps` at most 0.1, `lr` being the mean |
# | **Change first** | the step size, as in lesson 9, and the decay with it, by the line above |
# | **Change next** | `weight_decay`, three times more and less |
# | **Suspect it** | when `weight_decay` stands in `optim.Adam`; when a decay was copied from `optim.Adam` or from another run; when the first losses after a restart lie far above the last ones before it |
# | **Save** | model, optimizer, schedule, generator, and try once that it resumes |
#
# ### Three questions, from memory
#
# <details><summary>A steady gradient becomes ten times larger. Where does the weight come to rest, with AdamW and with Adam's L2?</summary>With AdamW at the same place, 1/w from zero. With L2 ten times further out.</details>
# <details><summary>Which weights does optim.Adam(weight_decay=...) decay less than others, and why?</summary>Those with the larger gradients. Their decay is divided by a larger root of v.</details>
# <details><summary>A restart loses m, v and t. How long is the next step?</summary>The full step size for every weight that has a gradient, also where the gradients are mostly noise.</details>
#
# And here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - AdamW does not divide the decay by the root of `v`, so every weight loses the same share.
#   Type `optim.AdamW`, and tune the number again.
# - After $1/(\alpha w)$ steps a little more than a third of the start is left.
#   With a schedule, $\alpha$ is the mean step size.
# - Decay matrices, not biases and norms, and save the optimizer with the weights.
#
# *Also deeper: [why a network may understand late](deeper/10_adamw.ipynb#4.-Why-may-a-network-understand-late?-Grokking), which is called [[grokking]].*
#
# **Next, [lesson 11](11_gpu_lab.ipynb).**
# What do AdamW's two numbers for every weight cost on a GPU, in time and in memory?
