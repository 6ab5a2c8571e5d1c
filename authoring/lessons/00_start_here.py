# %% [markdown]
# # Lesson 0. Start here
#
# *About 22 minutes to read, 40 with the exercises.*
#
# A network learns in many steps, and each is meant to go downhill.
# The [[gradient]] says which way that is.
# It does not say how far to step, and this course begins with that question.
# From there it goes to momentum, RMSprop, Adam and AdamW, and you write each of them yourself.
# It has seven lessons of about an hour, this one and lessons 7 to 12.
#
# At the end of this one you have written your first [[optimizer]], and you can say how large its step size may be.
# You need partial derivatives and a little Python.
#
# Run the cells from top to bottom.
# To run one, click into it and press Shift and Enter together.
# The code of the first cell is hidden behind one line, so click that line and press the same keys.
# When all is well, nothing is printed.

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. Three walkers
#
# Three walkers stand at the same place in a long valley, and each wants to get as low as possible.
# Each feels how the ground slopes under its feet and steps straight downhill, again and again.
# That is [[gradient descent]].
#
# The height of the ground is called the [[loss]].
# For a network the place is the list of all its weights, and the height says how wrong its answers are.
#
# The walkers differ in one number, the [[step size|learning rate]].
# The length of a step is this number times the steepness of the ground.
#
# **This is your first prediction.**
# Click one of the three, and just guess.

# %%
from lessonlib.lessons.lesson00 import opening
from lessonlib.play.prediction import predict

lowest = predict("Which walker is lowest after fifty steps?", list(opening.WALKERS.values()))
lowest

# %% [markdown]
# **This is your first play.**
# Run the next cell, and you see the valley from above.
# The slider stands at the last step, so move it back to the start and watch the walkers.
# Each grey line joins places of the same height.
#
# **Goal:** find the first step at which the loss of the walker on the left is less than half of 5.5, its loss at the start.

# %% tags=["answer"]
opening.walkers().live()

# %% [markdown]
# <details><summary>Answer</summary>Step 8, where the loss is 2.7.</details>
#
# And this is the answer to your prediction.

# %% tags=["answer"]
lowest.answer(opening.lowest())

# %% [markdown]
# The walker on the left goes downhill at every step, and after fifty it is still on its way.
#
# The one in the middle lands on the other side of the valley at each step.
# That is called [[oscillation]], and the walker still arrives.
#
# The one on the right changes sides too.
# *Along* the valley, from left to right, it arrives.
# *Across* the valley it lands a little further out each time.
# That is [[divergence]].
#
# Between the last two step sizes there must be a [[border]], where walkers stop arriving.
# In this lesson you find it.

# %% [markdown]
# ## Part 2. Your first optimizer
#
# Here is one step in symbols.
#
# $$\theta_t = \theta_{t-1} - \alpha\, g_t$$
#
# | Symbol | Code | What it is |
# |---|---|---|
# | $\theta$ | `theta` | the [[parameters|parameter]], which say where the walker is |
# | $g$ | `g` | the [[gradient]] of the loss at the old place, which points where the loss rises fastest |
# | $\alpha$ | `lr` | the step size, or learning rate |
# | $t$ | `t` | the number of the step |
#
# In our valley the loss is $\frac12(\theta_1^2 + 10\,\theta_2^2)$, so the gradient is $(\theta_1,\ 10\,\theta_2)$.
#
# The [[curvature]] says how fast the gradient grows as you walk.
# Across the valley it is 10, so at a distance of 1 the gradient is 10, and twice as far out it is twice as large.
# Along the valley it is 1.

# %%
import numpy as np
from lessonlib import State, checks, grid, problems, run, sgd
from lessonlib.lessons.lesson00 import judges
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

across = predict(
    "You stand at 1, where the gradient is 10. With a step size of 0.12, where does one step end?"
)
across

# %% [markdown]
# The library's gradient descent is called `sgd`, short for [[stochastic gradient descent|gradient descent]].
# *Stochastic* means random, and in Part 4 you meet what is random in it.
# `sgd` returns two things, the new place and a memory, called the state.
# Gradient descent needs no memory, so its state only counts the steps, and later rules keep more.
# An empty state is `State()`.

# %% tags=["answer"]
theta, s = sgd(1.0, 10.0, State(), lr=0.12)
across.answer(theta)

# %% [markdown]
# You land on the other side.
#
# ### Exercise 1. Write gradient descent (5 minutes)
#
# You write an optimizer as one short function.
# It takes the parameters `theta`, the gradient `g`, its state `s`, and its settings.
# What comes after the `*` has to be given by name, as in `lr=0.15`.
#
# It returns the new `theta` and `State(s.t + 1)`, which remembers how many steps were taken.
#
# Solutions and their reasons are in the folder [solutions](solutions/00_start_here.ipynb).
#
# <details><summary>Hint</summary>Which way should theta move where g is positive, and how far if g is twice as large?</details>

