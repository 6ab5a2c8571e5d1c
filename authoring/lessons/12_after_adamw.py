# %% [markdown]
# # Lesson 12. After AdamW
#
# *About 35 minutes to read, 60 with the exercises.*
#
# None of momentum, Adam and AdamW knows that weights form a matrix.
# Today you write an optimizer that does.
# It is called [[Muon]], and several large language models were trained with it.
#
# **From lesson 11, from memory.**
# How many numbers does AdamW keep for each weight, besides the weight and its gradient?
#
# <details><summary>Answer</summary>Two, the averages m and v.</details>

# %% tags=["setup"]

# %% [markdown]
# ## Part 1. A step for a whole matrix
#
# ### Two matrices to find
#
# Here are two weight matrices, each 16 by 16.
# A matrix $\theta$ multiplies the inputs, which are the columns of $x$, and its [[loss]] is half the sum of the squared errors, $\tfrac12\|(\theta-\theta^*)\,x\|^2$.
# Some directions of the inputs are strong and others weak, so each loss is a [[ravine]] of condition number 1000.
# The inputs are turned, so it lies at an angle.
# The loss of the second matrix is multiplied by 0.001.
#
# Three optimizers have 200 steps to make the sum of the two losses small.
# The step size falls to zero along a cosine, and it is tuned for each, as are its betas.
#
# Run the set-up cell above and the next one.

# %% tags=["chaotic"]
from lessonlib.lessons.lesson12 import controls, factor, judges, matrices
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

matrices.show_first()

# %% [markdown]
# Momentum finds the first matrix, and leaves about seven percent of the second loss.
# That is about a ten-thousandth of both losses together.
# Adam and Muon find both matrices.
# Adam needs a $\beta_2$ of 0.9 for this, and at PyTorch's 0.999 it leaves as much as momentum.
#
# Now take the turn of the inputs away, and tune everything again.

# %%
who = ["momentum", "Adam", "Muon", "momentum and Adam", "nobody"]
turn = predict("Inputs along the axes. Whose share of both losses changes tenfold or more?", who)
turn

# %% [markdown]
# And the other change?

# %%
scale = predict("Inputs turned again, losses alike. Whose share changes tenfold or more?", who)
scale

# %% [markdown]
# **Goal:** make two of the three rules each leave at least a hundred times less than in the picture above.

# %% tags=["answer", "chaotic"]
matrices.two_matrices().live()

# %% [markdown]
# What each rule leaves of both losses together, the median of this task and two more.
# The last row is a control, Adam with one v for each matrix in place of one for each number.

# %% tags=["answer"]
display(table(["optimizer", *controls.SETTINGS], controls.unit_rows()))
turn.answer(controls.who_notices("not turned"))

# %% [markdown]
# And with equal losses?

# %% tags=["answer"]
scale.answer(controls.who_notices("equal losses"))

# %% [markdown]
# Momentum and Adam notice one change each, and Muon neither.
# Less than tenfold counts as none, because rounding alone changes Muon's end up to {{ controls.swing("Muon"):.0f}}-fold.
#
# Momentum has one scale for all numbers at once.
# If the inputs turn, the gradients turn with them, and so does the step.
# But a loss a thousand times smaller makes steps a thousand times smaller, and one step size cannot suit both matrices then.
#
# Adam has one scale for each number.
# It divides each by the size of its own gradients, so the thousand cancels.
# Along the axes each number has a curvature of its own, and Adam finds every number.
# But when the inputs turn, each number becomes a mix of strong and weak directions.
# Then Adam with one `v` a matrix, the last row, does as well, so a scale for each number gains nothing here.
#
# *Deeper: [Lion, and Adam in axes of its own](deeper/12_after_adamw.ipynb).*
#
# <details><summary>Fine print</summary>Random matrices, exact gradients, no decay. Seven values of beta1, for Adam each with five of beta2, so Adam had five times as many tries, each at 21 step sizes. To see the rounding we moved the targets by 1e-12. Where the inputs are turned, the best lies inside of all lists. Recorded by <code>python -m lessonlib.lessons.lesson12.betas</code>.</details>
#
# ### The same directions, all alike
#
# Multiply a 2 by 2 gradient with all vectors of length 1, and you get an ellipse.
# The lengths of its half-axes are the [[singular values|singular value]] of the gradient.

# %%
factor.show_circles()

