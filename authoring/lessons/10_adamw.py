# %% [markdown]
# # Lesson 10. AdamW: decay that Adam does not touch
#
# **From lesson 9, from memory.**
# The gradients of one run are 3 and 3, those of another one 300 and 300.
# How do Adam's two paths differ?
#
# <details><summary>Answer</summary>They do not. The scale cancels between m and the root of v.</details>
#
# [[Weight decay]] pulls every weight a little towards zero at every step.
# For plain gradient descent that is the same as an [[L2 penalty]] in the loss.
# For Adam it is not: Adam divides everything by $\sqrt{\hat v}$, the penalty in the gradient included.
# That was the question at the end of [lesson 9](09_adam.ipynb).
# **AdamW** is the answer of Loshchilov and Hutter: two lines of code, and the optimizer behind most large language models.
# After this lesson you will be able to
#
# 1. write AdamW from memory, and say in one sentence what it changes;
# 2. predict where a weight comes to rest under either form of decay;
# 3. read a map of step size against decay, with its noise, and say which of its claims hold;
# 4. set up AdamW for a transformer: param groups, schedule, warm-up, clipping, a run that resumes exactly.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | What Adam does to weight decay | 25 |
# | 2 | Hundreds of networks at once: step size against decay | 20 |
# | 3 | Decay needs time: memory, and grokking | 20 |
# | 4 | AdamW in practice | 30 |
#
# The minutes are our estimate for reading, playing and typing, not a measurement of a class.
# Each part is a place to stop.
# The code runs in about a minute on two quiet CPU cores; no GPU is needed.
# You need lesson 9.

# %% tags=["setup"]

# %% [markdown]
# The rules come from the library.
# `train` trains many small networks at once, one for each cell of a grid; it calls the very rule that you see below.

# %%
import inspect
import math
import matplotlib.pyplot as plt
import numpy as np
import torch

from lessonlib import State, adam, adam_l2, adamw, checks, grid, plots, run
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import digits_task, modular_task
from lessonlib.problems import Problem
from lessonlib.lessons.lesson10 import decay_maps, judges, play
from lessonlib.tables import table

# %% [markdown]
# ## Part 1. What Adam does to weight decay
#
# ### Two places to put the same term
#
# We write $w$ for the weight decay (papers write $\lambda$, which this course keeps for curvature).
# The penalty $\tfrac w2\theta^2$ has the gradient $w\,\theta$.
# Gradient descent with it does $\theta \leftarrow \theta - \alpha(g + w\theta) = (1-\alpha w)\,\theta - \alpha g$: whether we say *penalty* or *decay* makes no difference.
#
# **Predict first.**
# In Adam there are two places for $w\theta$: inside $g$, or outside of the step.
# Which lines of `adam` see it in each case?

# %%
def body(rule):
    """The lines of a rule after its description."""
    code = inspect.getsource(rule).split('"""')[-1]
    return [line.strip() for line in code.splitlines() if line.strip()]

for rule in (adam_l2, adamw):
    print(rule.__name__, *body(rule), sep="\n    ")

# %% [markdown]
# Both end in the same `adam`.
# Its lines, and what each form hands to them:
#
# | | `adam_l2`: Adam with L2 | `adamw`: decoupled |
# |---|---|---|
# | before | $g \leftarrow g + w\,\theta$ | $\theta \leftarrow \theta - \alpha w\,\theta$ |
# | $m$ averages | $g + w\theta$ | $g$ |
# | $v$ averages | $(g + w\theta)^2$ | $g^2$ |
# | shared | $\hat m = m/(1-\beta_1^t)$, $\hat v = v/(1-\beta_2^t)$ | the same |
# | shared | $\theta \leftarrow \theta - \alpha\,\hat m/(\sqrt{\hat v}+\epsilon)$ | the same |
# | so the decay is divided by $\sqrt{\hat v}$ | **yes** | **no** |
#
# ### Exercise 1: write AdamW (8 minutes)
#
# You wrote Adam in lesson 9.
# Write AdamW, all of it, without calling `adam`.
# In PyTorch's form the weights shrink by the share $\alpha w$, and it is the weights *before* the step that shrink.
#
# <details><summary>Hint 1</summary>Which of your lines may contain weight_decay, if neither m nor v may know of it?</details>
# <details><summary>Hint 2</summary>With g = 0 in every step, m and v stay 0. What should theta be after one step?</details>

# %% tags=["stub"]
def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    step = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + eps)
    return theta - lr * weight_decay * theta - lr * step, State(t, m, v)

# %% [markdown]
# The check knows seven classic slips: the decay inside the moments, added after the correction, not multiplied by the step size, applied to the new parameter, of the wrong sign, forgotten, or multiplied by the step size twice.

# %%
checks.check(my_adamw, against=adamw)

# %% [markdown]
# ### One dimension settles it
#
# Start a single weight at 0, pull it with a constant gradient $g$, decay it with $w=0.1$, and wait: step size 0.01, 20,000 steps.
# **Predict** where it comes to rest for $g$ = 0.03, 0.3 and 3, in both forms.
# Set the movement to zero and solve for $\theta$ before you run.

