# %% [markdown]
# # Lesson 8. RMSprop
#
# *About 30 minutes to read, 55 with the exercises.*
#
# Momentum has one step size for all weights.
# Now you still set one number, and a rule makes many step sizes out of it.
# At the end you can write this rule, say how long its steps are, and train a network that momentum leaves guessing for 300 steps.
#
# **From lesson 7, from memory.**
# The condition number of a ravine grows a hundredfold.
# Momentum has its best settings for each ravine.
# How many times as many steps does it need?
#
# <details><summary>Answer</summary>About ten times as many, because the count grows with the square root.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A network that momentum does not train in 300 steps
#
# This network reads handwritten digits.
# It has eight hidden layers of 32 ReLU units, and its weights start as PyTorch draws them.
# Three optimizers train it, with 300 steps each, and you will write the third, [[RMSprop]].
# **Goal:** find a step size at which one of the three brings the loss below 1.

# %%
import numpy as np

from lessonlib import State, checks, rmsprop, run
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import deep, opening, records
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine
from lessonlib.lessons.tables import table

opening.one_slider().live()

# %% [markdown]
# RMSprop learns at step sizes from about 0.0002 to 0.01.
# In 300 steps the other two stay at a blind guess, or get worse.
# The table says how many new digits each reads at its best step size.

# %%
trained = recorded("deep_net.json")
table(["optimizer", "best step size", "digits read correctly"], records.at_their_best(trained))

# %% [markdown]
# The first two name one digit for every image, and 8 % of the images show it.
#
# <details><summary>Fine print</summary>Recorded, with batches of 64, ten starts, and 25 constant step sizes from 0.0001 to 100. Each rule gets the one with the lowest training loss. You see the median, and the range in brackets. After 3000 steps momentum reads {{ records.longest("momentum") }}, and RMSprop {{ records.longest("rmsprop") }}.</details>
#
# Gradient descent and momentum have one step size for all weights.
# When is one not enough?
#
# ### One step size for two numbers
#
# Two numbers start at 1 and should come to 0.
# The gradient of the steep number is a thousand times its distance from 0, and that of the flat number is its distance.
# The second slider says how many times larger the flat number's step size is.
# **Goal:** bring both numbers below 0.01 within 20 steps.

# %%
opening.two_sizes().live()

# %% [markdown]
# <details><summary>Answer</summary>A step size of 0.001, with the flat number's a thousand times larger.</details>
#
# With a shared step size the steep number sets the limit.
# Above 0.002 it flies away, and below it the flat number keeps most of its distance.
# Both arrive with a step size of 0.001 for the steep number and of 1 for the flat one.
# Each is 1 divided by the [[curvature]].
# An optimizer sees only gradients, and at a distance of 1 they are as large.
#
# ### The rule
#
# A network has thousands of weights, and nobody can move thousands of sliders.
# RMSprop sets them by one idea.
# **Divide each gradient by its own recent size.**
#
# What is the recent size of a gradient?
# A running average of the gradient itself would not do, because plus and minus cancel.
# So keep a running average of the squares, and take its root.
# That is the root mean square, in short RMS.
#
# In the picture a gradient has been of size one for long, and then it grows fivefold.
# The average has a [[memory]] of ten steps.

# %%
opening.show_division()

# %% [markdown]
# After the division the typical size is one again, but for a few longer bars at the jump.
#
# $$v_t = \beta_2\, v_{t-1} + (1-\beta_2)\,g_t^2 \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\frac{g_t}{\sqrt{v_t}+\epsilon}$$
#
# | Symbol | Code | What it is | Default |
# |---|---|---|---|
# | $\theta$ | `theta` | the parameters | |
# | $g$ | `g` | the [[gradient]] of the loss | |
# | $v$ | `v` | running average of the squared gradient, the [[second moment]] | starts at 0 |
# | $\beta_2$ | `beta2` | the share of the old average that is kept | 0.99 |
# | $\alpha$ | `lr` | the step size, or [[learning rate]] | 0.001 here, 0.01 in PyTorch |
# | $\epsilon$ | `eps` | [[epsilon]], a tiny number that keeps the division finite where `v` is zero | 1e-8 |
#
# Each parameter is on its own, so `theta`, `g` and `v` have the same shape.
# With the default of 0.99 the memory, $1/(1-\beta_2)$, is a hundred steps.
#
# ### Exercise 1. Write RMSprop (8 minutes)
#
# `theta`, `g` and `s.v` are arrays, and `s.t` counts the steps already taken.
# Return the new `theta` and a new `State(t, m, v)`.
# RMSprop needs no `m`, so put 0.0 there, and change nothing in place.
# The root of every entry of `x` is `x**0.5`.
#
# <details><summary>Hint 1</summary>Which v belongs in this step, the one before the new gradient or the one with it?</details>
# <details><summary>Hint 2</summary>If g is a length in metres, in which unit is v? What makes metres of it again?</details>

