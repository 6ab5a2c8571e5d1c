# %% [markdown]
# # Deeper into lesson 12
#
# Each section stands alone, with its own question.
# Run the set-up cell, and take them in any order.
#
# | Section | Minutes |
# |---|---|
# | 1. What does a newer optimizer keep, and what does a step of Muon cost? | 7 |
# | 2. What does a sign notice? | 6 |
# | 3. What if a step could choose its axes? | 10 |
# | 4. Must the end be known at the start? | 7 |
# | 5. How far must a step size fall? | 2 |
# | 6. Can a mean take the place of a fall? | 7 |
# | 7. Does a step size stay right in a wider network? | 10 |
# | 8. How long should a memory be, in tokens? | 6 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What does a newer optimizer keep, and what does a step of Muon cost?
#
# AdamW keeps two numbers for each weight, and in float32 that is 8 bytes.
# Muon keeps one number for each weight of a matrix.
# All other weights stay with AdamW.
# Adafactor was made to keep less.

# %%
from lessonlib.lessons.lesson12 import costs, judges_deeper, text
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

little = predict(
    "A matrix of 256 rows and 1024 columns. How many bytes for each weight does Adafactor keep?",
    ["about 4", "about 1", "about a fiftieth of one"],
)
little

# %% [markdown]
# Six optimizers, measured after one step.

# %% tags=["answer"]
held = {name: costs.held(make) for name, make in costs.MAKERS.items()}
display(table(["optimizer", "bytes for each weight"], held.items(), ["", ".2f"]))
few = held["Adafactor"]
little.answer(little.options[(few < 2) + (few < 0.1)])

# %% [markdown]
# In place of `v` Adafactor keeps one number for each row of a matrix and one for each column, and it has no `m`.
# An 8-bit AdamW keeps two numbers of one byte each, and `torchao` has it as `AdamW8bit`.
#
# ### What a step costs
#
# All but Muon take a few operations for each weight, and Muon multiplies matrices.
# For a square matrix of width $n$, each of its five steps has three products of two $n \times n$ matrices, so $15\,n^3$ multiplications in all.
# For each of the $T$ tokens of a batch, forward takes $n^2$ and backward twice that.
#
# $$\frac{15\,n^3}{3\,n^2\,T} = \frac{5\,n}{T}$$

# %%
costs.show_shares()

# %% [markdown]
# The cross of lesson 12 stands at {{ costs.rows()[0][3]:.0%}}, which is for square matrices.
# Not all of its matrices are square, and their share is about a quarter.

# %%
longer = predict(
    "On a CPU, by how much longer did that training take with Muon than with AdamW?",
    ["by about a quarter", "by about a half", "by more than two thirds"],
)
longer

# %% [markdown]
# These are the times on the CPU that recorded lesson 12.

# %% tags=["answer"]
took = text.from_record()["seconds"]
rows = [["AdamW alone", took["adamw"]], ["Muon and AdamW", took["muon"]],
        ["Muon and AdamW, in float32", took["muon, float32"]]]
display(table(["training", "seconds for 200 steps"], rows, ["", ".2f"]))
more = took["muon"] / took["adamw"] - 1
longer.answer(longer.options[(more > 0.37) + (more > 0.67)])

# %% [markdown]
# The count does not say how fast a product runs.
# Muon takes its five steps in bfloat16, in which this CPU is slow.
# In float32 most of the difference is gone.
# On a GPU bfloat16 is fast, so keep it there.
#
# ### Exercise 1. How large a batch? (4 minutes)
#
# Your matrices are square, with a width of 1024.
# How many tokens must a batch have, so that Muon's multiplications are one percent of those of forward and backward?

# %% tags=["stub"]
my_tokens = None

# %% tags=["solution"]
my_tokens = 5 * 1024 / 0.01

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The share is $5n/T$, so $T$ is five hundred times the width.
# A batch of that size is shared among several cards, or added up from smaller ones.

# %% [markdown]
# The judge computes the share that your number gives.

# %%
judges_deeper.judge_batch(my_tokens, width=1024, share=0.01)

# %% [markdown]
# **When to try them.**
# Muon's products cost little when a batch has several hundred tokens for each unit of width.
# If AdamW's state is what does not fit, try an 8-bit AdamW.
# It rounds `m` and `v` alone.
# Take `torch.optim.Adafactor` when that is still too much, and tune its step size anew.
#
# <details><summary>Fine print</summary>The state is that of a float32 matrix, without single numbers such as a step count. Only the multiplications of matrices are counted, for a transformer those of the four matrices of a block. Where several machines each repeat all the products, T counts the tokens of one. PyTorch's Adafactor takes at step t no more than 1/√t for its step size, times the size of the weights. Sources: Shazeer and Stern 2018, Adafactor, arXiv 1804.04235, read as abstract, and the notes of github.com/pytorch/ao on 8-bit optimizers.</details>

