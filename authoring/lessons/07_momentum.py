# %% [markdown]
# # Lesson 7. Momentum
#
# *About 30 minutes to read, 50 with the exercises.*
#
# In lesson 0 you found the largest step that gradient descent can take.
# In this lesson you give it a memory.
# At the end you can write [[momentum]], choose its two settings, and train a network with it in PyTorch.
#
# **From lesson 0, from memory.**
# The curvature across a valley is 100.
# How large may a step of gradient descent be?
#
# <details><summary>Answer</summary>Less than 2 divided by the curvature, so less than 0.02. At 0.02 it hops from side to side for ever.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A step that remembers
#
# ### The zigzag
#
# Here is a narrow valley.
# Its curvature is 100 across and 1 along, and its lowest point is the star.
# Such a valley is called a [[ravine]].
# Two optimizers start at the square and have 100 steps.
# One is gradient descent, the other is momentum, which you will write.
# For each we tried sixty step sizes and show the best one.
# Momentum has a second setting, beta, which is 0.8 here.
#
# Move the slider and watch them walk.
# The black line in the right panel is where gradient descent ends.
# The broad pale line is the highest loss still ahead of momentum.
# **Goal:** find the first step from which momentum's loss stays below the black line.

# %%
import numpy as np
from lessonlib import State, checks, momentum
from lessonlib.lessons.lesson07 import judges, opening
from lessonlib.play.prediction import predict

opening.two_paths().live()

# %% [markdown]
# Gradient descent crosses the valley again and again, and along the valley each step covers only 2 % of what is left.
# After 100 steps it still has a seventh of the way to go.
# Momentum zigzags too, and it arrives, with a step size four times as long.
# With that step size gradient descent would fly out of the valley, so what keeps momentum inside?
#
# <details><summary>Fine print</summary>For each step size we take the largest loss of the last ten steps, so that a lucky swing through the middle does not count. The best step size is the one where this is smallest.</details>
#
# Look at the gradients that gradient descent meets on its way.
# Each bar is one gradient, and each panel has its own unit, which is its first gradient.

# %%
opening.show_gradients()

# %% [markdown]
# Suppose you walk along a running average of the gradients instead of the newest one.

# %%
cancel = predict(
    "What does averaging do to these gradients?",
    [
        "it shrinks both directions alike",
        "it shrinks the one across, and keeps the one along",
        "it keeps the one across, and shrinks the one along",
    ],
)
cancel

# %% [markdown]
# The same bars, with their running average drawn over them.

# %% tags=["answer"]
opening.show_gradients(average=True)
cancel.answer(opening.what_averaging_does())

# %% [markdown]
# On this path the gradient across the valley changes its sign at every step, so plus and minus cancel.
# Along the valley the gradients agree, and after some ten steps the average is as large as they are.
# That is the first half of the idea.
# **Step along an average of the gradients.
# What disagrees cancels, and what agrees stays.**
#
# The second half is a longer step.
# Not every average allows one, and a plain mean of the last few gradients does not.
# This one does, and Part 3 says how much.
# At gradient descent's step size averaging would even make the zigzag last longer.
# At the long step momentum swings too, but the swings die out, and along the valley it comes to the star.
#
# *Deeper: [which averages allow a longer step](deeper/07_momentum.ipynb#2.-Why-the-square-root?-One-direction,-two-numbers).*
#
# ### The rule
#
# We need an average that forgets slowly and takes one line of code.
# With a beta of 0.9, each step keeps nine tenths of the old average and adds one tenth of the new gradient.
# The bars above had 0.8.
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
# The 1 at $\beta_1$ is there because Adam has a second one, and here we also call it beta.
# With $\beta_1 = 0$ nothing is kept, and momentum is gradient descent.
# Here are five steps of the average, when one gradient of 1 arrives and then only zeros.

# %%
m, seen = 0.0, []
for g in [1, 0, 0, 0, 0]:
    m = 0.9 * m + 0.1 * g
    seen.append(round(m, 4))
print(seen)

# %% [markdown]
# A gradient enters with a tenth of its size and fades by a tenth at each step.
# The same numbers are the weights that `m` gives to the newest gradient, the one before it, and so on.
# After many steps they add up to nearly one, so `m` is an average, and at the start it is too small.
#
# ### Exercise 1. Write momentum (8 minutes)
#
# `theta`, `g` and `s.m` are arrays, and `s.t` counts the steps already taken.
# A `State` holds what an optimizer remembers between two steps, here the step count `t` and the average `m`.
# An empty one is `State()`.
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
# The state carries `m` to the next step, and it counts the step, which lesson 9 will need.

# %% [markdown]
# The check says what it saw, and asks you a question if something is off.

# %%
checks.check(my_momentum, against=momentum)

