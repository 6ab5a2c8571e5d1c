# %% [markdown]
# # Lesson 12. After AdamW
#
# *About 32 minutes to read, 60 with the exercises.*
#
# Momentum, Adam and AdamW treat every weight as a number of its own.
# Today you write an optimizer that treats a weight matrix as one thing.
# It is called [[Muon]], and several large language models were trained with it.
# At the end you can write it, compare it with AdamW fairly, and read a claim about any new optimizer.
#
# **From lesson 11, from memory.**
# How many numbers does AdamW keep for each weight, besides the weight and its gradient?
#
# <details><summary>Answer</summary>Two, the averages m and v. Today's optimizer keeps another number of them.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A step for a whole matrix
#
# ### Two matrices to find
#
# Here are two weight matrices to find, each with 16 rows and 16 columns.
# A matrix multiplies its inputs, and its [[loss]] is half the sum of the squared errors.
# Some directions of the inputs are strong and others are weak, so each loss is a [[ravine]] of condition number 1000.
# The ravines lie at an angle, because the inputs are turned away from the axes.
# And the loss of the second matrix is multiplied by 0.001.
#
# Three optimizers have 200 steps.
# Each has the step size that worked best for both matrices together, out of 21, and the step size falls to zero.
# Muon is the third, and you will write it in Part 3.
#
# Run the set-up cell above and the next one, then move the slider.
# **Goal:** find the first step from which Muon has less left of both matrices than Adam, to the end.

# %% tags=["chaotic"]
from lessonlib.lessons.lesson12 import factor, judges, ravine
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

ravine.two_matrices().live()

# %% [markdown]
# Momentum finds the first matrix and leaves a tenth of the second one's loss.
# Adam leaves about a ten-thousandth of both, and Muon about a millionth.
#
# Two things make this task hard, the turned inputs and the unequal losses.
# Take one of them away at a time, and tune every step size again.
# What counts now is the whole loss, the sum of the two, so the second matrix is only a thousandth of it until both count the same.

# %%
who = ["momentum", "Adam", "Muon", "momentum and Adam", "nobody"]
turn = predict(
    "The inputs lie along the axes. Whose share of the loss changes tenfold or more?", who
)
turn

# %% [markdown]
# And the other one?

# %%
scale = predict(
    "Both losses count the same. Whose share of the loss changes tenfold or more?", who
)
scale

# %% [markdown]
# The share of the whole loss that is left, the median of three tasks, to the nearest power of ten.

# %% tags=["answer"]
header = ["optimizer", *ravine.CHANGES]
display(table(header, ravine.rows(), ["", ".0e", ".0e", ".0e"]))
display(turn.answer(ravine.who_gains("not turned")))
scale.answer(ravine.who_gains("equal losses"))

# %% [markdown]
# Each of the older rules notices one of the two, and Muon neither.
# Where both losses count the same, momentum even ends below Muon.
# The reason is what each rule takes as its unit.
#
# Momentum steps along an average of the gradients.
# If the inputs turn, the gradients turn with them, and so does the step.
# But a loss a thousand times smaller makes gradients a thousand times smaller, and momentum's steps too.
# One step size cannot suit both matrices then.
#
# Adam divides each number by the size of its own gradients, so the thousand cancels.
# But when the inputs turn, each number of the gradient becomes a mix of strong and weak directions.
# Dividing number by number cannot separate them, as in the ravine at an angle of lesson 9.
#
# Muon's unit is the matrix, and no direction in it is special.
#
# Is Muon then the best of the three?
# Give Adam a $\beta_2$ of 0.95 in place of 0.999, so that `v` forgets sooner.
# And give Muon a $\beta_1$ of 0.9 in place of 0.95.

# %%
tried = ("adam", "adam .95", "muon", "muon .9")
table(header, ravine.rows(tried), ["", ".0e", ".0e", ".0e"])

# %% [markdown]
# With its new setting Adam ends lower than Muon had, though it still notices the turn.
# With its own new setting Muon is ahead again.
# So the winner is the one that was tuned last, and that is the subject of Parts 4 and 5.
#
# *Deeper: [Lion, and Adam in axes of its own](deeper/12_after_adamw.ipynb), on the same two matrices.*
#
# <details><summary>Fine print</summary>The matrices to find are random. Step sizes are four to a factor of ten, from 0.001 to 100, and every best one lies inside. The step size falls along a cosine. Momentum has a beta of 0.9, Adam its defaults, Muon 0.95 and no decay.</details>
#
# ### The same directions, all alike
#
# What does Muon do to a matrix?
# Multiply all vectors of length 1 by a gradient, and you get an ellipse.
# The lengths of its half-axes are the [[singular values|singular value]] of the gradient.

