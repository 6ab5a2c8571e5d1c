# %% [markdown]
# # Lesson 11. The GPU lab
#
# *About 29 minutes to read, 60 with the exercises.*
#
# AdamW now trains a [[transformer]] that learns a book, one character at a time.
# Which optimizer learns it best, what does a step cost in time and memory, and what can be kept in 16 bits in place of 32?
#
# **From lesson 10, from memory.**
# `optim.Adam` and `optim.AdamW` both take `weight_decay=0.1`.
# One weight has large gradients, another has small ones.
# Which optimizer decays the one with large gradients less?
#
# <details><summary>Answer</summary>Adam. It adds the decay to the gradient, and then the root of v divides both. AdamW takes the same share off each weight.</details>

# %% tags=["setup"]

# %% [markdown]
# The next cell names your GPU, if there is one.
# The stored numbers are from a CPU with two cores and from one GPU, an H200.
# If you have a GPU, two sections train a larger model.
# On Colab choose one first, under *Runtime* and *Change runtime type*.

# %% tags=["machine"]
from lessonlib.lessons.lesson11 import machine

machine.here()

# %% [markdown]
# ## Part 1. A transformer learns a book
#
# ### From nothing to words
#
# The book is Genesis.
# A training step takes sixteen random pieces of it, called windows, of 32 characters each.
# At every place the model has to predict the next character.
# The [[loss]] is the [[cross-entropy]] $-\ln p$, where $p$ is the probability that the model gave to the character that came.
# Its unit is called a nat.
#
# Here AdamW trains a small transformer.
# Move the slider and read what the model writes after "And God said".
#
# The grey lines are what simpler guesses reach.
# The table of letters knows how often each character comes.
# The table of pairs knows how often each one follows another.
# **Goal:** find the first step at which the loss is below that of the table of pairs.

# %%
from lessonlib.data import recorded, text
from lessonlib.lessons.lesson11 import judges, machine, opening, sweep, trainings
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import Corpus, fit, sample

record = recorded("lab_cpu.json")
opening.learns_to_write().live()

# %% [markdown]
# A blind guess gives every character the same chance.
# The whole model is in `lessonlib/pytorch/transformer.py`.
#
# ### Three rules, each at its own step size
#
# Each rule needs its own best step size, as in lesson 9.
# So momentum, [[Adam]] and [[AdamW]] get nine step sizes each, and five starts at each of them.
#
# <details><summary>Fine print</summary>
#
# The rules share the model, the batches, the [[warm-up]] of a quarter of the steps, the cosine after it and the clipping.
# No beta is tuned, and AdamW has a decay of 0.1.
# The best step size was chosen on the test text too, the last tenth of the book.
#
# </details>

# %%
gap = predict(
    "Each at its own best step size. How does momentum's test loss compare with Adam's?",
    [sweep.BEHIND, sweep.TIED, sweep.AHEAD],
)
gap

# %% [markdown]
# ### Exercise 1. Tune momentum (6 minutes)
#
# `optim.SGD(params, lr=my_lr, momentum=0.9)` trains the small model for 200 steps, always on the CPU.
# Gradients are clipped to a length of 0.25.
# Bring the test loss to 2.40 or below.
# Begin with 0.03, and change it by factors of three.
#
# <details><summary>Hint</summary>A gradient of length 0.25 is spread over 28,000 weights. Does that ask for a smaller lr than you are used to, or for a larger one?</details>

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 1.0

# %% [markdown] tags=["solution"]
# *Why it is so.*
# In each weight the gradients are small, so the step size may be large.

# %% [markdown]
# The judge trains the model with your number, and with three times that.
# In the record that took {{ machine.took("lab", "tune", ["cpu"]) }}.

# %% tags=["chaotic"]
judges.judge_step_size(my_lr)

# %% [markdown]
# ### The sweep
#
# Each point is the median of five starts, and the shading reaches from the lowest to the highest.
# On the right the GPU trained a larger model, with 32 windows of 64 characters.

# %% tags=["answer"]
larger = recorded("lab_cuda.json")
sweep.show_sweep([record, larger])
gap.answer(sweep.verdict(record))

