# %% [markdown]
# # Lesson 7. Momentum: a direction that remembers
#
# [Gradient descent](glossary.ipynb#Gradient-descent) looks at one [gradient](glossary.ipynb#Gradient), takes its step, and forgets. Two things punish that: *noise*, when each gradient comes from a few examples and
# errs in its own way, and *ravines*, where the loss is steep across and flat along, so that the path zigzags. **Momentum** (Polyak, 1964)
# cures one of them for certain and the other less than is often said. It steps along a running average of the gradients. One line of code; lesson 9 will find it, letter
# for letter, inside Adam. After this lesson you will be able to
#
# 1. write momentum, and have it checked; say what its memory costs in lag and buys in smoothness;
# 2. explain from one 2 × 2 matrix why a ravine of [condition number](glossary.ipynb#Condition-number) $\kappa$ takes about $\sqrt\kappa$ steps in place of $\kappa$;
# 3. choose step size and $\beta$ for a ravine by looking at a map;
# 4. translate between PyTorch's `SGD(momentum=...)` and the average of this course, and say when momentum buys nothing.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | An average that remembers, and your own momentum | 20 |
# | 2 | The ravine, one direction at a time | 20 |
# | 3 | The map, the best setting, the square root | 20 |
# | 4 | Momentum in PyTorch, and where it buys nothing | 20 |
#
# The minutes are our estimate for reading, playing and typing, not a measurement of a class. Each part is a place to stop. The code of
# the whole lesson runs in well under a minute on two CPU cores. You need: derivatives, NumPy, what an [eigenvalue](glossary.ipynb#Eigenvalue) is, and [lesson 0](00_start_here.ipynb).

# %% tags=["setup"]

# %% [markdown]
# Everything below comes from NumPy and the course's small library. `State` is what an optimizer remembers between steps. Here that is the
# step count `t` and the average `m`, both zero at the start.

# %%
import inspect
import matplotlib.pyplot as plt
import numpy as np

from lessonlib import State, grid, momentum, run, sgd
from lessonlib import checks, problems
from lessonlib.lessons.lesson07 import judges, play

# %% [markdown]
# ## Part 1. An average that remembers
#
# ### One line
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad\qquad \theta_t = \theta_{t-1} - \alpha\, m_t$$
#
# | Symbol | In code | Name | Default |
# |---|---|---|---|
# | $g_t$ | `g` | gradient of the [loss](glossary.ipynb#Loss) at $\theta_{t-1}$ | |
# | $m_t$ | `m` | [exponential moving average](glossary.ipynb#Exponential-moving-average) (EMA) of the gradient | starts at 0 |
# | $\beta_1$ | `beta1` | share of the old average that is kept | 0.9 |
# | $\alpha$ | `lr` | [learning rate](glossary.ipynb#Learning-rate), or step size | |
#
# There is only one $\beta$ in this lesson, so we drop its index where nothing is lost. With $\beta = 0$ nothing is kept and momentum is gradient descent.
#
# **Predict first.** A single gradient of 1 arrives, then only zeros. With $\beta=0.9$, what is $m$ after it, and
# how much of that is left ten steps later?

# %%
impulse = np.zeros(40)
impulse[0] = 1.0
trace = play.average(impulse, 0.9)
print("m:", *(f"{x:.3f}" for x in trace[:12]))
print(f"left of the first m after 10 more steps: {trace[10] / trace[0]:.2f}")

# %% [markdown]
# A gradient enters with weight $1-\beta$ and fades by a factor $\beta$ a step: the gradient of $k$ steps ago weighs $(1-\beta)\beta^k$. After
# about $1/(1-\beta)$ steps, the [memory](glossary.ipynb#Memory) of the average, {{ trace[10] / trace[0]:.0%}} of it is left. All weights together make 1: it is an average.
#
# ### Play: lag against smoothness
#
# Below, the true gradient is a slow wave (black), and each measurement of it (a dot) is wrong by noise. The blue line is $m$. The sliders set the memory and the noise. **Is a longer memory
# always better?** Watch *when* the blue line turns, then reach for the goal. On the right is the error of the whole stretch, and the two parts that it is made of.

# %%
play.noisy_average().live()

# %% [markdown]
# A short memory follows the noise. A long one is smooth, and late: it still points up when the wave has turned. The best lies between, and moves to longer memories as the noise grows. Both costs obey simple laws.
#
# - **Lag.** The mean age of what is in the average is $\sum_k k\,(1-\beta)\beta^k = \beta/(1-\beta)$ steps.
# - **Smoothness.** Of independent noise of [variance](glossary.ipynb#Variance) 1 the average keeps $\sum_k (1-\beta)^2\beta^{2k} = (1-\beta)/(1+\beta)$.
#
# **Predict** both for $\beta = 0.9$, then measure them: the lag behind a steady climb, and the variance that is left of 200,000 random numbers.