# %%
factor.show_circles()

# %% [markdown]
# The third panel has the same axes, but both have length 1.
# The square is the same vector in all three.
# The matrix that does this is the [[orthogonal factor]] of the gradient.
# If $g = U S V^\top$ is the gradient's singular value decomposition, its factor is $U V^\top$.
# **Muon averages the gradients as momentum does, and then steps along the orthogonal factor of the average.**
#
# So a weak direction counts as much as a strong one.
# Whether that is good depends on what the weak directions hold, and Part 4 tries it.
# If you multiply the loss by a thousand, the factor is the same.
# If you turn the inputs, the factor turns with them.
#
# ### Exercise 1. A factor by hand (4 minutes)
#
# Here is a gradient whose rows are at right angles.
#
# $$g = \begin{pmatrix} 3 & 3 \\ 1 & -1 \end{pmatrix}$$
#
# In such a matrix the singular values are the lengths of the rows.
# Write its factor, with two decimals.
#
# <details><summary>Hint</summary>How long is the first row? By what do you divide it, so that its length is 1?</details>

# %% tags=["stub"]
my_factor = [[None, None], [None, None]]

# %% tags=["solution"]
my_factor = [[0.71, 0.71], [0.71, -0.71]]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The first row has the length $\sqrt{18}$ and the second one $\sqrt 2$.
# Divided by them, both rows have length 1 and are still at right angles, so both singular values are 1.
# For rows at other angles this would not do.

# %% [markdown]
# The judge looks at your four numbers.

# %%
judges.judge_factor(my_factor)

# %% [markdown]
# ## Part 2. Five steps of products
#
# ### A map for the singular values
#
# The decomposition is slow on a GPU, and products of matrices are fast.
# Muon comes close to the factor with products alone.
#
# Take a matrix $x$ and multiply it by $x\,x^\top$.
# From $x = U S V^\top$ you get $x\,x^\top x = U S^3 V^\top$.
# This leaves the axes as they are and takes each singular value $y$ to $y^3$.
# So a sum of such products changes the singular values alone.
#
# $$x \leftarrow a\,x + b\,(x x^\top)\,x + c\,(x x^\top)^2 x \qquad\qquad y \leftarrow a\,y + b\,y^3 + c\,y^5$$
#
# Muon takes $a = 3.4445$, $b = -4.7750$ and $c = 2.0315$, and does this five times.
# That is its [[Newton-Schulz iteration]].
# Before the first step it divides the matrix by its size, the root of the sum of its squares.
# The squares of the singular values have the same sum, so none of them is above 1 then.
#
# Where $y$ is near zero the other two terms are tiny, so each step multiplies it by 3.4445.

# %%
from lessonlib.lessons.lesson12 import judges, newton
from lessonlib.play.prediction import predict

small = predict("A singular value of 0.001. Where is it after five steps?")
small

# %% [markdown]
# Five steps of the map.

# %% tags=["answer"]
y = 0.001
for _ in range(5):
    y = 3.4445 * y - 4.7750 * y**3 + 2.0315 * y**5
small.answer(y)

# %% [markdown]
# Five steps lift a value nearly five-hundredfold.
# What do they do to larger ones?
# In the picture each point is a singular value, and the diamond is the smallest.
# **Goal:** find the smallest singular value that five steps still lift to a half.

# %% tags=["answer"]
newton.five_steps().live()

# %% [markdown]
# Every value from about 0.002 up ends between 0.68 and 1.21.
# A gentler map would come nearer to 1, but it would need more steps to lift the small values.
# PyTorch's source says that the unevenness does no harm.
#
# ### Exercise 2. Five steps (8 minutes)
#
# Write the division and the loop.
# `x.T` is the transpose of a matrix, and `@` multiplies two matrices.
#
# <details><summary>Hint 1</summary>Which of the two products, x @ x.T or x.T @ x, can be multiplied by x from the right?</details>
# <details><summary>Hint 2</summary>You need x @ x.T twice in each step. Could it have a name?</details>

# %% tags=["stub"]
def my_orthogonal(x):
    ...  # divide x by its size
    for _ in range(5):
        ...  # one step
    return x

