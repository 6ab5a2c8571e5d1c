# %% [markdown]
# # Lesson 9. Adam
#
# *About 30 minutes to read, 55 with the exercises.*
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
# ### A line that momentum and RMSprop do not find
#
# Here are forty simulated winter days.
# Each dot is one day, with the temperature outside and the gas that a house burned.
# The warmer the day, the less gas.
#
# Four optimizers fit a line, gas = slope · temperature + intercept.
# Each starts with a slope of 0 and an intercept of 0, and has 300 steps.
# Each uses the step size that worked best for it, out of the same thirty step sizes.
#
# Run the set-up cell above and the next one, then move the slider and watch them walk.
# **Goal:** find a number of steps at which RMSprop's line fits better than Adam's.

# %%
import numpy as np
from lessonlib import State, adam
from lessonlib.lessons.lesson09 import heating, opening
from lessonlib.play.prediction import predict
from lessonlib.tables import table

opening.four_lines().live()

# %% [markdown]
# After 300 steps only one line follows the dots.
# Momentum's line rises where the dots fall, and RMSprop's is far too flat.
# In the right panel RMSprop's large steps make it hop from side to side, which is the thick bar.
# With small steps it would crawl.
# Only Adam arrives at the star.
#
# <details><summary>Fine print</summary>Full batch, constant step size, betas at their defaults. The step sizes are thirty from 0.0001 to 10, and each rule gets the one that leaves least on average over ten simulated winters. For that choice the loss is the mean of the last thirty steps, because RMSprop hops. The pictures and tables show one of the ten winters. Momentum with a longer memory does better than the one shown, and at 0.98 it leaves 1 %. With a step size that decays the gap to RMSprop is five to twenty times instead of thousands.</details>
#
# What is so hard about this line?
# Before you read on, choose the change that you think would help momentum and RMSprop most.

# %%
remedy = predict("What would help momentum and RMSprop most?",
                 ["less noisy data", "twice as many days", "half the step size",
                  "temperatures in other units"])
remedy

# %% [markdown]
# The next cell tries all four.
# It shows the share of the [[excess loss]] that is left after 300 steps.

# %% tags=["answer"]
ravine, with_scales, at_best = heating.condition_numbers()
rows = heating.remedies()
display(table(["change", "momentum", "RMSprop"], rows, ["", ".1%", ".1%"]))
remedy.answer(heating.best_remedy(rows))

# %% [markdown]
# The other unit counts degrees from the mean temperature and divides them by the standard deviation.
# So the trouble is the unit of the temperature, and here is why.
# Adding 1 to the slope moves the line by 50 at a temperature of 50 degrees.
# Adding 1 to the intercept moves it by 1.
# So the loss curves far more along the slope than along the intercept.
# The two numbers also pull against each other, because a steeper line needs a higher start.
# Together that makes a [[ravine]] that lies at an angle, and its [[condition number]] is {{ ravine:,.0f}}.
# Lesson 7 showed what a ravine does to a single step size.
#
# RMSprop gives slope and intercept a step size each, by the size of their gradients.
# That repairs a part of the trouble, and the condition number falls to about {{ with_scales:.0f}}.
# No pair of step sizes gets below {{ at_best:.0f}}, because they stretch the axes, and a tilted ravine stays tilted.
#
# What is left is still a ravine, and momentum was made for ravines.
# So keep RMSprop's two step sizes and add a memory of the direction.
# Let us test this.
# We take the two step sizes that RMSprop has after 100 steps and keep them fixed.
# Then we walk twice, without momentum and with momentum.

# %%
rows = heating.frozen_scales()
table(["with RMSprop's two step sizes", "excess loss left"], rows, ["", ".1%"])

# %% [markdown]
# Without momentum the walk is left behind, as RMSprop is.
# With momentum it arrives.
# **Adam is RMSprop's scale and momentum's direction, in one rule.**
#
# At work you would change the unit first, because that helps every optimizer.
# Adam is for the many scales that you cannot see and cannot change.
#
# ### One direction, one scale
#
# Momentum keeps an average of the gradients, `m`.
# RMSprop keeps an average of their squares, `v`.
# Adam keeps both, for every parameter.
# Each parameter moves against its own `m`, divided by the root of its own `v`.

# %%
opening.show_flow()

# %% [markdown]
# Take one step by hand.
# There are two parameters, with gradients 3 and 0.003.
# Both gradients have been the same for so long that `m` is the gradient and `v` is its square.
# The step size is $\alpha = 0.001$.

# %%
small = predict("How far does the parameter with the gradient 0.003 move?")
small

# %% [markdown]
# Divide `m` by the root of `v`, and multiply by the step size.