# %% tags=["stub"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    ...  # your two lines, and a return

# %% tags=["solution"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    v = beta2 * s.v + (1 - beta2) * g**2
    theta = theta - lr * g / (v**0.5 + eps)
    return theta, State(s.t + 1, 0.0, v)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The square takes away the sign, and the root takes away the square, so that `g` is divided by something of its own kind.
# The new gradient is already in `v`, so the division never meets a `v` that knows nothing of it.

# %% [markdown]
# The check compares its paths with the right rule's.

# %%
checks.check(my_rmsprop, against=rmsprop)

# %% [markdown]
# Back to the two numbers, now with RMSprop and one step size of 0.05.

# %%
sooner = predict(
    "Which of the two comes below 0.01 first?",
    ["the steep number", "the flat number", "both at the same step"],
)
sooner

# %% [markdown]
# How far each is from 0.

# %% tags=["answer"]
walk = run(rmsprop, ravine(1000), steps=20, lr=0.05)
rows = [[t, *walk.theta[t]] for t in (0, 1, 7, 8)]
display(table(["after step", "flat number", "steep number"], rows, ["", ".4f", ".4f"]))
flat, steep = (np.abs(walk.theta) < 0.01).argmax(axis=0)
sooner.answer(sooner.options[2 if flat == steep else int(flat < steep)])

# %% [markdown]
# They go side by side, because both start at 1 and each gradient is divided by its own size.
# Now your own function trains the network, or the library's until yours is right.

# %% tags=["chaotic"]
net, mine = deep.deep_net(), checks.yours("my_rmsprop", rmsprop)
settings = {"lr": 0.003, "beta2": 0.99, "eps": 1e-8}
done = run(mine, net, steps=300, record="last", **settings)
read = net.metrics["test accuracy"](done.theta[-1])
print(f"RMSprop: loss {done.loss[-1]:.2f}, reads {read:.0%} of the new digits")

# %% [markdown]
# ## Part 2. What was the trouble?
#
# Gradient descent does not train this network in 300 steps, and RMSprop does.
# Do its gradients differ in size, as those of the two numbers did?
# They are computed at the last layer and passed back from layer to layer.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import opening, records, trouble
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

early = predict(
    "Compared with the last layer, how large are the gradients of the first layer?",
    ["about the same", "about ten times smaller", "hundreds of times smaller"],
)
early

# %% [markdown]
# A bar for the weights of each layer, the output layer last.

# %% tags=["answer"]
opening.show_layers()
early.answer(opening.first_and_last())

# %% [markdown]
# The early layers get tiny gradients.
# So gradient descent moves a weight of the first layer hundreds of times less than one of the last.
# Is this difference what stops it?
#
# ### A better start
#
# Change the start, and see who learns.
# The [[He start]] was made for ReLU.
# It draws the weights about 2.5 times as large as PyTorch's, and it sets the biases to zero.
# Each change can be made alone.

# %%
change = predict(
    "Which change lets gradient descent read more than half of the digits within 300 steps?",
    ["the larger weights", "the zero biases", "each of them", "only both together"],
)
change

# %% [markdown]
# The gradients of every layer's weights from the four starts, and how many digits are read.

# %% tags=["answer"]
trained = recorded("deep_net.json")
trouble.show_four_starts()
display(table(["start", *records.NAMES.values()], records.by_start(trained)))
change.answer(records.which_change(trained, change.options))

# %% [markdown]
# With zero biases the gradients of the weights are about as small in the last layer as in the first.
# Those of the biases are not, so to make all equal the biases now stay at zero.

# %% tags=["chaotic"]
header = ["biases kept at zero", "training loss", "digits read correctly"]
table(header, trouble.kept_at_zero())

