# %% [markdown]
# # Deeper into lesson 9
#
# Ten questions about Adam that can wait, and one about gradient descent.
# Run the set-up cell first.
# After it each question stands alone, so you can read them on different days and in any order.
#
# <details><summary>The rule of Adam, if you need it</summary>$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$ averages the gradients, and $v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$ their squares. Both are corrected, $\hat m_t = m_t/(1-\beta_1^t)$ and $\hat v_t = v_t/(1-\beta_2^t)$. Then $\theta_t = \theta_{t-1} - \alpha\,\hat m_t/(\sqrt{\hat v_t} + \epsilon)$.</details>
#
# | Question | Minutes |
# |---|---|
# | 1. How wrong is a step without correction, and does it matter? | 9 |
# | 2. How long can a step be? | 6 |
# | 3. What is a fair comparison? | 8 |
# | 4. Rare words: which half of Adam do they need? | 7 |
# | 5. Which solution does each rule find? Wilson's least squares | 7 |
# | 6. Where does Adam walk on Reddi's line? | 7 |
# | 7. When does Adam beat momentum on a ravine? | 5 |
# | 8. Gradient descent swings. Should you halve the step size? | 4 |
# | 9. The gradients jumped, and now the loss creeps. Why? | 5 |
# | 10. Can you name a bug from its path? | 6 |
# | 11. Which half of Adam finds the line? | 5 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. How wrong is a step without correction, and does it matter?
#
# *9 minutes.*
#
# Under a steady gradient $m$ holds the share $1-\beta_1^t$ of it, and $v$ the share $1-\beta_2^t$ of its square.
# The reason is a sum, and for $v$ it is the same one with $\beta_2$ and $g^2$.
#
# $$m_t = (1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i}\,g = (1-\beta_1^t)\,g$$
#
# Dividing by the share makes $\hat m$ a true weighted mean, also when the gradients change.
#
# A step without correction is therefore wrong by the factor $(1-\beta_1^t)/\sqrt{1-\beta_2^t}$.
# The picture draws it over the steps, and the sliders set the two memories.
# **Goal:** with $\beta_1$ at 0.5 or more, find a $\beta_2$ at which the first step needs no correction.

# %%
import numpy as np
from lessonlib import State, adam, misconceptions
from lessonlib.lessons.lesson09 import judges_deeper, measured, pictures, play
from lessonlib.play.prediction import predict

play.correction_ratio().live()

# %% [markdown]
# <details><summary>Answer</summary>The factor of the first step is 1 where $1-\beta_1 = \sqrt{1-\beta_2}$. For $\beta_1 = 0.9$ that is $\beta_2 = 0.99$. Only the first step needs none then, and the thirteenth is more than twice as long as it should be.</details>
#
# Does it matter when a network trains?

# %%
harm = predict(
    "Digits, lr = 0.001, 100 steps. What does leaving out the correction do to the loss?",
    ["it ends higher", "it ends lower", "it makes no difference"],
)
harm

# %% [markdown]
# A small network at twelve step sizes, the mean of three seeds.
# The first step size is 0.001.

# %% tags=["answer"]
without = misconceptions.of(adam)[0]  # "no bias correction"
lrs = np.geomspace(0.001, 0.16, 12)
right, bare = (measured.end_losses(rule, lrs) for rule in (adam, without))
change = bare[0] / right[0] - 1
harm.answer("it ends lower" if change < -0.05 else "it ends higher" if change > 0.05
            else "it makes no difference")

# %% [markdown]
# The picture has all twelve.

# %% tags=["answer"]
pictures.show_correction(lrs, right, bare)

# %% [markdown]
# Without the correction each of these hundred steps is three to seven times as long.
# At a small step size that helps, and from about 0.03 on it does harm.
# With the best step size for each, the rule without correction ends as low as Adam here.
# So here the correction moves the good step sizes, and does not lower the loss.
#
# <details><summary>Fine print</summary>The mean of three seeds. On one of the three the rule without correction ends higher.</details>
#
# ### Exercise. Correct another average (5 minutes)
#
# RMSprop divides the gradient by the root of a running average of its squares.
#
# $$v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2 \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\frac{g_t}{\sqrt{v_t} + \epsilon}$$
#
# The average starts at zero, and PyTorch does not correct it.
# With $\beta_2 = 0.99$ the first step is ten times too long.
# Write RMSprop so that under a steady gradient every step has the length $\alpha$.
# A state has three fields, `State(t, m, v)`, and RMSprop keeps no `m`, so return `State(t, 0.0, v)`.
#
# <details><summary>Hint</summary>By which factor is v too small after t steps of a steady gradient?</details>

# %% tags=["stub"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    ...  # your lines, and a return

# %% tags=["solution"]
def my_rmsprop(theta, g, s, *, lr, beta2, eps):
    t = s.t + 1
    v = beta2 * s.v + (1 - beta2) * g**2
    v_hat = v / (1 - beta2**t)
    return theta - lr * g / (v_hat**0.5 + eps), State(t, 0.0, v)

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Without an average of the direction there is only one average to correct.
# This is Adam with $\beta_1 = 0$.

