# %% [markdown]
# # Deeper into lesson 12
#
# Each section stands alone, with its own question.
# Run the set-up cell, and take them in any order.
#
# | Section | Minutes |
# |---|---|
# | 1. What does a newer optimizer keep, and what does its step cost? | 9 |
# | 2. Is a sign enough? | 9 |
# | 3. What if Adam could choose its axes? | 7 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What does a newer optimizer keep, and what does its step cost?
#
# AdamW keeps two numbers for each weight, which is 8 bytes in float32.
# Muon keeps one.
# Adafactor was made to keep less.
# In place of `v` it keeps one number for each row of a matrix and one for each column, and it has no `m`.

# %%
from lessonlib.lessons.lesson12 import costs, judges
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
# Muon, Lion and momentum keep the same, and Adafactor keeps nearly nothing.
# An 8-bit AdamW, which is not in PyTorch, would keep two numbers of one byte each.
#
# The state is one half of the price.
# The other half is the work of a step.
# For a square matrix of width $n$, each of Muon's five steps has three products of two $n \times n$ matrices, so $15\,n^3$ multiplications in all.
# Forward and backward have $3\,n^2$ for each token of the batch.
#
# $$\frac{15\,n^3}{3\,n^2\,T} = \frac{5\,n}{T}$$
#
# So Muon's work, measured by that of forward and backward, grows with the width $n$ and falls with the number of tokens $T$.

# %%
header = ["training", "width", "tokens in a batch", "Muon's work, over forward and backward"]
table(header, costs.rows(), ["", ",", ",", ".1%"])

# %% [markdown]
# With large batches the products hardly count, and with small ones they are more work than the rest.
# In the main lesson they were about a third as many as those of forward and backward.
#
# Where several machines train together, $T$ counts the tokens of one machine, if each repeats all the products.
# `torch.optim.Muon` divides nothing among them by itself.
#
# ### Exercise 1. How large a batch? (4 minutes)
#
# Your matrices have a width of 1024.
# How many tokens must a batch have, so that Muon's multiplications are one percent of those of forward and backward?

# %% tags=["stub"]
my_tokens = None

# %% tags=["solution"]
my_tokens = 5 * 1024 / 0.01

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The share is $5n/T$, so $T$ is five hundred times the width.
# Batches of that size are usual where large models are trained, and not on one card.

# %% [markdown]
# The judge computes the share that your number gives.

# %%
judges.judge_tokens(my_tokens, width=1024, share=0.01)

# %% [markdown]
# <details><summary>Fine print</summary>The state is that of a matrix of 256 by 1024 in float32, without single numbers such as a step count. Only the multiplications of matrices are counted, and a product that is too small for a processor to be busy takes longer than its count says.</details>

# %% [markdown]
# ## 2. Is a sign enough?
#
# Lion was found by a program that searched through programs.
# It keeps one average and moves every parameter by the step size, along a sign.
#
# $$c = \beta_1 m + (1-\beta_1)\,g \qquad \theta \leftarrow \theta - \alpha\,w\,\theta - \alpha\,\mathrm{sign}(c) \qquad m \leftarrow \beta_2 m + (1-\beta_2)\,g$$
#
# The step mixes the newest gradient in with one beta, 0.9, and the memory with another one, 0.99.
# Its usual step size is three to ten times smaller than AdamW's, and its decay as much larger.
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
from lessonlib.lessons.lesson12 import ravine
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
# A longer memory with a step that leans on the newest gradient is what the search came upon.

# %% [markdown]
# The check knows Lion's usual slips too.

# %%
checks.check(my_lion, against=lion)

# %% [markdown]
# The main lesson has a task with two matrices, whose inputs are turned and whose losses differ a thousandfold.
# Which of the two does Lion notice?

# %%
noticed = predict(
    "What changes Lion's result tenfold or more?",
    ["the turn", "the unequal losses", "both", "neither"],
)
noticed

# %% [markdown]
# Lion beside Adam and Muon, the share of the loss that is left, to the nearest power of ten.

# %% tags=["answer"]
header = ["optimizer", *ravine.CHANGES]
display(table(header, ravine.rows(("adam", "lion", "muon")), ["", ".0e", ".0e", ".0e"]))
noticed.answer(ravine.what_it_notices("lion"))

# %% [markdown]
# Lion is like Adam in this.
# A sign has no scale, so a thousandfold loss changes nothing.
# But it is the sign of each number, and in a turned matrix these are other numbers.
# When the inputs lie along the axes it ends far lower.
#
# *Source.*
# Chen and others 2023, arXiv 2302.06675, and the notes on tuning in github.com/google/automl.

# %% [markdown]
# ## 3. What if Adam could choose its axes?
#
# In the main lesson Adam notices the turn, because it scales every number on its own.
# With inputs along the axes it ends far lower than Muon.
#
# So turn the axes instead.
# The averages of $g\,g^\top$ and of $g^\top g$ are two symmetric matrices, and their eigenvectors are axes for the rows and for the columns.
# SOAP turns the gradient into these axes, takes Adam's step there, and turns the step back.

# %%
from lessonlib.lessons.lesson12 import ravine
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

far = predict(
    "With turned inputs, where does SOAP end?",
    ["where Adam ends", "where Muon ends", "lower than both"],
)
far

# %% [markdown]
# The axes are computed anew at every tenth step.
# The cell takes some seconds.

# %% tags=["answer"]
header = ["optimizer", *ravine.CHANGES]
display(table(header, ravine.rows(("adam", "muon", "muon .8", "soap")), ["", ".0e", ".0e", ".0e"]))
ends = {rule: ravine.left(rule, "as in the picture") for rule in ("adam", "muon", "soap")}
lower = ends["soap"] < min(ends["adam"], ends["muon"])
far.answer(far.options[2 if lower else 1 if ends["soap"] < ends["adam"] / 10 else 0])

# %% [markdown]
# SOAP notices neither the turn nor the scale, and it ends a thousand times lower than Muon at its default.
# With a $\beta_1$ of 0.8 Muon comes as low, so the two are not far apart once both are tuned.
#
# The price is memory and time.
# It keeps both of Adam's numbers, the two averages and the two sets of axes, and eigenvectors are costly, so the axes are renewed only now and then.
# Are fresher axes better?

# %% tags=["chaotic"]
rows = [[name, ravine.left(rule, "as in the picture")]
        for name, rule in (("at every tenth step", "soap"), ("at every step", "soap, every step"))]
table(["SOAP, axes anew", "left, with turned inputs"], rows, ["", ".0e"])

# %% [markdown]
# Here they are worse.
# A likely reason is that `v` belongs to the axes in which it was averaged, and when they move at every step it no longer fits.
# On language models with very large batches Khona and others (2026) saw SOAP become unstable, and renewing the axes at every step was a part of their cure.
# So take this task as a picture of the idea, and not as advice.
#
# When to try it.
# PyTorch has no SOAP, so you need its authors' code, and memory that is left.
#
# *Sources.*
# Vyas and others 2024, SOAP, arXiv 2409.11321, which runs Adam in the axes of an older method called Shampoo.
# Khona and others 2026, arXiv 2607.20548.
# Read as abstracts.
#
# ### What to take along
#
# - Muon and Lion keep half of AdamW's state, and Adafactor nearly none.
#   Muon's products are a small share of the work where batches are large.
# - A sign forgets the scale of a loss, and it notices a turn.
# - Adam in turned axes, which is SOAP, notices neither, and it costs the most.
