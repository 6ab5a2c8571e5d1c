# %% [markdown]
# # Lesson 11. The GPU lab: a real training, and what a step costs
#
# Lesson 10 ended with AdamW as it is set up at work.
# Here schedule and warm-up train a character transformer on a book.
# Then we ask what nobody asks of a formula: what does one step *cost*, in time and in memory, and what happens when one machine is not enough?
# After this lesson you will be able to
#
# 1. train a transformer with three optimizers, each fairly tuned, and read its basins;
# 2. say what [[warm-up]] does to the range of step sizes that work, because you saw it;
# 3. predict the least time of a step on your hardware, and count the bytes an optimizer holds;
# 4. say what each stage of ZeRO spreads over several machines, and run it on two processes.
#
# | Part | What you do | Minutes |
# |---|---|---|
# | 1 | A transformer learns a book | 25 |
# | 2 | Warm-up and the width of the basin | 20 |
# | 3 | What a step costs: time, memory, precision | 25 |
# | 4 | Beyond one machine | 15 |
#
# The minutes are our estimate.
# You need PyTorch and lesson 9.
# (If you come from its part 1: a *[[basin]]* is the range of step sizes that do nearly as well as the best; the decay's [[memory|timescale]] is of lesson 10.)
# **Every cell runs on a CPU, at a small size; where there is a GPU the same cells take a larger model unasked.**
# The code takes one to two minutes on two CPU cores; on a GPU it trains some 25,000 steps of the larger model, and nobody has timed it yet.

# %% tags=["setup"]

# %% [markdown]
# On a CPU the weights are float64, so that most numbers in the text come out on any machine (at the largest step sizes a run may end elsewhere), and each training uses one thread: a model this small is slower on two.
# **All numbers in the text are those of the small size on a CPU.**
# On a GPU the model is larger and yours are lower: compare the shapes, not the digits.

# %%
import inspect
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional

from lessonlib.data import recorded, text
from lessonlib.lessons.lesson11 import bench, memory, shard, trainings
from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Corpus, Transformer, fit, fit_all, sample, schedule
from lessonlib.lessons.lesson11 import judges, play
from lessonlib.tables import table

# %% [markdown]
# Which machine is this?
# `size` is what a training will cost here.

# %%
kind = "cuda" if torch.cuda.is_available() else "cpu"
dtype = torch.float64 if kind == "cpu" else torch.float32
threads = torch.get_num_threads()
torch.set_num_threads(1)
corpus, size = Corpus(text(), kind), trainings.SIZES[kind]
passes = size.steps * size.batch * size.context / len(corpus.train)
print(kind, size)

# %% [markdown]
# ## Part 1. A transformer learns a book
#
# The book is Genesis in the King James Version (1611): {{ len(text()):,}} characters, {{ len(corpus.letters) }} different ones.
# The last tenth is kept for testing.
# The task: predict the next character.
# The [[loss]] is in *nats a character*, $-\ln p$ of the character that came.
# Before any network: how far do simple tables get?
# (0.1 is added to every count, so that a pair never seen does not cost infinitely much.)

# %%
seen, test, n = corpus.train.cpu(), corpus.test.cpu(), len(corpus.letters)
pairs = torch.bincount(n * seen[:-1] + seen[1:], minlength=n * n).view(n, n) + 0.1
often, after = pairs.sum(0) / pairs.sum(), pairs / pairs.sum(1, keepdim=True)
level = {"every character alike": math.log(n),
         "how often each comes": -often[test].log().mean().item(),
         "which follows which": -after[test[:-1], test[1:]].log().mean().item()}
table(["what a table knows", "test loss, nats"], level.items(), ".2f")

# %% [markdown]
# These are the rungs to measure a network by.
# A fresh one must stand on the first, or something is wrong with its start.
# The model is a small but real transformer, {{ size.layers }} layers, {{ size.width }} wide, looking back {{ size.context }} characters.
#
# Each character becomes {{ size.width }} numbers.
# In each layer every place first takes a weighted mean over the places up to it, with weights computed from what stands there (*attention*); then two linear maps with a bend between them work on each place alone.
# Before each of the two the input is scaled to mean 0 and spread 1 (*pre-norm*).
# The code is `Block`, in `lessonlib/gpu/transformer.py`.

# %%
model = Transformer(n, size).to(kind, dtype)
places, following = corpus.windows(size, torch.Generator().manual_seed(0))
loss = functional.cross_entropy(model(places).flatten(0, 1), following.flatten())
print(f"{sum(p.numel() for p in model.parameters()):,} parameters, loss at the start {loss:.2f}")

# %% [markdown]
# ### Three optimizers, each fairly tuned
#
# SGD with [[momentum]], [[Adam]], [[AdamW]]. torch's `momentum=0.9` keeps a *sum*: in the letters of lesson 7 its step size is ten times `lr`.
# `AdamW` is the course's own, a drop-in for torch's.