# %% tags=["solution"]
def my_orthogonal(x):
    x = x / (x**2).sum() ** 0.5
    for _ in range(5):
        product = x @ x.T
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return x

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The size is at least as large as the largest singular value, so after the division all of them are at most 1.
# Above 1.3 or so the map throws a value further out at each step.

# %% [markdown]
# The judge tries a square, a tall and a wide matrix.

# %%
judges.judge_orthogonal(my_orthogonal)

# %% [markdown]
# A library transposes a tall matrix first and transposes back, because then the product $x x^\top$ is smaller.

# %% [markdown]
# ## Part 3. The rule
#
# Muon has momentum's average, one more look at the newest gradient, the factor, and the decay of lesson 10.
#
# | Formula | Code | Known from |
# |---|---|---|
# | $m \leftarrow \beta_1 m + (1-\beta_1)\,g$ | `m = beta1 * s.m + (1 - beta1) * g` | lesson 7 |
# | $\tilde m = \beta_1 m + (1-\beta_1)\,g$ | `ahead = beta1 * m + (1 - beta1) * g` | Nesterov |
# | $O = \text{orthogonal}(\tilde m)$ | `orthogonal(ahead)` | Part 2 |
# | $\theta \leftarrow \theta - \alpha\,w\,\theta - \alpha\,\sqrt{\max(1, r/c)}\;O$ | write it yourself | lesson 10 |
#
# Here $r$ is the number of rows and $c$ that of columns.
#
# | Symbol | Code | What it does | Default in PyTorch |
# |---|---|---|---|
# | $\alpha$ | `lr` | about the length of the step in every direction, before the root | 0.001 |
# | $\beta_1$ | `beta1` | remembers the direction for about 20 steps | 0.95 |
# | $w$ | `weight_decay` | takes the share $\alpha w$ off each weight | 0.1 |
#
# The second line mixes the newest gradient in once more, so that it weighs about twice as much.
# This is [[Nesterov's|Nesterov momentum]] form of momentum.
#
# The root is there for tall matrices.
# The more rows such a matrix has, the smaller are the numbers of its factor, and the root makes up for that.
# Muon's authors give wide matrices no root.

# %%
import numpy as np
import torch
from lessonlib import State, checks, muon
from lessonlib.lessons.lesson12 import ravine
from lessonlib.play.prediction import predict
from lessonlib.rules import orthogonal
from lessonlib.lessons.tables import table

# %% [markdown]
# ### Exercise 3. Write Muon (8 minutes)
#
# `theta`, `g` and `s.m` are matrices, and `orthogonal` is the library's.
# Return the new `theta` and a new `State(t, m)`, and change nothing in place.
#
# <details><summary>Hint 1</summary>Which two numbers are in <code>theta.shape</code>?</details>
# <details><summary>Hint 2</summary>Which average does the next step need, m or ahead?</details>

# %% tags=["stub"]
def my_muon(theta, g, s, *, lr, beta1, weight_decay):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_muon(theta, g, s, *, lr, beta1, weight_decay):
    m = beta1 * s.m + (1 - beta1) * g
    ahead = beta1 * m + (1 - beta1) * g
    rows, columns = theta.shape
    stretch = max(1, rows / columns) ** 0.5
    theta = theta - lr * weight_decay * theta - lr * stretch * orthogonal(ahead)
    return theta, State(s.t + 1, m)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# An average of factors would have other singular values, so the average comes first.
# The decay goes around both, as in AdamW, and the root belongs to the step alone.

# %% [markdown]
# The check tries tall, wide and square matrices.

# %%
checks.check(my_muon, against=muon)

# %% [markdown]
# There is no bias correction.
# The factor does not feel how large the mix is, so a correction of the whole mix would cancel.
#
# Now let your own function look for one of the matrices of Part 1.

# %%
mine = checks.yours("my_muon", muon)
right, x = ravine.targets(0, turned=True), ravine.inputs(0, turned=True)
theta, s = np.zeros((16, 16)), State()
for t in range(200):
    lr = 0.3 * (1 + np.cos(np.pi * t / 200)) / 2
    theta, s = mine(theta, (theta - right) @ x @ x.T, s, lr=lr, beta1=0.95, weight_decay=0.0)
left = ravine.loss(theta - right, x @ x.T) / ravine.loss(right, x @ x.T)
print(f"less than a hundred-thousandth of the loss is left: {left < 1e-5}")