# %%
rest = {}
for rule in (adam_l2, adamw):
    for g in (0.03, 0.3, 3.0):
        theta, s = 0.0, State()
        for _ in range(20_000):
            theta, s = rule(theta, g, s, lr=0.01, weight_decay=0.1)
        rest[rule, g] = theta
table(["rule", "g", "ends at"], [[rule.__name__, g, end] for (rule, g), end in rest.items()],
      ["", "", ".3f"])

# %% [markdown]
# - **Adam with L2** rests where the gradient of *loss plus penalty* vanishes: $g + w\theta = 0$, so $\theta = -g/w$.
#   That is the minimum of the penalised loss, as it should be.
# - **AdamW** rests where the step and the decay balance.
#   A steady gradient moves $\theta$ by $\alpha$ whatever its size, the decay by $\alpha w\theta$: $\alpha = \alpha w|\theta|$, so $|\theta| = 1/w$.
#   The gradient is not in it, **nor is the step size**.
#   Keep that for Part 2.
#
# So the two are not variants of one thing.
# AdamW minimises no penalised loss of the usual kind: it sets a *size*, $1/w$, at which a weight with a steady gradient settles.
#
# ### Play: the gradient as a slider
#
# The picture holds 61 gradients, {{ 20_000 * 61 * 2:,}} steps in all; it shows $-\theta$, on a logarithmic scale.
# Right: the lines are the two formulas, the markers are where the runs ended.
# Move $g$ over three decades.
# Which of the two knows about it?
# Then reach the goal.

# %%
play.equilibrium().live()

# %% [markdown]
# ### The same decay for all weights?
#
# In a network most gradients are noise around a small mean.
# Start all weights at 1, give them pure noise of three sizes, and ask both forms to decay with $w=1$ for 3000 steps of 0.001.
# Undisturbed decay would leave $(1-\alpha w)^{3000} = {{ 0.999**3000:.3f}}$.
# **Predict:** which weights does Adam with L2 decay most?
#
# (`Problem` takes a name, a loss, a gradient and a start.
# Here only the gradient matters: the loss is a placeholder, and `+ 0 * theta` gives it the shape of theta.
# Each size of noise pulls at 400 weights, and we print their means.)

# %%
sizes = np.array([0.01, 1.0, 100.0])
pure_noise = lambda theta, rng: np.repeat(sizes, 400) * rng.standard_normal(1200) + 0 * theta
noise = Problem("noise of three sizes", lambda theta: theta[..., 0], pure_noise, np.ones(1200))
left = {}
for rule in (adam_l2, adamw):
    end = run(rule, noise, steps=3000, record="last", lr=1e-3, weight_decay=1.0).theta[0]
    left[rule] = end.reshape(3, 400).mean(axis=1)
table(["left of the weights", *(f"noise {size:g}" for size in sizes)],
      [[rule.__name__, *shares] for rule, shares in left.items()], ".2f")

# %% [markdown]
# AdamW treats all alike.
# With L2 the weights with **large gradients are hardly decayed**, {{ left[adam_l2][2]:.2f}} left, because their decay is divided by their large $\sqrt{\hat v}$; those with small gradients are decayed to nothing.
# At noise of size 1, $\sqrt{\hat v}$ is about 1, dividing by it changes little, and the two forms nearly agree: {{ left[adam_l2][1]:.2f}} and {{ left[adamw][1]:.2f}}.
# A penalty meant to be the same for all has become a different one for each weight.
# (Whether that is *worse* is another question.
# Part 2 asks it.)
#
# *A place to stop.
# You can write AdamW, and say what it changes: the decay is no longer divided by $\sqrt{\hat v}$.*

# %% [markdown]
# ## Part 2. Hundreds of networks at once
#
# ### Three forms of decay
#
# Loshchilov and Hutter's paper does not multiply the decay by the step size; PyTorch does.
# With L2 that makes three forms.
# (With a schedule, the paper multiplies step and decay by its factor; here the step size is constant.)

# %%
def loshchilov_hutter(theta, g, s, *, lr, weight_decay):
    """AdamW as in the paper: the decay is not multiplied by lr."""
    return adam(theta - weight_decay * theta, g, s, lr=lr)

lrs = np.geomspace(1e-3, 1e-1, 9)
forms = {"PyTorch's AdamW": (adamw, np.geomspace(1e-3, 10, 9)),
         "Loshchilov & Hutter's": (loshchilov_hutter, np.geomspace(1e-5, 1e-1, 9)),
         "Adam with L2": (adam_l2, np.geomspace(1e-4, 1, 9))}

# %% [markdown]
# *Protocol.*
# Each cell of a 9 × 9 map is a network 64 → 32 → 10 that learns 300 handwritten digits, **a fifth of whose labels are wrong**, so that it can [[overfit|overfitting]]; it is tested on 500 digits with right labels.
# 300 steps on batches of 50, constant step size, other hyperparameters at their defaults.
# Four [[seeds|seed]] set start, wrong labels and batches, the same for all cells.
# That is {{ 3 * 81 * 4 }} networks, {{ 3 * 81 * 4 * 300:,}} steps.
# The decays span four decades in each form, wherever that form needs them.
#
# **Predict** for each form: when the step size grows tenfold, should the best decay grow, fall or stay?
# Call the band of best decays, where the test *error* is lowest, the **valley**.
# In logarithms the question is its *slope*: $+1$, $-1$ or $0$.
# The textbook answer for PyTorch's form is $-1$: only the product $\alpha w$ matters.

