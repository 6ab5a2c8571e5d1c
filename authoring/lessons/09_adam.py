# %% [markdown]
# # Lesson 9. Adam: two good ideas, combined
#
# [Momentum](glossary.ipynb#Momentum) ([lesson 7](07_momentum.ipynb)) keeps a running average of the [gradients](glossary.ipynb#Gradient): it smooths what [oscillates](glossary.ipynb#Oscillation) and gathers speed where the direction holds.
# [RMSprop](glossary.ipynb#RMSprop) ([lesson 8](08_rmsprop.ipynb)) keeps a running average of the *squared* gradients: it gives each parameter a step size of its own. **[Adam](glossary.ipynb#Adam)**,
# adaptive moment estimation, does both at once, adds one numerical fix, *[bias correction](glossary.ipynb#Bias-correction)*, and comes with defaults that are worth
# trying first. Adam and its sibling [AdamW](glossary.ipynb#AdamW) ([lesson 10](10_adamw.ipynb)) train most transformers and diffusion models today. After this lesson you will be able to
#
# 1. write Adam from memory, and have it checked (the `adam` that it is checked against agrees with `torch.optim.Adam`);
# 2. say what each of $\alpha, \beta_1, \beta_2, \epsilon$ does, because you moved it;
# 3. compare optimizers in a way that would convince a sceptic;
# 4. name a problem where Adam wins, one where it loses and one where it fails, and say why.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | The algorithm, and your own version of it | 25 |
# | 2 | The defaults, and fair comparison | 20 |
# | 3 | Where Adam wins, loses and fails | 25 |
# | 4 | Adam in PyTorch, and rules for practice | 20 |
#
# The minutes are our estimate for reading, playing and typing, not a measurement of a class. Each part is a place to stop. The code of
# the whole lesson runs in about a minute on two CPU cores; no GPU is needed. You need: derivatives, NumPy, and the idea of [gradient descent](glossary.ipynb#Gradient-descent).

# %% tags=["setup"]

# %% [markdown]
# Everything below comes from two places: NumPy, and the course's small library. `State` is what an optimizer remembers between steps:
# the step count `t` and two averages, `m` and `v`, all zero at the start.

# %%
import inspect
from functools import partial
import matplotlib.pyplot as plt
import numpy as np

from lessonlib import State, adam, grid, momentum, rmsprop, run, sgd
from lessonlib import checks, misconceptions, problems
from lessonlib.lessons.lesson09 import judges, play

# %% [markdown]
# ## Part 1. The algorithm
#
# ### Two good ideas, side by side
#
# **Predict first.** The cell prints the code of `adam` and says where each line comes from. Before you run it: which two lines do you expect
# from `momentum` and `rmsprop`, letter for letter? What must be new?

# %%
def body(rule):
    """The lines of a rule after its description."""
    code = inspect.getsource(rule).split('"""')[-1]
    return [line.strip() for line in code.splitlines() if line.strip()]

for line in body(adam):
    origin = [rule.__name__ for rule in (momentum, rmsprop) if line in body(rule)]
    print(f"{' and '.join(origin) or '-':10} {line}")

# %% [markdown]
# The average of $g$ is [lesson 7](07_momentum.ipynb), the average of $g^2$ is [lesson 8](08_rmsprop.ipynb). New are the two *hats*, the step number $t$ that they need, and that $\hat m$ takes the place of $g$ in the step.
#
# ### The algorithm, with its symbols
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad
# \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}$$
#
# | Symbol | In code | Name | Default |
# |---|---|---|---|
# | $\theta_t$ | `theta` | the parameters after step $t$ | |
# | $g_t$ | `g` | gradient of the [loss](glossary.ipynb#Loss) at step $t$ | |
# | $t$ | `t` | step number, starting at **1** | |
# | $m_t$ | `m` | [first moment](glossary.ipynb#First-moment): [exponential moving average](glossary.ipynb#Exponential-moving-average) (EMA) of the gradient | starts at 0 |
# | $v_t$ | `v` | [second moment](glossary.ipynb#Second-moment): EMA of the squared gradient | starts at 0 |
# | $\beta_1, \beta_2$ | `beta1, beta2` | decay rates of the two averages | 0.9, 0.999 |
# | $\hat m_t, \hat v_t$ | `m_hat, v_hat` | the averages, corrected for their start at zero | |
# | $\alpha$ | `lr` | [learning rate](glossary.ipynb#Learning-rate), or step size | 0.001 |
# | $\epsilon$ | `eps` | [small constant](glossary.ipynb#Epsilon), in the units of $g$, that keeps the division finite | 1e-8 |
#
# All of it goes coordinate by coordinate: $\theta, g, m, v$ have the same shape, and square, root and division act on each entry.
#
# A common slip: calling $v$ the *[variance](glossary.ipynb#Variance)* of the gradient. It is the **uncentred second moment**. Feed it a constant gradient of 3, which has
# variance 0, and see where it goes.

# %%
s = State()
for _ in range(10_000):
    _, s = adam(0.0, 3.0, s)
print(f"a constant gradient 3: m = {s.m:.3f}, v = {s.v:.3f}, variance 0")

# %% [markdown]
# $v$ went to $g^2 = 9$, so a steady gradient moves by $3/\sqrt 9 = 1$ times $\alpha$. Were $v$ the variance, the step would divide by $\epsilon$ alone.
#
# ### Exercise 1: write Adam (10 minutes)
#
# Without scrolling up, write the rule from the five formulas: first the step number, then one line for each. `theta`, `g`, `s.m`, `s.v` are arrays; `s.t` counts the steps already taken. Return the new `theta` and a new
# `State(t, m, v)`; change nothing in place.
#
# <details><summary>Hint 1</summary>Which step number does the first call have, if <code>s.t</code> is 0 then?</details>
# <details><summary>Hint 2</summary>Which m does the <em>next</em> step need: m, or m_hat?</details>

# %% tags=["stub"]
def my_adam(theta, g, s, *, lr, beta1, beta2, eps):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_adam(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    step = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + eps)
    return theta - lr * step, State(t, m, v)

# %% [markdown]
# The check runs your function for several steps, at several settings, beside the right one and beside the classic wrong ones. It passes every
# algebraically equal form. If something is off, it says what it saw and asks a question; run it as often as you like.

# %%
checks.check(my_adam, against=adam)

