# %% [markdown]
# # Deeper into lesson 7
#
# Six questions about momentum that can wait.
# Each stands alone and can be read on another day, in any order.
#
# | Question | Minutes |
# |---|---|
# | 1. What does an average cost, and what does it buy? | 7 |
# | 2. Why the square root? One direction, two numbers | 16 |
# | 3. What does a map of all settings look like? | 4 |
# | 4. What does Nesterov change? | 10 |
# | 5. What does momentum do to noise, and what to a training? | 8 |
# | 6. Is the rate guaranteed? | 12 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What does an average cost, and what does it buy?
#
# *7 minutes.*
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
# A gradient that came $k$ steps ago weighs $(1-\beta)\beta^k$.
# So the mean age of what is in the average is $\sum_k k\,(1-\beta)\beta^k = \beta/(1-\beta)$ steps.
# That is its [[lag]] behind a signal that climbs steadily.
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
# Lag times variance is $\beta/(1+\beta)$, which is nearly a half for every long memory.
# So $m$ pays for smoothness with delay, as the picture shows.

# %%
extras.show_two_averages()

# %% [markdown]
# This is the smoothness of $m$.
# What $\theta$ gets from it is the question of section 5.
#
# ### Exercise. A tenth of the variance (3 minutes)
#
# By the law, which $\beta$ keeps a tenth of the variance?
# Solve it on paper, and then type your $\beta$, with three digits or as a fraction.
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
# The judge compares with the law, and measures what your average keeps.

# %%
from lessonlib.lessons.lesson07 import judges_deeper

judges_deeper.judge_share(my_tenth)

# %% [markdown]
# ## 2. Why the square root? One direction, two numbers
#
# *16 minutes.
# You need to know what an [[eigenvalue]] is.*
#
# A step of momentum has two lines.
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# At its best setting the number of steps grows only with the square root of the [[condition number]].
# Where does the root come from?
#
# ### One direction at a time
#
# Take the loss $\tfrac12(\lambda_1\theta_1^2 + \lambda_2\theta_2^2)$.
# Along each axis the gradient is $\lambda\theta$, so a step of gradient descent multiplies $\theta$ by $1-\alpha\lambda$.
# A [[quadratic]] that is turned, or has a thousand axes, splits in the same way along its eigenvectors.
# So it is enough to understand one direction with one [[curvature]] $\lambda$.
#
# Momentum keeps two numbers there, $\theta$ and $m$.
# The gradient there is $g = \lambda\theta$.
# If we put it into the first line of the rule, and the first line into the second, the step is a matrix.
#
# $$\begin{pmatrix}\theta\\ m\end{pmatrix} \leftarrow \begin{pmatrix}1-\alpha(1-\beta)\lambda & -\alpha\beta\\ (1-\beta)\lambda & \beta\end{pmatrix}\begin{pmatrix}\theta\\ m\end{pmatrix}$$
#
# The size of its largest eigenvalue is the [[spectral radius]], written $\rho$.
# In the long run a step multiplies the distance of $(\theta, m)$ from zero by this number, on average.

