# %% [markdown]
# # Deeper into lesson 7
#
# Six questions about momentum that can wait.
# Each stands alone and can be read on another day, in any order, because each starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. What does an average cost, and what does it buy? | 8 |
# | 2. Why the square root? One direction, two numbers | 15 |
# | 3. What does a map of all settings look like? | 12 |
# | 4. What does Nesterov change? | 8 |
# | 5. Does momentum lower the noise, and where does it buy nothing? | 12 |
# | 6. Is the rate guaranteed? | 7 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What does an average cost, and what does it buy?
#
# *8 minutes.*
#
# The average of lesson 7 is late, and it is smooth.
# Both can be computed exactly, for any $\beta$.
#
# A gradient that came $k$ steps ago weighs $(1-\beta)\beta^k$.
# So the mean age of what is in the average is $\sum_k k\,(1-\beta)\beta^k = \beta/(1-\beta)$ steps.
# That is its lag behind a signal that climbs steadily.
#
# Of independent noise with [[variance]] 1 the average keeps the sum of the squared weights, $\sum_k (1-\beta)^2\beta^{2k} = (1-\beta)/(1+\beta)$.

# %%
import numpy as np
from lessonlib.lessons.lesson07 import averages
from lessonlib.play.prediction import predict
from lessonlib.tables import table

noise_left = predict("beta = 0.9: which share of the noise's variance does the average keep?")
noise_left

# %% [markdown]
# Now measure both.
# The lag is measured behind a steady climb, the variance on 200,000 random numbers.

# %% tags=["answer"]
betas = np.array([0.5, 0.9, 0.99])
climb = np.arange(20_000.0)
noise = np.random.default_rng(0).standard_normal(200_000)
lag = climb[-1] - averages.average(climb, betas)[-1]
variance = averages.average(noise, betas)[1000:].var(axis=0)
rows = [[b, lag[i], b / (1 - b), variance[i], (1 - b) / (1 + b)] for i, b in enumerate(betas)]
header = ["beta", "lag", "its law", "variance left", "its law"]
display(table(header, rows, ["g", ".1f", ".1f", ".4f", ".4f"]))
noise_left.answer(variance[1])

# %% [markdown]
# Both laws hold.
# With $\beta = 0.9$ the average lags nine steps and keeps a nineteenth of the variance.
# With 0.99 it lags 99 steps and keeps a tenth of that.
# So a longer memory buys smoothness and pays with delay, and neither comes without the other.
#
# **To do.**
# Which $\beta$ keeps exactly a third of the variance?
# Solve $(1-\beta)/(1+\beta) = 1/3$ on paper, then see whether the law agrees.

# %% tags=["stub"]
my_third = None

# %% tags=["solution"]
my_third = 0.5

# %% [markdown]
# The judge measures the variance that your average keeps.

# %%
from lessonlib.lessons.lesson07 import judges

judges.judge_third(my_third)

# %% [markdown]
# ## 2. Why the square root? One direction, two numbers
#
# *15 minutes.
# You need to know what an [[eigenvalue]] is.*
#
# ### Every quadratic falls apart
#
# Take the loss $\tfrac12(\lambda_1\theta_1^2 + \lambda_2\theta_2^2)$.
# Along each axis the gradient is $\lambda\theta$, so a step of gradient descent multiplies $\theta$ by $1-\alpha\lambda$.
# A quadratic that is turned, or has a thousand axes, falls apart in the same way along its eigenvectors.
# So it is enough to understand one direction with one [[curvature]] $\lambda$.
#
# Momentum keeps two numbers there, $\theta$ and $m$.
# A step takes both to new values, and if we insert the first line of the rule into the second, the step is a matrix.
#
# $$\begin{pmatrix}\theta\\ m\end{pmatrix} \leftarrow \begin{pmatrix}1-\alpha(1-\beta)\lambda & -\alpha\beta\\ (1-\beta)\lambda & \beta\end{pmatrix}\begin{pmatrix}\theta\\ m\end{pmatrix}$$
#
# In the long run such a map shrinks distances by the size of its largest eigenvalue at each step.
# That number is the [[spectral radius]], written $\rho$.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import momentum, plots, problems, run, sgd
from lessonlib.lessons.lesson07 import play
from lessonlib.play.prediction import predict
from lessonlib.tables import table