# %% [markdown]
# ## 2. What does a sign notice?
#
# Lion was found by a program that searched through programs.
# It keeps one average, and its step is plus or minus the step size for every parameter.
#
# $$c = \beta_1 m + (1-\beta_1)\,g \qquad \theta \leftarrow \theta - \alpha\,w\,\theta - \alpha\,\mathrm{sign}(c) \qquad m \leftarrow \beta_2 m + (1-\beta_2)\,g$$
#
# One beta, 0.9, is for the step, and another one, 0.99, is for the memory.
# Use a step size three to ten times smaller than AdamW's, and a decay three to ten times larger.
#
# ### Exercise 2. Write Lion (6 minutes)
#
# `np.sign` gives the sign of each number.
# Return the new `theta` and a new `State(t, m)`.
#
# <details><summary>Hint</summary>Which m does c use, the old one or the new one?</details>

# %%
import numpy as np
from lessonlib import State, checks, lion
from lessonlib.lessons.lesson12 import axes
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Your turn.

# %% tags=["stub"]
def my_lion(theta, g, s, *, lr, beta1, beta2, weight_decay):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_lion(theta, g, s, *, lr, beta1, beta2, weight_decay):
    c = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * weight_decay * theta - lr * np.sign(c)
    m = beta2 * s.m + (1 - beta2) * g
    return theta, State(s.t + 1, m)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# What the step uses and what the state keeps are two mixtures, and the step is taken first.

# %% [markdown]
# The check knows Lion's usual slips too.

# %%
checks.check(my_lion, against=lion)

# %% [markdown]
# The [main lesson](../12_after_adamw.ipynb) opens with a task of two matrices to find.
# Their inputs are strong in some directions and weak in others.
# These directions are turned, so that they lie along no single weight.
# The two losses differ a thousandfold in size.

# %%
noticed = predict(
    "What changes Lion's result tenfold or more?",
    ["the turn", "the unequal losses", "both", "neither"],
)
noticed

# %% [markdown]
# What is left after 200 steps, first with both, then with one of them taken away.

# %% tags=["answer", "chaotic"]
axes.show_noticed(("adam", "lion", "muon"),
                  "With their usual betas the turn costs Adam and Lion much")
noticed.answer(axes.what_it_notices("lion"))

# %% [markdown]
# A sign has no scale, so a loss a thousand times smaller changes no step.
# Without the turn each number has a curvature of its own, and a scale of its own fits it.
# The turn mixes the curvatures, and Lion and Adam lose much of this gain.
# Let Adam keep one `v` for a whole matrix, and the turn changes nothing.
# But then Adam ends as high without the turn as with it.

# %% tags=["chaotic"]
table(["left of the worse matrix by", "turned", "not turned"], axes.turn_rows(), ".0e")

# %% [markdown]
# With a second beta of 0.9 Adam ends far lower.
# With so short a `v` the turn costs it less than tenfold.
#
# **When to try it.**
# Take Lion when you can afford half of AdamW's state, and have the time to tune its step size and its decay anew.
# PyTorch has none, and its authors' `lion_pytorch.py` is in github.com/google/automl.
#
# <details><summary>Fine print</summary>Adam's betas are 0.9 and 0.999, Lion's 0.9 and 0.99, and Muon's is 0.95. Each is at the best of 21 step sizes, the median of three tasks, no decay. Source: Chen and others 2023, arXiv 2302.06675, and the notes on tuning beside that file.</details>

# %% [markdown]
# ## 3. What if a step could choose its axes?
#
# In the main lesson Adam loses much to a turn, because it scales every number on its own.
# But a matrix has axes of its own, and its gradients tell which.
# The averages of $g\,g^\top$ and of $g^\top g$ are two symmetric matrices, and we call them $L$ and $R$.
# Their eigenvectors are axes for the rows and for the columns.
#
# Shampoo is older than Muon.
# It puts the averaged gradient $m$ between $L$ and $R$, both to the same power.
#
# $$\theta \leftarrow \theta - \alpha\,L^{\,p}\,m\,R^{\,p}$$
#
# A power of a symmetric matrix keeps the eigenvectors and takes the power of each eigenvalue.
#
# ### Exercise 3. Which power? (3 minutes)
#
# Multiply all gradients by 1000.
# At which power $p$ does the step stay as it was?
#
# <details><summary>Hint</summary>By how much does g times its transpose grow?</details>

