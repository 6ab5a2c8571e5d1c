# %% [markdown]
# # Deeper into lesson 7
#
# Six questions about momentum that can wait.
# Each stands alone and can be read on another day, in any order.
# Each says the rule that it uses, and starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. What does an average cost, and what does it buy? | 8 |
# | 2. Why the square root? One direction, two numbers | 18 |
# | 3. What does a map of all settings look like? | 12 |
# | 4. What does Nesterov change? | 10 |
# | 5. What does momentum do to noise, and what to a training? | 12 |
# | 6. Is the rate guaranteed? | 10 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What does an average cost, and what does it buy?
#
# *8 minutes.*
#
# Momentum keeps a running average of the gradients.
#
# $$m_t = \beta\,m_{t-1} + (1-\beta)\,g_t$$
#
# Such an average is late, and it is smooth.
# How late is it, and how smooth?

# %%
import numpy as np
from lessonlib.lessons.lesson07 import averages, extras
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

noise_left = predict(
    "beta = 0.9. How much of the variance of independent noise is left in the average?",
    ["about a half", "about a tenth", "about a twentieth", "about a hundredth"],
)
noise_left

# %% [markdown]
# Look first at two averages of one climb with noise on it.
# Which of them is smoother, and which is later?

# %% tags=["answer"]
extras.show_two_averages()

# %% [markdown]
# Both can be computed exactly.
# A gradient that came $k$ steps ago weighs $(1-\beta)\beta^k$.
# So the mean age of what is in the average is $\sum_k k\,(1-\beta)\beta^k = \beta/(1-\beta)$ steps.
# That is its lag behind a signal that climbs steadily.
#
# For noise the weights are squared.
# If the noise of every step is independent and has [[variance]] 1, the average has the variance $\sum_k (1-\beta)^2\beta^{2k} = (1-\beta)/(1+\beta)$.
#
# The next cell measures the lag behind a steady climb, and the variance on 200,000 random numbers.

# %% tags=["answer"]
betas = np.array([0.5, 0.9, 0.99])
climb = np.arange(20_000.0)
noise = np.random.default_rng(0).standard_normal(200_000)
lag = climb[-1] - averages.average(climb, betas)[-1]
variance = averages.average(noise, betas)[1000:].var(axis=0)
rows = [[b, lag[i], b / (1 - b), variance[i], (1 - b) / (1 + b)] for i, b in enumerate(betas)]
header = ["beta", "lag", "its law", "variance left", "its law"]
display(table(header, rows, ["g", ".1f", ".1f", ".4f", ".4f"]))
noise_left.answer("about a twentieth" if 0.04 < variance[1] < 0.06 else "about a tenth")

# %% [markdown]
# Both laws hold.
# From $\beta = 0.9$ to $0.99$ the lag grows elevenfold, and the variance falls to a tenth.
# So a longer memory of this kind buys smoothness and pays with delay.
#
# ### Exercise. A tenth of the variance (3 minutes)
#
# Which $\beta$ keeps exactly a tenth of the variance?
# Solve it on paper, and then type your $\beta$.
#
# <details><summary>Hint</summary>Which equation says that the law is a tenth?</details>

# %% tags=["stub"]
my_tenth = None

# %% tags=["solution"]
my_tenth = 9 / 11

# %% [markdown] tags=["solution"]
# *Why it is so.*
# From $(1-\beta)/(1+\beta) = 1/10$ comes $10 - 10\beta = 1 + \beta$.

# %% [markdown]
# The judge measures the variance that your average keeps.

# %%
from lessonlib.lessons.lesson07 import judges_deeper

judges_deeper.judge_share(my_tenth)