# %%
import numpy as np
from lessonlib import momentum, problems, run
from lessonlib.lessons.lesson07 import extras, play
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
# The three curvatures of the question shrink at the same rate, and along 300 the distance grows.
# Here is why the three are alike.
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
# They are complex between two borders, and each border is the reciprocal of the other.
#
# $$\frac{1-\sqrt\beta}{1+\sqrt\beta} < \alpha\lambda < \frac{1+\sqrt\beta}{1-\sqrt\beta}$$
#
# <details><summary>How does one find them?</summary>
#
# The pair is complex when the part under the root is negative.
#
# $$\big(1+\beta-(1-\beta)x\big)^2 < 4\beta$$
#
# Take the root on both sides, and subtract $1+\beta$.
#
# $$(1-\sqrt\beta)^2 < (1-\beta)\,x < (1+\sqrt\beta)^2$$
#
# Divide by $1-\beta = (1-\sqrt\beta)(1+\sqrt\beta)$.
#
# </details>
#
# Below the lower border a direction is too flat, and it creeps.
# Above the upper border it is too steep and flips from side to side, and above $2(1+\beta)/(1-\beta)$, where $z = -1$ solves the equation, it diverges.
# Between them it swings like a spring.
# In the long run a step then leaves $\sqrt\beta$ of the distance, but a single step may lengthen it.
#
# <details><summary>Does every average allow a longer step?</summary>No. The plain mean of the last four gradients cancels gradients of changing sign altogether. Yet it diverges from about 1.17 on, where gradient descent does from 2 on, because slower swings grow before the flip does. In momentum's average none of them does, because a complex pair always has the size $\sqrt\beta$.</details>
#
# ### Which setting is the fastest?
#
# Each curve of the figure has a level bottom.
# The black bar is a ravine, from its flat to its steep curvature.
# Its length is the condition number, and the step size moves it from left to right.
# The slowest of its directions decides, so all of it should stand as low as possible.

# %%
extras.show_bottoms()

# %% [markdown]
# Along every curvature on the level bottom the distance shrinks equally fast.
# A larger $\beta$ makes the bottom wider, but also higher.
# So we look for the smallest $\beta$ whose bottom holds the whole ravine.
# In the figure that of 0.67 just holds it.
#
# The bottom reaches from $(1-\sqrt\beta)/(1+\sqrt\beta)$ to its reciprocal, so it holds a condition number of $\big(\tfrac{1+\sqrt\beta}{1-\sqrt\beta}\big)^2$.
# Set that equal to $\kappa$ and solve.
#
# $$\sqrt\beta = \frac{\sqrt\kappa-1}{\sqrt\kappa+1} \qquad\qquad \alpha = \frac{1}{\sqrt{\lambda_{\min}\lambda_{\max}}}$$
#
# The step size puts the middle of the bar at 1, the middle of the bottom.
# In the ravines of this course the flattest curvature is 1, so there $\alpha = 1/\sqrt\kappa$.
#
# No other setting has a smaller spectral radius.
#
# <details><summary>Why nothing is lower</summary>
#
# Suppose that neither end leaves more than $\rho$ of the distance.
# The two eigenvalues of an end have the product $\beta$, so $\beta \le \rho^2$ and the size of their sum is at most $\rho + \beta/\rho$.
# The sum is $1+\beta-(1-\beta)x$.
# At the flat end this gives $(1-\beta)x \ge (1-\rho)(1-\beta/\rho)$, and at the steep end $(1-\beta)x \le (1+\rho)(1+\beta/\rho)$.
# Divide, and $\kappa$ is at most $\tfrac{(1+\rho)(1+\beta/\rho)}{(1-\rho)(1-\beta/\rho)}$, which is largest at $\beta = \rho^2$.
# So $\kappa \le \big(\tfrac{1+\rho}{1-\rho}\big)^2$, and $\rho \ge \tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}$.
#
# </details>
#
# The rate is $\rho = (\sqrt\kappa-1)/(\sqrt\kappa+1)$, and $-\ln\rho$ is about $2/\sqrt\kappa$.
# So in the long run a number of steps in proportion to $\sqrt\kappa$ divides the distance by any given factor.
# Gradient descent's best rate is $(\kappa-1)/(\kappa+1)$, the same formula with $\kappa$ in place of $\sqrt\kappa$.
#
# This is Polyak's setting for his [[heavy ball]].
# His form and PyTorch's leave the factor $1-\beta$ out of $m$.
# So their step size is $\alpha(1-\beta)$, here 0.033 and not 0.1.
#
# ### How exact must beta be?
#
# Polyak's $\beta$ is $81/121$ here, about 0.669.

