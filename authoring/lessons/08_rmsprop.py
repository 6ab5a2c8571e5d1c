# %% [markdown]
# # Lesson 8. RMSprop: a step size for each parameter
#
# **From lesson 7, from memory.**
# The condition number of a ravine grows a hundredfold.
# How many more steps does momentum need?
#
# <details><summary>Answer</summary>About ten times as many, because the count grows with the square root.</details>
#
# Momentum ([lesson 7](07_momentum.ipynb)) smooths the path, but one question stayed open: it still uses **one** $\alpha$ for steep and for flat coordinates.
# The steep one sets the limit, the flat one has to live with it.
# **RMSprop**, for *root mean square propagation*, keeps a running average of the *squared* gradient and divides each coordinate's step by its root.
# One line of memory, one division; most of this lesson is about what that division does, wanted and unwanted.
# After it you will be able to
#
# 1. write RMSprop from memory, and have it checked;
# 2. say exactly what happens to its path when the loss is multiplied by 1000, and when $\beta_2$ goes to 0;
# 3. say what $\epsilon$ = 1e-8 means in float64, float32 and bfloat16, and why a running average can freeze;
# 4. say from which angle on, on one ravine and at the default $\beta_2$, a step size for each coordinate stops paying, because you found it;
# 5. show what is wrong with its first step.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | The rule, and your own version of it | 25 |
# | 2 | What the division forgets: the scale, and nearly all but the sign | 15 |
# | 3 | Epsilon and precision | 15 |
# | 4 | Rotation: where it stops paying | 20 |
# | 5 | The first step, and the question that it leaves | 15 |
#
# The minutes are our estimate for reading, playing and typing, not a measurement of a class.
# Each part is a place to stop.
# The code of the whole lesson runs in well under a minute on two CPU cores; no GPU is needed.
# You need: lesson 7, or the idea of momentum and of a running average.

# %% tags=["setup"]

# %% [markdown]
# Everything comes from NumPy and the course's library.
# `State` is what an optimizer remembers between steps: the step count `t` and two averages, `m` and `v`.
# This lesson uses `v`.

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from lessonlib import State, adam, momentum, rmsprop, run, sgd
from lessonlib import checks, misconceptions, problems
from lessonlib.lessons.lesson08 import judges, play, turned_ravine
from lessonlib.lessons.lesson08.turned_ravine import steps_to_arrive as arrive
from lessonlib.tables import table

# %% [markdown]
# ## Part 1. One step size for each coordinate
#
# ### The ravine again
#
# The [[ravine]] of lesson 7: [[curvature]] 1 along $\theta_1$, 100 along $\theta_2$, so the loss is $(\theta_1^2 + 100\,\theta_2^2)/2$ and the [[condition number]] is 100.
# Alone, the flat coordinate would like $\alpha = 1$ and the steep one $\alpha = 0.01$: each would be at its minimum in one step.
# Together they share one $\alpha$, and above $2/100$ the steep one blows up.
#
# Three rules leave from $(1, 1)$ with the same $\alpha = 0.015$.
# It is no race: look at the *shape* of the paths.
# (A marker stands at every sixth step.)
# **Predict:** gradient descent and momentum first fall across the ravine, then walk along it.
# Which way does RMSprop go?

# %%
ravine = problems.ravine(100)
paths = {rule: run(rule, ravine, lr=0.015, steps=60) for rule in (sgd, momentum, rmsprop)}

figure, ax = plt.subplots(figsize=(6.4, 4.2))
plots.contours(ravine, ax)
for rule, result in paths.items():
    plots.path(result, ax, label=rule.__name__)
ax.set_title("RMSprop walks as if the ravine were round")
figure.legend(loc="outside right upper")
x, y = paths[rmsprop].theta.T
plots.show(figure, "Three paths in a ravine from (1, 1): gradient descent and momentum swing "
           "across it; RMSprop goes straight to the minimum along the diagonal.")
print(f"RMSprop's two coordinates are equal to 1e-7 at every step: {np.abs(x - y).max() < 1e-7}")

# %% [markdown]
# A straight line to the minimum.
# The second gradient is 100 times the first, and is divided by a number 100 times as large: **both coordinates take the same steps, as if both curvatures were one.**
# From $(1,1)$ equal steps lead to the minimum, which is luck; remember it, because it comes back to fool us in Part 4.
#
# ### The algorithm, with its symbols
#
# $$v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2 \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{g_t}{\sqrt{v_t}+\epsilon}$$
#
# All of it coordinate by coordinate: the square, the root and the division.
#
# | Symbol | In code | Name | Default |
# |---|---|---|---|
# | $g_t$ | `g` | [[gradient]] of the loss at step $t$ | |
# | $v_t$ | `v` | [[second moment]]: [[exponential moving average]] (EMA) of the squared gradient | starts at 0 |
# | $\beta_2$ | `beta2` | decay rate of that average; its [[memory]] is about $1/(1-\beta_2)$ steps. PyTorch calls it `alpha` | 0.99 |
# | $\alpha$ | `lr` | [[learning rate]], or step size | 0.001 here, 0.01 in PyTorch |
# | $\epsilon$ | `eps` | small constant, in the units of $g$, that keeps the division finite ([[epsilon]]) | 1e-8 |
#
# The number that multiplies the gradient of a coordinate, $\alpha/(\sqrt{v}+\epsilon)$, is its *effective step*.
#
# ### Exercise 1: write RMSprop (8 minutes)
#
# Write the lines.
# `theta`, `g` and `s.v` are arrays; return the new `theta` and a new `State(s.t + 1, 0.0, v)`; change nothing in place.
# Lesson 9 will put your line for `v` beside Adam's.
#
# <details><summary>Hint 1</summary>Which v belongs in this step: the one before the new gradient, or the one with it?</details>
# <details><summary>Hint 2</summary>In which units is v, and which units must the denominator have so that α is a length?</details>

# %% tags=["stub"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    ...  # your two lines, and a return

# %% tags=["solution"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    v = beta2 * s.v + (1 - beta2) * g**2
    theta = theta - lr * g / (v**0.5 + eps)
    return theta, State(s.t + 1, 0.0, v)

# %% [markdown]
# The check runs your function beside the right one and beside {{ len(misconceptions.of(rmsprop)) }} classic wrong ones.
# If something is off, it says what it saw and asks a question.

# %%
checks.check(my_rmsprop, against=rmsprop)

# %% [markdown]
# Ours is also PyTorch's.
# Same gradients, same settings, under PyTorch's names:

# %%
import torch

p = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
optimizer = torch.optim.RMSprop([p], lr=0.015, alpha=0.99, eps=1e-8)
for _ in range(60):
    optimizer.zero_grad()
    loss = (p[0] ** 2 + 100 * p[1] ** 2) / 2
    loss.backward()
    optimizer.step()
same = np.allclose(p.detach().numpy(), paths[rmsprop].theta[-1], rtol=0, atol=1e-12)
print("torch.optim.RMSprop ends where our run ended:", same)

# %% [markdown]
# ### Play: where do the effective steps end up?
#
# Now start off the diagonal.
# On the left the path, on the right the effective step of each coordinate.
# They differ by about the ratio of the gradients, and they *grow* as the gradients shrink.
# **Predict:** do they grow forever?
# The dotted lines are $2/\text{curvature}$, the step above which plain gradient descent on that coordinate is unstable.
# Reach the goal first, then look at the path near the minimum.

# %%
play.own_steps().live()

# %% [markdown]
# At the start values ($\beta_2 = 0.99$) the effective steps are still climbing after 300 steps.
# With a memory of 10 steps they reach their lines and stay: **every coordinate finds $2/\text{curvature}$ by itself**, 2 for the flat one, 0.02 for the steep one, though nobody told the rule a curvature.
# A larger step would make the coordinate swing, a swing makes $g$ larger, a larger $v$ makes the step smaller.
# (Something very like it is seen in networks: Cohen et al. 2022, below.)
#
# That sounds better than it is: a coordinate *at* its limit swings forever.
# **Predict:** with $\alpha = 0.01$ and $\beta_2=0.99$ the loss falls below 1e-100 within 600 steps.
# Where is it after 5000?

# %%
long = run(rmsprop, ravine, lr=0.01, steps=5000, start=np.array([1.0, 0.3]))
print("loss below 1e-100 at step 600:", long.loss[600] < 1e-100)
print(f"loss at step 5000: {long.loss[-1]:.5f}")
print(f"lr^2 / 8 times the sum of curvatures: {0.01**2 / 8 * 101:.5f}")
print("size of the last three theta:", *(f"({a:.3f}, {b:.3f})" for a, b in abs(long.theta[-3:])))

# %% [markdown]
# It came back.
# While the gradient is tiny, $v$ forgets, the effective step grows, and when it passes the limit the path is thrown out again.
# It ends hopping over the minimum, from $-\alpha/2$ to $+\alpha/2$ in every coordinate, at a loss of $\alpha^2/8$ times the sum of the curvatures.
# **At constant $\alpha$ RMSprop does not settle, not even on a quadratic; it may pass far closer than $\alpha$, and does not stay closer.**
# Convergence is the job of a [[schedule]] that lowers $\alpha$.
#
# ### A common slip: $v$ is not a variance
#
# $v$ averages $g^2$, uncentred.
# The [[variance]] would be the average of $(g - \bar g)^2$.
# Feed both a constant gradient of 3, which has variance 0.
# **Predict:** how long is the step, in units of $\alpha$, after 1000 steps?

# %%
wrong = {slip.name: slip for slip in misconceptions.of(rmsprop)}
by_deviation = wrong["variance instead of second moment"]

def steps_of(rule, gradients):
    """The length of each step in units of lr, beta2 = 0.99: (T,)."""
    theta, s, path = 0.0, State(), [0.0]
    for g in gradients:
        theta, s = rule(theta, g, s, lr=1.0, beta2=0.99, eps=1e-8)
        path.append(theta)
    return -np.diff(path)

rules = {"root of the second moment": rmsprop, "standard deviation": by_deviation}
rows = [[name, *steps_of(rule, [3.0] * 1000)[[99, 299, 999]]] for name, rule in rules.items()]
table(["divided by the", "step 100", "step 300", "step 1000"], rows, ".2f")

# %% [markdown]
# $v$ goes to $g^2 = 9$, and the step to $3/\sqrt 9 = 1$ times $\alpha$.
# The standard deviation goes to 0, and the step grows without limit exactly where the gradient is *most certain*.
# The variant exists (`centered=True` in PyTorch, after Graves 2013); now you know what to watch for when you use it.
#
# ### An older relative: Adagrad
#
# [[Adagrad]] (Duchi et al. 2011) came first: the same division, by the root of the *sum* of all squared gradients.
# A sum never forgets, so its steps can only shrink, like $1/\sqrt t$ for a steady gradient.
# That is right where rare features must keep a large step, and on convex problems it converges without a schedule.
# A network's gradients change by orders of magnitude while it trains.
# **Predict** both rules' steps for a gradient of 1 for 1000 steps, then 0.01 for 1000 steps.

# %%
fades, shown = [1.0] * 1000 + [0.01] * 1000, [999, 1000, 1999]
adagrad = steps_of(wrong["sum without forgetting"], fades)
table(["step / lr", "step 1000", "step 1001", "step 2000"],
      [["Adagrad", *adagrad[shown]], ["RMSprop", *steps_of(rmsprop, fades)[shown]]], ".4f")

# %% [markdown]
# Adagrad's last step is {{ adagrad[-1]:.4f }} $\alpha$: the old gradients still weigh as much as ever.
# RMSprop is back near $\alpha$ because its average forgot them.
# Replacing a sum by an average is the whole difference.
# (Hinton came to it from another side: Rprop, which uses signs only, made fit for mini-batches.)
#
# *A place to stop.
# You have written RMSprop and seen where its steps end up.*

# %% [markdown]
# ## Part 2. What the division forgets
#
# ### The scale of the loss
#
# Multiply a loss by 1000, say because you sum over a batch instead of averaging.
# The minimum stays where it is, every gradient is 1000 times larger.
# **Predict** for each rule how far the new path is from the old one: for gradient descent; for RMSprop; for RMSprop whose $\epsilon$ is multiplied by 1000 too.
# And why does the table also try 1024?

# %%
def times(c):
    """The ravine with its loss multiplied by c."""
    return replace(ravine, loss=lambda theta: c * ravine.loss(theta),
                   grad=lambda theta, rng: c * ravine.grad(theta, rng))

def apart(rule, c, eps=None, scaled_eps=None):
    """Largest distance in a coordinate between the paths on the loss and on c times the loss."""
    first, second = ({} if e is None else {"eps": e} for e in (eps, scaled_eps))
    here = run(rule, ravine, lr=0.01, steps=100, **first).theta
    there = run(rule, times(c), lr=0.01, steps=100, **second).theta
    return np.abs(there - here).max()

def told(distance):
    """A distance in words where only its size holds on any machine."""
    return "none" if distance == 0 else "rounding" if distance < 1e-14 else f"{distance:.1e}"

# %% [markdown]
# "None" means bit for bit; "rounding" means below 1e-14.

