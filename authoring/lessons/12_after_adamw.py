# %% [markdown]
# # Lesson 12. After AdamW
#
# *About 29 minutes to read, 60 with the exercises.*
#
# None of momentum, Adam and AdamW knows that weights form a matrix.
# Today you write one that does, [[Muon]].
# [Liu and others](#Three-papers) trained a large language model with it.
#
# *Short of time?
# First read [the lines for PyTorch](#In-PyTorch) and [what to do on Monday](#On-Monday-morning).*
#
# **From lesson 11, from memory.**
# How many numbers does AdamW keep for each weight, besides the weight and its gradient?
#
# <details><summary>Answer</summary>Two, the averages m and v.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A step for a whole matrix
#
# ### Strong and weak directions
#
# There are two tasks, and each has a weight matrix $\theta$ to learn.
# Multiplied by the inputs, $\theta$ should give certain outputs, and the errors make the [[loss]].
# In some directions the inputs are strong and in others weak, so the loss is a [[ravine]].
# Its curvature along the strongest direction is a thousand times that along the weakest.
#
# An input is sixteen numbers.
# The inputs are *turned*, which means rotated, so that each direction mixes all sixteen.
# And the loss of the second task is multiplied by 0.001, as two layers may have gradients that differ in size.
#
# Three optimizers take 60 steps each.
# Each has one step size for both matrices, the one with which its mean error over all their directions is least.

# %% tags=["chaotic"]
from lessonlib.lessons.lesson12 import factor, judges, matrices
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

matrices.show_first()

# %% [markdown]
# Where a line is near 0%, that optimizer has found the direction.
# In the second matrix momentum has much error left along every direction.
# Adam has more than half of its error left along the weakest.
# Muon has found every direction.
#
# **Muon averages the gradients as momentum does, and then lengthens the step along the weak directions.**
#
# ### Two changes
#
# We change one thing and choose the step sizes again.
# First turn the inputs back, so that each direction is one number of the input.

# %%
who = ["momentum", "Adam", "Muon", "momentum and Adam", "nobody"]
less = ("Which optimizer now leaves clearly less error than before, "
        "at the weak directions of the second matrix?")
turn = predict(f"Inputs along the axes. {less}", who)
turn

# %% [markdown]
# Now turn the inputs again, and give both losses the same size.

# %%
scale = predict(f"Losses equal. {less}", who)
scale

# %% [markdown]
# **Goal:** bring every line down at the weak directions of the second matrix.

# %% tags=["answer", "chaotic"]
matrices.two_matrices().live()

# %% [markdown]
# This table shows the error that is left in the second matrix, as a mean over the four weak directions.
# In the second row every step of momentum is as long as the step size.
# In the fourth Adam keeps one `v` for a whole matrix.

# %% tags=["answer", "chaotic"]
display(table(matrices.HEADER, matrices.rows()))
turn.answer(matrices.who_falls("not turned"))

# %% [markdown]
# And with equal losses?

# %% tags=["answer"]
scale.answer(matrices.who_falls("equal losses"))

# %% [markdown]
# **The small loss stops momentum, the turn slows Adam, and Muon notices neither.**
#
# Momentum has one scale for all numbers at once.
# A loss a thousand times smaller makes its steps a thousand times smaller, so one step size cannot suit both matrices.
# With its **length fixed** it leaves 18%, about as much as with equal losses.
#
# Adam has one scale for each number.
# It divides by the size of a number's own gradients, so the 0.001 of the second loss cancels.
# A gradient is an error times an input, $e\,x^\top$.
# Along the axes an input direction meets one column of weights, and so it has its own scales.
# When the inputs turn, each weight meets strong and weak directions at once.
# Then Adam leaves 27%, and with **one `v`** for the whole matrix 24%, so its many scales gain nothing.
#
# *Deeper: [Lion, and Adam in axes of its own](deeper/12_after_adamw.ipynb).*
#
# <details><summary>Fine print</summary>Random matrices, medians of three tasks. The step size falls on a cosine to zero at step 60. With the newest gradient mixed in once more, as in Muon, the fixed length leaves 11%. Step sizes and betas are those of a list that leave the least error: 0.9 for momentum, 0.8 with its length fixed, 0.8 and 0.8 for Adam, 0.6 for Muon. With 0.95 Muon leaves 21%, and notices the turn as little. There is no noise in these gradients, and a factor would lengthen noise too.</details>
#
# ### The same directions, all alike
#
# A step along a gradient $g$ changes the output of an input $x$ by $g\,x$, times the step size.
# Multiply all vectors $x$ of length 1 by a gradient of two rows and two columns, and their circle becomes an ellipse.
#
# Two of these vectors, $p$ and $q$, end where the ellipse is longest and where it is shortest.
# Their lengths there are the [[singular values|singular value]] of the gradient.
#
# In symbols, $g = U S V^\top$.
# The columns of $V$ are $p$ and $q$.
# The columns of $U$ are the directions in which they land, and $S$ holds the two lengths there.

