# %% [markdown]
# # Deeper into lesson 10
#
# Eight questions about AdamW that can wait.
# Each stands alone, so you can read them on different days and in any order.
# Every section starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. Does AdamW read more digits, and which decay suits which step size? | 14 |
# | 2. What does decay set, a size or an angle? | 8 |
# | 3. What do the weights remember? | 7 |
# | 4. Why may a network understand late? Grokking | 12 |
# | 5. Where can AdamW end? A box | 9 |
# | 6. What does one bad batch do, and what does clipping do? | 6 |
# | 7. What is lost in a restart? | 6 |
# | 8. What does the memory of AdamW cost? | 4 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. Does AdamW read more digits, and which decay suits which step size?
#
# *14 minutes.
# One cell takes some tens of seconds.*
#
# Here are two maps, one for AdamW and one for Adam with L2.
# Each cell of a map is one small network that learns 300 handwritten digits.
# A fifth of its labels are wrong on purpose, so that it can [[overfit|overfitting]].
# It is tested on 500 digits with right labels.
# Each map has nine step sizes and nine decays.

# %%
import numpy as np
import torch
from lessonlib import adam_l2, adamw, grid
from lessonlib.lessons.lesson10 import decay_maps, judges_deeper
from lessonlib.play.prediction import predict
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import digits_task
from lessonlib.lessons.tables import table

winner = predict("Each form at its best of 81 settings. Which reads clearly more digits?",
                 ["AdamW", "Adam with L2", "neither of them"])
winner

# %% [markdown]
# AdamW takes the share $\alpha w$ of each weight at each step.
# So one often reads that only the product matters, and a tenfold step size wants a tenth of the decay.

# %%
product = predict(
    "AdamW with ten times the step size. How does the best decay change?",
    ["it falls to about a tenth", "it falls much less, or not at all", "it grows about tenfold"],
)
product

# %% [markdown]
# Four [[seeds|seed]] for each map.

# %%
lrs = np.geomspace(1e-3, 1e-1, 9)
forms = {"AdamW": (adamw, np.geomspace(1e-3, 10, 9)),
         "Adam with L2": (adam_l2, np.geomspace(1e-4, 1, 9))}
maps = {}
for name, (rule, decays) in forms.items():
    trained = train(rule, digits_task(), steps=300, seeds=range(4), batch=50,
                    dtype=torch.float64, **grid(lr=lrs, weight_decay=decays))
    maps[name] = decay_maps.Map(rule.__name__, decays, trained.test_accuracy[-1])

# %% [markdown]
# Bright cells read more digits, and the star is the best cell.
# At each step size a dot marks the middle of the decays that are within 3 points of the best there.
# Call this bright band the valley, because the error is lowest there.
# The line has the mean slope of the four seeds.
# One column is a quarter of a decade and one row half a decade, so the product rule would fall one row for every two columns.
# **Goal:** in another form, find a cell that is at least as good as the best cell of AdamW.

# %% tags=["answer"]
decay_maps.decay_map(maps, lrs, "AdamW").live()

# %% [markdown]
# The same in numbers.
# Ties are cells that four seeds cannot tell from the best one.
# The slope has its 95 % interval over the seeds.

# %% tags=["answer"]
rows, slopes, best = decay_maps.summary(maps, lrs)
header = ["form", "best accuracy", "at lr", "decay", "ties of 81", "slope"]
display(table(header, rows, ["", ".3f", ".4f", ".3g", "", ""]))
mean, half = slopes["AdamW"]
display(product.answer(product.options[mean - half > -1]))
close = max(best.values()) - min(best.values()) < 0.02
winner.answer(winner.options[2] if close else max(best, key=best.get))

