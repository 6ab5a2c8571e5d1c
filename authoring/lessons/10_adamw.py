# %% [markdown]
# # Lesson 10. AdamW
#
# *About 28 minutes to read, 55 with the exercises.*
#
# In lesson 9 you wrote Adam.
# Today you change one of its lines, and that makes it [[AdamW]].
# At the end you can write AdamW from memory, say what [[weight decay]] is for and how strong it should be, and resume a training exactly.
#
# **From lesson 9, from memory.**
# The gradients of one run are 3 at every step, those of another one 300.
# How do Adam's two paths differ?
#
# <details><summary>Answer</summary>They do not. The scale cancels, because Adam divides by the root of v. Today we ask what that division does to weight decay.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Two ways to decay
#
# ### Two lines that look alike
#
# Weight decay makes every weight a little smaller at each step.
# Part 3 shows when that helps.
# In PyTorch both Adam and AdamW have an argument for it.
#
# ```python
# optimizer = optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.1)
# optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
# ```
#
# Do these two lines do the same?
#
# To see the decay alone, we take weights that have nothing to learn.
# All of them start at 1, and their gradients are pure noise.
# The settings are those of the two lines.
# The weights come in nine groups, and from each group to the next the noise is about three times larger.
#
# **Goal:** find a number of steps after which Adam has halved the weights with the smallest gradients.
# What has happened to the others by then?

# %%
from lessonlib.lessons.lesson10 import opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

opening.nine_groups().live()

# %% [markdown]
# <details><summary>When are they halved?</summary>After about 600 steps. By then those with the largest gradients have lost less than 1%, and AdamW has taken 6% of each.</details>
#
# AdamW shrinks all nine groups by the same share.
# Adam shrinks the weights with small gradients strongly, and those with large ones hardly at all.
#
# **`optim.Adam(weight_decay=...)` decays unevenly: weights with large gradients lose less.**
#
# ### Where the decay goes in
#
# One way is to add a penalty $\tfrac w2\theta^2$ to the loss, where $w$ is your `weight_decay`.
# That is an [[L2 penalty]], and its gradient is $w\,\theta$.
# The other way is to shrink each weight directly by a small share of itself.
# For plain gradient descent the two are the same.
#
# $$\theta - \alpha\,(g + w\,\theta) \;=\; (1-\alpha w)\,\theta - \alpha\,g$$
#
# Adam, however, divides what comes in through the gradient.

# %%
opening.show_flow()

# %% [markdown]
# In the upper picture the decay goes through both averages, so it is divided by the root of `v`.
# In the lower one it goes around them, straight to the weight.
# This is [[decoupled weight decay]], and it is what the W in AdamW stands for.
#
# Take one step by hand, so late in a run that `m` and `v` need no correction.
# The step size is 1, so that the numbers are the moves.
# A weight is 1 and the decay $w$ is 0.1, so it pulls with $w\,\theta = 0.1$.
# The gradients are noise of size 10, so the root of `v` is about 10.
# The noise pushes the weight up as often as down.
# So on average only the pull moves it.

# %%
pulled = predict("How far does the pull move the weight, in one step of Adam with L2 at lr = 1?")
pulled

# %% [markdown]
# The same step, for three sizes of the noise.
# The square of the pull counts in `v` too.

# %% tags=["answer"]
pull, rows = 0.1 * 1.0, []
for size in (10, 1, 0.001):
    root_of_v = (size**2 + pull**2) ** 0.5  # on average v holds the squares of both
    rows.append([size, root_of_v, pull / root_of_v, pull])
header = ["size of the noise", "root of v", "moved by Adam with L2", "by AdamW"]
display(table(header, rows, ["g", ".3g", ".2g", ".2g"]))
pulled.answer(rows[0][2])

# %% [markdown]
# AdamW moves the weight by 0.1 in every row.
# Adam divides the pull by the root of `v`.
# Where the noise is large, little of the pull is left.
# Where the noise is small, `v` holds almost only the square of the pull.
# The pull is then divided by about its own size, and the weight takes nearly a full step, however small the noise is.
# That is why Adam's line is level at the left of the first picture.
#
# In our network that reads digits most gradients are far below 1.
# There one step of Adam shrinks a typical weight {{ opening.times_of_adamw():.0f}} times as much as one of AdamW, [with the same `weight_decay`](deeper/10_adamw.ipynb#8.-How-uneven-is-Adam's-decay-in-a-network?).
#
# **When you switch from Adam to AdamW, tune `weight_decay` again.**
# With each at its best decay, the two forms [read about equally many digits](deeper/10_adamw.ipynb#1.-Does-AdamW-read-more-digits?) in our network.
# With AdamW, though, `lr` times `weight_decay` is the share that each step takes of every weight.
# So you can work the decay out from the length of your run, as you will in Part 3.