# %% [markdown]
# ### Why the averages start too small
#
# Both averages start at zero, and zero is not a gradient. At $t=1$ with $\beta_1=0.9$ and $g=3$: $m_1 = 0.9\cdot 0 + 0.1\cdot 3 = 0.3$, a tenth of the gradient.
# Write out the sum for a steady gradient $g$:
#
# $$m_t = (1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i}\,g = (1-\beta_1^t)\,g$$
#
# so $m_t$ is the gradient times $1-\beta_1^t$, however large the gradient is. Divide by it and the scale is right: $\hat m_1 = 0.3/0.1 = 3$.
# For gradients that change, the weights $(1-\beta_1)\beta_1^{t-i}$ add up to the same $1-\beta_1^t$ in place of 1; dividing by it makes $\hat m_t$ a true weighted mean.
# The same holds for $v$ with $\beta_2$. **Predict:** how large are both factors at step 50? Is the correction over by then?

# %%
t = np.array([1, 12, 50, 1000, 2375, 3925])
for name, beta in (("m", 0.9), ("v", 0.999)):
    print(f"{name} holds", ", ".join(f"{1 - beta**k:.4f} at {k}" for k in t))
share = 1 - 0.999**50
uncorrected = play.step_ratio(np.arange(1, 5001), 0.9, 0.999)

# %% [markdown]
# It is often said that by step 50 the correction has vanished. For $m$ it has. **For $v$ it has hardly begun**: at $t=50$, $v$ holds {{ share:.4f}} of its
# value, $\hat v$ is {{ 1 / share:.1f }} times $v$, and a step without correction is {{ uncorrected[49]:.2f }} times too large. It comes within 5 % at
# $t$ = {{ int(np.flatnonzero(np.abs(uncorrected - 1) < 0.05)[0]) + 1 }} and within 1 % at $t$ = {{ int(np.flatnonzero(np.abs(uncorrected - 1) < 0.01)[0]) + 1 }}.
#
# ### Play: which way is the first step wrong?
#
# Another common slip: "without correction, early steps are too *small*". $m$ is too small, but it is divided by the root of a $v$ that is smaller still. The
# ratio of the step without correction to the step with it is $(1-\beta_1^t)/\sqrt{1-\beta_2^t}$. The sliders set the [memory](glossary.ipynb#Memory) of each average, $1/(1-\beta)$ steps: 10 and 1000 are the defaults. Where is the step too large, and
# where too small? Reach for the goal.

# %%
play.correction_ratio().live()

# %% [markdown]
# At the defaults the uncorrected first step is {{ uncorrected[0]:.2f }} times **too large**, and the worst is {{ uncorrected.max():.2f }} times at $t$ = {{ int(uncorrected.argmax()) + 1 }}. The step
# is too small only where $1-\beta_1 < \sqrt{1-\beta_2}$: with $\beta_2 = 0.95$ it starts at {{ float(play.step_ratio(1, 0.9, 0.95)):.3f }}. The goal is met where both sides are equal, say at
# $\beta_1=0.9, \beta_2=0.99$: memories of 10 and of 100 steps, one the square of the other. Only the first step is right there: by step {{ int(play.step_ratio(np.arange(1, 5001), 0.9, 0.99).argmax()) + 1 }} it is {{ float(play.step_ratio(np.arange(1, 5001), 0.9, 0.99).max()):.1f}} times too large. Choosing the $\beta$s does not replace the correction. With $\beta_2=0.9999$ the peak is {{ float(play.step_ratio(np.arange(1, 5001), 0.9, 0.9999).max()):.1f }}.
#
# ### Does it matter when a network trains?
#
# Train a small network on handwritten digits (64 → 32 → 10), with and without the correction, three [seeds](glossary.ipynb#Seed) each. **Predict:** which curve
# is lower after 100 steps at $\alpha = 0.001$? And at $\alpha=0.01$ with $\beta_2=0.9999$?

# %%
without = misconceptions.of(adam)[0]  # "no bias correction"
nets = [problems.digits_net(seed=k, dtype=float) for k in range(3)]
settings = [(lr, beta2) for lr in (0.001, 0.01) for beta2 in (0.99, 0.999, 0.9999)]

def training_loss(rule, lr, beta2):
    """Loss over 100 steps, mean of three seeds: (101,)."""
    hyper = {"lr": lr, "beta2": beta2, "steps": 100, "record": "loss"}
    return np.mean([run(rule, net, seed=k, **hyper).loss for k, net in enumerate(nets)], axis=0)

curves = {(*setting, rule): training_loss(rule, *setting)
          for setting in settings for rule in (adam, without)}

# %% [markdown]
# In the figure, look at the distance between the solid line (with correction) and the dotted one (without), and at which of them is lower.

# %%
figure, axes = plt.subplots(2, 3, figsize=(8.6, 4.6), sharex=True, sharey=True)
for ax, (lr, beta2) in zip(axes.flat, settings):
    ax.plot(curves[lr, beta2, adam], color=plots.look(adam).color, label="with correction")
    ax.plot(curves[lr, beta2, without], color="black", ls=":", label="without")
    ax.set_title(f"lr {lr:g}, $\\beta_2$ {beta2:g}", fontsize=10)
figure.suptitle("Without correction, Adam trains as if its step were larger", weight="bold")
figure.supxlabel("step")
figure.supylabel("training loss")
axes[0, 0].legend()
plots.show(figure, "Six panels of training loss over 100 steps, with and without bias "
           "correction. At lr 0.001 the run without it is lower; at lr 0.01 and beta2 0.9999 "
           "it first rises.")

# %% [markdown]
# Perhaps you expected the correction to win everywhere. It does not. **Leaving it out is a hidden increase of the step size** that fades over
# $1/(1-\beta_2)$ steps. At $\alpha=0.001$, too small for 100 steps, the increase helps: {{ curves[0.001, 0.999, without][-1]:.2f }} against {{ curves[0.001, 0.999, adam][-1]:.2f }} at $\beta_2=0.999$. At
# $\alpha = 0.01$ it still helps with 0.99 and 0.999 ({{ curves[0.01, 0.999, without][-1]:.2f }} against {{ curves[0.01, 0.999, adam][-1]:.2f }} for the latter): that network bears larger steps. With 0.9999 the first steps are {{ float(play.step_ratio(1, 0.9, 0.9999)):.0f }} to {{ float(play.step_ratio(np.arange(1, 5001), 0.9, 0.9999).max()):.0f }} times too large: the loss *rises* to {{ curves[0.01, 0.9999, without].max():.2f }} before it falls, and the lead is gone. What you gain without the correction you could have had by a larger $\alpha$, knowingly. With the correction all three columns
# look alike: $\beta_2$ no longer changes the scale of the early steps. That is what it is for: **$\alpha$ means the same from the first step on.**
#
# ### The worked example
#
# $\alpha=0.001$, $\beta_1=0.9$, $\beta_2=0.999$, $\epsilon=10^{-8}$; start at $\theta=2$, $m=v=0$; the gradient is 3, twice.
#
# | | step 1 | step 2 |
# |---|---|---|
# | $m$ | $0.1\cdot 3 = 0.3$ | $0.9\cdot 0.3 + 0.1\cdot 3 = 0.57$ |
# | $v$ | $0.001\cdot 9 = 0.009$ | $0.999\cdot 0.009 + 0.001\cdot 9 = 0.017991$ |
# | $\hat m$ | $0.3/(1-0.9) = 3$ | $0.57/(1-0.81) = 3$ |
# | $\hat v$ | $0.009/(1-0.999) = 9$ | $0.017991/(1-0.998001) = 9$ |
# | update | $0.001\cdot 3/\sqrt 9 = 0.001$ | $0.001$ |
# | $\theta$ | $1.999$ | $1.998$ |
#
# Now by `adam`, beside `torch.optim.Adam`, each number printed.

