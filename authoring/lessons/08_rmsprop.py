# %% [markdown]
# # Lesson 8. RMSprop
#
# *About 27 minutes to read, 55 with the exercises.*
#
# Momentum has one step size for all weights.
# You give RMSprop one number too, and it makes a step size for each weight from that weight's own gradients.
# You will write this rule, and train a network that still guesses after 300 steps of momentum.
#
# **From lesson 7, from memory.**
# The condition number of a ravine grows a hundredfold.
# Momentum has its best settings for each ravine.
# By what factor does the number of steps grow?
#
# <details><summary>Answer</summary>By about ten, because it grows with the square root.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A network that momentum does not train in 300 steps
#
# This network reads handwritten digits.
# It has eight hidden layers of 32 ReLU units, and its weights start as PyTorch draws them.
# Three optimizers train it.
# You will write the third, [[RMSprop]].
# **Goal:** find a step size at which one of the three brings the loss below 1.

# %%
import numpy as np

from lessonlib import State, checks, rmsprop, run
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import deep, judges, opening, records
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine
from lessonlib.lessons.tables import table

opening.one_slider().live()

# %% [markdown]
# Wherever the slider stands, gradient descent and momentum stay at the loss of a blind guess, 2.3, or get worse.
# How many digits does each read at its best step size?

# %%
trained = recorded("deep_net.json")
table(["optimizer", "best step size", "digits read correctly"], records.at_their_best(trained))

# %% [markdown]
# We trained each ten times.
# Each time gradient descent and momentum ended with one digit as the answer to every new image, and 8 % of the images show it.
#
# <details><summary>Fine print</summary>Recorded at 25 constant step sizes with 64 images a step, momentum with a factor of 0.9. Curves and table have medians, the table with the range in brackets, each rule at the step size of its lowest training loss. After ten times as many steps momentum reads {{ records.longest("momentum") }}.</details>
#
# ### One step size for two numbers
#
# Two numbers start at 1 and should come to 0.
# The gradient of the steep number is a thousand times its distance, and that of the flat number is just its distance.
# The second slider multiplies the flat number's step size.
# **Goal:** bring both numbers below 0.01 within 20 steps.

# %%
opening.two_sizes().live()

# %% [markdown]
# <details><summary>Answer</summary>For example, a step size of 0.001, with the flat number's a thousand times larger.</details>
#
# With one step size the steep number sets the limit.
# Above 0.002, which is 2 divided by its curvature, the steep number flies away.
# Below 0.002 the flat number has come less than 5 % of its way after 20 steps.
# Both arrive when each has its own step size, 1 divided by its [[curvature]].
#
# RMSprop does not see curvatures, it sees gradients.
# A number's gradient is its curvature times its distance from the minimum, and both start at a distance of one.
# So at the start, dividing by the gradient's size does the same as dividing by the curvature.
#
# ### The rule
#
# Nobody can move a slider for each of thousands of weights.
# RMSprop sets them all by one idea.
# **Divide each gradient by its own recent size.**
#
# What is the recent size of a gradient?
# An average of the gradient itself would not do, because plus and minus cancel.
# Squares have no sign, so keep a running average of them, and take its root.
# That is the root mean square, in short RMS.
#
# In the picture a gradient grows fivefold, and its recent size follows with a [[memory]] of ten steps.

# %%
opening.show_division()

# %% [markdown]
# After the division the bars have the old length again, except in the ten steps or so after the jump.
#
# $$v_t = \beta_2\, v_{t-1} + (1-\beta_2)\,g_t^2 \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\frac{g_t}{\sqrt{v_t}+\epsilon}$$
#
# | Symbol | Code | What it is | Default |
# |---|---|---|---|
# | $\theta$, $g$ | `theta`, `g` | the parameters, and the [[gradient]] of the loss | |
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
# `theta` and `g` are arrays, `s.v` is 0.0 at first and then an array, and `s.t` counts the steps already taken.
# Return the new `theta` and a new `State(t, m, v)`.
# RMSprop needs no `m`, so put 0.0 there, and change nothing in place.
# In NumPy `x**0.5` takes the root of every entry of `x`.
#
# <details><summary>Hint</summary>Which v belongs in this step, the one before the new gradient or the one with it?</details>
# <details><summary>Second hint</summary>If g is a length in metres, in which unit is v? What makes metres of it again?</details>

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
judges.judge_rmsprop(my_rmsprop)