# %%
print(inspect.getsource(trainings.optimizer))

# %% [markdown]
# *[[Protocol]]:* the same start and the same batches for all ({{ size.batch }} windows), {{ size.steps }} steps, step size up in a line over {{ size.warmup }} steps of warm-up and then down a cosine to zero; {{ len(trainings.LRS[kind]["adam"]) }} step sizes for each, two to a decade; AdamW once more without warm-up, for Part 2.
# Other hyperparameters are at their defaults, so $\beta_2=0.999$; AdamW decays all parameters, nothing is clipped: simpler than lesson 10's recipe, and alike for all.
# The loss is measured on the test text at the end.
#
# **Predict:** on the digits of lesson 9 the rules tied once they were tuned.
# On language with a transformer?
# By how much will Adam and AdamW differ, with a weight decay of 0.1 and {{ size.steps }} steps?

# %% tags=["chaotic"]
results = fit_all(trainings.trainings(kind, size), corpus, dtype=dtype)

def tests(rule, warmup):
    """(step sizes, test losses) of a rule."""
    found = {lr: done.test for (r, w, lr), done in results.items() if (r, w) == (rule, warmup)}
    return np.array(list(found)), np.array(list(found.values()))

record, bars = recorded("lab_cpu.json"), recorded(f"lab_{kind}.json")
seeds, best, ends, rows = {row["seed"] for row in record["sweep"]}, {}, {}, []
for rule in ("momentum", "adam", "adamw"):
    lrs, losses = tests(rule, size.warmup)
    best[rule], ends[rule] = lrs[losses.argmin()], losses.min()
    rows.append([rule, ends[rule], best[rule], 0 < losses.argmin() < len(lrs) - 1])
table(["rule", "best test loss", "at lr", "inside the sweep"], rows, ["", ".2f", "g", ""])

# %% [markdown]
# In the figure, lines are the runs that you just made.
# Bars are the range of {{ len(seeds) }} seeds, recorded on a CPU by `python authoring/record_lab.py --device cpu` (on a GPU there are bars once somebody has recorded them).
# Look at the lowest point of each line, and at how far the bars reach.

# %% tags=["chaotic"]
figure, ax = plt.subplots(figsize=(7.2, 4))
for rule in best:
    lrs, losses = tests(rule, size.warmup)
    plots.basin(lrs, np.minimum(losses, play.CEILING), ax, rule=rule)
    if bars:
        at, found = play.seed_range(bars["sweep"], rule, bars["size"]["warmup"])
        low, high = (np.minimum(x, play.CEILING) for x in (found.min(0), found.max(0)))
        ax.vlines(at, low, high, color=plots.look(rule).color, lw=5, alpha=0.3)
ax.axhline(level["which follows which"], color="black", lw=1, label="table of pairs")
ax.set(ylabel="test loss, nats", ylim=(2 if kind == "cpu" else None, 4.2),
       title="On language, momentum stays behind")
ax.legend(ncols=2)
over = {rule: play.best_of(record, rule, record["size"]["warmup"]) for rule in best}
plots.show(figure, "Test loss against step size: Adam's and AdamW's basins reach the level of a "
           "table of pairs; momentum's best is higher and its basin narrower.")

# %% [markdown]
# In the run stored here, on a CPU, Adam ends at {{ ends["adam"]:.2f }}, AdamW at {{ ends["adamw"]:.2f }}, momentum at {{ ends["momentum"]:.2f }}.
# (AdamW's best lies at the edge of its sweep, so a larger step might still do better; over the seeds its best is at {{ over["adamw"][0]:g}}, inside.)
# Would another seed say the same?
# Recorded, each at its best step size, over the seeds: Adam {{ over["adam"][1]:.2f }} to {{ over["adam"][2]:.2f }}, AdamW {{ over["adamw"][1]:.2f }} to {{ over["adamw"][2]:.2f }}, momentum {{ over["momentum"][1]:.2f }} to {{ over["momentum"][2]:.2f }}.
# The gap to momentum is larger than the spread, in line with the Zipf table of lesson 9, since characters are unequal too (less than words are); whether that is the cause here, we did not test.
# Adam and AdamW overlap.
# How long is the decay's memory $1/(\alpha w)$ at that step size, and what would decay alone take from a weight over the whole run, with its schedule?

# %%
rate = over["adamw"][0]
whole = sum(schedule(t, size.steps, size.warmup) for t in range(1, size.steps + 1))
print(f"at {rate:g} the memory is {1 / (rate * 0.1):,.0f} steps;",
      f"the whole run takes {1 - math.exp(-rate * 0.1 * whole):.0%} of a weight")