# %% tags=["stub"]
def my_sgd(theta, g, s, *, lr):
    ...  # return the new theta, State(s.t + 1)

# %% tags=["solution"]
def my_sgd(theta, g, s, *, lr):
    return theta - lr * g, State(s.t + 1)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The gradient points uphill, so the step is subtracted.
# The step count goes up by one, for rules that have it in their formula, as Adam does in lesson 9.

# %% [markdown]
# **This is your first check.**
# It starts your function and the library's at the same place, and compares each step.

# %%
checks.check(my_sgd, against=sgd)

# %% [markdown]
# Now write a plus in place of the minus, and run the check again.
# It names the mistake where it can, and asks you a question.
# Then correct your function.
#
# ### Four words for an experiment
#
# To find a border by experiment you take many walks.
#
# | Word | What it does |
# |---|---|
# | `run(rule, problem, steps=50, lr=0.15)` | takes the steps, by `sgd` or by your `my_sgd`, and returns what happened |
# | `**grid(lr=[...])` | takes the place of `lr=0.15`, and makes one walk for each value; it needs the two stars |
# | `record="loss"` | keeps the losses, and leaves out the places |
# | `.loss` | the losses, from `.loss[0]` before the first step to `.loss[-1]` after the last |

# %%
valley = problems.ravine(10)  # a narrow valley: curvature 1 along it, 10 across
sizes = [0.005, 0.15, 0.202]
three = run(sgd, valley, steps=50, record="loss", **grid(lr=sizes))
table(["step size", "loss at the end"], zip(sizes, three.loss[-1]), ".3g")

# %% [markdown]
# With `grid`, `.loss[-1]` holds one number for each walk.
#
# The ending `e-08` means that the decimal point moves eight places to the left.
#
# ### Exercise 2. Many walks at once (5 minutes)
#
# Where is the border of a valley with a curvature of 50 across?

# %%
steep = problems.ravine(50)
lrs = np.geomspace(0.01, 0.1, 201)  # 201 step sizes from 0.01 to 0.1

# %% [markdown]
# Run your `my_sgd` for 500 steps with each of these step sizes, and keep the losses only.
# If yours is not ready, take `sgd`.
#
# <details><summary>Hint</summary>Begin from the line that makes <code>three</code>. Is it the right rule, valley, number of steps and list of step sizes?</details>

# %% tags=["stub"]
my_runs = None

# %% tags=["solution"]
my_runs = run(my_sgd, steep, steps=500, record="loss", **grid(lr=lrs))

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The rule, the valley, the number of steps and the list of step sizes change, and `record="loss"` stays.
# Nobody needs a loop, because `run` takes all walks together.

# %% [markdown]
# The judge looks at your walks.

# %%
judges.judge_runs(my_runs)

# %% [markdown]
# Make a new cell with the + button, and find the border in your walks.
# Below the border the last loss is lower than the first.
# What is the largest of `lrs` at which that is so?
# `lrs[condition]` keeps the step sizes for which a condition is true.
#
# <details><summary>Answer</summary><code>lrs[my_runs.loss[-1] &lt; my_runs.loss[0]].max()</code> is 0.0398. The next step size of the list is 0.0403, so the border is between the two.</details>

# %% [markdown]
# ## Part 3. How large may the step size be?
#
# The walks say where the border is.
# Why is it there?
#
# Along an axis with curvature $\lambda$ the gradient is $\lambda\theta$, so a step is one multiplication.
#
# $$\theta_t = \theta_{t-1} - \alpha\lambda\,\theta_{t-1} = (1-\alpha\lambda)\,\theta_{t-1}$$
#
# The number $1-\alpha\lambda$ is the factor of the step.
# In your first step it was $1 - 0.12\cdot 10 = -0.2$.

# %%
from lessonlib import problems, run, sgd
from lessonlib.lessons.lesson00 import judges, opening, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

twice = predict(
    "The step size is 0.2 and the curvature across is 10. What does a walker do across the valley?",
    list(opening.HOPS),
)
twice

# %% [markdown]
# Here are four steps.

# %% tags=["answer"]
walk = run(sgd, problems.ravine(10), steps=4, lr=0.2)
display(table(["step", "across the valley"], enumerate(walk.theta[:, 1]), ["", ".2f"]))
twice.answer(opening.what_it_does(walk))

