# %% [markdown]
# # Lesson 11. The GPU lab
#
# *About 32 minutes to read, 60 with the exercises.*
#
# In lesson 10 you set up AdamW as it is done at work.
# Now it trains a [[transformer]] that learns a book, one character at a time.
# You will compare optimizers, see where the time of a step goes, and train in 16 bits.
#
# **From lesson 10, from memory.**
# `optim.Adam` and `optim.AdamW` both take `weight_decay=0.1`.
# Which of them decays a weight less, the larger the noise in its gradients is?
#
# <details><summary>Answer</summary>Adam. It adds the decay to the gradient, and then the root of v divides both. AdamW takes the decay off the weight itself.</details>

# %% tags=["setup"]

# %% [markdown]
# Is there a GPU?
# The next cell names it.
# Stored numbers are from a CPU with two cores, or where the text says so from an H200, a card for data centers.
# On your GPU some cells train a larger model, so their numbers differ from the text.
# On Colab you choose one before you start, under *Runtime, Change runtime type, T4 GPU*.

# %% tags=["machine"]
from lessonlib.lessons.lesson11 import machine

machine.here()

# %% [markdown]
# ## Part 1. A transformer learns a book
#
# ### From nothing to words
#
# The book is Genesis, in the English of 1611.
# A training step takes sixteen random pieces of it, called windows, of 32 characters each.
# The task is to predict the next character at every place.
# The [[loss]] is the [[cross-entropy]] $-\ln p$, where $p$ is the probability that the model gave to the character that came.
# Its unit is called a nat.
#
# Here AdamW trains a small transformer of 28,000 parameters.
# Move the slider and read what the model writes after "And God said".
# The highest grey line is the loss of a blind guess.
# The next comes from a table that counts how often each character comes.
# The lowest comes from a table of pairs, which counts which character follows which.
# **Goal:** find the first step at which the loss is below that of the table of pairs.

# %%
from lessonlib.data import recorded, text
from lessonlib.lessons.lesson11 import judges, machine, opening, sweep, trainings
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import Corpus, fit, sample
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
opening.learns_to_write().live()

# %% [markdown]
# At the last steps most of what it writes looks like words, and nobody told it that there are any.
# The whole model is a page of code, `lessonlib/pytorch/transformer.py`.
#
# ### Three rules, each at its own step size
#
# In lesson 9 a comparison at one step size said nothing.
# So momentum, [[Adam]] and [[AdamW]] get nine step sizes each, four to a factor of ten, and five starts at each.
# All else is the same for the three, and no beta is tuned.
#
# <details><summary>Fine print</summary>They share the small model, 200 steps, the batches, the clipping and the [[warm-up]]. Momentum's beta is 0.9, as Adam's first one is. A quarter of the steps are warm-up, and then a cosine falls to zero. The length for clipping was tuned for no rule. At momentum's best step size it acts at nine steps in ten, so that lr says little about training without it. AdamW has `weight_decay=0.1` for all parameters. The test text is the last tenth of the book, and the best step size was chosen on it too.</details>

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
# Gradients are clipped to a length of 0.25, and most are longer.
# Bring the test loss to 2.40 or below, which is close to the best of the sweep.
# Change `my_lr` by factors of three.
#
# <details><summary>Hint</summary>After the clipping no gradient is longer than 0.25. Does that ask for a smaller lr than you are used to, or for a larger one?</details>

# %% tags=["stub"]
my_lr = None

# %% tags=["solution"]
my_lr = 1.0

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Clipped gradients are short, so the step size may be large.
# At a tenth of that the training is too slow, and at five times as much it learns little.

# %% [markdown]
# The judge trains the model with your number, and once more with three times as much.
# That took {{ machine.took("lab", "tune", ["cpu"]) }} when it was recorded.

# %%
judges.judge_step_size(my_lr)

# %% [markdown]
# ### The sweep
#
# Each point is the median of five starts, and each bar reaches from the lowest to the highest.