# %% [markdown]
# That is little.
#
# What this does not show: more steps, a larger model, momentum with other $\beta$s or with gradient clipping.
# Look at the way down before you judge.
# The curves are training losses, the grey lines were measured on the test text: compare levels, not hundredths.

# %% tags=["chaotic"]
figure, ax = plt.subplots(figsize=(7.2, 3.8))
for rule, lr in best.items():
    smooth = np.convolve(results[rule, size.warmup, lr].losses, np.ones(10) / 10, "valid")
    look = plots.look(rule)
    ax.plot(np.arange(10, size.steps + 1), smooth, color=look.color, ls=look.dash, lw=1.6,
            label=f"{rule}, lr {lr:g}")
for name, loss in level.items():
    ax.axhline(loss, color="#999999", lw=1)
    ax.text(size.steps, loss + 0.02, name, ha="right", color="#555555", fontsize=9)
ax.set(xlabel="step", ylabel="training loss, mean of 10 steps",
       title="First how often, then what follows")
ax.legend(loc="upper right", bbox_to_anchor=(1, 0.93))
plots.show(figure, "Training loss of three optimizers at their best step size: all fall to the "
           "level of letter frequencies, where momentum rests longest, then to a table of pairs.")

# %% [markdown]
# Each first learns *how often* each character comes, then what follows what.
# Momentum rests between the two, AdamW shortly, Adam hardly.
# On the test text Adam ({{ ends["adam"]:.2f }}) and AdamW ({{ ends["adamw"]:.2f }}) are at the level of the table of pairs ({{ level["which follows which"]:.2f}}), and need no table for it; momentum is not.
# It is early: {{ size.steps }} steps are {{ passes:.1f}} times through the book.
#
# ### Read what it writes
#
# Train the best setting four times as long, and let it write.
# **Predict:** letters, words, or sentences?

# %%
rule = min(best, key=lambda rule: tests(rule, size.warmup)[1].min())
longer = size._replace(steps=4 * size.steps, warmup=4 * size.warmup)
scholar = fit(trainings.optimizer(rule, best[rule]), corpus, longer, dtype=dtype)
print(f"below the table of pairs: {scholar.test < level['which follows which']}")

# %% [markdown]
# Each character is drawn from the model's own probabilities.
# A *temperature* of 0.8 divides the logits by 0.8 first, which makes likely characters likelier.
# **Your turn:** change the start, the temperature (0.3?
# 1.5?), the seed.
# (Your text will part from the one stored here sooner or later: one character drawn otherwise changes all after it.)

# %% tags=["chaotic"]
my_start, my_temperature, my_seed = "And God said", 0.8, 0
print(sample(scholar.model, corpus, my_start, 300, temperature=my_temperature, seed=my_seed))

# %% [markdown]
# At a loss of {{ scholar.test:.1f }} it knows the shape of words and verses and few words.
# Nothing in it knew that there are words.
# On a GPU the same cell trains the larger model.
#
# *A place to stop.*

# %% [markdown]
# ## Part 2. Warm-up and the width of the basin
#
# Why start with small steps at all?
# You have trained AdamW with and without.
# **Predict:** at which step sizes will it matter, the small ones or the large ones?

# %% tags=["chaotic"]
table(["lr", "with warm-up", "without"],
      zip(*tests("adamw", size.warmup), tests("adamw", 0)[1]), ["g", ".2f", ".2f"])

# %% [markdown]
# A clear case, it seems: at the two largest step sizes warm-up decides everything.
# **Before you believe it:** this is one seed.
# Here are {{ len(seeds) }}, recorded with the same code.
# How much of it still stands?

# %%
lrs, warm = play.seed_range(record["sweep"], "adamw", record["size"]["warmup"])
cold = play.seed_range(record["sweep"], "adamw", 0)[1]
rows = [[lr, *(f"{losses.min():.2f} to {losses.max():.2f}" for losses in (warm[:, i], cold[:, i]))]
        for i, lr in enumerate(lrs)]
table(["lr", "with warm-up", "without"], rows, "g")

# %% [markdown]
# At 0.01 the ranges part: with warm-up the worst seed ends at {{ warm[:, 3].max():.2f}}, without it the best at {{ cold[:, 3].min():.2f}}.
# At 0.03 they overlap: {{ (warm[:, 4] < 2.5).sum() }} of {{ len(seeds) }} seeds end below 2.5 with warm-up, {{ (cold[:, 4] < 2.5).sum() }} without, and our own seed was the luckiest of all.
# **One seed would have told a cleaner story than there is.**
#
# The full protocol, 4 layers, 128 wide, 800 steps, wants a GPU, and was not run yet.
# The figure shows the small one: medians, and bars for the range of the seeds.

# %%
records = {device: recorded(f"lab_{device}.json") for device in ("cpu", "cuda")}
here = [found for found in records.values() if found]
figure, axes = plt.subplots(1, len(here), figsize=(4.2 + 3 * len(here), 3.9), squeeze=False)
for ax, found in zip(axes[0], here):
    play.warmup_basin(found, ax)