# %%
rows = []
for c, name in ((1024.0, "1024"), (1000.0, "1000"), (1e-3, "0.001"), (1e-9, "1e-9")):
    plain = apart(sgd, c)
    rows.append([name, "diverges" if plain > 1e9 else told(plain),
                 told(apart(rmsprop, c, 1e-8, 1e-8)), told(apart(rmsprop, c, 1e-8, c * 1e-8))])
table(["loss times", "sgd", "rmsprop", "rmsprop, eps scaled too"], rows)

# %% [markdown]
# The rightmost column is the law: **with $\epsilon$ scaled along, the path does not depend on the scale of the loss at all**, since $c\,g/(\sqrt{c^2 v} + c\,\epsilon) = g/(\sqrt v+\epsilon)$.
# A factor of $1024 = 2^{10}$ only changes exponents of the numbers, so the path is the same bit for bit; a factor of 1000 rounds differently in the last place.
# This is [[scale invariance]].
# Gradient descent has none: with the loss, its step grows too.
#
# The middle column is the truth about the rule as you use it, with $\epsilon$ left alone.
# At a scale of 1000 the difference is in the eighth digit.
# At 1e-9 the path is another one.
# In the figure, follow the solid line from right to left: where does it begin to rise, and where does it reach the dotted one?

# %%
kinds = {"sgd": lambda c: apart(sgd, c),
         "rmsprop, eps 1e-8": lambda c: apart(rmsprop, c, 1e-8, 1e-8),
         "rmsprop, eps scaled too": lambda c: apart(rmsprop, c, 1e-8, c * 1e-8)}
scales = np.geomspace(1e-14, 1e6, 32)
figure, ax = plt.subplots(figsize=(7.2, 3.6))
for (name, distance), color, dash in zip(kinds.items(), ("sgd", "rmsprop", ""), (":", "-", "--")):
    far = np.nan_to_num([distance(c) for c in scales], nan=10)
    ax.plot(scales, np.clip(far, 1e-17, 10), color=plots.look(color).color, ls=dash, label=name)
ax.set(xscale="log", yscale="log", xlabel="the loss is multiplied by", ylim=(1e-17, 20),
       ylabel="distance between paths", title="RMSprop forgets the scale, up to epsilon")
figure.legend(loc="outside lower center", ncols=3)
plots.show(figure, "Distance to the first path by the factor on the loss: large for sgd; "
           "for RMSprop it rises as the factor falls and is of order 1 below 1e-8; with "
           "epsilon scaled too it stays at rounding.")

# %% [markdown]
# $\epsilon$ **is a scale**: gradients well above it are divided by their own size, gradients well below it by $\epsilon$.
# Well below 1e-8, from 1e-11 on, RMSprop has turned into gradient descent with a step of $\alpha/\epsilon$ times the gradient.
# (For gradient descent the distance stops at 1 on the left because the path no longer moves, and is cut off at 10 on the right, where it diverges.)
#
# **Your turn:** the loss is multiplied by 1e-9.
# Type the largest power of ten for $\epsilon$ that brings the path back to within 1e-6 of the old one.
# Guess first: only $\epsilon$ divided by the factor counts.
# In the middle column, how far apart are the paths at 0.001, and so how much larger than 1e-8 may that quotient be?

# %% tags=["stub"]
my_eps = 1e-8

# %% tags=["solution"]
my_eps = 1e-16

# %% [markdown]
# The cell reports the distance at your $\epsilon$ and at ten times it.
# You have the largest when the first line says within and the second does not.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# ### All but the sign: $\beta_2 \to 0$
#
# With $\beta_2 = 0$ there is no memory: $v = g^2$, and $g/\sqrt{g^2}$ is the sign of $g$.
# RMSprop becomes [[sign descent]]: **every coordinate moves by $\alpha$, at every step, whatever the gradient.**
# How near is it at a small $\beta_2$?
# **Predict:** when $\beta_2$ is divided by ten, by what factor does the distance to the path of sign descent fall?
# And does the answer hold once the path has arrived?

# %%
def signed(beta2):
    """A path from (1, 1) that arrives after some 33 steps of lr."""
    return run(rmsprop, ravine, lr=0.03, steps=200, beta2=beta2, eps=1e-12).theta

sign, rows = signed(0.0), []
for beta2 in (0.99, 0.9, 0.1, 0.01, 0.001):
    distance = np.abs(signed(beta2) - sign).max(axis=1)
    rows.append([beta2, distance[:31].max(), distance[31:].max() / 0.03])
table(["beta2", "on the way (30 steps)", "after arrival, in lr"], rows, ["", ".5f", ".1f"])

# %% [markdown]
# On the way the distance shrinks in proportion to $\beta_2$.
# After arrival the law is gone: what differs is when and where the paths hop.
# Now look closely at the arrival.
# **Predict** what sign descent does when it is nearer to the minimum than $\alpha$.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.6))
for beta2, color, dash in ((0.0, "black", "-"), (0.5, "#d99a5b", "--"), (0.9, "#9e5210", "-")):
    ax.plot(signed(beta2)[20:80, 0] / 0.03, color=color, ls=dash, lw=1.5,
            label=f"$\\beta_2$ = {beta2:g}")
ax.axhspan(-1, 1, color="#dddddd", zorder=0)
ax.set(xlabel="steps after the 20th", ylabel="$\\theta_1$, in units of lr", ylim=(-3, 15),
       title="Near the minimum, sign descent hops by one step size forever")
ax.text(59, 1.4, "within one step size of the minimum", ha="right", color="#555555")
ax.legend()
plots.show(figure, "The first coordinate over 60 steps in units of lr: with beta2 0 it falls in a "
           "straight line and then hops between two points one lr apart; 0.5 and 0.9 approach more "
           "slowly and hop too.")

# %% [markdown]
# It steps over the minimum and back, {{ sign[-1, 0] / 0.03:+.2f }} $\alpha$, {{ sign[-2, 0] / 0.03:+.2f }} $\alpha$, one $\alpha$ apart: the sign knows where to go and not how far.
# Where the two points lie depends on the start.
# With $\beta_2 = 0.5$ the hop is there too, from $-\alpha/2$ to $+\alpha/2$, as in Part 1; with 0.9 it sets in later.
# Sign descent is a respectable optimizer with a schedule: in lesson 9 it does as well as Adam on a model of language.
#
# *A place to stop.*