# %%
beside = predict(
    "lr = 0.1 as before, and beta = 0.66 in place of 0.669. What happens?",
    ["it arrives nearly as fast", "it needs twice the steps", "it never arrives"],
)
beside

# %% [markdown]
# Three betas a little beside Polyak's, and his.

# %% tags=["answer"]
rows = []
for name, beta in [*((f"{b:g}", b) for b in (0.66, 0.667, 0.668)), ("81/121", 81 / 121)]:
    steps = play.steps_to(momentum, 100, lr=0.1, beta1=beta, budget=3000)
    rows.append([name, str(steps or "never"), float(play.radius(10, beta))])
header = ["beta", "steps to 1e-10", "radius of the steep direction"]
display(table(header, rows, ["", "", ".3f"]))
ends = rows[0][1]
beside.answer("it never arrives" if ends == "never" else "it arrives nearly as fast")

# %% [markdown]
# Below 2/3 the steep direction diverges, so the best setting stands 0.003 beside a cliff.
# In the step size the cliff is one percent away.
# In use, take a larger $\beta$ or a smaller step.
#
# ### Exercise. Polyak's setting in PyTorch (4 minutes)
#
# The curvatures run from 1 to 400.
# Which `lr` and which `momentum` do you give to `torch.optim.SGD`?
# Type both as you compute them, because a step a quarter of a percent longer diverges.
#
# <details><summary>Hint</summary>Which step size and which beta does this course's form need? What does PyTorch's form leave out of the average?</details>

# %% tags=["stub"]
my_polyak = None  # lr, momentum

# %% tags=["solution"]
my_polyak = 0.05 * (1 - 0.8186), 0.8186

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The root of 400 is 20, so the root of $\beta$ is $19/21$ and the step size of the average is $1/20$.
# PyTorch's sum leaves out the factor $1-\beta$, and its step size takes it.

# %% [markdown]
# Whatever you typed, the judge runs it.

# %%
from lessonlib.lessons.lesson07 import judges_torch

judges_torch.judge_polyak(my_polyak)

# %% [markdown]
# ### How it ends is not how it begins
#
# The spectral radius predicts the number of steps to $10^{-10}$ of the first loss.
# The loss is a square, so a step leaves $\rho^2 = \beta$ of it.
# After $t$ steps $\beta^t$ should be left.
# Compute $t$ from that for Polyak's $\beta$.
# The table puts yours beside the count.

# %% tags=["answer"]
lr, beta = play.best(100)
ravine, t = problems.ravine(100), np.arange(200)
rows = []
for name, b in (("81/121", beta), ("0.67", 0.67), ("0.7", 0.7)):
    steps = play.steps_to(momentum, 100, lr=lr, beta1=b)
    loss = run(momentum, ravine, steps=100, record="loss", lr=lr, beta1=b).loss
    rows.append([name, np.log(1e-10) / np.log(b), steps, loss.max() / loss[0], loss.argmax()])
left = (1 + 20 * t / 11) ** 2 * beta**t
peak, last = left.argmax(), np.argmax(left < 1e-10)
header = ["beta", "steps by beta^t", "counted", "highest loss, the first is 1", "at step"]
table(header, rows, ["", ".0f", "", ".1f", ""])