# %% tags=["answer"]
m, v = np.array([3, 0.003]), np.array([9, 0.000009])
moves = 0.001 * m / v**0.5
display(table(["gradient", "moves by"], [["3", f"{moves[0]:.3f}"], ["0.003", f"{moves[1]:.3f}"]]))
small.answer(moves[1])

# %% [markdown]
# Both move by $\alpha$.
# The root makes this possible.
# `m` has the units of a gradient, and the root of `v` has them too, so dividing one by the other leaves no units at all.
# If you multiply the loss by a thousand, Adam takes the same path, as long as the gradients stay far above $\epsilon$.
#
# ### The start needs a correction
#
# Both averages start at zero.

# %%
first_m = predict(
    "The gradient is 3 at every step and beta1 is 0.9. What is m after the first step?"
)
first_m

# %% [markdown]
# One step of `adam`, from the library.

# %% tags=["answer"]
theta, s = adam(2.0, 3.0, State())
first_m.answer(s.m)

# %% [markdown]
# That is a tenth of what it should be, because the average has seen one gradient and nine tenths of a zero.
# After $t$ steps of the same gradient, `m` holds the share $1-\beta_1^t$ of it.
# So Adam divides by that share.
# The result is called `m_hat`, written $\hat m$, and it is right from the first step on.
# `v` gets the same treatment with its own $\beta_2$.
# This is [[bias correction]].
#
# One often reads that the correction is over by step 50.
# Look at the two marks in the picture.
# The sliders set the [[memory]] of each average, $1/(1-\beta)$ steps, and they start at Adam's defaults, 10 and 1000.
# **Goal:** make the memory of `v` shorter until its mark at step 50 stands at nine tenths of the dashed line.

# %%
opening.filling().live()

# %% [markdown]
# For `m` the correction is over by step 50.
# For `v` it is far from over, because `v` still holds only {{ 1 - 0.999**50:.0%}} of its value.
#
# How long is a step without the correction?
# At the first step `m` holds a tenth of the gradient, and `v` holds a thousandth of its square.

# %%
uncorrected = predict(
    "Without correction, how long is Adam's first step, in units of the step size?"
)
uncorrected

# %% [markdown]
# The same division as before, with what the two averages hold at step 1.

# %% tags=["answer"]
first_step = 0.1 / 0.001**0.5
uncorrected.answer(first_step)

# %% [markdown]
# One often reads that uncorrected steps are too short, but the first one is too long.
# `m` is too small, but it is divided by the root of a `v` that is smaller still.
# With the correction a steady gradient moves you by $\alpha$ from the first step on.
#
# *Deeper: [how wrong is a step without correction](deeper/09_adam.ipynb), and does it matter when a network trains?*

# %% [markdown]
# ## Part 2. The rule
#
# Adam stands for adaptive moment estimation.
# The [[first moment]] is the average of $g$, and the [[second moment]] is the average of $g^2$.
# Here is the whole rule, with the line of code beside each formula.
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
# Everything is done for each parameter on its own.
# `theta`, `g`, `m` and `v` have the same shape.
#
# Many texts call `v` the variance of the gradient.
# Let us see what `v` becomes when the gradient is always 3, so that its [[variance]] is zero.

# %%
import numpy as np
from lessonlib import State, adam, checks, run
from lessonlib.lessons.lesson09 import heating, judges
from lessonlib.play.prediction import predict

theta, s = 0.0, State()
for _ in range(10_000):
    theta, s = adam(theta, 3.0, s)
print(f"v = {s.v:.3f}")

# %% [markdown]
# `v` is the mean of the squares, and nothing is subtracted from it.
# If `v` were the variance, it would shrink toward zero here, and the step would grow for as long as the gradient stays steady.
#
# ### In PyTorch it is one line
#
# These are the lines that you will write at work.
# They can be copied whole, where `model`, `criterion` and `dataloader` are yours.
#
# ```python
# import torch.optim as optim
#
# optimizer = optim.Adam(model.parameters(), lr=1e-3)  # its defaults, a good first try
#
# for x_batch, y_batch in dataloader:
#     optimizer.zero_grad()
#     loss = criterion(model(x_batch), y_batch)
#     loss.backward()
#     optimizer.step()
# ```
#
# For a transformer take AdamW in the second line, which does [[weight decay]] right, as lesson 10 shows.
#
# ```python
# optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
# ```
#
# PyTorch takes both betas as one pair, `optim.Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)`.
#
# The usual advice goes with it.
# Keep $\beta_1$, $\beta_2$ and $\epsilon$ at their defaults and tune only $\alpha$.
# Common values are 0.001, 0.0003 and 0.0001.
# If the loss swings up and down, halve $\alpha$.
# If the loss falls slowly, take three times $\alpha$.
# If training is unstable early, try 0.0003.
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
# If something is off, it says what it saw and asks you a question.

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
# Fill in the second column.
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
# The judge looks at one number after the other and stops at the first that is off.