# %% [markdown]
# Momentum is behind in both models.
# At their best step sizes, even momentum's best start is worse than Adam's worst, and Adam and AdamW end alike.
# On the left, at 0.1 alone, momentum would have won.
#
# Momentum's best step size is more than fifty times AdamW's.
# AdamW divides a gradient by its size, and momentum does not.
# After the clipping a gradient is only about $0.25/\sqrt{28{,}000} = 0.0015$ in each weight, so momentum's `lr` must be large.
#
# <details><summary>Is it the clipping alone?</summary>No. Without it momentum's best step size is smaller, and still about thirty times Adam's.</details>
# <details><summary>Fine print</summary>The picture leaves out step sizes whose loss is far above it. On the left momentum's best ends above the table of pairs. In the small model the median step of momentum at 1 moved a weight by 0.0014, and that of AdamW at 0.018 by 0.0021.</details>
#
# *Deeper: [a quicker sweep, no clipping, other betas, warm-up and large batches](deeper/11_gpu_lab.ipynb).*
#
# ### Let it write
#
# Train AdamW yourself, twice as long as in the sweep, and read what it writes.
# On a CPU that is half of the opening's steps.
# In the record that took {{ machine.took("lab", "longer", part=0.5) }}, whose model is larger.

# %% tags=["chaotic"]
kind = machine.here().kind
size, corpus = trainings.SIZES[kind], Corpus(text(), kind)
longer = size._replace(steps=2 * size.steps, warmup=2 * size.warmup)
scholar = fit(trainings.optimizer("adamw", sweep.lr_for(kind)), corpus, longer)
print(f"lr {sweep.lr_for(kind):g}, test loss {scholar.test:.2f}")

# %% [markdown]
# **Your turn.**
# Change the first words, and try a lower temperature, which makes likely characters likelier, and a higher one.

# %% tags=["chaotic"]
my_start, my_temperature, my_seed = "And God said", 0.8, 0
print(sample(scholar.model, corpus, my_start, 300, temperature=my_temperature, seed=my_seed))

# %% [markdown]
# We trained the larger model for {{ larger["story"]["steps"][-1]:,}} steps.
# Here is what it wrote at its best step.
#
# <details><summary>Not at its last step?</summary>The test loss fell to {{ min(larger["story"]["test"]):.2f}} and then rose to {{ larger["story"]["test"][-1]:.2f}}. So keep the weights of the best step, chosen on a third text. We chose on the test text, so this loss is too good.</details>

# %%
story = larger["story"]
best = story["test"].index(min(story["test"]))
print(story["texts"][best])

# %% [markdown]
# ## Part 2. What a step costs
#
# ### Where the time goes
#
# A step has three parts.
# Forward computes the loss, backward computes the gradients, and the optimizer moves the weights.
# We timed one model on the CPU and another on the GPU.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, judges, machine, play, step
from lessonlib.play.prediction import predict

timed, gpu_timed = recorded("step_cpu.json"), recorded("step_cuda.json")
part = predict("Sixteen windows, on the CPU. How much of the step's time is the optimizer's?",
               step.SHARES)
part

# %% [markdown]
# The bars are for one window, four and sixteen.

# %% tags=["answer"]
step.show_parts()
part.answer(step.in_words(step.share(step.default_row(timed, 16))))

# %% [markdown]
# On the CPU, forward and backward take about eight times as long with sixteen windows as with one.
# The number of parameters stays the same, so the optimizer's time grows far less.
# So a faster optimizer saves a larger share where batches are small.
# On the GPU four windows take no longer than one.
#
# <details><summary>Fine print</summary>{{ play.where(timed, gpu_timed) }} Timed again, forward and backward each differ by up to 2 ms.</details>
#
# ### The floor
#
# AdamW does fewer than twenty operations for each parameter.
# Colab's T4 can do a hundred while its memory brings one number, so we count the bytes.

# %%
moved = predict("In float32, how many bytes must AdamW's step read and write for each parameter?")
moved

# %% [markdown]
# Counted array by array.