# %%
import numpy as np
from lessonlib.lessons.lesson12 import axes, judges_deeper
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Your turn.

# %% tags=["stub"]
my_power = None

# %% tags=["solution"]
my_power = -1 / 4

# %% [markdown] tags=["solution"]
# *Why it is so.*
# $L$ and $R$ hold squares, so each grows a millionfold.
# Both factors together take back a thousandfold.
# So each takes back the root of a thousand, and that is the fourth root of a million.

# %% [markdown]
# The judge takes a step with your power, from a gradient and from its thousandfold.

# %%
judges_deeper.judge_power(my_power)

# %% [markdown]
# Now take the memory away, so that $L$, $R$ and $m$ hold the newest gradient and nothing else.

# %%
bare = predict(
    "Without any memory, what is Shampoo's step?",
    ["the sign of each number", "Muon's, the orthogonal factor", "the gradient over its length"],
)
bare

# %% [markdown]
# One gradient, its singular values, and those of the step.

# %% tags=["answer"]
g = np.random.default_rng(0).standard_normal((4, 4)) * [3, 1, 0.3, 0.1]
step = axes.without_memory(g)
rows = [[name, *np.linalg.svd(x).S] for name, x in (("gradient", g), ("step", step))]
display(table(["singular values", "1", "2", "3", "4"], rows, ["", *[".3g"] * 4]))
u, _, vh = np.linalg.svd(g)
bare.answer(bare.options[1] if np.allclose(step, u @ vh, atol=1e-4) else bare.options[0])

# %% [markdown]
# Shampoo's power is $-1/4$, and without a memory it steps along the [[orthogonal factor]], as Muon does.
# In the same way Adam without a memory takes the sign of each number.
#
# SOAP keeps the axes of $L$ and $R$ and forgets their eigenvalues.
# It turns the gradient into these axes, takes Adam's step there, and turns the step back.
#
# In the main lesson's task of two matrices the strong directions of the inputs are turned, and one loss is a thousand times smaller.

# %%
far = predict(
    "What changes SOAP's result tenfold or more?",
    ["the turn", "the unequal losses", "both", "neither"],
)
far

# %% [markdown]
# Shampoo's powers are computed at every step, and SOAP's axes at every tenth.

# %% tags=["answer", "chaotic"]
axes.show_noticed(("adam", "muon", "shampoo", "soap"), "Muon, Shampoo and SOAP notice neither")
far.answer(axes.what_it_notices("soap"))

# %% [markdown]
# How low each ends depends on its betas, so the picture does not rank them.
#
# ### The price
#
# Both keep `m` and the two averages, Shampoo its two powers, and SOAP its two sets of axes and `v`.

# %%
sizes = [(512, 512), (256, 1024)]
rows = [[axes.NAMES[rule], *(axes.kept(rule, size) for size in sizes)]
        for rule in ("muon", "adam", "shampoo", "soap")]
table(["bytes for each weight", "512 by 512", "256 by 1024"], rows, ["", ".0f", ".0f"])

# %% [markdown]
# Eigenvectors take time too.

# %%
old = predict(
    "Compute powers and axes at every tenth step only, not at each. Whose loss ends higher?",
    ["Shampoo", "SOAP", "both", "neither"],
)
old

# %% [markdown]
# What is left, as in the picture.
# Each is tuned again, and the table has the median and the highest of three tasks.

# %% tags=["answer", "chaotic"]
display(table(["left of the worse matrix by", "median", "highest"], axes.renewed_rows(), ".0e"))
old.answer(axes.who_is_hurt())

# %% [markdown]
# With old powers Shampoo ends far higher, and in one task it runs away.
# In the third row the powers are fresh for the first ten steps, and it ends far lower.
# So most of the harm comes from the start, when the power of a single gradient is kept for ten steps.
# With old axes SOAP ends lower here.
#
# **When to try them.**
# Try Muon and its $\beta_1$ first, as it keeps less.
# Take one of these when you have the memory, and when eigenvectors take a small part of your step's time.
# PyTorch has neither.
# SOAP's authors have a repository, and for Shampoo one installs `distributed_shampoo` of github.com/facebookresearch/optimizers.
#
# <details><summary>Fine print</summary>Each is at the best of 21 step sizes, the median of three tasks, no decay. In the picture Shampoo and SOAP have 0.9 for the mean and 0.95 for their two matrices, and the <code>v</code> of Adam and of SOAP has 0.999. With 0.9 Adam notices neither too. With a beta1 of 0.95 for all, Muon ends lowest of the last three, and with 0.9 highest. SOAP's paper also has a form with axes for the smaller side alone, which keeps 10 bytes at 256 by 1024. Shampoo's paper adds up the products and steps along the newest gradient. Here both are averages, as SOAP's are. The step sizes are picked by the median of both losses together, which does not see the task that runs away. Sources: Gupta and others 2018, Shampoo, arXiv 1802.09568. Vyas and others 2024, SOAP, arXiv 2409.11321. Eschenhagen and others 2025, arXiv 2506.03595, who find that grafting, the length of each step from another optimizer, makes up for sizes that are old. Lu and others 2025, arXiv 2509.22938, who find no significant advantage of SOAP over Adam in nanoGPT. Khona and others 2026, arXiv 2607.20548, who find SOAP and Muon ahead of AdamW on models of several billion parameters. Read as abstracts, with the notes of <code>distributed_shampoo</code>.</details>