# %% [markdown]
# For AdamW the slope is {{ mean:.1f}}, and the product rule's $-1$ is outside of its interval.
#
# Neither form reads clearly more digits.
# The best cells differ by about a point, and many cells of each map tie with the best.
# What the maps show is that some decay helps here, wherever the step size is large enough to learn the wrong labels.
#
# So why AdamW?
# Because its setting means the same whatever the scale of the gradients.
# Multiply the loss by 1000, and AdamW takes the same path as long as its gradients stay far above $\epsilon$.
# Adam with L2 then needs a decay 1000 times as large.
#
# <details><summary>Fine print</summary>One hidden layer of 32 units, 300 steps of 50 images, constant step size. The best of 81 cells is picked on the same test digits that it is measured on, so each best value is a little too high. The way to find the middle of the valley was chosen after a look at early runs, and other ways moved the slopes by a few tenths, none to -1. One straight line per map is a simplification. Loshchilov and Hutter report that AdamW beats L2 on image networks with normalisation, where they tuned both.</details>
#
# ### Is the slope always the same?
#
# A run of 300 steps is short.
# With four times as many steps, does the valley of AdamW stay where it is?

# %%
longer = predict(
    "1200 steps instead of 300. Where does the middle of the valley go at small step sizes?",
    ["to smaller decays", "it stays", "to larger decays"],
)
longer

# %% [markdown]
# Half a map of 1200 steps, with two seeds.
# The table shows the middle of the valley at each step size, where it lies on the map.

# %% tags=["answer"]
decays, short = forms["AdamW"][1], maps["AdamW"].accuracy[:, ::2]
trained = train(adamw, digits_task(), steps=1200, seeds=range(2), batch=50,
                dtype=torch.float64, **grid(lr=lrs[::2], weight_decay=decays))
long = trained.test_accuracy[-1]
middles = zip(lrs[::2], decay_maps.middles(short, decays), decay_maps.middles(long, decays))
display(table(["step size", "300 steps", "1200 steps"], middles, [".4f", "", ""]))
longer.answer(decay_maps.where_it_goes(short, long, decays))

# %% [markdown]
# A dash means that the middle is not on the map.
# In the longer runs it shows at a smaller step size too, and at 0.01 it lies at a larger decay.
# At the largest step size it falls.
# So the valley bends, and how steep it is depends on where you look and how long you train.
# That is one more reason to try a few decays around your first choice.
#
# <details><summary>Fine print</summary>Two seeds are few, and neighbouring cells often tie, so read the table as a direction and not as numbers.</details>
#
# ### Exercise. Translate a decay (2 minutes)
#
# Loshchilov and Hutter's own form of AdamW does not multiply the decay by the step size.
# So their decay is PyTorch's $\alpha w$ in one number, and the slope of their valley is larger by one.
# At step size 0.01, which decay in their form takes the same step as PyTorch's 0.5?

# %% tags=["stub"]
my_d = None

# %% tags=["solution"]
my_d = 0.01 * 0.5

# %% [markdown] tags=["solution"]
# *Why it is so.*
# PyTorch multiplies by the step size and the paper does not, so the paper's decay is the product.

# %% [markdown]
# One step of each from $\theta = 1$ with a gradient of 0.3 decides.

# %%
judges_deeper.judge_decay(my_d)

# %% [markdown]
# ## 2. What does decay set, a size or an angle?
#
# *8 minutes.*
#
# Under a steady gradient a weight comes to rest at $1/w$, and the step size is not in it.
# Under pure noise it is.
# A step adds about $\alpha^2$ to $\theta^2$, the decay takes $2\alpha w\,\theta^2$, so $|\theta|$ settles near $\sqrt{\alpha/(2w)}$.
# A network has both, so we measure the length of all its weights together.

# %%
import numpy as np
import torch
from lessonlib import adamw, grid, run
from lessonlib.lessons.lesson10 import decay_maps
from lessonlib.play.prediction import predict
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import digits_task
from lessonlib.lessons.tables import table

size = predict("With decay 1, the step size grows from 0.001 to 0.1. What do the weights do?",
               ["grow about 100 times", "grow about 4 times", "change by less than a factor of 2"])
size

# %% [markdown]
# Networks for digits as in section 1, with next to no decay and with a decay of 1.

# %% tags=["answer"]
few = np.geomspace(1e-3, 1e-1, 5)
trained = train(adamw, digits_task(), steps=300, seeds=range(2), batch=50, dtype=torch.float64,
                **grid(lr=few, weight_decay=[0.001, 1.0]))