# %% tags=["answer"]
sweep.show_sweep(record, opening.levels()[opening.PAIRS])
gap.answer(sweep.verdict(record))

# %% [markdown]
# The same in numbers, then from the H200, and then without clipping.
# The very last row is one step size below Adam's best.

# %% tags=["answer"]
header = ["rule", "lr", "median test loss", "lowest", "highest", "not at an end of the sweep"]
rows = sweep.rows(record)
free = sweep.rows(record, clip=None, rules=["momentum", "adam"])
free.append(sweep.one_lower(record, "adam", clip=None))
on_gpu = recorded("lab_cuda.json")
larger, told = sweep.rows(on_gpu), on_gpu["story"]
lowest = told["test"].index(min(told["test"]))
there = [[f"{name}, on the H200", *found] for name, *found in larger]
table(header, rows + there + free, ["", "g", ".2f", ".2f", ".2f", ""])

# %% [markdown]
# Momentum ends {{ rows[0][2] - rows[1][2]:.2f}} nats above Adam, and its best start is worse than Adam's worst.
# With a schedule that ends at step 200, Adam and AdamW get below the table of pairs, and momentum does not.
# In the opening the schedule has 800 steps, so AdamW was not there yet at step 200.
#
# Without clipping, one of Adam's five starts ends at {{ free[1][4]:.2f}}, at the step size with the lowest median.
# One step size below, all five end well.
# So look at the worst start too.
#
# Is it the small model?
# The H200 swept the same rules with a model of 800,000 parameters, larger batches and four times the steps.
# There all three get below the table of pairs, and momentum is still behind at every start.
# The best step sizes of Adam and AdamW are a third to a sixth of those of the small model.
#
# *Deeper: [other betas, warm-up and large batches](deeper/11_gpu_lab.ipynb).*
#
# ### Let it write
#
# Now train AdamW yourself, four times as long as in the sweep.
# It took {{ machine.took("lab", "longer") }}, where the model is the larger one.

# %% tags=["chaotic"]
kind = machine.here().kind
size, corpus = trainings.SIZES[kind], Corpus(text(), kind)
longer = size._replace(steps=4 * size.steps, warmup=4 * size.warmup)
scholar = fit(trainings.optimizer("adamw", sweep.lr_for(kind)), corpus, longer)
print(f"lr {sweep.lr_for(kind):g}, test loss {scholar.test:.2f}, "
      f"table of pairs {opening.levels()[opening.PAIRS]:.2f}")

# %% [markdown]
# Each character is drawn with the probability that the model gives it.
# A low temperature makes likely characters likelier.
# **Your turn.**
# Change the start, the temperature to 0.3 or 1.5, and the seed.

# %% tags=["chaotic"]
my_start, my_temperature, my_seed = "And God said", 0.8, 0
print(sample(scholar.model, corpus, my_start, 300, temperature=my_temperature, seed=my_seed))

# %% [markdown]
# On the H200 the test loss was lowest at step {{ told["steps"][lowest]:,}}, with {{ told["test"][lowest]:.2f}}.
# At the end, step {{ told["steps"][-1]:,}}, it was {{ told["test"][-1]:.2f}}.
# So keep the weights of the best step, chosen by the loss on a third piece of text.
#
# ## Part 2. What a step costs
#
# ### Where the time goes
#
# A training step has three large parts.
# Forward computes the loss, backward computes the gradients, and the optimizer moves the weights.
# On the CPU they were timed with a model of 800,000 parameters and windows of 64 characters.
# On the H200 the model had 25 million, and the windows 256.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, judges, machine, play, step
from lessonlib.play.prediction import predict

timed, timed_gpu = recorded("step_cpu.json"), recorded("step_cuda.json")
part = predict("Sixteen windows, on the CPU. Which part of the step's time is the optimizer's?",
               step.SHARES)
part

# %% [markdown]
# One bar for each of three batches, with PyTorch's default step.
# The short bar below its end is the optimizer's time with `fused=True`.