# %% [markdown]
# ### Exercise 2. A colleague's momentum (4 minutes)
#
# This function raises no error.
# But in the valley above, with gradient descent's step size and a beta of 0.8, its loss grows without end.
# Find what is wrong and mend it.

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
# We call $1/(1-\beta_1)$ steps its [[memory]].
# With $\beta_1 = 0.9$ the memory is ten steps.

# %%
import numpy as np
from lessonlib.lessons.lesson07 import averages
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

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
# In the picture the true gradient is a slow wave, drawn in black.
# Each measurement of it is a dot, and each is wrong by some noise.
# The blue line is `m`.
# The right panel shows how far `m` is from the black line, as a root mean square.
# Beside it is what the lag alone and the noise alone would make.
# **Goal:** at a noise of 1, find an average that is off by less than 0.35.

# %% tags=["answer"]
averages.noisy_average().live()

# %% [markdown]
# A short memory follows the noise.
# A long one is smooth but late, so it still points up when the wave has turned, and a very long one is flat.
# The best one lies between, and with more noise it is longer.
#
# ### Does it take the noise out of training?
#
# `m` is smoother than the gradients.
# Is $\theta$ smoother too?
# Take a parameter that has arrived at the lowest point of a valley, but its gradients are noisy, so it keeps straying.
# The curvature is 1 and the noise has size 1.
# Gradient descent and momentum, with a beta of 0.9, take the same small step of 0.01.

# %%
noise = predict(
    "How far does momentum stray, compared with gradient descent?",
    ["about a tenth as far", "about a third as far", "about as far"],
)
noise

# %% [markdown]
# Both walk for 5000 steps with the same noise.
# Then they take a quarter of the step, and then one near gradient descent's border, which is 2 here.
# The table has the root mean square of their distance.

# %% tags=["answer"]
strays = {lr: averages.spread(lr) for lr in (0.01, 0.0025, 1.8)}
rows = [[lr, *both] for lr, both in strays.items()]
display(table(["step size", "gradient descent strays by", "momentum"], rows, ["g", ".3f", ".3f"]))
share = strays[0.01][1] / strays[0.01][0]
noise.answer(noise.options[2 if share > 0.7 else 1 if share > 0.2 else 0])

# %% [markdown]
# At the small step momentum strays as far.
# Each of its steps carries less noise, but the next ones carry the same noise again.
# What calms $\theta$ there is a smaller step, and a quarter of it halves the distance for both.
# Near gradient descent's border momentum strays less.
#
# *Deeper: [both laws of the average](deeper/07_momentum.ipynb#1.-What-does-an-average-cost,-and-what-does-it-buy?), and [how much noise is left](deeper/07_momentum.ipynb#5.-What-does-momentum-do-to-noise,-and-what-to-a-training?).*

# %% [markdown]
# ## Part 3. The ravine
#
# ### Below a millionth in a hundred steps
#
# This is the valley of Part 1.
# The sliders start near the best that gradient descent can do, and the loss after 100 steps is about 0.01.
# **Goal:** bring it below 0.000001.
#
# - First raise beta alone.
# - Then set beta to 0.8, as in Part 1, and raise the step size until the loss is below the line.
# - Last, keep that step size and raise beta to 0.95.
#   Where does the path go?

# %% tags=["answer"]
import numpy as np
from lessonlib.lessons.lesson07 import judges, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

play.ravine_task().live()

# %% [markdown]
# In 100 steps memory alone helps little, and from a beta of 0.93 on it makes the loss worse.
# What memory buys is a longer step.
# At the longer step, too much memory lets momentum run past the star and swing back along the valley.
#
# ### How long does it take?
#
# The steepest curvature divided by the flattest is the [[condition number]], written $\kappa$.
# For the valley above it is 100.
# We count the steps until the loss stays below a ten-billionth of the first one.
# The flattest curvature is 1, and the start is that of Part 1.
# Each rule has nearly the setting whose loss shrinks fastest in the end.
#
# | $\kappa$ | gradient descent | its step size | momentum | its step size | its beta |
# |---|---|---|---|---|---|
# | 10 | {{ play.steps_by_kappa()[10][0] }} | {{ play.settings(10)[0] }} | {{ play.steps_by_kappa()[10][1] }} | {{ play.settings(10)[1] }} | {{ play.settings(10)[2] }} |
# | 100 | {{ play.steps_by_kappa()[100][0] }} | {{ play.settings(100)[0] }} | {{ play.steps_by_kappa()[100][1] }} | {{ play.settings(100)[1] }} | {{ play.settings(100)[2] }} |
#
# In the ravine of 100, memory alone takes about {{ round(play.memory_alone(), -1) }} steps, with gradient descent's step size and the best beta for it.
# The longer step brings the rest.
#
# <details><summary>Fine print</summary>By theory the fastest step size is $2/(\kappa+1)$ for gradient descent and $1/\sqrt\kappa$ for momentum, with a beta of $(\sqrt\kappa-1)^2/(\sqrt\kappa+1)^2$. We take each step size 1 % shorter and round beta up, because then both rules need fewer steps.</details>