# %% [markdown]
# Back to the two numbers, now with RMSprop and one step size for both.

# %%
sooner = predict(
    "Which of the two comes below 0.01 first?",
    ["the steep number", "the flat number", "both at the same step"],
)
sooner

# %% [markdown]
# How far each is from its minimum.

# %% tags=["answer"]
walk = run(rmsprop, ravine(1000), steps=20, lr=0.05)
rows = [[t, *walk.theta[t]] for t in (0, 4, 8)]
display(table(["after step", "flat number", "steep number"], rows, ["", ".4f", ".4f"]))
flat, steep = (np.abs(walk.theta) < 0.01).argmax(axis=0)
sooner.answer(sooner.options[2 if flat == steep else int(flat < steep)])

# %% [markdown]
# They go side by side, because both start at the same distance and each gradient is divided by its own size.
# The first step of each is ten step sizes long, and Part 4 says why.
#
# <details><summary>And if the ravine is turned?</summary>Turn it by 45 degrees, and the two gradients are about equally large, so both numbers get the same step size. After 300 steps of 0.05 the flat direction still has {{ 100 * opening.left_aslant():.0f }} % of its way to go.</details>
#
# *Deeper: [a turned ravine](deeper/08_rmsprop.ipynb).*
#
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
# RMSprop trains the network.
# Now we ask what in the rule does it, and then what was wrong with the network.
#
# Do its gradients differ in size, as those of the two numbers did?

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
# With one step size, the first step of gradient descent moves the first layer's weights hundreds of times less than the last layer's.
#
# <details><summary>Why are the first three bars about level?</summary>From layer 1 to 3 the inputs get {{ trouble.enters_fall():.1f }} times smaller, and the signal that comes back {{ trouble.back_grows():.1f }} times larger.</details>
#
# ### A divisor for each layer?
#
# RMSprop divides each weight's gradient by its own recent size.
# Suppose that all weights of a layer share one such divisor, the recent size of that layer's gradients.
# Then every layer takes steps of about the same length.

# %%
shared = predict(
    "With one divisor for each layer, what does the network read within 300 steps?",
    ["it still guesses", "less than half of what RMSprop reads",
     "nearly as much as RMSprop"],
)
shared

# %% [markdown]
# And with more divisors.

# %% tags=["answer"]
divided = records.deep_net_records()
display(table(["one divisor for", "digits read correctly"], records.by_divisor(divided)))
shared.answer(records.with_one_divisor_a_layer(divided, shared.options))

# %% [markdown]
# A weight leaves the unit whose output it multiplies.
# **One divisor for a layer is not enough, and RMSprop has one for each weight.**
#
# <details><summary>Fine print</summary>Bars as means over five starts. Ten starts, each row at its best step size. A divisor for each layer whose first steps are no longer than others reads {{ records.begun_full("B") }}, and one without any memory {{ records.forgetting_reads() }}.</details>
#
# *Deeper: [a divisor for each layer, set once or following](deeper/08_rmsprop.ipynb).*
#
# ### A better start
#
# PyTorch's start draws small weights.
# Draw them 2.5 times as large, and leave all else as it was.

# %%
change = predict(
    "What does gradient descent read within 300 steps now?",
    ["it still guesses", "fewer than half of the digits", "more than half of the digits"],
)
change

# %% [markdown]
# The network from both starts.

# %% tags=["answer"]
trained = recorded("deep_net.json")
display(table(["start", *records.NAMES.values()], records.by_start(trained)))
change.answer(records.with_larger_weights(trained, change.options))