# %% [markdown]
# The arrows a and b are the vectors that land on the half-axes.
# Before, they are the columns of $V$.
# After, the columns of $U$ have their directions, and the diagonal of $S$ their lengths, 3 and 0.75.
# $V^\top$ turns a and b onto the axes, $S$ stretches along the axes, and $U$ turns them to where they land.
# So $g = U S V^\top$, its singular value decomposition.
#
# In our task the gradient is $(\theta-\theta^*)\,x\,x^\top$.
# Multiplied by a vector, $x\,x^\top$ acts first, and makes one in a weak direction of the inputs very short.
# So at the start the gradient has a small singular value for a weak direction, and momentum hardly moves along it.
#
# In the third panel both lengths are 1.
# The matrix that does this is $U V^\top$, the [[orthogonal factor]] of the gradient.
# **Muon averages the gradients as momentum does, and then steps along the orthogonal factor of the average.**
# A gradient a thousand times smaller has the same factor, and if the inputs turn, the factor turns too, so Muon notices neither.
# The factor also counts a weak direction as much as a strong one.
#
# ### Exercise 1. A factor by hand (4 minutes)
#
# Here is a gradient whose rows are at right angles.
#
# $$g = \begin{pmatrix} 3 & 3 \\ 1 & -1 \end{pmatrix}$$
#
# So $g\,g^\top$ is diagonal, and the singular values are the lengths of the rows.
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

# %% [markdown]
# Is it the factor?

# %%
judges.judge_factor(my_factor)

# %% [markdown]
# ## Part 2. Five steps of products
#
# ### A map for the singular values
#
# The decomposition is slow on a GPU, so Muon comes close to the factor with products alone.
#
# Take a matrix $x = U S V^\top$ and multiply it by $x\,x^\top$.
# The columns of $V$ have length 1 and are at right angles, so $V^\top V$ is the identity, and so is $U^\top U$.
# What is left is $x\,x^\top x = U S^3 V^\top$, with the same directions, and $y^3$ for each singular value $y$.
#
# $$x \leftarrow a\,x + b\,(x x^\top)\,x + c\,(x x^\top)^2 x \qquad\qquad y \leftarrow a\,y + b\,y^3 + c\,y^5$$
#
# Muon does this five times, with $a = 3.4445$, $b = -4.7750$ and $c = 2.0315$.
# That is its [[Newton-Schulz iteration]].
# Its authors chose the numbers to lift small values fast, and accept that values end only around 1.
# First it divides the matrix by its size, the root of the sum of its squares.
# The squares of the singular values have the same sum, which is 1 then, so none of them is above 1.
#
# Where $y$ is near zero the other two terms are tiny, so each step multiplies it by 3.4445.

# %%
import numpy as np
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
# And larger values?
# Here are twelve possible values, a point each, and the diamond is the smallest.
# **Goal:** find the smallest singular value that five steps still lift to a half.

# %% tags=["answer"]
newton.five_steps().live()

# %% [markdown]
# Every value from about 0.002 up ends between 0.68 and 1.20.
# Each first gradient of Part 1 has two to four of its 16 below 0.001, so these directions still count less.
# An exact factor does not help, and leaves about as much of the loss.
#
# ### Exercise 2. Five steps (8 minutes)
#
# Write the division and the loop.
# The matrix `x` is a NumPy array, and it must stay as it was.
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
# | $\theta \leftarrow \theta - \alpha\,w\,\theta - \alpha\,\sqrt{\max(1, r/c)}\;O$ | lesson 10 |
#
# Here $r$ is the number of rows and $c$ that of columns.
#
# | Symbol | Code | What it does | Default in PyTorch |
# |---|---|---|---|
# | $\alpha$ | `lr` | about the length of the step in most directions | 0.001 |
# | $\beta_1$ | `beta1`, in PyTorch `momentum` | remembers the direction for about 20 steps | 0.95 |
# | $w$ | `weight_decay` | takes the share $\alpha w$ off each weight | 0.1 |
#
# The second line is [[Nesterov's|Nesterov momentum]] form of momentum.
# It mixes the newest gradient in once more.
#
# A tall matrix has more outputs than inputs, so each would change less, and the root makes up for that.

# %%
import numpy as np
from lessonlib import State, checks, muon
from lessonlib.lessons.lesson12 import controls
from lessonlib.play.prediction import predict
from lessonlib.rules import orthogonal
from lessonlib.lessons.tables import table

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
# An average of factors would have other singular values, so the average comes first.
# The decay goes around both, as in AdamW, and the root stretches the step alone.

