# %% [markdown]
# # Deeper into lesson 10
#
# Eight questions about AdamW that can wait.
# Each can be read and run alone, in any order.
# Sections 3 and 5 tell what your own decay does, and 6 and 7 what can go wrong in a run.
# Everywhere $\alpha$ is the step size, $w$ the decay and $\theta$ a weight.
#
# | Question | Minutes |
# |---|---|
# | 1. Does AdamW read more digits? | 5 |
# | 2. What does decay set, a size or an angle? | 7 |
# | 3. What do the weights remember? | 5 |
# | 4. Can a network understand late? Grokking | 6 |
# | 5. Where can AdamW end? A box | 7 |
# | 6. What does one bad batch do? | 5 |
# | 7. What is lost in a restart? | 6 |
# | 8. How uneven is Adam's decay in a network? | 3 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. Does AdamW read more digits?
#
# *5 minutes.
# Two cells take some tens of seconds each.*
#
# Decay has two forms, AdamW and Adam with L2, and here is a map of each.
# Each cell of a map is one small network that learns three hundred handwritten digits.
# A fifth of its labels are wrong on purpose, so that it can [[overfit|overfitting]].
# It is tested on new digits with right labels.
# Each map has three step sizes and five decays.

# %%
from lessonlib.lessons.lesson10 import decay_maps, gains
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

winner = predict(
    "Each form at its best of 15 settings. Which is ahead by two digits in a hundred or more?",
    ["AdamW", "Adam with L2", "neither of them"],
)
winner

# %% [markdown]
# Four [[seeds|seed]] for each map.

# %%
maps = gains.maps()

# %% [markdown]
# Bright cells read more digits, and the star is the best cell.
# The sliders move the red square.
# **Goal:** switch to Adam with L2, and find a cell that is at least as good as the best cell of AdamW.

# %% tags=["answer"]
decay_maps.decay_map(maps, gains.MAP_LRS, "AdamW").live()

# %% [markdown]
# The best cells in numbers.

# %% tags=["answer"]
rows, best = decay_maps.summary(maps, gains.MAP_LRS)
header = ["form", "best accuracy", "at lr", "decay"]
display(table(header, rows, ["", ".3f", ".4f", ".3g"]))
close = max(best.values()) - min(best.values()) < 0.02
winner.answer(winner.options[2] if close else max(best, key=best.get))

# %% [markdown]
# On the four starts of the maps L2 was ahead, by 0.9 points.
# On 128 fresh starts AdamW was, by half a point.
# That is too little to choose by.
#
# So why AdamW?
# Its decay can stay when the scale of the gradients changes.
# For example, sum the loss over a thousand examples instead of averaging it.
# Then all gradients are a thousand times as large.
# Here is what each form makes of that.

# %%
import numpy as np
from lessonlib import State, adamw

def end(decay, scale, l2):
    """The mean of 400 weights after 2000 noisy gradients of mean 0.3, multiplied by scale."""
    theta, s, noise = np.ones(400), State(), np.random.default_rng(0)
    for g in scale * (0.3 + noise.standard_normal((2000, 400))):
        g, w = (g + decay * theta, 0.0) if l2 else (g, decay)
        theta, s = adamw(theta, g, s, lr=0.01, weight_decay=w)
    return theta.mean()

rows = [["AdamW, decay 1", end(1, 1, False), end(1, 1000, False)],
        ["Adam with L2 of 1", end(1, 1, True), end(1, 1000, True)],
        ["Adam with L2 of 1000", end(1000, 1, True), end(1000, 1000, True)]]
table(["weight at step 2000", "usual gradients", "1000 times as large"], rows, ["", ".3f", ".3f"])

# %% [markdown]
# The weights of AdamW are at the same place with both.
# Those of Adam with L2 of 1 are far apart, and with the larger gradients they are still on their way.
# To bring them to their old place takes a decay a thousand times as large.
#
# <details><summary>Fine print</summary>One hidden layer, constant step size. The standard error of the half point is 0.1, and its runs take half a minute, with <code>python -m lessonlib.lessons.lesson10.gains</code>. The best cell is picked on the digits that it is measured on, so each best value is a little too high. Loshchilov and Hutter report that AdamW beats L2 on image networks with normalisation, where they tuned both.</details>
#
# ### And what does decay itself gain?
#
# Lesson 10 shows a network that reads 80 % of new digits without decay and 89 % with it.
# Both take the same step size there.
# Here each takes its own best one, picked on other digits, and there are twenty fresh starts of each.