# %%
trained, maps = {}, {}
for name, (rule, decays) in forms.items():
    trained[name] = train(rule, digits_task(), steps=300, seeds=range(4), batch=50,
                          dtype=torch.float64, **grid(lr=lrs, weight_decay=decays))
    color = "adam_l2" if rule is adam_l2 else "adamw"
    maps[name] = decay_maps.Map(color, decays, trained[name].test_accuracy[-1])

# %% [markdown]
# ### Play: read the maps
#
# The map shows accuracy, so the valley is bright.
# The star is the best cell.
# At each step size a dot marks the middle of the stretch of decays that stay within 3 points of the best there.
# (No dot where that stretch runs off the map: there, less decay makes no difference.)
# Dots are drawn for the mean of the seeds; the line has the mean of the slopes fitted seed by seed, and is drawn on where no dot supports it.
# A column is a quarter of a decade and a row half a decade, so **a slope of $-1$ would fall one cell for every two to the right.**
# (This estimator was chosen after a look at early runs; other ways of taking the middle moved the slopes by a few tenths, none to $-1$.)
# Choose the form, slide to read a cell, and compare the slope with your prediction.

# %%
decay_maps.decay_map(maps, lrs, "PyTorch's AdamW").live()

# %% [markdown]
# The same as a table.
# *Ties*: cells that four seeds cannot tell from the best (below it by less than two standard errors of the difference).
# The slope comes with its 95 % interval over the seeds.

# %%
slopes, best, tied, dots, rows = {}, {}, {}, {}, []
for name, found in maps.items():
    mean = found.accuracy.mean(axis=0)
    i, j = np.unravel_index(mean.argmax(), mean.shape)
    slopes[name], tied[name] = decay_maps.slope(found, lrs), decay_maps.ties(found)
    best[name] = mean.max()
    dots[name] = np.isfinite(decay_maps.valley(mean, found.decays)).sum()
    rows.append([name, best[name], lrs[i], found.decays[j], tied[name].sum(),
                 f"{slopes[name][0]:.2f} ± {slopes[name][1]:.2f}"])
spread = 100 * np.ptp([*best.values()])
table(["form", "best", "at lr", "decay", "ties of 81", "slope"], rows,
      ["", ".3f", ".4f", ".3g", "", ""])

# %% [markdown]
# Two surprises.
# **First, the slope.**
# In PyTorch's form it is {{ slopes["PyTorch's AdamW"][0]:.2f}} ± {{ slopes["PyTorch's AdamW"][1]:.2f}}: the interval leaves out the textbook's $-1$.
# (It is read from the large step sizes only: in the mean map {{ dots["PyTorch's AdamW"] }} of {{ len(lrs) }} have a dot.)
# The best decay depends on the step size less than that; whether it does at all, four seeds cannot say.
# In Loshchilov and Hutter's form the slope is {{ slopes["Loshchilov & Hutter's"][0]:.2f}} ± {{ slopes["Loshchilov & Hutter's"][1]:.2f}}.
# The two must differ by one, up to the noise of the fit: at a constant step size their decay $d$ *is* PyTorch's $\alpha w$, so it is one landscape in two coordinates.
# With their form you would have to raise the decay whenever you raise the step size.
# (They argue that in their form the two can be chosen apart, slope 0.
# That is slope $-1$ in PyTorch's form: the same claim.
# Their networks have normalisation; we come to that.)
#
# **Your turn:** at step size 0.01, which decay in Loshchilov and Hutter's form takes the same step as PyTorch's $w=0.5$?

# %% tags=["stub"]
my_d = None

# %% tags=["solution"]
my_d = 0.01 * 0.5

# %% [markdown]
# One step of each from $\theta = 1$ with $g = 0.3$ decides.

# %%
judges.judge_decay(my_d)

# %% [markdown]
# **Second, L2 is no worse here.**
# Its best cell is {{ best["Adam with L2"]:.3f}} against {{ best["PyTorch's AdamW"]:.3f}}, and its valley is as level, {{ slopes["Adam with L2"][0]:.2f}} ± {{ slopes["Adam with L2"][1]:.2f}}.
# The best cells of all forms lie within {{ spread:.0f}} point of each other, and {{ min(int(t.sum()) for t in tied.values()) }} or more cells of each map tie with its best.
# The folklore "AdamW generalises better" is not what this small network shows; it shows that decay helps (against $w=0.001$) where the step size is large enough to overfit.
#
# Why then AdamW?
# Not because it won here.
# **Its coefficient means the same whatever the scale of the gradient.**
# Multiply the loss by 1000: AdamW's path stays (up to $\epsilon$), while Adam with L2 needs a $w$ 1000 times as large for the same path.
# In Part 1 the resting place with L2 was $-g/w$; the other had no $g$ in it.
# And every weight is decayed by the same share, so $\alpha w$ can be read as a time (Part 3).
#
# ### Why the valley is level
#
# Part 1 suggests a reason: under a *steady* gradient the resting size does not contain the step size.
# (Under pure noise it does.
# A step adds about $\alpha^2$ to $\theta^2$, the decay takes $2\alpha w\theta^2$, so $|\theta|$ is about $\sqrt{\alpha/(2w)}$.
# A network has both, so measure.)
# Look at the length of all weights together at the end.
# The table has three lines: AdamW with $w$ = 0.001, AdamW with $w$ = 1, Adam with L2 at 0.032.
# The step size grows from 0.001 on the left to 0.1 on the right.
# **Predict:** in which lines does the length stay the same?