# %% [markdown]
# ## Part 3. Epsilon and precision
#
# ### Outside or inside the root?
#
# Our rule, PyTorch's, and the usual Adam add $\epsilon$ outside: $\sqrt v+\epsilon$.
# Some add it inside: $\sqrt{v+\epsilon}$; PyTorch's own documentation notes that TensorFlow does.
# Let both say `eps=1e-8`.
# **Predict** the length of a step, in units of $\alpha$, for a steady gradient of 1e-2, 1e-4, 1e-6, 1e-8: outside, and inside.

# %%
both = rmsprop, wrong["epsilon inside the root"]
rows = [[g, *(steps_of(rule, [g] * 3000)[-1] for rule in both)] for g in (1e-2, 1e-4, 1e-6, 1e-8)]
table(["steady gradient", "eps outside", "eps inside the root"], rows, [".0e", ".4f", ".4f"])

# %% [markdown]
# Outside, $\epsilon$ is felt by gradients near 1e-8; inside, by gradients near $\sqrt{10^{-8}} = 10^{-4}$, **ten thousand times larger**.
# So when a run is ported from one library to another and behaves differently, look at where $\epsilon$ stands before you look at anything else: 1e-8 outside corresponds to 1e-16 inside.
#
# ### What is 1e-8 in bfloat16?
#
# Networks are often trained in 16 bits. float16 spends them on digits and has a short range; bfloat16 has the range of float32 and keeps only two to three decimal digits.
# What happens to our rule in each [[precision]]?
# NumPy has no bfloat16, but rules are written with operators only, so the same function runs on torch tensors.
# **Predict** for each type: is 1e-8 zero?
# Is $(10^{-4})^2$ zero?
# How large is the smallest power of two to which adding 1e-8 changes nothing?
# And how long is the first step for a gradient of 1e-4 (the exact formula gives 10 $\alpha$; Part 5 says why)?

# %%
def facts(dtype):
    """1e-8 as stored, 1e-4 squared, where adding 1e-8 has no effect, first step for g = 1e-4."""
    g = torch.tensor(1e-4, dtype=dtype)
    eps = torch.tensor(1e-8, dtype=dtype).item()
    powers = [torch.tensor(2.0**k, dtype=dtype) for k in range(-40, 40) if eps]
    deaf = [x.item() for x in powers if x + 1e-8 == x]
    step = rmsprop(0 * g, g, State(), lr=1.0)[0].abs().item()
    return eps, (g**2).item(), min(deaf, default=0), step

types = torch.float64, torch.float32, torch.bfloat16, torch.float16
table(["type", "1e-8", "1e-4**2", "1e-8 is lost", "first step / lr"],
      [[str(dtype)[6:], *facts(dtype)] for dtype in types], ["", ".2g", ".2g", ".2g", ".2f"])

# %% [markdown]
# Row by row.
# *float64, float32:* all is well; in float32, adding 1e-8 to a $\sqrt v$ of 0.25 or more changes nothing, and need not: $\epsilon$ matters only where $\sqrt v$ is small.
# *bfloat16:* 1e-8 exists, $g^2$ does not vanish, the step is right.
# *float16:* **1e-8 is zero and so is the square of 1e-4.**
# A small gradient is divided by $0 + 0$: an infinite step.
#
# So bfloat16 is safe?
# One more look, at the average itself.
# A gradient of 1 for 1000 steps, then 0.1 for 1500, with $\beta_2 = 0.999$.
# In float32 $v$ climbs to {{ 1 - 0.999**1000:.2f }}, then falls toward 0.01.
# **Predict** bfloat16: the same, with a little noise from rounding?

# %%
def second_moment(dtype, beta2=0.999):
    """v over 2500 steps: the gradient is 1 for 1000 steps, then 0.1."""
    theta, s, history = torch.zeros((), dtype=dtype), State(), []
    large, small = torch.tensor([1.0, 0.1], dtype=dtype)
    for t in range(2500):
        theta, s = rmsprop(theta, large if t < 1000 else small, s, lr=0.0, beta2=beta2)
        history.append(s.v)
    return torch.stack(history).double().numpy()

averages = {dtype: second_moment(dtype) for dtype in (torch.float32, torch.bfloat16)}

# %% [markdown]
# In the figure, look at the second half.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.4))
for (dtype, v), color, dash in zip(averages.items(), ("#888888", "#9e5210"), ("--", "-")):
    ax.plot(v, color=color, ls=dash, label=str(dtype)[6:])
ax.axvspan(1000, 2500, color="#eeeeee", zorder=0)
ax.text(1020, 0.03, "the gradient is ten times smaller", color="#555555")
ax.set(xlabel="step", ylabel="v", ylim=(0, 0.75),
       title="In bfloat16 a long average stops short, and never forgets")
ax.legend(loc="upper left")
v_full, v_low = averages.values()
plots.show(figure, "v over 2500 steps: in float32 it rises to 0.63 and falls once the gradient is "
           "smaller; in bfloat16 it stops at 0.5 and stays there to the end.")

# %% [markdown]
# In bfloat16 $v$ stops at {{ v_low[999]:.2f }} and **stays there to the end, although the gradient fell by ten**: its steps are {{ (v_low[-1] / v_full[-1])**0.5:.1f }} times shorter than float32's by then, and in the long run {{ 10 * v_low[-1]**0.5:.1f }} times, forever.
# The numbers around $v$ are spaced by 0.4 to 0.8 % of $v$.
# $\beta_2 v = 0.999\,v$ is a change of 0.1 %, less than half that spacing, so it rounds back to $v$: **the average cannot forget**.
# And $(1-\beta_2)\,g^2$, at 0.001, is too small to be added to 0.5.
# (The steep piece before it: between 0.25 and 0.5 each 0.001 is rounded up to 0.002.)
# Which $\beta_2$ forget at all?
# Try every bfloat16 number between 1 and 2.

# %%
every_v = (1 + torch.arange(128, dtype=torch.float64) / 128).to(torch.bfloat16)
rows, shorter = [], {dtype: second_moment(dtype, 0.99) for dtype in averages}
for beta2 in (0.9, 0.99, 0.997, 0.998, 0.999):
    falls = (beta2 * every_v < every_v).double().mean().item()
    rows.append([beta2, 1 / (1 - beta2), falls])
table(["beta2", "memory, steps", "share of v that can fall"], rows, ["", ".0f", ".0%"])

# %% [markdown]
# A memory of 100 steps can fall from anywhere; of 500 hardly; of 1000, Adam's default, not at all.
# And "can fall" is not "is right": with $\beta_2 = 0.99$ the same experiment ends at {{ shorter[torch.bfloat16][-1]:.4f}} in place of {{ shorter[torch.float32][-1]:.4f }}.
# Is this a toy?
# Ask `torch.optim.RMSprop` itself, with a parameter in bfloat16:

# %%
p = torch.nn.Parameter(torch.zeros(1, dtype=torch.bfloat16))
optimizer = torch.optim.RMSprop([p], lr=1e-3, alpha=0.999)
for t in range(1500):
    p.grad = torch.full_like(p, 1.0 if t < 1000 else 0.1)
    optimizer.step()
v = optimizer.state[p]["square_avg"]
print(f"v is kept in {str(v.dtype)[6:]} and is {v.item()}; "
      f"float32 would say {averages[torch.float32][1499]:.2f}")
print("theta in bfloat16: 1 - 0.001 is", (torch.ones(1, dtype=torch.bfloat16) - 1e-3).item())

# %% [markdown]
# The state has the type of the parameter, so a model turned to bfloat16 as a whole has frozen averages, and parameters that small steps do not move either.
# That is why [[mixed precision]] keeps the weights and the optimizer's state in float32 and uses 16 bits for the rest.
#
# *A place to stop.*

# %% [markdown]
# ## Part 4. Rotation: where it stops paying
#
# RMSprop has one step size for each *coordinate*.
# So far the ravine lay along a coordinate.
# Turn it.
# The curvatures, 1 and 1000, stay as they are; the start turns along, so a rule that knows no axes has exactly the same task at every angle.
#
# ### Play: turn the ravine
#
# Momentum (step 0.02), RMSprop at a step size of yours, and, ahead of its lesson, Adam (0.03): momentum's $m$ divided by RMSprop's root, its first steps corrected.
# Arrived means: the loss is below a ten-thousandth of the first, and stays there for 100 steps.
# **Predict:** which of the three notice the angle?
# At 45 degrees, does any step size help RMSprop?
# Then reach for the goal.
# Begin with a small angle and a large step.

# %%
turned_ravine.rotation().live()

# %% [markdown]
# Momentum does not notice: its path turns with the ravine.
# RMSprop and Adam notice at once.
# (At 0 degrees you also see RMSprop thrown out again after a thousand steps, as in Part 1.)
# Only at the smallest angles, and with a large step, does RMSprop still beat momentum.
#
# ### Measured, with a protocol
#
# A first, naive measurement: the ravine at 0 degrees from $(1,1)$, RMSprop with $\alpha = 0.1$ at its default $\beta_2$.
# How many steps does it take?

# %%
lucky = run(rmsprop, problems.ravine(1000), lr=0.1, steps=200).loss
print("steps to a ten-thousandth of the loss:", int(turned_ravine.arrival(lucky)))

# %% [markdown]
# **One step**, where gradient descent takes hundreds.
# Do not believe it: the first step is ten times $\alpha$ (Part 5), so it is 1 in each coordinate, and $(1,1)$ minus $(1,1)$ is the minimum.
# A sweep over step sizes finds such luck and reports it as speed.
# So: *protocol.*
# 32 starts spread over half a circle in the ravine's own axes; the median of the steps to arrive; $\beta$s at their defaults; for each rule and *each angle* the best of a sweep of twelve step sizes to a decade; Adam also at a fixed 0.03.
# At most 2500 steps.

# %%
angles = (0, 5, 15, 30, 45)
columns = {"gradient descent": (sgd, None), "momentum": (momentum, None),
           "RMSprop": (rmsprop, None), "Adam at 0.03": (adam, 0.03), "Adam": (adam, None)}
took = {name: {angle: arrive(rule, angle, lr) for angle in angles}
        for name, (rule, lr) in columns.items()}
longer = {name: row[45][0] / row[0][0] for name, row in took.items()}
corrected = arrive(wrong["first steps corrected"], 0, steps=300)[0]
long_step = took["Adam"][45][1]
by_adam = {lr: turned_ravine.step_at_45(adam, lr) for lr in (0.03, long_step)}
times_larger = by_adam[long_step][19] / by_adam[0.03][19]
rows = [[name, *(row[angle][0] for angle in angles), row[0][1], row[45][1]]
        for name, row in took.items()]
table(["steps to arrive", *(f"{angle} deg" for angle in angles), "best lr at 0 deg", "at 45 deg"],
      rows, ["", *[".0f"] * 5, ".3g", ".3g"])

# %% [markdown]
# Gradient descent and momentum: the same at every angle.
# **RMSprop: {{ took["RMSprop"][0][0]:.0f}} steps at 0 degrees and {{ took["RMSprop"][45][0]:.0f}} at 45, more than plain gradient descent's {{ took["gradient descent"][45][0]:.0f}}.**
# (The few steps at 0 degrees owe much to the long first steps of Part 5: with those corrected it takes {{ corrected:.0f }}.)
# Adam at a fixed 0.03 takes {{ longer["Adam at 0.03"]:.0f}} times as long.
# The surprise is Adam tuned at each angle: only {{ longer["Adam"]:.1f}} times as long.
# Its best step at 45 degrees is {{ took["Adam"][45][1]:.1f}}, longer than the way to the minimum!
# A memory of 1000 steps keeps the large gradients of the first steps: at step 20 $\sqrt{\hat v}$ is in the hundreds (median {{ long_step / by_adam[long_step][19]:.0f }}), so $\alpha/\sqrt{\hat v}$ is {{ by_adam[long_step][19]:.4f }}, which momentum bears easily (its limit is {{ 2 * 1.9 / 0.1 / 1000:.3f }}), and only doubles, to {{ by_adam[long_step][99]:.4f }}, by step 100.
# What is left is momentum with a slowly growing step.
# At 0.03 the effective step at step 20 is {{ times_larger:.0f }} times smaller and waits for $v$ to forget.
# (Adam against momentum, which differ by the division and the correction only, change sides between 5 and 15 degrees.)
#
# In the figure the angles go to 45 degrees; beyond, the two coordinates change roles and the curves come back down.

# %%
fine = (0, 2, 5, 8, 12, 15, 22, 30, 45)
figure, ax = plt.subplots(figsize=(7.2, 4.2))
for name, (rule, lr) in columns.items():
    look = plots.look(rule)
    steps = [arrive(rule, angle, lr)[0] for angle in fine]
    ax.plot(fine, steps, color=look.color, marker=look.marker, ms=5, label=name,
            ls=":" if lr else look.dash)
ax.set(yscale="log", xlabel="angle of the ravine, degrees", ylabel="steps to arrive, median",
       title="A step size per coordinate helps along the coordinates")
ax.set_xticks([0, 5, 10, 15, 20, 25, 30, 35, 40, 45])
figure.legend(loc="outside lower center", ncols=3)
plots.show(figure, "Steps to arrive by angle: level lines for gradient descent and momentum; "
           "RMSprop rises from 4 steps at 0 degrees to above gradient descent from about 12 on; "
           "Adam at 0.03 rises as high; Adam tuned at each angle rises only a little.")