# %%
factor.show_circles()

# %% [markdown]
# A step along this gradient moves the output of $p$ four times as far as that of $q$.
#
# The matrix of the third panel, $U V^\top$, is the [[orthogonal factor]] of the gradient.
# It keeps the directions, and every singular value is 1.
#
# In our tasks the strongest direction of the inputs is like $p$ and the weakest is like $q$.
# Here is how far the first step moves the outputs of inputs of length 1 along these two, in units of the first.

# %%
table(["step along", "strongest direction", "weakest direction"], factor.moved(), ["", "g", ".2g"])

# %% [markdown]
# In the last row the factor is computed as Muon computes it, which Part 2 shows.
#
# A gradient a thousand times smaller has the same factor.
# If a rotation $Q$ makes the inputs $Q\,x$, the gradient becomes $g\,Q^\top$ and its factor $U V^\top Q^\top$, so Muon takes the same step, turned.
# **So Muon steps along the orthogonal factor of the average, or near it.**
#
# <details><summary>Fine print</summary>The first matrix, the median of three tasks. Its smallest singular values are too small for five steps.</details>
#
# ### Exercise 1. A factor by hand (4 minutes)
#
# The rows of this gradient are at right angles, so it is two lengths times rows of length 1.
#
# $$g = \begin{pmatrix} 3 & 3 \\ 1 & -1 \end{pmatrix}$$
#
# These lengths are its singular values.
# Write its factor, with two decimals.
#
# <details><summary>Hint</summary>How long is the first row? What makes its length 1?</details>

# %% tags=["stub"]
my_factor = [[None, None], [None, None]]

# %% tags=["solution"]
my_factor = [[0.71, 0.71], [0.71, -0.71]]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The first row has the length $\sqrt{18}$ and the second one $\sqrt 2$.
# Divided by them, both rows have length 1 and are still at right angles, so both singular values are 1.

# %% [markdown]
# Is it the factor?

# %%
judges.judge_factor(my_factor)

# %% [markdown]
# ## Part 2. Five steps of products
#
# ### A map for the singular values
#
# Muon comes close to the factor with products alone.
#
# Take a matrix $x = U S V^\top$ and multiply it by $x\,x^\top$.
# The columns of $V$ have length 1 and are at right angles, so $V^\top V$ is the identity, and so is $U^\top U$.
# What is left is $x\,x^\top x = U S^3 V^\top$.
# It has the same directions, and each singular value $y$ has become $y^3$.
# So a sum of such products changes the singular values alone.
#
# $$x \leftarrow a\,x + b\,(x x^\top)\,x + c\,(x x^\top)^2 x \qquad\qquad y \leftarrow a\,y + b\,y^3 + c\,y^5$$
#
# Muon does this five times, with $a = 3.4445$, $b = -4.7750$ and $c = 2.0315$.
# That is its [[Newton-Schulz iteration]].
#
# Before the first step it divides the matrix by its size, the root of the sum of its squares.
# The squares of the singular values have the same sum, as you can check in Exercise 1, so none is above 1 after the division.
#
# Near zero the last two terms are tiny, so each step multiplies a small value by $a$.