fastest = predict(
    "lr = 0.1, beta = 0.7. Which curvature shrinks fastest in the long run?",
    ["1", "10", "100", "all three alike"],
)
fastest

# %% [markdown]
# The matrix of a step, and the sizes of its eigenvalues for five curvatures.

# %% tags=["answer"]
def step_matrix(curvature, lr, beta):
    """What a step of momentum does to (theta, m) along a direction."""
    return np.array([[1 - lr * (1 - beta) * curvature, -lr * beta], [(1 - beta) * curvature, beta]])

rows = []
for curvature in (0.3, 1, 10, 100, 300):
    roots = np.linalg.eigvals(step_matrix(curvature, lr=0.1, beta=0.7))
    kind = "a complex pair" if abs(roots.imag).max() > 0 else "two real ones"
    rows.append([f"{curvature:g}", kind, f"{abs(roots).max():.3f}"])
display(table(["curvature", "eigenvalues", "spectral radius"], rows))
radii = [float(row[2]) for row in rows[1:4]]
fastest.answer("all three alike" if len({*radii}) == 1 else "1")

# %% [markdown]
# The curvatures 1, 10 and 100 shrink at the same rate.
# Here is why.
# The product of the two eigenvalues is the determinant of the matrix.
# Multiply it out, and every term with $\lambda$ cancels.
#
# $$\big(1-\alpha(1-\beta)\lambda\big)\,\beta + \alpha\beta\,(1-\beta)\lambda = \beta$$
#
# A complex pair has two eigenvalues of the same size, so each of them has the size $\sqrt\beta$, whatever the curvature is.
#
# ### Where the pair is complex
#
# The eigenvalues solve $z^2 - (1+\beta-(1-\beta)x)\,z + \beta = 0$, where we write $x = \alpha\lambda$.
# They are complex when the part under the root is negative.
#
# $$\big(1+\beta-(1-\beta)x\big)^2 < 4\beta$$
#
# Take the root on both sides.
#
# $$-2\sqrt\beta < 1+\beta-(1-\beta)x < 2\sqrt\beta$$
#
# Now subtract $1+\beta$, and remember that $1+\beta-2\sqrt\beta = (1-\sqrt\beta)^2$ and $1+\beta+2\sqrt\beta = (1+\sqrt\beta)^2$.
#
# $$(1-\sqrt\beta)^2 < (1-\beta)\,x < (1+\sqrt\beta)^2$$
#
# Divide by $1-\beta = (1-\sqrt\beta)(1+\sqrt\beta)$, and the two borders are each other's reciprocal.
#
# $$\frac{1-\sqrt\beta}{1+\sqrt\beta} < \alpha\lambda < \frac{1+\sqrt\beta}{1-\sqrt\beta}$$
#
# Below the lower border a direction is too flat, and it creeps.
# Above the upper border it is too steep, and it flips from side to side.
# Between them it swings like a spring, and it shrinks by $\sqrt\beta$ at every step.
#
# In the figure, look at the bottom of each curve, how deep it lies and how wide it is.

# %%
x = np.geomspace(0.01, 100, 800)
figure, ax = plt.subplots(figsize=(7.2, 3.8))
ax.plot(x, play.radius(x, 0.0), color=plots.look(sgd).color, ls=":", label="$\\beta$ = 0")
for beta, dash in ((0.5, "--"), (play.best(100)[1], "-"), (0.9, "-.")):
    ax.plot(x, play.radius(x, beta), color=plots.look(momentum).color, ls=dash,
            label=f"$\\beta$ = {beta:.2f}")