# %%
longer = predict("For kappa = 10,000, how many steps does momentum need?")
longer

# %% [markdown]
# The last column is momentum with a beta of 0.9 in every ravine, at the best of a hundred step sizes.

# %% tags=["answer"]
counts = play.steps_by_kappa()
rows = [[kappa, *counts[kappa], *play.settings(kappa)[1:], play.usual_beta(kappa)]
        for kappa in counts]
header = ["kappa", "gradient descent", "momentum", "its step size", "its beta", "beta 0.9"]
display(table(header, rows, [",", ",", ",", "g", "g", ","]))
longer.answer(counts[10_000][1], within=0.3)

# %% [markdown]
# Gradient descent needs steps nearly in proportion to $\kappa$, and momentum about in proportion to its square root.
# With a beta of 0.9 everywhere the count is never below 200, so in the first two rows gradient descent is faster.
# In the last rows it grows in proportion too.
#
# Where do the fewer steps come from?
# Take $\kappa = 100$.
# Gradient descent must keep its step below 0.02, or it leaves the valley.
# So along the valley each step covers about a fiftieth of what is left.
#
# At momentum's border $\theta$ jumps from side to side at every step and never comes to rest.
# For such gradients, equal and of changing sign, `m` comes to $(1-\beta)/(1+\beta)$ of the newest one.
# So momentum's border is $(1+\beta)/(1-\beta)$ times as far out, and a larger beta allows a longer step.
# But whatever the step size, in the long run each step leaves at least $\sqrt\beta$ of the distance.
# The best beta lies between.
#
# At the table's beta of 0.67 the border is just above 0.1, so along the valley a step can cover a tenth of what is left.
# With the older, larger gradients in `m` it is {{ play.covers(100):.0%}} near the end.
#
# *Deeper: [why the square root](deeper/07_momentum.ipynb#2.-Why-the-square-root?-One-direction,-two-numbers), and [the map of all settings](deeper/07_momentum.ipynb#3.-What-does-a-map-of-all-settings-look-like?).*
#
# ### Exercise 3. Which ravine was that? (3 minutes)
#
# A colleague's momentum, set in the same way, needed 2,000 steps to the same goal.
# About how large is the condition number?
# Start from the last row of the table, and up to 30 % more or fewer steps will pass.

# %% tags=["stub"]
my_kappa = None

# %% tags=["solution"]
my_kappa = 10_000 * (2_000 / 676) ** 2

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The count is nearly three times that of the last row.
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
# ```
#
# That is momentum in PyTorch, and without `momentum` it is gradient descent.
# There is a trap in it.
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
# A hundred steps of `optim.SGD` with a step size of 1.
# The length of the last step is the sum.

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
# The same path needs two different step sizes.
#
# | This course | PyTorch | A steady gradient $g$ moves you by |
# |---|---|---|
# | `momentum(lr=a, beta1=b)` | `SGD(lr=a * (1 - b), momentum=b)` | $a\,g$ |
# | `momentum(lr=a / (1 - b), beta1=b)` | `SGD(lr=a, momentum=b)` | $a\,g\,/\,(1-b)$ |
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
# When a run diverges after somebody raised `momentum`, look here first.

# %% [markdown]
# The judge compares how far a steady gradient moves you.

# %%
judges.judge_lr(my_lr)

# %% [markdown]
# ### A real network
#
# The last test is a network with three hidden layers that reads handwritten digits.
# It sees all 1297 training images at every step, and it has 100 steps.
# Each rule runs from the same ten starts, at the best of four step sizes.

# %%
deep = predict(
    "After 100 steps, how does momentum's training loss compare with gradient descent's?",
    ["about the same", "several times lower", "a million times lower, as in the ravine"],
)
deep

# %% [markdown]
# The cell trains 80 networks, which takes up to a minute.
# On the left each dot is one start, and on the right each thin line.
# The thick lines are the medians, and the circle is the step size with the lowest mean.

# %% tags=["answer"]
trained = network.both()
network.show_curves(trained)
deep.answer(network.how_much_lower(trained))

# %% [markdown]
# Momentum's loss ends about {{ network.ratio(trained):.0f}} times lower, and its worst start is better than gradient descent's best.
# In this course's numbers its step size is longer here too, about three to six times.
#
# Is it the longer step that helps?
# First give both the same step size.
# Then train in batches of 32 images instead of the [[full batch]].

# %% tags=["chaotic"]
header = ["training loss at the end, median and range", "gradient descent", "momentum"]
table(header, network.controls(trained))