# %% tags=["answer"]
read, written = 4, 3
moved.answer(4 * (read + written))

# %% [markdown]
# A step reads $\theta$, $g$, $m$ and $v$, and it writes $\theta$, $m$ and $v$.
# Multiply these bytes by the number of parameters and divide by the [[bandwidth]] of the memory.
# That time is called the [[floor]].
# Here it is for three GPUs, by their data sheets, and for a laptop.
# **Goal:** with AdamW, find the largest model whose floor on a T4 is below 30 ms.

# %%
play.floor_of_a_machine().live()

# %% [markdown]
# ### Exercise 2. The floor of three rules (6 minutes)
#
# Write the floor in seconds for `"sgd"`, which is plain gradient descent, for `"momentum"` and for `"adamw"`.
# All arrays are float32, and `bandwidth` is in bytes a second.
#
# <details><summary>Hint</summary>For each rule, which arrays does a step read, and which does it write?</details>

# %% tags=["stub"]
def my_floor(rule, parameters, bandwidth):
    ...  # seconds

# %% tags=["solution"]
def my_floor(rule, parameters, bandwidth):
    arrays = {"sgd": 3, "momentum": 5, "adamw": 7}[rule]
    return 4 * arrays * parameters / bandwidth

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Gradient descent reads $\theta$ and $g$ and writes $\theta$.
# Each average that a rule keeps is read once and written once, so it adds two arrays.

# %% [markdown]
# The judge tries two models and two bandwidths.

# %%
judges.judge_floor(my_floor)

# %% [markdown]
# ### How close does PyTorch come?
#
# PyTorch has three ways.
# The loop takes one tensor after the other, and it is the default on a CPU.
# [[Foreach]] does one operation for all tensors, then the next, and it is the default on a GPU.
# [[Fused]] reads each array once and does all operations in one [[kernel]] or a few, and you have to ask for it.

# %%
ways = [bench.AS_WRITTEN, bench.LOOP, bench.FOREACH, bench.FUSED]
exceeds = predict("How many times the floor does PyTorch's default take on a CPU?", play.BEYOND)
exceeds

# %% [markdown]
# We timed the optimizer's step alone, on the GPU for GPT-2 small and on the CPU for a model a quarter as wide.
# The CPU has a fourth bar, for the formulas of the rule written in NumPy.
# For these bars we measured the bandwidth by copying an array, since a copy is slower than the data sheet says.

# %% tags=["answer"]
measured, on_gpu = recorded("bench_cpu.json"), recorded("bench_cuda.json")
alone = play.times_the_floor(on_gpu, bench.ONE, bench.LOOP)
play.show_ladder([("cpu", bench.LAYERS), ("cuda", bench.LAYERS)], ways,
                 "In these models fused comes close to the floor")
exceeds.answer(play.beyond(play.times_the_floor(measured, bench.LAYERS, bench.LOOP)))

# %% [markdown]
# Fused comes closest on both, so ask for it with `fused=True`.
# In the smaller models of the first bars it saves, at sixteen windows, about {{ step.saved(gpu_timed, 16) }} percent of the whole step on the GPU and {{ step.saved(timed, 16) }} on the CPU.
#
# <details><summary>Why is the GPU's loop slow?</summary>GPT-2 small has 148 tensors. With 100 million numbers in one tensor the loop took {{ alone:.1f}} times the floor in place of 13. So most of its time comes with the number of tensors.</details>
# <details><summary>Why is fused closer?</summary>It moves 7 arrays, as in the floor. The loop's eight operations move 20, because each reads and writes its own.</details>
# <details><summary>Is fused always close?</summary>No. For the smaller model of the first bars it took about {{ step.over_floor(gpu_timed) }} times its floor on the GPU. With a single window on the CPU it saves {{ step.saved(timed, 1) }} percent of the step.</details>
# <details><summary>Fine print</summary>{{ play.where(measured, on_gpu) }} The floors are those of {{ play.copied(measured, on_gpu) }}. The CPU reports a cache as large as the arrays that the bench walks through, so this floor may be the cache's.</details>
#
# *Deeper: [seven ways, and whether this is memory](deeper/11_gpu_lab.ipynb).*
#
# ### Your own machine
#
# Here is a whole training step on your machine, with the default and with `fused=True`.
# A [[token]] is a character here.