# %% [markdown]
# On tall, wide and square matrices.

# %%
checks.check(my_muon, against=muon)

# %% [markdown]
# There is no bias correction, because the factor of $2 \tilde m$ is that of $\tilde m$.

# %% [markdown]
# ### The end of the schedule
#
# Back to the two matrices, turned and unequal.
# Let the cosine end at a tenth of the step size, and tune everything again.

# %%
lower = predict("The cosine ends at a tenth. Whose share grows tenfold or more?",
                ["momentum", "Adam", "Muon", "Adam and Muon", "nobody"])
lower

# %% [markdown]
# What each rule leaves.

# %% tags=["answer"]
display(table(["optimizer", *controls.SHOWN], controls.way_rows()))
lower.answer(controls.who_grows("cosine to a tenth"))

# %% [markdown]
# Momentum's step shrinks with the gradient.
# Those of Adam and Muon stay about as long when the gradient shrinks, so both come only as near as their last steps are short.
# Muon loses more, so it is no longer ahead.
#
# <details><summary>And with noisy labels?</summary>With labels that move at every step, Muon leaves least on all three tasks, by a quarter or more. Momentum leaves half of the second loss, which the sum hides.</details>
# <details><summary>Fine print</summary>As in Part 1. With ends from 0.03 up, what Muon and Adam leave grows about as the square of the end. A Muon whose step is multiplied by the size of the average leaves no more with a tenth than with zero. Without its factor Muon leaves over tenfold more with the cosine to zero, and less than tenfold more with the tenth. The noise has a deviation of 0.1, and the labels of 1 at most.</details>

# %% [markdown]
# ### In PyTorch
#
# `torch.optim.Muon` takes matrices and nothing else.
# It is meant for those inside of a network, and biases, norms, tables and the last layer go to AdamW.
#
# ```python
# found = 0.003  # put in the step size that you found for AdamW alone
# inside = [p for name, p in model.named_parameters() if p.ndim == 2 and "blocks" in name]
# rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "blocks" in name)]
# inner = torch.optim.Muon(inside, lr=0.02, weight_decay=0.01)
# large, small = [p for p in rest if p.ndim > 1], [p for p in rest if p.ndim < 2]
# decays = [{"params": large, "weight_decay": 0.1}, {"params": small, "weight_decay": 0.0}]
# outer = torch.optim.AdamW(decays, lr=found)
# ```
#
# Put your model's own name in place of `"blocks"`, and print both lists.
# No embedding table may stand in the first, and no weight with three or more axes.
# `torch.optim.Muon` takes a fused query, key and value as one matrix, and Muon's authors found three better.
# Biases and norms get no decay, as in lesson 10.
# In the loop call `zero_grad` and `step` of both, give each its schedule, and save the state of both.
#
# Each step takes the share `lr * weight_decay` of a weight, so tune this product.
# Muon's two numbers are its authors'.
#
# Muon keeps one number for each weight, half of AdamW's state.
#
# <details><summary>Fine print</summary>It came with PyTorch 2.9. Where FSDP divides the weights, take a Muon that was written for that.</details>

# %% [markdown]
# ## Part 4. On a text
#
# ### A protocol, before you look
#
# Now the transformer of lesson 11 learns Genesis, one character at a time.
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
# Muon brings a second step size, so AdamW gets two as well.
#
# ### Exercise 4. State the protocol (5 minutes)
#
# Each rule can pay for twelve trainings, one for each step size of the matrices with each seed.
# Which step sizes may each try, with how many of three recorded seeds?
# If a best one stands at an end of its list, do you `"stop"`, `"extend its list"` or `"extend both lists"`?
# Extensions are free here, and for both rules the rest has the best of six step sizes.
#
# | Rule | Recorded step sizes of the matrices |
# |---|---|
# | AdamW | 0.001, 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1 |
# | Muon | 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1, 0.18 |
#
# <details><summary>Hint</summary>Has each rule as many step sizes as the other one, and does its list go about as far, with gaps about as wide?</details>

# %% tags=["stub"]
my_protocol = {"AdamW": None, "Muon": None,  # two lists of step sizes
               "seeds": None, "at an end": None}