lengths = trained.norm[-1].mean(axis=0)
rows = [[f"decay {decay}", *lengths[:, i]] for i, decay in enumerate(("0.001", "1"))]
display(table(["length of all weights", *(f"lr {lr:.2g}" for lr in few)], rows, ".1f"))
spread = lengths[:, 1].max() / lengths[:, 1].min()
size.answer(size.options[2] if spread < 2 else size.options[1])

# %% [markdown]
# With next to no decay the weights grow with the step size.
# With decay their length changes far less, while the step size changes a hundredfold.
# The decay caps the growth.
# It does not follow that every network has come to rest, because at the smallest step sizes the memory $1/(\alpha w)$ is longer than the 300 steps.
#
# Now a case in which size means nothing.
# Many networks have norms, layers that bring what passes through them to one size.
# Double the weights before a norm, and no output changes.
# Only their direction counts, and the gradient is at right angles to them.
# The size still matters in one way.
# The longer the weights, the less a step turns them.
#
# The simplest such case has 200 weights whose gradient is noise at right angles to them.

# %%
angle = predict(
    "The step size is ten times larger and the decay a tenth. By how much do the weights turn?",
    ["ten times as far at each step", "about as far as before", "a tenth as far"],
)
angle

# %% [markdown]
# The mean angle between one step and the next, for three step sizes and three decays.

# %% tags=["answer"]
axes = grid(lr=[0.01, 0.03, 0.1], weight_decay=[0.1, 0.3, 1.0])
turns = decay_maps.turns(adamw, **axes)
rows = [[lr, *row] for lr, row in zip(axes["lr"].ravel(), turns)]
header = ["lr", "decay 0.1", "decay 0.3", "decay 1"]
display(table(header, rows, ["g", ".1f", ".1f", ".1f"], caption="degrees turned at each step"))
angle.answer(angle.options[1] if 0.9 < turns[2, 0] / turns[0, 2] < 1.1 else angle.options[0])

# %% [markdown]
# Look along the diagonal from lower left to upper right.
# The product $\alpha w$ is the same there, and so is the angle.
# Step and decay balance at a length at which the angle depends on the product alone.
# Kosson et al. (2024) call this rotational equilibrium.
#
# So here the product rule holds.
# Whether it holds in a whole network with norms, where some weights stand before a norm and others do not, this experiment does not show.
#
# **To do.**
# By how much does the angle grow when the product grows a hundredfold?
#
# <details><summary>Answer</summary>About tenfold, as you can read off the corners. The angle goes with the root of the product.</details>
#
# ## 3. What do the weights remember?
#
# *7 minutes.*
#
# Write $u_t$ for Adam's step in units of $\alpha$.
# Then AdamW reads as follows.
#
# $$\theta_t = (1-\alpha w)\,\theta_{t-1} + \alpha w\cdot\Big(-\frac{u_t}{w}\Big)$$
#
# That is an [[exponential moving average]], with $1-\alpha w$ in the place of $\beta$ (Wang and Aitchison 2025).
# So the weights of AdamW are an average of its past steps, each divided by $w$.
# A steady gradient has $u = \pm1$, so this average ends at $1/w$ from zero.
#
# Check that the weights really are this average.

# %%
import math
import numpy as np
from lessonlib import State, adam
from lessonlib.lessons.lesson10 import play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

rng, s, theta, past = np.random.default_rng(1), State(), np.ones(3), []
for _ in range(500):
    moved, s = adam(theta, rng.standard_normal(3), s, lr=0.01)
    past.append((theta - moved) / 0.01)  # u, the step in units of lr
    theta = moved - 0.01 * 0.5 * theta

# %% [markdown]
# Here $\alpha w = 0.005$, and the step of $k$ steps ago has the weight $0.005\cdot0.995^k$.

# %%
average = sum(0.005 * 0.995**k * -u / 0.5 for k, u in enumerate(reversed(past)))
left_of_start = 0.995**500 * np.ones(3)
print("the same:", np.allclose(theta, average + left_of_start))

# %% [markdown]
# The memory is $1/(\alpha w)$ steps, and the picture of lesson 10 shows it for a constant step size.
# With a [[schedule]] the shares differ from step to step.
# What counts is the sum of $\alpha w$ over the run.