# %%
judges.judge_second_step(second)

# %% [markdown]
# In the table both steps are equally long, and they would be for any steady gradient.
# When the sign changes, the step nearly vanishes.
# What if the second gradient is ten times larger than the first?

# %%
surprise = predict("The gradients are 3, then 30. How long is the second step, in units of lr?")
surprise

# %% [markdown]
# Two steps with several pairs of gradients.
# The last column is the second step in units of $\alpha$.

# %% tags=["answer"]
rows = []
for first, then in [(3, 3), (300, 300), (3, 0.3), (3, 30), (3, -3)]:
    one, s = adam(2.0, first, State())
    two, s = adam(one, then, s)
    rows.append([first, then, (one - two) / 0.001])
display(table(["first gradient", "second gradient", "second step"], rows, ["g", "g", ".2f"]))
surprise.answer(rows[3][2])

# %% [markdown]
# So early, a surprise makes the step shorter, whether the new gradient is small or large.
# A large one raises the root of $\hat v$ more than it raises $\hat m$.
# After a hundred steps of 3, a gradient of 30 makes a step that is a third longer than $\alpha$.
#
# *Deeper: [how long can a step of Adam be](deeper/09_adam.ipynb)?*

# %% [markdown]
# ## Part 3. In PyTorch
#
# First a test on one number.
# Does `torch.optim.Adam` take the two steps of the table, with a gradient of 3?

# %%
import torch
from torch import nn, optim
from lessonlib import adam, checks
from lessonlib.lessons.lesson09 import judges, training
from lessonlib.play.prediction import predict
from lessonlib.pytorch.looped import Looped
from lessonlib.tables import table

p = nn.Parameter(torch.tensor(2.0))
optimizer = optim.Adam([p], lr=1e-3)
for _ in range(2):
    p.grad = torch.tensor(3.0)
    optimizer.step()
    print(f"theta = {p.item():.3f}")

# %% [markdown]
# ### Exercise 3. Complete the loop (6 minutes)
#
# Now a real network reads handwritten digits.
# `training.digits_loader()` gives batches of 64 images with their labels, and `training.network()` gives a small network.
# Only the four lines in the middle are missing.
#
# <details><summary>Hint 1</summary>PyTorch adds each new gradient to the one that is already there. Which line prevents that?</details>
# <details><summary>Hint 2</summary>Which line computes the gradients, and which one uses them?</details>

# %% tags=["stub"]
def train(model, optimizer, dataloader, epochs=15):
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        for x_batch, y_batch in dataloader:
            ...  # your four lines

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
# Without `zero_grad` the optimizer would walk along the sum of all gradients so far.

# %% [markdown]
# The judge trains a tiny network with your loop and compares it with the right one.

# %%
judges.judge_loop(train)

# %% [markdown]
# Now your loop trains four networks from the same start, on the same batches.
# One uses momentum, one torch's Adam at its default step size, and one torch's Adam at ten times that.
# The fourth one uses your own function.
# `Looped` turns any rule of this course into a PyTorch optimizer.

# %%
default = predict("After 15 passes over 1297 images, which step size reads more of the new digits?",
                  ["torch's Adam, lr 0.001", "torch's Adam, lr 0.01"])
default

# %% [markdown]
# The cell takes a few seconds.
# Where your loop or your `my_adam` is not finished, the library's takes its place.

# %% tags=["answer"]
mine = checks.yours("my_adam", adam)
loop = checks.yours("train", training.train, judges.judge_loop)
defaults = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
makers = {"momentum, lr 0.1": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
          "torch's Adam, lr 0.001": lambda params: optim.Adam(params, lr=0.001),
          "torch's Adam, lr 0.01": lambda params: optim.Adam(params, lr=0.01),
          "my Adam, lr 0.01": lambda params: Looped(params, mine, lr=0.01, **defaults)}
accuracy = {name: training.accuracy_after(loop, make) for name, make in makers.items()}
display(table(["optimizer", "digits read rightly"], accuracy.items(), ["", ".1%"]))
default.answer(max(default.options, key=accuracy.get))

# %% [markdown]
# Your function reads as well as torch's, because it is the same rule.
# The default step size is not the best one here, because the network is small and the training is short.
# Momentum at 0.1 reads about as well as Adam at 0.01, so on these digits the step size matters more than the name of the optimizer.