# %%
def lengths(name, column):
    """Length of all weights at the end, (step sizes,), mean of the seeds."""
    return trained[name].norm[-1].mean(axis=0)[:, column]

wide, rows = {}, []
for name, column in (("PyTorch's AdamW", 0), ("PyTorch's AdamW", 6), ("Adam with L2", 5)):
    found = lengths(name, column)
    wide[name, column] = found.max() / found.min()
    rows.append([f"{name}, decay {maps[name].decays[column]:.3g}", *found])
at_start = trained["PyTorch's AdamW"].norm[0].mean()
learned = trained["PyTorch's AdamW"].train_accuracy[-1].mean(axis=0)[4]  # at lr 0.01
table(["length of all weights", *(f"lr {lr:.2g}" for lr in lrs)], rows, ".1f")

# %% [markdown]
# With next to no decay the length grows {{ wide["PyTorch's AdamW", 0]:.1f}}-fold with the step size.
# Near the valley it is the same within a factor of {{ wide["PyTorch's AdamW", 6]:.1f}} while the step size changes by 100: with this decay, large steps no longer make the weights long.
# Two cautions.
# The networks start at a length of {{ at_start:.1f}}, and at step sizes up to 0.003 the memory $1/(\alpha w)$ of Part 3 is longer than the 300 steps: the left end of the second line is still near its start.
# **What the table shows is that decay caps the growth, not that every network has come to rest.**
# And short weights go with fewer wrong labels learned by heart: at step size 0.01 the network fits {{ learned[0]:.0%}} of the training labels with $w=0.001$, and {{ learned[6]:.0%}} with $w=1$.
# (80 % of the labels are right.)
# The third line shows that L2 caps the length as well.
#
# ### Where the slope is $-1$
#
# Now a case in which size means nothing.
# Many networks contain *normalisation layers*, **norms** for short: they shift and rescale the numbers that pass through to mean 0 and spread 1, then multiply by a learned scale.
# (Nothing to do with `.norm` above, which is a length.)
# Doubling the weights before a norm changes no output: only their *direction* counts, and the gradient is at right angles to them.
# The size still matters indirectly: the longer the vector, the less a step turns it.
# Take the simplest such case, 200 weights whose gradient is noise at right angles to them, and measure by how much they turn at each step.

# %%
def at_right_angles(theta, rng):
    """Noise without its part along theta; smaller where theta is long, as behind a norm."""
    noise, square = rng.standard_normal(200), (theta**2).sum(-1, keepdims=True)
    return (noise - theta * (theta * noise).sum(-1, keepdims=True) / square) / square**0.5

start = np.random.default_rng(0).standard_normal(200)
sphere = Problem("direction only", lambda theta: (theta**2).sum(-1), at_right_angles, start)
axes = grid(lr=[0.01, 0.03, 0.1], weight_decay=[0.1, 0.3, 1.0])
path = run(adamw, sphere, steps=3000, **axes).theta[-500:]
unit = path / np.linalg.norm(path, axis=-1, keepdims=True)
turns = np.degrees(np.arccos((unit[1:] * unit[:-1]).sum(-1)).mean(axis=0))

# %% [markdown]
# The angle for each pair, the step size downward and the decay to the right.
# **Look along the diagonals from lower left to upper right**, on which the product is nearly the same (0.03 × 0.3 is 0.009, not 0.01).

# %%
diagonal = turns[[2, 1, 0], [0, 1, 2]]
print(f"along the long diagonal, largest / smallest: {diagonal.max() / diagonal.min():.2f}")
table(["lr", "decay 0.1", "decay 0.3", "decay 1"],
      [[lr, *row] for lr, row in zip(axes["lr"].ravel(), turns)], ["g", ".1f", ".1f", ".1f"],
      caption="degrees turned at each step")

# %% [markdown]
# Here only the product $\alpha w$ matters: step and decay balance at a length of which the angle per step depends on $\alpha w$ alone (Kosson et al. 2023 call it rotational equilibrium).
# In such a network a valley of slope $-1$ is what one expects.
# Whether it comes out in a whole network with normalisation, where some weights stand before a norm and others do not, this lesson has not shown.
# (The angle goes like the root of $\alpha w$, so {{ (10 / 9)**0.5:.2f}} along the long diagonal is what 0.009 in place of 0.01 explains.)
# What you can take along: **ask what decay sets in *your* network, a size or an angle, before you believe a rule for moving both.**
#
# *A place to stop.*