# %%
read = gains.fair()
rows = [[name, *gains.PICKED[name], 100 * shares.mean()] for name, shares in read.items()]
header = ["trained with", "step size", "decay", "new digits read, %"]
gain, error = gains.paired(read["decay"] - read["no decay"])
table(header, rows, ["", ".2g", "g", ".1f"])

# %% [markdown]
# Start by start, decay is ahead by {{ gain:.1f}} in a hundred, with a standard error of {{ error:.1f}}.
# So with a step size of its own, a network without decay comes close.
#
# <details><summary>Fine print</summary>Runs of 1000 steps, constant step size. With a smaller step size a training also gets less far, and whether that helps was not tested apart. Nine step sizes and ten decays from 0 to 4, picked with eight starts by <code>python -m lessonlib.lessons.lesson10.gains</code>. D'Angelo et al. (2024) give other reasons for decay in large networks.</details>
#
# ## 2. What does decay set, a size or an angle?
#
# *7 minutes.*
#
# Under a steady gradient a weight of AdamW comes to rest at a distance of $1/w$ from zero, as in lesson 10.
# The step size is not in it.
# Under pure noise the weight wanders, and two effects set its usual size.
# Each noisy gradient moves it by about $\alpha$ to either side, and on average that adds $\alpha^2$ to $\theta^2$.
# Each decay takes $2\alpha w\,\theta^2$ from it.

# %%
import numpy as np
from lessonlib import adamw
from lessonlib.lessons.lesson10 import decay_maps, gains, norms
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

size = predict(
    "Pure noise, the same decay, lr ten times larger. How large are the weights in the end?",
    ["ten times as large", "about three times as large", "about as large"],
)
size

# %% [markdown]
# Here are four hundred weights whose gradients are noise.
# Beside them stands the size at which the two effects balance, $\sqrt{\alpha/2w}$.

# %% tags=["answer"]
steps_tried = np.array([0.003, 0.03])
sizes = decay_maps.sizes(adamw, lr=steps_tried, weight_decay=0.5)
rows = zip(steps_tried, sizes, (steps_tried / (2 * 0.5)) ** 0.5)
header = ["step size", "size of a weight", "root of lr / (2 decay)"]
display(table(header, rows, ["g", ".3f", ".3f"]))
size.answer(size.options[int(sizes[1] / sizes[0] < 5)])

# %% [markdown]
# Under noise, step size and decay set the size of a weight together.
#
# Now a case in which size means nothing.
# Many networks have norms, layers that bring what passes through them to one size.
# Here is the loss of a network with a norm behind its first weights, and of the same network without it.

# %%
header = ["network", "loss", "weights doubled", "slope along the weights"]
table(header, norms.along_the_weights(), ["", ".3f", ".3f", ".3f"])

# %% [markdown]
# With the norm, only the direction of the weights counts.
# The loss does not change along them, so its gradient stands at right angles to them.
# And the longer they are, the less a step turns them.
#
# Now take two hundred weights before a norm, with noise at right angles for a gradient.

# %%
angle = predict(
    "Step size times ten, decay divided by ten. By how much do the weights turn?",
    ["ten times as far at each step", "about as far as before", "a tenth as far"],
)
angle

# %% [markdown]
# The first three rows share one product $\alpha w$, and the last has ten times as much.
# Length and angle are measured late in the run, when they have settled.

# %% tags=["answer"]
lrs, decays = np.array([0.01, 0.0316, 0.1, 0.1]), np.array([1, 0.316, 0.1, 1])
lengths, turns = decay_maps.turns(adamw, lr=lrs, weight_decay=decays)
rows = zip(lrs, decays, lrs * decays, lengths, turns)
header = ["lr", "decay", "product", "length of the weights", "degrees turned at each step"]
display(table(header, rows, [".3g", ".3g", ".2f", ".2f", ".1f"]))
angle.answer(angle.options[1] if 0.9 < turns[2] / turns[0] < 1.1 else angle.options[0])