# %%
import torch

p = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
optimizer, theta, s = torch.optim.Adam([p], lr=1e-3), 2.0, State()
for g in (3.0, 3.0):
    theta, s = adam(theta, g, s)
    p.grad = torch.tensor(g, dtype=torch.float64)
    optimizer.step()
    m_hat, v_hat = s.m / (1 - 0.9**s.t), s.v / (1 - 0.999**s.t)
    print(f"m {s.m:.2f}  v {s.v:.6f}  m_hat {m_hat:.2f}  v_hat {v_hat:.2f}", end="  ")
    print(f"theta {theta:.6f}  torch {p.item():.6f}")

# %% [markdown]
# **Predict:** what is $\theta$ after two steps if both gradients are 300 instead of 3? If they are 0.003? And if the second gradient is $-3$?

# %%
def two_steps(first, second):
    """theta after two steps of Adam from 2.0."""
    theta, s = adam(2.0, first, State())
    return adam(theta, second, s)[0]

for first, second in ((3, 3), (300, 300), (0.003, 0.003), (3, -3), (3, 0.3), (3, 30)):
    print(f"gradients {first:g}, {second:g}: theta {two_steps(first, second):.6f}")

# %% [markdown]
# The first three agree: the example shows **[scale invariance](glossary.ipynb#Scale-invariance)**. A steady gradient moves $\theta$ by $\alpha$ per step, whatever its size, which is why
# one value of $\alpha$ suits layers of very different scale. What *adapts* shows only when the gradient changes. Ten times smaller, the second step is
# {{ (1.999 - two_steps(3, 0.3)) / 0.001:.2f }} $\alpha$; ten times **larger**, it is {{ (1.999 - two_steps(3, 30)) / 0.001:.2f }} $\alpha$, shorter too: the surprise raises $\sqrt{\hat v}$ more than $\hat m$. And where the sign flips, the two gradients nearly
# cancel in $\hat m$ and $\theta$ goes back by {{ (two_steps(3, -3) - 1.999) / 0.001:.2f }} $\alpha$.
#
# ### Is a step ever longer than $\alpha$?
#
# One also reads that a step is at most $\alpha$. For steady gradients, yes. For a lone spike after silence it is $(1-\beta_1)/\sqrt{1-\beta_2}$ times $\alpha$. By the inequality of Cauchy and
# Schwarz, the worst of all sequences grows like $g_i \propto (\beta_2/\beta_1)^i$ and gives $\frac{1-\beta_1}{\sqrt{1-\beta_2}}\big/\sqrt{1-\beta_1^2/\beta_2}$. (Write $\beta_1^k g = (\beta_1/\sqrt{\beta_2})^k\cdot\sqrt{\beta_2}^{\,k} g$: the square of the sum is at most $\sum(\beta_1^2/\beta_2)^k$ times $\sum\beta_2^k g^2$, and the second is $v/(1-\beta_2)$.) Run all three. (Each sequence begins long before, so that the correction has faded; $\epsilon$ is kept out of the way.)

# %%
def last_step(gradients):
    """Length of the last step, in units of lr."""
    theta, s = 0.0, State()
    for g in gradients:
        before = theta
        theta, s = adam(theta, g, s, lr=1.0, eps=0.0 if gradients[0] else 1e-12)
    return abs(theta - before)

steady, spike = last_step([1.0] * 4000), last_step([0.0] * 20_000 + [1.0])
worst = last_step([1e-4] * 20_000 + [(0.999 / 0.9) ** (i - 150) * 1e6 for i in range(150)])
bound = 0.1 / 0.001**0.5 / (1 - 0.81 / 0.999) ** 0.5
print(f"steady {steady:.2f}, lone spike {spike:.2f}, growing {worst:.2f}, bound {bound:.2f}")

# %% [markdown]
# So a step can be {{ bound:.1f }} times $\alpha$ when gradients grow by {{ 100 * (0.999 / 0.9 - 1):.0f }} % a step for long enough. Keep this in mind for Part 4: it is one way in which training becomes unstable.
#
# *A place to stop. You have written Adam and taken its one fix apart.*

# %% [markdown]
# ## Part 2. The defaults, and fair comparison
#
# | Parameter | Default | Role |
# |---|---|---|
# | $\alpha$ | 1e-3 | overall scale of the steps; **the main knob** |
# | $\beta_1$ | 0.9 | averages the direction over about 10 steps |
# | $\beta_2$ | 0.999 | averages the squared gradient over about 1000 steps: a stable scale, slow to react |
# | $\epsilon$ | 1e-8 | prevents division by zero; larger values make Adam more like momentum |
#
# An EMA forgets: "about $1/(1-\beta)$ steps" is the span in which its weights fall by a factor $e$. Compute how much of the weight lies in it.

# %%
for beta in (0.9, 0.95, 0.99, 0.999):
    span = round(1 / (1 - beta))
    print(f"beta {beta}: the last {span} gradients hold {1 - beta**span:.0%} of the weight")

# %% [markdown]
# About two thirds: a third of Adam's scale is older than 1000 steps.

# %% [markdown]
# ### Play: race on a surface
#
# Four rules leave from one point, with one step size for all. Which one is "best"? Try surfaces and step sizes before you answer, then reach for the goal: it is a
# warning about the next section. Lighter is lower; the star is the minimum.

# %%
play.surface_race().live()

# %% [markdown]
# At the first setting Adam and RMSprop trail momentum, and gradient descent leaves the picture. At a tenth of that step size gradient descent ends lower than Adam. A race at one
# step size ranks *how the step size was chosen*, not the rules.
#
# ### Play: the basin of good step sizes
#
# The fair question: over **all** step sizes, how good is the best, and how many are nearly as good? *[Protocol](glossary.ipynb#Protocol):* the digits network (32 hidden units), [mini-batches](glossary.ipynb#Mini-batch) of 64, constant step size, 23 step
# sizes from 1e-4 to 32 (four to a decade), 3 seeds that set start and batches, 100 or 400 steps, accuracy on 500 test images, other hyperparameters at their defaults. All step sizes run at once; the cell takes some seconds.
#
# **Predict:** whose [basin](glossary.ipynb#Basin) is the widest, in decades?