# %% [markdown]
# ## 2. Why the square root? One direction, two numbers
#
# *18 minutes.
# You need to know what an [[eigenvalue]] is.*
#
# A step of momentum has two lines.
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# At its best setting the number of steps grows only with the square root of the [[condition number]].
# Where does the root come from?
#
# ### Every quadratic falls apart
#
# Take the loss $\tfrac12(\lambda_1\theta_1^2 + \lambda_2\theta_2^2)$.
# Along each axis the gradient is $\lambda\theta$, so a step of gradient descent multiplies $\theta$ by $1-\alpha\lambda$.
# A quadratic that is turned, or has a thousand axes, falls apart in the same way along its eigenvectors.
# So it is enough to understand one direction with one [[curvature]] $\lambda$.
#
# Momentum keeps two numbers there, $\theta$ and $m$.
# The gradient there is $g = \lambda\theta$.
# If we put it into the first line of the rule, and the first line into the second, the step is a matrix.
#
# $$\begin{pmatrix}\theta\\ m\end{pmatrix} \leftarrow \begin{pmatrix}1-\alpha(1-\beta)\lambda & -\alpha\beta\\ (1-\beta)\lambda & \beta\end{pmatrix}\begin{pmatrix}\theta\\ m\end{pmatrix}$$
#
# The size of its largest eigenvalue is the [[spectral radius]], written $\rho$.
# It is what a step leaves of the distance, on average and in the long run.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import momentum, plots, problems, run, sgd
from lessonlib.lessons.lesson07 import play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

