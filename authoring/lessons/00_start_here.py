# %% [markdown]
# # Lesson 0. Start here: one surface, one rule
#
# A network learns by taking many small steps downhill.
# Which way is easy to say; how *far* is what this course is about, from the plainest step to the ones that train language models.
# This first lesson shows that your machine is ready, what a step size does, and how the course works.
# After it you will be able to
#
# 1. say what happens at a step size that is too small, right or too large, because you moved it;
# 2. predict the largest step that does not blow up, from one number of the surface;
# 3. write an update rule, have it checked, and make use of what the check says;
# 4. choose your way through the course.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | Check your machine | 3 |
# | 2 | Gradient descent on one surface | 12 |
# | 3 | How the course works: play, predict, write, check | 10 |
# | 4 | The map of the course, and where to stop | 5 |
#
# The minutes, here and on the map, are our estimates for reading, playing and typing, not measurements of a class.
# You need: derivatives and a little Python.
# A cell runs with Shift+Enter; run them from top to bottom, once you have read what stands above each.
# Words with a link lead to the [glossary](glossary.ipynb): open it once, and from then on a click goes straight to the word (JupyterLab may open it at the top the first time).

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Your machine
#
# The lessons need NumPy, matplotlib for figures and ipywidgets for sliders.
# PyTorch is used from lesson 7 on, to compare with.
# Is everything here, and new enough?

# %%
import numpy as np
import matplotlib.pyplot as plt
from lessonlib import State, adam, grid, run, sgd
from lessonlib import checks, problems
from lessonlib.lessons.lesson00 import judges, play
from lessonlib.tables import table

table(["package", "state"], [[name, "ready" if enough else "missing or too old"]
                             for name, (_, enough) in play.versions().items()])

# %% [markdown]
# If a line says "missing or too old": on your own computer, start the course with `make lab` (or the three lines for Windows in the README), which installs what is pinned; on Colab, nothing should be missing.
#
# The next cell says more: versions, and how long a standard run takes, which is nine small networks that read handwritten digits, trained for 1000 steps each.
# Its output differs from machine to machine, so this notebook stores none: run it.

# %% tags=["machine"]
import os
import platform
import time

begun = time.perf_counter()
nine = {"steps": 1000, "record": "last", **grid(lr=np.geomspace(1e-4, 1, 9))}
run(adam, problems.digits_net(), **nine)
seconds = time.perf_counter() - begun
print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores")
print(", ".join(f"{name} {found or 'missing'}" for name, (found, _) in play.versions().items()))
print(f"the standard run took {seconds:.1f} s")

# %% [markdown]
# The two-core machine without a GPU on which the course is tested takes one to two seconds.
# If yours takes ten, everything here works, and waits will be longer: the code of a lesson, about half a minute to a minute there, then takes several minutes.
# **A GPU is needed nowhere**; lesson 11 makes use of one.
# Is there one?

# %% tags=["machine"]
try:
    import torch
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that PyTorch can use"
except ImportError:
    gpu = "not looked for: PyTorch is missing"
print("GPU:", gpu)

# %% [markdown]
# On Colab you get one under *Runtime, Change runtime type*.
# Do it before you begin lesson 11: it restarts the session.
#
# *Your machine is ready.
# Now to what it will do.*

# %% [markdown]
# ## Part 2. Gradient descent in ten minutes
#
# ### One surface, one rule
#
# A [[loss]] $L(\theta)$ says how wrong the parameters $\theta$ are.
# The [[gradient]] $g = \nabla L(\theta)$ points where it rises fastest, so [[gradient descent]] steps the other way, again and again:
#
# $$\theta_t = \theta_{t-1} - \alpha\, g_t$$
#
# $\alpha$ is the [[learning rate]], or step size, `lr` in the code.
# (A network's gradient comes from a [[mini-batch]] of examples and is noisy; here it is exact.)
# Our surface is a valley with two parameters, $\theta_1$ and $\theta_2$ (a number as index names a coordinate, $t$ a step).
# Its [[curvature]] $\lambda$, how fast the slope changes, is 1 along it and 10 across:
#
# $$L(\theta) = \tfrac12\left(1\cdot\theta_1^2 + 10\cdot\theta_2^2\right) \qquad g = (1\cdot\theta_1,\; 10\cdot\theta_2)$$
#
# **Predict first**, in your head: from $\theta = (1, 1)$ with $\alpha = 0.1$, where is $\theta$ after one step?
# After two?