# %% [markdown]
# The judge compares it with Adam whose `beta1` is 0.

# %%
judges_deeper.judge_rmsprop(my_rmsprop)

# %% [markdown]
# ## 2. How long can a step be?
#
# *6 minutes.*
#
# Kingma and Ba give a bound for Adam's step in section 2.1 of their paper.
# At the defaults it is $\alpha\,(1-\beta_1)/\sqrt{1-\beta_2}$, which is $3.16\,\alpha$.

# %%
from lessonlib.lessons.lesson09 import measured, pictures
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

longest = predict(
    "Can any sequence of gradients make a step longer than 3.16 lr, at the defaults?",
    ["yes", "no"],
)
longest

# %% [markdown]
# Three sequences, each long enough for the correction to have faded.
# The first is steady, and the second is silent and ends with one spike.
# The third is tiny for long, and then it grows by eleven percent at each step.

# %% tags=["answer"]
growth = 0.999 / 0.9
sequences = {
    "steady": [1.0] * 4000,
    "a lone spike": [0.0] * 20_000 + [1.0],
    "growing": [1e-4] * 20_000 + [1e-4 * growth**i for i in range(1, 221)],
}
lengths = {name: measured.step_lengths(gradients) for name, gradients in sequences.items()}
rows = [[name, steps[-1]] for name, steps in lengths.items()]
display(table(["gradients", "last step / lr"], rows, ["", ".2f"]))
longest.answer("yes" if lengths["growing"][-1] > 3.17 else "no")

# %% [markdown]
# The left panel shows the end of each sequence, divided by its last gradient, and the right panel its steps.

# %% tags=["answer"]
pictures.show_longest(sequences, lengths)

# %% [markdown]
# The growing sequence beats the bound of the paper.
# Here is a bound for $|m|/\sqrt v$ that holds at every step when $\beta_1^2 < \beta_2$.
# Write the average $m$ as a sum, and split each weight into two.
#
# $$\frac{m}{1-\beta_1} = \sum_k \beta_1^k\,g_{t-k} = \sum_k \Big(\frac{\beta_1}{\sqrt{\beta_2}}\Big)^{k}\cdot\sqrt{\beta_2}^{\,k}\,g_{t-k}$$
#
# The inequality of Cauchy and Schwarz says that the square of such a sum is at most the product of two sums of squares.
#
# $$\Big(\frac{m}{1-\beta_1}\Big)^2 \le \sum_k\Big(\frac{\beta_1^2}{\beta_2}\Big)^{k}\cdot\sum_k \beta_2^k\,g_{t-k}^2$$
#
# The first sum is at most $1/(1-\beta_1^2/\beta_2)$, and the second one is $v/(1-\beta_2)$.
#
# $$\frac{|m|}{\sqrt v} \le \frac{1-\beta_1}{\sqrt{1-\beta_2}}\cdot\frac{1}{\sqrt{1-\beta_1^2/\beta_2}}$$
#
# Both sides are equal when the gradients have always grown by $\beta_2/\beta_1$ at each step, which is the eleven percent.
# At the defaults the bound is 7.27, and the growing sequence reaches it.
#
# <details><summary>Fine print</summary>With bias correction the same lines give a bound for each step, which grows from 1 toward this one.</details>
#
# **To do.**
# Compute the bound for $\beta_2 = 0.95$.
# Is Adam then safer from long steps?
#
# <details><summary>Answer</summary>Yes. The bound is about 1.17, so no sequence of gradients makes a step much longer than the step size. The paper's bound is $\alpha$ here, its second case, for $1-\beta_1$ below $\sqrt{1-\beta_2}$.</details>
#
# ## 3. What is a fair comparison?
#
# *8 minutes.
# One cell trains for some seconds.*
#
# Gradient descent, momentum, RMSprop and Adam train one network on digits for 400 steps, with many step sizes from $10^{-4}$ to 32.

# %%
from lessonlib.lessons.lesson09 import basins, fair, pictures
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

agree = predict(
    "Compare at lr 0.003, and compare at lr 1. Which rules are ahead?",
    ["the same rules at both", "other rules at each"],
)
agree

# %% [markdown]
# The table has the accuracies at the end, the mean of two seeds.

# %% tags=["answer", "chaotic"]
rows = fair.compared()
display(table(["compared", *basins.basin_runs()], rows, ["", *[".2f"] * 4]))
same = fair.ahead(rows[0]) == fair.ahead(rows[1])
agree.answer("the same rules at both" if same else "other rules at each")

# %% [markdown]
# One step size favours two rules and the other one the other two.
# Each at its own best, none of the four is ahead.
# So here a race at one step size ranks the step size.
#
# The fair question goes over all step sizes.
# The good step sizes of a rule form its [[basin]].
#
# Move the tolerance and watch the bars.

# %%
basins.good_basin().live()