# %% [markdown]
# With Polyak's $81/121$ there are many extra steps, and at first the loss even rises.
# One formula gives both.
#
# At this setting the two eigenvalues meet, for the steepest and for the flattest direction, and the matrix has only one eigenvector left.
# Then after $t$ steps $(1+ct)\,\rho^t$ of the distance is left.
# For the steep direction $c$ is $20/11$, so this is left of its loss.
#
# $$\big(1+\tfrac{20}{11}t\big)^2\beta^t$$
#
# It rises until step {{ peak }}, and comes to $10^{-10}$ after {{ last }} steps.
#
# With $\beta = 0.67$ the eigenvalues do not meet, and most of the extra steps are gone.
# With $0.7$ they stand further apart, and the loss rises less too.
#
# <details><summary>Where does 20/11 come from?</summary>From the first step. In the steep direction it multiplies $\theta$ by $1-\tfrac{400}{121} = -\tfrac{279}{121}$. That is $-(1+c)\,\tfrac{9}{11}$.</details>
#
# ## 3. What does a map of all settings look like?
#
# *4 minutes.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# Along a direction of curvature $\lambda$, a step of momentum leaves a fixed share of the distance, in the long run.
# That share is the [[spectral radius]].
# It depends only on $\alpha\lambda$ and $\beta$, so a map can show it.
#
# A ravine is a bar on this map.
# Its left end is the flat curvature and its right end the steep one.
# The step size moves the bar sideways, $\beta$ lifts it, and the condition number makes it longer.
# On the ground $\beta = 0$, and momentum is gradient descent.
#
# Within the white line, the funnel, a direction swings.
# On the right that line runs close beside the black line, the border of [[divergence]].
#
# **Goal:** at condition number 100, bring both spectral radii below 0.84.

# %% tags=["answer"]
from lessonlib.lessons.lesson07 import play

play.radius_map().live()

# %% [markdown]
# The larger of the two radii decides.
# In the funnel only the height counts, and lower is faster.
# So the best place is the lowest one in which the bar still fits, and it stands beside the cliff.
#
# ## 4. What does Nesterov change?
#
# *10 minutes.*
#
# Momentum steps along its average $m_t$.
# [[Nesterov's form|Nesterov momentum]] looks one step ahead.
# The next average will be $\beta m_t + (1-\beta)\,g_{t+1}$.
# We do not know $g_{t+1}$ yet, and the simplest guess is $g_t$.
# So Nesterov's form steps along that.
#
# $$m_t = \beta m_{t-1} + (1-\beta)\,g_t \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\big(\beta m_t + (1-\beta)\,g_t\big)$$
#
# PyTorch offers it as `SGD(..., nesterov=True)`.
# Elsewhere you find the gradient taken at the place to which the average is about to lead.
# With constant settings that is the same rule, if $\theta$ stands for the place ahead.
#
# ### Exercise. Write it (3 minutes)
#
# A state has three fields, `State(t, m, v)`, and this rule needs the first two.
#
# <details><summary>Hint</summary>The average is updated as before. Which two things does the step mix, and in which shares?</details>

# %%
import numpy as np
from lessonlib import State, momentum, problems, run
from lessonlib.lessons.lesson07 import ahead, extras, judges_deeper, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Momentum has the lines `m = beta1 * s.m + (1 - beta1) * g` and `theta = theta - lr * m`, and it returns `theta, State(s.t + 1, m)`.
# Change its step.

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
wider = predict(
    "At lr = 0.04 and beta = 0.9, does looking ahead make the swings larger or smaller?",
    ["larger", "smaller", "the same"],
)
wider

# %% [markdown]
# A hundred steps of both, and the first forty of them in the picture.
# Look at how far out each swings across the valley.

# %% tags=["answer"]
ravine, paths = problems.ravine(100), {}
for rule in (momentum, extras.nesterov):
    paths[rule.__name__] = run(rule, ravine, steps=100, lr=0.04, beta1=0.9)
ahead.show_paths(ravine, paths)
first, second = (abs(path.theta[1:, 1]).max() for path in paths.values())
wider.answer("smaller" if second < first else "larger")

# %% [markdown]
# At this step size Nesterov's form damps the swings across the valley.
# Along the valley both come equally far.
#
# ### Why only across?
#
# Along a curvature $\lambda$ a step is a matrix, as in section 2.
# In a swing its two eigenvalues are equally large, so a step leaves the root of their product.
# For momentum the product is $\beta$.
# For Nesterov's form it is $\beta\,\big(1-\alpha(1-\beta)\lambda\big)$.
# So up to $\alpha(1-\beta)\lambda = 1$, the steeper a direction is, the faster its swing dies.