# %%
valley = problems.ravine(10)  # curvatures 1 and 10, start (1, 1)
path = run(sgd, valley, steps=2, lr=0.1).theta
table(["step", "theta_1", "theta_2"], [[t, *theta] for t, theta in enumerate(path)],
      ["", ".2f", ".2f"])

# %% [markdown]
# Across the valley one step was exactly enough: $1 - 0.1\cdot 10 = 0$.
# Along it, the same $\alpha$ covers a tenth of what is left: $1 \to 0.9 \to 0.81$.
# Keep that in mind; it is where this lesson will end.
#
# ### Too small, about right, too large
#
# **Predict:** fifty steps each, at $\alpha$ = 0.005, 0.15 and 0.202.
# Which ends lowest?
# What will the other two paths look like?
# (A marker stands at every fifth step.)

# %%
tries = {"too small": 0.005, "about right": 0.15, "too large": 0.202}
runs = {name: run(sgd, valley, steps=50, lr=lr) for name, lr in tries.items()}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), sharey=True)
for ax, (name, result) in zip(axes, runs.items()):
    plots.contours(valley, ax)
    plots.path(result, ax)
    ax.set_title(f"{name}: {tries[name]:g}")
    ax.set(ylabel="$\\theta_2$" if name == "too small" else "")
figure.suptitle("Short steps crawl, long ones fly apart", weight="bold")
plots.show(figure, "Three paths of 50 steps in a valley: at step size 0.005 it stops far from the "
           "minimum, at 0.15 it reaches it in a few swings, at 0.202 it swings ever further "
           "across the valley until it leaves the picture.")
end = {name: result.loss[-1] for name, result in runs.items()}

# %% [markdown]
# The loss starts at {{ runs["too small"].loss[0]:.1f }}.
# At 0.005 it has come to {{ end["too small"]:.2f }} and is still falling: every step is right and nothing is wrong except the time it takes.
# At 0.15 it is {{ end["about right"]:.0e}}; the first steps overshoot ([[oscillation]]), and that does no harm.
# At 0.202 every step lands further out on the other side than it started: {{ end["too large"]:.0f }}, and rising ([[divergence]]).
# From the step that works best to one that explodes it is not far.
# Where exactly is the border?
#
# ### The largest stable step
#
# Along each axis of this valley the rule is one multiplication.
# With $g = \lambda\theta$,
#
# $$\theta_t = \theta_{t-1} - \alpha\lambda\,\theta_{t-1} = (1-\alpha\lambda)\,\theta_{t-1}$$
#
# | $\alpha\lambda$ | each step multiplies the distance by | so it |
# |---|---|---|
# | between 0 and 1 | a number between 1 and 0 | comes closer from one side |
# | 1 | 0 | is there at once |
# | between 1 and 2 | a number between 0 and $-1$ | overshoots, and comes closer |
# | above 2 | a number below $-1$ | overshoots, and goes away |
#
# The steepest curvature decides: **gradient descent is stable for $\alpha < 2/\lambda_{\max}$**, here $2/10 = 0.2$.
# That was theory.
# Measure it: two thousand step sizes at once, on four valleys.
# The border is the largest step whose loss is lower after 500 steps than before the first.

# %%
lrs, rows = np.geomspace(1e-3, 2, 2000), []
for steepest in (2, 10, 50, 250):
    loss = run(sgd, problems.ravine(steepest), steps=500, record="loss", **grid(lr=lrs)).loss
    border = lrs[loss[-1] < loss[0]].max()
    rows.append([steepest, 2 / steepest, border])
table(["curvature", "2/curvature", "measured border"], rows, ["", ".3f", ".3f"])

# %% [markdown]
# They agree as closely as two thousand step sizes can tell: neighbours differ by {{ lrs[1] / lrs[0] - 1:.1%}}.
# Now all step sizes on our valley, as a picture.
# Look for the best step, and for how far it stands from the border (dashed).

# %%
hundred = run(sgd, valley, steps=100, record="loss", **grid(lr=lrs)).loss[-1]
best = lrs[hundred.argmin()]
half = hundred[np.abs(lrs - best / 2).argmin()]
figure, ax = plt.subplots(figsize=(7.2, 3.5))
plots.basin(lrs[::20], np.clip(hundred, 1e-18, 1e6)[::20], ax, rule=sgd)
ax.axvline(0.2, color="black", ls="--", linewidth=1.2)
ax.text(0.21, 1e-9, "$2/\\lambda_{\\max}$ = 0.2", va="center")
ax.set(yscale="log", ylim=(1e-18, 1e6), xlim=(1e-3, 0.6), ylabel="loss after 100 steps",
       title="The best step stands just before the wall")