# %%
play.good_basin().live()

# %% [markdown]
# The same numbers as a table, for two ideas of "nearly as good".

# %%
accuracy = {name: found[:, 1].mean(0) for name, found in play.basin_runs().items()}
lrs = play.BASIN_LRS
decades = {}
print("rule        best    at lr   decades within 2 points / 10 points")
for name, found in accuracy.items():
    decades[name] = [play.width(found, near)[2] for near in (0.02, 0.1)]
    narrow, broad = decades[name]
    print(f"{name:10} {found.max():.3f} {lrs[found.argmax()]:7.3f} {narrow:14.2f} / {broad:.2f}")

# %% [markdown]
# "Adam outperforms SGD on nearly every benchmark" is not what this shows. After [tuning](glossary.ipynb#Tuning), the four are within {{ 100 * (max(f.max() for f in accuracy.values()) - min(f.max() for f in accuracy.values())):.0f }} point of each other on this
# small problem. The folklore that Adam's basin is the widest does not come out either: within 2 points it is {{ decades["adam"][0]:.2f }} decades for Adam and {{ decades["momentum"][0]:.2f }} for momentum, within 10
# points {{ decades["adam"][1]:.2f }} and {{ decades["momentum"][1]:.2f }}; gradient descent's is narrower. What differs is **where** the basin lies: Adam's and RMSprop's around 0.01, the others' around 1. A step that does not feel the scale of the gradients may be why one default serves so many problems; one network cannot show that. The default 0.001 is not in Adam's good stretch here: after 400 steps it reads {{ accuracy["adam"][np.abs(lrs - 1e-3).argmin()]:.1%}}, the best step size {{ accuracy["adam"].max():.1%}}. A small network and a short run want more. (Widths are known to a quarter of a decade, the spacing of the step sizes.) The claim depends on the model and on the tuning protocol (Choi 2019; Schmidt 2021); Part 3 shows one problem of each kind.
#
# ### The same-step fallacy
#
# Rank the four at one step size, then at another, then each at its own best. **Predict** whether two of the three rankings agree.

# %%
def ranking(score):
    """Names from best to worst."""
    best_first = sorted(score, key=lambda name: -score[name])
    return " > ".join(f"{name} {score[name]:.3f}" for name in best_first)

small, large = (int(np.abs(lrs - lr).argmin()) for lr in (0.003, 1.0))
print("all at lr 0.003:", ranking({name: found[small] for name, found in accuracy.items()}))
print("all at lr 1:    ", ranking({name: found[large] for name, found in accuracy.items()}))
print("each tuned:     ", ranking({name: found.max() for name, found in accuracy.items()}))

# %% [markdown]
# Same network, same data, and no two agree. The first two are opposite; the third is nearly a tie, {{ 100 * np.ptp([f.max() for f in accuracy.values()]):.1f}} points from first to last, while the three seeds of one rule at its best differ by up to {{ 100 * max(np.ptp(play.basin_runs()[n][:, 1, f.argmax()]) for n, f in accuracy.items()):.1f}}. When a paper compares optimizers, look first for how each step size was chosen.
#
# ### Task: reach the goal
#
# A [ravine](glossary.ipynb#Ravine) of [condition number](glossary.ipynb#Condition-number) 100, turned by 20 degrees. Bring the loss below 1e-4 in 100 steps. With both $\beta$s at their defaults no step size is enough: short steps crawl, long ones swing. Which second slider do you need?

# %%
play.ravine_goal().live()

# %% [markdown]
# How rare are good settings? Run the whole space at once, {{ 40 * 34 * 20:, }} settings, and see which $\beta_1$ ever reach the goal.

# %%
beta1s = np.linspace(0, 0.99, 34)
space = grid(lr=np.geomspace(1e-3, 1, 40), beta1=beta1s, beta2=np.linspace(0.5, 0.999, 20))
final = run(adam, problems.ravine(100, 20), steps=100, record="last", **space).loss[0]
reached = final < 1e-4
best = np.unravel_index(final.argmin(), final.shape)
works = beta1s[reached.any(axis=(0, 2))]
print(f"{reached.mean():.1%} reach the goal, beta1 from {works.min():.2f} to {works.max():.2f}")
for (name, values), i in zip(space.items(), best):
    print(f"best {name}: {values.ravel()[i]:.3f}")

# %% [markdown]
# With both $\beta$s at their defaults the best step size of the grid ends at {{ final[:, np.abs(beta1s - 0.9).argmin(), -1].min():.1e}}. With $\beta_1 = 0.9$ {{ reached[:, np.abs(beta1s - 0.9).argmin()].mean():.1%}} of the settings reach the goal, with $\beta_2 = 0.999$ {{ reached[:, :, -1].mean():.0%}}: it is $\beta_1$ that must move, together with the step size. With a long memory of the direction Adam overshoots and swings back. On this smooth problem a shorter one pays. Noisy gradients ask for the opposite, as [lesson 7](07_momentum.ipynb) shows.
#
# *A place to stop.*

# %% [markdown]
# ## Part 3. Where Adam wins, loses and fails
#
# ### It wins where some things are rare: language
#
# Words are not equally frequent: the $k$-th most common comes about $1/k$ as often (Zipf's law). Take the simplest model of language, a table of logits that says which word follows which, 512 × 512, contexts and
# targets Zipf-distributed (after Kunstner et al. 2024). *Protocol:* [full batch](glossary.ipynb#Full-batch), 60 steps, cosine [schedule](glossary.ipynb#Schedule) to zero, five step sizes for each rule, best one shown; $\epsilon=10^{-12}$.
#
# **Predict:** gradients of a rare context are small. Whose step cares?

# %%
bigram = problems.zipf_bigram(512)

def tuned(rule, lrs, **hyper):
    """(share of the excess loss left, step size, share left by quartile), at the best of lrs."""
    cosine = lambda t: np.asarray(lrs)[:, None] * (1 + np.cos(np.pi * (t - 1) / 60)) / 2
    result = run(rule, bigram, steps=60, record="last", lr=cosine, **hyper)
    i, quartile = result.loss[0].argmin(), bigram.metrics["by quartile"]
    by_quartile = quartile(result.theta[0, i]) / quartile(bigram.start)
    return result.loss[0, i] / bigram.loss(bigram.start), lrs[i], by_quartile