figure.suptitle("With warm-up a larger step size still trains", weight="bold")
plots.show(figure, "AdamW's test loss against step size, with and without warm-up: alike at small "
           "step sizes; at 0.01 lower with it; at 0.03 the seeds spread widely.")
for found in here:
    print("recorded by", found["command"])
warm_best, cold_best = (play.best_of(record, "adamw", w) for w in (record["size"]["warmup"], 0))

# %% [markdown]
# At small and middle step sizes warm-up changes little.
# At large ones it helps: **the basin is wider on the side of large steps**, and since the best step size now lies there, the best loss is a little lower too, with ranges that touch: {{ warm_best[1]:.2f }} to {{ warm_best[2]:.2f }} at {{ warm_best[0]:g}} with it, {{ cold_best[1]:.2f }} to {{ cold_best[2]:.2f }} at {{ cold_best[0]:g}} without.
# How much of this holds for larger models and longer runs, this small one cannot say.
#
# ### What do the large first steps do?
#
# Adam's first steps are [[sign steps|sign descent]]: every weight moves by $\alpha$.
# A weight here starts with a deviation of 0.02, so at $\alpha = 0.01$ two steps can undo the start.
# Watch what comes out of the network for different places in the text: 0 means that the directions cancel, 1 that all are the same.
# (A *hook* is a function that torch calls with what a module has just made.)
# The loop is the one that `train` uses.

# %%
def alike(model):
    """Squared length of the mean of the unit vectors that leave the network: 1 is all the same."""
    kept = []
    hook = model.norm.register_forward_hook(lambda module, given, made: kept.append(made.detach()))
    model(corpus.test[: 64 * size.context].view(64, -1))
    hook.remove()
    return functional.normalize(kept[0].flatten(0, 1), dim=-1).mean(0).square().sum().item()

# %% [markdown]
# **Predict:** will the vectors grow alike without warm-up, with it, or in both?