plots.show(figure, "Loss after 100 steps against the step size, both axes logarithmic: it falls "
           "ever faster to a minimum at about 0.18, then rises like a wall at 0.2.")

# %% [markdown]
# The best of them is {{ best:.2f }}, {{ best / 0.2:.0%}} of the largest stable step.
# Caution is not free: half the best step ends at {{ half:.0e}}, the best at {{ hundred.min():.0e}}.
# You will meet this picture again: a slope, a best place, a wall.
# For which rules does the wall move, and is there one for all of them?
#
# ### Play: how steep a valley can you cross?
#
# Two sliders, step size and curvature across the valley.
# Reach the goal first.
# Then the question: **make the valley steeper across, a little at a time, and follow with the step size.
# What happens to the way *along* the valley?**
# How steep can you make it and still get below the line?

# %%
play.step_size().live()

# %% [markdown]
# When you have it: which step sizes meet the goal, and which is the steepest valley that anyone could cross?
# Try all settings.

# %%
def good_steps(steepest):
    """The step sizes that bring the loss below 1e-7 in 60 steps."""
    loss = run(sgd, problems.ravine(steepest), steps=60, record="last", **grid(lr=lrs)).loss[0]
    return lrs[loss < 1e-7]

windows = []
for steepest in (10, 12, 14, 15, 16):
    good = good_steps(steepest)
    windows.append([steepest, *((good.min(), good.max()) if good.size else ("none", "none"))])
table(["curvature across", "good step sizes from", "to"], windows, ["", ".3f", ".3f"])

# %% [markdown]
# Shorter steps are too slow along the valley; longer ones are too wild across it.
# A steeper valley closes the window from above, until, just above 15, nothing is left.
# No skill with the slider helps then: it is the *rule* that is too weak.
# Lesson 7 gives it a memory.
#
# *A place to stop.
# You know what a step size does, and where its limit lies.*

# %% [markdown]
# ## Part 3. How the course works
#
# | You will meet | What it asks of you |
# |---|---|
# | **Predict** | an answer of your own *before* you run the cell. A wrong one is worth more than none: it shows you which idea of yours to change |
# | **Play** | a question, sliders, often a goal. The text goes on without it, you learn less without it |
# | **Exercise** | a few lines of code, with hints that ask something; then the check |
# | *A place to stop* | nothing: come back another day |
#
# You have predicted and played.
# Now write and check.
#
# ### Exercise 1: write gradient descent (3 minutes)
#
# Every optimizer of the course is one short function.
# It gets the parameters `theta`, the gradient `g`, what it remembers, `s`, and its settings by name; it returns the new `theta` and what to remember.
# Gradient descent remembers nothing but the number of steps, `s.t`.
# Replace the dots by the formula.
#
# <details><summary>Hint</summary>Which way should theta move where g is positive, and how far if g is twice as large?</details>

# %% tags=["stub"]
def my_sgd(theta, g, s, *, lr):
    ...  # return your new theta here, State(s.t + 1)

# %% tags=["solution"]
def my_sgd(theta, g, s, *, lr):
    return theta - lr * g, State(s.t + 1)

# %% [markdown]
# The check runs your function beside the right one, over several steps and settings.
# Any form that gives the same path passes.

# %%
checks.check(my_sgd, against=sgd)

# %% [markdown]
# ### What a wrong attempt is told
#
# The check also knows the classic wrong versions of each rule, and runs them beside yours.
# Here is somebody's attempt.
# **Predict:** what is wrong with it, and what would you say to its author?

# %%
def uphill(theta, g, s, *, lr):
    return theta + lr * g, State(s.t + 1)

checks.check(uphill, against=sgd)

# %% [markdown]
# It names what it saw and asks a question; it does not give the answer.
# **Your turn to break it:** put one mistake into `wrong` below, run both cells, and see whether the check finds out.
# Forget `lr`.
# Divide by it.
# Lose `theta`.
# Use only the sign of `g`.
# Print something.
# Then one that it cannot know.

# %%
def wrong(theta, g, s, *, lr):
    return theta - g, State(s.t + 1)

# %% [markdown]
# What does it say to this one?

# %%
checks.check(wrong, against=sgd)