# %% [markdown]
# ## Part 3. Decay needs time
#
# ### AdamW as an average over past steps
#
# Call the step of Adam $u_t = \hat m_t/(\sqrt{\hat v_t}+\epsilon)$ and write AdamW as
#
# $$\theta_t = (1-\alpha w)\,\theta_{t-1} + \alpha w\cdot\Big(-\frac{u_t}{w}\Big)$$
#
# That is an [[exponential moving average]], with $1-\alpha w$ in the place of $\beta$ (Wang & Aitchison 2024).
# What it averages is $-u_t/w$, numbers of size $1/w$: the resting place of Part 1.
# Its memory is $1/(\alpha w)$ steps.
# Check that the weights *are* this average.

# %%
rng, s, theta, past = np.random.default_rng(1), State(), np.ones(3), []
for _ in range(500):
    g = rng.standard_normal(3)
    moved, s = adam(theta, g, s, lr=0.01)
    past.append((theta - moved) / 0.01)  # u, the step in units of lr
    theta = moved - 0.01 * 0.5 * theta
ago = np.arange(499, -1, -1)[:, None]
average = (0.005 * 0.995**ago * (-np.array(past) / 0.5)).sum(axis=0) + 0.995**500 * np.ones(3)
print("the weights are the average of past steps, plus what is left of the start:",
      np.allclose(theta, average))

# %% [markdown]
# ### Play: what a run remembers
#
# How much of a step taken long ago is left at the end of a run of 10,000 steps?
# The slider starts at PyTorch's defaults, step size 0.001 and decay 0.01.
# The marker is the start of the run; a dotted line marks the memory once it fits into the picture.
# **Predict** the share of the *start* that is left.
# Then reach the goal.

# %%
play.weights_of_the_past().live()

# %% [markdown]
# At the defaults the memory is {{ 1 / (1e-3 * 1e-2):,.0f}} steps: after 10,000 steps {{ (1 - 1e-5)**10_000:.1%}} of the start is still there, and after the 315 steps of lesson 9 {{ (1 - 1e-5)**315:.1%}}.
# **"Weight decay of 0.01 to 0.1" without a step size and a length of run says nothing**: PyTorch decays by $\alpha w$.
# At a peak step size of 3e-4 and $w=0.1$, usual for language models, the memory is {{ 1 / (3e-4 * 0.1):,.0f}} steps: felt in a run of 100,000 steps, invisible in one of 1,000.
# The goal asks for $(1-\alpha w)^{10000} = 0.01$, so $\alpha w \approx \ln 100/10{,}000$: at step size 0.001, $w$ = {{ math.log(100) / 10_000 / 0.001:.2f}}, {{ math.log(100) / (10_000 * 1e-5):.0f}} times the default.
#
# A first move that carries over to other runs: choose the memory as a share of your run, say a tenth to all of it, and solve for $w$.
# For 10,000 steps of 0.001 and half the run, $w = 1/(0.001\cdot 5000) = {{ 1 / (0.001 * 5000):.1f}}$.
# **This is the product rule again**, and in Part 2 the best decay did not follow it when only the step size moved.
# So it tells you where a sweep of $w$ should begin, not where it ends.
#
# ### Grokking: decay at work while nothing seems to happen
#
# The task is to complete a table: $(a+b) \bmod 59$, {{ 59 * 59:,}} pairs, of which the network sees 40 %.
# It knows nothing of numbers: each of 0 to 58 stands for 64 learned numbers, its *embedding*; the embeddings of $a$ and $b$ side by side feed 128 ReLU units and 59 outputs.
# Full batch, step size 0.01, $\beta_2=0.98$ (after Power et al. 2022).
#
# **Predict:** without decay, what will the accuracy be on pairs it has never seen, once it knows all training pairs?
# And with $w=1$, a memory of {{ 1 / (0.01 * 1.0):.0f}} steps?

# %%
plan = {"AdamW, decay 1": (adamw, 1.0, 1200, range(3)),
        "Adam with L2, 1e-4": (adam_l2, 1e-4, 560, range(3)),
        "Adam, no decay": (adamw, 0.0, 1200, range(1))}
colors = dict(zip(plan, ("adamw", "adam_l2", "adam")))
task, grown = modular_task(hidden=128), {}

# %% [markdown]
# AdamW runs 1200 steps with three seeds, L2 560 steps with three seeds (it needs no more), no decay 1200 steps with one.
# Run it (the cell takes some tens of seconds).

# %%
for name, (rule, decay, steps, seeds) in plan.items():
    grown[name] = train(rule, task, steps=steps, seeds=seeds, record_every=20,
                        dtype=torch.float64, lr=0.01, beta2=0.98, weight_decay=decay)

# %% [markdown]
# Now **slide through the training**.
# Grey: training pairs.
# In colour: pairs never seen, a curve for each seed.

# %%
play.grokking(grown, colors).live()

# %% [markdown]
# When did each seed know its training pairs, and when did it understand?
# The step at which 95 % were right, on a grid of 20 steps.

# %%
def reached(accuracy, steps, share=0.95):
    """The first recorded step at which each seed has this share right, or None: (seeds,)."""
    return [int(steps[(a >= share).argmax()]) if (a >= share).any() else None for a in accuracy.T]