# %% tags=["answer"]
step.show_parts()
work = [step.without_optimizer(timed_gpu, batch) for batch in step.BATCHES]
shares = [step.share(step.default_row(timed_gpu, batch)) for batch in step.BATCHES]
part.answer(step.in_words(step.share(step.default_row(timed, 16))))

# %% [markdown]
# On the CPU forward and backward take eight times as long for sixteen windows as for one.
# The optimizer does the same work at each batch, so a faster one matters most where batches are small.
#
# On the H200 they take only {{ work[2] / work[0]:.1f}} times as long for sixteen as for one, and for four no longer than for one.
# So on a card that is not yet full, a smaller batch saves no time.
# The optimizer's share is at most {{ max(shares):.0%}} there.
#
# ### The floor
#
# How fast can the optimizer's part be?
# AdamW does about a dozen operations for each parameter.
# A T4 does them some fifty times faster than its memory brings the numbers.

# %%
moved = predict("In float32, how many bytes does AdamW's step read and write for each parameter?")
moved

# %% [markdown]
# Counted array by array.

# %% tags=["answer"]
read, written = 4, 3
moved.answer(4 * (read + written))

# %% [markdown]
# A step reads $\theta$, $g$, $m$ and $v$, and it writes $\theta$, $m$ and $v$.
# Divide these bytes by the [[bandwidth]] of the memory, and you have the [[floor]], the time in which memory moves them.
# Only a model that stays in the cache can be faster.
# The picture shows the floor on four machines, for the three GPUs by their data sheets.
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
# The judge tries it with a thousand parameters.

# %%
judges.judge_floor(my_floor)

# %% [markdown]
# ### How close does PyTorch come?
#
# Here are four ways to do the same step.
# The rule as you wrote it in NumPy makes a new array at each operation.
# PyTorch's loop takes one tensor after the other, and it is the default on a CPU.
# [[Foreach]] does each operation for all tensors in one call, and it is the default on a GPU.
# [[Fused]] does all operations in one [[kernel]].

# %%
ways = [bench.AS_WRITTEN, bench.LOOP, bench.FOREACH, bench.FUSED]
exceeds = predict("How many times the floor does PyTorch's default take on a CPU?", play.BEYOND)
exceeds

# %% [markdown]
# Recorded, with a line at the floor, which is estimated from how fast the machine copies or changes an array.

# %% tags=["answer"]
measured = recorded("bench_cpu.json")
play.show_ladder([bench.LAYERS], ways)
default = play.times_the_floor(measured, bench.LAYERS, bench.LOOP)
closest = play.times_the_floor(measured, bench.LAYERS, bench.FUSED)
on_h200 = recorded("bench_cuda.json")
launches = play.calls_ms(on_h200, bench.LOOP, 1000)
small = step.fused_over_floor(recorded("step_cuda.json"), on_h200)
gpu = [play.times_the_floor(on_h200, bench.LAYERS, way) for way in ways[1:]]
exceeds.answer(play.beyond(default))

# %% [markdown]
# On this CPU the default, which is the loop, takes {{ default:.1f}} times the floor, and fused takes {{ closest:.1f}} times.
# On the H200 the loop takes {{ gpu[0]:.0f}} times the floor, the default, foreach, {{ gpu[1]:.1f}} times, and fused {{ gpu[2]:.1f}} times.
# So fused is worth asking for on both.
#
# Fused reads each array once, and the other ways write each result and read it again.
# On a GPU each operation is a launch besides, and that takes its time however little there is to compute.
# For a thousand small tensors all launches of the H200's loop took {{ launches:.0f}} ms.
#
# <details><summary>Fine print</summary>{{ play.where(measured) }} The parameters are those of GPT-2 small, four times narrower, in 148 tensors. The thin lines reach from the fastest repeat to the slowest. On the GPU they have the full width. {{ play.where(on_h200) }}</details>
#
# *Deeper: [seven ways, and whether this is memory](deeper/11_gpu_lab.ipynb).*
#
# ### Your own machine
#
# Here is a whole training step on your machine, with the default and with `fused=True`.
# A [[token]] is a character here.
# Only the optimizer's column should differ between the ways, but on a busy machine all of it varies.
# On a fast GPU this model is small, and its launches count more than its bytes.
# On the H200 its fused step took {{ small:.0f}} times the floor.