# %%
def watch(seed, warmup, lr=0.01):
    """alike() before each step of the first half."""
    model = Transformer(n, size, seed).to(kind, dtype)
    generator = torch.Generator().manual_seed(seed)
    optimizer = trainings.optimizer("adamw", lr)(model.parameters())
    watched = []
    for t in range(1, size.steps // 2 + 1):
        watched.append(alike(model))
        x, y = corpus.windows(size, generator)
        optimizer.param_groups[0]["lr"] = lr * schedule(t, size.steps, warmup)
        optimizer.zero_grad()
        functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
        optimizer.step()
    return watched

# %% [markdown]
# Three seeds with warm-up and three without, for the first half of the training.
# In the figure, look at where each line goes up and where it comes down.

# %% tags=["chaotic"]
watched = {w: np.array([watch(seed, w) for seed in range(3)]) for w in (size.warmup, 0)}
figure, ax = plt.subplots(figsize=(7.2, 3.4))
for warmup, lines in watched.items():
    name = f"{warmup} steps of warm-up" if warmup else "no warm-up"
    ax.plot(lines.T, color=plots.look("adamw").color if warmup else "black", lw=1.5,
            ls="-" if warmup else ":", label=[name, None, None])
ax.set(xlabel="step", ylabel="how alike the vectors are", ylim=(0, 1.05),
       title="First all vectors turn the same way, with warm-up too")
ax.legend()
passed = {w: np.median((lines > 0.95).argmax(1)) for w, lines in watched.items()}
back = {w: ", ".join(f"{x:.1f}" for x in lines[:, -1]) for w, lines in watched.items()}
plots.show(figure, "How alike the vectors leaving the network are, over the first half of "
           "training, three seeds each: soon near 1 in all; half-way they have come down "
           "by different amounts, with and without warm-up.")

# %% [markdown]
# Perhaps you expected only the runs without warm-up to lose their differences.
# **All do**: at first only "how often" is learnt, it is the same for every place, and all vectors turn the same way.
# Steps until they pass 0.95: {{ passed[0]:.0f}} without warm-up, {{ passed[size.warmup]:.0f}} with it.
# What may differ is the way back.
# Half-way through, the three seeds stand at {{ back[size.warmup] }} with warm-up and at {{ back[0] }} without.
# Two of the three find their way back all the same; the one that does so last is the run of the seed used above, which ended at {{ tests("adamw", 0)[1][3]:.2f}}.
# So this picture goes with the loss, run by run, and it does not explain why only some runs get lost.
# Why it helps is still being studied.
# Kalra & Barkeshli (2024) find that it mainly lets a network bear larger step sizes, by leading it to better conditioned places; Kosson et al. (2024) that it holds back updates which turn the weights too far at first.
#
# ### Exercise 1: write the schedule (8 minutes)
#
# Return the share of the step size at step $t=1,2,\dots,T$ with $W$ steps of warm-up: $t/(W+1)$ up to and including $t=W$, then $\tfrac12\big(1+\cos\pi\frac{t-1-W}{T-W}\big)$.
#
# <details><summary>Hint 1</summary>At which t is the share 1, if W is 0?</details>
# <details><summary>Hint 2</summary><code>math.cos</code> and <code>math.pi</code>.</details>

# %% tags=["stub"]
def my_schedule(t, steps, warmup):
    ...  # two cases, and a return for each

# %% tags=["solution"]
def my_schedule(t, steps, warmup):
    if t <= warmup:
        return t / (warmup + 1)
    return (1 + math.cos(math.pi * (t - 1 - warmup) / (steps - warmup))) / 2

# %% [markdown]
# The check walks through every step of three schedules and names the first that is off.

# %%
judges.judge_schedule(my_schedule)

# %% [markdown]
# *A place to stop.*

# %% [markdown]
# ## Part 3. What a step costs
#
# ### The floor
#
# AdamW does about a dozen operations for each parameter.
# A processor does those in no time; it waits for memory.
# A float32 step must read $\theta, g, m, v$ and write $\theta, m, v$: seven numbers of four bytes, **28 bytes for each parameter**, at the [[bandwidth]] of the memory.
# No code that goes through memory is faster than this [[floor]].
# (We estimate it from the speed of a copy, so that an engine at the floor may be measured a little above or below it.)
# **Predict** the floor of GPT-2 small (124 million parameters) on a laptop with 20 GB/s.
# Then reach the goal.

# %%
play.floor_of_a_machine().live()

# %% [markdown]
# On the laptop it is {{ 28 * 124e6 / 20e9 * 1e3:.0f}} ms.
# For 7 billion parameters in 0.1 s memory must move {{ 28 * 7e9 / 0.1 / 1e9:,.0f}} GB/s, which only the memory of large accelerators does.
#
# ### Exercise 2: the floor of your hardware (8 minutes)
#
# Write the floor in seconds for gradient descent (`"sgd"`), `"momentum"` and `"adamw"`, all in float32, `bandwidth` in bytes a second.
#
# <details><summary>Hint</summary>For each rule: which arrays does a step read, and which does it write? The gradient is read and never written.</details>

# %% tags=["stub"]
def my_floor(rule, parameters, bandwidth):
    ...  # seconds

# %% tags=["solution"]
def my_floor(rule, parameters, bandwidth):
    arrays = {"sgd": 3, "momentum": 5, "adamw": 7}[rule]
    return 4 * arrays * parameters / bandwidth

# %% [markdown]
# The check asks for a thousand parameters at a thousand bytes a second, so that the answer is the bytes for each parameter.

# %%
judges.judge_floor(my_floor)

# %% [markdown]
# Now your own machine.
# The cell measures how fast it copies memory and then lets every engine take steps on one tensor of four million parameters (a hundred million on a GPU, or the step would be shorter than the call).
# Each engine aims at one waste.
# *As written*: every operation makes a new array and crosses memory again.
# *In place*: no new arrays.
# *In blocks*: a block stays in the cache for all operations; *all cores* deals the blocks out.
# *[[Foreach]]*: one call for all tensors, which pays with many small ones.
# *[[Fused]]*: one [[kernel]] that crosses memory once.
# *Triton*, a language for GPU kernels, writes ours; on a CPU it does not run.
# Timings are yours alone: nothing in this text depends on them.
# (A share of the floor above 100 % says that something stayed in the cache, or that another program disturbed the copy.)
# The table's "of the floor" is the floor divided by the time: 25 % means four floors.
# **Predict** first: how many floors does the rule as we wrote it in NumPy take?
# And torch's `fused`?

# %% tags=["machine"]
torch.set_num_threads(threads)
count = 100_000_000 if kind == "cuda" else 4_000_000
rows = bench.measure(kind, "one tensor", [(count,)], repeats=3, budget=3)
bandwidth = rows[0].copied_per_second
print(f"a copy moves {bandwidth / 1e9:.3g} GB/s: the floor of AdamW for 124 million parameters "
      f"is {1e3 * play.STEP_BYTES['adamw'] * 124e6 / bandwidth:.3g} ms")
print(bench.table(rows))

# %% [markdown]
# ### The ladder
#
# The same, recorded with its command, since timings differ from run to run.
# Left one large tensor, right a thousand small ones.
# Violet is ours, grey is torch's, lines are the range of the repeats.
# **Predict:** which engines lose their place on the right?

# %%
benches = {device: recorded(f"bench_{device}.json") for device in ("cpu", "cuda")}
shown = {device: found for device, found in benches.items() if found}
figure, axes = plt.subplots(len(shown), 2, figsize=(9.6, 4.2 * len(shown)), squeeze=False)
for row, (device, found) in zip(axes, shown.items()):
    for ax, workload in zip(row, ("one tensor", "1000 tensors of 1024")):
        play.ladder(found, workload, ax)
        ax.set_title(f"{device}, {workload}")
figure.suptitle("One large tensor waits for memory, a thousand small ones for calls", weight="bold")
plots.show(figure, "The time of a step for each engine as a multiple of the floor, recorded, for "
           "one large tensor and for a thousand small ones.")

# %% [markdown]
# {{ play.in_words(benches["cpu"]) }}
#
# Torch's loop is slower than its foreach even on one tensor, where there are no calls to save.
# It also makes more arrays on the way (two against one, counted on one tensor); we did not test whether that is the whole reason.
# Our own loop and foreach tie there.
# On a thousand small tensors the calls are the cost: no engine comes near the floor, and the plain NumPy rule is ahead of torch's loop.
# (No GPU has been recorded yet: `python -m lessonlib.lessons.lesson11.bench --device cuda` measures yours.)
#
# ### Memory, by measurement
#
# "Adam needs eight bytes for each parameter."
# Count: what does each optimizer hold after its first step, and what does it take for a moment within a step?
# `memory.first_steps` listens to every tensor that torch makes.
# **Predict** both columns for SGD, momentum, and AdamW as a loop, foreach and fused.

# %%
made = {"SGD": lambda params: torch.optim.SGD(params, lr=0.1),
        "SGD, momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
        "AdamW, loop": lambda params: torch.optim.AdamW(params, foreach=False),
        "AdamW, foreach": lambda params: torch.optim.AdamW(params, foreach=True),
        "AdamW, fused": lambda params: torch.optim.AdamW(params, fused=True),
        "ours, foreach": lambda params: AdamW(params, impl="foreach")}
held = {name: memory.first_steps(make) for name, make in made.items()}
table(["bytes for each parameter", "state", "extra, for a moment"],
      [[name, found["state"], found["extra"]] for name, found in held.items()], ["", ".0f", ".1f"])

# %% [markdown]
# State: 0, 4 and 8 bytes, and for Adam that is **twice the weights themselves**.
# Extra: foreach keeps a copy of *all* parameters' denominators at once, 4 more bytes for each parameter, while weights, gradients and state are all there.
# It can be the peak where the model is large and the batch small.
# The loop holds its temporaries for one tensor at a time (1.5 bytes is three arrays of one of the eight equal tensors: two of its own, and the last tensor's, not yet let go); fused needs none.
# A GPU is asked for its own count:

# %% tags=["machine"]
def gpu_extra(make, each=2**24):
    """Bytes for each parameter that a GPU's allocator saw at the peak of a step."""
    params = [torch.nn.Parameter(torch.ones(each, device="cuda")) for _ in range(8)]
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer = make(params)
    optimizer.step()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    optimizer.step()
    return (torch.cuda.max_memory_allocated() - before) / (8 * each)

table(["optimizer", "extra, for a moment"],
      [[name, gpu_extra(make) if kind == "cuda" else "not measured: no GPU here"]
       for name, make in made.items()], ".2f")

# %% [markdown]
# ### Mixed precision
#
# Half the bytes, half the floor, and matrix units that are many times faster: why not do everything in bfloat16?
# Look at what the types can hold.

# %%
types = [torch.finfo(kept) for kept in (torch.float32, torch.bfloat16, torch.float16)]
table(["type", "bytes", "smallest step at 1", "largest number"],
      [[about.dtype, about.bits // 8, about.eps, about.max] for about in types],
      ["", "", ".1e", ".1e"])

# %% [markdown]
# bfloat16 reaches as far as float32, with two to three significant digits in place of seven.
# **Predict:** a weight of 1, a thousand updates of 0.001.
# Where does it end, in float32, in bfloat16?

# %%
rows = []
for kept in (torch.float32, torch.bfloat16):
    weight = torch.ones((), dtype=kept)
    for _ in range(1000):
        weight -= 0.001
    rows.append([str(kept)[6:], abs(weight.item())])
table(["type", "ends at"], rows, ".3f")

# %% [markdown]
# In bfloat16 it has not moved.
# The table's 0.0078 is the step just *above* 1; below 1 steps are half as long, 0.0039, and a change of less than half a step, 0.002, is rounded off.
# A thousand nothings are nothing.
# What counts is the ratio: an update below 1/512 of its weight is lost, and up to 1/256 it may be.
# A norm's scale of 1 loses Adam's 0.001; a weight of 0.02 feels it, and loses only the small steps at the end of a schedule.
# So [[mixed precision]] computes matrix products in bfloat16 and keeps weights, gradients and state in float32.
# In PyTorch that is one line, `torch.autocast`.
# Check what it leaves in which type:

# %%
torch.set_num_threads(1)
short = size._replace(steps=2, warmup=0)
half = fit(trainings.optimizer("adamw", 1e-3), corpus, short, autocast=torch.bfloat16)
weight = half.model.blocks[0].up.weight
with torch.autocast(kind, torch.bfloat16):
    product = half.model.blocks[0].up(torch.ones(1, size.width, device=kind))
types = {"weights": weight, "gradients": weight.grad, "products": product,
         "state": half.optimizer.state[weight]["exp_avg"]}
table(["tensors", "type"], [[name, str(tensor.dtype)] for name, tensor in types.items()])

# %% [markdown]
# So autocast saves time, and memory for *[[activations]]* (what forward must keep for backward), not for the optimizer's state.
# What it gains depends on the *matrix units*, circuits that multiply small matrices in one go.
# NVIDIA's cards have them for bfloat16 from Ampere (2020) on; Colab's T4 is older and gets slower, like a CPU without them.
# Where there is a GPU, the cell asks it.

# %% tags=["machine"]
import time

def step_ms(autocast):
    """Milliseconds for a step of a larger model: 150 steps less 50, to cancel start and test."""
    clock = [time.perf_counter()]
    for steps in (50, 150):
        large = size._replace(layers=6, width=384, heads=6, context=256, steps=steps, warmup=0)
        fit(trainings.optimizer("adamw", 1e-3), corpus, large, autocast=autocast)
        clock.append(time.perf_counter())
    return 1e3 * (clock[2] - 2 * clock[1] + clock[0]) / 100

types, skipped = {"float32": None, "bfloat16": torch.bfloat16}, "not measured: no GPU here"
rows = [[name, min(step_ms(autocast) for _ in range(2)) if kind == "cuda" else skipped]
        for name, autocast in types.items()]  # the first of two loads kernels
table(["type", "ms a step"], rows, ".1f")

# %% [markdown]
# *A place to stop.*

# %% [markdown]
# ## Part 4. Beyond one machine
#
# Sixteen bytes for each parameter, weights, gradients and state, before any activation: 7 billion parameters are {{ 16 * 7 }} GB.
# On several cards, plain data parallelism keeps a full copy on each.
# ZeRO (Rajbhandari et al. 2020) asks why: each process can keep the [[state|sharding]] of *its* part only, update that, and pass on the result.
# Stage 1 spreads the state, 2 the gradients too, 3 the parameters too.
# Then reach the goal.

# %%
play.will_it_fit().live()

# %% [markdown]
# In float32 the state is half of it (in 16-bit training with a float32 copy, as in the paper, 12 of 16 bytes), so stage 1 saves most for the least: it needs no more traffic than plain data parallelism, whose sum of gradients over all processes is made of the same two halves, add up the parts and hand them round.
# (Torch's `ZeroRedundancyOptimizer` beside `DistributedDataParallel`, which the cell below runs, sends half as much again: the gradients are handed round first, and then the parameters.)
# Stage 3 is the only one whose need goes to zero with more processes; its price is that weights are gathered again for every layer, forward and backward: half as much traffic again.
# At {{ 16 * 7 }} GB for 7 billion parameters only stage 3 fits 24 GB, from 8 processes on: at stage 2 the {{ 4 * 7 }} GB of weights stay in each.
#
# Is that still the same AdamW?
# An optimizer works coordinate by coordinate, so it should not notice.
# Stage 0 is torch's `DistributedDataParallel`, stage 1 adds `ZeroRedundancyOptimizer`, stages 2 and 3 are `fully_shard` (FSDP2), which gives the optimizer parameters whose data are spread.
# The cell starts **two processes** on this machine with `torchrun`, trains by each stage, compares with one process, weighs what each process holds, saves a checkpoint half-way with `torch.distributed.checkpoint`, and resumes from it.
# **Predict** the bytes for each parameter: parameters, gradients and state at four stages, twelve numbers.

# %%
try:
    spread = shard.launch(2)
    print(shard.table(spread))
except RuntimeError as reason:
    spread = None
    print(f"skipped, two processes do not start here: {reason}")

# %% [markdown]
# The same AdamW, not one line changed.
# (Counted are the tensors that `model.parameters()`, their gradients and the state show.
# At stage 2 FSDP also keeps each process's part of the parameters beside the gathered ones, 2 bytes more here.)
# To do it yourself, in five lines:
#
# ```python
# from torch.distributed.fsdp import fully_shard
# for block in model.blocks:
#     fully_shard(block)      # stage 3; with reshard_after_forward=False near stage 2
# fully_shard(model, reshard_after_forward=True)
# optimizer = AdamW(model.parameters(), lr=3e-4)   # last: its state is made in parts
# ```
#
# and run the script with `torchrun --nproc-per-node 8 train.py`.
# Each process must draw its own part of every batch.
# The formula beside the measurement:

# %%
rows = []
for stage in range(4):
    formula = sum(play.bytes_per_rank(1, 2, stage).values())
    ranks = spread["bytes"][str(stage)] if spread else []
    measured = [f"{sum(rank.values()) / spread['parameters']:.2f}" for rank in ranks]
    rows.append([stage, formula, " ".join(measured) or "not measured here"])
table(["stage", "by formula", "measured, in each process"], rows, ["", ".2f", ""])

# %% [markdown]
# Sixteen bytes fall to eight on two processes.
# Two processes prove that it is the same algorithm; they say nothing about speed, which depends on the network between the cards.
#
# ### Exercise 3: plan a training (7 minutes)
#
# A model of 13 billion parameters, float32 with AdamW, cards of 80 GB, half of each kept free for activations.
# What is the smallest number of cards (1, 2, 4, 8, ...) at stage 3?
# And at stage 1, at all?
#
# <details><summary>Hint</summary>What stays on each card at stage 1, however many cards there are?</details>

# %% tags=["stub"]
my_cards = {"stage 3": None, "stage 1": None}  # a number, or "never"

# %% tags=["solution"]
my_cards = {"stage 3": 8, "stage 1": "never"}

# %% [markdown]
# The check computes what your number of cards would hold.

# %%
judges.judge_cards(my_cards)

# %% [markdown]
# ## What to take along, from this lesson
#
# - On a transformer that reads a book, tuned momentum stayed behind tuned Adam and AdamW, which tied.
#   On the digits of lesson 9 momentum and Adam had tied.
# - Warm-up widened the basin towards large steps, by less than one seed made believe.
# - The floor of a step is bytes over bandwidth: 28 bytes for each parameter for AdamW in float32.
#   Speed comes from crossing memory once.
# - State costs 0, 4, 8 bytes for each parameter; foreach takes 4 more for a moment.
# - Mixed precision is for products.
#   Weights and state stay in float32, or small updates are rounded off.
# - ZeRO spreads state, gradients, parameters, and AdamW does not notice.
#
# ## What to take along, from the course
#
# 1. **Momentum** (lesson 7) averages the gradient.
#    In a ravine it needs the square root of the steps; with noise and a small step it is gradient descent at the same $\alpha$ (PyTorch's sum, at ten times its `lr`).
# 2. **RMSprop** (lesson 8) divides by the root of the average square: one step size for each coordinate, whatever its scale.
#    It pays along the coordinates: turn the ravine and the gain goes.
# 3. **Adam** (lesson 9) is both, with the averages corrected for their start at zero, so that $\alpha$ means the same from step 1 on.
# 4. **AdamW** (lesson 10) takes the decay out of the gradient, so that it is the same for every weight; its memory is $1/(\alpha w)$ steps.
# 5. **Which is best depends on the problem and on how each was tuned.**
#    Sweep the step size first; state the protocol; show the spread over seeds.
# 6. An optimizer is a few lines.
#    You have written them, checked them against PyTorch, trained with them, and now know what they cost.
#
# ### Words
#
# | Word | Meaning |
# |---|---|
# | [[warm-up]] | a step size that rises over the first steps |
# | [[bandwidth]] | bytes that memory moves in a second |
# | [[floor]] | the least time of a step: bytes over bandwidth |
# | [[foreach]], [[fused]] | one call for all tensors; one kernel for all operations |
# | [[mixed precision]] | products in 16 bits, weights and state in 32 |
# | [[sharding]] | each process keeps a part of what belongs to all |
# | nat | the unit of a loss in natural logarithms; 1 nat is 1.44 bits |
#
# ### Further reading, and what each is good for
#
# - Xiong et al. 2020, *On Layer Normalization in the Transformer Architecture*, arXiv:2002.04745.
#   Why pre-norm asks for less warm-up.
# - Kalra & Barkeshli 2024, *Why Warmup the Learning Rate?*, arXiv:2406.09405, and Kosson et al. 2024, *Analyzing & Reducing the Need for Learning Rate Warmup in GPT Training*, arXiv:2410.23922.
#   It lets a network bear larger steps; it holds back the first updates.
# - Kunstner et al. 2024, arXiv:2402.19449.
#   Why unequal frequencies favour Adam.
# - Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740.
#   The float32 copy of the weights, for float16 (gradients are 16-bit there), and loss scaling.
# - Rajbhandari et al. 2020, *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*, arXiv:1910.02054.
#   The stages; its figure 1 is the experiment of Part 4 with 2 + 2 + 12 bytes in place of our 4 + 4 + 8.
# - PyTorch's documentation of `torch.distributed.fsdp.fully_shard`.
#   What to call, and in which order.
#
# **Next:** your own training.
# Take its loop, replace the optimizer's line by one of ours, sweep the step size, and write down the protocol before you look at the result.