# %% [markdown]
# Within two points of the best, all four basins are one to two decades wide.
# The basins of Adam and RMSprop begin and end more than a decade below the other two.
#
# <details><summary>Fine print</summary>The last row of the table puts nobody first, because all four are within a point of each other, and two seeds of one rule are up to two points apart. Each best step size was chosen by the same test images whose accuracy is then given, so every tuned accuracy is a little too good. Momentum is the average of lesson 7, and with the sum that PyTorch keeps its step sizes are ten times smaller.</details>
#
# **To do.**
# A colleague compares two rules at a step size of 0.003, and says that momentum reads 36 % and Adam 97 %.
# Which one question do you ask?
#
# <details><summary>Answer</summary>What does each read at its own best step size? Within 400 steps, 0.003 is far outside momentum's basin.</details>
#
# ### How rare are good settings?
#
# Now Adam alone, on a ravine of condition number 100 that lies at an angle.
# A setting is *good* if its loss is below $10^{-4}$ after 100 steps, and stays there for thirty more.
# A box of 27,200 settings is tried.
# It has step sizes from 0.001 to 1, $\beta_1$ from 0 to 0.99, and $\beta_2$ from 0.5 to 0.999.
# Twenty values of $\beta_2$ can be spaced in two ways.
# Evenly means the same distance from one to the next, and by factors means that $1-\beta_2$ shrinks by the same factor.

# %%
spaced = predict(
    "With which spacing of beta2 are more settings of the box good?",
    ["evenly", "by factors", "with both about the same"],
)
spaced

# %% [markdown]
# Both boxes, from one start.

# %% tags=["answer"]
even, factors = fair.box(logarithmic=False), fair.box()
rows = [["evenly", even.stays.mean()], ["by factors", factors.stays.mean()]]
display(table(["beta2 spaced", "good settings"], rows, ["", ".1%"]))
more = rows[1][1] / rows[0][1]
spaced.answer("by factors" if more > 1.5 else "evenly" if more < 0.67
              else "with both about the same")

# %% [markdown]
# Where do the good settings lie?
# Each field of the map is one pair of betas, and its grey says which share of the forty step sizes is good.

# %% tags=["answer"]
pictures.show_box(factors)

# %% [markdown]
# Below a $\beta_2$ of 0.925 none is good.
# Evenly spaced, only three of the twenty values lie above that, and by factors fourteen do.
# So search over values such as 0.9, 0.99 and 0.999.
#
# With $\beta_1$ at its default 100 steps are too few, and 150 are enough.
# So how rare good settings are depends on their spacing and on the number of steps.
#
# When a paper compares optimizers, look first for how each setting was chosen.
# Choi et al. (2019) and Schmidt et al. (2021) show how much the [[protocol]] decides.
#
# <details><summary>Fine print</summary>Forty step sizes, spaced by factors, and 34 values of $\beta_1$, spaced evenly. With noisy gradients none of the settings reaches the goal.</details>
#
# ## 4. Rare words: which half of Adam do they need?
#
# *7 minutes.
# One cell takes some seconds.*
#
# Words are not equally frequent.
# The $k$-th most common one comes about $1/k$ as often as the first, which is called Zipf's law.
# The simplest model of language is a table that says which word follows which.
# Ours has 512 words, and both the word before and the word after follow Zipf's law.
# The word before is called the context.
# Gradients of a rare context are small, because it is rare.
#
# Two new rules help to tell the two averages of Adam apart.
# Both take a step of equal size in every coordinate.
# One looks only at the sign of the gradient, and the other at the sign of its average.

# %%
import numpy as np
from lessonlib import State, adam, momentum, plots
from lessonlib.lessons.lesson09 import measured, pictures
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

def sign_of_g(theta, g, s, *, lr):
    return theta - lr * np.sign(g), State(s.t + 1)

def sign_of_m(theta, g, s, *, lr, beta1=0.9):
    m = beta1 * s.m + (1 - beta1) * g
    return theta - lr * np.sign(m), State(s.t + 1, m)

# %% [markdown]
# The lowest loss that any table can have is not zero, because the next word is random.
# What a table has above that is its *excess loss*, and we measure how much of it is left.

# %%
helps = predict(
    "Take m out of Adam, or take v out of it. What makes Adam worse on this table?",
    ["taking m out", "taking v out", "each of the two", "neither"],
)
helps

# %% [markdown]
# 60 steps on all words at once, with a cosine [[schedule]], each rule at the step size that was the best in a search before.

# %% tags=["answer"]
left = measured.left_on_words
found = {
    "Adam": left(adam, [1]),
    "without v, momentum": left(momentum, [2000]),
    "without m, beta1 = 0": left(adam, [1], beta1=0.0),
    "sign of m": left(sign_of_m, [0.2]),
    "sign of g": left(sign_of_g, [0.2]),
}
rows = [[name, measured.shown(rest.share, 1e-12), rest.lr] for name, rest in found.items()]
display(table(["rule", "excess loss left", "step size"], rows, ["", "", "g"]))
no_v, no_m = (found[name].share > found["Adam"].share for name in
              ("without v, momentum", "without m, beta1 = 0"))
helps.answer("each of the two" if no_v and no_m else "taking v out" if no_v else
             "taking m out" if no_m else "neither")