# %% [markdown]
# With one product the angle stays, because the length grows as much as the step size.
# Measure the length in step sizes, as $\theta/\alpha$.
# Each step keeps the share $1-\alpha w$ of it and adds $u$, Adam's step divided by $\alpha$.
# Adam divides the size of the gradient out, so $u$ depends on the direction of the weights alone.
# Only $\alpha w$ is left to decide how long the weights become, and how far a step turns them.
# Kosson et al. (2024) call this rotational [[equilibrium]].
#
# ### Does only the product count?
#
# Here the product alone sets the angle.
# If it also set how many new digits a network reads, ten times the step size would want a tenth of the decay.
# Test it on the small network that learns three hundred digits, a fifth of them with wrong labels.

# %%
product = predict(
    "AdamW with ten times the step size. How does the best decay change?",
    ["it falls to about a tenth", "it falls less, or not at all", "it grows about tenfold"],
)
product

# %% [markdown]
# Each run has 1200 steps, and this takes some tens of seconds.
# Several decays come within three digits in a hundred of the top.
# We call the middle of them the best decay.

# %% tags=["answer"]
row, (least, most) = decay_maps.falls(*gains.long_runs())
header = ["best decay at lr 0.01", "at 0.1", "falls by", "95 % interval"]
display(table(header, [row], [""] * 4))
product.answer(product.options[int(most < 10)])

# %% [markdown]
# The best decay falls to about a third, and a tenth is outside of the interval.
# So in this network, which has no norms, the product is not all that counts.
# After a change of the step size, tune the decay anew.
#
# <details><summary>Fine print</summary>Four starts. Each is judged by itself, and then the logarithms are averaged. In runs of 300 steps the middle differs too much from start to start.</details>
#
# ## 3. What do the weights remember?
#
# *5 minutes.*
#
# Write $-\alpha\,u_t$ for Adam's step.
# Then AdamW reads as follows.
#
# $$\theta_t = (1-\alpha w)\,\theta_{t-1} + \alpha w\cdot\Big(-\frac{u_t}{w}\Big)$$
#
# That is an [[exponential moving average]], with $1-\alpha w$ in the place of $\beta$ (Wang and Aitchison 2025).
# So the weights of AdamW are an average of $-u/w$ over its past steps.
# A steady gradient has $u = \pm1$, so this average ends at $1/w$ from zero.
#
# Check that the weights really are this average.
# Adam's step depends on the gradients alone, so `adam` without any decay gives $u$.

# %%
import math
import numpy as np
from lessonlib import State, adam, adam_l2, adamw
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

gradients = np.random.default_rng(1).standard_normal((500, 3))
s, past = State(), []
for g in gradients:
    moved, s = adam(np.zeros(3), g, s, lr=1.0)
    past.append(-moved)  # u

# %% [markdown]
# Here $\alpha w = 0.005$, and the step of $k$ steps ago has the weight $0.005\cdot0.995^k$.
# Adam with L2 is tried too, and there it should fail.

# %%
average = sum(0.005 * 0.995**k * -u / 0.5 for k, u in enumerate(reversed(past)))
expected, rows = average + 0.995**500 * np.ones(3), []  # with what is left of the start, 1
for rule in (adamw, adam_l2):
    s, theta = State(), np.ones(3)
    for g in gradients:
        theta, s = rule(theta, g, s, lr=0.01, weight_decay=0.5)
    rows.append([rule.__name__, "yes" if np.allclose(theta, expected) else "no"])
table(["rule", "its weights are this average"], rows)

# %% [markdown]
# We call $1/(\alpha w)$ steps the memory.
# At a constant step size a run of one memory leaves 37 % of its start.

# %%
cosine = predict(
    "lr falls from 0.001 to 0 along a cosine, 10,000 steps, decay 0.1. "
    "What percent of the start is left?"
)
cosine

# %% [markdown]
# Each step keeps the share $1-\alpha_t w$ of what is there.

# %% tags=["answer"]
lrs = [0.001 * 0.5 * (1 + math.cos(math.pi * t / 10_000)) for t in range(10_000)]
cosine.answer(100 * math.prod(1 - lr * 0.1 for lr in lrs))

# %% [markdown]
# It is nearly as if every step had the mean step size, which is half of the first one.
#
# Here is a run with the defaults of torch.
# Put in your own numbers, and for a schedule the mean step size.

# %%
lr, decay, steps = 0.001, 0.01, 10_000
row = [1 / (lr * decay), 100 * (1 - lr * decay) ** steps]
table(["memory in steps", "left of the start, %"], [row], [",.0f", ".0f"])