# %% [markdown]
# ## Part 4. How to set it
#
# ### What each setting does
#
# You have a ravine of [[condition number]] 100 that lies at an angle, and 100 steps.
# **Goal:** bring the loss below 0.0001.
# Start with the step size, then find out which of the two betas you need.

# %% tags=["answer"]
import numpy as np
from lessonlib.lessons.lesson09 import judges, play, practice
from lessonlib.play.prediction import predict, summary
from lessonlib.tables import table

play.ravine_goal().live()

# %% [markdown]
# With both betas at their defaults, hardly any step size is enough.
# Short steps crawl, and long ones swing through the valley and back.
# What helps is a shorter memory of the direction, so that Adam turns sooner.
# With a $\beta_1$ between 0.6 and 0.85, nearly every step size from a third up to 1 reaches the goal.
# This ravine has no noise.
# With the noisy gradients of a network 0.9 is a good start.
#
# <details><summary>Fine print</summary>At the defaults 2 % of the step sizes reach the goal, by a swing that passes the middle just then, and at 0.7 it is 17 %.</details>
#
# ### The usual advice, tried once
#
# Each piece of advice is tried once, as the mean of three runs.

# %% [markdown]
# The table shows the final loss three times, with the bad step size, with the advised one, and with one more change.

# %% tags=["answer"]
header = ["trouble, and the step sizes tried", "bad", "advised", "changed again"]
table(header, practice.first_moves(), ["", ".2f", ".2f", ".2f"])

# %% [markdown]
# Each lowers the loss, and none of them is the end of the matter.
# Halving again helps again, and so does three times more.
# At 0.0003 the unstable run trains again, but as slowly as the slow run one row above.
# So take the advice as a first move and go on looking.
#
# *Deeper: [two first moves that are wrong](deeper/09_adam.ipynb).*
#
# ### Exercise 4. Which bug? (4 minutes)
#
# Two colleagues have written Adam, and each has made one mistake.
# The picture shows how far both coordinates still are from the minimum.
# The right Adam is red, the broken ones are black.
# Circles mark the flat direction, squares the steep one.

# %%
practice.show_bugs(practice.TWO_BUGS)

# %% [markdown]
# Look at the first step, then at whether the flat and the steep direction stay together.
# Choose from `"no bias correction"`, `"no root"`, `"t never advances"`, `"sign of the step"`.

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
# | **Before** | bring inputs to one scale |
# | **Type** | `optim.Adam(model.parameters(), lr=1e-3)`, or `optim.AdamW(..., lr=1e-3, weight_decay=1e-2)` for a transformer |
# | **Change first** | the step size, over 0.01, 0.003, 0.001, 0.0003 and 0.0001, and down to 0.00001 when you fine-tune a trained model; take the best, not the default |
# | **Change next** | a warm-up and clipping where training is unstable early (lesson 10); $\beta_2$ to 0.95 where the scale of the gradients jumps |
# | **Leave** | $\beta_1$ and $\epsilon$, at first |
# | **Doubt** | a comparison in which both optimizers ran at one step size, or nobody tuned momentum |
#
# ### Where it wins, loses and fails
#
# - It wins in language, where rare words get small gradients and would hardly move otherwise.
#   *[Deeper: rare words](deeper/09_adam.ipynb)*
# - It wins where groups of parameters have curvatures of different size.
#   *[Deeper: blocks](deeper/09_adam.ipynb)*
# - It loses when only one feature is useful, because it moves the useless weights as far as the useful one.
#   *[Deeper: Wilson's least squares](deeper/09_adam.ipynb)*
# - It can walk the wrong way when large gradients are rare and `v` forgets them too soon.
#   *[Deeper: Reddi's line](deeper/09_adam.ipynb)*
# - Whether it beats momentum on a benchmark depends on how both were tuned.
#   *[Deeper: fair comparison](deeper/09_adam.ipynb)*
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>How long is Adam's first step without bias correction, and why not shorter?</summary>About three times the step size. m holds a tenth of the gradient, the root of v about a thirtieth of it.</details>
# <details><summary>The gradients are 3 and 3, or 300 and 300. How do the two paths differ?</summary>They do not. The scale cancels between m and the root of v.</details>
# <details><summary>At one step size A beats B. What do you know?</summary>Nothing yet. Each must have its own best step size.</details>
#
# And here is what you did today.
# It is kept in one file on your own machine, and nowhere else.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Adam divides an average of the gradients by the root of an average of the squared gradients.
# - A steady gradient moves every parameter by $\alpha$, whatever its size.
# - Tune the step size first, for every optimizer that you compare.
#
# **Next, [lesson 10](10_adamw.ipynb).**
# You want the weights to stay small, so you add a penalty to the loss.
# Adam divides its gradient by the root of `v` too.
# What does that do to weights with large gradients?