groks, norms, rows = {}, {}, []
for name, result in grown.items():
    groks[name] = reached(result.test_accuracy, result.steps)
    norms[name] = result.norm[[5, -1]].mean(axis=1)  # at step 100, and at the end
    rows.append([name, reached(result.train_accuracy, result.steps), groks[name],
                 result.test_accuracy[-1].mean()])
table(["each seed", "training pairs by step", "unseen pairs by step", "unseen pairs at the end"],
      rows, ["", "", "", ".1%"])

# %% [markdown]
# Without decay the network knows every training pair within a hundred steps and practically **none** of the others, then or at step 1200 (one seed): it has learned the table by heart.
# (Below the {{ 1 / 59:.1%}} of guessing.
# Each answer stands exactly once in every row and column, so the answers learned there are the ones that cannot be right here.)
# With decay it does too, at first.
# Then, with the training accuracy at 100 % and seemingly nothing left to learn, it comes to compute the sum: [[grokking]].
#
# One reads that decay shrinks the memorised solution until a smaller one wins.
# With L2 the length does shrink, from {{ norms["Adam with L2, 1e-4"][0]:.0f}} at step 100 to {{ norms["Adam with L2, 1e-4"][1]:.0f}} at 560.
# **With AdamW it does not**: {{ norms["AdamW, decay 1"][0]:.0f}} and {{ norms["AdamW, decay 1"][1]:.0f}} at 1200 (without decay it grows, {{ norms["Adam, no decay"][0]:.0f}} to {{ norms["Adam, no decay"][1]:.0f}}).
# AdamW's network sits at its resting size, where every weight is the average of the last hundred steps or so.
# Our reading, which these numbers fit but do not prove: what no recent gradient supports fades from that average, and a rule that serves all pairs at once is renewed by each of them.
#
# And now the part that is often left out: **Adam with L2 groks as well, and here sooner** (every seed by step {{ max(groks["Adam with L2, 1e-4"]) }}, AdamW between {{ min(groks["AdamW, decay 1"]) }} and {{ max(groks["AdamW, decay 1"]) }}).
# Its $10^{-4}$ looks tiny, but once the training loss is nearly zero, $g$ is tiny too, and so is $\sqrt{\hat v}$: what remains is the penalty, divided by its own size.
# So it does not take AdamW; here some force that keeps pulling on the weights was enough.
# Whether the network would get there without any such force, only later, a run of 1200 steps cannot show.
# The coefficients of the two forms cannot be compared with each other, and neither was tuned here.
#
# **Your turn:** how late does the network understand when decay is weaker?
# The memory for $w=0.5$ is {{ 1 / (0.01 * 0.5):.0f}} steps.
# Guess, set the value, run.

# %% tags=["stub"]
my_decay, my_steps = 1.0, 100

# %% tags=["solution"]
my_decay, my_steps = 0.5, 1200

# %% [markdown]
# It trains one network, seed 0; compare with {{ groks["AdamW, decay 1"][0] }} steps at $w=1$.
# Half the decay takes nearly twice as long, as the memory is twice as long: 2400 steps and half a minute show it.
# (The answer in the solutions stops half-way, to save the time.)

# %%
def again(decay, steps):
    return train(adamw, task, steps=steps, record_every=20, dtype=torch.float64, lr=0.01,
                 beta2=0.98, weight_decay=decay)

judges.judge_memory(my_decay, my_steps, again, groks["AdamW, decay 1"][0])

# %% [markdown]
# *A place to stop.*

# %% [markdown]
# ## Part 4. AdamW in practice
#
# ### Which parameters to decay
#
# A matrix may be scaled down: the next layer or norm makes up for it.
# A bias or the scale of a norm has a meaning of its own, and pulling it to zero removes it.
# So the usual recipe decays matrices and leaves biases and norms alone.
# The optimizer takes this as [[param groups|param group]], dicts of parameters with their own settings.
# A small transformer to practise on:

# %%
from collections import OrderedDict
from torch import nn

model = nn.Sequential(OrderedDict(
    embed=nn.Embedding(64, 32),
    block=nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, dropout=0.0, batch_first=True),
    norm=nn.LayerNorm(32),
    head=nn.Linear(32, 64)))
count = sum(p.numel() for p in model.parameters())
table(["parameter", "shape"], [[name, tuple(p.shape)] for name, p in model.named_parameters()])

# %% [markdown]
# ### Exercise 2: build the param groups (8 minutes)
#
# Return a list of two dicts, `{"params": [...], "weight_decay": ...}`: matrices with 0.1, biases and the parameters of norms with 0.
# Embeddings are a matter of taste; the check takes either.
#
# <details><summary>Hint</summary>Read the printed names. Does every parameter of a norm have "bias" in its name? What do all that should not decay have in common, besides their names?</details>

# %% tags=["stub"]
def groups(model):
    ...  # a list of two dicts