# %%
cosine = predict(
    "lr falls from 0.001 to 0 along a cosine over 10,000 steps, decay 0.1. Left of the start, in %?"
)
cosine

# %% [markdown]
# Each step keeps the share $1-\alpha_t w$ of what is there.

# %% tags=["answer"]
steps, left = 10_000, {}
for name, shape in (("constant", lambda t: 1.0),
                    ("cosine", lambda t: 0.5 * (1 + math.cos(math.pi * t / steps)))):
    shares = [1 - 0.001 * shape(t) * 0.1 for t in range(steps)]
    left[name] = 100 * math.prod(shares)
display(table(["schedule", "left of the start, %"], left.items(), ["", ".0f"]))
cosine.answer(left["cosine"])

# %% [markdown]
# A cosine halves the sum of the step sizes, so it decays like half the number of steps.
# If you change the schedule, compute the sum again.
#
# How long should the memory be?
# Wang and Aitchison argue that it should not be much shorter than one pass over the data, nor much longer than the run.
# They find that the best memory, counted in passes over the data, stays nearly the same as model and data grow.
#
# **To do.**
# A run of 10,000 steps at a constant step size of 0.001 should remember half of itself.
# Which decay?
#
# <details><summary>Answer</summary>1 / (0.001 · 5000) = 0.2.</details>
#
# ## 4. Why may a network understand late? Grokking
#
# *12 minutes.*
#
# The task is to complete a table of $(a+b) \bmod 59$.
# The network sees 40 % of its {{ 59 * 59:,}} pairs, and it knows nothing of numbers.
# For it, each of 0 to 58 is a word with 64 learned numbers.

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

# %%
needs = predict(
    "AdamW with decay 1, and Adam with an L2 penalty. Which of them understands the unseen pairs?",
    ["neither", "AdamW only", "Adam with L2 only", "both"],
)
needs

# %% [markdown]
# AdamW trains 1200 steps and L2 560, with three seeds each.
# Without decay one seed trains 1200 steps.
# All seven were recorded, because together they take most of a minute.
# In the exercise below you train one yourself.
#
# <details><summary>Fine print</summary>Recorded by <code>python -m lessonlib.lessons.lesson10.grokking --json data/grokking.json</code>. The step size is 0.01, beta2 is 0.98, and every step sees all training pairs.</details>

# %%
grown = grokking.from_record()

# %% [markdown]
# Grey lines are training pairs, coloured ones pairs that were never seen.
# **Goal:** find a step at which every network knows its training pairs and still fails on most of the others.

# %% tags=["answer"]
play.grokking(grown, grokking.COLORS).live()

# %% [markdown]
# When did each seed know its training pairs, and when did it understand the others?
# The table shows the step at which 95 % were right.

# %% tags=["answer"]
groks = {name: play.reached(found.test_accuracy, found.steps) for name, found in grown.items()}
rows = [[name, str(play.reached(found.train_accuracy, found.steps)), str(groks[name]),
         found.test_accuracy[-1].mean()] for name, found in grown.items()]
header = ["each seed", "training pairs by step", "unseen pairs by step", "unseen at the end"]
display(table(header, rows, ["", "", "", ".1%"]))
display(without.answer(100 * rows[2][3], within=1.0))
understood = [name.split(",")[0] for name, steps in groks.items() if None not in steps]
needs.answer({0: "neither", 2: "both"}.get(len(understood), f"{''.join(understood)} only"))

# %% [markdown]
# Without decay the network has learned its table by heart, and it knows practically none of the other pairs.
# With decay it does the same at first.
# Then, long after all training pairs are right, it comes to compute the sum.
# This is called [[grokking]].
#
# It does not take AdamW, because Adam with L2 gets there too, and here sooner.
# Its decay looks tiny.
# But once the training loss is nearly zero, the gradients are tiny as well, so what remains is the penalty, divided by its own size.
#
# One reads that decay shrinks the solution learned by heart until a smaller one wins.
# Look at the lengths.