# %%
radii = (play.radius, ahead.radius)
rows = [[lam, *(radius(0.04 * lam, 0.9) for radius in radii)] for lam in (1, 10, 50, 100)]
table(["curvature", "left by a step, momentum", "Nesterov"], rows, ["g", ".3f", ".3f"])

# %% [markdown]
# Along the flat direction the two are nearly alike, and along the steep one Nesterov's form is far ahead.
# At $\alpha(1-\beta)\lambda = 1$ the product is zero, and there is no swing left.
#
# ### Which is faster?
#
# Now each rule gets its own best setting.
# We count the steps until the loss stays below a goal, in units of the first loss.

# %%
faster = predict(
    "Each at its best setting for a goal of 1e-30. Which needs fewer steps in this ravine?",
    ["momentum, by about a third", "they differ by under a tenth", "Nesterov, by about a third"],
)
faster

# %% [markdown]
# The same for two nearer goals too, each with the best of many settings.

# %% tags=["answer"]
goals = (1e-5, 1e-10, 1e-30)
counts = [ahead.fewest(rule, goals) for rule in (momentum, extras.nesterov)]
rows = [[f"{goal:g}", *pair] for goal, *pair in zip(goals, *counts)]
display(table(["goal", "momentum, steps", "Nesterov, steps"], rows, ["", "g", "g"]))
far = counts[1][-1] / counts[0][-1]
apart = "momentum, by about a third" if far > 1 else "Nesterov, by about a third"
faster.answer(apart if abs(far - 1) > 0.2 else "they differ by under a tenth")

# %% [markdown]
# From the start $(1, 1)$ Nesterov's form is faster to the nearest goal, and momentum to the other two.
# In a long run the spectral radius decides.
# Its lowest value is 0.82 for momentum and 0.88 for Nesterov's form.
#
# <details><summary>Fine print</summary>There are 11,011 settings. From (10, 1) momentum is ahead to all three goals, and from (1, 10) only to the furthest.</details>
#
# The price of looking ahead is a smaller largest step, $\frac{2(1+\beta)}{(1-\beta)(1+2\beta)\lambda}$ in place of $\frac{2(1+\beta)}{(1-\beta)\lambda}$.
# With $\beta = 0.9$ that is about a third of momentum's.
#
# Nesterov's form has a guarantee that momentum lacks.
# Set $\alpha(1-\beta) = 1/\kappa$ and $\beta = (\sqrt\kappa-1)/(\sqrt\kappa+1)$.
# Then the number of steps grows at most with $\sqrt\kappa$, on every smooth valley whose curvature stays between 1 and $\kappa$.
# Section 6 asks what momentum keeps there.
#
# **To do.**
# Are Nesterov's swings smaller at every step size?
# Set `lr=0.13` in the cell of the picture, and then `lr=0.135`.
#
# <details><summary>Answer</summary>No. Beyond $\alpha(1-\beta)\lambda = 1$ a direction flips from side to side, and the steeper it is, the longer it flips. At 0.13 Nesterov's first swings are the wider ones, and its later ones are narrower. At 0.135 both are wider, and a little further its form diverges.</details>
#
# ## 5. What does momentum do to noise, and what to a training?
#
# *8 minutes.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# A smooth bowl has curvature 1, and every gradient is wrong by noise of variance 1.
# So $\theta$ never comes to rest.
# Its variance around the minimum is its [[noise floor]].
# At $\beta = 0.9$ the average $m$ carries only a nineteenth of the variance of the noise.

# %%
import numpy as np
from lessonlib import grid, momentum, problems, run
from lessonlib.lessons.lesson07 import noise
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

floor = predict(
    "lr = 0.05. How far does beta = 0.9 lower the variance of theta, against beta = 0?",
    ["to a nineteenth", "to about a third", "hardly at all"],
)
floor