# %% [markdown]
# ### In PyTorch
#
# `torch.optim.Muon` takes matrices and nothing else.
# It is meant for the matrices inside of a network, and biases, norms, tables and the last layer go to AdamW.
#
# ```python
# inside = [p for name, p in model.named_parameters() if p.ndim == 2 and "blocks" in name]
# rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "blocks" in name)]
# inner = torch.optim.Muon(inside, lr=0.02, weight_decay=0.1)
# outer = torch.optim.AdamW(rest, lr=3e-4, weight_decay=0.1)
# ```
#
# Replace `"blocks"` by what your model calls its layers.
# Then print the names in both lists once, because a table or a router among the first is easily missed.
# In the loop call `zero_grad` and `step` of both, give each its schedule, and save the state of both.
#
# Mind the decay, because each step takes the share `lr * weight_decay` of a weight.
# In the lines above that is some seventy times as much inside as outside.
#
# AdamW keeps two numbers for each weight.

# %%
kept = predict("And Muon? How many numbers does it keep for each weight?")
kept

# %% [markdown]
# One step of torch's Muon, and what it holds after it.

# %% tags=["answer"]
g = torch.randn(48, 16, generator=torch.Generator().manual_seed(0))
p = torch.nn.Parameter(torch.zeros(48, 16))
optimizer = torch.optim.Muon([p], lr=0.1)
p.grad = g.clone()
optimizer.step()
held = sum(value.numel() for value in optimizer.state[p].values())
kept.answer(held / p.numel())

# %% [markdown]
# That is half of AdamW's state, for the matrices.
# Did torch take the same step as `muon`?

# %%
ours, _ = muon(np.zeros((48, 16)), g.double().numpy(), State(), lr=0.1)
apart = np.linalg.norm(ours - p.detach().numpy()) / np.linalg.norm(ours)
print(f"the two steps differ by less than 3 % of their length: {apart < 0.03}")

# %% [markdown]
# The difference is rounding.
# Torch computes the five steps in [[bfloat16]], which has about three digits, and everything else in the type of the weights.
#
# <details><summary>Fine print</summary>Computed in float64, the two agree to five digits, and a test of this course holds that. PyTorch's <code>adjust_lr_fn="match_rms_adamw"</code> scales the step otherwise, so that a step size tuned for AdamW can be a first value for Muon.</details>

# %% [markdown]
# ## Part 4. On a text
#
# ### A protocol, before you look
#
# Now a real network, the transformer of lesson 11, which learns Genesis one character at a time.
# In one training AdamW moves everything.
# In the other one Muon moves the matrices inside of the blocks, and AdamW the rest.

# %%
import torch
from lessonlib.data import text as book
from lessonlib.lessons.lesson12 import judges, text, trainings
from lessonlib.play.prediction import predict
from lessonlib.pytorch.transformer import Corpus, fit_all
from lessonlib.lessons.tables import table

result = predict(
    "Each at its own best step sizes. How do the test losses compare?",
    [text.AHEAD, text.TIED, text.BEHIND],
)
result

# %% [markdown]
# Muon brings a second step size.
# To be fair, AdamW gets a second one too, one for the matrices inside and one for the rest.
# Every pair of step sizes was recorded, each with three seeds.
#
# ### Exercise 4. State the protocol (5 minutes)
#
# Which step sizes may each rule try for the matrices?
# How many of the three seeds do you take?
# The step size of the rest is always the best of six, for both.
#
# | Rule | Recorded step sizes of the matrices |
# |---|---|
# | AdamW | 0.001, 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1 |
# | Muon | 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1, 0.18 |
#
# The judge tells you the result only if your protocol is fair.
#
# <details><summary>Hint</summary>When is a best step size the best, and not the end of a list?</details>

# %% tags=["stub"]
my_protocol = {"AdamW": None, "Muon": None, "seeds": None}  # two lists and a number

# %% tags=["solution"]
my_protocol = {"AdamW": [0.001, 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1],
               "Muon": [0.0032, 0.01, 0.018, 0.032, 0.056, 0.1, 0.18], "seeds": 3}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both get equally many chances, and both bests stand inside of their lists.

# %% [markdown]
# Run the judge once your protocol stands.

# %% tags=["answer"]
judges.judge_protocol(my_protocol)

# %% [markdown]
# Each point is the median of three seeds, at the best step size of the rest, and each bar reaches from the lowest seed to the highest.

# %% tags=["answer"]
text.show_sweep(text.record())
result.answer(text.verdict(text.record()))