# %% [markdown]
# At gradient descent's step size the two end equal.
# At momentum's, gradient descent ends near 2.3, the loss of a blind guess among ten digits.
# So what helps is the longer step that momentum allows.
# In PyTorch's numbers momentum's best `lr` is smaller, {{ trained["momentum"].lr / 10:.2f}} against {{ trained["sgd"].lr:.2f}}, because the sum already makes the step ten times as long.
# In batches of 32 the ranges of the two overlap, and the medians are much nearer.
#
# *Deeper: [where momentum buys nothing](deeper/07_momentum.ipynb#5.-What-does-momentum-do-to-noise,-and-what-to-a-training?).*
#
# ### Exercise 5. Tune it yourself (6 minutes)
#
# With `momentum=0.99`, which `lr` do you give to `optim.SGD`?
# Bring the training loss of the same network, on the full batch, below 0.28 in 100 steps, from each of three starts.
# The picture above has the best `lr` for a momentum of 0.9, in PyTorch's numbers.
# Begin where you think best, change `lr` by factors of two, then by less, and write down what you see.

# %% tags=["stub"]
my_lr_at_99 = None

# %% tags=["solution"]
my_lr_at_99 = 0.022

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The old step size makes a steady step ten times as long with the larger momentum, and not every start reaches the goal.
# The translated one, 0.011, is too short for the goal, and twice that reaches it.
# In the end the larger momentum gains nothing here, and that is a result too.

# %% [markdown]
# The judge trains the network from three starts with your `lr` and with up to 4 % more, because near the border a run may end low by luck.

# %%
judges.judge_setting(my_lr_at_99, momentum=0.99)

# %% [markdown]
# Is the translated `lr` always better than the old one?

# %% tags=["chaotic"]
header = ["momentum", "mean loss of three starts, at the old lr of 0.11", "translated lr",
          "mean loss at it"]
table(header, network.old_and_translated(0.11, [0.5, 0.8, 0.95, 0.99]), ["g", ".3f", "g", ".3f"])

# %% [markdown]
# In each row the smaller `lr` ends lower, or about as low.
# In a valley PyTorch's border is $2(1+\beta)$ divided by the curvature, so the much larger `lr` of the first row crosses it.
# In the last row the old `lr` ends high inside the border, so the border is not the whole reason.
# When somebody changes `momentum`, begin with the smaller one.
# If the run diverges, halve `lr`.
# If not, double it as long as the loss ends lower.
#
# <details><summary>Fine print</summary>Three hidden layers of 32 ReLU units, He start. The best step size has the lowest mean loss at the end, over the starts that are shown. By the medians each rule does about as well at the next larger one. Near the border a run ends differently on another machine, so the largest means in the tables may not be yours. On new digits momentum reads {{ trained["momentum"].read:.0%}} after these 100 steps and gradient descent {{ trained["sgd"].read:.0%}}. What momentum buys here is speed of training.</details>
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **For** | networks that SGD trains already; for a transformer AdamW (lesson 10), which has this average inside |
# | **Type** | `optim.SGD(model.parameters(), lr=0.1, momentum=0.9)` |
# | **Change first** | `lr`, by factors of three, until training diverges; then take the best of those below |
# | **Change next** | `momentum`, over 0.8, 0.9 and 0.95; begin with the smaller of the old `lr` and the translated one, then halve or double it |
# | **Suspect it** | when somebody raised `momentum` and left `lr`; when the loss swings slowly up and down, which may be too much memory; when batches are small, where it may buy little |
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>You raise beta from 0.9 to 0.99 and keep an average. How long is a step under a steady gradient, compared with before?</summary>The same. An average of equal numbers is that number. With PyTorch's sum it would be ten times as long.</details>
# <details><summary>The condition number grows a hundredfold, and you choose the best step size and beta anew. How many more steps does momentum need?</summary>About ten times as many, because the count goes about with the square root.</details>
# <details><summary>A rule computes m but does not return it. What does it do?</summary>Its m is a tenth of the newest gradient at every step, if beta is 0.9. So it is gradient descent with a tenth of the step.</details>
#
# And here is what you did today.
# It is kept in one file where the notebook runs, and the course sends it nowhere unless you join a teacher's board.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Momentum steps along a running average of the gradients.
#   What disagrees cancels, what agrees stays.
# - It helps in ravines, mostly because it allows a longer step.
#   At the best step size and beta for each ravine, the number of steps grows about with the square root of the condition number.
#   With a beta of 0.9 for all, a mild ravine takes longer than with gradient descent.
# - PyTorch keeps a sum, so its `lr` is not this course's step size.
# - At a small step, and with `lr` translated, a longer memory does not take the noise out of the parameters.
#   A still smaller step does.
#
# **Next, [lesson 8](08_rmsprop.ipynb).**
# Momentum has one step size for all directions.
# What if one parameter has gradients a thousand times larger than another?