# %% [markdown]
# ## Part 2. The rule
#
# Only the last line of Adam changes.
# A weight first loses the share $\alpha w$ of itself, and then takes Adam's step.
#
# $$\theta_t = \theta_{t-1} - \alpha\,w\,\theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}$$
#
# Here $\hat m_t$ and $\hat v_t$ are those of lesson 9, and the decay is not added to the gradient that they average.

# %%
import numpy as np
from lessonlib import State, adam_l2, adamw, checks
from lessonlib.lessons.lesson10 import judges, opening, practice
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# ### Exercise 1. Write AdamW (6 minutes)
#
# Cover the formula, and write all of AdamW.
# Return the new `theta` and a new `State(t, m, v)`.
#
# <details><summary>Hint</summary>The decay must not reach m or v. Which line is left for it?</details>

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
# It is multiplied by `lr`, so a schedule that ends the steps also ends the decay.

# %% [markdown]
# The check compares your paths with the library's.

# %%
checks.check(my_adamw, against=adamw)

# %% [markdown]
# Does it leave all weights the same share?
# If it does not run yet, the cell uses the library's.

# %%
mine = checks.yours("my_adamw", adamw, judges.gives_numbers)
table(["size of the gradients", "left"], opening.left_by(mine), ["g", ".0%"])

# %% [markdown]
# ### Where a weight comes to rest
#
# A single weight starts at 0, and its gradient is 3 at every step.
# The decay is again 0.1.
#
# <details><summary>Hint</summary>Adam with L2 averages $g + w\,\theta$. What is that where the weight rests?</details>

# %%
with_l2 = predict(
    "Where does the weight come to rest under Adam with L2? (g = 3, w = 0.1)"
)
with_l2

# %% [markdown]
# Now the decoupled form.

# %%
decoupled = predict("And under AdamW, with the same g and w?")
decoupled

# %% [markdown]
# The table shows where each rule rests, for three gradients, after 10,000 steps of 0.01.

# %% tags=["answer"]
rows = [[g, opening.rest(adam_l2, g), opening.rest(adamw, g)] for g in (0.03, 0.3, 3.0)]
display(table(["gradient", "Adam with L2", "AdamW"], rows, ["g", ".1f", ".1f"]))
display(with_l2.answer(rows[2][1]))
decoupled.answer(rows[2][2])

# %% [markdown]
# Adam with L2 rests where $g + w\,\theta$ is zero, at $-g/w$.
# In AdamW a steady gradient of any size moves the weight by $\alpha$, and the decay takes $\alpha w\,|\theta|$ back.
# The two are equal where $|\theta|$ is $1/w$.
#
# **So AdamW rests at $1/w$ from zero, whatever the size of a steady gradient.**
# A steady gradient cannot take a weight further out.
#
# <details><summary>Fine print</summary>Of any size far above ε. A gradient as small as ε rests at half of that.</details>
#
# *Deeper: [where can AdamW end](deeper/10_adamw.ipynb#5.-Where-can-AdamW-end?-A-box)?*
#
# ### Exercise 2. Which bug? (2 minutes)
#
# Three colleagues wanted PyTorch's AdamW, and each has one bug.
# The picture shows what they leave of the nine groups, the broken rules in black.
# The right rule takes the share $0.001 \cdot 0.5$ of a weight at each of 2000 steps.

# %%
practice.show_bugs()

# %% [markdown]
# Choose from `"decay inside the moments"`, `"decay not multiplied by lr"`, `"decay taken twice"`, `"half of the decay"`, `"no decay"`.
#
# <details><summary>Hint</summary>Which lines are level? What is left if each step takes twice the share, or half of it?</details>

# %% tags=["stub"]
bugs = {"A": None, "B": None, "C": None}