# %% [markdown]
# With the defaults a run of 10,000 steps is a tenth of the memory, so most of its start is left.
#
# How long should the memory be?
# Wang and Aitchison argue for at least about one pass over the data, and at most about the whole run.
# Lesson 10 starts from a memory as long as the run, and tests that guess.
#
# ## 4. Can a network understand late? Grokking
#
# *6 minutes.*
#
# The task is to complete a table of $(a+b) \bmod 59$.
# The network sees two fifths of the pairs.
# It knows nothing of numbers, so for it each of them is only a name.

# %%
from lessonlib import adamw
from lessonlib.lessons.lesson10 import grokking, judges_deeper, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

without = predict(
    "No decay, all training pairs right. How many of the unseen pairs are right, in percent?"
)
without

# %% [markdown]
# Now with decay.
# We say that a network understands when it gets 95 % of the unseen pairs right.

# %%
needs = predict(
    "AdamW with decay 1, and Adam with an L2 penalty. Which of them understands the unseen pairs?",
    ["neither", "AdamW only", "Adam with L2 only", "both"],
)
needs

# %% [markdown]
# The trainings were recorded, and Adam with L2 was stopped soon after it understood.
# Grey lines are training pairs, coloured ones pairs that were never seen.
# A thin line marks chance, one of 59.
# **Goal:** find a step at which every network knows its training pairs and still fails on most of the others.
#
# <details><summary>Fine print</summary>Three seeds each, and one without decay. The runs of AdamW and without decay have 1200 steps, those of Adam with L2 560. Recorded by <code>python -m lessonlib.lessons.lesson10.grokking --json data/grokking.json</code>. The step size is 0.01, beta2 is 0.98, and every step sees all training pairs.</details>

# %% tags=["answer"]
grown = grokking.from_record()
play.grokking(grown, grokking.COLORS).live()

# %% [markdown]
# The table shows the step at which 95 % were right, for each seed.

# %% tags=["answer"]
groks = {name: play.reached(found.test_accuracy, found.steps) for name, found in grown.items()}
rows = [[name, str(play.reached(found.train_accuracy, found.steps)), str(groks[name]),
         found.test_accuracy[-1].mean()] for name, found in grown.items()]
header = ["trained with", "training pairs by step", "unseen pairs by step", "unseen at the end"]
display(table(header, rows, ["", "", "", ".1%"]))
display(without.answer(100 * rows[2][3], within=1.0))
understood = [name.split(",")[0] for name, steps in groks.items() if None not in steps]
needs.answer({0: "neither", 2: "both"}.get(len(understood), f"{''.join(understood)} only"))

# %% [markdown]
# Without decay the network has learned its pairs by heart.
# Of the others it gets fewer right than guessing would.
# With decay it does the same at first.
# Then, long after all training pairs are right, it gets the others right too.
# This is called [[grokking]].
# Both forms of decay bring it about.
# Neither was tuned, so the picture does not say which is faster, nor does it say why it happens.
#
# ### Exercise 1. A stronger decay (3 minutes)
#
# AdamW forgets its start over about $1/(\alpha w)$ steps, its memory.
# With a step size of 0.01 and a decay of 1 that is 100 steps.
# The first start took {{ groks["AdamW, decay 1"][0] }} steps to understand.
# Find a decay with which it understands by step 700.
#
# <details><summary>Hint</summary>The training pairs were right by step 40. What would a memory much shorter than that do to them?</details>

# %% tags=["stub"]
my_decay = None

# %% tags=["solution"]
my_decay = 2.0

# %% [markdown] tags=["solution"]
# *Why it is so.*
# A decay of 2 has a memory of 50 steps, shorter than before and still longer than the 40 steps in which the training pairs are learned.
# With a decay of 10 the memory is 10 steps, and the network does not even learn its training pairs.

# %% [markdown]
# The judge trains a network with your decay for 700 steps, which takes some seconds.

# %%
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import modular_task

task = modular_task(hidden=128)

def again(decay):
    return train(adamw, task, steps=700, record_every=20, lr=0.01, beta2=0.98, weight_decay=decay)

judges_deeper.judge_stronger(my_decay, again, lr=0.01, first=groks["AdamW, decay 1"][0])

# %% [markdown]
# ## 5. Where can AdamW end? A box
#
# *7 minutes.*
#
# Adam with L2 goes to the minimum of loss plus penalty.
# Where does AdamW go?
# A weight rests where Adam's step and the decay $\alpha w\theta$ balance, and a steady step is never longer than $\alpha$.
# So no weight can rest further from zero than $1/w$.
# All points with weights no larger than that form a square box.
#
# Here is a tilted valley whose lowest point is at (2, 0.2).