# %%
from lessonlib.lessons.lesson12 import judges, matrices, newton
from lessonlib.play.prediction import predict

small = predict("A singular value of 0.0002. Where is it after five steps?")
small

# %% [markdown]
# Five steps of the map.

# %% tags=["answer"]
y = 0.0002
for _ in range(5):
    y = 3.4445 * y - 4.7750 * y**3 + 2.0315 * y**5
small.answer(y)

# %% [markdown]
# And larger values?
# Here are twelve that may occur, and the diamond is the smallest.
# **Goal:** find the smallest singular value that five steps still lift to a half.

# %% tags=["answer"]
newton.five_steps().live()

# %% [markdown]
# All but the smallest values end around 1, some below it and some above.
# Each step lifts small values fast.
# It takes 1 to $a + b + c$, which is 0.70, and the next step takes that to 1.11.
#
# Muon's authors chose the three numbers for speed, and not to end at 1.
# With the exact factor Part 1 leaves below 3% as well.
#
# ### Exercise 2. Five steps (8 minutes)
#
# Write the division and the loop.
# The NumPy array `x` must stay as it was, `x.T` is its transpose, and `@` multiplies two matrices.
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
# On square, tall and wide matrices.

# %%
judges.judge_orthogonal(my_orthogonal)

# %% [markdown]
# ## Part 3. The rule
#
# | Formula | Known from |
# |---|---|
# | $m \leftarrow \beta_1 m + (1-\beta_1)\,g$ | lesson 7 |
# | $\tilde m = \beta_1 m + (1-\beta_1)\,g$ | Nesterov, below |
# | $O = \text{orthogonal}(\tilde m)$ | Part 2 |
# | $\theta \leftarrow \theta - \alpha\,w\,\theta - \alpha\,\sqrt{\max(1, n/k)}\;O$ | lesson 10, and the root below |
#
# Here $n$ and $k$ count the rows and the columns.
# A step along the factor moves the output of an input of length 1 by a length of 1 at most.
# A tall matrix has more output numbers, so each gets a smaller part of this length, and the root makes up for that.
# <details><summary>And a wide matrix?</summary>For a random input each output moves as in a square one, so the root is 1.</details>
#
# The second line takes the $m$ that the first has just made.
# It is [[Nesterov's|Nesterov momentum]] form of momentum, and mixes the newest gradient in once more.
#
# | Symbol | Code | What it does | Default in PyTorch |
# |---|---|---|---|
# | $\alpha$ | `lr` | about the length of the step in most directions | 0.001 |
# | $\beta_1$ | `beta1`, in PyTorch `momentum` | remembers the direction for about 20 steps | 0.95 |
# | $w$ | `weight_decay` | takes the share $\alpha w$ off each weight | 0.1 |

# %%
from lessonlib import State, checks, muon
from lessonlib.rules import orthogonal

# %% [markdown]
# ### Exercise 3. Write Muon (8 minutes)
#
# Turn the four formulas into code.
# `theta`, `g` and the old average `s.m` are matrices, and `orthogonal` is the library's.
# Return the new `theta` and a new `State(s.t + 1, m)`, and change nothing in place.
#
# <details><summary>Hint 1</summary>Which two numbers are in <code>theta.shape</code>?</details>
# <details><summary>Hint 2</summary>Which of the two averages does the next step need?</details>

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
# The average comes first, and then its factor.
# The other order is another rule, since an average of different factors has singular values below 1.
# The decay goes around both, as in AdamW, and the root stretches the step alone.

# %% [markdown]
# On tall, wide and square matrices.

# %%
checks.check(my_muon, against=muon)

# %% [markdown]
# There is no bias correction, because $\tilde m$ divided by a number has the same factor.