# %% tags=["solution"]
def groups(model):
    parameters = list(model.parameters())
    return [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": 0.1},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}]

# %% [markdown]
# The check walks through the model and names the first parameter that is in the wrong place.

# %%
judges.judge_groups(groups, model)

# %% [markdown]
# ### A run as it is set up at work
#
# The pieces around the optimizer: **[[warm-up]]**, because Adam's first steps have full size in every coordinate though $\hat v$ rests on few gradients (why it helps is still debated, [lesson 11](11_gpu_lab.ipynb)); a **[[schedule]]** that ends near zero (PyTorch's decay follows it, as it is multiplied by the step size); **[[clipping|gradient clipping]]** of the gradient's length, against rare spikes; and $\beta_2=0.95$, usual for language models, so that a jump in scale is forgotten in twenty steps (lesson 9, Part 4).
# Warm-up, schedule and $\beta_2$ are set up here, on the digits; the clipping stands in the loop that follows.
# (For brevity all parameters share one group; at work you would pass `groups(model)` in place of `model.parameters()`.)

# %%
from types import SimpleNamespace
from lessonlib.data import digits

def begin(steps=200, warmup=20):
    """A fresh run: a network, its optimizer, a schedule, and the generator of its batches."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).double()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, betas=(0.9, 0.95), weight_decay=0.1)
    cosine = lambda t: min(1, (t + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * t / steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine)
    return SimpleNamespace(model=model, optimizer=optimizer, schedule=schedule,
                           batches=torch.Generator().manual_seed(0))

# %% [markdown]
# The loop is the one of lesson 9 with two lines more: clip before the step, move the schedule after it.
# It returns the loss on all training digits after every step.

# %%
x, y = torch.tensor(digits().train_x), torch.tensor(digits().train_y)
criterion = nn.CrossEntropyLoss()

def go_on(run, steps):
    """Train for some steps; return the loss on all training digits after each."""
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=run.batches)
        run.optimizer.zero_grad()
        criterion(run.model(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        losses.append(criterion(run.model(x), y).item())
    return losses

# %% [markdown]
# ### What a careless restart does
#
# Training breaks off at step 100, a machine has failed, and you go on from a file that holds **only the weights**.
# **Predict** the loss in the next ten steps, compared with the run that was not interrupted: the same, a little higher, or many times higher?

# %%
whole = begin()
uninterrupted = go_on(whole, 200)

def restarted(load, steps=100):
    """The loss of a new run that takes over at step 100 what load(new, old) gives it."""
    old, new = begin(), begin()
    go_on(old, 100)
    load(new, old)
    return go_on(new, steps), new

weights_only = lambda new, old: new.model.load_state_dict(old.model.state_dict())
fresh_start, _ = restarted(weights_only)

# %% [markdown]
# You will see that run in the figure below.
# Beside it, a second careless restart: restore everything *except* what the optimizer remembers.
# Same weights, same schedule, same batches, but $m$, $v$ and $t$ are zero.
# **Predict** again: which of the two does more harm in the first steps?

# %%
def all_but_m_and_v(new, old):
    """Everything except the optimizer's state."""
    new.model.load_state_dict(old.model.state_dict())
    new.batches.set_state(old.batches.get_state())
    new.schedule.load_state_dict(old.schedule.state_dict())
    for group, before in zip(new.optimizer.param_groups, old.optimizer.param_groups):
        group["lr"] = before["lr"]

forgetful, _ = restarted(all_but_m_and_v)
jump = max(forgetful[:10]) / uninterrupted[99]

# %% [markdown]
# In the figure, look at the steps just after 100.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.8))
ax.plot(range(1, 201), uninterrupted, color="black", label="not interrupted")
ax.plot(range(101, 201), forgetful, color=plots.look("adamw").color, ls="--",
        label="m, v and t forgotten")
ax.plot(range(101, 201), fresh_start, color="#9e5210", ls=":", label="weights only")
ax.axvline(100, color="#888888", linewidth=1)
ax.set(xlim=(70, 200), ylim=(0.05, 0.25), xlabel="step", ylabel="training loss",
       title="State forgotten in mid-schedule: the loss jumps at once")
ax.legend()
plots.show(figure, "Training loss from step 70 to 200: without interruption it falls smoothly; "
           "with only m, v and t forgotten it jumps up at 100, then comes back; with weights "
           "only (and a new warm-up) it does not jump, but gets rougher.")

# %% [markdown]
# Forgetting $m$ and $v$ makes the loss jump at once, to {{ jump:.1f}} times what it was; some thirty steps later nothing is left of it.
# After one gradient $\hat m/\sqrt{\hat v}$ is $\pm1$ **for every parameter**, also for those whose gradients had long been noise around zero: every weight takes a full step of $\alpha$ at once.
# If you expected worse: the spike is as high as $\alpha$ allows, here half of its peak, and on a small network it heals quickly; in a long run with little left to gain it costs the gains of many steps.
# The file with **weights only shows no spike at all**: it also starts the schedule afresh, so it warms up with small steps (and it draws the batches of steps 1 to 100 a second time).
# But it is a different run from then on, with larger steps and a rougher loss (it ends at {{ fresh_start[-1]:.3f}}, the others at {{ uninterrupted[-1]:.3f}} and {{ forgetful[-1]:.3f}}: more steps at a large step size, not a better restart).
# A result that changes when a machine fails is not one you can repeat.
#
# ### Exercise 3: resume a run exactly (10 minutes)
#
# Write `save`, which returns a dict of everything that the next step depends on, and `load`, which puts it into a fresh run.
# The [[state dict]] of a module, optimizer or schedule has all it needs; a generator has `get_state()` and `set_state(...)`.
# "Exactly" means bit for bit.
#
# <details><summary>Hint</summary>Which four objects does go_on touch? Which of them change?</details>

# %% tags=["stub"]
def save(run):
    return {"model": run.model.state_dict()}  # what else does the next step depend on?

def load(run, saved):
    run.model.load_state_dict(saved["model"])

# %% tags=["solution"]
def save(run):
    return {"model": run.model.state_dict(), "optimizer": run.optimizer.state_dict(),
            "schedule": run.schedule.state_dict(), "batches": run.batches.get_state()}

def load(run, saved):
    run.model.load_state_dict(saved["model"])
    run.optimizer.load_state_dict(saved["optimizer"])
    run.schedule.load_state_dict(saved["schedule"])
    run.batches.set_state(saved["batches"])

# %% [markdown]
# The check sends what you saved through a file in memory, as a real restart would, and compares the four things that decide the next step, then the weights after 100 more steps.

# %%
judges.judge_resume(save, load, begin, go_on)

# %% [markdown]
# ### What the memory costs
#
# By formula: $m$ and $v$, four bytes each, **8 bytes for every float32 parameter**, twice the size of the weights themselves, and the gradient on top.
# By measurement: add up what the optimizer keeps.
# **Predict** both for the small transformer of {{ count:,}} parameters.
# Will the measurement be exactly the formula?

# %%
decayed = [p for p in model.parameters() if p.ndim >= 2]
others = [p for p in model.parameters() if p.ndim < 2]
optimizer = torch.optim.AdamW([{"params": decayed}, {"params": others, "weight_decay": 0.0}])
model(torch.randint(64, (4, 16))).sum().backward()
optimizer.step()
kept = [t for state in optimizer.state.values() for t in state.values()]
measured = sum(t.numel() * t.element_size() for t in kept)
print(f"{count:,} parameters: by formula {8 * count:,} bytes, measured {measured:,}")

# %% [markdown]
# The {{ measured - 8 * count }} bytes more are the step counts, 4 bytes for each of the {{ len(decayed) + len(others) }} parameter tensors.
# A model of 124 million parameters needs {{ 8 * 124e6 / 1e9:.1f}} GB for the state of AdamW, one of 7 billion {{ 8 * 7e9 / 1e9:.0f}} GB: that is why people shard it, or store it in fewer bits.
# [Lesson 11](11_gpu_lab.ipynb) measures it on a GPU.
#
# ## What to take along
#
# - AdamW takes the decay out of $g$: neither $m$ nor $v$ sees it, and it is not divided by $\sqrt{\hat v}$.
# - Under a steady gradient, Adam with L2 rests at $-g/w$, AdamW at distance $1/w$ from zero, on the side opposite to $g$, for every size of $g$ and every step size.
# - On a network without normalisation the best decay depended on the step size less than the product rule says, in PyTorch's form (slope {{ slopes["PyTorch's AdamW"][0]:.1f}} ± {{ slopes["PyTorch's AdamW"][1]:.1f}} in place of $-1$).
#   Where only directions count, the product $\alpha w$ decides.
# - With both tuned, L2 and AdamW tied here.
#   AdamW's gain is a coefficient that does not depend on the scale of the loss.
#   Many cells of a map tie; a single best cell is noise.
# - Decay is felt after $1/(\alpha w)$ steps: 100,000 at PyTorch's defaults.
#   Choose the first value of $w$ by the length of your run, then sweep.
# - Decay matrices, not biases and norms.
#   Save the optimizer, the schedule and the generator with the weights.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | L2 penalty | $\tfrac w2\theta^2$ added to the loss; its gradient is $w\theta$ |
# | weight decay | each step shrinks the weights by a factor |
# | decoupled | applied outside of the adaptive step |
# | equilibrium | the place where step and decay balance |
# | timescale, memory | $1/(\alpha w)$ steps, in which a share $1/e$ of the past is left |
# | label noise | training labels that are wrong |
# | grokking | test accuracy that rises long after training accuracy is perfect |
# | param group | parameters that share their settings in an optimizer |
# | state dict | all that an object must have to go on exactly |
#
# ### Further reading, and what each is good for
#
# - Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*, arXiv:1711.05101.
#   The algorithm, and maps like those of Part 2 on networks with normalisation.
# - Wang & Aitchison 2024, *How to set AdamW's weight decay as you scale model and dataset size*, arXiv:2405.13698.
#   AdamW as a moving average, and the timescale as the thing to tune.
# - Kosson et al. 2023, *Rotational Equilibrium: How Weight Decay Balances Learning Across Neural Networks*, arXiv:2305.17212.
#   What decay sets when only directions count.
# - Power et al. 2022, *Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets*, arXiv:2201.02177.
#   The phenomenon.
# - D'Angelo et al. 2023, *Why Do We Need Weight Decay in Modern Deep Learning?*, arXiv:2310.04415.
#   What it does in large networks, beyond keeping them from overfitting.
#
# **Next:** [lesson 11](11_gpu_lab.ipynb), the GPU lab: what does a step cost?