# %% tags=["solution"]
bugs = {"A": "half of the decay", "B": "decay inside the moments",
        "C": "decay taken twice"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# In B the line rises with the gradients, and of the five bugs only the decay inside the moments is divided.
# The right rule leaves 0.9995 to the power of 2000, which is 0.37.
# Twice the share leaves the square of that, 0.14, and half of it leaves the root, 0.61.
# A decay that is not multiplied by `lr` takes half at each step, so it leaves nothing.

# %% [markdown]
# The judge runs the bug that you named and compares what is left.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# ## Part 3. Setting the decay
#
# ### What is it for?
#
# A network learns from 300 handwritten digits, and 60 of them have a wrong label.
# At step 200 it reads nearly nine of ten digits that it has never seen.

# %%
from lessonlib.lessons.lesson10 import judges, play, training, unseen
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

later = predict("And at step 1000?", ["clearly more", "about as many", "clearly fewer"])
later

# %% [markdown]
# The picture also shows the network with decay, and both with right labels only.

# %% tags=["answer"]
found, right = unseen.read(), unseen.read(wrong=0)
unseen.show_unseen(found, right)
learned = found.by_heart[-1].mean(axis=0)
display(table(["decay", "wrong labels learned"], zip(unseen.DECAYS[:2], learned), ["g", ".0%"]))
later.answer(unseen.how_it_ends(found))

# %% [markdown]
# **The fall comes from the wrong labels.**
# Without decay the network [[overfits|overfitting]] and learns many of them by heart.
# With decay it hardly does.
# Where all labels are right nothing falls, and there decay gains nothing.
#
# **So decay keeps this network from learning wrong examples by heart.**
#
# There are other cures.
# If you stop at step 200, the network without decay reads 88 of a hundred.
# And if both get their own best step size, decay gains [little more than one digit in a hundred](deeper/10_adamw.ipynb#1.-Does-AdamW-read-more-digits?).
#
# *Deeper: [a network that understands late](deeper/10_adamw.ipynb#4.-Can-a-network-understand-late?-Grokking), which is called [[grokking]].*
#
# <details><summary>Fine print</summary>
#
# Eight starts, a step size of 0.003.
# The decay of 1 was picked on other digits, and here it shrinks the biases too.
#
# </details>
#
# ### Exercise 3. Which weights to decay (6 minutes)
#
# We take a recipe from the code of nanoGPT.
# It decays the matrices and leaves biases and norms alone.
#
# A norm is a layer that first brings its input to a standard size.
# Then it multiplies each number by a learned one, its scale.
# The scales start at 1, and a decay would pull them towards 0.
#
# PyTorch takes this as [[param groups|param group]], a list of dicts.
# Here is a small transformer to practise on.

# %%
model = training.small_transformer()
rows = [[name, str(tuple(p.shape))] for name, p in model.named_parameters()]
table(["parameter", "shape"], rows)

# %% [markdown]
# Return a list of two dicts, `{"params": [...], "weight_decay": ...}`.
# Matrices and the kernels of convolutions get `decay`, biases and norms get 0.
# Embeddings may be in either group.
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
# A matrix has two axes and a kernel more, and a bias or the scale of a norm has one.
# The names would not do, because the scale of a norm is called `weight` too.

# %% [markdown]
# The judge tries your function on this model and on another one, with another decay and a parameter of shape `()`.
# That one may be in either group, but it must not be left out.

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
# Each step leaves the same share of what is there.

# %% tags=["answer"]
left = (1 - 0.001 * 0.01) ** 1000
taken.answer(f"{1 - left:.0%}")

# %% [markdown]
# We call $1/(\alpha w)$ steps the [[memory]] of the decay.
# After that many steps it has left a little more than a third of the starting weights.
# At torch's defaults that takes {{ 1 / (0.001 * 0.01):,.0f}} steps.
#
# The picture has a run of 10,000 steps.
# **Goal:** at a step size of 0.001, find a decay whose memory is about as long as the run (30 to 45 % left).

# %% tags=["answer"]
play.left_of_the_start().live()

# %% [markdown]
# <details><summary>Which decay?</summary>About 0.1.</details>
#
# A step size ten times as large makes the memory of the same decay ten times shorter.
#
# <details><summary>Fine print</summary>In the paper that named AdamW the decay is not multiplied by the step size, so its numbers are smaller. Loshchilov and Hutter, arXiv 1711.05101.</details>
#
# ### A first guess
#
# **Begin with a memory as long as the run.**
# With a much longer one the decay has hardly acted by the end, as on the dashed line of the picture.
# With a much shorter one it has removed most of what the early steps added.
#
# ```python
# decay = min(1, 1 / (mean_lr * steps))
# ```
#
# If a [[schedule]] changes the step size, take its mean.
# With the [[warm-up]] and [[cosine]] of Part 4 that is {{ training.mean_factor(200):.3f}} of the largest.
# In a short run the quotient is large, and then we take 1.
#
# ### Exercise 4. Set the decay (3 minutes)
#
# Your new run has 50,000 steps.
# Its step size rises to a peak of 0.0003 and falls again, and the mean is 0.45 of the peak.
# Which `weight_decay` does the rule give?

# %% tags=["stub"]
my_decay = None

# %% tags=["solution"]
my_decay = min(1, 1 / (0.45 * 0.0003 * 50_000))

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The memory is as long as the run, so each step should take one part in 50,000.
# That share is the mean `lr` times `weight_decay`, so it is divided by the mean `lr`.

# %% [markdown]
# The judge computes the memory that your number gives.

# %%
judges.judge_setting(my_decay, peak=0.0003, mean=0.45, steps=50_000)

# %% [markdown]
# <details><summary>And if the run has 2,000 steps?</summary>Then the quotient is 3.7, so you take 1.</details>
#
# ### How good is the guess?
#
# Here are four runs of the network with 300 digits, each with the same four decays.

# %%
header = ["run", "labels", "decay 0", "decay 0.33", "decay 1", "decay 3"]
table(header, unseen.told(unseen.tried(found, right)))

# %% [markdown]
# With wrong labels a decay of 1 reads the most, which is the guess in the second row and three times the guess in the first.
# With right labels a decay of 0 reads as many as any, and in the short run the guess costs one digit in a hundred.
#
# **So after the guess try three times as much, a third, and 0.**
#
# *Deeper: [what the weights remember](deeper/10_adamw.ipynb#3.-What-do-the-weights-remember?), and [what decay sets before a norm](deeper/10_adamw.ipynb#2.-What-does-decay-set,-a-size-or-an-angle?).*
#
# ### Fine-tuning
#
# When you fine-tune, decay pulls to 0, away from the weights that you loaded.
# So take at most a tenth of what the rule gives.
# Then the decay leaves at least 90 % of each loaded weight.
#
# <details><summary>Fine print</summary>Wang and Aitchison (2025) argue for a memory not much shorter than one pass over the data and not much longer than the run. The 1 and the tenth for fine-tuning are this course's. GPT-3 and Llama 2 were trained with 0.1, as their papers say, and in the smallest Llama 2 the memory is about an eighth of the run.</details>

# %% [markdown]
# ## Part 4. A real training
#
# ### The recipe
#
# | Part | Line | What it does |
# |---|---|---|
# | decay | `optim.AdamW(groups(model, decay), lr=lr)` | takes the same share of every matrix |
# | $\beta_2 = 0.95$ | `betas=(0.9, 0.95)` | `v` remembers 20 steps instead of 1000, as in GPT-3 (Brown et al. 2020) |
# | warm-up and cosine | `LambdaLR(optimizer, factor)` | the step size rises at first, and falls to nearly zero at the end |
# | [[clipping|gradient clipping]] | `clip_grad_norm_(model.parameters(), 1.0)` | shortens a gradient that is longer than 1 to length 1, so that one bad batch does not fill `m` and `v` |
# | [[checkpoint]] | `torch.save({"optimizer": optimizer.state_dict(), ...}, path)` | puts what the next step needs into a file |
#
# Here is `factor`, by which the schedule multiplies the step size.

# %%
import math
from types import SimpleNamespace

import torch
from torch import nn, optim
from lessonlib import checks
from lessonlib.lessons.lesson10 import judges, training
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

torch.set_num_threads(1)  # one thread is enough for so small a network

def factor(step, steps=200, warmup=20):
    return min(1, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / steps))