# %% tags=["machine"]
step.timed(machine.here().kind)

# %% [markdown]
# ## Part 3. Memory, and 16 bits
#
# ### What must fit
#
# Weights take four bytes for each parameter in float32, and gradients take four more.

# %%
import torch
from torch.nn import functional, utils
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import half, judges, machine, memory, step
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

state = predict("And AdamW's state? How many bytes for each parameter?")
state

# %% [markdown]
# The state after the first step, and what the second one holds for a moment.

# %% tags=["answer"]
makers = {"SGD": lambda params: torch.optim.SGD(params, lr=0.1),
          "SGD, momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
          **memory.ADAMWS}
held = [[name, *memory.first_steps(make).values()] for name, make in makers.items()]
display(table(["bytes for each parameter", "state", "for a moment"], held, ["", ".0f", ".1f"]))
state.answer(held[-1][1])

# %% [markdown]
# With weights and gradients AdamW makes that 16 bytes for each parameter, once backward is done.
# Before that there are the [[activations]], which forward keeps until backward has used them, and they grow with the batch.
# The step itself takes four more with foreach, the default on a GPU, and none with `fused=True`.
#
# ### Exercise 3. It must fit (6 minutes)
#
# Your card has room for 140 MB, and the model has 800,000 parameters.
# Here is the peak of a training step with two small batches, on your GPU if there is one.

# %%
peaks = [[batch, memory.training_peak(batch)] for batch in (4, 8)]
table(["windows", "MB at the peak"], peaks, ["", ".1f"])

# %% [markdown]
# The peak comes early in backward, when all activations are there and most gradients are not.
#
# Which power of two is the largest batch that fits?
#
# <details><summary>Hint</summary>How much do four more windows take? Go on from eight.</details>
# <details><summary>Fine print</summary>On a CPU the peak is counted in PyTorch's tensors.</details>

# %% tags=["stub"]
my_batch = None

# %% tags=["solution"]
my_batch = 64

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Four more windows take {{ peaks[1][1] - peaks[0][1]:.1f}} MB.
# Go on along that line, because the weights and the state take no more.
# With fewer than four windows it does not hold, because there the peak is at the step.

# %% [markdown]
# The judge runs the step with your batch and says what it took.

# %%
judges.judge_batch(my_batch)

# %% [markdown]
# ### Three kinds of number
#
# Many processors multiply 16-bit numbers several times faster, and such a number takes half of the bytes.
# Here are three numbers in float32 and in the two 16-bit types.

# %%
rows = []
for kept in (torch.float32, torch.bfloat16, torch.float16):
    became = [torch.tensor(x).to(kept).item() for x in (123.456, 100_000, 1e-8)]
    rows.append([str(kept)[6:], *became])
table(["type", "123.456 becomes", "100,000 becomes", "0.00000001 becomes"], rows, ",.6g")

# %% [markdown]
# [[bfloat16]] reaches as far as float32 and loses digits.
# [[float16]] keeps more digits, but large numbers become infinite and small ones zero.

# %%
end = predict("A weight of 1 in bfloat16, less 0.001, a thousand times. Where does it end?")
end

# %% [markdown]
# A thousand small steps.

# %% tags=["answer"]
speedup = step.speedup(recorded("step_cuda.json"))  # of bfloat16, for each batch
weight = torch.ones((), dtype=torch.bfloat16)
for _ in range(1000):
    weight -= 0.001
end.answer(weight.item())