# %% [markdown]
# Momentum leaves a sixth of the excess loss, and each of the other four rules leaves next to nothing.
# The sign rules keep no $v$ and still leave next to nothing, so steps of equal size are what rare words need.
# On this table an average $m$ with a $\beta_1$ of 0.9 does harm.
# Without it both Adam and the sign rule end lower.
#
# Where is the excess loss left?
# The contexts are sorted into four groups that hold a quarter of the probability each.

# %%
shorter = left(momentum, [1000])
pictures.show_quarters({
    "momentum, 2000": (found["without v, momentum"], "^-", plots.look(momentum).color),
    "momentum, 1000": (shorter, "^:", plots.look(momentum).color),
    "Adam": (found["Adam"], "o-", plots.look(adam).color),
})

# %% [markdown]
# Adam leaves the same small share in all four groups.
# Momentum's longer step size leaves less in the rare contexts, and more in the most frequent ones.
# So it is already too long for the frequent contexts, and still too short for the rare ones.
#
# <details><summary>Fine print</summary>No noise, and a table instead of a network. With a $\beta_1$ of 0.5 the average does no harm. At half and at double its step size each rule leaves more, but for Adam without $m$, which stays below rounding at the double. Kunstner and Bach (2025) prove for a similar table that with a squared loss gradient descent needs a number of steps almost linear in the number of words, and sign descent its square root.</details>
#
# **To do.**
# Suppose all contexts were equally frequent.
# What would momentum's four points look like?
#
# <details><summary>Answer</summary>All at one height, because no context has smaller gradients than another. At 2000 that height is still a fifth of the excess loss. With its step size tuned anew, to about 48,000, momentum leaves about a thousandth.</details>
#
# ## 5. Which solution does each rule find? Wilson's least squares
#
# *7 minutes.*
#
# Sixty samples have the label plus or minus one.
# The first feature is the label itself, and two more features are always 1.
# Besides, every sample has private features that no other sample has.
# There are more weights than samples, so many solutions fit the training data perfectly (Wilson et al. 2017, section 3).

# %%
from lessonlib import adam, momentum, rmsprop, run, sgd
from lessonlib.lessons.lesson09 import judges, measured, pictures
from lessonlib.lessons.lesson09.problems import wilson
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

samples = wilson()

# %% [markdown]
# Five runs will fit them, 3000 steps each from zero, on all samples at once.

# %%
new = predict("All rules fit the training data. Which of them classify new samples without error?",
              ["all", "gradient descent and momentum only", "Adam and RMSprop only", "none"])
new

# %% [markdown]
# Gradient descent, momentum, RMSprop, and Adam with two settings of $\epsilon$.

# %% tags=["answer"]
tries = {"gradient descent": (sgd, {"lr": 0.2}), "momentum": (momentum, {"lr": 0.2}),
         "RMSprop": (rmsprop, {"lr": 0.001}), "Adam": (adam, {"lr": 0.01}),
         "Adam, eps = 1": (adam, {"lr": 0.01, "eps": 1.0})}
weights, rows = {}, []
for name, (rule, hyper) in tries.items():
    result = run(rule, samples, steps=3000, record="last", **hyper)
    weights[name] = result.theta[0]
    rows.append([name, result.loss[0], samples.metrics["test error"](weights[name])])
shown = [[name, measured.shown(loss, 1e-20), error] for name, loss, error in rows]
display(table(["rule", "training loss", "wrong on new samples"], shown, ["", "", ".0%"]))
right = tuple(error == 0 for _, _, error in rows[:4])
new.answer({(1, 1, 0, 0): "gradient descent and momentum only", (1, 1, 1, 1): "all",
            (0, 0, 1, 1): "Adam and RMSprop only"}.get(right, "none"))

# %% [markdown]
# A new sample's private features were never seen, so only the first three weights read it.
# Here they are.

# %% tags=["answer"]
pictures.show_first_weights(weights)

# %% [markdown]
# A new sample with label $y$ has the score $w_1 y + w_2 + w_3$.
# Gradient descent gives the label a larger weight than the other two together, so the score has the sign of $y$.
# Adam and RMSprop give the three features equal weights.
# Their steps have equal sizes, so a feature that explains everything gains weight no faster than one that explains little.
# With three equal weights the score is $w(y+2)$, which is positive for both labels.
# So every new sample with the label $-1$ is wrong, and these are 40 % of them.
#
# Adam with an epsilon of 1 no longer takes equal steps.
# At the start the gradient of the label's weight is 1, and those of the next two are 0.2.
# With $\epsilon = 1$ the denominators of the first step are 2 and 1.2, so the label's weight moves three times as far as each of the others.
# The later steps widen its lead.
#
# Adam with a large $\epsilon$ behaves like momentum, so with $\epsilon$ tuned too it need not do worse (Choi et al. 2019).
# So Adam loses here at its default $\epsilon$.
#
# ### Exercise. How large must epsilon be? (3 minutes)
#
# Find the smallest power of ten for $\epsilon$ at which Adam with step size 0.1 makes no error.
# Before you try a number, say what the denominators of the first step are with it.
#
# <details><summary>Hint</summary>Which number makes the label's weight move further in the first step than the other two together? Can later steps add to its lead, if the number is smaller?</details>