# %%
from lessonlib.lessons.lesson10 import box, judges_deeper
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

where = predict(
    "With decay 1 the box reaches to 1. Where does AdamW end, with a step size that decays?",
    ["at the lowest point, outside", "at the point of the box that is closest to it",
     "at the point of the box with the lowest loss", "at the minimum of loss plus penalty"],
)
where

# %% [markdown]
# Lighter is lower.
# The slider sets the decay, and the steps get shorter like $1/\sqrt t$.
# **Goal:** find the largest weight decay at which AdamW still ends at the lowest point.

# %% tags=["answer"]
box.in_the_box().live()

# %% [markdown]
# The candidates in numbers, for a decay of 1.

# %% tags=["answer"]
rows = box.candidates(1.0)
display(table(["point", "first weight", "second"], rows, ["", ".2f", ".2f"]))
where.answer(where.options[2] if abs(rows[0][2] - rows[1][2]) < 0.01 else where.options[3])

# %% [markdown]
# AdamW ends at the lowest loss inside of the box.
# At a decay of 0.5 the box just reaches to the lowest point.
# At torch's default of 0.01 a box reaches to 100.
#
# <details><summary>What is proved?</summary>Xie and Li (2024) take full batches, and steps that get shorter while their sum grows without end. If AdamW converges then, it ends at a point from which no way inside of the box starts downhill. For a convex loss such as this one, that is the lowest point of the box.</details>
#
# <details><summary>And with the noise of mini-batches?</summary>Then AdamW stops short even of a lowest point inside of the box. One weight with its lowest point at 0.5 and a curvature of 1, in a box that reaches to 1, ends at 0.24 on average when noise of size 1 is added to its gradients.</details>
#
# A newer, cautious decay acts only where Adam's step and the decay agree in direction (Chen et al. 2025).

# %%
careful = predict(
    "With a cautious decay of 1, where does it end?",
    ["at the lowest point, outside of the box", "on the edge of the box", "at zero"],
)
careful

# %% [markdown]
# The same valley and the same steps.

# %% tags=["answer"]
rows = [[f"decay {w:g}", *box.end(box.cautious, w)] for w in (0.5, 1.0, 2.0)]
display(table(["cautious", "first weight", "second"], rows, ["", ".1f", ".1f"]))
careful.answer(careful.options[0] if abs(rows[1][1] - 2) < 0.1 else careful.options[1])

# %% [markdown]
# On the way out Adam's step points away from zero and the decay toward zero, so they disagree and the decay is off.
# On a way back both point toward zero, so the decay only makes Adam's step longer.
# It never works against Adam, so it cannot keep the weights from the lowest point.
#
# ### Exercise 2. The edge of the box (2 minutes)
#
# The weight of a network that is furthest from zero is at 0.3.
# Up to which decay is there room for it in the box?
#
# For your own `model`, `max(p.abs().max() for p in model.parameters())` is the size of this weight.

# %% tags=["stub"]
my_edge = None

# %% tags=["solution"]
my_edge = 1 / 0.3

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The box reaches to $1/w$, and that is 0.3 for a decay of 3.3.

# %% [markdown]
# The judge computes how far the box of your decay reaches.

# %%
judges_deeper.judge_edge(my_edge, size=0.3)

# %% [markdown]
# ## 6. What does one bad batch do?
#
# *5 minutes.*
#
# A network reads digits with AdamW.
# At step 100 one batch is bad, and its gradient is a thousand times too large.
# Adam divides by the size of the gradients.

# %%
from lessonlib.lessons.lesson10 import spikes
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

bad = predict(
    "So what does the bad batch do to the training?",
    ["nothing that one can see", "the loss rises, and training is slow afterwards",
     "the loss grows without end"],
)
bad

# %% [markdown]
# Three trainings from the same start, without a bad batch, with one, and with one whose gradient is shortened to length 1.
# On the right is the median length of Adam's part of a step, and the dotted line is the part of the decay.

# %% tags=["answer"]
spikes.show_spikes()
bad.answer(spikes.what_it_does())

# %% [markdown]
# Which part of Adam does this?
# Right after step 100 we put one or both averages back to what they were before it.