# %% [markdown]
# ### In PyTorch
#
# `torch.optim.Muon` takes matrices and nothing else.
# Muon's authors leave biases, norms, embedding tables and the last layer to AdamW.
#
# ```python
# found = 0.003  # put in the step size that you found for AdamW alone
# # the matrices of the blocks for Muon, the rest for AdamW
# inside = [p for name, p in model.named_parameters() if p.ndim == 2 and "blocks" in name]
# rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "blocks" in name)]
# # no decay of biases and norms
# large, small = [p for p in rest if p.ndim > 1], [p for p in rest if p.ndim < 2]
# decays = [{"params": large, "weight_decay": 0.1}, {"params": small, "weight_decay": 0.0}]
# outer = torch.optim.AdamW(decays, lr=found)
# as_adamw = {"weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}
# inner = torch.optim.Muon(inside, lr=found, **as_adamw)
# ```
#
# Put your model's own name for `"blocks"`, and print the names of both lists.
# An embedding table is a matrix, so Muon would take it without an error.
# In the loop call `zero_grad` and `step` of `outer` and `inner`, give each its schedule, and save both states.
#
# Here `match_rms_adamw` puts $0.2\sqrt{\max(n, k)}$ in place of the root.
# It makes Muon's steps about as long as AdamW's, so you can start with the step size that you have.
# Muon keeps one number for each weight, half of AdamW's state.
#
# <details><summary>Fine print</summary>In a training of Part 4 half of Muon's steps have a root mean square above 0.18 step sizes, and half of AdamW's above 0.19. <code>torch.optim.Muon</code> refuses the kernels of a convolution, and Muon's authors flatten each to a matrix. It takes a fused query, key and value as one matrix, and the authors found three better. Weights that are divided among GPUs need a Muon that was written for that.</details>

# %% [markdown]
# ## Part 4. On a text
#
# ### A protocol, before you look
#
# The transformer of lesson 11 learns Genesis, one character at a time.
# Its loss is $-\ln p$ in nats, where $p$ is its probability for the character that came.
# In one training AdamW moves everything.
# In the other Muon moves the matrices inside of the blocks, and AdamW the rest.

# %%
from lessonlib import checks, muon
from lessonlib.lessons.lesson12 import protocol, text, trainings
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

result = predict("Each at its own best step sizes. How do the test losses compare?", text.VERDICTS)
result

# %% [markdown]
# ### Exercise 4. State the protocol (5 minutes)
#
# For both optimizers we recorded trainings with these step sizes of the matrices.
# In our matrices of 32 rows and columns one step size makes the steps of both about equally long.
#
# 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1
#
# 1. Which of them may each optimizer try, and with how many of three seeds?
#    You have twelve trainings for each optimizer.
#    One step size with three seeds costs three.
#    With few seeds, luck decides more often.
# 2. Suppose that the best on one optimizer's list is 0.01, and that 0.018 was not on it.
#    What will you do `"then"`?
#    Write `"stop"`, `"try it"` for that optimizer, or `"try it for both"`.
#    These trainings are not among the twelve.
#
# The step size of all other weights is chosen for you.
#
# <details><summary>Hint</summary>Has each list as many step sizes, with gaps about as wide? Is the highest divided by the lowest the same for both?</details>

# %% tags=["stub"]
my_protocol = {"AdamW": None, "Muon": None,  # two lists of step sizes
               "seeds": None, "then": None}

# %% tags=["solution"]
my_protocol = {"AdamW": [0.0032, 0.01, 0.032, 0.1], "Muon": [0.0032, 0.01, 0.032, 0.1],
               "seeds": 3, "then": "try it for both"}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both get the same four, spread over the list, so nobody had to know the best ones.
# Six step sizes with two seeds cost as much, but then luck decides more often.

# %% [markdown]
# Guess above first, because the judge shows the result.

# %% tags=["answer"]
protocol.judge_protocol(my_protocol)

# %% [markdown]
# In the whole record each optimizer tried 42 pairs, seven step sizes for the matrices with six for the rest, with three seeds each.

# %% tags=["answer"]
record = text.from_record()
text.show_sweep(record)
result.answer(text.verdict(record))

# %% [markdown]
# At 0.18 one seed of Muon ends lowest in the picture, and the two others far above.
# So a low loss can be luck.
# The three best pairs of each optimizer ran again, with six more seeds.
# A ring marks the pair that was best with them.