# %% tags=["stub"]
my_eps = None

# %% tags=["solution"]
my_eps = 0.1

# %% [markdown] tags=["solution"]
# *Why it is so.*
# The first step divides $1$ by $1 + \epsilon$ and $0.2$ by $0.2 + \epsilon$.
# By the first step alone you would say 1, because with 0.1 the label's weight is still behind the other two together.
# But the later steps push it on and the other two back, and from the fourth step on it is ahead.

# %% [markdown]
# The judge runs Adam with your number.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# <details><summary>Answer to the judge's last question</summary>All three weights help the samples with the label $+1$, so these fit sooner. The samples with the label $-1$ then push the label's weight on and the other two back. The smallest power of ten is the same at a tenth and at a hundredth of the step size.</details>
#
# ## 6. Where does Adam walk on Reddi's line?
#
# *7 minutes.*
#
# A point lives between $-1$ and $1$.
# Once in 101 steps the gradient is a spike of 101, and otherwise it is $-1$.
# The mean is positive, so the minimum is at $-1$.
# The step size falls like $1/\sqrt t$, which is how proofs take it.
# Reddi, Kale and Kumar asked in 2018 where Adam walks on such a line.
# The point starts in the middle, and its first gradient is a spike.

# %%
import numpy as np
from lessonlib import State, adam
from lessonlib.lessons.lesson09 import pictures, reddi_walk
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

drift = predict("beta2 = 0.99. From step 1,000 on, which way does Adam go?",
                ["down, to the minimum", "neither way", "up, to the worst point"])
drift

# %% [markdown]
# A walk of 25,000 steps with three memories.

# %% tags=["answer"]
beta2s = [0.99, 0.999, 0.9999]
walked = reddi_walk.walk(adam, beta2s, 25_000)
moved = walked[-1, 0] - walked[999, 0]
drift.answer("up, to the worst point" if moved > 0.3 else
             "down, to the minimum" if moved < -0.3 else "neither way")

# %% [markdown]
# After a spike $m$ is positive for 23 steps, the grey ones on the left, and the point goes down.
# Then it goes up until the next spike.

# %% tags=["answer"]
pictures.show_walks(walked, beta2s)

# %% [markdown]
# The table has one late period, in units of the step size.
# In the last row $v$ is held at the mean square.

# %% tags=["answer"]
rows = [[f"{beta2 or 'v held'}", *reddi_walk.one_period(beta2)] for beta2 in [*beta2s, None]]
climb = reddi_walk.one_period(0.99, beta1=0.0)[-1]
header = ["beta2", "steps down", "mean length", "steps up", "mean length", "sum"]
table(header, rows, ["", "", ".2f", "", ".3f", "+.2f"])

# %% [markdown]
# $m$ spreads the spike over 23 steps, and each of them is only about three times as long as the others.
# With $v$ held the 23 steps down outweigh the 78 steps up, as the positive mean says they should.
# But $v$ is largest right after the spike, when the point goes down.
# Then it falls, so the steps up are longer.
# With $\beta_2 = 0.99$ that turns the sum around, and Adam climbs toward the worst point.
# With the default it drifts the wrong way too, only slowly, and with $\beta_2 = 0.9999$ it drifts the right way.
#
# <details><summary>Is it m that does it?</summary>No. With a β₁ of 0 the point climbs as well, by {{ climb:.1f}} step sizes in a period with a β₂ of 0.99.</details>
#
# For every fixed $\beta_2$ with $\beta_1 < \sqrt{\beta_2}$ the paper builds a line on which Adam fails.
# So it chooses $\beta_2$ first and then the problem.
# Zhang et al. (2022) fix the problem first, and then a $\beta_2$ that is large enough gets near a solution.
# How near depends on the noise.
#
# The paper proposes [[AMSGrad]], which takes the largest `v` so far.