# %% [markdown]
# ## 4. Must the end be known at the start?
#
# A cosine falls from the first step to the last, so it has to know which step is the last.
# If you want to train on afterwards, its step size has already come to zero.
#
# A late fall needs no end.
# The step size stays as it is for most of the training, and falls towards zero in the last fifth.
# For a result at step 1000 you copy the model at step 800, and let the copy's step size fall.
# The training itself goes on.
# Papers call this WSD, for warm-up, stable, decay, and they call the fall a cooldown.

# %%
from lessonlib.checks import yours
from lessonlib.lessons.lesson12 import judges_deeper, read_ends, records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

found = records.from_record()
read_ends.show_shares(found)

# %% [markdown]
# ### Exercise 4. Let it fall late (3 minutes)
#
# Return the share of the step size at step `t` of a training of `steps` steps, where the first has `t` at 1.
# It is 1 for four fifths of them, and then it falls in a line.
# It reaches 0 one step after the last, so the last step still moves the weights.
# Leave the warm-up out.
#
# <details><summary>Hint</summary>How many steps are left at step t, this one counted, and how many when the fall begins?</details>

# %% tags=["stub"]
def my_late(t, steps):
    ...  # a number between 0 and 1

# %% tags=["solution"]
def my_late(t, steps):
    left = steps - t + 1  # this step counted
    return min(1.0, left / (0.2 * steps))

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Before the fall nothing depends on `steps`, so one training can have several ends.

# %% [markdown]
# The judge tries two lengths.

# %%
judges_deeper.judge_late(my_late)

# %% [markdown]
# ### On the text
#
# The transformer of lesson 11 learns Genesis for 100, 200, 400 or 800 steps.
# A cosine needs one training for each of these lengths, which is 1500 steps in all.
# The late fall needs one training and a short fall for each length, which is 940 steps.
# The picture also has a training with no fall.

# %%
stopped = predict(
    "A cosine planned for 800 steps, stopped at 400. Its test loss, beside one planned for 400?",
    [records.BELOW, records.TIED, records.ABOVE],
)
stopped

# %% [markdown]
# Medians of three seeds with bars for their range, the points of one length side by side.
# The cosine is tuned at each length, the other two only at 800 steps.

# %% tags=["answer"]
title = "From 200 steps on the late fall ends lower than no fall"
read_ends.show_ends(found, ("cosine", "late", "mean none"), title, cut=True)
half = read_ends.stopped(found, "cosine", 400)
steps, ends = read_ends.much_longer(found)
stopped.answer(records.compared(half, read_ends.end(found, "cosine", 400)))

# %% [markdown]
# So the end need not be known.
# At 200 and 400 steps the stopped cosine is below the planned one.
# In long trainings Hoffmann and others find it above.
#
# Here even the planned cosine's seeds overlap with no fall, because the trainings are short.
# With {{ steps:,}} steps the cosine ends at {{ ends["cosine"]:.2f}}, and no fall at {{ ends["none"]:.2f}}.
#
# Train both yourself for 200 steps, with your own late fall if it is right.

# %% tags=["chaotic"]
import torch
from lessonlib.data import text as book
from lessonlib.lessons.lesson12 import endings
from lessonlib.pytorch.transformer import Corpus

torch.set_num_threads(1)  # a model this small is slower on two
fall = yours("my_late", endings.late, judges_deeper.judge_late)
ways = {"cosine": endings.way("cosine", 200), "late fall": endings.warmed(fall, 200)}
rows = [[name, endings.path(share, 0.01, 200, Corpus(book()))[-1]] for name, share in ways.items()]
table(["one seed, 200 steps", "test loss"], rows, ["", ".2f"])