ax.hlines(0.5, 0.1, 10, color="black", lw=5)
ax.vlines([0.1, 10], 0.5, 0.81, color="black", lw=1)
ax.text(0.09, 0.5, "condition\nnumber 100", ha="right", va="center")
ax.set(xscale="log", ylim=(0, 1.15), xlabel="step size times curvature, $\\alpha\\lambda$",
       ylabel="spectral radius", title="Momentum turns the point of the V into a floor")
ax.legend(loc="lower right")
plots.show(figure, "Spectral radius against step size times curvature: a V with its point at 1 for "
           "beta 0; for larger beta a flat floor, higher and wider the larger beta is.")

# %% [markdown]
# For gradient descent only one curvature is served well, and a ravine stretches over both walls of the V.
# Momentum has a floor, and every curvature on the floor shrinks equally fast.
# A larger $\beta$ makes the floor wider, but also higher.
# So the best $\beta$ is the smallest one whose floor holds the whole ravine.
#
# The floor reaches from $(1-\sqrt\beta)/(1+\sqrt\beta)$ to its reciprocal, so it holds a condition number of $\big(\tfrac{1+\sqrt\beta}{1-\sqrt\beta}\big)^2$.
# Set that equal to $\kappa$ and solve.
#
# $$\sqrt\beta = \frac{\sqrt\kappa-1}{\sqrt\kappa+1} \qquad\qquad \alpha = \frac{1}{\sqrt\kappa}$$
#
# Gradient descent at its best shrinks by $(\kappa-1)/(\kappa+1)$.
# In momentum's rate $\sqrt\kappa$ has taken the place of $\kappa$.
# That is Polyak's setting for his [[heavy ball]].
#
# ### Exercise. The best beta for $\kappa$ = 400 (5 minutes)
#
# Compute the $\beta$ with the smallest spectral radius, to four digits, and type it.
#
# <details><summary>Hint</summary>What is the square root of 400, and what is beta if its root is (20 - 1)/(20 + 1)?</details>

# %% tags=["stub"]
my_beta = None

# %% tags=["solution"]
my_beta = (19 / 21) ** 2

# %% [markdown]
# Whatever you typed, the judge says what that number does.

# %%
from lessonlib.lessons.lesson07 import judges

judges.judge_beta(my_beta, kappa=400)

# %% [markdown]
# ### How it ends is not how it begins
#
# The spectral radius predicts the number of steps to a ten-billionth of the first loss.
# At $\kappa = 100$ it says 57.
# Count them.

# %%
lr, beta = play.best(100)
counted = play.steps_to(momentum, 100, lr=lr, beta1=beta)
predicted = np.log(1e-10) / np.log(beta)
curve = run(momentum, problems.ravine(100), steps=100, record="loss", lr=lr, beta1=beta).loss
rises = curve.max() / curve[0]
rows = [
    ["steps, predicted", predicted],
    ["steps, counted", counted],
    ["the loss first rises by", rises],
]
table(["at condition number 100", ""], rows, ["", ".0f"])

# %% [markdown]
# It takes half as many steps again, and at first the loss even rises.
# The extra steps come from the eigenvalues.
# At Polyak's setting the two of them meet, for the steepest and for the flattest direction, and a matrix with a double eigenvalue shrinks distances like $t\rho^t$ and not like $\rho^t$.
# The rise comes from the first step, which is taken before there is a memory.
# It is longer than gradient descent could bear.
# So a setting a little off Polyak's, where the two eigenvalues have parted, can be faster in a short run.
# No method whose steps combine the gradients seen so far can beat the square root on every quadratic with many directions, as Nemirovski and Yudin showed in 1983.
#
# ## 3. What does a map of all settings look like?
#
# *12 minutes.
# It uses the spectral radius of section 2.*
#
# Stack the curves of section 2 for all $\beta$ and look at them from above.
# The floor becomes a funnel.
# A ravine is a bar on this map.
# Its left end is the flat curvature and its right end the steep one.
# The step size moves the bar sideways, $\beta$ lifts it, and the condition number makes it longer.
# The white lines are the borders between which a direction swings, and the black line is the border of [[divergence]].
#
# The bar starts on the ground, where gradient descent is.
# **Goal:** bring the bar to where the loss falls fastest.
# The goal under the sliders says how fast.