# %% [markdown]
# A run consists of four objects, a model, an optimizer, a schedule, and the generator that draws its batches.
# In 200 steps of this run the first guess is {{ training.decay_for(1, 0.02, 200):.2f}}, and it reads half a digit in a hundred fewer than no decay.
# A decay of 0.1 reads as many as none, so we take that, the default of `groups`.

# %%
my_groups = checks.yours("groups", training.groups, judges.gives_groups)

def begin(seed=0):
    model = training.network(seed)
    optimizer = optim.AdamW(my_groups(model), lr=0.02, betas=(0.9, 0.95))
    schedule = optim.lr_scheduler.LambdaLR(optimizer, factor)
    batches = torch.Generator().manual_seed(seed)
    return SimpleNamespace(model=model, optimizer=optimizer, schedule=schedule, batches=batches)

# %% [markdown]
# The loop of lesson 9 gets two new lines.
# One clips the gradient before the step, the other moves the schedule after it.

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
# *Deeper: [what does one bad batch do](deeper/10_adamw.ipynb#6.-What-does-one-bad-batch-do?)?*
#
# ### A careless restart
#
# Your machine fails half-way, at step 100.
# You start again with the right weights, step size and batches, but nobody saved `m`, `v` and `t`, so they are zero.
# In a run that is not interrupted, a typical weight moves by a seventh of the step size in the next step.