# %% [markdown]
# Forty thousand steps at three step sizes, with and without momentum.
# Each variance is divided by half the step size, and beside it stands its law, $\frac{2(1+\beta)}{2(1+\beta) - \alpha(1-\beta)}$.

# %% tags=["answer"]
bowl = problems.noisy(problems.ravine(1), 1.0)
lrs, betas = np.array([0.05, 0.5, 1.9]), np.array([0.0, 0.9])
walk = run(momentum, bowl, steps=40_000, **grid(lr=lrs, beta1=betas)).theta[4000:]
found = (walk**2).mean(axis=(0, 3)) / (lrs[:, None] / 2)
law = noise.floor_law(lrs[:, None], betas)
rows = [[lr, *np.ravel(list(zip(*both)))] for lr, *both in zip(lrs, found, law)]
header = ["step size", "beta 0, measured", "law", "beta 0.9, measured", "law"]
display(table(header, rows, ["g", ".2f", ".2f", ".2f", ".2f"]))
floor.answer("hardly at all" if law[0, 0] / law[0, 1] < 1.1 else "to about a third")

# %% [markdown]
# At a small step momentum lowers it by almost nothing.
# Each step carries less noise.
# But each noise is now spread over many steps, and its shares $(1-\beta)\beta^k$ add up to 1.
# In the first row both are a few percent too high by chance, and both alike because they got the same random numbers.
# A 1 in the table is a variance of half the step size, so what lowers the floor is a smaller step size.
# At large steps the memory helps as well.
#
# So at a small step momentum has gradient descent's noise floor.
# In PyTorch's form it is that of the step `lr / (1 - momentum)` (Wang et al. 2024).
# So there, adding `momentum=0.9` at the same `lr` makes the noise floor ten times as high.
#
# What momentum has is room for a larger step.
# Is that worth anything in a network, where the noise comes from small batches?
# Both rules get their best step size out of eight, for a [[mini-batch]] with a [[batch size]] of 4, 32 or 256.

# %%
pays = predict("For which batch size does momentum gain most?", ["4", "32", "256"])
pays

# %% [markdown]
# The network has one hidden layer with 16 units and reads the digits, for 200 steps and from four seeds.
# Momentum has $\beta = 0.9$, and the loss is that of all training images.
# Each line is a rule's mean loss, its band holds all seeds, and a circle marks the best step size.

# %% tags=["answer"]
trials = {batch: noise.at_each_step_size(batch) for batch in (4, 32, 256)}
noise.show_batches(trials)
ratios = {str(batch): noise.gain(*pair)[2] for batch, pair in trials.items()}
pays.answer(max(ratios, key=ratios.get))

# %% [markdown]
# At the smallest steps the two lines lie close together, for every batch.
# There momentum ends a little behind.
#
# With a batch of 4 momentum gains nothing here, and which rule is ahead depends on the seed.
# With the largest batch it is ahead in every seed, by a factor between two and thirteen.
# There its best step size is larger than with smaller batches, and at such steps gradient descent no longer learns.
#
# <details><summary>Fine print</summary>A batch is drawn anew for each step, with replacement. So in 200 steps the larger batches also see more images. The best step size is that of the mean loss over the same four seeds.</details>
#
# **To do.**
# A colleague trains with `SGD(lr=0.01)`, adds `momentum=0.9`, and the loss falls much faster.
# What do you ask them to try before they praise the momentum?
#
# <details><summary>Answer</summary>Plain gradient descent with ten times the step. PyTorch's momentum of 0.9 multiplies the step by ten. In this course's form both have the same step then, and in the pictures the two lines lie close together at small steps.</details>
#
# ## 6. Is the rate guaranteed?
#
# *12 minutes.*
#
# $$m \leftarrow \beta\,m + (1-\beta)\,g \qquad\qquad \theta \leftarrow \theta - \alpha\,m$$
#
# On a quadratic with curvatures between 1 and $\kappa$, the best setting of momentum needs a number of steps in proportion to $\sqrt\kappa$.
# It is Polyak's, $\alpha = 1/\sqrt\kappa$ and $\beta = \big(\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}\big)^2$.
#
# Does the rate hold on other valleys, if their curvature stays between 1 and $\kappa$ too?
# Such a loss is [[convex]] and it is a [[smooth loss]], whose slope never jumps.
#
# Lessard, Recht and Packard built a valley of one number in 2016, on which we can try it.
# The picture shows its slope, which rises steeply, then gently, then steeply again.

