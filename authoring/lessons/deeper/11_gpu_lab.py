# %% [markdown]
# # Deeper into lesson 11
#
# Eight questions about the lab that can wait.
# Each stands alone, so you can read them on different days and in any order.
# Every section starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. How much of a comparison is its protocol? | 6 |
# | 2. What does warm-up change? | 10 |
# | 3. What do the large first steps do? | 7 |
# | 4. What does a larger batch change? | 7 |
# | 5. Where does the time of AdamW's own step go? | 9 |
# | 6. What does a step hold for a moment? | 6 |
# | 7. Which updates does bfloat16 lose? | 6 |
# | 8. Is it the same AdamW on two processes? | 12 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. How much of a comparison is its protocol?
#
# *6 minutes.*
#
# In the lesson every rule had nine step sizes and clipped gradients.
# A quicker sweep has five step sizes and no clipping.
# Here are both, and what lies between, with the same model and five starts.

# %%
import math
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import opening, sweep
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import schedule
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
changed = predict(
    "From the quick sweep to the lesson's. What happens to momentum's gap to Adam?",
    sweep.CHANGES,
)
changed

# %% [markdown]
# Each row is a protocol, with the best median of momentum and of Adam.

# %% tags=["answer"]
header = ["step sizes and clipping", "momentum", "Adam", "gap"]
rows = sweep.protocols(record)
display(table(header, rows, ["", ".3f", ".3f", ".3f"]))
changed.answer(sweep.how_the_gap_changes(rows))

# %% [markdown]
# The gap shrinks by about an eighth.
# Clipping helps both rules, and momentum more.
# Finer steps help Adam more, because its best step size lies between two coarse ones.
# So the protocol explains a small part of the gap here, and most of it is still there.
# Why it is there, we did not test.
# Lesson 9 has one candidate, rare words, and characters are unequal too.
#
# Adam and AdamW differ by the decay alone.
# How much does it take from a weight in the whole training?

# %%
lr = sweep.best_of(record, "adamw").lr
steps = sum(schedule(t, 200, 50) for t in range(1, 201))
print(f"the memory of the decay is {1 / (lr * 0.1):,.0f} steps")
print(f"the whole training takes {1 - math.exp(-lr * 0.1 * steps):.0%} of a weight")

# %% [markdown]
# That is a sixth of every weight, and its effect cannot be seen beside the spread of the starts.
#
# Look at the way down too.
# Each rule runs at its own best step size.

# %%
sweep.show_way_down(record, opening.levels())

# %% [markdown]
# All three first learn how often each character comes, and that is the level of the table of letters.
# Momentum stays near it for some thirty steps, and the other two pass it without a stop.
#
# **To do.**
# Name two more things in this protocol that could favour one of the rules.
#
# <details><summary>Answer</summary>For example the length of the training, the betas, the length at which gradients are clipped, the size of the model, and a weight decay that only AdamW has.</details>
#
# ## 2. What does warm-up change?
#
# *10 minutes.*
#
# [[Warm-up]] begins with small steps and makes them longer.
# You can train AdamW with it and without it.

# %%
from lessonlib.checks import yours
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import judges, sweep, warmup
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import schedule
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
where = predict("At which step sizes does warm-up change the loss more?",
                ["the small ones", "the large ones"])
where

# %% [markdown]
# The range over five starts at each step size, with 50 steps of warm-up and without.

# %% tags=["answer"]
header = ["lr", "with warm-up", "without"]
display(table(header, sweep.warmup_rows(record), "g"))
where.answer(sweep.where_warmup_matters(record))

# %% [markdown]
# The same as a picture, the median of the starts with bars for their range.

# %%
sweep.show_warmup([record])

# %% [markdown]
# Up to 0.0056 the two columns are nearly alike.
# From 0.01 on warm-up helps, and at 0.018 its worst start is far better than the best one without.
# The best step size is three times larger with warm-up, and the loss there is lower.
#
# How much of this holds for larger models and longer trainings, this small one cannot say.
# Why warm-up helps is still being studied.
# Kalra and Barkeshli (2024) find that it mainly lets a network bear larger step sizes.
# Kosson and others (2024) find that it holds back updates which would turn the weights too far at first.
#
# ### Exercise. Draw a schedule (8 minutes)
#
# What should the step size do over 200 steps, and why?
# Return the share of the step size at step `t`, from 1 to 200.
# No formula is asked for, and any shape will do that begins small, is 1 for a while or for a moment, and ends near zero.
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
# At the end the step size decides how far the weights hop around a minimum, so it should be near zero.
# Between the two it should be large, because there the way is made.

# %% [markdown]
# The judge looks at the beginning, the top, the end and the jumps between.

# %%
judges.judge_shape(my_share)

# %% [markdown]
# Now your schedule trains AdamW, beside the one of the lesson and beside a constant step size.
# Where yours is not finished, the lesson's takes its place.