# %% [markdown]
# **When to try it.**
# Take a late fall when you do not know yet how long you will train, or when you want several lengths.
# For a result at `end` load what you saved at step `begin`, four fifths of the way, with the weights and the optimizer's state.
# Then the step size of each group falls from where it stood, so that those of Muon beside AdamW keep their proportions.
#
# ```python
# model.load_state_dict(saved["model"])
# optimizer.load_state_dict(saved["optimizer"])
# start = [group["lr"] for group in optimizer.param_groups]
# for t in range(begin + 1, end + 1):
#     for group, lr in zip(optimizer.param_groups, start):
#         group["lr"] = lr * (end - t + 1) / (end - begin)
#     train_step()  # your own, on the batch that would have come next
# ```
#
# <details><summary>Fine print</summary>Two layers, 32 wide, steps of 512 characters, a warm-up of 20 steps, clipping, decay. Step sizes are picked by the mean of the seeds, on the tenth of the book on which the losses are read. The same one was best for every way and length, and without a fall half of it. With 2,400 steps each is at the best of four, and no late fall was run. With equal sums of step sizes the late fall still ends lower at 800. Recorded by <code>python authoring/record_after_deeper.py</code>. Sources: Hu and others 2024, MiniCPM, arXiv 2404.06395, and Hägele and others 2024, arXiv 2405.18392, who find that a late fall scales as a cosine does. Hoffmann and others 2022, arXiv 2203.15556, as Hägele and others report them. Read as abstracts.</details>

# %% [markdown]
# ## 5. How far must a step size fall?
#
# Here are the two matrices of lesson 12 again, with 200 steps and three schedules.
# Every optimizer is tuned for the loss at the end of each, its betas too.

# %%
from lessonlib.lessons.lesson12 import controls
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

lower = predict("The cosine ends at a tenth, and not at zero. Whose loss grows tenfold or more?",
                ["momentum", "Adam", "Muon", "Adam and Muon", "nobody"])
lower

# %% [markdown]
# The share of both losses that is left.

# %% tags=["answer"]
display(table(["optimizer", *controls.SHOWN], controls.way_rows()))
lower.answer(controls.who_grows("cosine to a tenth"))

# %% [markdown]
# Momentum's steps shrink with the gradient.
# Adam and Muon step about as far near the minimum as far from it, so only a small last step size brings them near.
#
# Muon ends more than tenfold below Adam with the cosine to 0, and with neither of the others.
#
# <details><summary>Fine print</summary>The gradients have no noise. All betas are tuned, and for Adam that means five times as many tries. Its best beta2 is 0.9, and with 0.999 it ends at 1e-4. With a last step of a hundredth both end more than thirty times lower. Rounding alone moves Muon's end up to 5-fold, so we ask for tenfold. Recorded by <code>python -m lessonlib.lessons.lesson12.betas</code>.</details>

# %% [markdown]
# ## 6. Can a mean take the place of a fall?
#
# With a constant step size the weights hop around in the noise, and a fall brings them to rest.
# Their mean rests too, and needs no known end.
#
# Schedule-Free moves a point $z$ with a constant step size, and its result is the mean $x$ of all $z$.
# The gradient is taken at $y$, which lies between the two and near to $x$, with a $\beta$ of 0.9.
#
# $$y = (1-\beta)\,z + \beta\,x \qquad z \leftarrow z - \alpha\,g(y) \qquad x \leftarrow x + \tfrac{1}{t}\,(z - x)$$
#
# ### Exercise 5. Write a step of it (5 minutes)
#
# `grad` is a function that gives the gradient at a point, and `t` is 1 at the first step.
# Return the new `x` and the new `z`.

# %%
from lessonlib.checks import yours
from lessonlib.lessons.lesson12 import judges_deeper, read_ends, records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Your turn.

# %% tags=["stub"]
def my_step(x, z, t, grad, lr, beta):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_step(x, z, t, grad, lr, beta):
    y = (1 - beta) * z + beta * x
    z = z - lr * grad(y)
    x = x + (z - x) / t
    return x, z

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Adding a share $1/t$ of the way to the newest point keeps the mean of $t$ points.
# With the gradient at $z$ this would be plain averaging.

# %% [markdown]
# The judge tries more than one beta.

# %%
judges_deeper.judge_step(my_step)

# %% [markdown]
# Your step, or the library's, on a parabola whose gradients are noisy.

# %%
read_ends.show_average(yours("my_step", judges_deeper.free_step, judges_deeper.judge_step))

# %% [markdown]
# Where between $z$ and $x$ is the gradient best taken?
# Here is the loss of $x$ on a ravine with a little noise, after 200 steps.
# With a $\beta$ of 0 the gradient is taken at $z$, and with 1 at $x$.