# %% [markdown]
# How much of this hangs on the word "arrive"?
# RMSprop passes by, leaves and comes back, as in Part 1.
# Three definitions, everything else as before: the loss is below the line *once*; for 100 steps, as above; for 500 steps.

# %%
rows = [[hold, *(arrive(rmsprop, angle, hold=hold)[0] for angle in (0, 15, 45))]
        for hold in (1, 100, 500)]
table(["RMSprop, below for steps", "0 deg", "15 deg", "45 deg"], rows, ".0f")

# %% [markdown]
# And how exact is such a number?
# Move all starts by one, two and three hundred-billionths.

# %%
rows = [[angle, *(arrive(rmsprop, angle, nudge=k * 1e-11)[0] for k in range(4))]
        for angle in (15, 45)]
table(["angle", "as they are", "1e-11", "2e-11", "3e-11"], rows, ".0f", caption="starts moved by")

# %% [markdown]
# At the angles between, a great deal: at 15 degrees "once" makes RMSprop faster than gradient descent, "for 100 steps" slower.
# At 0 and at 45 degrees the verdict is the same for all three.
# And at 15 degrees a change in the eleventh digit moves the result by more than a tenth: a path at its limit of stability is chaotic.
# A table of steps is worth as much as its definition of done, and not every digit of it is worth printing.

# %% [markdown]
# ### Why
#
# RMSprop can only rescale the two coordinates.
# In a turned ravine the gradient points across it most of the time, so its two components are in the ratio $\cot(\text{angle})$, and that is the ratio of the two effective steps.
# Measure it, and the condition number that is *left* after rescaling.

# %%
def after_rescaling(angle):
    """Ratio of the two effective steps at step 100, and the condition number with them."""
    problem = problems.ravine(1000, angle)
    result = run(rmsprop, problem, lr=0.01, steps=101)
    effective = play.effective_step(result, problem, lr=0.01)[100]
    hessian = problem.grad(np.eye(2), None)
    small, large = np.linalg.eigvalsh(hessian * np.sqrt(np.outer(effective, effective)))
    return effective[0] / effective[1], large / small

rescaled = {angle: after_rescaling(angle) for angle in angles}
rows = [[angle, ratio, 1 / np.tan(np.radians(angle)) if angle else "none", left]
        for angle, (ratio, left) in rescaled.items()]
table(["angle", "ratio of effective steps", "cot of the angle", "condition number left"], rows,
      ["", ".1f", ".1f", ".0f"])

# %% [markdown]
# At 0 degrees the ratio is 1000 and nothing is left of the ravine.
# At 5 degrees a condition number of {{ rescaled[5][1]:.0f}} is left, at 15 already {{ rescaled[15][1]:.0f}}.
# At 45 the two effective steps are equal: **RMSprop is gradient descent there**, with the whole condition number before it, and with a common step that it must find by itself.
#
# ### But nobody tuned $\beta_2$
#
# All of this was at the default, 0.99: for RMSprop we tuned $\alpha$ and left $\beta_2$ alone.
# **Predict:** with $\beta_2$ free, which of the two verdicts on RMSprop against gradient descent survives, the one at 15 degrees or the one at 45?
# Same protocol, five $\beta_2$; the last column is the effective step at 45 degrees after 100 steps, where gradient descent may use up to 0.00200 from the beginning.

# %%
some = (0, 15, 30, 45)
by_beta2 = {beta2: {angle: arrive(rmsprop, angle, beta2=beta2, steps=1500)
                    for angle in some} for beta2 in (0.5, 0.9, 0.95, 0.999)}
by_beta2[0.99] = took["RMSprop"]  # measured above
at_45 = [row[45][0] for row in by_beta2.values()]
others_at_15 = [row[15][0] for beta2, row in by_beta2.items() if beta2 != 0.99]

# %% [markdown]
# Down a column: one angle, five memories.
# Along a row: one memory, four angles.

# %%
common = {beta2: turned_ravine.step_at_45(rmsprop, row[45][1], beta2=beta2)[99]
          for beta2, row in by_beta2.items()}
rows = [[f"beta2 {beta2}", *(by_beta2[beta2][angle][0] for angle in some), common[beta2]]
        for beta2 in sorted(by_beta2)]
rows.append(["gradient descent", *(took["gradient descent"][a][0] for a in some), ""])
table(["steps to arrive", *(f"{angle} deg" for angle in some), "effective step, 45 deg"], rows,
      ["", *[".0f"] * 4, ".5f"])

# %% [markdown]
# At 45 degrees RMSprop is slower than gradient descent's {{ took["gradient descent"][45][0]:.0f }} at **every** $\beta_2$, from {{ min(at_45):.0f }} to {{ max(at_45):.0f }} steps.
# At 15 degrees it is slower at one only, and that one is the default, 0.99: {{ by_beta2[0.99][15][0]:.0f }}, against {{ min(others_at_15):.0f }} to {{ max(others_at_15):.0f }} with the other four.
# In every row the steps rise with the angle: *that* is the mechanism, the condition number that is left.
# *Where* the row crosses gradient descent is a matter of $\beta_2$.
#
# Why is no row good at 45?
# The step has to be found, and each memory pays for it in its way.
# With a long one, 0.999, the large gradients of the first steps stay in $v$ and fix the step at {{ common[0.999]:.5f }}, near what gradient descent uses, so it is almost as fast.
# With 0.99, $v$ has to forget them first: {{ common[0.99]:.5f }} at step 100.
# With a short one there is nothing to forget, but each step is about $\alpha$ long to the end, and $\alpha$ must be small enough that the hops of Part 2 stay below the line: the best is {{ by_beta2[0.5][0][1]:.4f }} at 0 degrees and {{ by_beta2[0.5][45][1]:.4f }} at 45 for $\beta_2 = 0.5$.
# Are the ravines of a network aligned with its weights?
# Nobody promised; lesson 9 measures what happens when they come in blocks.
#
# ### Exercise 2: the angle at which adaptivity stops paying (5 minutes)
#
# RMSprop against gradient descent, RMSprop at the default $\beta_2 = 0.99$, the step size of both tuned at the angle: the only difference is the division.
# From which whole degree on does RMSprop need *more* steps?
# Read it off the figure, type it, and run the cell below it.
#
# <details><summary>Hint</summary>Gradient descent's line is level. Between which two of RMSprop's markers is it crossed?</details>

# %% tags=["stub"]
my_angle = None

# %% tags=["solution"]
my_angle = 12

# %% [markdown]
# The answer counts if RMSprop is slower at your angle and faster one degree before it.
# A few seconds.

