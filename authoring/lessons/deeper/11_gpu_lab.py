# %% [markdown]
# # Deeper into lesson 11
#
# Eight questions about the lab, and each stands alone.
# Stored numbers are from a CPU with two cores, or from an H200 where the text says so.
#
# | Question | Minutes |
# |---|---|
# | 1. How much of a comparison is its protocol? | 3 |
# | 2. What does warm-up change? | 11 |
# | 3. What do the large first steps do? | 4 |
# | 4. What does a larger batch change? | 3 |
# | 5. Where does the time of AdamW's own step go? | 11 |
# | 6. What does a step hold for a moment? | 3 |
# | 7. What does bfloat16 lose, and why does AdamW hide a wrong order? | 5 |
# | 8. Is it the same AdamW on two processes? | 11 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. How much of a comparison is its protocol?
#
# *3 minutes.*
#
# In the lesson every rule had nine step sizes and clipped gradients.
# A quicker sweep takes every second of these step sizes and does not clip.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import sweep
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
changed = predict("From the quick sweep to the lesson's, what happens to momentum's gap to Adam?",
                  sweep.CHANGES)
changed

# %% [markdown]
# Each number is the test loss at the best step size, as the median of five starts.

# %% tags=["answer"]
header = ["protocol", "momentum", "Adam", "gap"]
rows = sweep.protocols(record)
display(table(header, rows, ["", ".3f", ".3f", ".3f"]))
changed.answer(sweep.how_the_gap_changes(rows))

# %% [markdown]
# Under all four protocols the gap lies between {{ rows[2][3]:.2f}} and {{ rows[1][3]:.2f}} nats.
# So the protocol changes its size by less than a third, and never which rule is ahead.
#
# But without clipping one of Adam's five starts ends above 2.8 at the best of nine step sizes, and the median hides it.
# One step size below, all five end well, so look at the worst start too.
#
# <details><summary>Fine print</summary>In the larger model on the H200 the gap goes from 0.24 to 0.15, mostly because clipping helps momentum and not Adam. On the CPU a first beta of 0.8 leaves the gap as it is, because both end about 0.04 lower. Why the gap is there, we did not test.</details>
#
# ## 2. What does warm-up change?
#
# *11 minutes.*
#
# [[Warm-up]] begins with small steps and makes them longer.
# Then the step size falls along a cosine to zero.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import judges, sweep, warmup
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
where = predict("At which step sizes does warm-up change the loss more?",
                ["the small ones", "the large ones"])
where

# %% [markdown]
# Each point is the median of five starts, and each bar reaches from the lowest to the highest.
# The two panels have their own scales.

# %% tags=["answer"]
on_gpu = recorded("lab_cuda.json")
sweep.show_warmup([record, on_gpu])
where.answer(sweep.where_warmup_matters(record))

# %% [markdown]
# In the small model warm-up makes the best step size three times larger, and the loss at the best is lower.
# In the larger one it lowers the loss of every start at every step size.
# Beyond 0.003 the loss rises without it, and stays nearly flat with it.
#
# <details><summary>Fine print</summary>With warm-up the cosine begins later, so the decay differs too. In the small model the bars overlap at six of nine step sizes.</details>
#
# ### Exercise. Draw a schedule (8 minutes)
#
# What should the step size do over 200 steps?
# Return the part of the largest step size to take at step `t`, which counts from one to 200.
# Any shape will do that begins at a fifth or less, rises to 1 in the first half, and falls to a tenth or less, all without sudden jumps.
#
# <details><summary>Hint</summary>A line up, and then a line down, is two cases and two returns.</details>

# %% tags=["stub"]
def my_share(t):
    ...  # a number between 0 and 1

# %% tags=["solution"]
def my_share(t):
    if t <= 40:
        return t / 41
    return (200 - t) / 160

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Adam's first steps have full length in every coordinate, whatever the gradient is, so they should be short.
# At the end the weights hop around a minimum, as far as the step size lets them, so it should be near zero.

# %% [markdown]
# The judge looks at the beginning, the top, the end and the jumps between.

# %%
judges.judge_shape(my_share)

# %% [markdown]
# Now your schedule trains AdamW, beside that of the lesson and one without warm-up.
# This takes about ten seconds.

