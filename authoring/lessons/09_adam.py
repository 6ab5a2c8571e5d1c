# %% [markdown]
# # Lesson 9. Adam
#
# *About 28 minutes to read, 58 with the exercises.*
#
# You have written momentum and RMSprop.
# Today you put them together.
# At the end you can write Adam from memory and train a network with it.
#
# **From lesson 8, from memory.**
# RMSprop runs with $\beta_2 = 0.99$ and step size $\alpha$.
# How long is its very first step?
#
# <details><summary>Answer</summary>Ten times the step size. At the first step v holds only a hundredth of the squared gradient, and the root of a hundredth is a tenth.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Two averages at once
#
# ### A line to find in 300 steps
#
# Each dot is a simulated day, with the temperature outside and the gas that a house burned.
# Four optimizers fit a line, gas = slope · temperature + intercept.
# Each starts with both at 0, and has the usual betas and its own best step size.
# The right panel shows the share of the [[excess loss]] that is left.
#
# **Goal:** within 150 steps, find a moment when Adam's line fits better than RMSprop's does after 300.

# %%
import numpy as np
from lessonlib import State, adam, checks, run
from lessonlib.lessons.lesson09 import heating, opening
from lessonlib.lessons.tables import table

opening.four_lines().live()

# %% [markdown]
# <details><summary>Answer</summary>Step 104 is the first such moment.</details>
#
# At the end only Adam's line follows the dots.
#
# <details><summary>Why does RMSprop's loss jump?</summary>Its v shrinks to 12% of what it was at step 2, so α over the root of v grows. Near step 220 the steps have become too long, and the loss jumps. The dotted line is RMSprop with v held as it is at step 100. It does not jump.</details>
#
# What makes this line hard to find?
# At 50 degrees Fahrenheit a change of the slope moves the line fifty times as far as the same change of the intercept.
# The loss curves far more for the slope than for the intercept.
# Also, a line that falls more steeply must start higher, so the two have to change together.
# So the loss is a narrow [[ravine]].
#
# Across the ravine the loss curves {{ heating.condition(0) }} times as strongly as along it.
# Momentum gets only a part of the way along it in 300 steps.
#
# RMSprop gives each parameter a step size of its own, which is like stretching the axes.
# After the stretching the loss curves only {{ heating.condition(1) }} times as strongly across as along.
# Without momentum that is still too much for 300 steps.
# [[Adam]] stretches the ravine and has momentum too.
#
# <details><summary>Does Adam need both?</summary>With a β₁ of 0 Adam leaves {{ heating.without_m():.0%}} of the excess loss. RMSprop's scales, held from step 100 on, leave {{ heating.frozen_scales()[0][1]:.0%}} without momentum and {{ heating.frozen_scales()[1][1]:.1%}} with it. Momentum alone leaves, with the best of six betas, {{ heating.best_beta()[1]:.1%}}.</details>
# <details><summary>Fine print</summary>Each step size is the best of thirty. It is chosen over ten such data sets, of which you see the first. The ravine's numbers and the shares with RMSprop's scales are of this one, the others means of ten.</details>
#
# *Deeper: [which half of Adam finds the line](deeper/09_adam.ipynb)?*
#
# ### The idea
#
# Momentum keeps an average of the gradients, `m`.
# RMSprop keeps an average of their squares, `v`.
# The root of `v` is the scale of the gradients.
# **Adam divides momentum's average by RMSprop's scale, for each parameter on its own.**

# %%
opening.show_flow()