fastest = predict(
    "lr = 0.1, beta = 0.7. Along which curvature does the distance shrink fastest in the long run?",
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
    rows.append([f"{curvature:g}", kind, abs(roots).max()])
display(table(["curvature", "eigenvalues", "spectral radius"], rows, ["", "", ".3f"]))
radii = [radius for _, _, radius in rows[1:4]]
alike = max(radii) - min(radii) < 1e-9
fastest.answer("all three alike" if alike else rows[1 + int(np.argmin(radii))][0])

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
# Above the upper border it is too steep.
# It flips from side to side, and only a little further on it diverges.
# Between them it swings like a spring.
# In the long run a step then leaves $\sqrt\beta$ of the distance on average, but a single step may lengthen it.
#
# In the figure, look at the bottom of each curve, how deep it lies and how wide it is.
# The black bar is a ravine, from its flat to its steep curvature.
# Only its length means something, and it may stand at any height.

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
# So we look for the smallest $\beta$ whose floor holds the whole ravine.
#
# The floor reaches from $(1-\sqrt\beta)/(1+\sqrt\beta)$ to its reciprocal, so it holds a condition number of $\big(\tfrac{1+\sqrt\beta}{1-\sqrt\beta}\big)^2$.
# Set that equal to $\kappa$ and solve.
#
# $$\sqrt\beta = \frac{\sqrt\kappa-1}{\sqrt\kappa+1} \qquad\qquad \alpha = \frac{1}{\sqrt{\lambda_{\min}\lambda_{\max}}}$$
#
# The step size puts the middle of the bar at 1, the middle of the floor.
# In the ravines of this course the flattest curvature is 1, so there $\alpha = 1/\sqrt\kappa$.
#
# Is there nothing better away from the floor?
# Here is the lowest spectral radius on a fine grid of settings, for $\kappa = 100$.

# %%
lrs, betas = np.geomspace(0.01, 1, 991)[:, None], np.linspace(0, 0.99, 401)
slowest = np.maximum(play.radius(lrs, betas), play.radius(100 * lrs, betas))
at = np.unravel_index(slowest.argmin(), slowest.shape)
rows = [["lowest on the grid", lrs[at[0], 0], betas[at[1]], slowest.min()],
        ["the formula", *play.best(100), 9 / 11]]
table(["", "step size", "beta", "spectral radius"], rows, ["", ".3f", ".3f", ".4f"])

# %% [markdown]
# The grid finds nothing lower.
#
# Gradient descent at its best shrinks by $(\kappa-1)/(\kappa+1)$.
# In momentum's rate $\sqrt\kappa$ has taken the place of $\kappa$.
# That is Polyak's setting for his [[heavy ball]].
#
# ### Exercise. The best beta for $\kappa$ = 400 (5 minutes)
#
# The curvatures run from 1 to 400, and the step size is $1/20$.
# Compute the $\beta$ with the smallest spectral radius, to four digits, and type it.
#
# <details><summary>Hint</summary>How large a condition number does the floor of a given beta hold? Which beta makes it 400?</details>

# %% tags=["stub"]
my_beta = None

# %% tags=["solution"]
my_beta = (19 / 21) ** 2

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The root of 400 is 20, so the root of $\beta$ is $(20-1)/(20+1)$.

# %% [markdown]
# Whatever you typed, the judge says what that number does.

# %%
from lessonlib.lessons.lesson07 import judges

judges.judge_beta(my_beta, kappa=400)

# %% [markdown]
# ### How it ends is not how it begins
#
# The spectral radius predicts the number of steps to a ten-billionth of the first loss.
# The loss is a square, so a step leaves $\rho^2 = \beta$ of it.
# After $t$ steps $\beta^t$ should be left.
# Compute $t$ from that, and then count.

# %%
lr, beta = play.best(100)
counted = play.steps_to(momentum, 100, lr=lr, beta1=beta)
predicted = np.log(1e-10) / np.log(beta)
curve = run(momentum, problems.ravine(100), steps=100, record="loss", lr=lr, beta1=beta).loss
rows = [["steps, predicted", predicted], ["steps, counted", counted],
        ["the loss after one step, in units of the first", curve[1] / curve[0]],
        ["the same after four steps, its highest", curve.max() / curve[0]]]
table(["at condition number 100", ""], rows, ["", ".0f"])

# %% [markdown]
# It takes {{ counted }} steps and not {{ predicted:.0f}}, and at first the loss even rises.
# Both come from the eigenvalues.
# At Polyak's setting the two of them meet, for the steepest and for the flattest direction.
# A matrix with a double eigenvalue shrinks distances like $t\rho^t$ and not like $\rho^t$.
#
# The first step is taken before there is a memory, and it is longer than gradient descent could bear.
# It makes the loss five times as large.
# Then the factor $t$ carries it further up, until $\rho^t$ wins.
#
# **To do.**
# A setting a little off Polyak's, where the two eigenvalues have parted, can be faster in a short run.
# Find a $\beta$ within 0.02 of Polyak's that takes fewer than 70 steps.

# %%
try_beta = beta
play.steps_to(momentum, 100, lr=0.1, beta1=try_beta)

# %% [markdown]
# <details><summary>Answer</summary>A little more memory is enough. With beta = 0.675 it takes 64 steps. In a run that goes on without end Polyak's setting wins, because its spectral radius is smaller.</details>
#
# Can another method beat the square root?
# Not on every quadratic with more directions than steps, if its steps combine the gradients seen so far.
# Nemirovski and Yudin showed that in 1983.
#
# ## 3. What does a map of all settings look like?
#
# *12 minutes.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# Along a direction of curvature $\lambda$, a step of momentum leaves a fixed share of the distance, on average and in the long run.
# That share is the [[spectral radius]].
# It depends only on $\alpha\lambda$ and $\beta$, so a map can show it.
#
# A ravine is a bar on this map.
# Its left end is the flat curvature and its right end the steep one.
# The step size moves the bar sideways, $\beta$ lifts it, and the condition number makes it longer.
# The white lines are the borders between which a direction swings, and the black line is the border of [[divergence]].
# On the right side the two nearly meet.
#
# Your bar starts on the ground, where $\beta = 0$ and momentum is gradient descent.
# The stored picture shows it at a better place.
# **Goal:** bring the bar to where the loss falls fastest.
# The goal under the sliders says how fast.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import grid, momentum, plots, problems, run
from lessonlib.lessons.lesson07 import play
from lessonlib.lessons.tables import table

play.radius_map().live()

# %% [markdown]
# The larger of the two radii decides.
# Between the white lines only the height counts, and lower is faster.
# So the best place is the lowest one in which the bar still fits, with both ends on the white lines.
#
# How rare are good settings?
# Run a whole grid of them in the valley of lesson 7, and count which bring the loss below a millionth in 100 steps.

# %%
ravine, betas = problems.ravine(100), np.linspace(0, 0.99, 100)
reached, rows = {}, []
for spacing, lrs in (("log", np.geomspace(0.01, 1, 101)), ("even", np.linspace(0.01, 1, 101))):
    final = run(momentum, ravine, steps=100, record="last", **grid(lr=lrs, beta1=betas)).loss[0]
    reached[spacing] = good = final < 1e-6
    at_lr, at_beta = lrs[good.any(axis=1)], betas[good.any(axis=0)]
    rows.append([spacing, good.mean(), *at_lr[[0, -1]], *at_beta[[0, -1]]])
header = ["spacing of the step sizes", "share that arrives", "lr from", "to", "beta from", "to"]
table(header, rows, ["", ".1%", ".2f", ".2f", ".2f", ".2f"])

# %% [markdown]
# The same grid as a picture, with a dot for each setting that arrives.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.4))
where = np.argwhere(reached["log"])
ax.plot(np.geomspace(0.01, 1, 101)[where[:, 0]], betas[where[:, 1]], "s", ms=3.5,
        color=plots.look(momentum).color)
ax.plot(*play.best(100), marker="*", ms=15, color="black", mec="white", ls="none",
        label="Polyak's setting")
ax.set(xscale="log", xlim=(0.01, 1), ylim=(0, 1), xlabel="step size", ylabel="$\\beta$",
       title="Few settings arrive in 100 steps")
ax.legend()
plots.show(figure, "Step size against beta, a dot for each of the settings that arrive: a small "
           "patch with Polyak's setting at its lower edge; none at beta 0 and hardly any at 0.9.")

# %% [markdown]
# No step size of gradient descent comes near the goal.
# At $\beta = 0.9$ one of the step sizes arrives, by the luck of a swing, because a floor of $\sqrt{0.9}$ lies too high for a hundred steps.
#
# <details><summary>Fine print</summary>Arriving means a loss below the goal after exactly 100 steps. One in fourteen of those settings is above the goal again within the next 50 steps, because it swings.</details>
#
# **To do.**
# Put $\kappa = 400$ on the map above and find the lowest place for the bar.
# What are your step size and your $\beta$?
#
# <details><summary>Answer</summary>The step size is 1/20, because the middle of the bar belongs at 1. The best beta is 0.8186, and 0.82 is the nearest that the slider takes.</details>
#
# ## 4. What does Nesterov change?
#
# *10 minutes.*
#
# Momentum steps along its average $m_t$.
# Nesterov's form looks one step ahead.
# The next average will be $\beta m_t + (1-\beta)\,g_{t+1}$.
# We do not know $g_{t+1}$ yet, and the best guess that we have is $g_t$.
# So Nesterov's form steps along that.
#
# $$m_t = \beta m_{t-1} + (1-\beta)\,g_t \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\big(\beta m_t + (1-\beta)\,g_t\big)$$
#
# PyTorch offers it as `SGD(..., nesterov=True)`.
#
# ### Exercise. Write it (5 minutes)
#
# A state has three fields, `State(t, m, v)`, and this rule needs the first two.
#
# <details><summary>Hint</summary>The average is updated as before. Which two things does the step mix, and in which shares?</details>

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, momentum, plots, problems, run
from lessonlib.lessons.lesson07 import extras, judges_deeper
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Start from momentum, and change the step.

# %% tags=["stub"]
def my_nesterov(theta, g, s, *, lr, beta1):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_nesterov(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * (beta1 * m + (1 - beta1) * g)
    return theta, State(s.t + 1, m)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The step mixes the average and the newest gradient in the same shares in which the next average would.

# %% [markdown]
# The judge compares it with the library's, which follows the same path as `torch.optim.SGD` with `nesterov=True`.

# %%
judges_deeper.judge_nesterov(my_nesterov)

# %% [markdown]
# Now both rules walk through a ravine of condition number 100.

# %%
ahead = predict(
    "At lr = 0.04 and beta = 0.9, does looking ahead make the swings larger or smaller?",
    ["larger", "smaller", "the same"],
)
ahead

# %% [markdown]
# A hundred steps of both, and the first forty of them in the picture.
# Look at how far out each swings across the valley.

# %% tags=["answer"]
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True)
rows, ravine = [], problems.ravine(100)
for ax, rule in zip(axes, (momentum, extras.nesterov)):
    result = run(rule, ravine, steps=100, lr=0.04, beta1=0.9)
    plots.contours(ravine, ax)
    color, marker, _ = plots.look(rule)
    ax.plot(*result.theta[:41].T, color=color, marker=marker, ms=4)
    ax.plot(1, 1, "o", ms=9, mfc="white", mec="black")
    ax.set_title(rule.__name__)
    rows.append([rule.__name__, abs(result.theta[20:, 1]).max(), result.loss[-1]])
figure.suptitle("Looking ahead damps the swings at this step size", weight="bold")
plots.show(figure, "Two paths in a ravine from the circle at (1, 1) to the star: momentum swings "
           "across the valley many times, Nesterov's form only a few times at the start.")

# %% [markdown]
# The numbers of the two paths.

# %% tags=["answer"]
header = ["rule", "widest swing after step 20", "loss after 100 steps"]
display(table(header, rows, ["", ".3f", ".1e"]))
ahead.answer("smaller" if rows[1][1] < rows[0][1] else "larger")

# %% [markdown]
# At this step size Nesterov's form damps the swings across the valley.
# It pays with a smaller largest step, $\frac{2(1+\beta)}{(1-\beta)(1+2\beta)\lambda}$ in place of $\frac{2(1+\beta)}{(1-\beta)\lambda}$.
# With $\beta = 0.9$ that is about a third of momentum's.
#
# Nesterov's form has a guarantee, at settings of its own.
# On every smooth valley whose curvature stays between 1 and $\kappa$, its number of steps grows with $\sqrt\kappa$.
# Section 6 asks whether Polyak's setting of momentum has one too.
#
# **To do.**
# Are Nesterov's swings smaller at every step size?
# Set `lr=0.13` in the cell of the picture, and then `lr=0.135`.
#
# <details><summary>Answer</summary>At 0.13 they still are. At 0.135 they are three times as wide as momentum's, because the border is near. Beyond it Nesterov's form diverges.</details>
#
# ## 5. What does momentum do to noise, and what to a training?
#
# *12 minutes.
# Its cells take some seconds.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# A smooth bowl has curvature 1, and every gradient is wrong by noise of variance 1.
# So $\theta$ never comes to rest.
# It wanders around the minimum with some variance of its own, its [[noise floor]].
# At $\beta = 0.9$ the average $m$ carries only a nineteenth of the variance of the noise.

# %%
import numpy as np
from lessonlib import grid, momentum, problems, run, sgd
from lessonlib.lessons.lesson07 import noise
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

floor = predict(
    "lr = 0.05. How far does beta = 0.9 lower the variance of theta, against beta = 0?",
    ["to a nineteenth", "to about a third", "hardly at all"],
)
floor

# %% [markdown]
# Forty thousand steps at five step sizes and three betas.
# Each variance is divided by half the step size, so a 1 in the table means that the variance is half the step size.
# Beside the measured number stands its law, $\frac{2(1+\beta)}{2(1+\beta) - \alpha(1-\beta)}$.

# %% tags=["answer"]
bowl = problems.noisy(problems.ravine(1), 1.0)
lrs, betas = np.array([0.05, 0.2, 0.5, 1.0, 1.9]), np.array([0.0, 0.5, 0.9])
walk = run(momentum, bowl, steps=40_000, **grid(lr=lrs, beta1=betas)).theta[4000:]
found = (walk**2).mean(axis=(0, 3)) / (lrs[:, None] / 2)
law = noise.floor_law(lrs[:, None], betas)
pairs = [[f"{one:.2f} and {two:.2f}" for one, two in zip(*both)] for both in zip(found, law)]
rows = [[f"{lr:g}", *row] for lr, row in zip(lrs, pairs)]
header = ["step size", "beta 0, measured and law", "beta 0.5", "beta 0.9"]
display(table(header, rows))
floor.answer("hardly at all" if law[0, 0] / law[0, 2] < 1.1 else "to about a third")

# %% [markdown]
# At a small step momentum lowers it by almost nothing.
# Each step carries less noise.
# But neighbouring steps carry the same noise, and their sum is as uncertain as before.
# In the first row the measured numbers are a few percent too high by chance.
# What lowers the floor is a smaller step size, because a row of ones means a variance of half the step size.
# At large steps the memory helps as well.
#
# Is it the same for a network?
# Here the noise comes from small batches.

# %%
same = predict(
    "Digits, batches of 64, 300 steps: from which step size on does momentum 0.9 end below"
    " gradient descent by a fifth or more?",
    ["0.01", "0.1", "1"],
)
same

# %% [markdown]
# A network of one hidden layer with 16 units, from three seeds, with a constant step size.
# The numbers are training losses, and "chance" means a loss of 2 or more.

# %% tags=["answer"]
lrs = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
both = [noise.trained(rule, lrs).mean(axis=0) for rule in (sgd, momentum)]
rows = [[lr, *("chance" if loss > 2 else loss for loss in pair)] for lr, *pair in zip(lrs, *both)]
display(table(["step size", "gradient descent", "momentum"], rows, ["g", ".2f", ".2f"]))
first = next(lr for lr, plain, heavy in zip(lrs, *both) if heavy < 0.8 * plain)
same.answer(f"{first:g}")

# %% [markdown]
# Up to 0.3 the two are close, and from 1 on the picture turns.
# At 3 gradient descent is at chance, and momentum still trains well.
#
# So with gradient noise and a small step, momentum is gradient descent.
# In PyTorch's form that means gradient descent with the step `lr / (1 - momentum)` (Wang et al. 2024).
#
# What momentum has is room for a larger step.
# Is that worth anything?
# Both rules get their best step size out of eight, for three sizes of the [[mini-batch]].

# %%
pays = predict("For which batch size does momentum gain most?", ["4", "32", "256"])
pays

# %% [markdown]
# 200 steps, four seeds, otherwise as before.
# Each line is a rule, and its lowest point is its best step size.

# %% tags=["answer"]
trials = {batch: noise.at_each_step_size(batch) for batch in (4, 32, 256)}
noise.show_batches(trials)

# %% [markdown]
# The best points as numbers.
# The ratio is the loss of gradient descent divided by that of momentum, for the mean of the seeds and for single seeds.

# %% tags=["answer"]
rows = [[str(batch), *noise.gain(*pair)] for batch, pair in trials.items()]
header = ["batch", "gradient descent", "momentum", "ratio", "lowest of a seed", "highest"]
display(table(header, rows, ["", ".3f", ".3f", ".1f", ".1f", ".1f"]))
pays.answer(max(rows, key=lambda row: row[3])[0])

# %% [markdown]
# With a batch of 4 noise rules and the best step is small.
# Which rule is ahead then depends on the seed.
# With the largest batch momentum is ahead in every seed, by a factor between two and thirteen.
# The less noise there is, the more the ravine matters, and the more momentum gains.
#
# **To do.**
# A colleague trains with `SGD(lr=0.01)`, adds `momentum=0.9`, and the loss falls much faster.
# What do you ask them to try before they praise the momentum?
#
# <details><summary>Answer</summary>Plain gradient descent with ten times the step. PyTorch's momentum of 0.9 multiplies the step by ten. In the table above, a tenfold step alone brings gradient descent most of the way down.</details>
#
# ## 6. Is the rate guaranteed?
#
# *10 minutes.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# On a quadratic with curvatures between 1 and $\kappa$, the best setting of momentum needs about $\sqrt\kappa$ steps.
# It is Polyak's, $\alpha = 1/\sqrt\kappa$ and $\beta = \big(\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}\big)^2$.
# Does it work on every smooth valley whose curvature stays between 1 and $\kappa$?
#
# Lessard, Recht and Packard gave the answer in 2016 with a valley of one number.
# The picture shows its slope.
# The slope rises steeply, then gently, then steeply again.
# There is one minimum, at 0.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import momentum, plots, run, sgd
from lessonlib.lessons.lesson07 import extras, judges_deeper, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

bent = extras.bent_line()
extras.show_slope(bent)

# %% [markdown]
# The black circle is the start, and the star is the minimum.

# %%
guaranteed = predict(
    "Momentum with Polyak's setting for kappa = 25 starts at 3.3. What does it do?",
    ["it reaches 0", "it swings for ever", "it diverges"],
)
guaranteed

# %% [markdown]
# Both rules start there, each with its best setting for quadratics of condition number 25.
# The picture shows the first fifty steps.

# %% tags=["answer"]
lr, beta = play.best(25)
start = np.array([3.3])
heavy = run(momentum, bent, steps=3000, lr=lr, beta1=beta, start=start).theta[:, 0]
plain = run(sgd, bent, steps=50, lr=2 / 26, start=start).theta[:, 0]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.plot(plain, color=plots.look(sgd).color, marker="s", markersize=3, label="gradient descent")
ax.plot(heavy[:51], color=plots.look(momentum).color, marker="^", markersize=4, label="momentum")
ax.axhline(0, color="#888888", linewidth=1)
ax.set(xlabel="step", ylabel="position", title="From 3.3, momentum never arrives")
ax.legend()
plots.show(figure, "Position against step: gradient descent swings down to 0, momentum "
           "repeats three positions until the end.")
still_far = abs(heavy[-3:]).max() > 0.5
guaranteed.answer("it swings for ever" if still_far else "it reaches 0")

# %% [markdown]
# Fifty steps are not for ever.
# Here are the positions of momentum much later.

# %%
rows = [[f"{t} to {t + 2}", *heavy[t : t + 3]] for t in (48, 300, 2997)]
table(["steps", "", "", ""], rows, ["", ".10f", ".10f", ".10f"])

# %% [markdown]
# Momentum goes round in a cycle of three points, while gradient descent arrives.
# So the rate is a law for quadratics, and near a minimum with positive curvature a smooth loss looks like one.
# From some starts this setting never arrives, even where farther starts do.
#
# With a smaller step there is a guarantee.
# Ghadimi, Feyzmahdavian and Johansson proved in 2015 that then the average of all positions approaches the minimum on every smooth convex loss.
# Where the curvature stays above a positive number, as here, the position itself arrives.
#
# ### Exercise. Until it arrives (3 minutes)
#
# Keep $\beta$ and the start, and lower the step size from 0.2 as little as you need.
# At which step size does momentum arrive?

# %% tags=["stub"]
my_lower_lr = None

# %% tags=["solution"]
my_lower_lr = 0.19

# %% [markdown]
# The judge runs a thousand steps.

# %%
judges_deeper.judge_arrival(my_lower_lr)

# %% [markdown]
# **To do.**
# Go back to the old step size and start at 1, and then at 4, by changing `start`.
# From which of them does momentum arrive?
#
# <details><summary>Answer</summary>From 4 it arrives, and from 1 it goes round the three points. Of 400 starts up to 20, one in thirteen ends in the cycle.</details>
#
# ## Further reading
#
# - Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, USSR Comput. Math. Math. Phys. 4(5).
#   The heavy ball and its rate.
# - Goh 2017, *Why Momentum Really Works*, [Distill](https://doi.org/10.23915/distill.00006).
#   The eigenvalues, with pictures that move.
# - Nesterov 2004, *Introductory Lectures on Convex Optimization*, Springer.
#   Section 2.1 has the proof that the square root is the limit.
# - Nemirovski and Yudin 1983, *Problem Complexity and Method Efficiency in Optimization*, Wiley.
#   Where that limit was found.
# - Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, ICML.
#   Nesterov's form as networks use it.
# - Lessard, Recht and Packard 2016, *Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints*, SIAM J.
#   Optim.
#   26(1).
#   The valley of section 6.
# - Ghadimi, Feyzmahdavian and Johansson 2015, *Global convergence of the Heavy-ball method for convex optimization*, [arXiv](https://arxiv.org/abs/1412.7457).
#   What is guaranteed with a smaller step.
# - Wang et al. 2024, *The Marginal Value of Momentum for Small Learning Rate SGD*, [arXiv](https://arxiv.org/abs/2307.15196).
#   Where momentum buys nothing.