# %%
rows = [[name, *found.norm[[5, -1]].mean(axis=1)] for name, found in grown.items()]
table(["length of all weights", "at step 100", "at the end"], rows, ["", ".0f", ".0f"])

# %% [markdown]
# With L2 the weights do shrink, and with AdamW they do not.
# So a shrinking length is not what every grokking network needs.
#
# Nor is decay the only way.
# Power et al. (2022), who found the effect, trained far longer than we do.
# Prieto et al. (2025) trace the failure without decay to the softmax, which runs out of digits as the outputs grow.
# When they mend that, their networks get there without any penalty.
# Our run of 1200 steps cannot show what comes later.
#
# ### Exercise. A stronger decay (4 minutes)
#
# A decay of 2 has half the memory of a decay of 1, 50 steps instead of 100.
# How many steps does the network need until it understands?
# Put in your guess, and spend as few steps as you can.

# %% tags=["stub"]
my_decay, my_steps = 2.0, 100

# %% tags=["solution"]
my_decay, my_steps = 2.0, 700

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Half the memory takes a little more than half the time here.
# It is 13 memories, and at a decay of 1 it was 11.

# %% [markdown]
# The judge trains one network with your numbers.

# %%
import torch
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import modular_task

task = modular_task(hidden=128)

def again(decay, steps):
    return train(adamw, task, steps=steps, record_every=20, dtype=torch.float64, lr=0.01,
                 beta2=0.98, weight_decay=decay)

judges_deeper.judge_memory(my_decay, my_steps, again, groks["AdamW, decay 1"][0])

# %% [markdown]
# ## 5. Where can AdamW end? A box
#
# *9 minutes.*
#
# Adam with L2 goes to the minimum of loss plus penalty.
# Where does AdamW go?
# Each weight rests where Adam's step and the decay balance, and a steady step is never longer than $\alpha$.
# So no weight can rest further from zero than $1/w$.
# All such points form a square box.
#
# First a single weight under a steady gradient, which the slider sets.
# The lines in the right panel are $g/w$ and $1/w$, and the markers are where the runs ended.
# **Goal:** find the gradient at which both forms come to rest at the same place.

# %%
from lessonlib.lessons.lesson10 import play

play.equilibrium().live()

# %% [markdown]
# They meet where the gradient is 1, because AdamW treats every steady gradient as if it were 1.
#
# Here is a tilted valley whose lowest point is at (2, 0.2).

# %%
from lessonlib.lessons.lesson10 import box
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

where = predict(
    "With decay 1 the box reaches to 1. Where does AdamW end, with a step size that decays?",
    ["at the lowest point, outside", "at the point of the box that is closest to it",
     "at the point of the box with the lowest loss", "at the minimum of loss plus penalty"],
)
where

# %% [markdown]
# The slider sets the decay, and the steps get shorter like $1/\sqrt t$.
# **Goal:** find the largest weight decay at which AdamW still ends at the lowest point.

# %% tags=["answer"]
box.in_the_box().live()

# %% [markdown]
# The candidates in numbers, for a decay of 1.

# %% tags=["answer"]
rows = [["AdamW ends at", *box.end(box.adamw, 1.0)],
        ["lowest loss in the box", *box.best_in_box(1.0)],
        ["closest point of the box", 1.0, 0.2],
        ["Adam with L2 ends at", *box.end(box.adam_l2, 1.0)],
        ["minimum of loss plus penalty", *box.penalised(1.0)]]
display(table(["point", "first weight", "second"], rows, ["", ".2f", ".2f"]))
where.answer(where.options[2] if abs(rows[0][2] - rows[1][2]) < 0.01 else where.options[3])

# %% [markdown]
# AdamW ends at the lowest loss inside of the box.
# Xie and Li (2024) prove that this is so in general.
# If AdamW sees the full batch, if its steps get shorter but still add up without end, and if it converges, then it ends at such a point.
# The box is the whole effect of the decay.
# A lowest point inside of the box is not moved at all, and Adam with L2 always moves it.
#
# A newer idea removes the box.
# A cautious decay acts only where Adam's step and the decay agree in direction (Chen et al. 2025).

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
display(table(["cautious", "first weight", "second"], rows, ["", ".2f", ".2f"]))
careful.answer(careful.options[0] if abs(rows[1][1] - 2) < 0.1 else careful.options[1])