# %% [markdown]
# For example, two parameters have long had gradients of 3 and of 0.003.
# In both `m` is the gradient, and the root of `v` is its size.
# So both move by one step size.
#
# ### The rule
#
# | Formula | Known from |
# |---|---|
# | $t \leftarrow t + 1$ | new |
# | $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$ | lesson 7 |
# | $v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$ | lesson 8 |
# | $\hat m_t = m_t \,/\, (1-\beta_1^t)$ | new |
# | $\hat v_t = v_t \,/\, (1-\beta_2^t)$ | new |
# | $\theta_t = \theta_{t-1} - \alpha\,\hat m_t \,/\, (\sqrt{\hat v_t}+\epsilon)$ | both |
#
# $\theta$ are the parameters, $g$ is the [[gradient]] of the loss, and $t$ counts the steps from 1.
# The two with a hat correct the averages for their start at zero.
#
# These four numbers are yours to choose.
#
# | Symbol | Code | What it does | Default |
# |---|---|---|---|
# | $\alpha$ | `lr` | [[learning rate]], the size of a step; tune this one first | 0.001 |
# | $\beta_1$ | `beta1` | remembers the direction for about 10 steps | 0.9 |
# | $\beta_2$ | `beta2` | remembers the scale for about 1000 steps, ten times as long as RMSprop's 0.99 | 0.999 |
# | $\epsilon$ | `eps` | keeps the division finite where `v` is zero | 1e-8 |
#
# Kingma and Ba published it in 2014, and its name stands for adaptive moment estimation.
# The average of $g$ is the [[first moment]], and that of $g^2$ is the [[second moment]].
# The second moment is not the [[variance]], because no mean is subtracted.
#
# Adam keeps two numbers for every parameter, `m` and `v`, where momentum and RMSprop keep one each.
#
# ### Exercise 1. Write Adam (10 minutes)
#
# Turn the formulas into code.
# `theta` and `g` are arrays, and so are `s.m` and `s.v` after the first step.
# `s.t` counts the steps already taken.
# Return the new `theta` and a new `State(t, m, v)`, and change nothing in place.
#
# <details><summary>Hint 1</summary>Which number does the first step have, if <code>s.t</code> is 0 before it?</details>
# <details><summary>Hint 2</summary>Which m will the next step need, m or m_hat?</details>

# %% tags=["stub"]
def my_adam(theta, g, s, *, lr, beta1, beta2, eps):
    ...  # your six lines, and a return