# %% [markdown]
# In bfloat16 a step shorter than about two thousandths of the weight is always rounded off.
# A weight of a tenth would have moved.
#
# The same rounding spoils `v`.
# With the default beta2 it should lose a thousandth at a step, and in bfloat16 it loses nothing, so it never forgets.
# So the weights need float32, and a plain average with that beta2 does too.
#
# Products of matrices take 16 bits.
# Softmax, layer normalization and the loss stay in float32.
# That is [[mixed precision]], and one line of PyTorch does it.
# Weights, gradients and state keep their bytes.
# But the activations shrink, and a large model gains speed.
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
# On the H200 a step with sixteen windows was {{ speedup[2]:.1f}} times as fast in bfloat16, and one with four was slower.
# So time a step of yours in both types, with `torch.cuda.synchronize()` before each look at the clock.
# Section 7 of [the deeper notebook](deeper/11_gpu_lab.ipynb) has such a timer.
#
# ### On a T4 it has to be float16
#
# NVIDIA's cards compute in bfloat16 from the A100 on, and Colab's T4 is older.
#
# In float16 small gradients would become zero on their way back.
# A [[GradScaler]] multiplies the loss by 65,536 first, and so the gradients too.
# Before the step it divides the gradients again, which is called unscaling.
# It skips a step whose gradients have become infinite, and then halves the factor.
#
# A colleague clips the gradients to a length of 1 before they are unscaled.

# %%
stops = predict(
    "The wrong order, clipping first, in Part 1's model. Which optimizer stops learning?",
    ["momentum", "AdamW", "both", "neither"],
)
stops

# %% [markdown]
# The training loss after 150 steps on a CPU, one start each, in both orders.

# %% tags=["answer"]
rows = [[rule, *(half.loss_after(rule, order) for order in half.ORDERS)] for rule in half.RULES]
display(table(["optimizer", *half.ORDERS], rows, ["", ".2f", ".2f"]))
stops.answer(half.who_stops())

# %% [markdown]
# Clipped first and then divided, the gradient has a length of 1/65,536 at most.
# Momentum's step shrinks with it, so the model stays where it was.
# AdamW nearly hides the mistake, because the root of `v` cancels most of the factor.
# In a large model such gradients fall below eps, and then AdamW's steps shrink too.
#
# ### Exercise 4. Complete the loop for a T4 (6 minutes)
#
# In the loop with autocast above, three lines follow the loss.
# Which of them change, and what is missing?
# `help(torch.amp.GradScaler)` says how a scaler is called.
#
# <details><summary>Hint 1</summary>Which loss goes backward, and how long should the gradients be when they are clipped?</details>
# <details><summary>Hint 2</summary>You need <code>scale</code>, <code>step</code>, <code>unscale_</code> and <code>update</code>. In which order?</details>

# %% tags=["stub"]
def train_on_t4(model, optimizer, scaler, batches):
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast(x.device.type, dtype=torch.float16):
            loss = functional.cross_entropy(model(x), y)
        ...  # backward, clip to a length of 1, step

# %% tags=["solution"]
def train_on_t4(model, optimizer, scaler, batches):
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast(x.device.type, dtype=torch.float16):
            loss = functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The limit is meant for true gradients, so they have to be unscaled before they are clipped.
# `scaler.step` looks for infinities and then calls `optimizer.step`.

# %% [markdown]
# The judge runs your loop on two batches, one with a long gradient and one with a short one.
# Its scaler multiplies by 4,096.

# %%
judges.judge_loop(train_on_t4)

# %% [markdown]
# *Deeper: [what bfloat16 loses, eps in the wrong order, and a timer](deeper/11_gpu_lab.ipynb).*

# %% [markdown]
# ## Part 4. When one card is not enough
#
# A model of 7 billion parameters takes 16 bytes for each, and that is more than a card of 80 GB holds.
# With several cards, each can keep a part.
# The first stage of [[ZeRO|sharding]] spreads the [[optimizer's state|optimizer state]] over the cards, the second the gradients too, and the third the weights too.
# **Goal:** with 7 billion parameters on cards of 24 GB, find the smallest of the offered counts at which stage 3 fits, before activations.