# %% [markdown]
# The first two stay at the loss of a blind guess, and larger step sizes do not help.
# So the difference is not all, because they fail without it too.
# With larger weights the gradients of every layer are large, and all three rules learn.
#
# So the trouble of this network is that its weights start too small.
# Without biases the gradient of each layer's weights has the weights of the eight others as factors, and 2.5 to the eighth is more than a thousand.
# PyTorch's biases feed the late layers, so only the early ones suffer the whole product, and the bars rise.
# Gradients that become tiny in such a product are called *vanishing gradients*.
#
# <details><summary>Fine print</summary>Bars as means over five starts. Ten trainings from each, at the best of seven step sizes. Three with the biases kept at zero, RMSprop at 0.003, the others up to 100,000. There one step size for all weights that follows their gradients leaves the blind guess, but not from PyTorch's start. Part 1 tried 25, so some of its ranges differ. He draws from a normal distribution, the other starts are uniform.</details>
#
# *Deeper: [a step size for each layer, set once or following, and a ravine at an angle](deeper/08_rmsprop.ipynb), where a step size for each parameter does not help.*

# %% [markdown]
# ## Part 3. How long is a step?
#
# ### The size of the gradient
#
# RMSprop divides by the size of the gradient, so what sets the length of its steps?
# A parameter has had a gradient of 500 for so long that `v` is 500 squared.
# The step size is 0.01.

# %%
from lessonlib import rmsprop, run, sgd
from lessonlib.lessons.lesson08 import hopping, judges, practice, scales
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine
from lessonlib.lessons.tables import table

move = predict("How far does the parameter move in one step?")
move

# %% [markdown]
# The step of the rule, with $\epsilon$ left out.

# %% tags=["answer"]
g, v = 500.0, 500.0**2
move.answer(0.01 * g / v**0.5)

# %% [markdown]
# It moves by $\alpha$, so $\alpha$ is now a length.
# It is how far a parameter moves once its gradient has been steady for much longer than the memory of `v`.
#
# Now take the ravine of lesson 7 and multiply its loss by 1000.
# That happens when you add the losses of a batch of 1000 instead of averaging them.

# %%
scaled = predict(
    "What does the factor of 1000 do to RMSprop's path?",
    ["its steps get a thousand times longer", "nothing you would notice", "its steps get shorter"],
)
scaled

# %% [markdown]
# Twenty steps from 1 and 1 on both losses.

# %% tags=["answer"]
rows, valley = [], ravine(100)
for name, rule in (("gradient descent", sgd), ("RMSprop", rmsprop)):
    ends = [run(rule, scales.scaled(valley, c), steps=20, lr=0.015).theta[-1, 0] for c in (1, 1000)]
    rows.append([name, *(f"{x:.4f}" if abs(x) < 9 else "far away" for x in ends)])
display(table(["the first number ends at", "loss", "1000 times the loss"], rows))
scaled.answer(scaled.options[1] if rows[1][1] == rows[1][2] else scaled.options[0])

# %% [markdown]
# RMSprop takes the same path on both.
# The factor is in the gradient and in the root of `v`, so it cancels.
# This is [[scale invariance]].
# It holds as long as the root of `v` is far larger than $\epsilon$.
#
# *Deeper: [what epsilon does, and what 16-bit numbers do to it](deeper/08_rmsprop.ipynb).*
#
# ### Near the minimum
#
# RMSprop walks through the ravine from 1 and 0.3 for 300 steps, at a constant step size of 0.03 and with a memory of ten steps.
# After 67 steps the loss is below a trillionth.

# %%
later = predict(
    "Where is the loss after 300 steps?",
    ["still below a trillionth", "near a hundredth", "beyond all numbers"],
)
later

# %% [markdown]
# The loss after 67 steps and at the end.

# %% tags=["answer"]
walk = run(rmsprop, valley, steps=300, start=[1.0, 0.3], lr=0.03, beta2=0.9)
display(table(["after step", "loss"], [[t, walk.loss[t]] for t in (67, 300)], ["", ".0e"]))
later.answer("near a hundredth" if 0.003 < walk.loss[-1] < 0.03 else "still below a trillionth")

# %% [markdown]
# The loss came back.
# The ravine has a flat and a steep number, and each adds its part to the loss.
# Below, each step is divided by the distance that it started from.
# The second slider lets the step size fall to zero over the last part of the run.
# Move the first slider alone, then the second.
# **Goal:** let the loss end below 10⁻⁷.

# %% tags=["answer"]
hopping.hopping().live()