left = {momentum: tuned(momentum, [100, 300, 1000, 2000, 3000]),
        adam: tuned(adam, [0.1, 0.3, 1, 2, 3], eps=1e-12),
        rmsprop: tuned(rmsprop, [0.03, 0.05, 0.1, 0.2, 0.3], beta2=0.0, eps=1e-12)}

# %% [markdown]
# In the figure, look at the bars on the right. Each of the four groups of contexts holds a quarter of the *probability*: 3 words, then 13, 77 and 419.

# %%
figure, ax = plt.subplots(figsize=(7.2, 4))
names = {momentum: "momentum", adam: "Adam", rmsprop: "sign descent (RMSprop, $\\beta_2=0$)"}
for shift, (rule, (total, lr, quarters)) in zip((-0.27, 0, 0.27), left.items()):
    ax.bar(np.arange(4) + shift, np.maximum(quarters, 2e-9), 0.25, label=names[rule],
           color=plots.look(rule).color)
ax.set(yscale="log", ylim=(1e-9, 2), ylabel="share of the excess loss left",
       title="Gradient descent leaves the rare words behind")
ax.set_xticks(range(4), ["most frequent\nquarter", "second", "third", "rarest\nquarter"])
figure.legend(loc="outside lower center", ncols=3)
plots.show(figure, "Bars of the excess loss left in four groups of words of equal probability: "
           "momentum leaves most in the rarest group and least in the second; Adam and sign "
           "descent leave little everywhere.")

# %% [markdown]
# Momentum (gradient descent with an average) leaves {{ left[momentum][0]:.1%}} of the [excess loss](glossary.ipynb#Excess-loss): {{ left[momentum][2][0]:.1%}} in the group of the three most frequent words, {{ left[momentum][2][1]:.1%}} in the second, {{ left[momentum][2][2]:.0%}} in the third and {{ left[momentum][2][3]:.0%}} in the rarest. (Why the three most frequent are not served best we did not find out.) Rare contexts lose: their gradients are small because they are rare, so their steps are too. Adam divides each coordinate by its own scale and
# leaves {{ left[adam][0]:.2%}}. (With only 100, 300 and 1000 to choose from, momentum leaves {{ tuned(momentum, [100, 300, 1000])[0]:.1%}}: the wider sweep helps it, and changes nothing in the picture.) Surprising: **plain [sign descent](glossary.ipynb#Sign-descent) leaves far less still**, so on this problem what helps is a step of equal size everywhere; Adam's estimates add nothing to it. (Best step sizes: momentum {{ left[momentum][1]:g}} of 100 to 3000, Adam {{ left[adam][1]:g}} of 0.1 to 3, sign descent {{ left[rmsprop][1]:g}} of 0.03 to 0.3. Before you generalise: full batch, no noise, a table instead of a network.)
#
# ### It loses where the useful feature is shared: Wilson's least squares
#
# Sixty samples with labels ±1, 60 % positive. Feature 1 *is* the label; two more are always 1; and each sample has private features that no other has (one if positive, five if negative). There are more weights than samples, so many solutions
# have zero training loss (Wilson et al. 2017, section 3). *Protocol:* full batch, 3000 steps from zero. Every run below fits the training data perfectly. **Predict:** which of them classify *new* samples?

# %%
wilson = problems.wilson()
tries = [(sgd, {"lr": 0.2}), (momentum, {"lr": 0.2}), (rmsprop, {"lr": 0.001}),
         (adam, {"lr": 0.01}), (adam, {"lr": 0.1, "eps": 1.0})]
for rule, hyper in tries:
    result = run(rule, wilson, steps=3000, record="last", **hyper)
    w, error = result.theta[0], wilson.metrics["test error"](result.theta[0])
    print(f"{result.label:20} training loss below 1e-9: {result.loss[0] < 1e-9}", end="  ")
    print(f"test error {error:.0%}  first weights", *(f"{x:.2f}" for x in w[:3]))

# %% [markdown]
# Gradient descent gives the label's feature the largest weight and errs on nothing. Adam and RMSprop give the first three features *equal* weights: a step of equal size everywhere treats the feature that explains all like one that explains one sample. A new sample's
# private features were never seen, so their weights are still 0. Its score is $w_1 y + w_2 + w_3$; with three equal weights that is $w(y+2)$, positive for $y=-1$ too. So all negatives, 40 %, are wrong. With $\epsilon = 1$, larger than the gradients, Adam turns back into momentum and is right again. The very property that won on language loses here.
#
# **Your turn:** what is the smallest power of ten for $\epsilon$ at which Adam (step 0.1) makes no test error? Guess, type it, run.

# %% tags=["stub"]
my_eps = 1e-8

# %% tags=["solution"]
my_eps = 0.1

# %% [markdown]
# The cell reports what your $\epsilon$ does; change it until it is the smallest that works.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# The label's feature needs more weight than the other two together. Raising $\epsilon$ shifts weight to it little by little, and the error drops at once when it has enough.
#
# ### It fails to converge where rare gradients matter most: Reddi's line
#
# On $x \in [-1, 1]$ the gradient is 101 once in 101 steps and $-1$ otherwise. Its mean is positive, so the minimum is $x=-1$. After each step $x$ is put back into $[-1, 1]$. (Reddi, Kale & Kumar 2018; $\beta_1=0.9$, step $0.1/\sqrt t$, 200,000 steps.) **Predict** where Adam ends, with $\beta_2=0.99$, $0.999$ and $0.9999$. The rule works on plain floats, so a loop does.

# %%
def walk(rule, beta2, steps=200_000):
    """Where x ends."""
    x, s = 0.0, State()
    for t in range(1, steps + 1):
        g = 101.0 if t % 101 == 1 else -1.0
        x, s = rule(x, g, s, lr=0.1 / t**0.5, beta2=beta2)
        x = min(1.0, max(-1.0, x))
    return x

ends = {beta2: (walk(adam, beta2, 1010), walk(adam, beta2)) for beta2 in (0.99, 0.999, 0.9999)}
for beta2, (early, late) in ends.items():
    print(f"beta2 {beta2}: x = {early:.2f} after ten spikes, {late:.2f} at the end (minimum -1)")

# %% [markdown]
# The first spike throws $x$ down; look at where it goes from there. With $\beta_2 = 0.99$ Adam walks to **the worst point**, {{ ends[0.99][1]:.2f }}: until the next spike $v$ keeps only {{ 0.99**101:.0%}} of the last one. So the spike is divided by a large $\sqrt{\hat v}$, the hundred steps after it by an ever smaller one, and together they take back more than the spike gave.
# With 0.999, a memory of ten spikes, $x$ **still drifts the wrong way**, slowly, from {{ ends[0.999][0]:.2f }} to {{ ends[0.999][1]:.2f }}: 101 against 100 is a narrow margin. With 0.9999 it drifts the right way, from {{ ends[0.9999][0]:.2f }} to {{ ends[0.9999][1]:.2f }}.
# A longer memory mends this problem; for every fixed $\beta_2$ (with $\beta_1 < \sqrt{\beta_2}$) the paper builds another that fails. **[AMSGrad](glossary.ipynb#AMSGrad)** is its repair: divide by the root of the largest $v$ so far (as in the paper, without bias correction).