# %%
from lessonlib.lessons.lesson11 import judges, play, sweep
from lessonlib.play.prediction import summary

play.will_it_fit().live()

# %% [markdown]
# With more cards only the last stage goes on toward zero.
# Its price is that the weights are gathered for every layer, in forward and again in backward.
#
# In PyTorch stage 1 is `torch.distributed.optim.ZeroRedundancyOptimizer`, and stage 3 is `torch.distributed.fsdp.fully_shard`.
#
# ### Exercise 5. Plan a training (5 minutes)
#
# A model of 13 billion parameters is trained with AdamW in float32.
# The cards have 80 GB, and half of each must stay free for activations.
# What is the smallest number of cards at stage 3, if it must be a power of two?
# And at stage 1, if there is one?
#
# <details><summary>Hint</summary>What stays on each card at stage 1, however many cards there are?</details>

# %% tags=["stub"]
my_cards = {"stage 3": None, "stage 1": None}  # a number, or "never"

# %% tags=["solution"]
my_cards = {"stage 3": 8, "stage 1": "never"}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At stage 3 all of the 208 GB are shared, and an eighth of that is 26.
# At stage 1 weights and gradients stay on every card, 8 bytes for each parameter, and that is 104 GB.
# The next stage would leave half of that on every card.

# %% [markdown]
# The judge computes what your number of cards would hold.

# %%
judges.judge_cards(my_cards)

# %% [markdown]
# *Deeper: [one AdamW on two processes](deeper/11_gpu_lab.ipynb).*
#
# ### On Monday morning
#
# | | |
# |---|---|
# | **Type** | `torch.optim.AdamW(groups(model), lr=3e-4, fused=True)` with the groups, the warm-up and the clipping of lesson 10. It is where a sweep begins, and our two models were best at {{ sweep.lr_for("cpu"):g}} and {{ sweep.lr_for("cuda"):g}} |
# | **Change first** | the step size. For every rule that you compare, try four to a factor of ten, until the best is not at an end |
# | **Try and time** | autocast, in bfloat16 on an A100 or newer and in float16 with a GradScaler on a T4, and `torch.compile(model)`, whose first steps are slow |
# | **Out of memory** | restart the notebook's Python first, then halve the batch and go backward twice before each step, each time with half of the loss. If weights, gradients and state alone are too large, spread them over cards, or try `torchao`, which keeps averages in one byte with a scale for each block, or in the processor's memory, and compare the loss |
# | **Keep it** | a session on Colab ends, so `drive.mount("/content/drive")` from `google.colab`, and save there |
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>On a CPU you double the batch. What happens to the optimizer's time, and to its share of the step?</summary>It does the same work, and its time grows far less than that of the rest. So its share shrinks.</details>
# <details><summary>AdamW in float32. How many bytes for each parameter does it keep as state, and how many does a step move?</summary>8 and 28. It reads four arrays and writes three.</details>
# <details><summary>Where does unscaling belong, and which optimizer hides a mistake there?</summary>Between backward and clipping. In a small model AdamW nearly hides it, because the root of v cancels most of the factor.</details>
#
# What you did today is kept in one file where the notebook runs, on Colab until the session ends, and the course sends it nowhere unless you join a teacher's board.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - After 200 steps on this book Adam and AdamW, at their best step sizes and clipped, were ahead of momentum for every start.
#   Look at the worst start too.
# - Most of a step was forward and backward, at each of three batches, on the CPU and on the GPU.
#   The optimizer's floor is its bytes over the bandwidth, and `fused=True` came closest on both.
# - Products go into 16 bits.
#   Weights do not, or small updates are lost.
#   With the default beta2 a plain v does not either, or old squares stay.
#
# **Next, [lesson 12](12_after_adamw.ipynb).**
# There are newer optimizers than AdamW, and each comes with a claim.
# How do you test it?