# %% [markdown]
# With larger weights all three learn.
# Now look into the network as it starts.
# On the left is the signal that backpropagation brings to each layer.
# On the right is how much the inputs of each layer differ from image to image.

# %%
trouble.show_apart()

# %% [markdown]
# From PyTorch's start each layer makes the signal smaller on its way back.
# These are *vanishing gradients*.
# The differences between images shrink on their way forward, so the network gives nearly the same answer to all of them.
# With larger weights both stay about level.
#
# **So the trouble was small weights, which make the gradients tiny and the images alike.**
# The [[He start]], made for ReLU, draws weights as large as our larger ones, and all three learn from it.
# RMSprop learned from the small weights too, and it reads more from the larger ones.
#
# <details><summary>Is it the gradients, or the images?</summary>The gradients alone do not explain it. With zero biases the last layer's are only {{ opening.unequal("zero biases"):.1f }} times as large as the first's, and gradient descent still guesses. It guesses too when all its steps are made equally long. RMSprop reads {{ records.reads_from("zero biases") }} there. We did not test the images' likeness alone.</details>
# <details><summary>Fine print</summary>Ten trainings from each start. The first row is that of Part 1, the others at the best of seven step sizes. A He start also sets the biases to zero, and gradient descent reads {{ records.reads_from("He start", "sgd") }} from it, the others more.</details>

# %% [markdown]
# ## Part 3. How long is a step?
#
# ### The size of the gradient
#
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
# It moves by $\alpha$, and so does every parameter whose gradient has been steady for long.
# So $\alpha$ is now a length.
#
# Now take the ravine of lesson 7 and multiply its loss by a thousand.
# That happens when you add the losses of a batch of a thousand instead of averaging them.

# %%
scaled = predict(
    "What does the factor of 1000 do to RMSprop's path?",
    ["its steps get a thousand times longer", "nothing you would notice", "its steps get shorter"],
)
scaled

# %% [markdown]
# Twenty steps on both losses.

# %% tags=["answer"]
rows, valley = [], ravine(100)
for name, rule in (("gradient descent", sgd), ("RMSprop", rmsprop)):
    ends = [run(rule, scales.scaled(valley, c), steps=20, lr=0.015).theta[-1, 0] for c in (1, 1000)]
    rows.append([name, *(f"{x:.4f}" if abs(x) < 9 else "far away" for x in ends)])
display(table(["the flat number ends at", "loss", "1000 times the loss"], rows))
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
# RMSprop walks through the ravine for 300 steps, at a constant step size and with a short memory of ten steps.
# After 68 steps the loss is below 10⁻¹².

# %%
later = predict(
    "Where is the loss after 300 steps?",
    ["still below 10⁻¹²", "near a hundredth", "above a million"],
)
later

# %% [markdown]
# The loss after those steps and at the end.

# %% tags=["answer"]
walk = run(rmsprop, valley, steps=300, start=[1.0, 0.3], lr=0.03, beta2=0.9)
display(table(["after step", "loss"], [[t, walk.loss[t]] for t in (68, 300)], ["", ".0e"]))
later.answer("near a hundredth" if 0.003 < walk.loss[-1] < 0.03 else "still below 10⁻¹²")

# %% [markdown]
# The loss came back.
# In RMSprop $\alpha/\sqrt v$ takes the place of the step size.
# So it must stay below 2 divided by the curvature, as the step size had to in Part 1.
#
# The dotted line is where the steep number passes that limit, and the grey curve is its part of the loss.
# The second slider lets the step size fall to zero at the end.
# **Goal:** let the loss end below 10⁻⁷.

# %% tags=["answer"]
hopping.hopping().live()