# %% [markdown]
# The same as numbers, at the best pair of each.

# %% tags=["answer"]
record = text.record()
header = ["optimizer", "lr, matrices", "lr, rest", "median", "lowest", "highest", "inside"]
table(header, text.rows(record), ["", "g", "g", ".2f", ".2f", ".2f", ""])

# %% [markdown]
# Tuned alike, Muon ends {{ text.gap(record):.2f}} nats lower after 200 steps.
#
# <details><summary>Fine print</summary>Two layers, 32 wide, batches of 16 windows of 32 characters, a quarter of the steps warm-up and then a cosine to zero, gradients longer than 0.25 shortened to it, a decay of 0.1 for all, betas at torch's defaults. The test loss is measured at the end, on the last tenth of the book, and the best step sizes were chosen on the same tenth. Recorded by <code>python authoring/record_after.py</code>.</details>
#
# Train both yourself, one seed each, at their best step sizes.
# It takes some seconds.

# %% tags=["chaotic"]
torch.set_num_threads(1)  # a model this small is slower on two
pair = {name: (trainings.optimizer(*text.best(text.record(), rule).case), trainings.SIZE)
        for rule, name in text.NAMES.items()}
ended = fit_all(pair, Corpus(book()))
table(["optimizer", "test loss"], [[name, done.test] for name, done in ended.items()], ["", ".2f"])

# %% [markdown]
# ### In seconds
#
# So far we counted steps.
# Muon makes fifteen products for each matrix at every step, and on this CPU its training takes longer.
# Give AdamW as many seconds instead of as many steps, and tune it again.

# %%
clock = predict(
    "In as many seconds, how do the test losses compare?",
    [text.AHEAD, text.TIED, text.BEHIND],
)
clock

# %% [markdown]
# Seconds of one core, as recorded.

# %% tags=["answer"]
header = ["optimizer", "steps", "seconds", "median", "lowest", "highest"]
display(table(header, text.clock_rows(text.record()), ["", "g", ".1f", ".2f", ".2f", ".2f"]))
clock.answer(text.verdict(text.record(), text.AS_LONG))

# %% [markdown]
# In seconds the lead is gone.
# AdamW's median is the lower one, and the seeds overlap.
# For as many seconds AdamW had fifteen pairs of step sizes to try, and Muon had 42.
#
# These matrices are small, so a step of Muon is many small products.
# In large batches they are a small share of the work, if the machines divide the matrices among them, and there steps and seconds nearly agree.
#
# *Deeper: [what a step of Muon costs](deeper/12_after_adamw.ipynb).*

# %% [markdown]
# ## Part 5. How to read a claim
#
# ### A weak baseline
#
# We count steps again.
# Suppose somebody compares Muon at its best with AdamW at its default step size, 0.001 for everything.
# Below you see Muon's three seeds and AdamW's.
# Change AdamW's step sizes.
# **Goal:** make Muon's lead look as small as these settings can make it.

# %%
from lessonlib.lessons.lesson12 import judges, text
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

tuning = predict(
    "Which share of the lead over AdamW's default goes when AdamW is tuned, in percent of it?"
)
tuning

# %% [markdown]
# Now play, and then run the next cell.

# %% tags=["answer"]
text.weak_baseline().live()

# %% [markdown]
# Four baselines, and Muon's lead over each.

# %% tags=["answer"]
record = text.record()
rows = text.baselines(record)
display(table(["what was tuned in AdamW", "AdamW", "Muon's lead"], rows, ["", ".2f", ".2f"]))
tuning.answer(100 * (1 - text.least_gap(record) / text.default_gap(record)), within=0.15)