# %%
table(["beta", "loss"], read_ends.between((0.0, 0.5, 0.9, 0.99, 1.0)), ["g", ".4f"])

# %% [markdown]
# At both ends the loss is more than twice as high, and at 0.99 it is higher already.
#
# ### A mean on the text
#
# The transformer of lesson 11 learns Genesis for 800 steps with Schedule-Free AdamW.
# Beside it is plain AdamW with a constant step size, tested with the mean of its weights over the last fifth of its steps.

# %%
found = records.from_record()
free = predict(
    "After 800 steps, Schedule-Free beside a cosine planned for 800, each tuned. Its test loss?",
    [records.BELOW, records.TIED, records.ABOVE],
)
free

# %% [markdown]
# Medians of three seeds, with bars for their range.
# The cosine alone is tuned at each length, the others at 800 steps.

# %% tags=["answer"]
ways = ("cosine", "free", "late", "mean fifth", "mean none")
read_ends.show_ends(found, ways, "From 200 steps on a mean ends lower than no fall")
free.answer(read_ends.verdict(found, "free", "cosine", 800))

# %% [markdown]
# So a mean can take the place of a fall here.
# The mean of AdamW's weights overlaps with the late fall at every length.
# Schedule-Free ends below both at 100 and at 800 steps.
# Its authors report that it matches or beats schedules on many benchmarks.
#
# **When to try them.**
# Take a mean of AdamW's weights when you do not want to change your training.
# `AveragedModel` of `torch.optim.swa_utils` keeps the mean of all weights since you made it.
# Make it four fifths of the way to a result, and call its `update_parameters` after each step.
# A mean of AdamW's weights from the first step on does harm.
# After 800 steps its loss is 1.99, and without a mean it is 1.79.
#
# Take Schedule-Free when a training may be stopped at any time.
# PyTorch has none, and the package of its authors is called `schedulefree`.
# Its warm-up is off until you set `warmup_steps`.
# There `optimizer.eval()` puts $x$ into the model before a test or a checkpoint, and `optimizer.train()` puts $y$ back.
#
# <details><summary>Fine print</summary>Two layers, 32 wide, steps of 512 characters, a warm-up of 20 steps, clipping, decay. The ravine has curvatures of 1 and 0.02 and gradients with a noise of 0.1, and each beta has the best of 41 step sizes, the mean of 20 runs. With ten times the noise the highest is less than half above the lowest. The paper counts the start into its mean, so it writes 1/(t+1). Where step sizes differ, as in a warm-up, Schedule-Free weighs each z by the square of its step size. Its authors advise step sizes of one to ten times those with a schedule, and new averages for batch norms before a test. Sources: Defazio and others 2024, <em>The Road Less Scheduled</em>, arXiv 2405.15682, with the notes and the reference code of github.com/facebookresearch/schedule_free, and Defazio 2026, <em>ScheduleFree+</em>, arXiv 2605.19095, with changes for large language models. Read as abstracts.</details>

# %% [markdown]
# ## 7. Does a step size stay right in a wider network?
#
# A narrow network is quick to tune.
# Can its step size be kept when it becomes wide?
#
# A network reads digits through five hidden layers, all of one width.
# Adam takes a single step of 0.001.

# %%
from lessonlib.lessons.lesson12 import judges_deeper, read_widths, records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

further = predict(
    "Four times as wide, the same step size. How far does a step move what layer 5 puts out?",
    ["as far as before", "about twice as far", "more than three times as far"],
)
further

# %% [markdown]
# The root of the mean square of the change over 256 digits, before the ReLU.

# %% tags=["answer"]
from lessonlib.lessons.lesson12 import widths

moved = {width: widths.moved(width, 0.001, "standard") for width in (128, 512, 2048)}
display(table(["width", "changed by"], moved.items(), [",", ".2f"]))
times = moved[2048] / moved[512]
further.answer(further.options[(times > 1.5) + (times > 3)])