# %%
import numpy as np
from lessonlib import momentum, run, sgd
from lessonlib.lessons.lesson07 import cycles, extras, judges_deeper, play
from lessonlib.play.prediction import predict

bent = extras.bent_line()
extras.show_slope(bent)

# %% [markdown]
# The circle is the start, and the star is the minimum.

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
extras.show_positions(plain, heavy)
guaranteed.answer("it swings for ever" if abs(heavy[-3:]).max() > 0.5 else "it reaches 0")

# %% [markdown]
# Momentum goes round in a cycle of three points, and after 3000 steps it still does.
# Gradient descent arrives.
# So the rate is a law for quadratics.
# From some starts this setting never arrives, and from others it does.
#
# ### Exercise. From every start (4 minutes)
#
# Keep $\beta$, and lower the step size from 0.2.
# To three digits, which is the largest at which momentum arrives from every start between $-20$ and 20?

# %% tags=["stub"]
my_lower_lr = None

# %% tags=["solution"]
my_lower_lr = 0.189

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At 0.189 all starts arrive, and at 0.19 some go round.

# %% [markdown]
# The judge tries 800 starts, a thousand steps from each.

# %%
judges_deeper.judge_arrival(my_lower_lr)

# %% [markdown]
# Does it arrive on every valley with curvatures between 1 and 25?
# Up to a step size of 0.185 a proof says yes.
# From 0.1885 on it goes round on a valley over the plane, one for each step size.
#
# <details><summary>Fine print</summary>
#
# The inequality of Lessard, Recht and Packard proves arrival if, for some $h$ from 0 to 1, the real part of $(1-h/z)\big(\tfrac1{24}+P(z)\big)$ is positive on the whole circle $|z| = 1$.
# Here $P(z) = \tfrac{az}{(z-1)(z-\beta)+az}$ and $a = \alpha(1-\beta)$.
# At 0.185 it is for $h = 0.987$, as the library's tests work out, and at shorter steps for other $h$.
# The valleys over the plane are those of the next part, with three corners.
# A simpler condition, of Ghadimi and others, is $\alpha < 2(1+\beta)/(\kappa-\beta)$, which is {{ 2 * (1 + beta) / (25 - beta):.3f }} here.
#
# </details>
#
# ### What is left of the square root?
#
# To arrive is not yet to be fast.
# Is there a setting that arrives on every valley and keeps the square root?
# For valleys of one number this is open (Goujaud et al. 2025).
# For valleys over the plane it is not.
# Goujaud, Taylor and Dieuleveut built them from polygons, one valley for each setting.
#
# The gradient at $\theta$ is $\theta + (\kappa-1)\,p$, where $p$ is the point of a filled polygon around 0 that is nearest to $\theta$.
# When $\theta$ moves, $p$ moves at most as far and never against it, so the curvature stays between 1 and $\kappa$.
# We call it a polygon valley.
# The next cell makes one with three corners for Polyak's setting at $\kappa = 100$, and runs it from 400 random starts.

# %%
lr_100, beta_100 = play.best(100)
around = cycles.valley(lr_100, beta_100, 100, points=3)
starts = 2 * np.random.default_rng(0).standard_normal((400, 2))
walks = run(momentum, around, steps=2000, lr=lr_100, beta1=beta_100, start=starts).theta[-21:]
round_it = np.linalg.norm(walks[-1], axis=1) > 0.01
cycles.show_cycle(around, cycles.corners(lr_100, beta_100, 100, 3), walks[:, round_it.argmax()])