# %%
header = ["put back", "highest loss", "loss after 300 steps"]
table(header, spikes.put_back(), ["", ".2f", ".2f"])

# %% [markdown]
# The bad batch does two things.
# First, `m` goes on in its direction for some tens of steps, and that lifts the loss.
# Put `m` back, and the jump is gone.
# Second, its huge square stays in `v`, so Adam's steps stay short and the loss comes down slowly.
# Put both back, and the run ends as if there had been no bad batch.
# With `v` alone put back, Adam divides the huge `m` by the usual root, and the loss explodes.
#
# The decay does not go through `v`, so it goes on at full strength and is now the longer of the two.
# That is why the loss creeps up when `m` alone is put back.
# Without the decay it goes on falling.
#
# The gradient of this run has a usual length of {{ spikes.usual_length():.1f}}, and it is never longer than 1.
# So clipping at 1 cuts the bad batch alone, before either average sees it, and the training looks as if nothing had happened.
#
# <details><summary>How long does v stay too large?</summary>With the default beta2 of 0.999, as here, v is still about a hundred times too large after 2000 steps. With 0.95 the loss rises to less than a third of the height, and the steps stay short for some 200 steps.</details>
#
# <details><summary>Fine print</summary>A simulated bad batch, one seed, step size 0.01, decay 0.1. From two other starts some gradients are longer than 1, and clipping at 1 cuts them too. A real one has a gradient in its own direction as well. Late in a run the first step after a bad batch is up to three times as long as here, because v then rests on more gradients.</details>
#
# Now clip far below the usual length, so that every gradient of the run is cut.

# %%
tight = predict("Clipping at 0.01 from the first step on. What does it do to AdamW?",
                ["training nearly stops", "it trains at least as well as before"])
tight

# %% [markdown]
# Four trainings, all but the first with the bad batch in them, each the mean of three starts.
# The last one is cut only from step 51 on.

# %% tags=["answer"]
cases = {"no bad batch, no clipping": {"size": 1.0}, "clipped at 1": {"clip": 1.0},
         "clipped at 0.01": {"clip": 0.01},
         "clipped at 0.01 from step 51 on": {"clip": 0.01, "since": 51}}
rows = [[name, spikes.ends(**case).mean(), spikes.late_length(**case)]
        for name, case in cases.items()]
header = ["training", "loss after 300 steps", "length of a late step, in lr"]
display(table(header, rows, ["", ".3f", ".2f"]))
tight.answer(tight.options[int(rows[2][1] < 1.1 * rows[0][1])])

# %% [markdown]
# Cut so far, all gradients are equally long.
# Adam divides their common length out, and here the loss even ends a little lower.
# But if you start to cut in mid-run, `v` still holds the longer gradients from before, and all steps become short.
#
# ## 7. What is lost in a restart?
#
# *6 minutes.*
#
# The training of lesson 10 stops half-way.
# It has weights, the averages `m` and `v`, the step count `t`, the place in the schedule, and the generator of its batches.
# Its $\beta_2$ is 0.95.
# What happens if only some of them are restored?

# %%
import torch
from lessonlib.lessons.lesson10 import judges_deeper, training
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

torch.set_num_threads(1)  # for a network this small, one thread does
worst = predict(
    "Which missing part lifts the training loss most in the ten steps after the restart?",
    ["m, v and t", "only t", "the schedule", "m, v, t and the schedule", "the batches",
     "all but the weights"],
)
worst

# %% [markdown]
# In each row the parts that it names start anew.
# The highest loss of the next ten steps is compared with the last one before the restart, and the median of eight starts is shown.

# %% tags=["answer"]
lost = {"nothing": (), "m, v and t": ("m, v", "t"), "only t": ("t",), "the schedule": ("schedule",),
        "m, v, t and the schedule": ("m, v", "t", "schedule"),
        "the batches": ("batches",), "all but the weights": ("m, v", "t", "schedule", "batches")}
rows = [[name, *training.loses(pieces)] for name, pieces in lost.items()]
header = ["lost", "loss rises by", "the same run, bit for bit"]
display(table(header, rows, ["", "+.0%", ""]))
worst.answer(max(rows[1:], key=lambda row: row[1])[0])

