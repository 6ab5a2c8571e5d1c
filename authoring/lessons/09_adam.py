# %% [markdown]
# # Lesson 9. Adam
#
# *About 33 minutes to read, 57 with the exercises.*
#
# You have written momentum and RMSprop.
# Today you put them together.
# At the end you can write Adam from memory, train a network with your own version of it, and say what each of its settings does.
#
# **From lesson 8, from memory.**
# RMSprop runs with $\beta_2 = 0.99$ and step size $\alpha$.
# How long is its very first step?
#
# <details><summary>Answer</summary>Ten times the step size. At the first step v holds only a hundredth of the squared gradient, and the root of a hundredth is a tenth. Adam repairs this today.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Two averages at once
#
# ### A line to find in 300 steps
#
# Here are forty simulated days of a heating season.
# Each dot is one day, with the temperature outside in degrees Fahrenheit and the gas that a house burned.
# The warmer the day, the less gas.
#
# Gradient descent, momentum, RMSprop and Adam fit a line, gas = slope · temperature + intercept.
# Each starts with a slope of 0 and an intercept of 0, and has 300 steps.
# Each uses its usual betas and, of the same thirty step sizes, the one that worked best for it over ten such seasons.
#
# Run the set-up cell above and the next one, then move the slider and watch them walk.
# **Goal:** find a number of steps at which RMSprop's line fits better than Adam's.

# %%
from lessonlib import State, adam
from lessonlib.lessons.lesson09 import heating, opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

opening.four_lines().live()

# %% [markdown]
# After 300 steps only one line follows the dots.
# Momentum's line rises where the dots fall, and RMSprop's is far too flat.
# In the right panel RMSprop creeps toward the star.
# Its `v` slowly forgets the large gradients of the start, so the division makes each step longer.
# From about step 135 they are too long, and a swing grows.
# Near step 220 it throws the line across the ravine and back, which is the thick bar.
# The large gradients refill `v`, and it starts anew.
# With `v` frozen at step 100 nothing is thrown, and RMSprop still does not arrive.
# Only Adam arrives, although after ten steps RMSprop's line was the better one.
#
# <details><summary>Fine print</summary>Full batch, constant step size, from 0.0001 to 10. Of the ten seasons you see the one with the largest condition number. With Adam's beta of 0.999 RMSprop leaves more than twice as much. With a step size that falls to zero both leave more, and Adam's lead shrinks to about twenty times. Momentum with a beta of 0.98 leaves about one percent, and Adam hundreds of times less.</details>
#
# What is so hard about this line?

# %%
remedy = predict("What would help momentum and RMSprop most?",
                 ["less noisy data", "twice as many days", "half the step size",
                  "temperatures minus their mean, over their spread"])
remedy

# %% [markdown]
# The next cell tries all four.
# Of the last answer it also tries the mean alone, and a division alone, here by 100.
# It shows the share of the [[excess loss]] that is left.
# Each row's step sizes are tuned anew, and one row halves them.

# %% tags=["answer"]
rows, halves = heating.remedies(), heating.halves()
names = [opening.NAMES[rule] for rule in heating.RULES]
display(table(["change", *names], rows + halves, ["", ".1%", ".1%", ".1%", ".3%"]))
remedy.answer(heating.best_remedy(rows))

# %% [markdown]
# To subtract the mean and divide by the spread is called to standardize, and with it all four arrive.
# So the trouble is the zero of the temperature scale and the size of its numbers.
# For momentum and RMSprop each half alone is enough, and gradient descent needs the second.
#
# At 50 degrees, adding 1 to the slope moves the line by 50, and adding 1 to the intercept moves it by 1.
# The loss is the square of the error, so it curves far more along the slope.
# The two numbers also pull against each other, because a line that falls faster needs a higher intercept.
# Together that makes a [[ravine]] that lies at an angle.
#
# RMSprop gives slope and intercept a step size each, by the size of their gradients.
# But at an angle, both gradients come mostly from the steep direction.
# Along the slope they are some fifty times as large, so RMSprop's two step sizes differ {{ heating.ratios()[0]:.0f}}-fold.
# The loss curves with the square of that, {{ heating.ratios()[1]:,.0f}} times as much along the slope.
# For two numbers the best pair of step sizes is one over each curvature, so RMSprop's pair is not far enough apart.
#
# So a part of the ravine is left.
# With its two step sizes the [[condition number]] is {{ heating.condition_numbers()[1]:.0f}}, where it was {{ heating.condition_numbers()[0]:,.0f}}.
# To test this, freeze the ratio of the two after 100 steps, and start again with gradient descent or with momentum.