# %% [markdown]
# Where a mistake is not among those it knows, you get the first step and the first coordinate that part from the right path, with both numbers: enough to do the sum by hand.
#
# ### Exercise 2: predict a border (3 minutes)
#
# Not every answer is code.
# A valley has curvature 3 along and 40 across.
# Which is the largest stable step?
# Type it, then let the cell after try 2 % less and 2 % more.
#
# <details><summary>Hint</summary>Along which of the two axes does it blow up first?</details>

# %% tags=["stub"]
my_border = None

# %% tags=["solution"]
my_border = 2 / 40

# %% [markdown]
# A border is right when the shorter step falls and the longer one does not.
# 500 steps from $(1, 1)$ decide.

# %%
judges.judge_border(my_border)

# %% [markdown]
# If the first falls and the second grows, you have it.
# If both fall, your border is too low; if both grow, too high.
# The curvature along the valley does not enter: the steepest direction alone sets the limit, and all others must live with it.
#
# Answers to all exercises are in the folder `solutions`, in a notebook of the same name ([here](solutions/00_start_here.ipynb)).
# They help most after an attempt.
#
# *A place to stop.*

# %% [markdown]
# ## Part 4. The map of the course
#
# The lessons keep the numbers of the longer course they belong to, so 0 is followed by 7.
# Look for the lesson where two roads meet, and for the two arrows that only help.

# %%
plots.show(play.course_map(), "Map of the course. Lesson 0 leads to lesson 7, Momentum, and to "
           "lesson 8, RMSprop; both lead to lesson 9, Adam; 9 leads to lesson 10, AdamW, and "
           "to lesson 11, the GPU lab. Lesson 7 helps with 8, and 10 with 11.")
minutes = {lesson.number: lesson.minutes for lesson in play.COURSE}

# %% [markdown]
# What you have done so far is kept in one file on your own machine, and nowhere else.
# `python -m lessonlib.progress` shows where it is, and with `--remove` it removes it.

# %% tags=["machine"]
table(["lesson", "checks", "goals", "predictions"], play.done_so_far())

# %% [markdown]
# | Lesson | What you take along | Minutes (estimated) |
# |---|---|---|
# | 0, this one | step size, its limit, how to work | {{ minutes[0] }} |
# | [7, Momentum](07_momentum.ipynb) | a step along an average of gradients: the square root of the trouble, and where it buys nothing | {{ minutes[7] }} |
# | [8, RMSprop](08_rmsprop.ipynb) | a step size for each coordinate: what it makes irrelevant, and what it starts to depend on | {{ minutes[8] }} |
# | [9, Adam](09_adam.ipynb) | both, with one fix; how to compare optimizers; where Adam wins, loses and fails | {{ minutes[9] }} |
# | [10, AdamW](10_adamw.ipynb) | weight decay done right, and what a real training recipe holds | {{ minutes[10] }} |
# | [11, GPU lab](11_gpu_lab.ipynb) | a transformer trained three ways, and what a step costs in time and memory | {{ minutes[11] }} |
#
# All together about {{ sum(minutes.values()) / 60:.0f }} hours.
# Three ways through it:
#
# | You are | Your way | Where to stop |
# |---|---|---|
# | **learning alone** | one lesson a sitting, in order; the long ones in two | at any *place to stop*. After 9 you can train with Adam and say why; take 10 before you train a transformer |
# | **teaching thirty people** | five meetings of about 90 minutes: 0 with parts 1 and 2 of 7; the rest of 7 with part 1 of 8; the rest of 8; 9; 10. Lesson 11 as homework, or a sixth meeting where there are GPUs | at the cells named below; what is left over is homework, as every exercise checks itself |
# | **on Colab with a GPU** | part 1 here, part 1 of lesson 9 (25 minutes), then all of 11 | after lesson 11; come back for 10 when the sweep of the weight decay makes you curious |
#
# **In a hurry?**
# Lessons 0, 9 and 10 carry most of what a practitioner uses, if you take the formulas of 7 and 8 from the first page of lesson 9 on trust.
#
# ### For an instructor: the course in a room
#
# *Before.*
# Have everybody run part 1 the day before; after the installation nothing needs a network.
# Project the student's notebook, keep the solutions in another tab.
# Run the cells with a progress bar once in advance.
#
# *Each round takes about five minutes.*
# Read the question aloud.
# One minute of silence: everybody **writes down** a prediction.
# Show of hands.
# Only then run the cell.
# Ask someone whose prediction was wrong what they had assumed: that is the lesson.
# Play goes in pairs, one moves, one predicts, then they change.
# In an exercise the check speaks to each of the thirty on their own; walk to those whose verdict stays the same.
# Go on when half have passed.
#
# | Lesson | Stop at | Ask | You may hear |
# |---|---|---|---|
# | 0 | three step sizes | Which ends lowest? What do the others look like? | "smaller is safer, so it is better" |
# | 0 | the play above | Where is the window, and what closes it? | "a better step size will do" |
# | 7 | the task on the ravine | Does more memory alone help? What does it allow? | "momentum is always faster" |
# | 7 | the map, the bar and the funnel | Where must the bar lie for the loss to fall fastest? | "where nothing swings" |
# | 8 | the loss multiplied by 1000 | What changes in the path? | "the steps are 1000 times longer" |
# | 8 | turn the ravine | Which of the three rules notice the angle? | "all of them; none of them" |
# | 9 | which way is the first step wrong? | Too small or too large, without the correction? | "too small: m is" |
# | 9 | the same-step fallacy | Do two of the three rankings agree? | "the better optimizer wins anyway" |
# | 10 | one dimension settles it | Where do gradients of 0.03, 0.3 and 3 end? | "in the same place, by both forms" |
# | 10 | the spike after a careless restart | What if a run goes on without what the optimizer remembered? | "nothing: the weights are all there" |
# | 11 | the floor of a step | How many bytes must a step of Adam move for each parameter? | "8: m and v" |
#
# *After.*
# Ask each person for one prediction that was wrong, and collect them: they are where you begin next time.