# %%
def amsgrad(theta, g, s, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam whose denominator never shrinks; the state keeps v and its maximum."""
    v, v_max = s.v if s.t else (0.0, 0.0)
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    v_max = np.maximum(v_max, v)
    return theta - lr * m / (v_max**0.5 + eps), State(s.t + 1, m, (v, v_max))

betas = np.linspace(0, 0.99, 67)
settled = {}
for rule in (adam, amsgrad):
    walks = run(rule, problems.reddi(3.0, 3), steps=3000, beta1=0.0,
                lr=lambda t: 0.5 / t**0.5, **grid(beta2=betas))
    settled[rule] = walks.theta[-1000:, :, 0].mean(axis=0)

# %% [markdown]
# The map: a smaller variant (a gradient of 3 once in 3 steps on average, drawn at random; $\beta_1=0$, step $0.5/\sqrt t$) over every $\beta_2$, all runs at once. Where is the border?

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.plot(betas, settled[adam], color=plots.look(adam).color, label="Adam")
ax.plot(betas, settled[amsgrad], color="black", ls="--", label="AMSGrad")
ax.axhline(-1, color="#888888", linewidth=1)
ax.text(0.01, -0.9, "the minimum", color="#555555")
ax.set(xlabel="$\\beta_2$", ylabel="x, mean of the last 1000 steps", ylim=(-1.1, 1.1),
       title="Below a border in $\\beta_2$, Adam settles at the wrong end")
ax.legend()
border = betas[np.flatnonzero(settled[adam] < 0)[0]]
plots.show(figure, "Where x settles against beta2: Adam near the wrong end below a border, "
           "near the minimum -1 above it; AMSGrad near -1 for every beta2.")

# %% [markdown]
# Adam changes sides near $\beta_2$ = {{ border:.1f }}; AMSGrad is right everywhere. Where the border lies depends on the margin. Here the spikes win by 3 against 2, and a memory of about one period is enough. On Reddi's line they win by 101 against 100, and ten periods were too few. $\beta_2=0.95$, usual for large language models, remembers twenty steps.
#
# ### Blocks: why the shape of the curvature decides
#
# A quadratic with nine [curvatures](glossary.ipynb#Curvature) from 1 to 5000 in three rotated 3 × 3 blocks. *Alike*: the curvatures within a block are of one size, and blocks differ from one another, as Zhang et al. (2024) measured in transformers. *Mixed*: the same nine, dealt out so that every block has small and large ones. *Protocol:* 300 steps, 61 step sizes for each rule, best one;
# median of 15 random [rotations](glossary.ipynb#Rotation). **Predict:** who wins where?

# %%
def blocks_left(rule, mixed, **hyper):
    """Median over rotations of the share of the loss left, each at its best step size."""
    shares, lrs = [], grid(lr=np.geomspace(1e-5, 10, 61))
    for seed in range(15):
        problem = problems.blocks(mixed, seed)
        result = run(rule, problem, steps=300, record="last", **lrs, **hyper)
        shares.append(result.loss[0].min() / problem.loss(problem.start))
    return float(np.median(shares))

for name, rule, hyper in (("gradient descent", sgd, {}), ("Adam, beta1 = 0", adam, {"beta1": 0.0}),
                          ("momentum", momentum, {}), ("Adam", adam, {})):
    powers = [np.log10(blocks_left(rule, kind, **hyper)) for kind in (False, True)]
    alike, mixed = (f"10^{x:.1f}" if x > -10 else "below 10^-10" for x in powers)
    print(f"{name:17} alike {alike:13} mixed {mixed}")

# %% [markdown]
# Alike, Adam wins by many orders of magnitude: one step size per coordinate is nearly one per block. Mixed, the advantage is gone or reversed: no choice per coordinate can serve a block that holds 1 and 5000 at once, and what is left is decided by momentum. The condition number, 5000, is the same in both: **it is the arrangement that matters.**
#
# *A place to stop.*

# %% [markdown]
# ## Part 4. Adam in PyTorch, and rules for practice
#
# ### The code that you will write at work
#
# Real data (1,297 digits to train on), a real model, and the loop that all PyTorch training shares: clear the gradients, compute the loss, go backward, step.

# %%
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from lessonlib.data import digits
from lessonlib.pytorch.looped import Looped

d = digits()
x_train, x_test = (torch.tensor(x, dtype=torch.float32) for x in (d.train_x, d.test_x))
y_train, y_test = torch.tensor(d.train_y), torch.tensor(d.test_y)

# %% [markdown]
# The training function takes a function that makes the optimizer, so that the same start and the same batches serve all.

# %%
def train(make_optimizer, epochs=15):
    """Train a network on the digits; return it with its test accuracy."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    criterion = nn.CrossEntropyLoss()
    dataloader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
    optimizer = make_optimizer(model.parameters())
    for _ in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.zero_grad()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()
            optimizer.step()
    return model, (model(x_test).argmax(1) == y_test).double().mean().item()

# %% [markdown]
# Three optimizers: torch's Adam, torch's AdamW (Adam with [decoupled weight decay](glossary.ipynb#Decoupled-weight-decay), [lesson 10](10_adamw.ipynb)), and `Looped`, which lets the very function at the top of this lesson train the network. Once your exercise 1 passes, put your own function there: `Looped(params, my_adam, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)`.
# (In torch both $\beta$s are one argument: `optim.Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)` are the defaults; for $\beta_2=0.95$ write `betas=(0.9, 0.95)`.)

# %%
trained = {
    "optim.Adam": train(lambda params: optim.Adam(params, lr=1e-3)),
    "optim.AdamW": train(lambda params: optim.AdamW(params, lr=1e-3, weight_decay=1e-2)),
    "Looped(adam)": train(lambda params: Looped(params, adam, lr=1e-3)),
}
for name, (model, accuracy_now) in trained.items():
    print(f"{name:13} reads more than 9 digits of 10: {accuracy_now > 0.9}")

# %% [markdown]
# Does our function train exactly like torch's? And what did AdamW's decay of 0.01 do in these {{ 15 * 21 }} steps? PyTorch multiplies the weights by $1-\alpha w$ at every step, $w$ being `weight_decay`, so it takes about $1/(\alpha w)$ steps to be felt. **Predict** the change in the size of the weights.

# %%
def flat(name):
    """All weights of a trained network in a row."""
    return torch.cat([p.detach().flatten() for p in trained[name][0].parameters()])

apart = (flat("Looped(adam)") - flat("optim.Adam")).abs().max().item()
shrunk = 1 - (flat("optim.AdamW").norm() / flat("optim.Adam").norm()).item()
print(f"our adam and torch's agree to 1e-4: {apart < 1e-4}")
print(f"with decay the weights are smaller by {shrunk:.1%}")
print(f"memory of the decay: 1 / (lr * weight_decay) = {1 / (1e-3 * 1e-2):,.0f} steps")

# %% [markdown]
# Ours and torch's agree up to rounding. The decay is all but invisible, as it must be: 315 steps are a third of a percent of 100,000, and the weights shrank by {{ shrunk:.1%}}, less than that, because the gradient goes on pushing against it. "[Weight decay](glossary.ipynb#Weight-decay) of 0.01 to 0.1 for transformers" is advice for runs of 10,000 to 100,000 steps. [Lesson 10](10_adamw.ipynb) takes it from here.
#
# ### Rules for practice, as first moves
#
# The usual advice, each rule tried once: keep $\beta_1, \beta_2, \epsilon$; tune $\alpha$ over 1e-3, 3e-4, 1e-4 (and, as Part 2 showed, upwards for small networks).
#
# | What you see | First move | |
# |---|---|---|
# | the loss oscillates | halve $\alpha$ | experiment A |
# | the loss is slow | 3 × $\alpha$ | experiment B |
# | unstable early | 3e-4 | experiment C |
#
# **Predict** for which of them the first move is the best move.

# %%
def mean_loss(where, steps, lr, tail=1):
    """Adam's loss, mean of the last `tail` steps and of three seeds."""
    losses = [run(adam, problem, steps=steps, seed=seed, record="loss", lr=lr).loss
              for seed, problem in enumerate(where)]
    return np.mean([loss[-tail:].mean() for loss in losses])

rough = [problems.noisy(problems.ravine(10, 20), 3.0)] * 3
for lr in (0.4, 0.2, 0.1):
    print(f"A  noisy ravine, lr {lr:g}: {mean_loss(rough, 600, lr, tail=200):.2f}")
for lr in (1e-4, 3e-4, 1e-3):
    print(f"B  digits, lr {lr:g}: {mean_loss(nets, 300, lr):.2f}")
for lr in (0.3, 3e-4, 0.03):
    print(f"C  digits, lr {lr:g}: {mean_loss(nets, 300, lr):.2f}")

# %% [markdown]
# For none of them, though each helps. A: halving $\alpha$ halves the [noise floor](glossary.ipynb#Noise-floor), and halving again does so again. B: three times $\alpha$ helps, and again. C: at 0.3 the network never learns, and 3e-4 rescues it, but 0.03 would have been far better: a first move, not an answer.
#
# Now **two cases where the first move is wrong**. The first: full-batch gradient descent whose loss goes up and down. Should you halve the step?

# %%
full = problems.digits_net(batch=None, dtype=float)
figure, ax = plt.subplots(figsize=(7.2, 3.4))
for lr, color in ((0.4, "#aaaaaa"), (0.75, "#707070"), (1.5, "black")):
    curve = run(sgd, full, steps=300, record="loss", lr=lr).loss
    rises = (np.diff(curve) > 0).sum()
    ax.plot(curve, color=color, linewidth=1.4,
            label=f"lr {lr:g}: rises {rises} times, ends at {curve[-1]:.3f}")
ax.set(yscale="log", xlabel="step", ylabel="training loss",
       title="It oscillates, and it ends lowest of the three")
ax.legend()
plots.show(figure, "Training loss of gradient descent at three step sizes: the largest oscillates "
           "most and ends lowest.")

# %% [markdown]
# The largest step makes the loss rise again and again, and it ends lowest. On a quadratic, curvature above $2/\alpha$ means [divergence](glossary.ipynb#Divergence). A network's curvature *moves*: near or above $2/\alpha$ the loss swings, and training drifts to flatter places instead of blowing up. Cohen et al. (2021) call it
# *[the edge of stability](glossary.ipynb#Edge-of-stability)*. Measure it: the largest curvature at the end (by power iteration on differences of the gradient), times $\alpha$. **Predict** which is nearest to 2.

# %%
def largest_curvature(theta):
    """Largest eigenvalue of the Hessian of the full-batch loss."""
    v = np.random.default_rng(0).standard_normal(theta.size)
    for _ in range(60):
        v = 1e-4 * v / np.linalg.norm(v)
        change = (full.grad(theta + v, None) - full.grad(theta - v, None)) / 2
        v, value = change, v @ change / (v @ v)
    return value

for lr in (0.4, 0.75, 1.5):
    end = run(sgd, full, steps=300, record="last", lr=lr).theta[0]
    print(f"lr {lr:g}: largest curvature x lr = {lr * largest_curvature(end):.1f}")

# %% [markdown]
# At 0.75 the product is 2: the run sits on the edge. At 1.5 the early swings threw it into a flatter place, below the edge; at 0.4 it never came near. So an oscillating loss need not ask for a smaller $\alpha$: look at the trend over many steps before you act.
#
# The second: the scale of the gradients jumps, as it does when a batch is odd or a layer wakes up. How long are the steps, in units of $\alpha$, at $\beta_2=0.999$ and $0.95$?

# %%
jump = np.r_[np.ones(300), 100 * np.ones(100), np.ones(600)]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
for beta2, dash in ((0.999, "-"), (0.95, "--")):
    theta, s, path = 0.0, State(), [0.0]
    for g in jump:
        theta, s = adam(theta, g, s, lr=1.0, beta2=beta2)
        path.append(theta)
    ax.plot(-np.diff(path), color=plots.look(adam).color, ls=dash, label=f"$\\beta_2$ = {beta2}")
ax.set(yscale="log", ylim=(0.015, 15), xlabel="step", ylabel="step / lr",
       title="After a jump in scale, a long memory errs for long")
ax.axvspan(300, 400, color="#dddddd")
ax.text(410, 4, "in grey, the gradient is\n100 times larger")
ax.legend(loc="lower left")
plots.show(figure, "Step length over 1000 steps: with beta2 0.999 it shoots up at the jump and "
           "stays tiny long after it; with 0.95 it falls too and is back after about 200 steps.")

# %% [markdown]
# With $\beta_2=0.999$ the steps grow to over three times $\alpha$ at the jump, and are still at a thirtieth of $\alpha$ 600 steps after it. With 0.95 they fall as well, and are back after about 200. The way back is longer than the memory: $v$ must fall by a factor of 10,000, which takes {{ np.log(1e4) / -np.log(0.95):.0f}} steps at 0.95 and {{ np.log(1e4) / -np.log(0.999):,.0f}} at 0.999. Lowering $\alpha$ treats the symptom; $\beta_2=0.95$, the usual choice for large language models, treats the cause, at the price of a noisier scale. So "tune only $\alpha$" is a good *start*.
#
# ### Exercise 2: three broken Adams (8 minutes)
#
# Each path below was made by `adam` with one classic bug. Which bug? Name it from the path alone: think of what it does to the *first* step, to *later* steps, and *near the minimum*.

# %%
candidates = ["no bias correction", "no root", "t never advances", "sign of the step",
              "1 - beta2 is missing in v", "g instead of g squared"]
bugs = {wrong.name: wrong for wrong in misconceptions.of(adam)}
order = np.random.default_rng(80).permutation(6)[:3]
mystery = dict(zip("ABC", [candidates[i] for i in order]))
surface = problems.ravine(10)
paths = {letter: run(bugs[name], surface, lr=0.1, steps=60) for letter, name in mystery.items()}
print("candidates:", ", ".join(candidates))

# %% [markdown]
# Beside each broken path, the right one in red. A square stands where the first step ends; the other markers are six steps apart.

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), sharey=True)
right = run(adam, surface, steps=60, lr=0.1)
for ax, (letter, result) in zip(axes, paths.items()):
    plots.contours(surface, ax)
    plots.path(right, ax, rule=adam)
    ax.plot(*np.clip(result.theta, -9, 9).T, color="black", marker="x", markevery=6, lw=1.2)
    for path, color in ((right.theta, plots.look(adam).color), (result.theta, "black")):
        ax.plot(*path[1], marker="s", color=color, ls="none")
    ax.set_title(letter)
    ax.set(ylabel="$\\theta_2$" if letter == "A" else "")