# %% tags=["machine"]
step.timed(machine.here().kind)

# %% [markdown]
# **A place to stop.**
#
# ## Part 3. What must fit
#
# ### Bytes for each parameter
#
# The other price of a step is memory.
# A weight takes four bytes in float32, and its gradient takes four more.

# %%
from lessonlib.lessons.lesson11 import judges, memory, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

state = predict("And AdamW's state? How many bytes for each parameter?")
state

# %% [markdown]
# The table shows the state after the first step, and what the second step uses for a moment.

# %% tags=["answer"]
held = [[name, *memory.first_steps(make).values()] for name, make in memory.MADE.items()
        if name != "AdamW, loop"]
display(table(["bytes for each parameter", "state", "for a moment"], held, ["", ".0f", ".0f"]))
state.answer(held[-1][1])

# %% [markdown]
# For a moment, foreach also holds the root of every `v`.
# After backward, weights, gradients and state take 16 bytes for each parameter.
#
# Forward keeps numbers for backward too, the [[activations]].
# They grow with the batch.
# The most that a step holds is its peak.
# With a large batch the peak comes when backward starts, and almost no gradient is there yet.
#
# ### Exercise 3. It must fit (6 minutes)
#
# Say that your card has room for 180 MB, and that the model has 800,000 parameters.
# Here is the peak of a training step with two small batches, on your GPU if there is one.

# %%
peaks = [[batch, memory.training_peak(batch)] for batch in (4, 8)]
table(["windows", "MB at the peak"], peaks, ["", ".1f"])

# %% [markdown]
# Which power of two is the largest batch that fits?
#
# <details><summary>Hint</summary>How much do four more windows add? Go on from eight.</details>

# %% tags=["stub"]
my_batch = None

# %% tags=["solution"]
my_batch = 64

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Four more windows add {{ peaks[1][1] - peaks[0][1]:.1f}} MB.
# Go on along that line, because the weights and the state stay as they are.
# At zero windows the line is at {{ 2 * peaks[0][1] - peaks[1][1]:.1f}} MB, about 12 bytes for each parameter.
# That is weights and state, so at the peak most gradients are not there yet.

# %% [markdown]
# The judge runs a step with your batch.

# %%
judges.judge_batch(my_batch)

# %% [markdown]
# ### When one card is not enough
#
# A smaller batch shrinks only the activations.
# Weights, gradients and state stay, and for 7 billion parameters their 16 bytes are 112 GB.
#
# Several cards can share those.
# The first stage of [[ZeRO|sharding]] spreads the [[optimizer's state|optimizer state]] over the cards.
# The second also spreads the gradients, and the third also the parameters.
# **Goal:** with 7 billion parameters on cards of 24 GB, find the smallest of the offered counts at which stage 3 fits, before activations.

# %%
play.will_it_fit().live()

# %% [markdown]
# In PyTorch the third stage is `torch.distributed.fsdp.fully_shard`.
#
# <details><summary>What does the third stage cost?</summary>Before a card computes with a layer, that layer's parameters are sent to it. That takes time, and room for one layer.</details>
#
# ### Exercise 4. Plan a training (5 minutes)
#
# A model of 13 billion parameters is trained with AdamW in float32.
# The cards have 80 GB, and half of each must stay free for activations.
# What is the smallest number of cards at stage 3, if it must be a power of two?
# And at the first stage?
# If no number is enough, write "never".
#
# <details><summary>Hint</summary>What stays on each card at the first stage, however many cards there are?</details>

# %% tags=["stub"]
my_cards = {"stage 3": None, "stage 1": None}  # a number, or "never"

# %% tags=["solution"]
my_cards = {"stage 3": 8, "stage 1": "never"}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At stage 3 all of the 208 GB are shared, and an eighth of that is below forty.
# At the first stage weights and gradients stay on every card, and that is 104 GB.