# %% tags=["chaotic"]
rows = [["the lesson's", warmup.end(50, knows=False)],
        ["falling from the start", warmup.end(0, knows=False)]]
if judges.judge_shape(my_share):
    rows.append(["yours", warmup.with_schedule("adamw", 0.018, my_share)])
table(["schedule", "test loss"], rows, ["", ".2f"])

# %% [markdown]
# One start decides nothing, so give `with_schedule` a `seed=1` and then a `seed=2`.
#
# **To do.**
# Let yours reach 1 at step five.
# What changes?
#
# <details><summary>Answer</summary>Each of three starts ends higher than with the solution's rise of 41 steps. The judge calls both shapes right, so a right shape is not enough.</details>
#
# ## 3. What do the large first steps do?
#
# *4 minutes.*
#
# Adam's first step is a [[sign step|sign descent]], so without warm-up every weight that has a gradient moves by $\alpha$.
# Here $\alpha$ is 0.018, about the size that these weights start with.
#
# The network ends in a vector for each place in the text.
# We measure how alike these vectors are, from zero if they cancel to one if all point the same way.

# %% tags=["chaotic"]
from lessonlib.lessons.lesson11 import warmup
from lessonlib.lessons.tables import table
from lessonlib.play.prediction import predict

warmup.show_alike()
cold, warm = (warmup.at_the_end(up)[0] for up in (0, 50))

# %% [markdown]
# Soon all vectors point the same way, with warm-up and without.
# Then the network predicts the same letters everywhere, so the best that it can learn is how often each letter comes.
# The grey line is the loss of a table that knows just this.
#
# At the right end the vectors are at most {{ max(warm):.2f}} alike with warm-up, and at least {{ min(cold):.2f}} without it.
#
# Do the first steps do harm because they come first?
# In the next trainings the step size stays at a tenth of $\alpha$ for 25 steps, and then rises to $\alpha$.
# Only five steps have another size.
# The table has their lengths added up, and the test loss from three starts.

# %% tags=["chaotic"]
rows = []
for first, share in ((1, 0.1), (1, 1), (21, 1), (21, 1.6), (1, 0.63)):
    found = [warmup.five_steps(first, share, seed) for seed in warmup.SEEDS]
    rows.append([f"{first} to {first + 4}", share, found[0][0], *(loss for _, loss in found)])
header = ["the five", "size, in alpha", "length, start 0", "start 0", "start 1", "start 2"]
table(header, rows, ["", "g", ".1f", ".2f", ".2f", ".2f"])

# %% [markdown]
# The first row is the one to compare with.
# At full size the first five do harm and later ones next to none, but the first five are also longer.
# Later ones as long as these do less than half of the harm.
# First ones as short as the later ones do next to none.
# So the first steps do harm by their length, and more than later ones of that length.
#
# <details><summary>Fine print</summary>How alike the vectors are is the squared length of the mean of their unit vectors. Of five starts, the long later steps leave one unharmed, and the short first ones harm one.</details>
#
# What if the network is given the letters' frequencies at its start?

# %%
left = predict("With the frequencies given, how much of warm-up's gain is left at 0.018?",
               ["most of it", "about half", "less than a quarter"])
left

# %% [markdown]
# The table also has three times that step size.

# %% tags=["answer", "chaotic"]
rows = []
for lr in (warmup.LR, 0.056):
    for given in (False, True):
        without, with_it = (warmup.end(up, knows=given, lr=lr) for up in (0, 50))
        rows.append([lr, "yes" if given else "no", without, with_it, without - with_it])
header = ["lr", "frequencies given", "no warm-up", "50 steps of warm-up", "gain"]
display(table(header, rows, ["g", "", ".2f", ".2f", ".2f"]))
share = rows[1][-1] / rows[0][-1]
left.answer("less than a quarter" if share < 0.25 else "about half" if share < 0.7
            else "most of it")