# %%
def amsgrad(theta, g, s, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam with the largest v so far; the state keeps v and its maximum."""
    t, (v, v_max) = s.t + 1, s.v if s.t else (0.0, 0.0)
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    v_max = np.maximum(v_max, v)
    m_hat, v_hat = m / (1 - beta1**t), v_max / (1 - beta2**t)
    return theta - lr * m_hat / (v_hat**0.5 + eps), State(t, m, (v, v_max))

# %% [markdown]
# It walks on the same line, with the same three memories.

# %%
repaired = predict("From step 1,000 on, with which of the three memories does AMSGrad go down?",
                   ["with none", "with the longest only", "with all three"])
repaired

# %% [markdown]
# Both rules after 1,000 steps and after 25,000.

# %% tags=["answer"]
mended = reddi_walk.walk(amsgrad, beta2s, 25_000)
places = [path[step] for path in (walked, mended) for step in (999, 24_999)]
rows = [[f"{beta2}", *found] for beta2, *found in zip(beta2s, *places)]
header = ["beta2", "Adam, step 1,000", "step 25,000", "AMSGrad, step 1,000", "step 25,000"]
display(table(header, rows, ["", *[".2f"] * 4]))
goes_down = (mended[-1] < mended[999]).tolist()
repaired.answer({3: "with all three", 0: "with none"}.get(sum(goes_down), "with the longest only"))

# %% [markdown]
# AMSGrad goes down with all three, so it mends this line, though it is slow.
# With $\beta_2 = 0.9999$ plain Adam goes down too, to {{ walked[-1, 2]:.2f}}, where AMSGrad is at {{ mended[-1, 2]:.2f}}.
#
# ## 7. When does Adam beat momentum on a ravine?
#
# *5 minutes.*
#
# A quadratic has nine [[curvatures|curvature]] from 1 to 5000, in three blocks of three.
# Each block is turned, which means that its curvatures lie along axes at an angle to the coordinates.
# In one version they are alike within a block, and in the other every block holds small and large ones.

# %%
import numpy as np
from lessonlib import adam, momentum
from lessonlib.lessons.lesson09 import measured, pictures
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

pictures.show_blocks()

# %% [markdown]
# The left blocks are turned too, but it hardly shows, because their curvatures are nearly equal.
# Both rules take 300 steps, with a $\beta_1$ of 0.9.

# %%
shape = predict(
    "On which of the two does Adam beat momentum by far?", ["alike", "mixed", "both", "neither"]
)
shape

# %% [markdown]
# The best of 61 step sizes for each rule, the median over fifteen random turns of the blocks.
# The last column has no turn.

# %% tags=["answer"]
versions = [{"mixed": False}, {"mixed": True}, {"mixed": True, "turned": False}]
found = {name: [measured.left_on_blocks(rule, **version) for version in versions]
         for name, rule in (("momentum", momentum), ("Adam", adam))}
rows = [[name, *(measured.shown(np.median(left), 1e-10) for left in three)]
        for name, three in found.items()]
display(table(["rule", "left of the loss, alike", "mixed", "mixed, not turned"], rows))
alike, mixed, _ = (np.median(found["Adam"], 1) < np.median(found["momentum"], 1) / 100).tolist()
answers = {(1, 0): "alike", (0, 1): "mixed", (1, 1): "both", (0, 0): "neither"}
ahead = (found["momentum"][1] < found["Adam"][1]).sum()
shape.answer(answers[alike, mixed])

# %% [markdown]
# Where the curvatures are alike, Adam wins by many orders of magnitude.
# Where they are mixed, Adam has no such lead, and momentum is ahead on {{ ahead}} of the fifteen turns.
# Mixed and not turned, the same curvatures do Adam no harm.
# So Adam loses its lead where small and large curvatures share a turned block.
#
# Adam gives each coordinate a step size of its own, but it cannot turn the axes.
# Which condition number is left, if that step size is one over the coordinate's curvature?
# And with those that Adam takes?

# %% tags=["answer"]
rows = [["one for all", *[5000] * 3]]
for name, condition in (("one over each curvature", measured.scaled_condition),
                        ("Adam's own, after 100 steps", measured.adams_condition)):
    rows.append([name, *(np.median([condition(turn=turn, **version) for turn in range(15)])
                         for version in versions)])
table(["step sizes", "alike", "mixed", "mixed, not turned"], rows, ["", *[",.0f"] * 3])

# %% [markdown]
# Where the curvatures are alike, Adam's step sizes lower the condition number from 5000 to {{ rows[2][1]:.0f}}.
# Where they are mixed {{ rows[2][2]:,.0f}} is left, because every coordinate feels a small and a large curvature at once.
# Whichever step size it gets is wrong for one of them.
#
# <details><summary>Fine print</summary>Medians over the fifteen turns. With a $\beta_1$ of 0.95 for both, alike is nearly a tie. With the best of 0.9, 0.95 and 0.98 for each, Adam leaves less than 1e-10 and momentum 2e-8 on alike, and on mixed Adam leaves about 300 times as much. With a $\beta_2$ of 0.99 Adam's median on mixed is a little below momentum's. Adam is behind on mixed because its step sizes go on changing. Held as they are after 100 steps, they let momentum leave less on all fifteen turns. No other step sizes for the coordinates leave less than a third of these (van der Sluis 1969).</details>
#
# **To do.**
# In a deep network the curvatures of one layer are often much larger than those of another.
# Which of the two pictures does that look like?
#
# <details><summary>Answer</summary>Alike, as far as the layers are the blocks. Zhang et al. (2024) measured that the spectra of transformers differ from block to block, and within a real block the curvatures are spread widely too.</details>
#
# ## 8. Gradient descent swings. Should you halve the step size?
#
# *4 minutes.*
#
# Here is a network trained by plain gradient descent, $\theta \leftarrow \theta - \alpha\,g$, on all digits at once.

# %%
from lessonlib.lessons.lesson09 import pictures, trouble
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

swings = predict(
    "Step sizes 0.4, 0.75 and 1.5. Which ends lowest?",
    ["0.4", "0.75", "1.5"],
)
swings

# %% [markdown]
# 300 steps of each, and of one step size more.

# %% tags=["answer"]
pictures.show_descent()
ends = {lr: trouble.descent(lr).loss[-1] for lr in trouble.LRS}
swings.answer(f"{min(ends, key=ends.get):g}")

# %% [markdown]
# On a quadratic a curvature above 2 divided by the step size means divergence.
# A network's curvature changes while it trains.
# The next cell measures the largest curvature at step 20.
# It measures it again when each run has the same loss, the one at which 0.4 ends.

# %%
header = ["step size", "step size × curvature at step 20", "curvature alone, at the same loss"]
table(header, trouble.curvatures(), ["g", ".1f", ".1f"])

# %% [markdown]
# At the two larger step sizes the product is above 2, and still the training does not diverge.
# At the same loss, the run with the longer step stands at a flatter place.
# Cohen et al. (2021) describe a related state in which the product stays just above two, [[the edge of stability|edge of stability]].
#
# So a swing alone is no reason to halve the step size.
# A step can also be too long, though.
# At 3 the loss ends at that of guessing, 2.3.
#
# <details><summary>Fine print</summary>From each of four starts 1.5 ends lower than 0.75, and is higher on average over the first hundred steps. At the same loss the longer step is at the flatter place from each. At 3 every hidden unit ends at zero, so the network can only guess. For Adam 2 divided by the step size is no limit.</details>
#
# **To do.**
# Your loss swings.
# How do you find out whether half the step size is better?
#
# <details><summary>Answer</summary>Run half the step size beside it, and compare both at the end of your budget. A swing does not decide it.</details>
#
# ## 9. The gradients jumped, and now the loss creeps. Why?
#
# *5 minutes.*
#
# Adam trains on digits with a step size of 0.001.
# For a hundred steps, from 300 to 400, all gradients are a hundred times as large.
# Then they are as before, and the loss creeps.
# So after the jump we put back what Adam keeps, to what it was at step 300.

# %%
from lessonlib.lessons.lesson09 import measured, pictures, trouble
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

cure = predict("Put back m, or v, or both. With which does the loss fall on, without a leap?",
               ["m alone", "v alone", "only both", "each of the three", "none"])
cure

# %% [markdown]
# One more run uses [[clipping|gradient clipping]] throughout, which shortens each gradient to a norm of at most 1.

# %% tags=["answer"]
losses = trouble.after_a_jump({
    "no jump": {"jump": 1.0}, "nothing put back": {}, "m put back": {"m back": 1.0},
    "v put back": {"v back": 1.0}, "m and v put back": {"m back": 1.0, "v back": 1.0},
    "gradients clipped": {"clip": 1.0}})
rows = [[name, loss[40], loss[41:].max(), loss[-1]] for name, loss in losses.items()]
header = ["training", "loss at step 400", "highest after it", "at step 1,400"]
display(table(header, rows, ["", ".2f", ".2f", ".2f"]))
falls_on = tuple(loss[-1] < loss[40] / 2 and loss[41:].max() < 2 * loss[40]
                 for loss in list(losses.values())[2:5])
cure.answer({(1, 0, 0): "m alone", (0, 1, 0): "v alone", (0, 0, 1): "only both",
             (1, 1, 1): "each of the three"}.get(falls_on, "none"))

# %% [markdown]
# The picture has all but the clipped one.

# %% tags=["answer"]
pictures.show_creep({name: loss for name, loss in losses.items() if "clipped" not in name})

# %% [markdown]
# With `m` put back the loss still creeps, and with `v` put back it does not, so it is `v` that remembers the jump.
# With `v` alone the large `m` over the small `v` first throws the point far, and with both put back nothing leaps.
# With clipped gradients the run ends near the one without the jump.
#
# <details><summary>Fine print</summary>The jump is made by hand, so the loss does not leap with it. One start. From two more the order is the same, but for $v$ alone, which ends lowest from one and far above all from the other.</details>
#
# What does `v` do to the steps?
# Here they are alone, under a gradient that is steady but for the jump, with two memories of `v`.

# %%
pictures.show_jump()

# %% [markdown]
# After the jump the steps are too short, because $v$ still holds the large squares.
# With $\beta_2 = 0.999$ it takes {{ measured.steps_back(0.999):,d}} steps until they are within five percent of their usual length, and with 0.95 only {{ measured.steps_back(0.95)}}.
# In the jump the steps with 0.999 are longer than usual, because $v$ grows later than $m$.
# There the training went faster too.
#
# **To do.**
# Your log shows gradients a hundred times as large for a while, and then the loss falls much more slowly than before.
# What do you try?
#
# <details><summary>Answer</summary>v may remember the large gradients. Take m and v, both of them, from a checkpoint before the jump, and the weights too if the loss has leapt. Clip the gradients too, so that v never sees the next jump. With a smaller $\beta_2$ v would forget it sooner.</details>
#
# ## 10. Can you name a bug from its path?
#
# *6 minutes.*
#
# Each path below was made by Adam with one classic bug.
# Think of what the bug does to the first step, to later steps, and near the minimum.

# %%
from lessonlib.lessons.lesson09 import judges, practice

practice.show_bugs(practice.BROKEN, numbered=True)

# %% [markdown]
# ### Exercise. Three broken Adams (6 minutes)
#
# Choose from these names.
#
# | Name | What the code does |
# |---|---|
# | `"no bias correction"` | steps with `m` and `v` as they are |
# | `"no root"` | divides by `v_hat` |
# | `"t never advances"` | corrects every step as if it were the first |
# | `"sign of the step"` | adds the step |
# | `"1 - beta2 is missing in v"` | has `v = beta2 * v + g**2` |
# | `"betas swapped"` | averages `g` with `beta2` and `g**2` with `beta1` |

# %% tags=["stub"]
guess = {"A": None, "B": None, "C": None}

# %% tags=["solution"]
guess = {"A": "1 - beta2 is missing in v", "B": "t never advances", "C": "betas swapped"}

# %% [markdown] tags=["solution"]
# *What gives them away.*
# In A all steps are too short, because `v` is a sum and a thousand times too large.
# In B the first step is right and the next ones are too long, because both averages are still divided by what they held at the first step.
# In C the direction has the long memory, so the point overshoots far and turns late.

# %% [markdown]
# The judge runs the bug that you named and says where its path leaves the one shown.

# %%
judges.judge_bugs(guess, practice.BROKEN)

# %% [markdown]
# ## 11. Which half of Adam finds the line?
#
# *5 minutes.*
#
# Forty simulated days have temperatures about 50 degrees Fahrenheit, and each day a house burned some gas.
# Four optimizers look for the line gas = slope · temperature + intercept, from 0 and 0, in 300 steps.
# Each has the best of thirty constant step sizes.
# It *arrives* if it leaves less than a thousandth of the excess loss, which is 0.1 %.

# %%
from lessonlib.lessons.lesson09 import heating
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

table(["optimizer", "excess loss left"], heating.left_alone(), ["", ".2%"])

# %% [markdown]
# Only Adam arrives.
# It has momentum's average and step sizes like RMSprop's, and each of the two alone is not enough.
# RMSprop divides each gradient by the root of its own $v$, so slope and intercept have a step size each.
# In the best pair each step size is one over the curvature.
# The table says how many times longer the intercept's step size is, and which [[condition number]] is left.

# %%
names, ratios = ["one for both", "RMSprop's", "the best pair"], [1, *heating.ratios()]
numbers = heating.condition_numbers()
table(["step sizes", "intercept's / slope's", "condition number"],
      list(zip(names, ratios, numbers)), ["", ",.0f", ",.0f"])

# %% [markdown]
# Even the best pair leaves a condition number of {{ numbers[2]:.0f}}, because a higher slope and a higher intercept change the line in nearly the same way.
# With temperatures minus their mean they do not, and the best pair would leave 1.
#
# Now take the ratio of RMSprop's two step sizes after 100 steps of its best run, and keep it fixed.
# Start again with gradient descent or with momentum, and tune the overall step size.

# %%
arrives = predict("With the ratio of RMSprop's step sizes, who arrives in 300 steps?",
                  ["neither", "only momentum", "both"])
arrives

# %% [markdown]
# The last row has the best two.

# %% tags=["answer"]
rows = heating.frozen_scales()
display(table(["the two step sizes, frozen", "excess loss left"], rows, ["", ".2%"]))
arrives.answer(heating.who_arrives(rows))

# %% [markdown]
# Both halves find the line together.
# RMSprop's ratio makes the condition number {{ numbers[0] / numbers[1]:.0f}} times smaller, and momentum gets through what is left.
# With the best ratio gradient descent arrives too.
#
# <details><summary>Fine print</summary>One data set. Adam's own ratio after 100 steps is 48, and momentum arrives with it too. With other memories neither half arrives alone. For momentum six were tried, and the best is 0.98.</details>
#
# ## Further reading
#
# - Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, [arXiv](https://arxiv.org/abs/1412.6980).
# - Reddi, Kale & Kumar 2018, *On the Convergence of Adam and Beyond*, [arXiv](https://arxiv.org/abs/1904.09237).
# - Zhang et al. 2022, *Adam Can Converge Without Any Modification on Update Rules*, [arXiv](https://arxiv.org/abs/2208.09632).
# - Wilson et al. 2017, *The Marginal Value of Adaptive Gradient Methods in Machine Learning*, [arXiv](https://arxiv.org/abs/1705.08292).
# - Choi et al. 2019, *On Empirical Comparisons of Optimizers for Deep Learning*, [arXiv](https://arxiv.org/abs/1910.05446).
# - Schmidt et al. 2021, *Descending through a Crowded Valley*, [arXiv](https://arxiv.org/abs/2007.01547).
# - Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability*, [arXiv](https://arxiv.org/abs/2103.00065).
# - Kunstner & Bach 2025, *Scaling Laws for Gradient Descent and Sign Descent for Linear Bigram Models under Zipf's Law*, [arXiv](https://arxiv.org/abs/2505.19227).
# - Zhang et al. 2024, *Why Transformers Need Adam: A Hessian Perspective*, [arXiv](https://arxiv.org/abs/2402.16788).