# %% [markdown]
# The judge adds up what a card would hold.

# %%
judges.judge_cards(my_cards)

# %% [markdown]
# *Deeper: [what a step holds for a moment, and AdamW on two processes](deeper/11_gpu_lab.ipynb).*
#
# **A place to stop.**
#
# ## Part 4. Sixteen bits
#
# ### Three kinds of number
#
# Numbers of sixteen bits take half of the bytes.
# Could the weights be kept in them too?

# %%
import torch
from torch import nn
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import half, judges, step
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

header = ["type", "123.456", "100,000", "0.00000001"]
table(header, half.in_each_type(123.456, 100_000, 1e-8), ",.6g")

# %% [markdown]
# [[bfloat16]] reaches as far as float32 and loses digits.
# [[float16]] keeps more digits, but large numbers become infinite and small ones zero.

# %%
end = predict("A bfloat16 weight is 1. We subtract 0.001 a thousand times. What is it then?")
end

# %% [markdown]
# A thousand small steps.

# %% tags=["answer"]
weight = torch.ones((), dtype=torch.bfloat16)
for _ in range(1000):
    weight -= 0.001
end.answer(weight.item())

# %% [markdown]
# In bfloat16 the next number below 1 is 0.996, so 0.999 is rounded back to 1.
# A step that is too small beside its weight is lost, so it is safer to keep the weights in float32.
#
# <details><summary>Fine print</summary>We rounded the weights of our small model to bfloat16 after each step. At a small step size it ended at 2.63 in place of 2.57, and at the best one at 2.22 both times, from one start.</details>
#
# ### What can be in sixteen bits
#
# Products of matrices can be computed in sixteen bits, and our small model then ends as low as in float32.
# This is [[mixed precision]], and in bfloat16 one line of PyTorch does it.
#
# ```python
# for x, y in batches:
#     optimizer.zero_grad()
#     with torch.autocast("cuda", dtype=torch.bfloat16):
#         loss = criterion(model(x), y)
#     loss.backward()
#     torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
#     optimizer.step()
# ```
#
# Weights, gradients and state stay in float32.
#
# Here is a whole step of sixteen windows on the GPU, with `fused=True`.

# %%
both = step.in_both_types(recorded("step_cuda.json"))
table(["type", "ms a step", "peak, GB"], both, ["", ".1f", ".2f"])

# %% [markdown]
# In bfloat16 the step took {{ 100 * both[1][1] / both[0][1]:.0f}} percent of the time, and its peak was lower.
# The products in float32 were in full precision, and TF32, a coarser kind, was not timed.
#
# <details><summary>Fine print</summary>With one window and with four, bfloat16 was slower in the record, by {{ step.slower_in_half() }}. On a CPU our small model ends at 2.20 to 2.26 from three starts, and in float32 at 2.22 to 2.24.</details>
#
# ### On a T4 it has to be float16
#
# With an A100 or a newer card you may skip this section, up to Exercise 5.
#
# NVIDIA's cards compute in bfloat16 from the A100 on, and Colab's T4 is older.
# So it needs float16, in which small gradients become zero during backward.
#
# A [[GradScaler]] multiplies the loss by 65,536 first, and so the gradients too.
# Then the 0.00000001 that was zero in the table survives.
# Before the step it divides the gradients again, which is called unscaling.
# If one has become infinite, `scaler.step` leaves the weights alone, and `scaler.update` halves the factor.
# After 2000 good steps in a row it doubles the factor.
# So the order is scale, backward, unscale, step, update.
#
# A colleague clips the gradients to a length of 1 before they are unscaled.

# %%
stops = predict(
    "The wrong order, clipping first. Which optimizer stops learning?",
    ["momentum", "AdamW", "both", "neither"],
)
stops

# %% [markdown]
# Here is the training loss after a short run on a CPU, with products in full precision.

# %% tags=["answer"]
rows = [[rule, lr, *(half.loss_after(rule, order) for order in half.ORDERS)]
        for rule, (_, lr) in half.MADE.items()]
display(table(["optimizer", "lr", *half.ORDERS], rows, ["", "g", ".2f", ".2f"]))
stops.answer(half.who_stops())