# %% [markdown]
# On the way out Adam's step points away from zero and the decay toward zero, so they disagree and the decay is off.
#
# **To do.**
# Your weights are all below 0.3 in size, and you use a decay of 0.1.
# Does the box bind?
#
# <details><summary>Answer</summary>No, it reaches to 10. What the decay does in such a run, it does on the way, before anything has come to rest.</details>
#
# ## 6. What does one bad batch do, and what does clipping do?
#
# *6 minutes.*
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
# The loss, and the length of a typical step, in four trainings from the same start.

# %% tags=["answer"]
spikes.show_spikes()
bad.answer(spikes.what_it_does())

# %% [markdown]
# The bad batch does two things.
# First, `m` holds it for some tens of steps, so all weights move together in its direction, by a full step at a time.
# That lifts the loss.
# Then `v` holds it for a thousand steps, so all steps become tiny, and the network crawls back.
#
# Clipping cuts the gradient to length 1 before either average sees it.
# The training then looks as if nothing had happened.
# A shorter memory of the scale, $\beta_2 = 0.95$, does not prevent the jump, but its steps are back to their usual length after about 200 steps.
#
# <details><summary>Fine print</summary>A simulated bad batch, one seed, step size 0.01, decay 0.1, 64 images a batch. A real one has a gradient in its own direction as well.</details>
#
# Now clip at 0.01, so that every gradient of the run is cut.

# %%
tight = predict("Clipping at 0.01 from the first step on. What does it do to AdamW?",
                ["training nearly stops", "it trains at least as well as before"])
tight

# %% [markdown]
# Three trainings with the bad batch in them.

# %% tags=["answer"]
cases = {"no bad batch, no clipping": {"size": 1.0}, "clipped at 1": {"clip": 1.0},
         "clipped at 0.01": {"clip": 0.01}}
rows = [[name, spikes.spiked(**case).loss[-1]] for name, case in cases.items()]
display(table(["training", "loss after 300 steps"], rows, ["", ".3f"]))
tight.answer(tight.options[int(rows[2][1] < 1.1 * rows[0][1])])

# %% [markdown]
# Adam does not know how long its gradients are, so cutting all of them to one length costs nothing here.
# It changes how the batches are weighed, because now all of them count alike.
#
# **To do.**
# With plain gradient descent, what would clipping at 0.01 do?
#
# <details><summary>Answer</summary>Its steps would be about a hundred times shorter, because there the length of the gradient sets the length of the step.</details>
#
# ## 7. What is lost in a restart?
#
# *6 minutes.*
#
# The training of lesson 10 has 200 steps and stops at step 100.
# It has weights, the averages `m` and `v`, the step count `t`, the place in the schedule, and the generator of its batches.
# What happens if only some of them are restored?

# %%
import torch
from lessonlib.lessons.lesson10 import training
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

torch.set_num_threads(1)  # for a network this small, one thread does
worst = predict("Losing what lifts the training loss most in the ten steps after the restart?",
                ["m, v and t", "only t", "the schedule", "the batches", "all but the weights"])
worst

# %% [markdown]
# And which of the restarts ends with the lowest training loss after 100 more steps?

# %%
lowest = predict("Which run ends with the lowest training loss?",
                 ["the one that lost nothing", "one that lost the schedule"])
lowest

# %% [markdown]
# Each row loses what it names.
# The highest loss is in units of the last one before the restart.

# %% tags=["answer"]
lost = {"nothing": (), "m, v and t": ("m, v", "t"), "only t": ("t",), "the schedule": ("schedule",),
        "the batches": ("batches",), "all but the weights": ("m, v", "t", "schedule", "batches")}
rows = []
for name, pieces in lost.items():
    before, after = training.restarted([p for p in training.PIECES if p not in pieces])
    rows.append([name, max(after[:10]) / before[-1], after[-1]])