# %%
import numpy as np
from lessonlib import grid, momentum, problems, run
from lessonlib.lessons.lesson07 import play
from lessonlib.tables import table

play.radius_map().live()

# %% [markdown]
# The larger of the two radii decides.
# Inside the funnel only the height counts, and lower is faster.
# So the best place is the lowest one in which the bar still fits, with both ends on the white lines.
#
# How rare are good settings?
# Run a whole grid of them in the valley of lesson 7, and count which bring the loss below a millionth in 100 steps.

# %%
lrs, betas = np.geomspace(0.01, 1, 101), np.linspace(0, 0.99, 100)
settings = grid(lr=lrs, beta1=betas)
final = run(momentum, problems.ravine(100), steps=100, record="last", **settings).loss[0]
reached = final < 1e-6
good_lrs, good_betas = lrs[reached.any(axis=1)], betas[reached.any(axis=0)]
table(
    ["good settings", "from", "to"],
    [["step size", good_lrs.min(), good_lrs.max()], ["beta", good_betas.min(), good_betas.max()]],
    ["", ".2f", ".2f"],
)

# %% [markdown]
# {{ reached.mean():.0%}} of the settings reach the goal, and no step size of gradient descent comes near.
# At the default $\beta = 0.9$ hardly any step size does, because its floor lies too high for a hundred steps.
#
# **To do.**
# Put $\kappa = 400$ on the map above and find the lowest place for the bar.
# Compare your $\beta$ with the formula of section 2.
#
# ## 4. What does Nesterov change?
#
# *8 minutes.*
#
# Nesterov's momentum looks one step ahead.
# After the average is updated, it adds the newest gradient once more on top.
#
# $$m_t = \beta m_{t-1} + (1-\beta)\,g_t \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\big(\beta m_t + (1-\beta)\,g_t\big)$$
#
# PyTorch offers it as `SGD(..., nesterov=True)`.
#
# ### Exercise. Write it (5 minutes)
#
# <details><summary>Hint</summary>The average is updated as before. Which two things does the step mix, and in which shares?</details>

# %%
import numpy as np
from lessonlib import State, checks, momentum, problems, run
from lessonlib.lessons.lesson07 import extras
from lessonlib.play.prediction import predict
from lessonlib.tables import table

ahead = predict(
    "At the same settings, does looking ahead make the swings larger or smaller?",
    ["larger", "smaller", "the same"],
)
ahead

# %% [markdown]
# Start from your momentum, and change the step.