# %% tags=["answer"]
table(text.HEADER, text.rows(record), ["", "g", ".2f", ".2f", ""])

# %% [markdown]
# By three seeds Muon's lead is {{ text.gap(record):.2f}} nats.
# By six more it is {{ text.fresh_gap(record):.2f }}.
#
# The last row leaves the factor out.
# It steps along the average, about as far as Muon.
# **Without its factor nothing of Muon's lead over AdamW is left.**
#
# <details><summary>Fine print</summary>At each step size of the matrices, the picture has the best of six for the rest. Two layers of width 32, 200 steps of 512 characters, warm-up and a cosine to zero, clipping, decay, torch's betas; a beta2 of 0.95 ends alike. Each best is at no edge of its list. In wider matrices the two step sizes part, because Muon's sets the length along a direction and AdamW's that of each number. The last tenth of the book is the test, and chose the step sizes too. Recorded by <code>python authoring/record_after.py</code>.</details>
#
# Train both, with one of the six.

# %% tags=["chaotic"]
mine = checks.yours("my_muon", muon)
adamw = trainings.optimizer(*text.fresh_case(record, "adamw"))
muon_and_adamw = trainings.by_rule(mine, *text.fresh_case(record, "muon")[1:])
ended = trainings.ended({"AdamW alone": adamw, "your Muon and AdamW": muon_and_adamw}, seed=3)
table(["optimizer", "test loss"], ended, ["", ".2f"])

# %% [markdown]
# ### In seconds
#
# A step of Muon takes longer than one of AdamW.
# So we gave AdamW as many steps as fit into the time of Muon's 200, and tuned it again.
# PyTorch's Muon computes its five steps in bfloat16, and our CPU is slow in it.

# %%
table(text.TIMED, text.seconds_rows(record), ["", "g", ".2f"])

# %% [markdown]
# On this CPU PyTorch's Muon has no lead in seconds.
# In float32, which it does not offer, it leads by {{ text.seconds_rows(record)[0][2]:.2f }}.
# The five steps cost the same whatever the batch, so in large batches they count less.
#
# <details><summary>Fine print</summary>In the row of bfloat16 AdamW was tuned over 15 pairs, with its best at an edge, so it may end lower still. There the seeds overlap. In float32 Muon keeps the step sizes of the ring.</details>
#
# *Deeper: [what a step of Muon costs](deeper/12_after_adamw.ipynb).*

# %% [markdown]
# ## Part 5. How to read a claim
#
# ### A weak baseline

# %%
from lessonlib.lessons.lesson12 import judges, text
from lessonlib.play.prediction import predict, summary
from lessonlib.lessons.tables import table

# %% [markdown]
# Comparison A has Muon at its best, and AdamW at its default, 0.001, for all weights.
# **Goal:** change AdamW's step sizes, and make Muon's lead look as small as these settings can make it.

# %%
text.weak_baseline().live()

# %% [markdown]
# Comparison B has AdamW at its best.
# Muon and the AdamW beside it are both at their default, 0.001.

# %%
tuning = predict("Who leads in B, and by how much?", text.TUNED_ALONE)
tuning

# %% [markdown]
# Muon's lead in both, and in two more.

# %% tags=["answer"]
display(table(text.COMPARED, text.baselines(text.from_record()), ["", *[".2f"] * 3]))
tuning.answer(text.tuned_alone(text.from_record()))