# %% tags=["solution"]
def my_adam(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_hat / (v_hat**0.5 + eps)
    return theta, State(t, m, v)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The step is counted first, because at $t = 0$ the correction would divide by zero.
# The state keeps `m` and `v`, not the hats, because the next average must go on from the average and not from its correction.

# %% [markdown]
# The check compares your rule with the library's, step by step.

# %%
checks.check(my_adam, against=adam)

# %% [markdown]
# Now let your own function find the line, at the step size that is best for Adam.

# %%
mine, bill = checks.yours("my_adam", adam), heating.heating()
found = run(mine, bill, steps=300, lr=0.19, beta1=0.9, beta2=0.999, eps=1e-8).theta[-1]
rows = [["the library's" if mine is adam else "yours", *found], ["the best line", *bill.minimum]]
table(["line", "slope", "intercept"], rows, ["", ".2f", ".1f"])

# %% [markdown]
# ## Part 2. Why the averages are corrected
#
# ### How they begin
#
# Both averages start at zero.

# %%
from lessonlib import State, adam
from lessonlib.lessons.lesson09 import judges, measured, opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

first_m = predict("The gradient is 3 at every step and beta1 is 0.9. "
                  "What is m after the first step?")
first_m

# %% [markdown]
# One step of the library's `adam`.

# %% tags=["answer"]
theta, s = adam(2.0, 3.0, State())
first_m.answer(s.m)

# %% [markdown]
# That is a tenth of what it should be, because nine tenths of the average are still the zero from which it began.
# After $t$ steps the zero of the start still weighs $\beta_1^t$.
# So `m` holds the share $1-\beta_1^t$ of a steady gradient.
#
# Adam divides by that share.
# The result is called `m_hat`, written $\hat m$, and for a steady gradient it is right from the first step on.
# `v` gets the same treatment with its own $\beta_2$.
# This is [[bias correction]].
#
# How long would a step be without it?
# At the first step `m` holds a tenth of the gradient, and `v` holds a thousandth of its square.

# %%
uncorrected = predict("Without correction, how long is Adam's first step, "
                      "in units of the step size?")
uncorrected

# %% [markdown]
# Divide the tenth by the root of the thousandth.

# %% tags=["answer"]
uncorrected.answer(0.1 / 0.001**0.5)

# %% [markdown]
# The first step would be about three step sizes long.
# `m` is ten times too small, but the root of `v` is thirty times too small.
#
# How long is step 50 of a steady gradient, without the correction?
# The sliders set the [[memory]] of each average, $1/(1-\beta)$ steps.
# **Goal:** change the memory of `v` until the uncorrected step 50 is within a tenth of the right length.

# %% tags=["answer"]
opening.filling().live()

# %% [markdown]
# <details><summary>Answer</summary>A memory of v up to 29 steps reaches the goal.</details>
#
# By step 50 `m` is full, so its correction is over.
# But `v` is nearly empty, so an uncorrected step is still too long, and stays so for more than a thousand steps.
#
# *Deeper: [how wrong is a step without correction, and does the loss notice](deeper/09_adam.ipynb)?*
#
# ### Exercise 2. Two steps by hand (6 minutes)
#
# Set $\alpha=0.001$, $\beta_1=0.9$, $\beta_2=0.999$ and start at $\theta=2$.
# Here are two steps with a gradient of 3.
#
# | | Step 1 | Step 2 |
# |---|---|---|
# | $m$ | $0.9\cdot 0 + 0.1\cdot 3 = 0.3$ | $0.9\cdot 0.3 + 0.1\cdot 3 = 0.57$ |
# | $v$ | $0.999\cdot 0 + 0.001\cdot 9 = 0.009$ | $0.999\cdot 0.009 + 0.001\cdot 9 = 0.017991$ |
# | $\hat m$ | $0.3\,/\,(1-0.9) = 3$ | $0.57\,/\,(1-0.9^2) = 3$ |
# | $\hat v$ | $0.009\,/\,(1-0.999) = 9$ | $0.017991\,/\,(1-0.999^2) = 9$ |
# | $\theta$ | $2 - 0.001\cdot 3\,/\,\sqrt 9 = 1.999$ | $1.999 - 0.001\cdot 3\,/\,\sqrt 9 = 1.998$ |
#
# Now the second gradient is $-3$ instead.
# Fill in the second column, to five decimals.

# %% tags=["stub"]
second = {"m": None, "v": None, "m_hat": None, "v_hat": None, "theta": None}

# %% tags=["solution"]
second = {"m": 0.9 * 0.3 + 0.1 * -3, "v": 0.999 * 0.009 + 0.001 * 9}
second |= {"m_hat": second["m"] / (1 - 0.9**2), "v_hat": second["v"] / (1 - 0.999**2)}
second["theta"] = 1.999 - 0.001 * second["m_hat"] / second["v_hat"] ** 0.5

# %% [markdown] tags=["solution"]
# *Why it is so.*
# In `m` the two gradients nearly cancel.
# In `v` both squares are 9, so it does not notice the sign.
# The point goes back by a twentieth of $\alpha$.

# %% [markdown]
# The judge stops at the first number that is off.

# %%
judges.judge_second_step(second)

# %% [markdown]
# ### A larger second gradient

# %%
surprise = predict("The gradients are 3, then 30. How long is the second step?",
                   ["longer than lr", "as long as lr", "shorter than lr"])
surprise

# %% [markdown]
# Steps are in units of $\alpha$, and a minus leads back.

# %% tags=["answer"]
rows = []
for before, g in [([3], 3), ([300], 300), ([3], 0.3), ([3], -3), ([3], 30), (300 * [3], 30)]:
    theta, s = 2.0, State()
    for each in [*before, g]:
        old = theta
        theta, s = adam(theta, each, s)
    rows.append([f"{len(before)} × {before[0]}", g, *measured.hats(s), (old - theta) / 0.001])
head = ["gradients before", "then", "m_hat", "root of v_hat", "step"]
display(table(head, rows, ["", "g", ".2f", ".2f", ".2f"]))
length = rows[4][-1]
surprise.answer(surprise.options[0 if length > 1.001 else 1 if length > 0.999 else 2])

# %% [markdown]
# The first two rows have equal steps, because the size of the gradients cancels between `m` and the root of `v`.
#
# With 3 and 30, both averages weigh the two gradients about equally.
# So `m_hat` is about their mean, and the root of `v_hat` about their root mean square, which is larger.
# After three hundred gradients of 3 a 30 makes the step longer, because it raises `m_hat` more than the root of `v_hat`.
#
# *Deeper: [how long can a step of Adam be](deeper/09_adam.ipynb)?*

# %% [markdown]
# ## Part 3. In PyTorch
#
# ### The lines
#
# ```python
# import torch.optim as optim
#
# optimizer = optim.Adam(model.parameters(), lr=1e-3)  # its defaults
# ```
#
# PyTorch takes both betas as one pair, `betas=(0.9, 0.999)`.
#
# Does `torch.optim.Adam` take the two steps of Exercise 2?

# %%
import torch
from torch import nn, optim
from lessonlib import adam, checks
from lessonlib.lessons.lesson09 import judges, practice, training
from lessonlib.play.prediction import predict
from lessonlib.pytorch.looped import Looped
from lessonlib.lessons.tables import table

p = nn.Parameter(torch.tensor(2.0))
optimizer = optim.Adam([p], lr=1e-3)
for g in (3.0, -3.0):
    p.grad = torch.tensor(g)
    optimizer.step()
    print(f"theta = {p.item():.5f}")
print(optimizer.state[p])

# %% [markdown]
# It does, and its state is your `t`, `m` and `v`.
#
# ### The usual advice, tried
#
# At first keep $\beta_1$, $\beta_2$ and $\epsilon$ at their defaults, and [[tune|tuning]] only $\alpha$.
# Do not carry over the `lr` of `optim.SGD`, because in a step of Adam the size of the gradients cancels.
#
# - If the loss swings and falls no further, halve $\alpha$.
# - If it falls slowly, take three times $\alpha$.
# - If it jumps in the first steps, take a third of $\alpha$.
#
# Each training runs twice from the start, first in black, then in red.

# %%
practice.show_moves()

# %% [markdown]
# All three help here, but compare again after each.
# On the right the red loss now swings, so halve next.
#
# <details><summary>Fine print</summary>Left is the mean of thirty runs, the other two are one run each.</details>
#
# *Deeper: [when the usual first move is wrong](deeper/09_adam.ipynb).*
#
# ### Exercise 3. Mend the loop (6 minutes)
#
# Now a real network reads handwritten digits.
# A colleague has written this loop.
# It raises no error, and it has two mistakes.
#
# <details><summary>Hint 1</summary>Which batch do the gradients of the second step come from?</details>
# <details><summary>Hint 2</summary>What does <code>backward</code> do with a gradient that is already there?</details>

# %% tags=["stub"]
def train(model, optimizer, dataloader, epochs=15):
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.step()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()

# %% tags=["solution"]
def train(model, optimizer, dataloader, epochs=15):
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.zero_grad()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()
            optimizer.step()

# %% [markdown] tags=["solution"]
# *Why it is so.*
# `zero_grad` clears what the last batch left, `backward` fills in the new gradients, and `step` uses them.
# In the colleague's loop each step uses the gradients of the batch before, and without `zero_grad` it walks along the sum of all gradients so far.

# %% [markdown]
# The judge trains a tiny network with your loop and compares it with the right one.

# %%
judges.judge_loop(train)

# %% [markdown]
# <details><summary>The loop, to copy</summary>
#
# ```python
# for x_batch, y_batch in dataloader:
#     optimizer.zero_grad()
#     loss = criterion(model(x_batch), y_batch)
#     loss.backward()
#     optimizer.step()
# ```
#
# </details>
#
# Now your loop trains networks on the digits for 15 [[passes|epoch]], with Adam and with momentum.
# `Looped` makes a PyTorch optimizer of any rule, so your own Adam trains one too.

# %%
default = predict("After 15 passes, with which step size are more new digits read?",
                  ["torch's Adam, lr 0.001", "torch's Adam, lr 0.01"])
default

# %% [markdown]
# Each optimizer trains from three starts, which takes some seconds.

# %% tags=["answer"]
mine = checks.yours("my_adam", adam)
loop = checks.yours("train", training.train, judges.judge_loop)
read = training.accuracy_after
accuracy = {f"momentum, lr {lr}": read(loop, optim.SGD, lr=lr, momentum=0.9)
            for lr in (0.01, 0.1)}
for lr in (0.001, 0.01):
    accuracy[f"torch's Adam, lr {lr}"] = read(loop, optim.Adam, lr=lr)
whose = "the library's" if mine is adam else "my"
accuracy[f"{whose} Adam, lr 0.01"] = read(
    loop, Looped, rule=mine, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8)
display(table(["optimizer", "digits read correctly"], accuracy.items(), ["", ".1%"]))
default.answer(max(default.options, key=accuracy.get))

# %% [markdown]
# Your Adam, once its check has passed, reads as well as PyTorch's.
# Momentum at its best step size reads about as well as Adam at its best.
# So here the step size matters more than the rule.
#
# <details><summary>Fine print</summary>Each step size is the best of three, ten times apart, chosen by the same new digits. PyTorch adds whole gradients and lesson 7 a tenth of each, so momentum's 0.1 here is a step size of 1 there.</details>
#
# This is a good place to stop for today.

# %% [markdown]
# ## Part 4. Where does it help?
#
# ### Standardize first
#
# You can also make the line of Part 1 easy to find.
# Subtract the mean from the temperatures, then divide by their standard deviation, the spread.
# This is called [[standardizing|standardize]].

# %%
from lessonlib.lessons.lesson09 import heating, opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

arrive = predict("With mean 0 and spread 1, which optimizers find the line?",
                 ["only Adam", "Adam and RMSprop", "Adam, RMSprop and momentum", "all four"])
arrive

# %% [markdown]
# The share of the excess loss that is left, as a mean over the ten data sets.
# Where less than 0.1 % is left, the line is found.

# %% tags=["answer"]
left = heating.standardizing()
rows = [[opening.NAMES[rule], *shares] for rule, shares in left.items()]
head = ["optimizer", "in Fahrenheit", "in Celsius", "standardized"]
display(table(head, rows, ["", ".1%", ".1%", ".1%"]))
arrive.answer(arrive.options[sum(shares[-1] < 1e-3 for shares in left.values()) - 1])

# %% [markdown]
# With mean 0 and spread 1 a change of the slope counts as much as one of the intercept, and neither asks for a change of the other.
# So the loss curves equally in every direction.
# In Celsius the mean is 10 in place of 50, which is already enough for momentum and RMSprop.
#
# <details><summary>Fine print</summary>In each column every optimizer has its own best of thirty step sizes.</details>
#
# ### Where it wins, loses and fails

# %%
from lessonlib.lessons.lesson09 import three

three.show_problems()

# %% [markdown]
# **Wins, on the left.**
# The problem is to guess the next word, where most words are rare and each has its own weights.
# Adam moves the weights of a rare word as far as those of a frequent one, and momentum a sixth as far.
# With all words equally frequent, momentum leaves about a thousandth.
#
# **Loses, in the middle.**
# The problem is to answer yes or no.
# One input is the answer, 1 or −1, and two useless ones are always 1.
# Each example also has inputs of its own, a yes one and a no five.
#
# More answers are yes than no, so the useless inputs have gradients too.
# At first these are a fifth of the deciding input's, but Adam moves all three weights equally far.
# In a new example its own inputs have no weight yet, so only these three count.
# For a no the deciding input adds −0.25 and the two useless ones add 0.5, so Adam answers yes.
# Momentum, and Adam with an ε of 0.1, give the deciding input more weight than those two.
#
# **Fails, on the right.**
# The problem is to find the minimum between −1 and 1, at −1.
# One gradient of 101 leads to it, then a hundred of −1 lead away from it.
# Both start at 0, and the picture has the mean of every 101 steps.
#
# The large gradient raises `v` at once, so Adam divides it by a large root.
# Most of the small ones it divides by smaller roots.
# Without the division the large gradient wins by 101 to 100, and with it the small ones win.
# With a `v` that never changes Adam is momentum, and momentum arrives.
#
# <details><summary>Fine print: wins</summary>Both are tuned, for 60 steps of all words with a falling step size. Frequent are the ten most frequent words, and rare is the rarer half.</details>
# <details><summary>Fine print: loses and fails</summary>The second problem is from Wilson and others, the third from Reddi, Kale and Kumar. In the second Adam does not err if a no also has only one input of its own. In the third β₂ is 0.99, and the step size falls. With the default of 0.999 Adam goes the wrong way too, but more slowly, from −0.48 to −0.31.</details>
#
# *Deeper: [each of these with its picture](deeper/09_adam.ipynb).*

# %% [markdown]
# ## Part 5. How to set it
#
# ### What each setting does
#
# One parameter gets gradients of 1, from step 100 on of −1, and from step 200 on of −0.01.
# First move $\beta_1$, and watch the steps after step 100.
# Put it back, and move $\beta_2$.
# **Goal:** make the last step at least nine tenths of a step size long.
#
# Leave $\beta_2$ there, and raise $\epsilon$.
# At which value is the last step about half as long?

# %% tags=["answer"]
from lessonlib import State, adam, checks
from lessonlib.lessons.lesson09 import judges, play, practice
from lessonlib.play.prediction import summary

play.each_setting().live()

# %% [markdown]
# <details><summary>Which β₂?</summary>One of 0.948 or less.</details>
# <details><summary>Which ε?</summary>One of 0.01 about halves the last step, because the root of v̂ is about 0.01 too.</details>
#
# With a large $\beta_1$ the step goes on in the old direction for a while.
# With a large $\beta_2$ the scale remembers the larger gradients, so the steps stay far below one step size.
# An $\epsilon$ as large as the gradients makes the steps shorter too.
#
# A small $\beta_2$ has its price, since a large gradient then fills `v` and is divided by itself.
# In Part 2 the 30 after many gradients of 3 made a step of 1.62, and with a $\beta_2$ of 0.9 it makes {{ play.after_many(0.9):.2f }}.
#
# ### Exercise 4. Which bug? (4 minutes)
#
# Two colleagues have written Adam, each with one mistake.
# The picture shows their first ten steps, with $\alpha = 0.1$.
# The flat direction has a curvature of 1, the steep one of 10.
# The thin lines are one step size apart.

# %%
practice.show_bugs(practice.TWO_BUGS, steps=10)

# %% [markdown]
# Choose from `"no bias correction"`, `"no root"`, `"t never advances"` and `"1 - beta2 is missing in v"`.
#
# <details><summary>Hint</summary>How long is each one's first step, and do its two directions fall equally fast?</details>

# %% tags=["stub"]
bugs = {"A": None, "B": None}

# %% tags=["solution"]
bugs = {"A": "no root", "B": "no bias correction"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# Without the root a step is over the square of the gradient, so in A the steep direction, with the large gradient, falls slowly.
# The flat one begins right only because its gradient is 1 there.
# Without the correction the first step is 3.16 times too long, and that is what B begins with.

# %% [markdown]
# The judge runs the bug that you named.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Before** | standardize numeric columns, such as a temperature |
# | **Change first** | the step size, over 0.01, 0.003, 0.001, 0.0003 and 0.0001; take the best, and look further if it stands at an end |
# | **Change next** | let the step size fall toward the end, and rise slowly at the start (lesson 10) |
# | **Change last** | $\beta_2$: 0.99, then 0.95, if the loss creeps after the gradients have become much smaller |
# | | $\epsilon$: smaller, if the root of `v` gets as small as $\epsilon$ |
# | | $\epsilon$: larger, with the step size tuned anew, if Adam makes more mistakes than momentum on new data |
# | **Doubt** | a comparison in which both optimizers ran at one step size, or nobody tuned momentum |
#
# ### Exercise 5. Adam from memory (4 minutes)
#
# Write the rule once more without scrolling.

# %% tags=["stub"]
def adam_from_memory(theta, g, s, *, lr, beta1, beta2, eps):
    ...  # no looking up

# %% tags=["solution"]
def adam_from_memory(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return theta - lr * m_hat / (v_hat**0.5 + eps), State(t, m, v)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both averages and their corrections come before the one division, and the state keeps what the next step goes on from.

# %% [markdown]
# As in Exercise 1.

# %%
checks.check(adam_from_memory, against=adam)

# %% [markdown]
# ### Three questions, from memory
#
# <details><summary>How long is Adam's first step without bias correction, and why?</summary>About three times the step size. m holds a tenth of the gradient, the root of v a thirtieth.</details>
# <details><summary>The gradients are 3 and 3, or 300 and 300. How do the two paths differ?</summary>They do not. The scale cancels between m and the root of v.</details>
# <details><summary>At one step size A beats B. Which is the better optimizer?</summary>That is open. Each must have its own best step size.</details>
#
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Adam divides an average of the gradients by the root of an average of their squares, and $\beta_1$ and $\beta_2$ set how far back the two reach.
# - Bias correction takes the zero of the start out of both.
# - Tune the step size first, for every optimizer that you compare.
#
# **Next, [lesson 10](10_adamw.ipynb).**
# You want the weights to stay small, so you add a penalty to the loss.
# Adam divides the gradient of the penalty by the root of `v` too.
# What does that do to weights with large gradients?