display(table(["lost", "highest loss in ten steps", "loss at the end"], rows, ["", ".2f", ".3f"]))
display(worst.answer(max(rows[1:], key=lambda row: row[1])[0]))
lowest.answer(lowest.options[min(rows, key=lambda row: row[2])[0] in (rows[3][0], rows[5][0])])

# %% [markdown]
# Losing `m`, `v` and `t` lifts the loss at once, because every weight takes a full step.
# The file with the weights alone loses the schedule too.
# So it begins with the short steps of a new warm-up, and nothing jumps.
#
# Then comes the surprise.
# The two runs that lost the schedule end lowest.
# Is forgetting good for them?
# No, because the one that lost the schedule and nothing else does it too.
# It starts the warm-up and the cosine anew, so it takes larger steps than the others had left.
#
# What every one of these restarts loses is the run itself.
# Only the first row is the run that was not interrupted, bit for bit.
#
# **To do.**
# Why does losing only `t` do so little harm here, although the correction starts anew?
#
# <details><summary>Answer</summary>m is divided by 0.1 and v by 0.05, as if both had just begun. So the first step is 10 over the root of 20, about 2.2 times too long, and after a few steps the two corrections have faded. With beta2 = 0.999 it would be worse in the other direction: 10 over the root of 1000, about 0.3.</details>
#
# ## 8. What does the memory of AdamW cost?
#
# *4 minutes.*
#
# `m` and `v` are as large as the weights.
# In float32 that is 8 bytes for every parameter, twice the weights themselves, and the gradient comes on top.

# %%
import torch
from lessonlib.lessons.lesson10 import training
from lessonlib.play.prediction import predict

model = training.small_transformer()
count = sum(p.numel() for p in model.parameters())
state = predict(f"A transformer of {count:,} parameters. How many bytes does AdamW keep?")
state

# %% [markdown]
# One step, then add up what the optimizer keeps.

# %% tags=["answer"]
optimizer = torch.optim.AdamW(training.groups(model))
model(torch.zeros(4, 16, dtype=torch.long)).sum().backward()
optimizer.step()
kept = [t for memory in optimizer.state.values() for t in memory.values()]
measured = sum(t.numel() * t.element_size() for t in kept)
print(f"by formula {8 * count:,} bytes, measured {measured:,}")
state.answer(measured)

# %% [markdown]
# The {{ measured - 8 * count}} bytes more are the step counts, 4 bytes for each of the {{ len(optimizer.state)}} tensors.
# A model of 7 billion parameters needs {{ 8 * 7e9 / 1e9:.0f}} GB for the state of AdamW.
# That is why people divide it among several GPUs, or store it in fewer bits.
# [Lesson 11](../11_gpu_lab.ipynb) measures it on a GPU.
#
# **To do.**
# How much does gradient descent with momentum keep for the same model?
#
# <details><summary>Answer</summary>Half of it, because it keeps one average.</details>
#
# ## Further reading
#
# - Loshchilov & Hutter 2019, *Decoupled Weight Decay Regularization*, arXiv:1711.05101.
#   The algorithm, and maps like those of section 1 on networks with norms.
# - Wang & Aitchison 2025, *How to set AdamW's weight decay as you scale model and dataset size*, ICML, arXiv:2405.13698.
#   AdamW as a moving average, and its memory as the thing to tune.
# - Kosson, Messmer & Jaggi 2024, *Rotational Equilibrium: How Weight Decay Balances Learning Across Neural Networks*, ICML, arXiv:2305.17212.
#   What decay sets where only directions count.
# - Xie & Li 2024, *Implicit Bias of AdamW: $\ell_\infty$ Norm Constrained Optimization*, ICML, arXiv:2404.04454.
#   The box.
# - Chen et al. 2025, *Cautious Weight Decay*, arXiv:2510.12402.
# - Power et al. 2022, *Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets*, arXiv:2201.02177.
# - Prieto et al. 2025, *Grokking at the Edge of Numerical Stability*, ICLR, arXiv:2501.04697.
# - D'Angelo et al. 2024, *Why Do We Need Weight Decay in Modern Deep Learning?*, NeurIPS, arXiv:2310.04415.
#   What decay does in large networks, beyond keeping them from overfitting.