# %%
arrives = predict("With the ratio of RMSprop's step sizes, who arrives in 300 steps?",
                  ["neither", "only momentum", "both"])
arrives

# %% [markdown]
# The third row has the best ratio.
# Each row has its best overall step size.

# %% tags=["answer"]
rows = heating.frozen_scales()
display(table(["the two step sizes, frozen", "excess loss left"], rows, ["", ".1%"]))
arrives.answer(heating.who_arrives(rows))

# %% [markdown]
# Gradient descent needs about as many steps as the condition number.
# Momentum needs far fewer, and about its square root where beta is tuned as well.
# So with RMSprop's ratio, only momentum arrives.
# With the best ratio gradient descent would do, but a network's is costly to estimate.
# **Adam is RMSprop's scale and momentum's direction, in one rule.**
#
# At work you would standardize first, because that helped every optimizer.
# Inside a network you cannot do that once beforehand, because the sizes change as it learns.
# Adam measures them at every step.
#
# ### One direction, one scale
#
# Momentum keeps an average of the gradients, `m`.
# RMSprop keeps an average of their squares, `v`.
# Adam keeps both, for every parameter.
# A step is $\alpha$ times `m`, divided by the root of `v`, downhill.
#
# Take two parameters whose gradients have long been 3 and 0.003.
# For each, `m` is the gradient and the root of `v` is its size, so both move by $\alpha$.
# If you multiply the loss by a thousand, Adam takes the same path, as long as the gradients stay far above $\epsilon$.
#
# ### How the averages begin
#
# Both averages start at zero.

# %%
first_m = predict("The gradient is 3 at every step and beta1 is 0.9. "
                  "What is m after the first step?")
first_m

# %% [markdown]
# One step of `adam`, from the library.

# %% tags=["answer"]
theta, s = adam(2.0, 3.0, State())
first_m.answer(s.m)

# %% [markdown]
# That is a tenth of what it should be, because the average has seen one gradient and nine tenths of a zero.
# After $t$ steps the zero of the start still weighs $\beta_1^t$, so `m` holds the share $1-\beta_1^t$ of a steady gradient.
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
# The same division, with what the two averages hold at step 1.

# %% tags=["answer"]
first_step = 0.1 / 0.001**0.5
uncorrected.answer(first_step)

# %% [markdown]
# The first step would be three times too long.
# `m` is too small, but it is divided by the root of a `v` that is smaller still.
#
# How long does that go on?
# By step 50 `m` is nearly full.
# Is the step right by then?
# Look at the three marks, and at the grey band of steps that are right to a tenth.
# The sliders set the [[memory]] of each average, $1/(1-\beta)$ steps, and they start at Adam's defaults, 10 and 1000.
# **Goal:** change the memory of `v` until the uncorrected step 50 is within a tenth of the right length.

# %% tags=["answer"]
opening.filling().live()

# %% [markdown]
# For `m` the correction is over by then, but `v` still holds only {{ 1 - 0.999**50:.0%}} of its value.
# So uncorrected steps stay too long for more than a thousand steps.
#
# *Deeper: [how wrong is a step without correction](deeper/09_adam.ipynb)?*

# %% [markdown]
# ## Part 2. The rule
#
# Here is the whole rule as a picture.

# %%
import numpy as np
from lessonlib import State, adam, checks, run
from lessonlib.lessons.lesson09 import heating, judges, opening
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

opening.show_flow()