figure.suptitle("Three broken Adams (black) beside the right one (red)", weight="bold")
plots.show(figure, "Three paths in a ravine, each beside Adam's: A swings along the flat "
           "coordinate and creeps along the steep one, B takes short steps throughout, C "
           "begins with a step that is too long.")

# %% [markdown]
# Write your guesses as strings from the list of candidates and run the cell after: it runs the bug you named and says where its path leaves the one shown.

# %% tags=["stub"]
guess = {"A": None, "B": None, "C": None}

# %% tags=["solution"]
guess = {"A": "no root", "B": "1 - beta2 is missing in v", "C": "no bias correction"}

# %% [markdown]
# <details><summary>Hint</summary>With which bug do the two coordinates no longer take equal steps, the one with the ten times larger gradient taking the shorter ones? With which are all steps too short by the same factor? With which is the very first step too long?</details>

# %%
shown = {letter: result.theta for letter, result in paths.items()}
checks.judge_slips(guess, shown, candidates,
                   lambda name: run(bugs[name], surface, steps=60, lr=0.1).theta)

# %% [markdown]
# ### Exercise 3: correct the bias of another average (7 minutes)
#
# RMSprop's average starts at zero too, and nobody corrects it: that is its burst at the first step ([lesson 8](08_rmsprop.ipynb)). Write RMSprop with the correction. Return `State(t, 0.0, v)`: there is no $m$ to remember. (It is Adam with $\beta_1 = 0$, and is checked as such.)
#
# <details><summary>Hint</summary>By which factor is v too small after t steps of a steady gradient?</details>