# %% [markdown]
# <details><summary>Answer</summary>At a step size of 0.03 a fall over the last 20 % reaches it.</details>
#
# A step longer than twice the distance ends further away, on the other side.
# Step by distance is $\alpha$ times the curvature, divided by the root of `v`.
# After the first steps this ratio grows, because `v` forgets the large gradients of the beginning.
# The steep number reaches the line at 2 first, near step 44, and from there its distance grows.
# In the end both numbers [[hop]] across the minimum for good, half a step size to each side.
# With the default memory of a hundred steps the loss comes back too, only later.
#
# A smaller $\alpha$ makes the hops smaller, and a falling $\alpha$ makes them end.
# A plan for how $\alpha$ falls during training is called a [[schedule]].
#
# <details><summary>Fine print</summary>The network of Part 1 in PyTorch, twenty starts, a fall over the last third. About its best constant step size the fall gave the lower final loss from half of the starts to four in five of them, depending on the step size and on the processor. The fall ends hops and noise alike, and these trainings do not separate them.</details>
#
# *Deeper: [which step size a coordinate finds by itself, and what is left when the memory is gone](deeper/08_rmsprop.ipynb).*
#
# ### Exercise 2. Which bug? (4 minutes)
#
# Two colleagues have written RMSprop, and each has made one mistake.
# The steep line of the right one, in brown, falls faster only because the steep number starts nearer, at 0.7 instead of 1.

# %%
practice.show_bugs(practice.TWO_BUGS)

# %% [markdown]
# <details><summary>Hint</summary>Which black lines fall behind the brown ones, both of them or only one?</details>
#
# Choose from `"sum instead of average"`, `"the whole vector normalised by one number"`, `"no root"`, `"plus instead of minus"`.
# The sum leaves out the factor $1-\beta_2$, and forgets as before.

# %% tags=["stub"]
bugs = {"A": None, "B": None}