# %% [markdown]
# ## What to take along
#
# - On a quadratic, gradient descent multiplies the distance along each axis of the valley by $1-\alpha\lambda$ at every step.
# - It is stable below $2/\lambda_{\max}$.
#   In a ravine, without noise, the best step stands just before that wall, and a step that is too small is not wrong, only slow.
# - Predict, then run.
#   The check says what it saw and asks; run it as often as you like.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | loss, gradient | what should become small; where it rises fastest |
# | learning rate, step size | the factor $\alpha$ of a step |
# | curvature | how fast the slope changes, $\lambda$ |
# | oscillation, divergence | steps that change sides; steps that go away |
#
# ### Further reading, and what each is good for
#
# - Goh 2017, *Why Momentum Really Works*, Distill.
#   Its first part does for gradient descent what this lesson does, with more algebra and pictures that move.
# - Boyd & Vandenberghe 2004, *Convex Optimization*, section 9.3.
#   Gradient descent and the condition number, with proofs.
# - Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapters 4.3 and 8.
#   The same ideas on the way to networks.
# - Sagun et al. 2017, *Empirical Analysis of the Hessian of Over-Parametrized Neural Networks*, arXiv:1706.04454.
#   What the curvatures of real networks look like.
#
# ### The question for lesson 7
#
# The largest curvature over the smallest is the [[condition number]] $\kappa$; a valley where it is large is a [[ravine]].
# One step size must serve both: below $2/\lambda_{\max}$ for the steep walls, and then it is far too short for the flat floor.
# The best compromise is $\alpha = 2/(\lambda_{\min}+\lambda_{\max})$.
# How long does it take?

# %%
def steps_needed(kappa):
    """Steps of the best size that bring the loss to a ten-billionth."""
    ravine = problems.ravine(kappa)
    loss = run(sgd, ravine, steps=8 * kappa, record="loss", lr=2 / (1 + kappa)).loss
    return int(np.argmax(loss <= 1e-10 * loss[0]))

# %% [markdown]
# **Predict:** if the best step brings the loss to a ten-billionth in about {{ steps_needed(10) }} steps at $\kappa = 10$, how many does it take at 100?
# At 1000?

# %%
table(["condition number", "steps"], [[kappa, steps_needed(kappa)] for kappa in (10, 100, 1000)])

# %% [markdown]
# Ten times the condition number, ten times the steps.
# The curvatures of a network are spread wider still, a few large ones and very many near zero (Sagun et al. 2017), and no step size helps: **one step size, many curvatures.**
#
# Look once more at the path that was too large: across the valley, steps that cancel each other; along it, steps that all agree.
# A rule that looks at one gradient at a time cannot tell the two apart.
#
# **Next:** [lesson 7, Momentum](07_momentum.ipynb).
# What if a step could remember?