# %% [markdown]
# Clipped to a length of 1 and then divided by 65,536, the gradient is far too short.
# Momentum's step shrinks with it, so the model stays where it was.
# AdamW hides the mistake here, because the root of `v` shrinks as much as `m`.
# The mistake shows where eps is not small beside the gradients.
# In the last row it is larger than they are.
# With two million weights such a gradient is about $1/65{,}536/\sqrt{2{,}000{,}000} = 10^{-8}$ in each, as large as the usual eps, and half of a step is lost.
# So clipping comes after unscaling.
#
# ### Exercise 5. Complete the loop for a T4 (6 minutes)
#
# In the loop with autocast above, three lines follow the loss.
# Which of them change, and what is missing?
# The scaler is `torch.amp.GradScaler("cuda")`, see its `help`.
#
# <details><summary>Hint</summary>On which loss do you call <code>backward</code>, and how long should the gradients be when they are clipped?</details>
# <details><summary>Another hint</summary>You need <code>scale</code>, <code>step</code>, <code>unscale_</code> and <code>update</code>. In which order?</details>

# %% tags=["stub"]
def train_on_t4(model, optimizer, scaler, batches):
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast(x.device.type, dtype=torch.float16):
            loss = nn.functional.cross_entropy(model(x), y)
        ...  # backward, clip to a length of 1, step

# %% tags=["solution"]
def train_on_t4(model, optimizer, scaler, batches):
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast(x.device.type, dtype=torch.float16):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The limit is meant for true gradients, so they have to be unscaled before they are clipped.
# `scaler.step` looks for infinities and then calls `optimizer.step`.

# %% [markdown]
# The judge runs your loop on two batches, one with a long gradient and one with a short one.
# It tries factors of 4,096 and 1,024.

# %%
judges.judge_loop(train_on_t4)

# %% [markdown]
# *Deeper: [what bfloat16 loses, eps in the wrong order, and a timer](deeper/11_gpu_lab.ipynb).*
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **Type** | `torch.optim.AdamW(groups(model), lr=1e-3, fused=True)` with [the groups, the warm-up and the clipping](10_adamw.ipynb) of lesson 10 |
# | **Change first** | the step size. Begin at the `lr` above, expect a small model to want more, and try four values within each factor of ten, for every rule that you compare |
# | **Try and time** | `torch.set_float32_matmul_precision("high")`, TF32 products from the A100 on. Then autocast, in bfloat16 there and in float16 with a GradScaler on a T4, and `torch.compile(model)`, whose first steps are slow |
# | **Out of memory** | restart the notebook's Python, then halve the batch and call `backward` twice before each step, each time on half of the loss, which is gradient accumulation. `torch.utils.checkpoint` keeps fewer activations and computes them again. If the 16 bytes alone are too many, spread them over cards |
# | **Keep it** | Colab forgets, so `drive.mount("/content/drive")` from `google.colab`, and save there |
#
# ### Three questions, from memory
#
# <details><summary>On a CPU you double the batch. What happens to the optimizer's share of the step?</summary>It shrinks. The optimizer works on the parameters, and forward and backward work on the windows.</details>
# <details><summary>How many bytes for each parameter does AdamW keep as state, and how many must a step move?</summary>8 and 28. It reads four arrays and writes three.</details>
# <details><summary>Where does unscaling belong, and when does AdamW hide a mistake there?</summary>Between backward and clipping. AdamW hides it where eps is small beside the root of v.</details>
#
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Compare each optimizer at its own best step size.
#   On this book momentum then stayed behind Adam.
# - Forward and backward were most of each step here, so make them faster first.
#   The optimizer's floor is its bytes over the bandwidth, and for GPT-2 small `fused=True` came close.
# - Before activations, training with AdamW takes 16 bytes for each parameter, and several cards can share them.
# - Products can be in sixteen bits, but weights lose small steps there.
#
# **Next, [lesson 12](12_after_adamw.ipynb).**
# There are newer optimizers than AdamW, and each comes with a claim.
# How do you test it?