# %% tags=["solution"]
bugs = {"A": "sum instead of average", "B": "the whole vector normalised by one number"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# In A both directions fall behind, because the factor $1-\beta_2$ is missing.
# So the new square comes in with its full weight, `v` is a hundred times too large, and every step is ten times too short.
# In B the steep direction arrives at once and the flat one is left behind, as with gradient descent, because both are divided by the same number.

# %% [markdown]
# The judge runs what you name.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# <details><summary>When you have found both</summary>If the <code>v</code> of A also forgot nothing, it would be a plain sum of squares. That is Adagrad.</details>
#
# *Deeper: the older rule [[Adagrad]], and [the variance slip](deeper/08_rmsprop.ipynb).*

# %% [markdown]
# ## Part 4. The first step
#
# `v` starts at 0, far below the square of the gradient.
# How long are the first steps?

# %%
from lessonlib.lessons.lesson08 import judges, play

# %% [markdown]
# ### Exercise 3. Two steps by hand (5 minutes)
#
# The gradient is 3 at both steps, $\beta_2$ is 0.99, and `v` starts at 0.
# Compute `v` after each gradient, and the length of the step that follows, in units of $\alpha$.
# Leave $\epsilon$ out, and give three digits or more.
# Python may do the arithmetic, as in `2 / 0.5**0.5`.
#
# <details><summary>Hint</summary>At the first step nine comes in with a weight of 0.01, and what was there is 0.</details>

# %% tags=["stub"]
by_hand = {"v1": None, "step1": None, "v2": None, "step2": None}

# %% tags=["solution"]
by_hand = {"v1": 0.01 * 9, "v2": 0.99 * 0.09 + 0.01 * 9}
by_hand |= {"step1": 3 / by_hand["v1"] ** 0.5, "step2": 3 / by_hand["v2"] ** 0.5}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# After one step `v` holds a hundredth of 9, and the root of a hundredth is a tenth.
# So the gradient is divided by a tenth of its size, and the step is ten step sizes long.

# %% [markdown]
# The judge stops at the first slip.

# %%
judges.judge_two_steps(by_hand)

# %% [markdown]
# ### The burst
#
# On the right is a path with its first step in bold.
# From one white dot on it to the next, each number has moved by one step size.
# **Goal:** find the longest memory whose first step is at most twice the step size.

# %% tags=["answer"]
play.burst().live()

# %% [markdown]
# <details><summary>Answer</summary>A memory of four steps, so β₂ = 0.75. The first step is as many step sizes long as the root of the memory, and the root of four is two.</details>
#
# With the usual memory of a hundred steps the first step is ten step sizes long, and the tenth still about three.
# No step of a parameter is longer than $\alpha/\sqrt{1-\beta_2}$.
# A gradient that jumps far above its recent size takes nearly that, at any time.
#
# *Deeper: [what the burst does to a training](deeper/08_rmsprop.ipynb).*

# %% [markdown]
# ## Part 5. In PyTorch
#
# ```python
# import torch.optim as optim
#
# optimizer = optim.RMSprop(model.parameters(), lr=1e-3)
# ```
#
# | This course | PyTorch | PyTorch's default |
# |---|---|---|
# | `lr`, written $\alpha$ | `lr` | 0.01 |
# | `beta2`, written $\beta_2$ | `alpha` | 0.99 |
#
# With `momentum=0.9` PyTorch keeps a fading sum of the divided gradients, and a steady step is ten times as long, so divide `lr` by ten.
# Without `momentum`, PyTorch's RMSprop takes our path, here that of Part 3's table.

# %%
import torch
from lessonlib.lessons.lesson08 import judges
from lessonlib.play.prediction import summary

p = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
optimizer = torch.optim.RMSprop([p], lr=0.015, alpha=0.99)
for _ in range(20):
    p.grad = p.detach() * torch.tensor([1.0, 100.0], dtype=torch.float64)
    optimizer.step()
print("PyTorch's ends at", p.detach().numpy().round(4))

# %% [markdown]
# ### Exercise 4. What did they set? (3 minutes)
#
# A colleague wants a step size of 0.001 and writes `optim.RMSprop(model.parameters(), alpha=0.001)`.
# In our letters, which `lr` and which `beta2` does this optimizer run with?

# %% tags=["stub"]
meant = {"lr": None, "beta2": None}

# %% tags=["solution"]
meant = {"lr": 0.01, "beta2": 0.001}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Nobody has set `lr`, so it is PyTorch's default, ten times what was wanted.
# And `v` now forgets nearly everything at each step, so a gradient is divided by its own size.
# What is left is its sign, and every parameter moves by about $\alpha$ at every step, however small its gradient is.
# That rule is called [[sign descent]].

# %% [markdown]
# The judge looks at `beta2` first.

# %%
judges.judge_settings_meant(meant)

# %% [markdown]
# ### Exercise 5. Tune it yourself (5 minutes)
#
# Now a network without hidden layers, one `nn.Linear` from the pixels to the ten digits.
# `optim.RMSprop` trains it on the same images, for 100 steps only.
# Choose an `lr` that brings the training loss below 0.2, as the mean of three starts.

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 0.1

# %% [markdown] tags=["solution"]
# *Why it is so.*
# What served eight hidden layers is too slow here, and so is PyTorch's default of 0.01.
# From 0.025 to 0.3 all that we tried passes, and 0.5 is too large.
# So the best step size belongs to the network and to the number of steps.

# %% [markdown]
# The judge trains it three times.

# %% tags=["chaotic"]
judges.judge_setting(my_lr)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Choose it** | when a recipe that you follow uses it; otherwise take Adam of lesson 9, which divides in the same way |
# | **Before** | in a plain ReLU network that you train from scratch, for each `layer` in `model.modules()` that is an `nn.Linear` or an `nn.Conv2d`, `nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")`, and `nn.init.zeros_(layer.bias)` if it has a bias. Never after loading weights, which this erases |
# | **Type** | `optim.RMSprop(model.parameters(), lr=1e-3)` as a first guess for a deep network |
# | **Change first** | `lr`, in factors of three, from 0.1 to 0.0001. If the best lies at an end, go on past it |
# | **Change next** | when the loss jitters at the end, an `lr` that falls over the last third may help, `scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda t: max(0, min(1, 3 - 3 * t / steps)))`, and `scheduler.step()` after each `optimizer.step()`, where `steps` is the number of calls of `scheduler.step()` in all |
# | **Leave** | `alpha` and `eps`, at first |
#
# ### Three questions, from memory
#
# <details><summary>The loss is multiplied by 1000. What happens to RMSprop's path?</summary>Nothing, as long as the root of v is far above epsilon, because the factor cancels.</details>
# <details><summary>The gradient has been 3 for a long time. How long is a step?</summary>As long as the step size. With a gradient of 0.003 it would be just as long.</details>
# <details><summary>How long is the first step with beta2 = 0.99, and why?</summary>Ten times the step size, because v holds only a hundredth of the squared gradient.</details>
#
# Here is what you did today, kept in one file where the notebook runs, and the course sends it nowhere unless you join a teacher's board.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - RMSprop divides each gradient by its own recent size, the root of `v`.
# - A gradient that has been steady for much longer than the memory of `v` moves its parameter by $\alpha$, whatever its size.
# - With exact gradients and a constant $\alpha$ RMSprop ends up hopping across the minimum, and a falling $\alpha$ ends the hops.
# - Our network's weights started too small.
#   From PyTorch's start no single step size trained it in 300 steps, and RMSprop did.
#   With larger weights all three rules did, and each read more.
#
# **Next, [lesson 9](09_adam.ipynb).**
# After $t$ steps of a steady gradient, how much of its square does `v` hold?
# Divide by that share, and the burst is gone.
