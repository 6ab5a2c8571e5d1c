# %% [markdown]
# # Lesson 7. Momentum
#
# *About 27 minutes to read, 50 with the exercises.*
#
# In lesson 0 you found the largest step that gradient descent can take.
# In this lesson you give it a memory.
# At the end you can write [[momentum]], choose its two settings, and train a network with it in PyTorch.
#
# **From lesson 0, from memory.**
# The curvature across a valley is 100.
# How large may a step of gradient descent be?
#
# <details><summary>Answer</summary>Less than 2 divided by the curvature, so less than 0.02. At exactly that size it hops from side to side for ever.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A step that remembers
#
# ### The zigzag
#
# Here is a narrow valley, called a [[ravine]].
# Its curvature is 100 across and 1 along, and its lowest point is the star.
# Gradient descent and momentum start at the square and have 100 steps.
# Each has the step size that is best for it.
#
# **Goal:** find the step from which momentum's loss stays below the black line for good.

# %%
import numpy as np
from lessonlib import State, checks, momentum
from lessonlib.lessons.lesson07 import judges, opening
from lessonlib.play.prediction import predict

opening.two_paths().live()

# %% [markdown]
# Gradient descent jumps across the valley again and again.
# Along the valley each step leaves 98.1 % of the distance, so in the end 15 % is left.
# Momentum zigzags too, but its step size is four times as large, and it arrives.
# That step size is above gradient descent's limit of 0.02.
#
# <details><summary>From which step on?</summary>From step 38.</details>
# <details><summary>Fine print</summary>Sixty step sizes for each rule. For each of them we take the largest loss of the last ten steps, so that one lucky step does not count, and the best is where this is smallest. Momentum's second setting, beta, is 0.8 here. With it, step sizes from three to six times gradient descent's end about as low.</details>
#
# ### What the gradients say
#
# Each bar is a gradient that gradient descent meets on its way.

# %%
opening.show_gradients()

# %% [markdown]
# Suppose you step along an average of the last few gradients, and not along the newest one.

# %%
cancel = predict(
    "What does averaging do to these gradients?",
    [
        "it shrinks both directions alike",
        "it shrinks the gradients across, and keeps those along",
        "it keeps the gradients across, and shrinks those along",
    ],
)
cancel

# %% [markdown]
# The same bars, and over them such an average, which is called a running average.

# %% tags=["answer"]
opening.show_gradients(average=True)
cancel.answer(opening.what_averaging_does())

# %% [markdown]
# Across the valley the gradient changes its sign at every step, so plus and minus cancel.
# Along the valley the gradients agree, and by step 13 the average is as large as they are.
# That is the idea of momentum.
#
# **Step along an average of the gradients.
# What disagrees cancels, and what agrees stays.**
# And where gradients cancel, a longer step is allowed, as Part 3 shows.
#
# <details><summary>Fine print</summary>On momentum's own path the sign across changes more slowly, every two or three steps. Still the average across is only about a sixth of the gradients.</details>
#
# ### The rule
#
# How much an average keeps is called its beta.
# The pictures above have 0.8, and the first example of PyTorch's manual has 0.9.
# With 0.9 each step keeps nine tenths of the old average and adds one tenth of the new gradient.
#
# $$m_t = \beta_1\, m_{t-1} + (1-\beta_1)\,g_t \qquad\qquad \theta_t = \theta_{t-1} - \alpha\, m_t$$
#
# | Symbol | Code | What it is | Default |
# |---|---|---|---|
# | $\theta$ | `theta` | the parameters | |
# | $g$ | `g` | the [[gradient]] of the loss | |
# | $m$ | `m` | running average of the gradient, an [[exponential moving average]] | starts at 0 |
# | $\beta_1$ | `beta1` | the share of the old average that is kept | 0.9 |
# | $\alpha$ | `lr` | the step size, or [[learning rate]] | |
#
# The small $t$ counts the steps.
# Adam has two betas, so this one is called $\beta_1$.
# In the text we say only beta.
# With a beta of 0 nothing is kept, and momentum is gradient descent.
#
# Here one gradient of 1 arrives and then only zeros.
# The cell prints five steps of the average, and the sum over fifty.