# %% [markdown]
# <details><summary>Answer</summary>For example, let the step size fall over the last 20 %.</details>
#
# 1. On the way to the minimum the gradients shrink.
#    `v` forgets the large ones of the beginning, so $\alpha/\sqrt v$ grows.
# 2. At the dotted line it passes the limit.
#    From there each step throws the steep number further out.
# 3. Its part of the loss, in grey, rises until it is the larger part.
#    Then the loss rises with it.
# 4. The gradient has grown, so `v` grows too, and the steps get shorter again.
#    After smaller and smaller swings they settle at $\alpha$.
#
# In the right panel the steep number is half a step from its minimum, so a whole step takes it half a step past.
# It can only [[hop]] from side to side, and in the end the flat number does too.
#
# <details><summary>And with the default memory?</summary>The first spike comes at about step 350, and the hops are steady only after some two thousand steps.</details>
#
# A smaller $\alpha$ makes the hops smaller, but it takes longer to arrive.
# A step size that starts large and falls at the end arrives fast and then ends the hops.
# A plan for how $\alpha$ falls during training is called a [[schedule]].
#
# *Deeper: [which step size a coordinate finds by itself](deeper/08_rmsprop.ipynb).*
#
# ### Exercise 2. Which bug? (4 minutes)
#
# Two colleagues have written RMSprop, and each has made one mistake.
# The right one is brown.

# %%
practice.show_bugs(practice.TWO_BUGS)

# %% [markdown]
# <details><summary>Hint</summary>Which black lines fall behind the brown one, both of them or only one?</details>
#
# Choose from `"sum instead of average"`, `"the whole vector normalised by one number"`, `"no root"`, `"plus instead of minus"`.
# In the sum the new square is added whole, and the old `v` is multiplied by $\beta_2$ as before.

# %% tags=["stub"]
bugs = {"A": None, "B": None}