# %% [markdown]
# And here are its formulas.
# The [[first moment]] is the average of $g$, the [[second moment]] that of $g^2$, and Adam stands for adaptive moment estimation.
#
# | Formula | Code | Known from |
# |---|---|---|
# | $t \leftarrow t + 1$ | `t = s.t + 1` | counts from 1 |
# | $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$ | `m = beta1 * s.m + (1 - beta1) * g` | lesson 7 |
# | $v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$ | `v = beta2 * s.v + (1 - beta2) * g**2` | lesson 8 |
# | $\hat m_t = m_t \,/\, (1-\beta_1^t)$ | `m_hat = m / (1 - beta1**t)` | new |
# | $\hat v_t = v_t \,/\, (1-\beta_2^t)$ | `v_hat = v / (1 - beta2**t)` | new |
# | $\theta_t = \theta_{t-1} - \alpha\,\hat m_t \,/\, (\sqrt{\hat v_t}+\epsilon)$ | `theta = theta - lr * m_hat / (v_hat**0.5 + eps)` | both |
#
# $\theta$ are the parameters, $g$ is the [[gradient]] of the loss, and $t$ counts the steps from 1.
# The four numbers that you choose have these defaults.
#
# | Symbol | Code | What it does | Default |
# |---|---|---|---|
# | $\alpha$ | `lr` | [[learning rate]], the size of a step; tune this one first | 0.001 |
# | $\beta_1$ | `beta1` | remembers the direction for about 10 steps | 0.9 |
# | $\beta_2$ | `beta2` | remembers the scale for about 1000 steps, so it is steady and slow to react | 0.999 |
# | $\epsilon$ | `eps` | keeps the division finite where `v` is zero | 1e-8 |
#
# ### Exercise 1. Write Adam (10 minutes)
#
# Cover the table with your hand and write the rule.
# `theta`, `g`, `s.m` and `s.v` are arrays, and `s.t` counts the steps already taken.
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
# The check runs your function beside the right one and beside the usual mistakes.

# %%
checks.check(my_adam, against=adam)

# %% [markdown]
# Now let your own function find the line of Part 1.

# %%
mine, bill = checks.yours("my_adam", adam), heating.heating()
walk = run(mine, bill, steps=300, lr=0.19, beta1=0.9, beta2=0.999, eps=1e-8)
slope, intercept = walk.theta[-1]
print(f"gas = {slope:.2f} * temperature + {intercept:.1f}")
print(f"of the excess loss is left: {walk.loss[-1] / walk.loss[0]:.4%}")

# %% [markdown]
# Your Adam finds it.
# Mind that `v` is no [[variance]], because no mean is subtracted from the gradients.
# If one were, a steady gradient would leave only $\epsilon$ below the line, and the step would be enormous.
#
# ### In PyTorch it is one line
#
# These lines can be copied whole, where `model`, `criterion` and `dataloader` are yours.
#
# ```python
# import torch.optim as optim
#
# optimizer = optim.Adam(model.parameters(), lr=1e-3)  # its defaults
#
# for x_batch, y_batch in dataloader:
#     optimizer.zero_grad()
#     loss = criterion(model(x_batch), y_batch)
#     loss.backward()
#     optimizer.step()
# ```
#
# AdamW is Adam with [[weight decay]] done right, and lesson 10 is about it.
#
# ```python
# optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
# ```
#
# Those are its defaults too.
# For a transformer take AdamW, with `lr=3e-4` to begin with, and a warm-up.
#
# PyTorch takes both betas as one pair, `optim.Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)`.
# Unlike the sum of `optim.SGD` in lesson 7, its `m` is an average, so another $\beta_1$ does not change how far a steady gradient moves you.
#
# The usual advice goes with it.
# Keep $\beta_1$, $\beta_2$ and $\epsilon$ at their defaults and tune only $\alpha$.
# Common values are 0.001, 0.0003 and 0.0001.
# If the loss swings around one level, halve $\alpha$.
# If the loss falls slowly, take three times $\alpha$.
# If the loss jumps or becomes `nan` in the first hundred steps, go down to 0.0003, or to a third of yours if that is lower.
# Part 4 tries these first moves.
#
# ### Exercise 2. Two steps by hand (6 minutes)
#
# Set $\alpha=0.001$, $\beta_1=0.9$, $\beta_2=0.999$ and start at $\theta=2$.
# Here are two steps with a gradient of 3, every number written out.
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
# Fill in the second column, theta with five decimals.
# Python may do the arithmetic, so you can write `0.9 * 0.3 + ...`.

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
# When the sign changes so early, the step nearly vanishes.
# What if the second gradient is ten times larger than the first?

# %%
surprise = predict("The gradients are 3, then 30. How long is the second step?",
                   ["longer than lr", "as long as lr", "shorter than lr"])
surprise

# %% [markdown]
# The last column is the second step in units of $\alpha$, and a minus leads back.