# %% tags=["chaotic"]
def lessons_own(t):
    return schedule(t, 200, 50)

def constant(t):
    return 1.0

mine = yours("my_share", lessons_own, judges.judge_shape)
shapes = {"yours": mine, "the lesson's": lessons_own, "constant": constant}
rows = [[name, warmup.with_schedule("adamw", 0.018, shape)] for name, shape in shapes.items()]
table(["schedule", "test loss"], rows, ["", ".2f"])

# %% [markdown]
# One start decides nothing, so change the step size and run it again before you believe it.
#
# ## 3. What do the large first steps do?
#
# *7 minutes.*
#
# Adam's first steps are [[sign steps|sign descent]], so every weight moves by $\alpha$.
# A weight of this transformer starts with a size of about 0.02.
# At $\alpha = 0.01$ two steps can undo the start.
#
# The network gives a vector for each place in the text.
# We measure how alike these vectors are, 0 if they cancel and 1 if all point the same way.

# %%
from lessonlib.lessons.lesson11 import warmup
from lessonlib.play.prediction import predict

grow = predict(
    "Soon after the start, which vectors nearly all point the same way?",
    ["those without warm-up", "those with warm-up", "both", "neither"],
)
grow

# %% [markdown]
# Three starts with warm-up and three without, for the first hundred steps.

# %% tags=["answer"]
warmup.show_alike()
turned = {w: warmup.passes(w) < 50 for w in (0, 50)}
names = {(True, True): "both", (True, False): "those without warm-up",
         (False, True): "those with warm-up", (False, False): "neither"}
grow.answer(names[turned[0], turned[50]])

# %% [markdown]
# Both do, and without warm-up it takes a single step.
# At first only how often each character comes is learnt, and that is the same for every place.
# What differs is the way back.
# Two of the three runs without warm-up come back as early as those with it, and one comes back late.
# So this picture does not explain why warm-up lowers the loss for every start.
#
# **To do.**
# What must the network learn before its vectors can differ again?
#
# <details><summary>Answer</summary>That what follows depends on the place. At first it only learns how often each character comes, and that is the same everywhere.</details>
#
# ## 4. What does a larger batch change?
#
# *7 minutes.*
#
# A batch of 128 windows gives a less noisy gradient than a batch of 2, but for the same text it allows 64 times fewer steps.
# Here each training reads the same number of characters.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import sweep
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

record = recorded("lab_cpu.json")
worst = predict("The same characters in all. Which batch ends at the highest test loss with AdamW?",
                ["2 windows", "16 windows", "128 windows"])
worst

# %% [markdown]
# Each batch has its own best step size, out of five, as the median of three starts.

# %% tags=["answer"]
header = ["windows", "steps", "best lr", "median test loss", "lowest", "highest"]
rows = sweep.batch_rows(record, "adamw")
display(table(header, rows, ["", "", "g", ".2f", ".2f", ".2f"]))
worst.answer(sweep.worst_batch(rows))

# %% [markdown]
# The same over all five step sizes, as medians.

# %%
sweep.show_batches(record)

# %% [markdown]
# Batches of 2 and of 16 end alike, and their ranges overlap.
# The small batch asks for a step size ten times smaller, and it takes eight times as many steps.
# With 128 windows only 25 steps are left, and no step size makes up for that.
# So up to some size a larger batch costs nothing in characters, and beyond it characters are wasted.
#
# <details><summary>Fine print</summary>Clipping at 0.25, a quarter of the steps warms up, a cosine to zero, five step sizes two to a decade, three starts. Where the border lies depends on the model, the text and the length of the training.</details>
#
# **To do.**
# A GPU is faster with larger batches, in characters a second.
# What would you have to know to choose the batch for the shortest time, and not for the fewest characters?
#
# <details><summary>Answer</summary>The time of a step at each batch size. Multiply it by the steps that each batch needs to reach the same loss.</details>
#
# ## 5. Where does the time of AdamW's own step go?
#
# *9 minutes.*
#
# A step of AdamW moves 28 bytes for each parameter if it crosses memory once.
# Each engine here aims at one waste.
#
# | Engine | What it saves |
# |---|---|
# | NumPy, the rule as written | nothing, as each operation makes a new array and crosses memory again |
# | in place | no new arrays |
# | in blocks | a block stays in the cache for all operations |
# | all cores | the blocks are dealt out to the cores |
# | PyTorch's loop | works on one tensor after the other |
# | [[foreach]] | one call for all tensors, which pays when there are many |
# | [[fused]] | one [[kernel]] that crosses memory once |
# | Triton | our own kernel, in a language for GPU kernels; on a CPU it does not run |

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, machine, play
from lessonlib.play.prediction import predict