# %% [markdown]
# Without `m`, `v` and `t` the loss rises most.
# Lose the schedule as well, and the loss rises less, because the new schedule begins with the short steps of a warm-up.
#
# ### Exercise 3. Only t is lost (3 minutes)
#
# After a long run `m` and `v` are full, but `t` starts again at 1.
# Here $\beta_1$ is 0.9 and $\beta_2$ is 0.95.
# How many times as long as without the loss is the next step of Adam?
#
# <details><summary>Hint</summary>What do the bias corrections of lesson 9 divide m and v by at t = 1?</details>

# %% tags=["stub"]
my_times = None

# %% tags=["solution"]
my_times = (1 / 0.1) / (1 / 0.05) ** 0.5

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both corrections take full averages for nearly empty ones.
# So $\hat m$ is ten times as large, and $\sqrt{\hat v}$ only about four and a half times.

# %% [markdown]
# The judge knows which correction was left out.

# %%
judges_deeper.judge_lost_count(my_times, beta1=0.9, beta2=0.95)

# %% [markdown]
# ### Shorter steps after the restart
#
# Without `m`, `v` and `t` Adam begins again with a full step for every weight.
# In the run that goes on, the next step of a typical weight is {{ training.forgotten().lengths[0, 0]:.2f}} step sizes long, about a seventh.
# Is it this first step alone that lifts the loss?

# %%
table(["m, v and t lost, and", "loss rises by"], training.rises(), ["", "+.0%"])

# %% [markdown]
# Cutting the first step alone does not help enough, so the next ones are too long as well.
# With all ten steps cut, or with a new warm-up to the present step size, the loss does not rise.
# A new schedule warms up to twice that, as in the last row, and the loss rises a little.
#
# <details><summary>And on a GPU?</summary>Two runs from the same file may part there, because some operations add in another order each time. <code>torch.use_deterministic_algorithms(True)</code>, with <code>CUBLAS_WORKSPACE_CONFIG=:4096:8</code> in the environment, chooses others, or raises an error where there is none.</details>
#
# ## 8. How uneven is Adam's decay in a network?
#
# *3 minutes.*
#
# Here is a network that reads digits, trained by Adam with its own `weight_decay`.
# Compare the tenth of its weights with the smallest gradients and the tenth with the largest.

# %%
import math
from lessonlib.lessons.lesson10 import opening
from lessonlib.play.prediction import predict

faster = predict(
    "How much faster does Adam decay the tenth with the smallest gradients?",
    ["about equally fast", "about 10 times", "about 100 times", "about 1000 times"],
)
faster

# %% [markdown]
# Each point is one weight, and shows which share of it the decay removed at the last step.
# AdamW has a hundred times the decay here, so that its line lies among Adam's points.

# %% tags=["answer"]
opening.show_shares()
ratio = opening.ratio_of_tenths()
faster.answer(faster.options[round(math.log10(ratio))])

# %% [markdown]
# Adam's points fall along a line, so ten times larger gradients mean a tenth of the decay.
# At the far left, {{ opening.off_the_line(1e-3):d}} points lie lower than the line by a third or more.
# With a hundredth of the decay it is {{ opening.off_the_line(1e-5):d}}.
# So it is the decay's own part of the gradient, $w\theta$, that fills `v` there.
# Between the medians of the two tenths the factor is {{ ratio:.0f}}.
#
# <details><summary>Fine print</summary>One hidden layer, 500 steps. Left out are biases, weights behind pixels that are always blank, and the smallest weights. The grey bands hold the tenths of Adam's network.</details>
#
# ## Further reading
#
# - Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*, arXiv:1711.05101.
# - Wang & Aitchison 2025, *How to set AdamW's weight decay as you scale model and dataset size*, ICML, arXiv:2405.13698.
# - Kosson, Messmer & Jaggi 2024, *Rotational Equilibrium: How Weight Decay Balances Learning Across Neural Networks*, ICML, arXiv:2305.17212.
# - Xie & Li 2024, *Implicit Bias of AdamW: $\ell_\infty$ Norm Constrained Optimization*, ICML, arXiv:2404.04454.
# - Chen et al. 2025, *Cautious Weight Decay*, arXiv:2510.12402.
# - Power et al. 2022, *Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets*, arXiv:2201.02177.
# - Prieto et al. 2025, *Grokking at the Edge of Numerical Stability*, ICLR, arXiv:2501.04697.
# - D'Angelo et al. 2024, *Why Do We Need Weight Decay in Modern Deep Learning?*, NeurIPS, arXiv:2310.04415.