# %% tags=["solution"]
my_protocol = {"AdamW": [0.0032, 0.01, 0.032, 0.1], "Muon": [0.0032, 0.01, 0.032, 0.1],
               "seeds": 3, "at an end": "extend both lists"}

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Both get the same four, half a factor of ten apart, so nobody had to know the best ones.
# Six step sizes with two seeds cost as much and skip less, but then luck decides more often.

# %% [markdown]
# The judge also says what came of it, so leave your guess above first.

# %% tags=["answer"]
protocol.judge_protocol(my_protocol)

# %% [markdown]
# Each point is a median, at the best step size of the rest, and the lowest has a ring.

# %% tags=["answer"]
text.show_sweep(text.from_record())
result.answer(text.verdict(text.from_record()))

# %% [markdown]
# The best of 42 pairs is partly luck, so here are six more seeds for the three best.

# %% tags=["answer"]
record = text.from_record()
table(text.HEADER, text.rows(record), ["", "g", "g", *[".3f"] * 2, *[".2f"] * 2])

# %% [markdown]
# By the three seeds Muon ends {{ text.gap(record):.2f}} nats lower.
# By the six AdamW's second row is its best, and Muon ends {{ text.fresh_gap(record):.2f}} lower.
#
# Is it the factor?
# In the last rows each step is as long as Muon's, but goes along the average.
# Muon without its factor ends {{ text.factor_gap(record):.2f}} higher, so here the factor makes the lead.
#
# <details><summary>Fine print</summary>Two layers, 32 wide, batches of 16 windows of 32 characters, warm-up and a cosine to zero, gradients clipped to 0.25, a decay of 0.1 for everything, betas at torch's defaults. Test loss at the end, on the last tenth of the book, which chose the step sizes too. The six seeds both choose among three pairs and measure them. Without the factor each step is as long as the exact factor, over 42 pairs too, and the best lies inside. Recorded by <code>python authoring/record_after.py</code>.</details>
#
# Train both yourself, with one of the six seeds and your own Muon.

# %% tags=["chaotic"]
record, mine = text.from_record(), checks.yours("my_muon", muon)
adamw = trainings.optimizer(*text.fresh_case(record, "adamw"))
muon_and_adamw = trainings.by_rule(mine, *text.fresh_case(record, "muon")[1:])
ended = trainings.ended({"AdamW alone": adamw, "your Muon and AdamW": muon_and_adamw}, seed=3)
table(["optimizer", "test loss"], ended, ["", ".2f"])

# %% [markdown]
# ### In seconds
#
# PyTorch's Muon takes its five steps in bfloat16, at which a GPU is fast and the recording CPU slow.
# There AdamW takes {{ text.steps_between(record)[1] }} in the time of 200 steps of Muon, and if Muon computes in float32, {{ text.steps_between(record)[0] }}.
# So we tuned AdamW with each.

# %%
table(text.COMPARED, text.seconds_rows(record), ["", *[".3f"] * 4])

# %% [markdown]
# With float32 most of Muon's lead stays, and with bfloat16 it is gone.
# The five steps cost the same however many tokens a batch has, and ours has only 512.
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
# Comparison A has Muon at its best, and AdamW at its default of 0.001.
# **Goal:** change AdamW's step sizes, and make Muon's lead look as small as these settings can make it.

# %%
text.weak_baseline().live()

# %% [markdown]
# Comparison B has AdamW at its best, and leaves Muon, and the AdamW for its rest, at 0.001.

# %%
tuning = predict("Who leads in B, and by how much?", text.TUNED_ALONE)
tuning

# %% [markdown]
# Muon's lead in both, and two more.

# %% tags=["answer"]
display(table(text.COMPARED, text.baselines(text.from_record()), ["", *[".2f"] * 4]))
tuning.answer(text.tuned_alone(text.from_record()))