# %% [markdown]
# The factor is $1 - 0.2\cdot 10 = -1$.
#
# | $\alpha\lambda$ | each step multiplies the position by | so the walker |
# |---|---|---|
# | between 0 and 1 | a number between 1 and 0 | comes closer from one side |
# | 1 | 0 | is there at once |
# | between 1 and 2 | a number between 0 and $-1$ | changes sides, and comes closer |
# | 2 | $-1$ | [[hops|hop]] from side to side for ever |
# | above 2 | a number below $-1$ | changes sides, and goes further out |
#
# A step size is stable when the walker comes closer along every axis.
# The axis with the largest curvature is the strictest.
# So **in such a valley gradient descent is stable as long as $\alpha < 2/\lambda_{\max}$**.
# In Exercise 2 that is $2/50=0.04$.
#
# ### Where is the best step size?
#
# A stable step size need not be a good one.

# %%
best = predict(
    "The border is 0.2 in the first valley. Where is the best step size for 100 steps?",
    list(opening.BEST),
)
best

# %% [markdown]
# Here are two thousand walks in that valley, each with its own step size.

# %% tags=["answer"]
opening.show_border()
best.answer(opening.where_the_best_is())

# %% [markdown]
# At a step size of 0.18, each step multiplies the position along the valley by 0.82 and the one across it by $-0.8$.
# So both shrink about equally fast.
# A larger step size slows the walk across, and a smaller one slows the walk along.
#
# Short steps are safe in this valley, and they cost time.
# In the same steps the loss falls by 10 powers of ten at half of the border, and by 18 at nine tenths of it.
#
# <details><summary>Is it always nine tenths?</summary>No. Both distances shrink equally fast at 2 divided by the sum of both curvatures, here 2/11. After 100 steps 0.18 is still ahead of it, because the loss counts the distance across ten times. Where both curvatures are equal, 2 divided by their sum is half of the border.</details>
#
# ### Exercise 3. A border in your head (3 minutes)
#
# A valley has curvature 3 along and 40 across.
# What is its border?
#
# <details><summary>Hint</summary>Raise the step size slowly in your head. Along which of the two axes does the loss grow first?</details>

# %% tags=["stub"]
my_border = None

# %% tags=["solution"]
my_border = 2 / 40

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Along the valley alone the step size could be thirteen times as large.
# But there is one step size for both axes, so the larger curvature decides.

# %% [markdown]
# The judge tries a step size on each side of your border.

# %%
judges.judge_border(my_border)

# %% [markdown]
# ### How large may the curvature be?
#
# One step size has to serve both directions.
# You set the step size, and the curvature across.
#
# **Goal:** with a curvature of 14 or more across, bring the loss below 0.0000001 in 60 steps.
# Raise the curvature a little at a time, and follow with the step size.

# %% tags=["answer"]
play.step_size().live()

# %% [markdown]
# <details><summary>Answer</summary>For example a curvature of 14.5 and a step size of 0.125.</details>
#
# When you have found yours, the next cell draws all step sizes that work.

# %% tags=["answer"]
play.show_window()

# %% [markdown]
# The smallest step size that works is set by the walk along the valley, where the curvature is always 1.
# The largest one falls with the border, and from a curvature of 15.2 on no step size works.
# In lesson 7 you write a rule for larger curvatures.

# %% [markdown]
# ## Part 4. A step size for a network
#
# A network's curvature changes as it learns, so no single border can be looked up.
# You find a step size by trying.
#
# ### The recipe
#
# Each step sees only a few of the examples, drawn at random.
# They are called a [[mini-batch]], and this drawing is what *stochastic* stands for.
#
# The tries should differ in the step size alone.
# So begin each with the same network, and give it the same few hundred steps.
# At a large step size the loss can jump from one step to the next.
# So compare the averages of the last 50 losses, and keep the lowest.
#
# 1. Try 0.001, 0.01 and 0.1.
# 2. If the largest is best, add one ten times larger, and if the smallest is best, one ten times smaller.
#    Do so until the best one lies inside your list.
# 3. Try a third of the best one, and three times the best one.
#    Keep the best of all.
# 4. Last, try twice the best one, and keep the better of the two.
#
# <details><summary>What does the recipe leave open?</summary>It looks at the training loss of a short run, and asks neither about a longer run nor about new images.</details>
#
# ### Exercise 4. Find a step size (5 minutes)
#
# A small network reads handwritten digits, and each step sees 64 of them.
# Here is item 1 of the recipe, which takes a few seconds.
# The loss is measured on all training images.

# %% tags=["chaotic"]
from lessonlib import grid, problems, run, sgd
from lessonlib.lessons.lesson00 import judges, trying

network, to_try = problems.digits_net(), [0.001, 0.01, 0.1]
tries = run(sgd, network, steps=200, record="loss", **grid(lr=to_try))
trying.show_tries(to_try, tries.loss)