# %% [markdown]
# A unit sums over all its inputs.
# The starting weights are random, so their terms cancel in part, and a sum of $n$ of them has the size of $\sqrt n$.
# Adam's changes do not cancel.
# In one example the gradient of a weight is its input, times one number for the whole unit.
# After a ReLU no input is negative, so Adam moves all weights with an active input the same way, by the step size.
# So their changes add up, to the size of $n$.
#
# That is why the starting weights fall like $1/\sqrt n$, and why the step size should fall like $1/n$.
# PyTorch's `nn.Linear` does the first for you, and not the second.
# [[muP]], which is short for maximal update parametrization, does both.
# Say you have tuned a network of width 32.
# A network of width $n$ then gets this.
#
# | Matrix | Its inputs | Start | Adam's step size |
# |---|---|---|---|
# | first | the pixels | as before | as before |
# | inside | $n$ units | like $1/\sqrt n$ | times $32/n$ |
# | last | $n$ units | like $1/n$ | times $32/n$ |
#
# The last matrix starts smaller than those inside.
# In training the units come to change along its weights, and then its terms add up too.
#
# ### Exercise 6. Step sizes for a wide network (3 minutes)
#
# At width 64 a step size of 0.01 was best, for all matrices.
# Which ones has a network of width 1024 in muP?

# %% tags=["stub"]
my_lrs = {"first": None, "inside": None, "last": None}

# %% tags=["solution"]
my_lrs = {"first": 0.01, "inside": 0.01 * 64 / 1024, "last": 0.01 * 64 / 1024}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# What counts is how many inputs a unit sums over.
# In the first layer it is 64 pixels at any width.

# %% [markdown]
# The judge looks at one after the other.

# %%
judges_deeper.judge_widths(my_lrs, lr=0.01, narrow=64, wide=1024)

# %% [markdown]
# Now we try eleven step sizes for three widths, in both ways.

# %%
falls = predict(
    "Width 512 in place of 32, in the standard way. What does the best step size do here?",
    ["it falls sixteenfold, like 1/n", "it falls by less", "it stays within a factor of two"],
)
falls

# %% [markdown]
# The loss after 100 steps, the median of three seeds.

# %% tags=["answer"]
found = records.from_record()
read_widths.show_families(found)
times = read_widths.fell(found, "standard")
falls.answer(falls.options[0 if times > 12 else 1 if times > 2.5 else 2])

# %% [markdown]
# In the standard way the best step size falls eightfold where the width grows sixteenfold.
# In muP it stays within a factor of two, the distance between two step sizes here.
#
# **Goal:** find a way and a step size with which all three widths end at most a quarter above their own best.

# %% tags=["answer"]
read_widths.carry().live()

# %% [markdown]
# So in muP one step size is good for all three widths.
# Here is the loss at width 512 with the best step size of each width.

# %%
table(["width 512 ends at", *read_widths.WAYS], read_widths.carried_rows(found), ".3f")

# %% [markdown]
# With the step size of width 32 muP ends lower, and with that of width 128 both end alike.
# With its own step size the standard way ends lower.
# The gain of muP is in papers.
# There a model of 6.7 billion parameters took its settings from one of 40 million, and did better than the published one.
#
# **When to try it.**
# Take muP when you train models of several widths, or one that is too large to be tuned.
# The authors' package for PyTorch is called `mup`.
# A transformer needs more than this table.
# Its table of tokens has the step size of the first row, and attention divides by the width of a head in place of its root.
#
# To check your own code, measure by how much a few steps change what each matrix puts out.
# No row may keep growing with the width.
# In the last two rows we forget one rule for the last matrix, its start or its step size.

# %%
sizes = (128, 512, 2048)
header = ["after 3 steps in muP", *(f"width {width:,}" for width in sizes)]
table(header, widths.change_rows(sizes, 0.001, steps=3), ["", *[".3f"] * 3])

# %% [markdown]
# Each slip alone makes the output grow with the width.
#
# <details><summary>Fine print</summary>64 pixels, five hidden layers of ReLU units and ten outputs, no biases, He's start. Adam, 100 steps of 64 digits, the step size in a line to zero, the loss on all training digits, three seeds. The package <code>mup</code> gives the last matrix a factor in place of a smaller start and step, which comes to the same. The usual recipe also tunes a factor for the first and the last matrix. In PyTorch the decay is the step size times <code>weight_decay</code>, so muP's smaller step sizes weaken it too. Depth, batch size and length of training are not part of muP, and Muon's steps follow another rule. Sources: Yang and others 2022, <em>Tensor Programs V</em>, arXiv 2203.03466, with github.com/microsoft/mup, and Kalra and Barkeshli 2026, arXiv 2605.21486, who find that on language models most of the gain comes from a longer step for the table of tokens. Read as abstracts.</details>

# %% [markdown]
# ## 8. How long should a memory be, in tokens?
#
# With $\beta_2 = 0.95$ a squared gradient has half of its weight left after 13.5 steps.
# That is its [[half-life]].
# With a batch sixteen times smaller, 13.5 steps read sixteen times fewer tokens.
# So the same $\beta_2$ forgets sooner, counted in tokens.