engines = [bench.AS_WRITTEN, bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED, bench.LOOP,
           bench.FOREACH, bench.FUSED, "ours, loop", "ours, foreach", bench.TRITON]
found, pair = recorded("bench_cpu.json"), [bench.AS_WRITTEN, bench.LOOP]
faster = predict("A thousand small tensors. Which of these two is faster?", pair)
faster

# %% [markdown]
# One large tensor on the left, a thousand small ones on the right, in the same order.

# %% tags=["answer"]
play.show_ladder([bench.ONE, bench.MANY], engines)
faster.answer(play.fastest(found, bench.MANY, pair))

# %% [markdown]
# On one large tensor the arrays are the cost.
# In place, in blocks and on all cores each save a part, and fused comes closest to the floor.
# On a thousand small tensors the calls are the cost.
# There no engine comes near the floor, and the plain NumPy rule is ahead of PyTorch's loop.
# PyTorch's loop is slower than its foreach on one tensor too, where there are no calls to save.
# It makes two arrays on the way where foreach makes one, and we did not test whether that is the whole reason.
#
# <details><summary>Fine print</summary>{{ play.where(found) }} The floor is estimated from the speed of a copy, so an engine at the floor may be measured a little above or below it.</details>
#
# Here is your own machine, which takes some seconds.
# A share above 100 % says that something stayed in the cache, or that another program disturbed the copy.

# %% tags=["machine"]
kind = machine.here().kind
count = 100_000_000 if kind == "cuda" else 2_000_000
print(bench.table(bench.measure(kind, "one tensor", [(count,)], repeats=3, budget=3)))

# %% [markdown]
# **To do.**
# Open `lessonlib/lessons/lesson11/inplace.py` and find the line that keeps a block in the cache.
#
# ## 6. What does a step hold for a moment?
#
# *6 minutes.*
#
# State stays from step to step.
# Within a step there are also arrays that live for a moment, and the peak of memory counts them too.

# %%
import torch
from lessonlib.lessons.lesson11 import machine, memory
from lessonlib.play.prediction import predict
from lessonlib.pytorch.adamw import AdamW
from lessonlib.lessons.tables import table

made = {"SGD": lambda params: torch.optim.SGD(params, lr=0.1),
        "SGD, momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
        "AdamW, loop": lambda params: torch.optim.AdamW(params, foreach=False),
        "AdamW, foreach": lambda params: torch.optim.AdamW(params, foreach=True),
        "AdamW, fused": lambda params: torch.optim.AdamW(params, fused=True),
        "ours, foreach": lambda params: AdamW(params, impl="foreach")}
most = predict("Which of these holds the most for a moment?", list(made)[:-1])
most

# %% [markdown]
# `memory.first_steps` listens to every tensor that PyTorch makes.
# The model has eight tensors of equal size.

# %% tags=["answer"]
held = {name: memory.first_steps(make) for name, make in made.items()}
rows = [[name, found["state"], found["extra"]] for name, found in held.items()]
display(table(["bytes for each parameter", "state", "for a moment"], rows, ["", ".0f", ".1f"]))
most.answer(max(held, key=lambda name: held[name]["extra"]))

# %% [markdown]
# Foreach keeps the denominators of all parameters at once, four bytes more for each parameter, while weights, gradients and state are all there.
# Our own foreach holds as much.
# The loop holds its arrays for one tensor at a time, three of one of the eight tensors, and that is 1.5 bytes.
# Fused needs none.
# So where a model is large and its batch small, foreach can be the peak, and fused saves memory too.
#
# A GPU is asked for its own count.

# %% tags=["machine"]
rows = [[name, memory.gpu_extra(make)] for name, make in made.items()]
table(["optimizer", "bytes for a moment, on this GPU"], rows, ".2f")

# %% [markdown]
# **To do.**
# A model of one billion parameters fills a card of 16 GB with weights, gradients and state.
# Which of the three ways of AdamW can take a step?
#
# <details><summary>Answer</summary>Fused, which needs nothing more. In truth not even fused, because the activations need room too.</details>
#
# ## 7. Which updates does bfloat16 lose?
#
# *6 minutes.*
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
# One update of 0.001 for four weights.

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
# In bfloat16 a number has eight binary digits, so the next one is between 1/256 and 1/128 of it away.
# An update below 1/512 of its weight is always rounded off, and from 1/256 on it never is.
# A norm's scale of 1 loses Adam's update of 0.001.
# A weight of 0.02 feels it, and loses only the short steps at the end of a schedule.
# The weight of 0.3 moves twice as far as it should, because its next number is that far away.
#
# Now look at what autocast leaves in which type.

# %%
types = half.types_under_autocast()
table(["tensors", "type"], list(types.items()))