# %%
judges.judge_angle(my_angle)

# %% [markdown]
# How sure is that border?
# Move the starts by 2e-11 once more, at 12 degrees.

# %%
exact, nudged = (arrive(rmsprop, 12, nudge=nudge)[0] for nudge in (0.0, 2e-11))
table(["at 12 degrees", "steps"], [["starts as they are", exact], ["moved by 2e-11", nudged],
                                   ["gradient descent", took["gradient descent"][0][0]]], ".0f")

# %% [markdown]
# (It is close: moving the starts turns the verdict at 12 degrees; at 11 and at 13 it stands.)
#
# Momentum is a harder rival: look where its level line is crossed.
# And all of this is one quadratic with one condition number, without noise, and one $\beta_2$ that nobody tuned: the angle is not a law, the mechanism is.
#
# *A place to stop.*

# %% [markdown]
# ## Part 5. The first step
#
# ### By hand
#
# $\theta = 2$, $\alpha = 0.001$, $\beta_2 = 0.99$, $v = 0$; the gradient is 3.
# **Predict** the first step: $\alpha$, since $g/\sqrt{g^2} = 1$?
#
# $$v_1 = 0.99\cdot 0 + 0.01\cdot 9 = 0.09 \qquad \alpha\,\frac{3}{\sqrt{0.09}} = \alpha\,\frac{3}{0.3} = 10\,\alpha$$
#
# The average starts at zero, and zero is not a gradient.
# At the first step $v$ holds $1-\beta_2$ of $g^2$, its root is too small by $\sqrt{1-\beta_2}$, so the step is $\alpha/\sqrt{1-\beta_2}$: the root of the memory, times $\alpha$, whatever $g$ is.
# Run it, in ours and in PyTorch.

# %%
rows = []
for beta2 in (0.9, 0.99, 0.999):
    theta, s = rmsprop(2.0, 3.0, State(), lr=0.001, beta2=beta2)
    p = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    p.grad = torch.tensor(3.0, dtype=torch.float64)
    torch.optim.RMSprop([p], lr=0.001, alpha=beta2).step()
    rows.append([beta2, s.v, (2 - theta) / 0.001, (2 - p.item()) / 0.001])
table(["beta2", "v", "step / lr", "torch's step / lr"], rows, ["", ".3f", ".2f", ".2f"])

# %% [markdown]
# ### Play: the burst
#
# On the left the length of each step under a steady gradient, on the right the path in a ravine with its first step bold.
# A longer memory gives a steadier $v$.
# What does it cost?
# Reach for the goal, and ask yourself whether you would like to train with what you found.

# %%
play.burst().live()

# %% [markdown]
# At $\beta_2=0.99$ the first step is 10 $\alpha$ and the tenth still {{ play.step_lengths(0.99, 10)[9]:.1f }} $\alpha$.
# The goal is met with a memory of 4 steps, $\beta_2 = 0.75$: an average over four gradients is hardly an average.
# **A steady scale and a first step of the right size exclude each other here.**
# And it is not one step only.
# How far does the burst carry the parameters beyond what $\alpha$ promises?

# %%
def too_far(beta2, steps):
    """How far the parameters are carried beyond one lr a step, in units of lr."""
    return (play.step_lengths(beta2, steps) - 1).sum()

far = {memory: too_far(1 - 1 / memory, 20 * memory) for memory in (10, 100, 1000)}
table(["memory", "too far in all, in lr", "for each step of memory"],
      [[memory, extra, extra / memory] for memory, extra in far.items()], ["", ".0f", ".2f"])

# %% [markdown]
# For long memories that tends to $2\ln 2 \approx 1.39$ times the memory: with $\beta_2 = 0.999$, Adam's, every parameter with a steady gradient would be carried some {{ too_far(0.999, 20_000):.0f }} $\alpha$ too far.
#
# ### Does it matter when a network trains?
#
# The digits network of lesson 9 (64 → 32 → 10, mini-batches of 64, mean of three seeds), the first 40 steps.
# Left a small step size; right 0.01, PyTorch's default for RMSprop.
# **Predict:** which $\beta_2$ is lowest after 40 steps on the left?
# And what is the loss after the *first* step on the right?

# %%
nets = [problems.digits_net(seed=k, dtype=float) for k in range(3)]

def training_loss(lr, beta2, rule=rmsprop, record="loss"):
    """Loss over 40 steps, or the last one only, of three seeds: (3, 41) or (3, 1)."""
    hyper = {"lr": lr, "beta2": beta2, "steps": 40, "record": record}
    return np.array([run(rule, net, seed=k, **hyper).loss for k, net in enumerate(nets)])

settings = [(lr, beta2) for lr in (0.001, 0.01) for beta2 in (0.9, 0.99, 0.999)]
seeds = {setting: training_loss(*setting) for setting in settings}
second = ", ".join(f"{loss:.2f}" for loss in seeds[0.01, 0.99][:, 1])
curves = {setting: losses.mean(axis=0) for setting, losses in seeds.items()}
mended = [training_loss(0.001, beta2, wrong["first steps corrected"], "last")
          for beta2 in (0.9, 0.99, 0.999)]

# %% [markdown]
# Look at the first few steps of each panel, then at its end.

# %%
shades = {0.9: ("#d99a5b", ":"), 0.99: ("#9e5210", "-"), 0.999: ("#4a2300", "--")}
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.6), sharey=True)
for (lr, beta2), curve in curves.items():
    color, dash = shades[beta2]
    ax = axes[0 if lr == 0.001 else 1]
    ax.plot(curve, color=color, ls=dash, label=f"$\\beta_2$ = {beta2}")
    ax.set(title=f"lr {lr}", xlabel="step", yscale="log")
axes[0].set_ylabel("training loss")
axes[0].set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
axes[0].legend()
figure.suptitle("The burst is a hidden increase of the step size", weight="bold")
plots.show(figure, "Training loss over 40 steps for three beta2: at lr 0.001 a longer memory "
           "trains faster; at lr 0.01 with beta2 0.999 the first step throws the mean loss up "
           "to 11.")