# %% tags=["stub"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    t = s.t + 1
    v = beta2 * s.v + (1 - beta2) * g**2
    return theta - lr * g / ((v / (1 - beta2**t)) ** 0.5 + eps), State(t, 0.0, v)

# %% [markdown]
# The check compares with `adam` whose `beta1` is bound to 0.

# %%
checks.check(my_rmsprop, against=partial(adam, beta1=0.0))

# %% [markdown]
# ## What to take along
#
# - Adam = the average of [lesson 7](07_momentum.ipynb) over the root of the average of [lesson 8](08_rmsprop.ipynb), both divided by $1-\beta^t$.
# - The correction makes $\alpha$ mean the same from step 1 on. Without it the first steps are too **large** at the defaults, for thousands of steps and not for fifty.
# - A steady gradient moves every parameter by $\alpha$ a step, whatever its scale. The worst case is {{ bound:.1f }} $\alpha$.
# - Which rule is best depends on the problem and on how each was tuned. Adam wins where scales differ by coordinate (rare words, blocks of different curvature), loses where equal steps drown the feature that matters, and fails where $\sqrt{\hat v}$ forgets rare large gradients too soon.
# - Start with `Adam(lr=1e-3)`, or `AdamW` with a weight decay of 0.01 to 0.1 for a transformer, then sweep $\alpha$.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | first moment, second moment | the mean of $g$; the mean of $g^2$ (not the variance) |
# | EMA | exponential moving average: each step keeps a share $\beta$ of the old value |
# | bias correction | division by $1-\beta^t$, which undoes the start at zero |
# | scale invariance | multiplying the loss by a constant leaves the path unchanged (up to $\epsilon$) |
# | basin | the range of step sizes that do nearly as well as the best |
# | protocol | what was tuned, over which values, with which budget and seeds |
# | condition number | largest curvature over smallest |
# | sign descent | every coordinate moves by $\alpha$ against the sign of its gradient |
# | excess loss | loss above the lowest that is possible |
# | AMSGrad | Adam that divides by the root of the largest $v$ so far |
# | edge of stability | training with the largest curvature near $2/\alpha$ |
#
# ### Further reading, and what each is good for
#
# - Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, arXiv:1412.6980. The algorithm; section 3 derives the correction.
# - Reddi, Kale & Kumar 2018, *On the Convergence of Adam and Beyond*, arXiv:1904.09237. The counterexample and AMSGrad.
# - Wilson et al. 2017, *The Marginal Value of Adaptive Gradient Methods in Machine Learning*, arXiv:1705.08292. Where adaptive rules generalise worse.
# - Choi et al. 2019, *On Empirical Comparisons of Optimizers for Deep Learning*, arXiv:1910.05446; Schmidt et al. 2021, *Descending through a Crowded Valley*, arXiv:2007.01547. How the tuning protocol decides the ranking.
# - Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability*, arXiv:2103.00065. Why an oscillating loss may be healthy.
# - Kunstner et al. 2024, *Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models*, arXiv:2402.19449. The Zipf experiment.
# - Zhang et al. 2024, *Why Transformers Need Adam: A Hessian Perspective*, arXiv:2402.16788. The blocks.
#
# **Next:** [lesson 10, AdamW](10_adamw.ipynb). Adam divides everything by $\sqrt{\hat v}$, an [L2 penalty](glossary.ipynb#L2-penalty) in the gradient included. What does that do to weight decay?