# %% [markdown]
# So autocast saves time, and it saves memory for activations.
# It saves none for the optimizer's state.
#
# **To do.**
# Adam's step is about $\alpha$.
# Below which $\alpha$ does a weight of 0.5 in bfloat16 stop moving for certain?
#
# <details><summary>Answer</summary>0.5 / 512, which is about 0.001.</details>
#
# ## 8. Is it the same AdamW on two processes?
#
# *12 minutes, and the cell takes half a minute.*
#
# With several cards, plain data parallelism keeps a full copy of everything on each.
# ZeRO (Rajbhandari and others 2020) asks why.
# Each process can keep the state of its own part, update that, and pass on the result.
# Stage 1 spreads the state, stage 2 the gradients too, stage 3 the parameters too.
#
# The cell starts two processes on this machine.
# It trains with the course's AdamW at each stage and compares the weights with those of one process.
# It saves a checkpoint half-way and goes on from it.

# %%
from lessonlib.lessons.lesson11 import play, shard
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

each = predict("Stage 2, two processes. How many bytes for each parameter does each of them hold?")
each

# %% [markdown]
# Where two processes cannot start, the cell says so.

# %% tags=["answer"]
try:
    spread = shard.launch(2)
    print(shard.table(spread))
except RuntimeError as reason:
    spread = None
    print(f"skipped, two processes do not start here: {reason}")
each.answer(sum(play.bytes_per_rank(1, 2, 2).values()))

# %% [markdown]
# The weights agree to 1e-10, in float64, after four steps.
# AdamW works on each coordinate alone, so it does not notice that its parameters are spread.
# That does not hold for every optimizer.
# Muon, Shampoo and LAMB look at whole matrices or layers, and clipping by the length of the whole gradient needs a sum over all processes.
#
# The formula beside the measurement.

# %%
rows = []
for stage in range(4):
    formula = sum(play.bytes_per_rank(1, 2, stage).values())
    ranks = spread["bytes"][str(stage)] if spread else []
    measured = [f"{sum(rank.values()) / spread['parameters']:.2f}" for rank in ranks]
    rows.append([stage, formula, " and ".join(measured) or "not measured here"])
table(["stage", "by formula", "measured in each process"], rows, ["", ".2f", ""])

# %% [markdown]
# Stage 1 saves most for the least.
# It needs no more traffic than plain data parallelism, whose sum of gradients is made of the same two halves, add up the parts and hand them round.
# Stage 3 is the only one whose need goes to zero with more processes.
# Its price is half as much traffic again, because the weights are gathered for every layer, forward and backward.
# Two processes on one machine say nothing about speed, which depends on the network between the cards.
#
# These lines do it in your own training.
#
# ```python
# from torch.distributed.fsdp import fully_shard
#
# for block in model.blocks:
#     fully_shard(block)  # stage 3; with reshard_after_forward=False near stage 2
# fully_shard(model, reshard_after_forward=True)  # the root, or the rest stays whole
# optimizer = AdamW(model.parameters(), lr=3e-4)  # last, so that its state is made in parts
# ```
#
# Run the script with `torchrun --nproc-per-node 8 train.py`, and let each process draw its own part of every batch.
#
# <details><summary>Fine print</summary>Stage 0 is DistributedDataParallel, stage 1 adds ZeroRedundancyOptimizer, stages 2 and 3 are fully_shard (FSDP2). ZeroRedundancyOptimizer beside DistributedDataParallel sends half as much again, because the gradients are handed round first and then the parameters. Counted are the tensors that the parameters, their gradients and the state show. At stage 2 FSDP also keeps each process's part of the parameters beside the gathered ones, 2 bytes more here. In 16-bit training with a float32 copy of the weights, as in the paper, 12 of 16 bytes are state.</details>
#
# **To do.**
# A layer's gradient is clipped by its own length in each process.
# Is that still the same training?
#
# <details><summary>Answer</summary>No. Each process would see the length of its own part only. The squares of all parts have to be added first.</details>
#
# ### Further reading
#
# - Xiong et al. 2020, *On Layer Normalization in the Transformer Architecture*, arXiv:2002.04745.
#   Why a norm before each part asks for less warm-up.
# - Kalra & Barkeshli 2024, *Why Warmup the Learning Rate?*, arXiv:2406.09405, and Kosson et al. 2024, *Analyzing & Reducing the Need for Learning Rate Warmup in GPT Training*, arXiv:2410.23922.
#   What warm-up does.
# - Kunstner et al. 2024, arXiv:2402.19449.
#   Why unequal frequencies favour Adam.
# - Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740.
#   The float32 copy of the weights and loss scaling, for float16.
# - Rajbhandari et al. 2020, *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*, arXiv:1910.02054.
#   The stages.
#   Its figure 1 is the play of lesson 11 with 2 + 2 + 12 bytes in place of our 4 + 4 + 8.
# - PyTorch's documentation of `torch.distributed.fsdp.fully_shard`.
#   What to call, and in which order.