# %% [markdown]
# So at 0.018 nearly all of the harm needs a network that does not know the frequencies yet.
# At three times that step size warm-up helps one that knows them too, and we do not know why.
#
# <details><summary>Fine print</summary>The logarithms of the frequencies in the training text are added to the network's scores. Two more starts agree. The larger model was not tested.</details>
#
# ## 4. What does a larger batch change?
#
# *3 minutes.*
#
# A larger batch gives a less noisy gradient, but for the same text it allows fewer steps.
# On each machine every training reads the same number of characters.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import half, sweep, trainings
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import fit
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
worst = predict("The same characters in all. Which batch ends at the highest test loss with AdamW?",
                ["2 windows", "16 windows", "128 windows"])
worst

# %% [markdown]
# Each point is the median of three starts, shaded from the lowest to the highest.

# %% tags=["answer"]
sweep.show_batches([record, recorded("lab_cuda.json")])
worst.answer(sweep.worst_batch(sweep.batch_rows(record, "adamw")))

# %% [markdown]
# The two smaller batches end nearly alike, but no step size brings the largest one near.
# Is it the batch, or the few steps?
# Here are two batches, each with few steps and with many, on the CPU.

# %% tags=["chaotic"]
rows = [[16], [128]]
for row in rows:
    for steps, lr in ((25, 0.01), (200, 0.032)):
        size = trainings.SIZES["cpu"]._replace(batch=row[0], steps=steps, warmup=steps // 4)
        row.append(fit(trainings.optimizer("adamw", lr), half.corpus(), size).test)
table(["windows", "25 steps", "200 steps"], rows, ["", ".2f", ".2f"])

# %% [markdown]
# With 25 steps neither gets far, and with 200 the largest batch ends lowest.
# So what it lacks is steps.
#
# <details><summary>Fine print</summary>The table is from one start, and 200 steps with the largest batch read eight times the text. Clipping as in the lesson, a quarter of the steps warms up, then a cosine to zero. The H200 trained the larger model on 16 times the characters.</details>
#
# **To do.**
# A GPU reads more characters a second in larger batches.
# What would you have to know to choose the batch for the shortest time?
#
# <details><summary>Answer</summary>The time of a step at each batch size. Multiply it by the steps that each batch needs to reach the same loss.</details>
#
# ## 5. Where does the time of AdamW's own step go?
#
# *11 minutes.*
#
# A step of AdamW has to move 28 bytes for each parameter, and that takes the time of the [[floor]].
# Each way after the first tries to save something.
#
# | Way | What it saves |
# |---|---|
# | NumPy, the rule as written | nothing, as each operation makes a new array |
# | in place | the new arrays |
# | in blocks | the way to memory between two operations, as a block stays in the cache |
# | all cores | time, as two cores share the blocks |
# | PyTorch's loop | all new arrays but two, on all cores |
# | [[foreach]] | one of these two arrays, and calls, as one serves all tensors |
# | [[fused]] | calls and the results between, as one [[kernel]] does all operations |

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, cached, machine, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

engines = [bench.AS_WRITTEN, bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED, bench.LOOP,
           bench.FOREACH, bench.FUSED]
found, on_h200 = recorded("bench_cpu.json"), recorded("bench_cuda.json")
small = predict("Fused, with a thousand small tensors. How many times the floor does it take?",
                play.BEYOND)
small

# %% [markdown]
# Each dot says how many times the floor a way takes.

# %% tags=["answer"]
title = "Fused reaches the floor on a large tensor, and nothing does on small ones"
play.show_ladder([("cpu", bench.ONE), ("cpu", bench.MANY)], engines, title, log=True)
small.answer(play.beyond(play.times_the_floor(found, bench.MANY, bench.FUSED)))

# %% [markdown]
# On the large tensor the ways in place, in blocks and on all cores each save a part, and fused ends at the floor.
# On the small ones these three save nothing, and every way takes more than ten times the floor.
#
# Why is the loop so far behind fused on the large tensor?
# Here are two tensors, one whose arrays stay in the cache, and one of ten million numbers.
# The loop makes new arrays at each step, and for large ones it gets fresh memory from the system.
# In the last column, on Linux, freed memory is kept.

# %% tags=["chaotic"]
small_ns = cached.nanoseconds(240_000, repeats=50, steps=3)
large = cached.nanoseconds(10_000_000, repeats=5, steps=1)
again = cached.with_memory_kept(10_000_000, repeats=5, steps=1)
rows = [[way, small_ns[way], large[way], again[way]] for way in large]
header = ["nanoseconds for each number", "in the cache", "large", "large, memory kept"]
table(header, rows, ["", ".1f", ".1f", ".1f"])

# %% [markdown]
# When memory is kept, most of fused's lead on the large tensor goes.
# So most of it was the price of fresh memory, which fused never pays because it makes no arrays.
#
# <details><summary>Fine print</summary>{{ play.where(found) }} The floor is an estimate, so a way may end a little below it. The stored nanoseconds are from one thread, and a part of the first column is the price of the call. The last column sets MALLOC_MMAP_MAX_ and MALLOC_TRIM_THRESHOLD_ of the GNU C library.</details>
#
# On a GPU each call launches a kernel, and Python prepares it.
# Our own way, written with Triton, does all operations for all tensors in two launches.

# %%
on_gpu = [bench.LOOP, bench.FOREACH, bench.FUSED, bench.TRITON]
title = "Two ways come near the floor on a large tensor, and none does on small ones"
play.show_ladder([("cuda", bench.ONE), ("cuda", bench.MANY)], on_gpu, title, log=True)
apiece = play.calls_ms(on_h200, bench.TRITON, 1000)

# %% [markdown]
# Foreach is PyTorch's default here, and it takes about three times as long as fused on both.
# So write `fused=True`.
# With small tensors ours still takes {{ apiece:.1f}} microseconds for each, and we did not profile why.
#
# <details><summary>Fine print</summary>Why foreach is behind the loop on the GPU's large tensor, we did not test.</details>
#
# ### Exercise. Time a step on a GPU (6 minutes)
#
# A call returns before the GPU is done.
# `step()` orders a step, `wait()` returns when all that was ordered is done, and `clock()` returns the seconds so far.
# Return the seconds of one step, as the mean over `repeats` steps.
#
# <details><summary>Hint</summary>Which step takes longest, and what may still run when you read the clock?</details>

# %% tags=["stub"]
def my_seconds(step, wait, clock, repeats):
    ...  # the seconds of one step

# %% tags=["solution"]
def my_seconds(step, wait, clock, repeats):
    step()
    wait()
    start = clock()
    for _ in range(repeats):
        step()
    wait()
    return (clock() - start) / repeats

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The first step compiles and makes the state, so it is taken before.
# Without the two waits the clock tells the launches, or work from before.

# %% [markdown]
# The judge pretends a GPU, so you need none.

# %%
from lessonlib.lessons.lesson11 import timer

timer.judge_timer(my_seconds)

# %% [markdown]
# Now measure your own machine, with large arrays if it has a GPU and with small ones if not.

# %% tags=["machine"]
kind = machine.here().kind
count = 100_000_000 if kind == "cuda" else 500_000
print(bench.table(bench.measure(kind, "one tensor", [(count,)], repeats=3, budget=3)))

# %% [markdown]
# ## 6. What does a step hold for a moment?
#
# *3 minutes.*
#
# State stays from step to step.
# Within a step there are also arrays that live for a moment, and the peak of memory counts them too.

# %%
from lessonlib.lessons.lesson11 import memory
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

made = memory.MADE
most = predict("Which of these holds the most for a moment?", list(made))
most

# %% [markdown]
# Every tensor that PyTorch makes is counted, for a model of eight tensors of equal size.

# %% tags=["answer"]
held = {name: memory.first_steps(make) for name, make in made.items()}
rows = [[name, found["state"], found["extra"]] for name, found in held.items()]
display(table(["optimizer", "state, bytes each", "for a moment"], rows, ["", ".0f", ".1f"]))
most.answer(max(held, key=lambda name: held[name]["extra"]))

# %% [markdown]
# Foreach holds the denominators of all parameters at once, at 4 bytes each.
# The loop makes two arrays for a tensor while one of the tensor before is still there, so it holds three.
# That is three times 4 bytes for one tensor of eight, so 1.5.
# Fused needs none, so it saves memory too.
# The allocator of the H200 counted the same.
#
# If you have a GPU, count there.

# %% tags=["machine"]
rows = [[name, memory.gpu_extra(make)] for name, make in made.items()]
table(["optimizer", "bytes for a moment, on this GPU"], rows, ".2f")

# %% [markdown]
# **To do.**
# A model of one billion parameters, in eight tensors of equal size, has 16 GB of weights, gradients and state.
# Which of the three ways of AdamW can take a step on a card of 19 GB, without activations?
#
# <details><summary>Answer</summary>Fused, with 16 GB, and the loop, with 17.5. Foreach needs 20, and on a GPU it is what PyTorch takes unless you choose.</details>
#
# ## 7. What does bfloat16 lose, and why does AdamW hide a wrong order?
#
# *5 minutes.*
#
# In the lesson a weight of 1 did not feel a thousand updates of 0.001.
# Would a smaller weight feel them?

# %%
import torch
from lessonlib.lessons.lesson11 import half
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

feels = predict("A weight of 0.02 in bfloat16, minus 0.001, once. Does it move?", ["yes", "no"])
feels

# %% [markdown]
# Four weights get one update of 0.001.

# %% tags=["answer"]
rows = []
for start in (1.0, 0.3, 0.1, 0.02):
    weight = torch.tensor(start, dtype=torch.bfloat16)
    moved = weight - (weight - 0.001)
    rows.append([start, moved.item(), "yes" if moved else "no"])
display(table(["weight", "moved by", "moves"], rows, ["g", ".5f", ""]))
feels.answer(rows[-1][2])

# %% [markdown]
# What counts is the size of the update beside the weight.
# The weight of 0.3 moves, and about twice too far.
# An update below a 512th of its weight is always rounded off.
#
# The smallest weight feels a full step of 0.001.
# But Adam's step is as long as $\alpha$ only while the gradients agree.
# Here is the lab's small model in float32 with that $\alpha$, and the share of updates that bfloat16 would lose on weights near 0.02.

# %%
table(["step", "median update, in alpha", "would be lost"], half.lost_updates(), ["", ".2f", ".0%"])

# %% [markdown]
# Soon the steps are a fifth of $\alpha$ or so, and even such a small weight loses a part of them.
# Autocast leaves the weights in float32, and there these updates are not lost.
#
# And AdamW's averages?
# Let v begin at 1 in bfloat16, and then see a hundred equal squares.

# %%
rows = []
for square in (0, 2, 5):
    v = torch.ones((), dtype=torch.bfloat16)
    for _ in range(100):
        v = 0.999 * v + 0.001 * square
    rows.append([square, v.item(), square + (1 - square) * 0.999**100])
table(["a hundred squares of", "v in bfloat16", "should be"], rows, ["g", ".2f", ".2f"])

# %% [markdown]
# A thousandth less is always rounded off, so v never falls.
# The twos add too little to be kept, and with the fives v rises too far.
# PyTorch's AdamW gives its averages the type of the weights, so float32 weights keep v in float32 too.
#
# In the lesson AdamW nearly hid that somebody clipped before unscaling.
# Here it is beside AdamW with a larger eps, in both orders.
# The last column says how many times shorter the wrong order makes the first step.

# %%
rows = [[rule, *(half.loss_after(rule, order) for order in half.ORDERS), half.times_shorter(rule)]
        for rule in half.MADE]
table(["optimizer", *half.ORDERS, "times shorter"], rows, ["", ".2f", ".2f", ",.0f"])

# %% [markdown]
# Clipped first and then unscaled, the gradient is about 65,536 times too short.
# AdamW divides by the root of v, which is as many times too small, so a factor of about two is all that is left.
# That hides the wrong order while the root of v is large beside eps.
# With the larger eps it is not, so the steps shrink too.
#
# In GPT-2 small the numbers of such a gradient have a root mean square of about {{ 1 / 65536 / 124e6**0.5:.0e }}.
# There even the usual eps of 1e-08 shrinks the steps.
#
# ## 8. Is it the same AdamW on two processes?
#
# *11 minutes.*
#
# With several cards, plain data parallelism keeps a full copy of everything on each.
# [[ZeRO|sharding]] lets each process keep the state of its own part, update that part, and pass on the result.
# The first stage spreads the state, the second the gradients too, and the third the parameters too.
#
# The next cells train with the course's AdamW on two processes at each stage, and compare the weights with those of one process.

# %%
from lessonlib.lessons.lesson11 import play, shard
from lessonlib.play.prediction import predict

each = predict("Stage 1, two processes. How many bytes for each parameter does each of them hold?")
each

# %% [markdown]
# A checkpoint is saved half-way too, and another training goes on from it.

# %% tags=["answer"]
try:
    spread = shard.launch(2)
    print(shard.table(spread))
except RuntimeError as reason:
    spread = None
    print(f"skipped, two processes do not start here: {reason}")
each.answer(sum(play.bytes_per_rank(1, 2, 1).values()))

# %% [markdown]
# So it is the same AdamW.
# At PyTorch's stage 1 every tensor stays whole in one process, so any optimizer that treats each tensor alone works.
# At stages 2 and 3 tensors are cut, and AdamW still works because it treats each coordinate alone.
# Muon, Shampoo and LAMB need whole matrices or layers.
#
# At stage 2 the gathered parameters lie beside each process's own part until backward ends, so two processes need as much as at stage 1.
#
# The price is traffic between the cards, three passes where plain data parallelism needs two.
# Stage 3 gathers the weights in forward and again in backward, and then adds up the gradients.
#
# This is stage 3 in your own training.
#
# ```python
# import os, torch, torch.distributed as dist
# from torch.distributed.fsdp import fully_shard
#
# torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
# dist.init_process_group("nccl")
# torch.manual_seed(0)  # every process must draw the same weights
# model = Model().cuda()
# for block in model.blocks:
#     fully_shard(block)  # gathered when it computes, and let go again
# fully_shard(model, reshard_after_forward=True)  # what is in no block, such as the embeddings
# torch.manual_seed(1 + dist.get_rank())  # and from here on its own batches and dropout
# optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)  # after that, so it keeps state for its part
# ```
#
# Each process keeps a part of what it drew itself, so with different seeds the parts would belong to different models.
# Run the script with `torchrun --nproc-per-node 8 train.py`, and let each process draw its own part of every batch.
# Save it with `torch.distributed.checkpoint`, because on each process `model.state_dict()` holds only a part.
#
# <details><summary>Fine print</summary>The trainings that are compared are in float64, and the bytes are counted in a step in float32. Stage 0 is DistributedDataParallel, the next adds ZeroRedundancyOptimizer, and the last two are fully_shard. Other libraries cut tensors at stage 1 too. A model that one card cannot hold is built on <code>torch.device("meta")</code>, sharded, given memory with <code>to_empty</code>, and then initialised.</details>
#
# ### Exercise. Clip what is spread (6 minutes)
#
# Each process holds one `part` of the gradient, a NumPy array.
# `add(x)` returns the sum of every process's `x`, and it waits until every process has called it.
# Return the part clipped, so that the whole gradient is no longer than `limit`.
#
# <details><summary>Hint</summary>What do you add up, so that its root is the length of the whole gradient?</details>

# %% tags=["stub"]
def my_clip(part, add, limit):
    ...  # the part, clipped

# %% tags=["solution"]
def my_clip(part, add, limit):
    length = add((part**2).sum()) ** 0.5
    return part * min(1, limit / length)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Squares add up over the parts, and lengths do not.
# Every process multiplies by the same number, so the direction stays.

# %% [markdown]
# The judge plays two processes, with a long gradient and with short ones.

# %%
from lessonlib.lessons.lesson11 import parted

parted.judge_clip(my_clip)

# %% [markdown]
# After `fully_shard`, `torch.nn.utils.clip_grad_norm_` does all of this by itself.
#
# ### Further reading
#
# | Paper | What it says |
# |---|---|
# | Xiong et al. 2020, arXiv:2002.04745 | why a norm before each part asks for less warm-up |
# | Kalra & Barkeshli 2024, *Why Warmup the Learning Rate?*, arXiv:2406.09405 | it mainly lets a network bear larger steps |
# | Kosson et al. 2024, arXiv:2410.23922 | it holds back updates that turn the weights too far |
# | Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740 | the float32 copy of the weights and loss scaling |
# | Rajbhandari et al. 2020, *ZeRO*, arXiv:1910.02054 | the stages |
# | PyTorch's documentation of `torch.distributed.fsdp.fully_shard` | what to call, and in which order |