# %% [markdown]
# The picture shows one start.
# Of all 400 starts, {{ round_it.mean():.0%}} end in this cycle.
# Now keep only the settings that go round in none of the polygon valleys that we try.
# How fast is the best of them on quadratics?
#
# <details><summary>Fine print</summary>The share depends on the starts and on the corners. With five corners none of these starts comes to the cycle.</details>

# %%
kept = predict(
    "kappa = 10,000. On quadratics Polyak's setting is 100 times as fast as gradient descent."
    " And the best of those that we keep?",
    ["about 100 times", "about 30 times", "under 10 times", "not faster at all"],
)
kept

# %% [markdown]
# The dashed line is the speed on quadratics of the best setting that we keep.
# On all valleys momentum has at most that.
# The dotted line is the speed that [[Nesterov's form|Nesterov momentum]] is proved to have at least, on all valleys.

# %% tags=["answer"]
cycles.show_gains()
left = cycles.gain(10_000)[1]
kept.answer("under 10 times" if 1.5 < left < 10 else "about 30 times")

# %% [markdown]
# Of the settings that we keep, the best is about eight times as fast as gradient descent on quadratics, at 10,000 as at 1,000.
# Nesterov's form is at least 25 times as fast at 10,000, on all valleys.
# Goujaud, Taylor and Dieuleveut proved that momentum cannot keep the square root.
# For large $\kappa$, a setting that needs only about $\sqrt\kappa$ steps on quadratics fails to arrive on some valley, from some start.
# For Nesterov's form the square root is guaranteed.
#
# <details><summary>Fine print</summary>We ask 14,400 settings at each condition number, then finer grids around the best, and polygons with 3 to 200 corners. Whether the best of them arrives on every valley is not answered here.</details>
#
# ## Further reading
#
# | Read | For |
# |---|---|
# | Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, USSR Comput. Math. Math. Phys. 4(5) | the heavy ball and its rate |
# | Goh 2017, *Why Momentum Really Works*, [Distill](https://doi.org/10.23915/distill.00006) | the eigenvalues, with pictures that move |
# | Nesterov 2004, *Introductory Lectures on Convex Optimization*, Springer | the limit for all methods of this kind (section 2.1), and the guarantee of his own (section 2.2) |
# | Nemirovski and Yudin 1983, *Problem Complexity and Method Efficiency in Optimization*, Wiley | where that limit was found |
# | Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, ICML | Nesterov's form as networks use it |
# | Lessard, Recht and Packard 2016, *Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints*, SIAM J. Optim. 26(1) | the valley of section 6, and the method of the proof |
# | Ghadimi, Feyzmahdavian and Johansson 2015, *Global convergence of the Heavy-ball method for convex optimization*, [arXiv](https://arxiv.org/abs/1412.7457), read as abstract, and the condition in the course notes of [D. Merkulov](https://github.com/MerkulovDaniil/optim), which quote it | the simpler condition of section 6 |
# | Goujaud, Taylor and Dieuleveut 2023, *Provable non-accelerations of the heavy-ball method*, [arXiv](https://arxiv.org/abs/2307.11291), Mathematical Programming 2025, read as abstract | why no setting keeps the square root on all smooth valleys |
# | Goujaud, Taylor and Dieuleveut 2025, *Open Problem: Two Riddles in Heavy-Ball Dynamics*, [arXiv](https://arxiv.org/abs/2502.19916), read as abstract | what is open in one dimension, and for settings with neither a proof nor a cycle |
# | Wang et al. 2024, *The Marginal Value of Momentum for Small Learning Rate SGD*, [arXiv](https://arxiv.org/abs/2307.15196), read as abstract | where momentum buys nothing |