# %% tags=["stub"]
def my_nesterov(theta, g, s, *, lr, beta1):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_nesterov(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * (beta1 * m + (1 - beta1) * g)
    return theta, State(s.t + 1, m)

# %% [markdown]
# The check compares it with the library's, which follows the same path as `torch.optim.SGD` with `nesterov=True`.

# %%
checks.check(my_nesterov, against=extras.nesterov)

# %% [markdown]
# Both rules walk through the ravine with $\beta = 0.9$ and the same step size.
# Look at how far out it swings across the valley after step 20.

# %% tags=["answer"]
rows = []
for rule in (momentum, extras.nesterov):
    result = run(rule, problems.ravine(100), steps=100, lr=0.04, beta1=0.9)
    across = result.theta[:, 1]
    rows.append([rule.__name__, abs(across[20:]).max(), result.loss[-1]])
header = ["rule", "widest swing after step 20", "loss after 100 steps"]
display(table(header, rows, ["", ".3f", ".1e"]))
ahead.answer("smaller" if rows[1][1] < rows[0][1] else "larger")

# %% [markdown]
# At this step size Nesterov's form damps the swings across the valley.
# It pays with a smaller largest step, $\frac{2(1+\beta)}{(1-\beta)(1+2\beta)\lambda}$ in place of $\frac{2(1+\beta)}{(1-\beta)\lambda}$, which is 0.136 here in place of 0.38.
# With its own, smaller step it has a guarantee on convex problems, and section 6 shows that momentum has none.
#
# ## 5. Does momentum lower the noise, and where does it buy nothing?
#
# *12 minutes.*
#
# A smooth bowl has curvature 1, and every gradient is wrong by noise of variance 1.
# $\theta$ never comes to rest, it wanders around the minimum with some variance of its own, its [[noise floor]].
# The average `m` carries only a nineteenth of the noise at $\beta = 0.9$.

# %%
import numpy as np
from lessonlib import grid, momentum, problems, run, sgd
from lessonlib.play.prediction import predict
from lessonlib.tables import table

floor = predict("Same small step size: by which factor does momentum lower the variance of theta?")
floor

# %% [markdown]
# Forty thousand steps at five step sizes and three betas.
# The variance is given in units of half the step size.

# %% tags=["answer"]
bowl = problems.noisy(problems.ravine(1), 1.0)
lrs, betas = [0.05, 0.2, 0.5, 1.0, 1.9], [0.0, 0.5, 0.9]
walk = run(momentum, bowl, steps=40_000, **grid(lr=lrs, beta1=betas)).theta[4000:]
floors = (walk**2).mean(axis=(0, 3)) / (np.array(lrs)[:, None] / 2)
rows = [[lr, *row] for lr, row in zip(lrs, floors)]
display(table(["step size", "beta 0", "beta 0.5", "beta 0.9"], rows, ["g", ".2f", ".2f", ".2f"]))
floor.answer(floors[0, 0] / floors[0, 2], within=0.1)

# %% [markdown]
# At a small step momentum lowers it by nothing.
# Each step carries less noise, but neighbouring steps carry the same noise, and their sum is as uncertain as before.
# What lowers the floor is a smaller step size.
# From about a quarter of the largest step that gradient descent survives, which is 2 here, the memory helps as well.
#
# So here is a strong claim to test on a network.
# With gradient noise and a small step, momentum is gradient descent.
# In PyTorch's form that means gradient descent with the step `lr / (1 - momentum)` (Wang et al. 2024).

# %%
same = predict(
    "Digits, batches of 64, 300 steps: at which step size does momentum 0.9 first beat gradient"
    " descent clearly?",
    ["0.01", "0.1", "1"],
)
same

# %% [markdown]
# A network 64-16-10 from three seeds, with a constant step size.
# The numbers are training losses, and "chance" means a loss of 2 or more.

# %% tags=["answer"]
def trained(rule, lrs, batch=64, steps=300, seeds=3):
    """Training loss after `steps` steps for each step size, mean of the seeds: (L,)."""
    nets = [problems.digits_net(16, batch, seed, dtype=float) for seed in range(seeds)]
    how = {"steps": steps, "record": "last", **grid(lr=lrs)}
    return np.mean([run(rule, net, seed=k, **how).loss[0] for k, net in enumerate(nets)], axis=0)

lrs = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
both = [trained(sgd, lrs), trained(momentum, lrs)]
rows = [[lr, *("chance" if loss > 2 else loss for loss in pair)] for lr, *pair in zip(lrs, *both)]
display(table(["step size", "gradient descent", "momentum"], rows, ["g", ".2f", ".2f"]))
first = next(lr for lr, plain, heavy in zip(lrs, *both) if heavy < 0.8 * plain)
same.answer(f"{first:g}")

# %% [markdown]
# Up to 0.3 the two are close, and from 1 on the picture turns.
# At 3 gradient descent is at chance, and momentum still trains well.
#
# So momentum has room for a larger step, and whether that is worth anything depends on the noise.
# Both rules get their best step size out of eight, for three sizes of the [[mini-batch]].

# %%
where = predict("For which batch size does momentum gain most?", ["4", "32", "256"])
where

# %% [markdown]
# 200 steps, four seeds, otherwise as before.

# %% tags=["answer"]
wide, gain = 0.1 * 2.0 ** np.arange(8), []
for batch in (4, 32, 256):
    plain, heavy = (trained(rule, wide, batch, 200, seeds=4).min() for rule in (sgd, momentum))
    gain.append([batch, plain, heavy, plain / heavy])
header = ["batch", "gradient descent", "momentum", "ratio"]
display(table(header, gain, ["", ".3f", ".3f", ".1f"]))
where.answer(str(max(gain, key=lambda row: row[3])[0]))

# %% [markdown]
# With a batch of 4 noise rules, the best step is small, and the two are as good as each other.
# The less noise there is, the more the ravine matters, and the more momentum gains.
#
# **To do.**
# Look at the table with the step sizes again.
# Up to which step size would you call the two equal?
#
# ## 6. Is the rate guaranteed?
#
# *7 minutes.*
#
# Section 2 proved the square root for quadratics.
# Is it true for every smooth valley whose curvature stays between 1 and $\kappa$?
#
# Lessard, Recht and Packard gave the answer in 2016 with a line.
# Its slope rises steeply, then gently, then steeply again, so its curvature is 25, then 1, then 25.
# It has one minimum, at 0.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import momentum, plots, run, sgd
from lessonlib.lessons.lesson07 import extras, play
from lessonlib.play.prediction import predict

lr, beta = play.best(25)
guaranteed = predict(
    "Momentum with Polyak's setting for kappa = 25 starts at 3.3. What does it do?",
    ["it reaches 0", "it swings for ever", "it diverges"],
)
guaranteed

# %% [markdown]
# Fifty steps of both rules, each with its best setting for quadratics of condition number 25.

# %% tags=["answer"]
bent = extras.bent_line()
heavy = run(momentum, bent, steps=50, lr=lr, beta1=beta, start=np.array([3.3])).theta[:, 0]
plain = run(sgd, bent, steps=50, lr=2 / 26, start=np.array([3.3])).theta[:, 0]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.plot(plain, color=plots.look(sgd).color, marker="s", markersize=3, label="gradient descent")
ax.plot(heavy, color=plots.look(momentum).color, marker="^", markersize=4, label="momentum")
ax.set(xlabel="step", ylabel="position", title="From 3.3, momentum never arrives")
ax.legend()
plots.show(figure, "Position against step: gradient descent swings down to 0, momentum "
           "repeats three positions for ever.")
still_far = abs(heavy[-3:]).max() > 0.5
guaranteed.answer("it swings for ever" if still_far else "it reaches 0")

# %% [markdown]
# Momentum goes round in a cycle of three points, while gradient descent arrives.
# So the rate of section 2 is a law for quadratics, and near a minimum with positive curvature a smooth loss looks like one.
# Far from it, this setting is not promised to arrive.
# With a smaller step momentum does arrive on every smooth convex loss, as Ghadimi, Feyzmahdavian and Johansson proved in 2015.
#
# **To do.**
# Lower the step size of `momentum` until it arrives.
# Then start at 0.5 with the old step size.
# Does it arrive from there?
#
# ## Further reading
#
# - Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, USSR Comput. Math. Math. Phys. 4(5).
#   The heavy ball and its rate.
# - Goh 2017, *Why Momentum Really Works*, Distill, doi:10.23915/distill.00006.
#   The eigenvalues, with pictures that move.
# - Nesterov 2004, *Introductory Lectures on Convex Optimization*, Springer.
#   Section 2.1 has the proof that the square root is the limit.
# - Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, ICML.
#   Nesterov's form as networks use it.
# - Lessard, Recht and Packard 2016, *Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints*, SIAM J.
#   Optim.
#   26(1).
#   The line of section 6.
# - Wang et al. 2024, *The Marginal Value of Momentum for Small Learning Rate SGD*, arXiv:2307.15196.
#   Where momentum buys nothing.