# %%
m, seen = 0.0, []
for g in [1] + 49 * [0]:
    m = 0.9 * m + 0.1 * g
    seen.append(round(m, 4))
print(seen[:5], round(sum(seen), 3))

# %% [markdown]
# A gradient enters with a tenth of its size and fades by a tenth at each step.
# So `m` gives the newest gradient the weight 0.1, the one before it 0.09, and so on.
# After some dozens of steps the weights add up to nearly one, so `m` is an average.
#
# ### Exercise 1. Write momentum (8 minutes)
#
# `theta` and `g` are arrays, and `s.t` counts the steps already taken.
# A `State` holds what an optimizer remembers between two steps, here the step count `t` and the average `m`.
# An empty one is `State()`, and its `m` is the number 0.0.
# Return the new `theta` and a new `State(t, m)`, and change nothing in place.
#
# <details><summary>Hint 1</summary>Feed it a constant gradient of 1. Where should an average of ones end?</details>
# <details><summary>Hint 2</summary>What will the next call need to know that this one has computed?</details>

# %% tags=["stub"]
def my_momentum(theta, g, s, *, lr, beta1):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_momentum(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * m
    return theta, State(s.t + 1, m)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The factor $1-\beta_1$ makes the weights add up to one, after many steps.
# The state carries `m` to the next step, and it counts the step, which Adam will need.

# %% [markdown]
# The check asks you a question if something is off.

# %%
checks.check(my_momentum, against=momentum)

# %% [markdown]
# ### Exercise 2. A colleague's momentum (4 minutes)
#
# This function raises no error.
# But in the valley above, with gradient descent's step size and a beta of 0.8, its loss grows into the millions.
# Find what is wrong and fix it.

# %% tags=["stub"]
def colleague(theta, g, s, *, lr, beta1):
    theta = theta - lr * s.m
    m = beta1 * s.m + (1 - beta1) * g
    return theta, State(s.t + 1, m)

# %% tags=["solution"]
def colleague(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * m
    return theta, State(s.t + 1, m)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The step was taken along the old average, before the new gradient had entered it.
# So every gradient moved `theta` one step too late, and the first step went nowhere.
# The two lines belong in the other order, and the step needs the new `m`.

# %% [markdown]
# The judge compares your function with the right one.

# %%
judges.judge_colleague(colleague)

# %% [markdown]
# ## Part 2. What the memory costs
#
# How long does the average remember?
# With $\beta_1 = 0.9$ it adds a tenth of each gradient, and remembers about ten steps.
# We call $1/(1-\beta_1)$ steps its [[memory]].

# %%
from lessonlib.lessons.lesson07 import averages
from lessonlib.play.prediction import predict

left = predict(
    "A gradient enters m with weight 0.1. Ten steps later, which share of that weight is left?"
)
left

# %% [markdown]
# Each step keeps nine tenths of what is there.

# %% tags=["answer"]
left.answer(0.9**10, within=0.2)

# %% [markdown]
# After ten steps about a third of its weight is left.
#
# Is a longer memory always better?
# In the picture the true gradient is a slow wave.
# Each grey dot is a measurement of it, with some noise.
# The right panel shows how far `m` typically is from the true gradient.
# **Goal:** at a noise of 1, find an average that is off by less than 0.35.

# %% tags=["answer"]
averages.noisy_average().live()

# %% [markdown]
# A short memory follows the noise.
# A long one is smooth, but it is late and too flat.
# The long one is still high when the wave has turned.
# On the right, a longer memory makes the error from the noise smaller, and the error from being late larger.
# The best memory lies between, and with more noise it is longer.
#
# <details><summary>Which memory reaches the goal?</summary>One from 5 to 17 steps.</details>
# <details><summary>Fine print</summary>How far it is off is a root mean square over all possible noise.</details>
#
# *Deeper: [both laws of the average](deeper/07_momentum.ipynb#1.-What-does-an-average-cost,-and-what-does-it-buy?).*

# %% [markdown]
# ## Part 3. The ravine
#
# ### Below a millionth in a hundred steps
#
# This is the valley of Part 1, without noise.
# What is memory for here?
# The sliders start near gradient descent's best step size, without memory.
# **Goal:** bring the loss below 0.000001.
#
# - First raise beta alone.
# - Then set beta to 0.8, as in Part 1, and raise the step size until the loss is below the line.
# - Last, keep that step size and raise beta to 0.95.
#   What does the path do then?
#   The stored picture shows this last setting, which misses the goal.

# %% tags=["answer"]
from lessonlib import momentum, run
from lessonlib.lessons.lesson07 import growth, judges, play
from lessonlib.lessons.tables import table
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine

play.ravine_task().live()

# %% [markdown]
# At the short step size memory lowers the loss only a little, and a beta of 0.95 makes it higher.
# What memory buys is mostly a longer step.
# Without it the step size must stay below 0.02, and with 0.8 one four times as large arrived.
# But at this long step size a beta of 0.95 carries momentum past the star and back, and the zigzag lasts.
#
# ### How long does it take?
#
# The steepest curvature divided by the flattest is the [[condition number]], written $\kappa$.
# For the valley above it is 100.
# We count the steps until the loss stays below $10^{-10}$ times the first one.
# Each rule has nearly the best settings for each ravine.
#
# | $\kappa$ | gradient descent | momentum |
# |---|---|---|
# | 10 | {{ play.steps_by_kappa()[10][0] }} steps | {{ play.steps_by_kappa()[10][1] }} steps |
# | 100 | {{ play.steps_by_kappa()[100][0] }} steps | {{ play.steps_by_kappa()[100][1] }} steps |

# %%
longer = predict("For kappa = 10,000, how many steps does momentum need?")
longer

# %% [markdown]
# The pale line is momentum with a beta of 0.9 in every ravine, and with the best step size for it.

# %% tags=["answer"]
growth.show_growth()
longer.answer(play.steps_by_kappa()[10_000][1], within=0.3)

# %% [markdown]
# Gradient descent needs steps nearly in proportion to $\kappa$.
# **Momentum needs steps in proportion to the square root of $\kappa$.**
# That holds if you choose beta for the ravine.
# With 0.9 everywhere momentum is near its best in one of these ravines, and slower than gradient descent in the mildest two.
#
# ### Why are there fewer steps?
#
# Take $\kappa = 100$.
# The largest step size that stays in the valley is called the [[border]].
# For gradient descent it is 0.02.
# Along the valley the curvature is 1, so there a step covers at most 2 % of what is left.
#
# At gradient descent's border $\theta$ hops to $-\theta$ and back for ever, as in the question that opened this lesson.
# Suppose that momentum does the same at its own border, which the next table will test.
# Then each gradient is the one before it with the other sign, and the average flips too.
# If the new average is $m$, the old average was $-m$, and the rule says
#
# $$m = \beta_1\,(-m) + (1-\beta_1)\,g, \qquad\text{so}\qquad m = \frac{1-\beta_1}{1+\beta_1}\,g$$
#
# Take a beta of 0.8, as in Part 1.
# Then `m` is only a ninth of a gradient that flips.
# To reach from $\theta$ to $-\theta$ its step size must be nine times as large, so its border should be 0.18.

# %%
border = predict("Where is momentum's border with a beta of 0.9?")
border

# %% [markdown]
# For both betas a step size on each side of the border, and the loss after 300 steps.

# %% tags=["answer"]
rows = []
for beta1, lr in [(0.8, 0.179), (0.8, 0.181), (0.9, 0.379), (0.9, 0.381)]:
    walk = run(momentum, ravine(100), steps=300, lr=lr, beta1=beta1)
    rows.append([beta1, lr, walk.loss[-1]])
display(table(["beta", "step size", "loss"], rows, ["g", "g", ".0e"]))
border.answer(0.02 * (1 + 0.9) / (1 - 0.9), within=0.02)

# %% [markdown]
# **With an average, a larger beta allows a larger step size.**
# Along the valley longer steps save steps.
#
# ### Why not a larger beta still?
#
# Because with a beta of 0.9 a step leaves, in the long run, at least 0.9 of the loss, however long it is.
# So all step sizes from 0.03 to 0.3 take 215 to 235 steps.
# In the mildest ravine the best step size takes as many, so the pale line is level at first.
#
# <details><summary>Why 220 steps?</summary>Because 0.9²²⁰ is about 10⁻¹⁰. The deeper notebook shows why a step leaves so much.</details>
# <details><summary>Is that all of the gain?</summary>No. For $\kappa = 100$ the best beta is 0.67, whose border is five times gradient descent's, and there are seven times fewer steps. The rest is won along the valley. There the gradients shrink, so m is larger than the newest one, as from step 13 on in Part 1, and the step is longer still.</details>
# <details><summary>Fine print</summary>Gradient descent has the step size $2/(\kappa+1)$, and momentum $1/\sqrt\kappa$ with a beta of $(\sqrt\kappa-1)^2/(\sqrt\kappa+1)^2$, the fastest for a loss whose curvature is the same everywhere (Polyak 1964). On another loss they may circle for ever. Both steps are 1 % shorter here and beta is rounded up, because then both rules need fewer steps. With gradient descent's step size and the best beta for it, momentum takes {{ play.memory_alone() }} steps at $\kappa = 100$.</details>
#
# *Deeper: [why the square root](deeper/07_momentum.ipynb#2.-Why-the-square-root?-One-direction,-two-numbers), and [whether the rate is guaranteed](deeper/07_momentum.ipynb#6.-Is-the-rate-guaranteed?).*
#
# ### Exercise 3. Which ravine was that? (3 minutes)
#
# A colleague's momentum, with the best settings for its ravine, needed 2,000 steps to the same goal.
# About how large is the condition number?
# Start from a point of the picture, and up to 30 % more or fewer steps will pass.

# %% tags=["stub"]
my_kappa = None

# %% tags=["solution"]
my_kappa = 10_000 * (2_000 / 676) ** 2

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The count is nearly three times that of a condition number of 10,000.
# It goes with the root, so the condition number is about nine times as large.

# %% [markdown]
# The judge counts momentum's steps at your condition number.

# %%
judges.judge_kappa(my_kappa, steps=2_000)

# %% [markdown]
# ## Part 4. In PyTorch
#
# ```python
# import torch.optim as optim
#
# optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
#
# for x, y in batches:
#     loss = loss_of(model(x), y)
#     optimizer.zero_grad()  # forget the old gradients
#     loss.backward()        # compute the new ones
#     optimizer.step()       # move the weights
# ```
#
# Without `momentum` this is gradient descent.
# This course keeps an average of the gradients, `m = beta * m + (1 - beta) * g`.
# PyTorch keeps a sum in which the old gradients fade, `m = beta * m + g`.

# %%
import torch
from torch import optim
from lessonlib.lessons.lesson07 import judges, network
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

total = predict(
    "The gradient is 1 for a long time. Where does PyTorch's sum end, with momentum=0.9?"
)
total

# %% [markdown]
# With a step size of 1, the length of a step is the sum.

# %% tags=["answer"]
p = torch.nn.Parameter(torch.zeros(()))
optimizer = optim.SGD([p], lr=1.0, momentum=0.9)
for _ in range(100):
    before = p.item()
    p.grad = torch.ones(())
    optimizer.step()
total.answer(before - p.item())

# %% [markdown]
# PyTorch leaves out the factor $1-\beta_1$, so its sum ends at ten times the gradient.
# So for the same path the two need different step sizes.
#
# | This course | PyTorch | A steady gradient $g$ ends in steps of |
# |---|---|---|
# | `momentum(lr=a, beta1=b)` | `SGD(lr=a * (1 - b), momentum=b)` | $a\,g$ |
# | `momentum(lr=a / (1 - b), beta1=b)` | `SGD(lr=a, momentum=b)` | $a\,g\,/\,(1-b)$ |
#
# <details><summary>Fine print</summary>
#
# PyTorch's option `dampening=0.9` puts the factor back for every gradient but the first.
# Its option `nesterov=True` makes the step look ahead, as [the deeper notebook](deeper/07_momentum.ipynb) shows.
#
# </details>
#
# ### Exercise 4. Translate a recipe (3 minutes)
#
# A recipe for PyTorch says `SGD(lr=0.1, momentum=0.9)`.
# You want to try `momentum=0.99`, and a steady gradient should move you as far as before.
# Which `lr` do you give to PyTorch?

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 0.01

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The sum now ends at a hundred times the gradient instead of ten, so the step size must be a tenth.
# When a run goes wrong after somebody raised `momentum`, look here first.

# %% [markdown]
# The judge compares how far a steady gradient moves you.

# %%
judges.judge_lr(my_lr)

# %% [markdown]
# ### A real network
#
# The last test is a network with three hidden layers that reads handwritten digits.
# Each of its 100 steps sees all training images, the [[full batch]].
# Each rule runs from the same ten starts, at its best step size, and beta is 0.9.

# %%
deep = predict(
    "After 100 steps, how does momentum's training loss compare with gradient descent's?",
    ["about the same", "several times lower", "a million times lower, as in the ravine"],
)
deep

# %% [markdown]
# Each line is the median of the ten starts, and its band holds all of them.
# The pale line is momentum at the next shorter step size that was tried.

# %% tags=["answer"]
trained = network.both()
network.show_curves(trained, network.shorter())
deep.answer(network.how_much_lower(trained))

# %% [markdown]
# Momentum's loss ends about {{ network.ratio(trained):.0f}} times lower.
# At these long step sizes both bold lines rise once on the way.
#
# Is it the longer step that helps?
# We exchange the step sizes.

# %%
long_step = predict(
    "At momentum's step size, where does gradient descent's loss end?",
    ["as low as momentum's", "between the two", "higher than before"],
)
long_step

# %% [markdown]
# Here are both rules at both step sizes, with a point for each start.

# %% tags=["answer"]
swapped = network.exchanged(trained)
network.show_ends(trained, swapped)
long_step.answer(network.with_the_long_step(trained, swapped))

# %% [markdown]
# At the short step the two end about equal.
# At the long one gradient descent is no better than a random guess, and momentum learns.
# So with a beta of 0.9 it is the longer step that helps, and only momentum can use it.
# In PyTorch you type this long step as `lr=0.11`.
# That is a smaller number than gradient descent's 0.24, because PyTorch's sum is ten times the average.
#
# <details><summary>And with very small batches?</summary>With batches of 4 images, in a smaller network, momentum ends no lower than gradient descent. With batches of 256 its loss there is about four times lower.</details>
#
# *Deeper: [what momentum does to noise, and what to a training](deeper/07_momentum.ipynb#5.-What-does-momentum-do-to-noise,-and-what-to-a-training?).*
#
# <details><summary>Fine print</summary>Layers of 32 ReLU units, He start. Of fourteen step sizes the best has the lowest mean loss at the end. On new digits momentum is right on {{ trained["momentum"].read:.0%}} and gradient descent on {{ trained["sgd"].read:.0%}}.</details>
#
# ### Exercise 5. Tune it yourself (6 minutes)
#
# With `momentum=0.99`, which `lr` do you give to `optim.SGD`?
# Bring the training loss of the same network below 0.28, from each of three starts.
# With a momentum of 0.9 the best `lr` was 0.11.
# Begin with the one that Exercise 4 would give, and change it by factors of two.

# %% tags=["stub"]
my_lr_at_99 = None

# %% tags=["solution"]
my_lr_at_99 = 0.022

# %% [markdown] tags=["solution"]
# *Why it is so.*
# With the old `lr` a steady gradient now moves you ten times as far, and not every start reaches the goal.
# The translated one is too short, and twice that is enough.

# %% [markdown]
# The judge trains the network from three starts, which may take half a minute.
# It also tries a slightly larger `lr`, because one run may end low by luck.

# %%
judges.judge_setting(my_lr_at_99, momentum=0.99)

# %% [markdown]
# ### When you change `momentum`
#
# When you leave 0.9, do you keep the old `lr`, or translate it as in Exercise 4?
# The table tries the old `lr`, the translated one, and twice the smaller of them.
# Each loss is the worst of three starts.

# %% tags=["answer", "chaotic"]
header = ["momentum", "old lr", "loss", "translated lr", "loss",
          "twice the smaller", "loss"]
rows = network.after_a_change(0.11, [0, 0.5, 0.8, 0.9, 0.95, 0.99])
table(header, rows, ["g", "g", ".3f", "g", ".3f", "g", ".3f"])

# %% [markdown]
# **After a change of `momentum`, begin with the smaller of the old `lr` and the translated one.
# Then double and halve it, and keep the best.**
# At 0.5 and 0 not every start learns with the translated `lr`, and at 0.99 not with the old one.
# The lowest losses stand at 0.8, 0.9 and 0.95.
#
# <details><summary>Why the smaller one, below 0.9?</summary>With PyTorch's sum the border is $2(1+\beta_1)$ divided by the curvature, so it lies between 2 and 4 divided by it. At a smaller momentum the old step size is then at most about twice too long.</details>
# <details><summary>Fine print</summary>From ten starts 0.9 and 0.95 end about alike. On your machine a loss above 1 may be another number.</details>
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **For** | image networks: the ResNet paper (He et al. 2016) begins with these two numbers; for a transformer AdamW (lesson 10), which uses this average too |
# | **Type** | `optim.SGD(model.parameters(), lr=0.1, momentum=0.9)` |
# | **Change first** | `lr`, doubled and halved, and keep the best |
# | **Change next** | `momentum`, over 0.8, 0.9 and 0.95; search `lr` again for each, as above |
# | **Suspect it** | when somebody raised `momentum` and did not change `lr`; when the loss swings up and down (first a smaller `lr`, then a smaller `momentum`); when batches are very small, where it may bring nothing |
#
# ### Three questions, from memory
#
# <details><summary>You raise beta from 0.9 to 0.99 and keep an average. How long is a step under a steady gradient, compared with before?</summary>The same. An average of equal numbers is that number. With PyTorch's sum it would be ten times as long.</details>
# <details><summary>The condition number grows a hundredfold, and you choose the best step size and beta anew. How many more steps does momentum need?</summary>About ten times as many, because the number of steps grows about as the square root.</details>
# <details><summary>A rule computes m but does not return it. What does it do?</summary>Its m is a tenth of the newest gradient at every step, if beta is 0.9. So it is gradient descent with a tenth of the step.</details>
#
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Momentum steps along a running average of the gradients.
#   What disagrees cancels, what agrees stays.
# - In the ravine and in our network it helped mostly because it allowed a longer step.
#   With the best settings for each ravine, the number of steps grows with the square root of the condition number.
# - A longer memory is smoother and later.
#   Too much of it lets the loss swing.
# - PyTorch keeps a sum, so its `lr` is not this course's step size.
#
# **Next, [lesson 8](08_rmsprop.ipynb).**
# Momentum has one step size for all directions.
# What if one parameter has gradients a thousand times larger than another?