# %%
from lessonlib.lessons.lesson12 import judges_deeper, read_halves, records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# ### Exercise 7. Another batch (3 minutes)
#
# A recipe says $\beta_2 = 0.95$ for batches of 512 windows.
# You can afford batches of 32.
# Which $\beta_2$ keeps the half-life in tokens?
#
# <details><summary>Hint</summary>In how many of your steps do you read as much as in one of theirs?</details>

# %% tags=["stub"]
my_beta2 = None

# %% tags=["solution"]
my_beta2 = 0.95 ** (32 / 512)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Sixteen of your steps read as much as one of theirs.
# They multiply a weight by your $\beta_2$ sixteen times, and one of their steps multiplies it by 0.95.

# %% [markdown]
# The judge counts the steps.

# %%
judges_deeper.judge_memory(my_beta2, beta2=0.95, batch=512, smaller=32)

# %% [markdown]
# Does it matter?
# The transformer of lesson 11 reads the same number of characters in batches of 2, 16 and 128 windows of 32 characters, with a $\beta_1$ of 0.9.
# A token is a character here.

# %%
found = records.from_record()
short = predict(
    "The half-life of v goes from 65,536 characters to 1024. Which batch then ends higher?",
    ["2 windows", "16 windows", "both", "neither"],
)
short

# %% [markdown]
# Each point is at its best step size, the median of three seeds with bars for their range.
# The dotted curve has a shorter $m$.

# %% tags=["answer"]
read_halves.show_halves(found)
harmed = tuple(read_halves.harmed(found, batch, 1024) for batch in (2, 16))
short.answer(short.options[{(True, False): 0, (False, True): 1, (True, True): 2}.get(harmed, 3)])

# %% [markdown]
# With 0.9, here is how many steps each half-life lasts, and the loss.
# "Higher" says that every seed ends above all seeds of the longest half-life.

# %%
header = ["windows", *(f"{half:,} characters" for half in read_halves.half_lives(found))]
table(header, read_halves.harmed_rows(found))

# %% [markdown]
# With a $\beta_1$ of 0.9 a $v$ that lasts two steps does harm, and with 0.5 it does none that the seeds can tell.
# So what harms here is a $v$ that forgets much sooner than $m$.
#
# **When to try it.**
# When your batch is much smaller than that of a recipe, Marek and others advise to keep the half-life of $v$ in tokens.
# Here, with 2 windows, 16 steps of memory were as good as 1,024.
# When your batch is much larger, do not let $v$ forget much sooner than $m$.
#
# <details><summary>Fine print</summary>As many characters in all as in the lab of lesson 11, which is 1600, 200 and 25 steps, with warm-up, a cosine, decay, clipping, four step sizes for each batch and three seeds. The half-life of m is 6.6 steps with a beta1 of 0.9 and one step with 0.5. At 0 two steps of v do no harm either. At 128 windows and 1,024 characters the best step size is the smallest of the four. With 25 steps the trainings learn little more than the frequencies of the letters, so the picture leaves 128 windows out. Recorded by <code>python authoring/record_after_deeper.py</code>. Source: Marek and others 2025, <em>Small Batch Size Training for Language Models</em>, arXiv 2507.07101, read as abstract and figure 1, whose models have 30 and 124 million parameters.</details>

# %% [markdown]
# ## Where the course answers the rest
#
# | Question | Answer | Where |
# |---|---|---|
# | What does one bad batch do to AdamW, and clipping? | The loss jumps and the steps become tiny for long, and clipping prevents both. | [deeper 10](10_adamw.ipynb), section 6 |
# | Where can AdamW end? | In a box, at the lowest point within $1/w$ of zero. | [deeper 10](10_adamw.ipynb), section 5 |
# | What does a cautious decay change? | The box is gone, and it ends at the lowest point of all. | [deeper 10](10_adamw.ipynb), section 5 |
# | What does a larger batch change? | Up to some size as many characters bring the same loss, and above it a higher one. | [deeper 11](11_gpu_lab.ipynb), section 4 |
#
# ## What to take along
#
# - For its matrices Muon keeps half of AdamW's state, Lion keeps half for all, and Adafactor nearly none.
#   Muon's products are a small share of the work where batches are large.
# - A sign forgets the scale of a loss, and a turn can cost it much.
#   Shampoo and SOAP notice neither, and keep more than AdamW does.
# - A late fall or a mean of weights needs no end that is known at the start.
# - In muP the step size of every matrix that reads the width falls like one over the width, and the first matrix keeps its own.
# - Counted in tokens, the memory of $v$ shrinks with the batch.
#   What did harm here was a $v$ that forgets much sooner than $m$.