# %% [markdown]
# Most of A's lead comes from a baseline that nobody tuned.
# The third row tunes only the step size of Muon's matrices, and Muon still loses.
# The step size of the AdamW beside it must be tuned too.
#
# ### Three papers
#
# At a larger scale studies differ.
# Liu and others claim that Muon needs about half of AdamW's computations for the same loss.
# Wen and others tried optimizers that use matrices.
# The best was 1.4 times as fast as AdamW in small models, and 1.1 times in models twelve times as large.
# Qiu and others found nearly 1.4 at every size when step size and decay are scaled as they propose.
# With other scaling it vanished as the models grew.
#
# <details><summary>Sources</summary>Muon: Jordan and others, kellerjordan.github.io/posts/muon. Liu: arXiv 2502.16982. Wen: arXiv 2509.02046. Qiu: arXiv 2512.05620. Fine-tuning: Qu and others, arXiv 2605.10468. Read as abstracts.</details>
#
# ### The checklist
#
# - **budget** Had both the same data and the same number of steps?
# - **sweep** Did each try as many settings?
#   Was its best inside the list, and chosen on other data than the test?
# - **schedule** Did the step size fall to its end for both, and was the loss read there?
# - **batch** Was the lead measured at several sizes of batch?
# - **model size** And of the model?
# - **seeds** How many starts, and do they overlap?
# - **held equal** Which settings were shared, and could they suit one rule better?
# - **clock** Steps, or seconds?
#
# <details><summary>How does our Part 4 do?</summary>It does well in seeds. AdamW's sweep reaches lower and Muon's higher, and both were tuned on the test. Both kept one decay, 0.1, and torch's betas. It has few steps, one schedule, one size of batch, one model and one machine.</details>
#
# *Deeper: [why the schedule's end can decide](deeper/12_after_adamw.ipynb).*
#
# ### Exercise 5. Read a claim (4 minutes)
#
# *"After the same number of steps our optimizer ends 0.05 nats below AdamW.
# We trained a model of 100 million parameters on the same 2 billion tokens with each.
# It was so in batches of 64, of 256 and of 1024, and the decay and the betas were tuned for each.
# AdamW's step size was 0.0003 and ours 0.002, after a warm-up and then with a cosine to zero, and we read the test loss at the end.
# Each was trained once at each size."*
#
# Name three entries where it is weak.
#
# <details><summary>Hint</summary>Which words answer which question of the list?</details>

# %% tags=["stub"]
my_doubts = None  # a list of three names

# %% tags=["solution"]
my_doubts = ["sweep", "seeds", "clock"]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Each had one step size, and nobody says how it was found.
# With one start at each size you cannot tell how far luck goes, and as many steps may take twice as long.

# %% [markdown]
# Your list beside the claim.

# %%
judges.judge_claim(my_doubts)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Before** | tune AdamW with one step size for all weights, and write down the best one and its loss |
# | **Type** | the lines of [Part 3](#In-PyTorch), with this step size for both. `torch.optim.Muon` came with torch 2.9 |
# | **Expect** | in Part 4, AdamW with its best single step size, 0.018, reaches a loss of 2.24. With the same 0.018 the lines of Part 3 reach 2.14. With 0.032, their best, they reach 2.08 |
# | **Change first** | Muon's step size, over a list with its best inside. Give AdamW as many trainings |
# | **Time it** | on your machine. On our CPU PyTorch's Muon had no lead in seconds |
# | **Keep it** | when three new seeds of Muon all end below three of AdamW. Train both for the same time, with a schedule that ends there. On our CPU we would have kept AdamW |
# | **Stay with AdamW** | when you fine-tune all weights of a model that AdamW trained, as one paper found |
#
# <details><summary>Fine print</summary>The losses are medians of the same six seeds, and both step sizes are the best by these seeds.</details>
#
# ### Three questions, from memory
#
# <details><summary>One of two losses becomes a thousand times smaller, and the inputs are turned. Which of momentum, Adam and Muon notice which?</summary>Momentum has one scale for all numbers and notices the smaller loss. Adam has one for each and notices the turn. Muon notices neither.</details>
# <details><summary>What do the five steps leave as it is, and what do they change?</summary>The singular vectors stay, and the singular values come near 1, unless they were tiny.</details>
# <details><summary>A new optimizer beats AdamW at its default step size. What do you know?</summary>Little. The default may be far from AdamW's best, so ask for the sweep.</details>
#
# Here is what you did today.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Muon steps along the orthogonal factor of the averaged gradient, so its step is long along weak directions too.
# - It needs AdamW beside it.
# - State the protocol before you look, and tune the old rule as well as the new one.
#
# **Next.**
# Somebody has recommended an optimizer to you.
# Take that claim through the checklist.