# %%
betas = np.array([0.5, 0.9, 0.99])
climb = np.arange(20_000.0)
noise = np.random.default_rng(0).standard_normal(200_000)
lag = climb[-1] - play.average(climb, betas)[-1]
variance = play.average(noise, betas)[1000:].var(axis=0)
for i, b in enumerate(betas):
    print(f"beta {b:4}:  lag {lag[i]:5.2f}, law {b / (1 - b):5.2f}", end="   ")
    print(f"variance {variance[i]:.4f}, law {(1 - b) / (1 + b):.4f}")

# %% [markdown]
# Both laws hold. At $\beta=0.9$ the average lags {{ lag[1]:.0f}} steps and keeps a nineteenth of the variance. At 0.99 it keeps ten times less, and lags {{ lag[2]:.0f}} steps. (A common slip is to conclude that
# training with momentum ends with a nineteenth of the noise. Hold that thought until Part 4.)
#
# ### Exercise 1: write momentum (8 minutes)
#
# Two lines and a return. `theta`, `g` and `s.m` are arrays, `s.t` counts the steps already taken. Return the new `theta` and a new `State(t, m)`; change nothing in place.
#
# <details><summary>Hint 1</summary>Feed a constant gradient of 1. Where should an average of ones end?</details>
# <details><summary>Hint 2</summary>What will the next call need to know that this one computed?</details>