# %% [markdown]
# Most of A's lead comes from a baseline that nobody tuned.
# In B it is not enough to tune Muon, because the AdamW beside it has a step size too.
# With both tuned, Muon leads in our 200 steps.
#
# ### Three papers
#
# At a larger scale three studies differ.
# Liu and others (2025) claim about half of AdamW's computations for the same loss.
# Wen and others (2025) tuned ten optimizers, and AdamW took more steps than the ones that use matrices.
# It was 1.4 times as many with 0.1 billion parameters, and 1.1 times with 1.2 billion.
# Qiu and others (2025) kept about 1.4 times up to 1.4 billion, and lost it where step sizes and decay were not scaled with the model.
# Their abstract does not say 1.4 times what.
#
# <details><summary>Sources</summary>Muon: Jordan and others 2024, kellerjordan.github.io/posts/muon, with the settings in the README of github.com/KellerJordan/Muon, and Liu and others 2025, arXiv 2502.16982. Wen: arXiv 2509.02046, and github.com/marin-community/marin, issue 1290, which says that it counts steps. Qiu: arXiv 2512.05620. Fine-tuning: Qu and others 2026, arXiv 2605.10468. Read as abstracts.</details>
#
# ### The checklist
#
# | Entry | Ask | Ours, in Part 4 |
# |---|---|---|
# | budget | Had both the same data and the same number of steps? | yes, and few steps |
# | sweep | Was each tuned over as many settings, with the best inside, and not on the test? | 42 pairs each in steps, 15 for AdamW against bfloat16 with its best at an end, all chosen on the test |
# | schedule | Did the step size fall to its end for both, and was the loss read there? | yes, and no other schedule was tried |
# | batch | Was the lead measured at more than one size? | one size, so nobody knows |
# | seeds | How many starts, and do they overlap? | three and six more, and no overlap in steps |
# | held equal | Which settings were the same for both, and which rule do they suit? | decay, clipping and betas, and with a beta2 of 0.95 AdamW ended alike |
# | clock | Steps, or seconds? | both, on one machine |
#
# ### Exercise 5. Read a claim (4 minutes)
#
# *"After the same number of steps our optimizer ends 0.05 nats below AdamW.
# We trained a model of 100 million parameters on the same 2 billion tokens with each.
# It was so in batches of 64, of 256 and of 1024, and the decay and the betas were tuned for each.
# AdamW's step size was 0.0003 and ours 0.002, after a warm-up and then with a cosine to zero, and we read the test loss at the end.
# Each was trained once at each size."*
#
# Name the three entries of the checklist at which this claim is weak.
#
# <details><summary>Hint</summary>Underline the words that answer each question of the list.</details>

# %% tags=["stub"]
my_doubts = None  # a list of three names

# %% tags=["solution"]
my_doubts = ["sweep", "seeds", "clock"]

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Each had one step size, and nobody says how it was found.
# With one start at each size you cannot tell how far luck goes, and as many steps may take twice as long.

# %% [markdown]
# Your list, compared with the claim.

# %%
judges.judge_claim(my_doubts)

# %% [markdown]
# ### On Monday morning
#
# | | |
# |---|---|
# | **Try it** | when you train from scratch and can pay for both sweeps, and change if it leads on your own clock by more than your seeds differ |
# | **Before** | tune AdamW, and write its best step size and result down |
# | **Type** | the lines of Part 3, with AdamW as you tuned it for the rest |
# | **Change first** | both step sizes, each over its own list, with the best inside, then `lr * weight_decay` |
# | **Tuning only one step size** | tune AdamW's, and give it to `torch.optim.Muon(inside, lr=found, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")` too, as Liu and others do. At our 0.032, with three seeds, this kept most of Muon's lead |
# | **Stay with AdamW** | when you fine-tune all weights of a model that AdamW trained, as one paper found |
#
# ### Three questions, from memory
#
# <details><summary>One of two losses becomes a thousand times smaller, and the inputs are turned. Which of momentum, Adam and Muon notice which?</summary>Momentum has one scale for all numbers and notices the smaller loss. Adam has one for each and notices the turn. Muon brings singular values near 1 at any scale, and its step turns with the inputs.</details>
# <details><summary>What do the five steps leave as it is, and what do they change?</summary>The singular vectors stay, and the singular values come near 1, unless they were tiny.</details>
# <details><summary>A new optimizer beats AdamW at its default step size. What do you know?</summary>Little. The default may be far from AdamW's best, so ask for the sweep.</details>
#
# What you did today is kept in one file where the notebook runs, and the course sends it nowhere unless you join a teacher's board.

# %% tags=["machine"]
summary()

# %% [markdown]
# ### What to take along
#
# - Muon steps nearly along the orthogonal factor of the averaged gradient, so all but very weak directions count nearly alike.
# - It notices neither the scale of a loss nor a turn of the inputs, and it needs AdamW beside it.
# - Who ends lowest can depend on the end of the schedule or on the tuning.
#   State the protocol before you look, and tune the old rule as well as the new one.
#
# **Next.**
# Take the last optimizer that somebody recommended to you through the checklist.