# %% [markdown]
# Perhaps you expected the burst to do harm.
# At $\alpha = 0.001$ it **helps**: {{ curves[0.001, 0.999][-1]:.2f }} with the longest memory against {{ curves[0.001, 0.9][-1]:.2f }} with the shortest, because 0.001 is too small for 40 steps and the burst makes it larger.
# At $\alpha=0.01$ the loss at the first step goes from {{ curves[0.01, 0.99][0]:.2f }} to {{ curves[0.01, 0.99][1]:.2f }} at PyTorch's own defaults (by one of the three seeds: {{ second }}), and to **{{ curves[0.01, 0.999][1]:.1f }}** with $\beta_2=0.999$ ({{ seeds[0.01, 0.999][:, 1].min():.0f }} to {{ seeds[0.01, 0.999][:, 1].max():.0f }}, by seed), and after 40 steps that run is still at {{ curves[0.01, 0.999][-1]:.2f }} where the others are at {{ curves[0.01, 0.99][-1]:.2f }} and {{ curves[0.01, 0.9][-1]:.2f }}.
# Whether it helps or harms depends on whether $\alpha$ was too small or large enough already.
# (With the first steps corrected, 0.001 ends between {{ np.min(mended):.2f }} and {{ np.max(mended):.2f }} for all three $\beta_2$ and all seeds.)
# What is wrong is this: **$\alpha$ does not mean what it says, and $\beta_2$, which should only set a memory, changes the size of the first steps.**
#
# ### Exercise 3: three broken RMSprops (7 minutes)
#
# Each black path was made by `rmsprop` with one classic slip; the right one is beside it.
# Name the slip from the path alone.
# Markers are ten steps apart.

# %%
candidates = ["first steps corrected", "sum without forgetting", "beta and 1 - beta exchanged",
              "no root", "variance instead of second moment", "sign of the step"]
order = np.random.default_rng(34).permutation(6)[:3]
mystery = dict(zip("ABC", [candidates[i] for i in order]))
surface, setting = problems.ravine(10), {"lr": 0.04, "steps": 100, "start": np.array([1.4, 0.8])}
shown = {letter: run(wrong[name], surface, **setting) for letter, name in mystery.items()}
print("candidates:", *candidates, sep="\n  ")

# %% [markdown]
# Think of the *first* step, of the *distance* between markers, and of what happens *near the minimum*.

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True)
right = run(rmsprop, surface, **setting)
for ax, (letter, result) in zip(axes, shown.items()):
    plots.contours(surface, ax)
    plots.path(right, ax, rule=rmsprop)
    ax.plot(*result.theta.T, color="black", marker="x", markevery=10, lw=1.2)
    ax.set(title=letter, xlim=(-0.4, 1.6), ylim=(-0.4, 1))
    ax.set_ylabel("$\\theta_2$" if letter == "A" else "")
figure.suptitle("Three broken RMSprops (black) beside the right one (orange)", weight="bold")
plots.show(figure, "Three paths in a ravine, each beside RMSprop's: A goes in equal steps and "
           "hops about the minimum, B starts with shorter steps than the right one, C slows "
           "down more and more and does not arrive.")

# %% [markdown]
# Write your guesses as strings from the list of candidates and run the cell after: it runs the slip you named and says where its path leaves the one shown.

# %% tags=["stub"]
guess = {"A": None, "B": None, "C": None}

# %% tags=["solution"]
guess = {"A": "beta and 1 - beta exchanged", "B": "first steps corrected",
         "C": "sum without forgetting"}

# %% [markdown]
# <details><summary>Hint</summary>None of the three starts with the burst. Which of them remembers too little, so that only the sign is left? Which remembers too much? And which one has nothing wrong with it but the beginning?</details>

# %%
paths = {letter: result.theta for letter, result in shown.items()}
checks.judge_slips(guess, paths, candidates,
                   lambda name: run(wrong[name], surface, **setting).theta)

# %% [markdown]
# One of the three is an odd "slip": its first step is $\alpha$, as it should be, and it remembers a hundred steps.
# Keep it in mind.
#
# ## What to take along
#
# - RMSprop divides each coordinate's gradient by the root of a running average of its square.
#   Each coordinate finds its own effective step, near $2/\text{curvature}$ in the long run, and then hops by $\alpha$: without a schedule it may pass far closer, and does not stay closer.
# - $v$ is the uncentred second moment.
#   Divide by a standard deviation, and a steady gradient makes the step grow without limit.
# - Multiply the loss by $c$ and, with $\epsilon$ multiplied too, the path stays: bit for bit for powers of two.
#   $\epsilon$ is a scale, and inside the root it is another one.
# - Without memory only the sign is left.
#   With too little precision there is too much memory: in bfloat16 an average over 1000 steps cannot forget.
# - A step size for each coordinate pays along the coordinates.
#   On our ravine, turned by 45 degrees, RMSprop is slower than gradient descent at each of five $\beta_2$; the angle at which it falls behind depends on $\beta_2$, and is about 12 degrees at the default 0.99.
# - The first step is $\alpha/\sqrt{1-\beta_2}$, ten times $\alpha$ at the default, 0.99.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | second moment | the mean of $g^2$ (not the variance) |
# | effective step | $\alpha/(\sqrt v+\epsilon)$, the factor that multiplies a coordinate's gradient |
# | Adagrad | the same division by the root of a sum that never forgets |
# | scale invariance | multiplying the loss by a constant leaves the path unchanged (up to $\epsilon$) |
# | sign descent | every coordinate moves by $\alpha$ against the sign of its gradient |
# | bfloat16, float16 | 16-bit numbers: range of float32 and few digits; more digits and a short range |
# | rotation | turning the problem against the axes of the parameters |
#
# ### Further reading, and what each is good for
#
# - Tieleman & Hinton 2012, *Neural Networks for Machine Learning*, Coursera, lecture 6e.
#   Where RMSprop comes from: a version of Rprop, which uses signs only, for mini-batches.
# - Duchi, Hazan & Singer 2011, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization*, JMLR 12.
#   Adagrad, and why a sum is right for rare features.
# - Graves 2013, *Generating Sequences With Recurrent Neural Networks*, arXiv:1308.0850.
#   The centred variant, which divides by a standard deviation.
# - Balles & Hennig 2018, *Dissecting Adam: The Sign, Magnitude and Variance of Stochastic Gradients*, arXiv:1705.07774.
#   How much of an adaptive rule is its sign.
# - Cohen et al. 2022, *Adaptive Gradient Methods at the Edge of Stability*, arXiv:2207.14484.
#   Effective steps at the limit of stability, in networks.
# - Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740.
#   Why a float32 copy of the weights is kept beside float16.
#
# **Next:** lesson 7 gave an average of $g$, this one an average of $g^2$.
# Both start at zero, and zero is not a gradient.
# After $t$ steps of a steady gradient, *how much* of $g^2$ does $v_t$ hold, exactly?
# If you can say that, you can say by what to divide, and the burst is gone without giving up the memory.
# (Starting $v$ at the first $g^2$ would not do: one gradient, however odd, would set the scale for a whole memory.)
# That is the one new idea in [lesson 9](09_adam.ipynb).