# %% tags=["stub"]
def my_momentum(theta, g, s, *, lr, beta1):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_momentum(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    return theta - lr * m, State(s.t + 1, m)

# %% [markdown]
# The check runs your function for several steps, at several settings, beside the right one and beside the classic wrong ones. It passes every algebraically
# equal form. If something is off it says what it saw and asks a question; run it as often as you like.

# %%
checks.check(my_momentum, against=momentum)

# %% [markdown]
# For comparison, the library's version. Remember its first line: lesson 9 puts it side by side with Adam's.

# %%
print(inspect.getsource(momentum).split('"""')[-1].strip("\n"))

# %% [markdown]
# ### Exercise 2: a colleague's momentum (4 minutes)
#
# The function below was found in a training script. It raises no error, and the loss falls, "only slowly, as if the step were ten times smaller". **Predict** which line is to blame and
# why it looks like *that*, then mend it.

# %% tags=["stub"]
def colleague(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * m
    return theta, State(s.t + 1)

# %% tags=["solution"]
def colleague(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * m
    return theta, State(s.t + 1, m)

# %% [markdown]
# As long as the bug is in, the check names it and asks what you would ask yourself.

# %%
checks.check(colleague, against=momentum)

# %% [markdown]
# Whatever a rule does not return is forgotten. Then $m_t = (1-\beta_1)\,g_t$ at every step: gradient descent with a tenth of the step size. The loss still falls, and that is why this bug lives long.
#
# *A place to stop. You have written the line that Adam is built on.*

# %% [markdown]
# ## Part 2. The ravine, one direction at a time
#
# ### How long gradient descent takes
#
# The simplest [ravine](glossary.ipynb#Ravine) is the loss $\tfrac12(\lambda_1\theta_1^2 + \lambda_2\theta_2^2)$ with [curvature](glossary.ipynb#Curvature) $\lambda_1 = 1$ along it and $\lambda_2 = 100$ across. Their ratio is the condition number, $\kappa = 100$. The start is
# $(1, 1)$, the loss there 50.5. We count the steps until the loss falls to $10^{-10}$ of that, and stays below. **Predict:** which of the step sizes 0.005, 0.01, 2/101 and 0.021 is best, and about how many steps does it take? What happens at the last?

# %%
for lr in (0.005, 0.01, 2 / 101, 0.021):
    found = play.steps_to(sgd, 100, lr=lr, budget=5000)
    print(f"lr {lr:.4f}: {f'{found} steps' if found else 'not within 5000 steps'}")
descent = play.steps_to(sgd, 100, lr=2 / 101)

# %% [markdown]
# At best hundreds of steps for two numbers, and a step size hardly larger never arrives. The reason is in the axes. Along each of them gradient descent does its own thing:
# $\theta_i \leftarrow \theta_i - \alpha\lambda_i\theta_i = (1-\alpha\lambda_i)\,\theta_i$. So a step multiplies the distance along axis $i$ by $1-\alpha\lambda_i$, and nothing else matters. Across the ravine, stability demands
# $|1 - 100\,\alpha| < 1$, so $\alpha < 0.02$. Along it, progress is then slower than $1 - 0.02$ a step. **The steep direction sets the limit, the flat one pays for it.**
#
# The choice $\alpha = 2/(1+\kappa)$ makes both factors equal in size, $\pm(\kappa-1)/(\kappa+1)$. From that number alone, how many steps to $10^{-10}$? The loss goes with the square of the distance.

# %%
factor = (100 - 1) / (100 + 1)
print(f"factor per step {factor:.4f}; predicted {np.log(1e-10) / (2 * np.log(factor)):.1f} steps,",
      f"counted {descent}")

# %% [markdown]
# Prediction and count agree. For a large $\kappa$ the factor is about $1 - 2/\kappa$, so the steps grow *in proportion to* $\kappa$. Any quadratic, however many axes it has and however it is turned, falls apart into such
# one-dimensional problems: one for each eigenvector, its eigenvalue $\lambda$ the curvature. (Turning the axes changes nothing for gradient descent or momentum. For the optimizers of the next lessons it does.)
#
# ### Task: a millionth in a hundred steps
#
# Now add memory. The same ravine, $\kappa = 100$, from the loss 50.5, with `momentum`. The sliders start near the best that gradient descent can do ($\beta=0$), and the loss after 100 steps is about 0.01. **Bring it below $10^{-6}$ in those 100 steps.** Move one slider at a time. Does raising $\beta$
# alone help? What does it allow you to do?

# %%
play.ravine_task().live()

# %% [markdown]
# <details><summary>Hint</summary>With some memory the step size may be several times larger than 0.02. And more memory is not always better: what does the loss do at beta = 0.95?</details>
#
# How rare are good settings? Run a whole grid of them at once and see which reach the goal.

# %%
lrs, betas = np.geomspace(0.01, 1, 101), np.linspace(0, 0.99, 100)
valley = problems.ravine(100)
final = run(momentum, valley, steps=100, record="last", **grid(lr=lrs, beta1=betas)).loss[0]
reached = final < 1e-6
works_lr, works_beta = lrs[reached.any(axis=1)], betas[reached.any(axis=0)]
print(f"{reached.mean():.1%} reach it, with lr from {works_lr.min():.2f} to {works_lr.max():.2f}",
      f"and beta from {works_beta.min():.2f} to {works_beta.max():.2f}")

# %% [markdown]
# At the usual default, $\beta = 0.9$, {{ int(reached[:, 90].sum()) }} of the 101 step sizes reaches it, by the luck of a swing that passes the middle just then; between 0.6 and 0.8 it is {{ reached[:, 60:81].mean():.0%}}. No step size of gradient descent comes near. What you found by hand, one matrix explains.
#
# ### One direction, two numbers
#
# Along one eigenvector with curvature $\lambda$ the gradient is $\lambda\theta$. Momentum keeps *two* numbers there, $\theta$ and $m$, and a step is linear in them. Insert the first equation in the second:
#
# $$\begin{pmatrix}\theta\\ m\end{pmatrix} \leftarrow \begin{pmatrix}1-\alpha(1-\beta)\lambda & -\alpha\beta\\ (1-\beta)\lambda & \beta\end{pmatrix}\begin{pmatrix}\theta\\ m\end{pmatrix}$$
#
# In the long run such a map shrinks distances by the size of its largest eigenvalue, its [spectral radius](glossary.ipynb#Spectral-radius), $\rho$. Below 1 it converges, above 1 it diverges. **Predict:** $\alpha=0.1$ and $\beta=0.7$. Of the curvatures 1, 10 and 100, which shrinks fastest?

# %%
def step_matrix(lam, lr, beta):
    """What a step of momentum does to (theta, m) along a direction of curvature lam."""
    return np.array([[1 - lr * (1 - beta) * lam, -lr * beta], [(1 - beta) * lam, beta]])

for lam in (0.3, 1, 10, 100, 300):
    roots = np.linalg.eigvals(step_matrix(lam, lr=0.1, beta=0.7))
    kind = "complex pair" if abs(roots.imag).max() > 0 else "two real ones"
    print(f"curvature {lam:5}: spectral radius {abs(roots).max():.3f}, {kind}")

# %% [markdown]
# Did you expect them to differ? They do not: **1, 10 and 100 shrink at the same rate**, {{ 0.7**0.5:.3f}} a step. The product of the two eigenvalues is the determinant of the matrix, and that is $\beta$ (multiply it out: $\lambda$ cancels). When they are a complex pair, both have the same size, so
#
# $$\rho = \sqrt\beta, \quad\text{whatever the curvature.}$$
#
# The pair is complex, and the direction swings like a spring around zero, while $\alpha\lambda$ lies between two borders. Outside them (0.3 and 300 above) the eigenvalues are real: too flat, and it creeps; too steep, and it flips and, a little further on, diverges. Set the discriminant to
# zero and the borders come out as each other's reciprocal:
#
# $$\frac{1-\sqrt\beta}{1+\sqrt\beta} \;\le\; \alpha\lambda \;\le\; \frac{1+\sqrt\beta}{1-\sqrt\beta}$$
#
# In the figure, look at the *bottom* of each curve: how deep it lies, and how wide it is.

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
# For gradient descent (grey) only *one* curvature, $\alpha\lambda = 1$, is served well, and a ravine stretches over both walls of the V. Momentum (blue) has a floor: all curvatures on it shrink equally fast. A larger $\beta$ makes the floor wider and *higher*. The black bar spans condition number 100; the solid
# curve has the lowest floor that it fits on.
#
# *A place to stop. Why momentum helps in a ravine is now a picture you can draw.*

# %% [markdown]
# ## Part 3. The map
#
# ### Play: fit the bar into the funnel
#
# Stack all such curves, one for each $\beta$: the floor becomes a funnel, seen from above. The ravine is a *bar* on this map. Its ends are the flat curvature, at $\alpha\cdot 1$, and the steep one, at $\alpha\cdot\kappa$. The step size shifts it sideways without changing its length, $\beta$ lifts it, and the condition number
# makes it longer. The white lines are the borders of swinging, the black one that of [divergence](glossary.ipynb#Divergence); the numbers at the ends are the spectral radii. **Where must the bar lie for the loss to fall fastest?** At first it lies on the ground: gradient descent.

# %%
play.radius_map().live()

# %% [markdown]
# The larger of the two radii decides. Inside the funnel only height counts, and lower is faster, so the best place is the lowest at which the bar still fits: both ends on the white lines. Since the lines are each other's reciprocal, the middle of the bar, in logarithms, then lies at $\alpha\lambda = 1$, and the step size is
# $\alpha = 1/\sqrt{\lambda_1\lambda_2}$. With $\lambda_1 = 1$ and $\lambda_2=\kappa$:
#
# $$\alpha = \frac{1}{\sqrt\kappa}, \qquad \frac{1+\sqrt\beta}{1-\sqrt\beta} = \sqrt\kappa \;\Longrightarrow\; \rho = \sqrt\beta = \frac{\sqrt\kappa-1}{\sqrt\kappa+1}$$
#
# Compare with gradient descent's $(\kappa-1)/(\kappa+1)$: **$\sqrt\kappa$ has taken the place of $\kappa$.** This is Polyak's best setting for his [heavy ball](glossary.ipynb#Heavy-ball). For $\kappa=100$ it is $\alpha=0.1$, five times what gradient descent survives, and
# $\beta = (9/11)^2$ = {{ play.best(100)[1]:.4f}}. **Predict** the number of steps from $\rho$, as above, and what the loss does at its first step.

# %%
lr, beta = play.best(100)
heavy = play.steps_to(momentum, 100, lr=lr, beta1=beta)
curve = run(momentum, valley, steps=100, record="loss", lr=lr, beta1=beta).loss
print(f"radius {beta**0.5:.4f}; predicted {np.log(1e-10) / np.log(beta):.0f} steps,",
      f"counted {heavy}")
print(f"loss at the start {curve[0]:.1f}, after one step {curve[1]:.0f}, at most {curve.max():.0f}")

# %% [markdown]
# {{ heavy }} steps instead of {{ descent }}. But not the {{ np.log(1e-10) / np.log(beta):.0f}} of the prediction, and **the loss first rises {{ curve.max() / curve[0]:.0f}}-fold**. Both have one reason. On the white lines the two eigenvalues of a direction meet, and a matrix with a double eigenvalue shrinks distances like $t\rho^{\,t}$, not like $\rho^{\,t}$. The factor $t$ makes them grow
# before they fall. A spectral radius says how it ends, not how it begins.
#
# So is the textbook setting the fastest for *this* run? Search for each rule, over its own grid, for the settings with the fewest steps to $10^{-10}$. **Predict:** does momentum's lie on the white lines, or higher up?

# %%
def steps_needed(rule, **axes):
    """Steps until the loss stays at 1e-10 of the first, over a grid (501: more than 500)."""
    loss = run(rule, valley, steps=500, record="loss", **grid(**axes)).loss
    above = loss > 1e-10 * loss[0]
    return 501 - above[::-1].argmax(axis=0)

lrs, betas = np.geomspace(0.05, 0.2, 61), np.linspace(0.5, 0.8, 61)
count = steps_needed(momentum, lr=lrs, beta1=betas)
i, j = np.unravel_index(count.argmin(), count.shape)
fewest = steps_needed(sgd, lr=np.linspace(0.018, 0.02, 81)).min()
print(f"momentum: {count[i, j]} steps, at lr {lrs[i]:.3f} and beta {betas[j]:.3f};",
      f"gradient descent: {fewest} steps")

# %% [markdown]
# Both have faster settings than the textbook's. A little higher up, around the lines and no longer on both, the eigenvalues have parted a little, and the factor $t$ no longer costs much (the printed setting is just outside the funnel; step size 0.100 and $\beta$ = 0.675, inside it, takes as many): {{ count[i, j] }} steps. Gradient descent gains as well, {{ fewest }} steps: with a slightly smaller step the steep direction is done early, and the flat one starts with a hundredth of the loss. "Best" means best in the
# long run. The lead of momentum stays about what it was, {{ descent / heavy:.1f}} to 1 in the one comparison and {{ fewest / count[i, j]:.1f}} to 1 in the other.
#
# ### Exercise 3: the best beta for κ = 400 (5 minutes)
#
# Now the steep direction is four times as steep. Compute the $\beta$ whose spectral radius is smallest, type it (four digits), and have it judged. Then put it on the map above.
#
# <details><summary>Hint</summary>What is the square root of 400, and what does beta have to do with the factor (√κ − 1)/(√κ + 1)?</details>

# %% tags=["stub"]
my_beta = None

# %% tags=["solution"]
my_beta = (19 / 21) ** 2

# %% [markdown]
# Whatever you typed, the answer says what that number does.

# %%
judges.judge_beta(my_beta, kappa=400)

# %% [markdown]
# ### The square root, measured
#
# Is it really $\sqrt\kappa$? Count the steps for condition numbers from 10 to 10,000, both rules at their textbook settings (to the same $10^{-10}$; the cell takes some seconds, most of it gradient descent's). **Predict** momentum's count at 10,000 from the {{ heavy }} at 100.

# %%
counts = play.steps_by_kappa()
print("  kappa   descent   momentum   ratio")
for kappa, (slow, fast) in counts.items():
    print(f"{kappa:7,} {slow:9,} {fast:10} {slow / fast:7.1f}")

# %% [markdown]
# A power law is a straight line in a figure with two logarithmic axes, and its slope is the exponent. Look at the two slopes.

# %%
kappas, both = np.array(list(counts)), np.array(list(counts.values()))
slopes = {}
figure, ax = plt.subplots(figsize=(7.2, 3.8))
for rule, found in zip((sgd, momentum), both.T):
    slope, height = np.polyfit(np.log(kappas), np.log(found), 1)
    look, slopes[rule] = plots.look(rule), slope
    ax.plot(kappas, np.exp(height) * kappas**slope, color=look.color, ls=look.dash, lw=1.2)
    ax.plot(kappas, found, color=look.color, marker=look.marker, ls="none", markersize=8,
            label=f"{rule.__name__}: steps grow as $\\kappa$ to the {slope:.2f}")
ax.set(xscale="log", yscale="log", xlabel="condition number $\\kappa$",
       ylabel="steps to $10^{-10}$", title="With momentum, steps grow like the square root")
ax.legend()
plots.show(figure, "Steps against condition number, both logarithmic: two straight lines, gradient "
           "descent with a slope of one, momentum with a slope of about one half.")

# %% [markdown]
# The fitted exponents are {{ slopes[sgd]:.3f}} and {{ slopes[momentum]:.3f}}. Why not 0.5? That factor $t$ again: it makes the count $\sqrt\kappa$ times a slowly growing logarithm, {{ counts[100][1] / (np.log(1e-10) / (2 * np.log((10 - 1) / (10 + 1)))) - 1:.0%}} more than $\rho$ alone predicts at 100 and {{ counts[10_000][1] / (np.log(1e-10) / (2 * np.log((100 - 1) / (100 + 1)))) - 1:.0%}} more at 10,000. Between $\kappa$ = 3000 and 10,000 the slope is {{ np.log(both[-1, 1] / both[-2, 1]) / np.log(10_000 / 3000):.3f}}, and it goes on falling toward one half. At $\kappa$ = 10,000 momentum is {{ both[-1, 0] / both[-1, 1]:.0f}} times faster. No method
# whose steps combine the gradients seen so far can do better than the square root on every quadratic with many directions (Nesterov 2004, section 2.1): a cleverer average would not help.
#
# *A place to stop.*

# %% [markdown]
# ## Part 4. Momentum at work
#
# ### Sum or average?
#
# This course keeps an average. PyTorch, like most papers, keeps a **sum**: $b_t = \mu b_{t-1} + g_t$, and steps by its `lr` times $b_t$. For a steady gradient the sum ends at $g/(1-\mu)$, ten times $g$ at $\mu=0.9$. The two are the same rule in two units: $b = m/(1-\beta)$.
# PyTorch also has [dampening](glossary.ipynb#Dampening) $\tau$: $b_t = \mu b_{t-1} + (1-\tau)\,g_t$. With $\tau=\mu$ that looks exactly like our average. **Predict:** which of these follows our path: torch with `lr` times $1-\beta$; with `lr` as it is; that with dampening $\beta$; the first with `nesterov=True`?

# %%
import torch

def torch_path(grad, steps, **hyper):
    """theta of torch's SGD after every step, from (1, 1): (steps + 1, 2)."""
    p = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer, path = torch.optim.SGD([p], **hyper), [np.ones(2)]
    for _ in range(steps):
        p.grad = torch.tensor(grad(path[-1]))
        optimizer.step()
        path.append(p.detach().numpy().copy())
    return np.array(path)

# %% [markdown]
# Each variant on the ravine beside `momentum` at $\alpha = 0.02$ and $\beta=0.9$: is it the same path to twelve digits, and how long is its first step?

# %%
lr, beta = 0.02, 0.9
small = lr * (1 - beta)
variants = {"lr * (1 - beta), momentum=beta": {"lr": small},
            "lr, momentum=beta": {"lr": lr},
            "lr, momentum=beta, dampening=beta": {"lr": lr, "dampening": beta},
            "lr * (1 - beta), momentum=beta, nesterov=True": {"lr": small, "nesterov": True}}
ours = run(momentum, valley, steps=100, lr=lr, beta1=beta).theta
for name, hyper in variants.items():
    path = torch_path(lambda theta: valley.grad(theta, None), 100, momentum=beta, **hyper)
    first = (1 - path[1, 0]) / (1 - ours[1, 0])
    same = np.allclose(path, ours, rtol=0, atol=1e-12)
    print(f"SGD({name})".ljust(51), f"same: {same!s:6} first step {first:4.1f} times ours")

# %% [markdown]
# Only the first is the same path. Dampening is not, and for one reason: **torch starts the buffer with the first gradient undampened**, $b_1 = g_1$. Give all of them a steady gradient of 1 and watch the length of the steps, in units of $\alpha$.

# %%
steps = np.array([1, 2, 3, 10, 50])
print("step".ljust(46), *(f"{t:6}" for t in steps))
for name, hyper in variants.items():
    path = torch_path(np.ones_like, 50, momentum=beta, **hyper)
    lengths = -np.diff(path[:, 0])[steps - 1] / lr
    print(name.ljust(46), *(f"{x:6.2f}" for x in lengths))

# %% [markdown]
# The first row starts at a tenth of $\alpha$ and needs tens of steps to reach it, as an average that starts at zero must. The second ends at **ten times** $\alpha$: an `lr` copied from one convention to the other is wrong by $1/(1-\beta)$. The third moves by $\alpha$ from the first step on, as if the first gradient had always been there. That is one way to mend the start at zero;
# lesson 9 brings another. The fourth, [Nesterov momentum](glossary.ipynb#Nesterov-momentum), adds the newest gradient once more on top: it looks one step ahead.
#
# | This course | PyTorch | A steady gradient $g$ moves by |
# |---|---|---|
# | `momentum(lr=a, beta1=b)` | `SGD(lr=a * (1 - b), momentum=b)` | $a\,g$, after a start at $(1-b)\,a\,g$ |
# | `momentum(lr=a / (1 - b), beta1=b)` | `SGD(lr=a, momentum=b)` | $a\,g/(1-b)$ |
# | not offered | `SGD(lr=a, momentum=b, dampening=b)` | $a\,g$, from the first step on |
# | `sgd(lr=a)` | `SGD(lr=a)` | $a\,g$ |
#
# ### Exercise 4: translate a recipe (3 minutes)
#
# A recipe for PyTorch says `SGD(lr=0.1, momentum=0.9)`. You want to try `momentum=0.99`, and a steady gradient should move you as far as before. Which `lr` do you give to PyTorch?

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 0.01

# %% [markdown]
# The answer is read off the step that a steady gradient ends with, yours beside the recipe's.

# %%
judges.judge_lr(my_lr)

# %% [markdown]
# Who changes `momentum` in PyTorch and leaves `lr` alone has changed the step size too. When a run diverges "because of momentum 0.99", look there first.
#
# ### Does averaging lower the noise?
#
# Back to the thought from Part 1. A smooth bowl ($\kappa=1$, curvature 1) with noise of variance 1 on each gradient: $\theta$ never comes to rest, it wanders around the minimum with some variance, its [noise floor](glossary.ipynb#Noise-floor). The average $m$ carries only a nineteenth of the noise at $\beta=0.9$. **Predict:** by which factor is the floor of $\theta$ lower with momentum at the same $\alpha$?

# %%
bowl = problems.noisy(problems.ravine(1), 1.0)
floors = {}
lrs, betas = [0.05, 0.2, 0.5, 1.0, 1.9], [0.0, 0.5, 0.9]
walk = run(momentum, bowl, steps=40_000, **grid(lr=lrs, beta1=betas)).theta[4000:]
print("variance of theta, in units of lr / 2")
print("        ", *(f"beta {b}" for b in betas))
for lr, row in zip(lrs, (walk**2).mean(axis=(0, 3))):
    floors[lr] = row / (lr / 2)
    print(f"lr {lr:4} ", *(f"{x:8.2f}" for x in floors[lr]))

# %% [markdown]
# **At a small step, by none.** Every step carries less noise, but neighbouring steps carry the *same* noise, and their sum, which is where $\theta$ is, is as uncertain as before. The law is $\frac{\alpha}{2}\big/\big(1-\frac{\alpha}{2}\frac{1-\beta}{1+\beta}\big)$: for small $\alpha$ it is $\alpha/2$, and $\beta$ has left the
# formula. What lowers the floor is a smaller $\alpha$. Only where $\alpha$ comes near the limit of stability, 2 for gradient descent here, does memory help: at $\alpha=1.9$ gradient descent sits at {{ floors[1.9][0]:.0f}} and momentum at {{ floors[1.9][2]:.1f}}.
#
# ### Where momentum buys nothing
#
# So here is a strong claim to test on a network: with gradient noise and a small step, **momentum is gradient descent** at the same $\alpha$ (Wang et al. 2024, who keep the sum and write the step as `lr / (1 - beta)`). [*Protocol*](glossary.ipynb#Protocol): handwritten digits, a network 64 → 16 → 10, [mini-batches](glossary.ipynb#Mini-batch) of 64, constant step size, 300 steps, the training loss over all images, mean of 3 [seeds](glossary.ipynb#Seed) that set start and batches. **Predict** which is lower at 0.03, at 0.3 and at 3. (The last column is gradient descent nine steps earlier, at step 291.)

# %%
def trained(rule, lrs, batch=64, steps=300, seeds=3):
    """Training loss after `steps` steps for each step size, mean of the seeds: (L,)."""
    losses = [run(rule, problems.digits_net(16, batch, seed, dtype=float), steps=steps,
                  seed=seed, record="last", **grid(lr=lrs)).loss[0] for seed in range(seeds)]
    return np.mean(losses, axis=0)

lrs = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
plain, heavy_ball, earlier = trained(sgd, lrs), trained(momentum, lrs), trained(sgd, lrs, steps=291)
print("  lr        descent   momentum 0.9   descent, 291")
for lr, *row in zip(lrs, plain, heavy_ball, earlier):
    print(f"{lr:4}", *(f"{x:14.2f}" if x < 2 else "     at chance" for x in row))

# %% [markdown]
# Up to 0.3 the two end within {{ 100 * np.max(np.abs(heavy_ball / plain - 1)[:4]):.0f}} % of each other, and where there is a difference, momentum is *behind* up to 0.1: its average lags nine steps, and gradient descent nine steps earlier is closer to it. (That is about half of the gap; gradient descent eighteen steps earlier is closer still.) From 1 on the picture turns, and at 3 gradient descent has collapsed to chance, a loss of $\ln 10$, while momentum trains best of all. So what momentum buys is
# **room for a larger step**: on the map of Part 3, the limit at $\beta=0.9$ is $\alpha\lambda < 2\,\frac{1+\beta}{1-\beta}$ = {{ 2 * 1.9 / 0.1:.0f }} in place of 2 (with PyTorch's sum, {{ 2 * 1.9:.1f }}).
#
# Is that room worth anything? Only if a larger step is what you want, and noise decides that. Tune both over the same eight step sizes, 0.1 to 12.8, for three sizes of the batch (200 steps, 4 seeds, otherwise as before). **Predict** where momentum gains most.

# %%
gain, wide = {}, 0.1 * 2.0 ** np.arange(8)
print("batch   descent at its best   momentum at its best")
for batch in (4, 32, 256):
    tuned = {rule: trained(rule, wide, batch, 200, seeds=4) for rule in (sgd, momentum)}
    shown = [f"{x.min():.2f} (lr {wide[x.argmin()]:g})" for x in tuned.values()]
    gain[batch] = tuned[sgd].min() / tuned[momentum].min()
    print(f"{batch:5}   {shown[0]:>19}   {shown[1]:>20}")

# %% [markdown]
# At batch 4 noise rules: the best step is small, and the two are as good as each other (their ratio is {{ gain[4]:.2f}}, while the four seeds of gradient descent at 0.2 alone end anywhere from {{ min(run(sgd, problems.digits_net(16, 4, k, dtype=float), steps=200, seed=k, record="last", lr=0.2).loss[0] for k in range(4)):.2f }} to {{ max(run(sgd, problems.digits_net(16, 4, k, dtype=float), steps=200, seed=k, record="last", lr=0.2).loss[0] for k in range(4)):.2f }}). At 32 momentum's loss is {{ gain[32]:.1f}} times lower, at 256 {{ gain[256]:.1f}} times, there with a step at which gradient descent ends at chance. **Less noise, more ravine, more gain.** Where this stops: one small network,
# the training loss after 200 steps, a constant step size.

# %% [markdown]
# ## What to take along
#
# - Momentum steps along $m = \beta_1 m + (1-\beta_1)\,g$. Its memory is $1/(1-\beta)$ steps, its lag $\beta/(1-\beta)$, and it keeps $(1-\beta)/(1+\beta)$ of the variance of the noise, in $m$. **Not in $\theta$.**
# - A quadratic is a set of one-dimensional problems. Along each, a step of momentum is a 2 × 2 matrix with determinant $\beta$: where it swings, it shrinks by $\sqrt\beta$ whatever the curvature.
# - The best setting for curvatures 1 to $\kappa$ is $\alpha=1/\sqrt\kappa$, $\beta=\big(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\big)^2$. Steps grow like $\sqrt\kappa$ in place of $\kappa$: {{ heavy }} for {{ descent }} at 100.
# - PyTorch keeps a sum. Same path: `SGD(lr=lr * (1 - beta), momentum=beta)`.
# - With noise and a small step, momentum is gradient descent at the same $\alpha$. It pays where a larger step is wanted and the ravine forbids it.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | exponential moving average | each step keeps a share $\beta$ of the old value and adds $1-\beta$ of the new |
# | memory, lag | $1/(1-\beta)$ steps; the mean age of what is in the average, $\beta/(1-\beta)$ |
# | condition number | largest curvature over smallest |
# | spectral radius | size of the largest eigenvalue: what a step leaves of the distance, in the long run |
# | heavy ball | Polyak's form of momentum; its path is that of the average, with a step of $\alpha(1-\beta)$ on the sum |
# | dampening | torch's factor on the new gradient, $1-\tau$; the first gradient enters in full |
# | Nesterov momentum | a step along the average moved once more toward the newest gradient, $\beta m+(1-\beta)g$ |
# | noise floor | how far from the minimum noise keeps a run with constant step size |
#
# ### Further reading, and what each is good for
#
# - Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, USSR Comput. Math. Math. Phys. 4(5). The heavy ball and its rate.
# - Goh 2017, *Why Momentum Really Works*, Distill, doi:10.23915/distill.00006. The eigenvalues, with pictures that move.
# - Nesterov 2004, *Introductory Lectures on Convex Optimization*, Springer. Section 2.1: why the square root is the limit.
# - Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, ICML. Momentum for networks, and Nesterov's form as used there.
# - Wang et al. 2024, *The Marginal Value of Momentum for Small Learning Rate SGD*, arXiv:2307.15196. Where momentum buys nothing, in theory and on real networks.
#
# **Next:** [lesson 8](08_rmsprop.ipynb). Momentum has made the most of *one* step size for all directions. The steep one still forbids what the flat one needs, and the bar on the map stays as long as the ravine is. What if every coordinate had a step size of its own?