# %% [markdown]
# Go on with items 2 to 4.
# Add the next step sizes to the list `to_try`, and run that cell again.
# Which step size do you take?
#
# <details><summary>Hint</summary>At which end of the list is the best one?</details>

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 1

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Of the first three 0.1 is the best, at the end of the list.
# So you add 1, which is better, and then 10, which stays at a blind guess.
# A third of 1 ends higher, and 3 and 2 stay at a blind guess too.
# So there is a border again, between 1 and 2.

# %% [markdown]
# The judge trains the network from three starts with your step size, and then with twice your step size.
# That takes some ten seconds.

# %%
judges.judge_step_size(my_lr)

# %% [markdown]
# At step sizes of 2, 3 and 10 the loss jumps above its start, and ends near 2.3.
# That is the loss of a blind guess, which gives each of the ten digits a probability of 0.1.
# This network's loss is the [[cross-entropy]], so there it is $-\ln 0.1$.
#
# <details><summary>Why does it stay there?</summary>After the jumps at least 30 of the 32 hidden units give 0 for every image, so every image gets nearly the same answer. No such answer has a lower loss. With hidden units that do not stay at 0, the leaky ReLU, the loss ends above 1000.</details>
# <details><summary>Is it the mini-batch that makes the loss jump?</summary>In part. With <code>problems.digits_net(batch=None)</code> in that cell, each step sees all images. Then the loss rises at 21 of the 200 steps at 1, in place of 92.</details>
# <details><summary>How much does the curvature change?</summary>Here the largest one is 2.6 at the start. After the 200 steps it is 3.9 with a step size of 0.1, and 1.4 with a step size of 1. So at 1 the border moves from 0.77 to 1.4.</details>
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **Type** | `opt = torch.optim.SGD(model.parameters(), lr=0.1)`, which is gradient descent in PyTorch with a first try |
# | **At each batch** | `opt.zero_grad()`, because PyTorch adds up gradients. Then `loss = criterion(model(x), y)`, `loss.backward()` and `opt.step()` |
# | **Change first** | the step size, by the recipe |
# | **The loss grows** | take a third of the step size again and again. If it still grows at a thousandth of the first, look for a mistake in the code |
# | **It ends near its first value** | try smaller and larger step sizes. In Exercise 4 it does so at 0.001 and at 10 |
# | **Try another optimizer** | when the loss falls slowly at the best step size that you find |
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>The largest curvature of a valley is 1000. How large may the step size be?</summary>Less than 0.002, which is 2 divided by the curvature.</details>
# <details><summary>A loss falls at every step, and very slowly. Is the step size right?</summary>It may be far too small, like that of the left walker in Part 1. Go through the recipe.</details>
# <details><summary>At alpha times lambda between 1 and 2 a walker changes sides at every step. Is that bad?</summary>No. It comes closer each time, and the best step size of our valley is such a one.</details>
#
# ### What to take along
#
# - Along each axis of a valley, a step of gradient descent multiplies the position by $1-\alpha\lambda$.
# - It is stable below $2/\lambda_{\max}$, and in our valley the best step size stands just below that border.
# - Predict, then run.

# %% [markdown]
# ## Part 5. The course
#
# A word with a link leads to the [glossary](glossary.ipynb).
#
# ### The map, and where you are on it

# %%
from lessonlib.lessons.lesson00 import course
from lessonlib.play.prediction import summary

course.show_map()

# %% [markdown]
# Take the lessons in order, one at a sitting.
# The notebooks in the folder `deeper` are for another day, in any order.
#
# <details><summary>And with little time?</summary>Go from here to the lesson on Adam. It repeats the two formulas that it needs from lessons 7 and 8, and you come back for their reasons.</details>
# <details><summary>And with a GPU for today only?</summary>On Colab you can ask for one. Go on with the first two parts of the lesson on Adam, and then the GPU lab.</details>
#
# ### Is your machine ready?
#
# The next cell looks, and it times a few small trainings.

# %% tags=["machine"]
from lessonlib.lessons.lesson00 import machine

machine.report(machine.gpu())

# %% [markdown]
# ### Your record
#
# What you have done is kept in one file where the notebook runs.
# The course sends it nowhere, unless your teacher opens a shared board and you join it.
# To remove it, type `progress.remove()` in a cell.
# The README says how to switch it off, and how to keep it on Colab.

# %% tags=["machine"]
print(machine.offer_record())

# %% [markdown]
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# **Next, [lesson 7, Momentum](07_momentum.ipynb).**
# Think of the middle walker of Part 1.
# Across the valley each of its steps goes back half of the way that the step before went.
# Along the valley all of them go the same way.
# What if a step could remember the ones before it?