# %%
first = predict("How far does a typical weight move in the restart's first step, in step sizes?")
first

# %% [markdown]
# Both runs, from eight starts.

# %% tags=["answer"]
restarted = training.forgotten(begin, go_on)
training.show_restart(restarted)
display(training.next_steps(restarted))
first.answer(round(restarted.first_step, 2))

# %% [markdown]
# After one gradient, $\hat m$ is that gradient and $\sqrt{\hat v}$ is its size.
# So every weight that has a gradient takes a full step.
# The fifth step of the table is still three times as long as without the restart.
#
# <details><summary>Fine print</summary>A typical weight is the median of those with a gradient. If v alone is lost and t is kept, the loss grows more than thirtyfold within ten steps, as a median of eight starts.</details>
#
# With smaller steps or a new warm-up [the loss does not jump](deeper/10_adamw.ipynb#7.-What-is-lost-in-a-restart?).
# But then it is another run than the one that failed.
#
# So try a restart before you need one.
# On the same machine the losses must then be the same, digit for digit.
#
# <details><summary>And on a GPU?</summary>Some operations add in an order that changes from run to run, so two runs may differ in their last digits without any restart.</details>
#
# ### Exercise 5. Resume exactly (8 minutes)
#
# Write `save`, which returns a dict of all that the next step depends on, and `load`, which puts it into a fresh run, bit for bit.
# The [[state dict]] of a model, an optimizer or a schedule holds its numbers, and a generator has `get_state()` and `set_state(...)`.
#
# <details><summary>Hint</summary>Which four objects does go_on touch? Which method of each gives what it holds, and which one takes it up again?</details>

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
# With a real file it takes these lines.
#
# ```python
# torch.save(save(run), "run.pt")
# fresh = begin()
# load(fresh, torch.load("run.pt"))
# ```
#
# Your own training may have more to save, such as the place in the data, or torch's own generators, from which dropout draws.
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **Type** | `optim.AdamW(groups(model, decay), lr=lr)`, for a transformer from scratch with `betas=(0.9, 0.95)` |
# | **Start** | `decay = min(1, 1 / (mean_lr * steps))`, and in a run of a few hundred steps try 0.1 too |
# | **Fine-tune** | with a decay of `0.1 * min(1, 1 / (mean_lr * steps))` at most |
# | **Change** | first the step size, with the decay worked out anew. Then the decay, in factors of three, and 0 |
# | **Resume** | `load_state_dict` brings the old settings back. Set new ones after it, as below |
# | **Suspect the decay** | when you use `optim.Adam`, or took the number from there |
# | **Suspect the checkpoint** | when the loss jumps after a restart |
#
# <details><summary>New settings after a load</summary>
#
# ```python
# optimizer.param_groups[0]["weight_decay"] = 0.05
# for group in optimizer.param_groups:
#     group["lr"] *= times
# schedule.base_lrs = [lr * times for lr in schedule.base_lrs]  # else it writes over the new step size
# ```
#
# </details>
#
# ### Three questions, from memory
#
# <details><summary>A steady gradient becomes ten times larger. Where does the weight come to rest, with AdamW and with Adam's L2?</summary>With AdamW at the same place, 1/w from zero. With L2 ten times further out.</details>
# <details><summary>Which weights does optim.Adam(weight_decay=...) decay less than others, and why?</summary>Those with larger gradients. Their decay is divided by a larger root of v.</details>
# <details><summary>A restart loses m, v and t. How long is the next step?</summary>The full step size, for every weight that has a gradient.</details>
#
# And here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - AdamW does not divide the decay by the root of `v`, so all weights that it decays lose the same share.
#   Type `optim.AdamW`, and tune the number again.
# - As a first guess, take a decay whose memory $1/(\alpha w)$ is as long as the run, and then more and less.
# - Decay the matrices alone, as nanoGPT does, and save the optimizer with the weights.
#
# **Next, [lesson 11](11_gpu_lab.ipynb).**
# What do AdamW's two numbers for every weight cost on a GPU, in time and in memory?