# %% tags=["answer"]
rows = []
for first, then in [(3, 3), (300, 300), (3, 0.3), (3, 30), (3, -3)]:
    one, s = adam(2.0, first, State())
    two, s = adam(one, then, s)
    rows.append([first, then, (one - two) / 0.001])
display(table(["first gradient", "second gradient", "second step"], rows, ["g", "g", ".2f"]))
length = rows[3][2]
surprise.answer(surprise.options[0 if length > 1.001 else 1 if length > 0.999 else 2])

# %% [markdown]
# At the second step a gradient ten times larger makes the step shorter, because it raises the root of $\hat v$ more than it raises $\hat m$.
# After a hundred steps of 3, a gradient of 30 makes a step that is a third longer than $\alpha$.
#
# *Deeper: [how long can a step of Adam be](deeper/09_adam.ipynb)?*

# %% [markdown]
# ## Part 3. A real network
#
# First, does `torch.optim.Adam` take the two steps of Exercise 2, with the gradients 3 and $-3$?

# %%
import torch
from torch import nn, optim
from lessonlib import adam, checks
from lessonlib.lessons.lesson09 import judges, training
from lessonlib.play.prediction import predict
from lessonlib.pytorch.looped import Looped
from lessonlib.lessons.tables import table

p = nn.Parameter(torch.tensor(2.0))
optimizer = optim.Adam([p], lr=1e-3)
for g in (3.0, -3.0):
    p.grad = torch.tensor(g)
    optimizer.step()
    print(f"theta = {p.item():.5f}")

# %% [markdown]
# It takes the same two steps.
#
# ### Exercise 3. Mend the loop (6 minutes)
#
# Now a real network reads handwritten digits.
# A colleague has written this loop.
# It raises no error, and it has two mistakes.
#
# <details><summary>Hint 1</summary>PyTorch adds each new gradient to the one that is already there. Which line prevents that?</details>
# <details><summary>Hint 2</summary>Which gradients does each step use, those of its own batch or others?</details>

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
# Now your loop trains networks with momentum, torch's Adam and your own function, from the same three starts.
# `Looped` turns any rule of this course into a PyTorch optimizer.

# %%
default = predict("After 15 passes over the images, which step size reads more new digits?",
                  ["torch's Adam, lr 0.001", "torch's Adam, lr 0.01"])
default

# %% [markdown]
# The cell takes a few seconds.

# %% tags=["answer"]
mine = checks.yours("my_adam", adam)
loop = checks.yours("train", training.train, judges.judge_loop)
read, accuracy = training.accuracy_after, {}
for lr in (0.01, 0.1, 1):
    accuracy[f"momentum, lr {lr}"] = read(loop, optim.SGD, lr=lr, momentum=0.9)
for lr in (0.001, 0.01, 0.1):
    accuracy[f"torch's Adam, lr {lr}"] = read(loop, optim.Adam, lr=lr)
accuracy["my Adam, lr 0.01"] = read(
    loop, Looped, rule=mine, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8)
display(table(["optimizer", "digits read correctly"], accuracy.items(), ["", ".1%"]))
default.answer(max(default.options, key=accuracy.get))

# %% [markdown]
# If your function passed the check, it reads as well as torch's, because it is the same rule.
# The default step size is not the best one here, mostly because fifteen passes are few.
# With a hundred the two are less than a percentage point apart.
# So with small networks and few passes try 0.01 too.
# Momentum at its best step size reads as well as Adam at its best one, so on these digits the step size matters more than the name of the optimizer.

# %% [markdown]
# ## Part 4. How to set it
#
# ### What each setting does
#
# You have a ravine of [[condition number]] 100 that lies at an angle, and 100 steps.
# **Goal:** bring the loss below 0.0001.
# Raise the step size to 0.5 first, and then move one beta.
# Which of the two do you need?

# %% tags=["answer"]
from lessonlib.lessons.lesson09 import judges, play, practice
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

play.ravine_goal().live()

# %% [markdown]
# With both betas at their defaults, hardly any step size reaches the goal.
# What helps is a shorter memory of the direction, though not none.
# The other beta alone helps little.
# With a $\beta_1$ between 0.6 and 0.85, nearly every step size from a third up to 1 reaches the goal.
#
# <details><summary>Fine print</summary>Of the slider's step sizes about one in sixty reaches the goal at the defaults, where a swinging loss happens to be low at step 100. With a $\beta_2$ of 0.98 it is one in forty, with a $\beta_1$ of 0.7 one in six, and without momentum none.</details>
#
# With half as many steps again the default reaches it too, and in the batches of Part 3 both read about as many digits.
# So at work leave $\beta_1$ at 0.9 at first.
#
# ### The usual advice, tried once
#
# Each row is a case of one piece of advice, with a bad step size, the one that it gives, and one more.
# The numbers are training losses at the end, on the digits after fifteen passes.