# %% tags=["solution"]
bugs = {"A": "sum instead of average", "B": "the whole vector normalised by one number"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# In A both directions fall behind, because the factor $1-\beta_2$ is missing.
# So the new square comes in with its full weight, `v` is a hundred times too large, and every step is ten times too short.
# In B the steep direction arrives first and the flat one is left behind, as with gradient descent, because both are divided by the same number.
# That number is the root of the mean of both squares, smaller than the steep gradient itself, so the steep steps are even longer than the right ones.

# %% [markdown]
# The judge asks about each wrong name.

# %%
judges.judge_bugs(bugs)

# %% [markdown]
# *Deeper: the older rule [[Adagrad]], and [what comes of subtracting the mean first](deeper/08_rmsprop.ipynb).*

# %% [markdown]
# ## Part 4. The first step
#
# `v` starts at zero, far below the square of the gradient.
# How long are the first steps?

# %%
from lessonlib.lessons.lesson08 import judges, play

# %% [markdown]
# ### Exercise 3. Two steps by hand (5 minutes)
#
# The gradient is 3 at both steps, and $\beta_2$ is 0.99.
# Compute `v` after each gradient, and the length of the step that follows, in units of $\alpha$.
# Leave $\epsilon$ out, and give three digits or more.
#
# <details><summary>Hint</summary>At the first step nine comes in with a weight of a hundredth, and what was there is zero.</details>

# %% tags=["stub"]
by_hand = {"v1": None, "step1": None, "v2": None, "step2": None}

# %% tags=["solution"]
by_hand = {"v1": 0.01 * 9, "v2": 0.99 * 0.09 + 0.01 * 9}
by_hand |= {"step1": 3 / by_hand["v1"] ** 0.5, "step2": 3 / by_hand["v2"] ** 0.5}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# After one step `v` holds a hundredth of nine, and the root of a hundredth is a tenth.
# So the gradient is divided by a tenth of its size, and the step is ten step sizes long.

# %% [markdown]
# The judge stops at the first slip.

# %%
judges.judge_two_steps(by_hand)

# %% [markdown]
# ### The burst
#
# We call the long first steps the burst.
# Here they are under a steady gradient.
# **Goal:** find the longest memory whose first step is at most twice the step size.

# %% tags=["answer"]
play.burst().live()

# %% [markdown]
# <details><summary>Answer</summary>A memory of four steps, so β₂ = 0.75. The first step is the root of the memory times the step size, and the root of four is two.</details>
#
# With the usual memory of a hundred steps the first step is ten step sizes long, and the tenth still about three.
#
# <details><summary>Fine print</summary>No step of a parameter is longer than $\alpha/\sqrt{1-\beta_2}$, because <code>v</code> holds at least $1-\beta_2$ of the newest square. A gradient that jumps far above its recent size takes nearly that, at any time.</details>
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
# PyTorch's can also take `momentum`.
# With `momentum=0.9` a steady step is ten times as long, so divide `lr` by ten.

# %%
from lessonlib.lessons.lesson08 import judges, records
from lessonlib.play.prediction import summary

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
# `optim.RMSprop` trains it on the same images, for a hundred steps only.
# Does the deep network's best step size serve here too?
# Choose an `lr` that brings the training loss below 0.2, as the mean of three starts.

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 0.1

# %% [markdown] tags=["solution"]
# *Why it is so.*
# What served eight hidden layers is too slow here, and so is PyTorch's default of 0.01.
# From 0.025 to 0.3 all that we tried passes, and 0.5 is too large.
# With 300 steps, as in Part 1, 0.003 still leaves several times the loss that 0.1 leaves.
# So the best step size belongs to the network.

# %% [markdown]
# The judge trains it three times.
# Loading PyTorch first can take a quarter of a minute.

# %% tags=["chaotic"]
judges.judge_setting(my_lr)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Choose it** | when a recipe that you follow uses it; otherwise take Adam of lesson 9, which divides in the same way and has no burst |
# | **Before** | give a plain ReLU network that you train from scratch the He start, with the lines below. Never run these lines after loading weights, because they overwrite the weights |
# | **Type** | `optim.RMSprop(model.parameters(), lr=1e-3)` as a first guess for a deep network, which brought ours to a loss of {{ records.loss_at(0.001):.1f }}, the median of ten starts. Leave `alpha` and `eps` at first, as we did in both networks |
# | **Change first** | `lr`, in factors of three, from 0.1 to 0.0001. If the best lies at an end, go on past it. The best here was about 0.003 with eight hidden layers, and about 0.1 with none |
# | **Change next** | when the loss jitters at the end, try an `lr` that falls over the last third, and keep it if the loss ends lower. That is `scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda t: max(0, min(1, 3 - 3 * t / steps)))`, with `scheduler.step()` after each of the `steps` calls of `optimizer.step()` |
#
# ```python
# from torch import nn
#
# for layer in model.modules():
#     if isinstance(layer, (nn.Linear, nn.Conv2d)):
#         nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
#         if layer.bias is not None:
#             nn.init.zeros_(layer.bias)
# ```
#
# ### Three questions, from memory
#
# <details><summary>The loss is multiplied by a thousand. What happens to RMSprop's path?</summary>Nothing, as long as the root of v is far above epsilon, because the factor cancels.</details>
# <details><summary>The gradient has been 3 for a long time. How long is a step?</summary>As long as the step size. With a gradient of 0.003 it would be just as long.</details>
# <details><summary>How long is the first step with beta2 = 0.99, and why?</summary>Ten times the step size, because v holds only a hundredth of the squared gradient.</details>
#
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - RMSprop divides each gradient by its own recent size, the root of `v`.
# - A gradient that has been steady for long moves its parameter by $\alpha$, whatever its size.
# - In the ravine a constant $\alpha$ ended in hops across the minimum, and a falling $\alpha$ ended the hops.
# - From PyTorch's start only RMSprop trained our network in 300 steps, and with larger weights all three did.
#
# **Next, [lesson 9](09_adam.ipynb).**
# After $t$ steps of a steady gradient, how much of its square does `v` hold?
# Divide by that share, and the burst is gone.