# %% [markdown]
# Most of the first lead comes from a baseline that nobody tuned.
# The $\beta_2$ that helped in Part 1 was no better here, in a smaller sweep whose best stands at an end.
# What is left is Muon's, on this text, at this size, as long as you count steps.
#
# <details><summary>Fine print</summary>The last two rows have fifteen pairs of step sizes each, and their best pairs stand at an end of a list, so AdamW may still have a better one.</details>
#
# The same happened at a larger scale.
# New optimizers were said to be 1.4 to 2 times as fast as AdamW.
# Wen and others (2025) tuned ten optimizers alike.
# The fastest were 1.4 times as fast at 0.1 billion parameters, and 1.1 times at 1.2 billion.
# Qiu and others (2025) scaled step sizes and decay with the width, and found about 1.4 times up to 1.4 billion.
# With wrong scaling their lead shrank as the models grew.
# Khona and others (2026) gave all rules steps of one length, and Muon stayed ahead in models of several billion, most of all with very large batches.
# All three see a lead, and its size depends on the protocol.
#
# <details><summary>Sources</summary>Muon: Jordan and others 2024, github.com/KellerJordan/Muon, and Liu and others 2025, arXiv 2502.16982. Wen: arXiv 2509.02046. Qiu: arXiv 2512.05620. Khona: arXiv 2607.20548. The figures are those of the abstracts. That a model which Adam trained suffers when Muon fine-tunes it is in <i>Can Muon Fine-tune Adam-Pretrained Models?</i>, Qu and others 2026.</details>
#
# ### The checklist
#
# | Entry | Ask | Ours, in Part 4 |
# |---|---|---|
# | budget | Had both the same data and the same number of steps? | yes, and few steps |
# | sweep | Was each tuned over as many settings, with the best inside? | yes, two step sizes each |
# | schedule | Did the step size fall to its end for both, and was the loss read there? | yes |
# | batch | Does one of them like batches of that size, as Muon likes large ones? | one size, so nobody knows |
# | seeds | How many starts, and do they overlap? | three, and no overlap in steps |
# | held equal | Which settings were the same for both, and whom did that help? | decay and clipping, tuned for neither |
# | clock | Steps, or seconds? | both, and in seconds the lead is gone |
#
# Two more questions are about you.
# Is your model of the size at which the lead was measured?
# And on which data was the best setting chosen, on those of the test or on others?
#
# ### Exercise 5. Read a claim (4 minutes)
#
# *"After the same number of steps our optimizer ends 0.05 nats below AdamW.
# We trained a model of 100 million parameters on the same 2 billion tokens with each.
# It was so in batches of 64, of 256 and of 1024, and each had its own best decay.
# Both used a step size of 0.0003, after a warm-up and then with a cosine to zero, and we read the test loss at the end.
# Each was trained once."*
#
# Name the three entries of the checklist at which this claim is weak.
#
# <details><summary>Hint</summary>Go through the list from the top, and underline the words that answer each question.</details>

# %% tags=["stub"]
my_doubts = None  # a list of three names

# %% tags=["solution"]
my_doubts = ["sweep", "seeds", "clock"]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# One step size for both is the best one of at most one of them.
# With one start each you cannot tell the optimizer from luck, and as many steps may take twice as long.

# %% [markdown]
# The judge compares your list with the claim.

# %%
judges.judge_claim(my_doubts)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Before** | tune AdamW, over step sizes four to a factor of ten, and write the result down |
# | **Type** | `torch.optim.Muon(inside, lr=0.02, weight_decay=0.1)` for the matrices inside, `torch.optim.AdamW(rest, lr=3e-4, weight_decay=0.1)` for everything else |
# | **Change first** | both step sizes, each over its own list, with the best inside |
# | **Check** | that no table, no last layer and no bias is among Muon's matrices |
# | **No time for two** | `torch.optim.Muon(inside, lr=3e-4, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")`, with AdamW's step size and decay |
# | **Stay with AdamW** | when you fine-tune a model that AdamW trained |
# | **Doubt** | a win over a default, a win with one seed, a win in steps |
#
# ### Three questions, from memory
#
# Say each answer aloud before you open it.
#
# <details><summary>One of two losses becomes a thousand times smaller, and the inputs are turned. Which of momentum, Adam and Muon notice which?</summary>Momentum notices the smaller loss, Adam the turn, Muon neither. Their units are all numbers at once, each number, and the matrix.</details>
# <details><summary>What do the five steps leave as it is, and what do they change?</summary>The singular vectors stay, and the singular values come near 1, unless they were tiny.</details>
# <details><summary>A new optimizer beats AdamW at its default step size. What do you know?</summary>Very little. The default may be far from AdamW's best, as it was here, so ask for the sweep.</details>
#
# And here is what you did today.
# It is kept in one file on your own machine, and nowhere else.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Muon steps along the orthogonal factor of the averaged gradient, so all directions of a matrix count nearly alike.
# - It notices neither the scale of a loss nor a turn of the inputs.
#   It keeps one number for each weight, and it needs AdamW beside it.
# - Here most of the lead over a default was the default's fault, and in seconds none was left.
#   State the protocol before you look, and tune the old one as well as the new one.
#
# **Next.**
# Take the last optimizer that somebody recommended to you, and go through the checklist with it.