# %% tags=["answer"]
header = ["trouble, and the step sizes tried", "bad", "advised", "one more"]
table(header, practice.first_moves(), ["", ".2f", ".2f", ".2f"])

# %% [markdown]
# Each lowers the loss, and none of them is the end of it.
# On these digits none of the usual values is unstable, so the third row starts far above them.
# There 0.0003 is slow, and a step a hundred times as long does better.
# So take the advice as a first move.
#
# *Deeper: [when the usual first move is wrong](deeper/09_adam.ipynb).*
#
# ### Exercise 4. Which bug? (4 minutes)
#
# Two colleagues have written Adam, and each has made one mistake.
# The picture shows the first 32 steps of both coordinates.
# The right Adam is red, the broken ones are black.
# Circles mark the flat direction, with a curvature of 1, and squares the steep one, with 10.

# %%
practice.show_bugs(practice.TWO_BUGS)

# %% [markdown]
# Choose from `"no bias correction"`, `"no root"`, `"t never advances"`, `"sign of the step"`.
#
# <details><summary>Hint</summary>How long is each one's first step, and do its two directions fall equally fast?</details>

# %% tags=["stub"]
bugs = {"A": None, "B": None}

# %% tags=["solution"]
bugs = {"A": "no root", "B": "no bias correction"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# Without the root, the coordinate with the large gradient takes the short steps, so in A the steep direction hardly moves.
# Without the correction the first step is 3.16 times too long, and that is what B begins with.

# %% [markdown]
# The judge runs the bug that you named and compares the paths.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Before** | standardize inputs that are numbers |
# | **Type** | `optim.Adam(model.parameters(), lr=1e-3)`, or `optim.AdamW(..., lr=3e-4)` for a transformer, with a warm-up (lesson 10) |
# | **Change first** | the step size, over 0.01, 0.003, 0.001, 0.0003 and 0.0001, and down to 0.00001 when you fine-tune a trained model; take the best, not the default, and look further if it stands at an end |
# | **Change next** | let the step size fall toward the end, and rise slowly at the start (lesson 10) |
# | **Leave** | $\beta_1$, $\beta_2$ and $\epsilon$, at first |
# | **Doubt** | a comparison in which both optimizers ran at one step size, or nobody tuned momentum |
#
# ### Where it wins, loses and fails
#
# - It usually wins in language.
#   Rare words seldom get a gradient, and one explanation is that dividing by the root of `v` gives those few a full step.
# - It can win where groups of parameters have curvatures of different size.
#   At an angle its scale helps less, and momentum does the rest, as in Part 1.
# - It can lose on new data when one input decides and many are noise, because it moves the weights of the noise as fast.
# - It can walk the wrong way when large gradients are rare and `v` forgets them too soon.
# - Whether it beats momentum on a benchmark depends on how both were tuned.
#
# *Deeper: [the evidence for each of the five](deeper/09_adam.ipynb).*
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>How long is Adam's first step without bias correction, and why?</summary>About three times the step size, and the next ones are longer still. m holds a tenth of the gradient, the root of v about a thirtieth of it.</details>
# <details><summary>The gradients are 3 and 3, or 300 and 300. How do the two paths differ?</summary>They do not. The scale cancels between m and the root of v.</details>
# <details><summary>At one step size A beats B. Which is the better optimizer?</summary>That is open. You know who wins at this step size, and each must have its own best one.</details>
#
# And here is what you did today.
# It is kept in one file where the notebook runs, and the course sends it nowhere unless you join a teacher's board.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Adam divides an average of the gradients by the root of an average of the squared gradients.
# - A steady gradient moves every parameter by $\alpha$, whether it is large or small.
# - Tune the step size first, for every optimizer that you compare.
#
# **Next, [lesson 10](10_adamw.ipynb).**
# You want the weights to stay small, so you add a penalty to the loss.
# Adam divides the gradient of the penalty by the root of `v` too.
# What does that do to weights with large gradients?
