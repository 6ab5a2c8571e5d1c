# %% [markdown]
# # Deeper into lesson 9
#
# Eleven questions about Adam that can wait.
# Each stands alone, so you can read them on different days and in any order.
# Each says the rule that it uses, and starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. How wrong is a step without correction, and does it matter? | 9 |
# | 2. How long can a step be? | 8 |
# | 3. What is a fair comparison? | 12 |
# | 4. How rare are good settings? | 7 |
# | 5. Where does Adam win? Rare words | 10 |
# | 6. Which solution does each rule find? Wilson's least squares | 9 |
# | 7. Can Adam walk the wrong way? Reddi's line | 11 |
# | 8. Why does the shape of the curvature decide? | 8 |
# | 9. When is the usual first fix wrong? | 12 |
# | 10. Can you name a bug from its path? | 6 |
# | 11. How is RMSprop corrected? | 6 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. How wrong is a step without correction, and does it matter?
#
# *9 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# Under a steady gradient $m$ holds the share $1-\beta_1^t$ of it, and $v$ the share $1-\beta_2^t$ of its square.
# The reason is a sum.
#
# $$m_t = (1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i}\,g = (1-\beta_1^t)\,g$$
#
# When the gradients change, the same weights add up to the same share, so dividing by it makes $\hat m$ a true weighted mean.
#
# A step without correction is therefore wrong by the factor $(1-\beta_1^t)/\sqrt{1-\beta_2^t}$.
# The picture draws it over the steps, and the sliders set the two memories.
# **Goal:** with $\beta_1$ at 0.5 or more, find a $\beta_2$ at which the first step needs no correction.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import adam, misconceptions, plots
from lessonlib.lessons.lesson09 import measured, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

far = np.abs(play.step_ratio(np.arange(1, 5001), 0.9, 0.999) - 1) > 0.05
settled = int(np.flatnonzero(far)[-1]) + 2
play.correction_ratio().live()

# %% [markdown]
# <details><summary>Answer</summary>The factor of the first step is 1 where $1-\beta_1 = \sqrt{1-\beta_2}$. For $\beta_1 = 0.9$ that is $\beta_2 = 0.99$. With a shorter memory of v the first step is too short, and with a longer one it is too long.</details>
#
# At the defaults the first step is about three times too long, and step 12 is the worst one.
# It takes {{ settled:,}} steps until the error is small, which is below 5 %.
# The memory of $v$ is a thousand steps, so the error fades over two or three memories.
#
# Does it matter when a network trains?

# %%
harm = predict(
    "Digits, lr = 0.001, 100 steps. What does leaving out the correction do to the loss?",
    ["it ends higher", "it ends lower", "it makes no difference"],
)
harm

# %% [markdown]
# A small network from three seeds, with and without the correction, at three step sizes and two values of $\beta_2$.

# %% tags=["answer"]
without = misconceptions.of(adam)[0]  # "no bias correction"
settings = [(lr, beta2) for lr in (0.001, 0.01, 0.05) for beta2 in (0.99, 0.999)]
curves = {}
for lr, beta2 in settings:
    curves[lr, beta2, adam] = measured.mean_training_loss(adam, lr=lr, beta2=beta2)
    curves[lr, beta2, without] = measured.mean_training_loss(without, lr=lr, beta2=beta2)
plain, bare = curves[0.001, 0.999, adam][-1], curves[0.001, 0.999, without][-1]
harm.answer("it ends lower" if bare < 0.95 * plain else "it ends higher")

# %% [markdown]
# The six panels share their axes.
# In each, compare the solid line with the dotted one.

# %% tags=["answer"]
figure, axes = plt.subplots(3, 2, figsize=(5.7, 4.2), sharex=True, sharey=True)
for ax, (lr, beta2) in zip(axes.flat, settings):
    ax.plot(curves[lr, beta2, adam], color=plots.look(adam).color, label="with correction")
    ax.plot(curves[lr, beta2, without], color="black", ls=":", lw=2, label="without")
    ax.set_title(f"lr {lr:g}, $\\beta_2$ {beta2:g}", fontsize=10)
axes[0, 0].set(ylim=(0.05, 8), yscale="log")
axes[0, 0].legend()
figure.suptitle("Without correction: as if the step were larger", weight="bold")
figure.supxlabel("step")
figure.supylabel("training loss")
plots.show(figure, "Six panels of training loss over 100 steps, with and without bias correction. "
           "At lr 0.001 the run without it is lower; at lr 0.05 and beta2 0.999 it first rises "
           "and ends far above the other.")

# %% [markdown]
# The losses at the end, for $\beta_2 = 0.999$.

# %% tags=["answer"]
rows = [[lr, curves[lr, 0.999, adam][-1], curves[lr, 0.999, without][-1]]
        for lr in (0.001, 0.01, 0.05)]
table(["step size", "with correction", "without"], rows, ["g", ".2f", ".2f"])

# %% [markdown]
# Leaving the correction out is a hidden increase of the step size that fades slowly.
# It helps while the step is too small for a hundred steps.
# At 0.05, which is near the best step for Adam here, it does harm.
# With the correction the two columns look nearly alike at each step size.
# That is what it is for, that $\alpha$ means the same whatever $\beta_2$ is.
#
# **To do.**
# What would you change to get the faster start of the dotted line on purpose?
#
# <details><summary>Answer</summary>The step size. Take a larger one at the start, and let it fall.</details>
#
# ## 2. How long can a step be?
#
# *8 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# One often reads that Adam's step is at most $\alpha$.
# Kingma and Ba give a larger bound in section 2.1 of their paper, $\alpha\,(1-\beta_1)/\sqrt{1-\beta_2}$.
# At the defaults that is $3.16\,\alpha$.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import plots
from lessonlib.lessons.lesson09 import measured
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

longest = predict(
    "Can any sequence of gradients make a late step longer than 3.16 lr, at the defaults?",
    ["yes", "no"],
)
longest

# %% [markdown]
# Three sequences, each long enough for the correction to have faded.
# The first is steady, and the second is silent and ends with one spike.
# The third is tiny for long, and then it grows by eleven percent at each step.
# Adam makes steps of each.

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
# On the left the last 240 gradients, each divided by the last one, and on the right the steps.

# %% tags=["answer"]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.0))
looks = {"steady": (":", "black"), "a lone spike": ("--", "#8a8a8a"), "growing": ("-", "#d73569")}
for name, (dash, color) in looks.items():
    gradients = np.array(sequences[name][-240:])
    left.plot(np.arange(-239, 1), gradients / gradients[-1], ls=dash, color=color, lw=2)
    right.plot(np.arange(-239, 1), lengths[name][-240:], ls=dash, color=color, lw=2, label=name)
right.axhline(3.16, color="black", lw=1)
right.text(-5, 3.3, "3.16, the bound of the paper", ha="right")
left.set(xlabel="steps before the last", title="The gradients", ylabel="share of the last one")
right.set(xlabel="steps before the last", title="The steps", ylabel="step / lr")
right.legend(loc="upper right", bbox_to_anchor=(1, 0.93))
plots.show(figure, "Left, three sequences of gradients, steady, a spike at the end, and "
           "growing; right, Adam's steps: the steady one stays at 1, the spike "
           "reaches 3.16 with its last step, and the growing one climbs above 7.")

# %% [markdown]
# The growing sequence beats the bound of the paper.
# Here is the bound that holds when $\beta_1^2 < \beta_2$.
# First write the average $m$ as a sum, and split each weight into two.
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
# At the defaults that is 7.27, and the growing sequence reaches it.
#
# **To do.**
# Compute the bound for $\beta_2 = 0.95$.
# Is Adam then safer from long steps?
#
# <details><summary>Answer</summary>Yes. The bound is about 1.17, so no sequence of gradients makes a late step much longer than the step size. Large language models use 0.95.</details>
#
# ## 3. What is a fair comparison?
#
# *12 minutes.
# One cell trains for half a minute.*
#
# Four rules leave from one point with one step size.
# They are plain gradient descent, momentum with $\beta = 0.9$, RMSprop and Adam with their defaults.
# Lighter is lower, and the star is the minimum.
# **Goal:** on Rosenbrock's valley, find a step size at which gradient descent ends below a loss of 0.5 and Adam does not.

# %%
import numpy as np
from lessonlib.lessons.lesson09 import basins, play
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

play.surface_race().live()

# %% [markdown]
# **To do.**
# Gradient descent has won the race at that step size.
# Now look for the step size at which Adam ends lowest.
# What does it reach, and what does gradient descent reach at its best?
#
# <details><summary>Answer</summary>At a step size of about 0.84 Adam ends below a thousandth. Gradient descent reaches 0.14 at best, with a step more than a hundred times shorter. Each at its own best step, Adam is ahead.</details>
#
# A race at one step size ranks how the step size was chosen, not the rules.
# The fair question goes over all step sizes.
# How good is the best one, and how many are nearly as good?
#
# The next experiment trains a network on digits with many step sizes, from $10^{-4}$ to 32.
# The good step sizes of a rule form its [[basin]].

# %%
widest = predict(
    "Whose basin is the widest, counted within two points of the rule's own best accuracy?",
    ["Adam's", "momentum's", "RMSprop's", "it depends on the seed"],
)
widest

# %% [markdown]
# This trains for about half a minute.
# Then move the tolerance and watch the bars.

# %% tags=["answer"]
basins.good_basin().live()

# %% [markdown]
# The same numbers for each of the three seeds.

# %% tags=["answer"]
rows = []
for name, found in basins.basin_runs().items():
    widths = [basins.width(accuracy, 0.02)[2] for accuracy in found[:, 1]]
    best = found[:, 1].mean(0)
    rows.append([name, best.max(), basins.BASIN_LRS[best.argmax()], *widths])
header = ["rule", "best accuracy", "at step size", "decades, seed 0", "seed 1", "seed 2"]
display(table(header, rows, ["", ".3f", ".3g", ".2f", ".2f", ".2f"]))
widest.answer(basins.widest(0.02))

# %% [markdown]
# After [[tuning]] the four read about equally well.
# In the picture gradient descent and RMSprop tie, and so do momentum and Adam with a basin half a decade wider.
# From seed to seed they change places, so nothing is decided.
#
# What does differ is where the basin lies.
# It is near 0.01 for Adam and RMSprop, and near 1 for the other two.
# PyTorch's momentum takes a step ten times as long, so its basin would lie ten times lower.
#
# Now compare the four at one step size, at another, and each at its own best.

# %%
agree = predict(
    "Compare at lr 0.003, at lr 1, and each rule tuned. Do the three comparisons name the same"
    " winners?",
    ["yes, all three", "two of them do", "no, each names others"],
)
agree

# %% [markdown]
# The accuracies at the end, the mean of three seeds.
# An equals sign stands between neighbours that differ by less than half a point.

# %% tags=["answer"]
accuracy = {name: found[:, 1].mean(0) for name, found in basins.basin_runs().items()}
small, large = (int(np.abs(basins.BASIN_LRS - lr).argmin()) for lr in (0.003, 1.0))
compared = {"all at lr 0.003": {name: found[small] for name, found in accuracy.items()},
            "all at lr 1": {name: found[large] for name, found in accuracy.items()},
            "each tuned": {name: found.max() for name, found in accuracy.items()}}
rows = [[what, basins.ranking(score), *score.values()] for what, score in compared.items()]
display(table(["compared", "ranking", *accuracy], rows, ["", "", *[".3f"] * 4]))
winners = {ranked.split(" > ")[0] for _, ranked, *_ in rows}
agree.answer(agree.options[len(winners) - 1])

# %% [markdown]
# One step size favours two rules and the other one the other two, on the same network and the same data.
# Tuned, all four are within a point of each other, and that is no ranking.
# When a paper compares optimizers, look first for how each step size was chosen.
# Choi et al. (2019) and Schmidt et al. (2021) show how much the [[protocol]] decides.
#
# <details><summary>Fine print</summary>Each best step size was chosen by the same test images whose accuracy is then given, so every tuned accuracy is a little too good. For a claim about accuracy you would choose on a third set of images. Here the step sizes stand four to a decade, so widths come in quarters.</details>
#
# **To do.**
# A colleague compares both at a step size of 0.003, and says that momentum reads 36 % and Adam 97 %.
# Which one question do you ask?
#
# <details><summary>Answer</summary>What does each read at its own best step size? For momentum 0.003 is far outside its basin.</details>
#
# ## 4. How rare are good settings?
#
# *7 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# In lesson 9 you brought the loss of a turned ravine below $10^{-4}$ in a hundred steps.
# Here is a whole box of settings at once, 27,200 of them.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import adam, grid, plots, problems, run
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

rare = predict("Which share of the settings reaches the goal, in percent?")
rare

# %% [markdown]
# Forty step sizes on a log scale, 34 values of $\beta_1$ and 20 of $\beta_2$.

# %% tags=["answer"]
beta1s, beta2s = np.linspace(0, 0.99, 34), np.linspace(0.5, 0.999, 20)
space = grid(lr=np.geomspace(1e-3, 1, 40), beta1=beta1s, beta2=beta2s)
final = run(adam, problems.ravine(100, 20), steps=100, record="last", **space).loss[0]
reached = final < 1e-4
rare.answer(round(100 * reached.mean()), within=0.34)

# %% [markdown]
# Where are they?
# Each field of the map is one pair of betas, and its grey says which share of the forty step sizes reaches the goal.

# %%
figure, ax = plt.subplots(figsize=(6.4, 3.5))
mesh = ax.pcolormesh(beta2s, beta1s, 100 * reached.mean(axis=0), cmap="Greys", shading="nearest")
figure.colorbar(mesh, ax=ax, label="step sizes that reach the goal, %")
ax.plot(0.999, 0.9, "o", ms=11, mfc="none", mec=plots.look(adam).color, mew=2.5, clip_on=False)
ax.annotate("the defaults", (0.992, 0.905), (0.83, 0.955), arrowprops={"arrowstyle": "->"})
ax.set(xlabel="$\\beta_2$", ylabel="$\\beta_1$", title="Good settings need a long memory of v")
ax.grid(visible=False)
plots.show(figure, "Map over beta2 and beta1, darker where more step sizes reach the goal: "
           "dark at beta2 above 0.9 and beta1 from about 0.1 to 0.87, pale "
           "elsewhere, nearly white at the defaults.")

# %% [markdown]
# The same as numbers.

# %%
groups = [("beta1 up to 0.86", reached[:, beta1s < 0.865]),
          ("beta1 above 0.86", reached[:, beta1s > 0.865]),
          ("beta2 up to 0.94", reached[:, :, beta2s < 0.94]),
          ("beta2 above 0.94", reached[:, :, beta2s > 0.94])]
rows = [[name, group.mean()] for name, group in groups]
table(["settings", "share that reaches the goal"], rows, ["", ".1%"])

# %% [markdown]
# A $\beta_2$ above 0.94 makes a hit about seven times as likely as one below.
# So the memory of the scale should stay long.
# It is $\beta_1$ that must move, together with the step size.
# With a long memory of the direction Adam overshoots and swings back.
#
# **To do.**
# Does any setting reach the goal when the gradients are noisy?
# Take `problems.noisy(problems.ravine(100, 20), 1.0)` and `record="loss"`, and judge each setting by the mean loss of its last 20 steps.
# One lucky last step does not count.
#
# <details><summary>Answer</summary>None does, with any of three seeds. The noise keeps every setting away from the minimum. The lowest mean is about fifty times the goal.</details>
#
# ## 5. Where does Adam win? Rare words
#
# *10 minutes.
# The cells take some seconds.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# Words are not equally frequent.
# The $k$-th most common one comes about $1/k$ as often as the first, which is called Zipf's law.
# The simplest model of language is a table that says which word follows which.
# Ours has 512 words, and both the word before and the word after follow Zipf's law.
# Gradients of a rare context are small, because it is rare.
#
# Two new rules help to tell the two averages of Adam apart.
# Both take a step of equal size in every coordinate.
# One looks only at the sign of the gradient, and the other at the sign of its average.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, momentum, plots
from lessonlib.lessons.lesson09 import measured
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
    "On this table, what helps Adam?",
    ["m and v both help", "v helps and m costs", "m helps and v costs", "neither"],
)
helps

# %% [markdown]
# 60 steps, full batch, a cosine [[schedule]], and for each rule the best of its step sizes.

# %% tags=["answer"]
left, large, small = measured.left_on_words, [0.5, 1, 2, 3], [0.1, 0.2, 0.3]
found = {
    "momentum": left(momentum, [1000, 2000, 3000]),
    "Adam": left(adam, large, eps=1e-12),
    "Adam, beta1 = 0": left(adam, large, eps=1e-12, beta1=0.0),
    "sign of m": left(sign_of_m, small),
    "sign of g": left(sign_of_g, small),
}
rows = [[name, measured.shown(rest.share, 1e-12), rest.lr] for name, rest in found.items()]
display(table(["rule", "excess loss left", "best step size"], rows, ["", "", "g"]))
m_costs = found["Adam"].share > found["Adam, beta1 = 0"].share
helps.answer("v helps and m costs" if m_costs else "m and v both help")

# %% [markdown]
# Momentum leaves a sixth of the excess loss, and every rule with a step of equal size leaves next to nothing.
# Momentum against Adam shows what `v` does.
# The sign rules show that equal steps alone do most of it.
# The average of the direction costs here.
# Both Adam and the sign rule leave less without it.
#
# Where is the excess loss left?
# The contexts are sorted into four groups that hold a quarter of the probability each, from the three most frequent words to the 419 rarest.
# The scale is logarithmic.

# %%
figure, ax = plt.subplots(figsize=(6.0, 3.0))
shown = [("momentum, step 2000, its best", found["momentum"], "^-", plots.look(momentum).color),
         ("momentum, step 1000", left(momentum, [1000]), "v--", "#8aa3cf"),
         ("Adam", found["Adam"], "o-", plots.look(adam).color)]
for name, rest, mark, color in shown:
    ax.plot(range(4), 100 * rest.quarters, mark, color=color, label=name, ms=7)
ax.set(yscale="log", ylabel="excess loss left, %", title="Momentum leaves the rare words behind")
ax.set_xticks(range(4), ["most frequent\nquarter", "second", "third", "rarest\nquarter"])
ax.set_yticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
ax.legend()
plots.show(figure, "Excess loss left in four groups of words: momentum leaves most in the "
           "rarest group, Adam the same small share in all four; at half its step, "
           "momentum leaves less in the most frequent group.")

# %% [markdown]
# Adam leaves the same small share in all four groups.
# With momentum the rare words lose, because their gradients and so their steps are small.
#
# The most frequent quarter is not served best at momentum's best step size.
# There the step sits at the limit of stability of the most frequent context, which is $2(1+\beta)/(1-\beta) = 38$ divided by its largest curvature.
# At half the step that quarter is served best, and the rare ones pay for it.
#
# <details><summary>Fine print</summary>Full batch, no noise, a table instead of a network. What is below a millionth of a millionth is rounding, and the table says only that. Kunstner et al. (2024) group by the next word, this table groups by context. Nearer is Kunstner and Bach (2025), who prove for Zipf bigrams that gradient descent needs a number of steps almost linear in the vocabulary, and sign descent its square root.</details>
#
# **To do.**
# Make all contexts equally frequent in your mind.
# What would momentum's four points look like?
#
# <details><summary>Answer</summary>All at one height. No context has smaller gradients than another, so one step size serves all of them alike.</details>
#
# ## 6. Which solution does each rule find? Wilson's least squares
#
# *9 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# RMSprop is the same without the average $m$ and without the two corrections.
#
# Sixty samples have the label plus or minus one.
# The first feature is the label itself, and two more features are always 1.
# Besides, every sample has private features that no other sample has.
# There are more weights than samples, so many solutions fit the training data perfectly (Wilson et al. 2017, section 3).

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import adam, momentum, plots, rmsprop, run, sgd
from lessonlib.lessons.lesson09 import judges, measured
from lessonlib.lessons.lesson09.problems import wilson
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

samples = wilson()

# %% [markdown]
# Five runs will fit them, 3000 steps each from zero, full batch.

# %%
new = predict("All rules fit the training data. Which of them classify new samples without error?",
              ["all", "gradient descent and momentum only", "Adam and RMSprop only"])
new

# %% [markdown]
# Gradient descent, momentum, RMSprop, and Adam with two settings of $\epsilon$.

# %% tags=["answer"]
tries = {"gradient descent": (sgd, {"lr": 0.2}), "momentum": (momentum, {"lr": 0.2}),
         "RMSprop": (rmsprop, {"lr": 0.001}), "Adam": (adam, {"lr": 0.01}),
         "Adam, eps = 1": (adam, {"lr": 0.1, "eps": 1.0})}
weights, rows = {}, []
for name, (rule, hyper) in tries.items():
    result = run(rule, samples, steps=3000, record="last", **hyper)
    weights[name] = result.theta[0]
    rows.append([name, result.loss[0], samples.metrics["test error"](weights[name])])
shown = [[name, measured.shown(loss, 1e-20), error] for name, loss, error in rows]
display(table(["rule", "training loss", "wrong on new samples"], shown, ["", "", ".0%"]))
right = {name for name, _, error in rows[:4] if error == 0}
both = right == {"gradient descent", "momentum"}
new.answer("gradient descent and momentum only" if both else "all")

# %% [markdown]
# A new sample's private features were never seen, so only the first three weights read it.
# Here they are.

# %% tags=["answer"]
figure, ax = plt.subplots(figsize=(5.8, 2.9))
places, greys = np.arange(len(weights)), ("black", "#8a8a8a", "#d0d0d0")
for i, what in enumerate(("the label", "second", "third")):
    heights = [w[i] for w in weights.values()]
    ax.bar(places + 0.26 * (i - 1), heights, 0.24, color=greys[i], edgecolor="black", label=what)
ax.set_xticks(places, [name.replace(", ", ",\n") for name in weights])
ax.set(ylabel="weight", title="Does the label outweigh the other two?")
ax.grid(visible=False, axis="x")
ax.legend(title="weight of")
plots.show(figure, "Bars of the first three weights for five rules: with gradient descent, "
           "momentum and Adam with a large epsilon the label's weight exceeds the "
           "other two together; with RMSprop and Adam the three are equal.")

# %% [markdown]
# A new sample with label $y$ has the score $w_1 y + w_2 + w_3$.
# Gradient descent gives the label a larger weight than the other two together, so the score has the sign of $y$.
# Adam and RMSprop give the three features equal weights, because a step of equal size treats a feature that explains everything like one that explains little.
# With three equal weights the score is $w(y+2)$, which is positive for both labels.
#
# The last row shows the way out.
# With $\epsilon = 1$ the denominator is nearly the same for every feature, so Adam steps almost like momentum, and it is right again.
# That is the argument of Choi et al. (2019).
# A rule that can behave like momentum cannot do worse than momentum, if all its settings are tuned.
# So "Adam loses here" means that it loses at its default $\epsilon$.
#
# ### Exercise. How large must epsilon be? (3 minutes)
#
# Find the smallest power of ten for $\epsilon$ at which Adam with step size 0.1 makes no error.
#
# <details><summary>Hint</summary>Start at 1 and go down. What do the three weights in the reply of the judge do?</details>

# %% tags=["stub"]
my_eps = None

# %% tags=["solution"]
my_eps = 0.1

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At the start the gradient of the label's weight is $-1$, and those of the next two weights are $-0.2$.
# Only an epsilon that is not small beside 0.2 makes the step of the label clearly the longest.

# %% [markdown]
# The judge runs Adam with your number.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# ## 7. Can Adam walk the wrong way? Reddi's line
#
# *11 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# A point lives between $-1$ and $1$.
# Once in 101 steps the gradient is a spike of 101, and otherwise it is $-1$.
# The mean is positive, so the minimum is at $-1$.
# The step size falls like $1/\sqrt t$, which is how proofs take it.
# Reddi, Kale and Kumar asked in 2018 where Adam walks on such a line.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, grid, plots, run
from lessonlib.lessons.lesson09.problems import reddi
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# The walk in a loop, for several $\beta_2$ at once.

# %%
def walk(rule, beta2s, steps, spike=101.0, period=101):
    """Where the point is after each step, for each beta2: (steps, B)."""
    x, s, path = np.zeros(len(beta2s)), State(), []
    for t in range(1, steps + 1):
        g = spike if t % period == 1 else -1.0
        x, s = rule(x, g, s, lr=0.1 / t**0.5, beta2=np.array(beta2s))
        x = np.clip(x, -1, 1)
        path.append(x)
    return np.array(path)

# %% [markdown]
# The point starts in the middle.

# %%
resting = predict("beta2 = 0.99. Where does Adam end?",
               ["at the minimum, -1", "in the middle", "at the worst point, 1"])
resting

# %% [markdown]
# Three periods of the walk in the left panel, a very long walk in the right one.

# %% tags=["answer"]
beta2s = [0.99, 0.999, 0.9999]
long_walk = walk(adam, beta2s, 200_000)
resting.answer("at the worst point, 1" if long_walk[-1, 0] > 0.9 else "in the middle")

# %% [markdown]
# Down is the right way.

# %% tags=["answer"]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.0))
looks = (("-", "#d73569"), ("--", "#7a1233"), (":", "black"))
for path, beta2, (dash, color) in zip(long_walk.T, beta2s, looks):
    left.plot(np.arange(404, 707), path[404:707], ls=dash, color=color, lw=2)
    right.plot(np.arange(0, 200_000, 500) / 1000, path[::500], ls=dash, color=color, lw=2,
               label=f"$\\beta_2$ = {beta2}")
left.set(xlabel="step", ylabel="position", title="Down after a spike, then up")
right.set(xlabel="step, thousands", title="In the long run", ylim=(-1.05, 1.05))
right.legend(loc="lower right")
plots.show(figure, "Left, the position over three periods, a sawtooth that falls after each "
           "spike and climbs until the next; right, over 200,000 steps: at beta2 "
           "0.99 it climbs to 1, with longer memories it stays near -0.2.")

# %% [markdown]
# After a spike $m$ is positive for about twenty steps, so the point goes down.
# These steps are short, because $v$ is large.
# Then some eighty steps go up.
# They get longer as $v$ forgets the spike.
# With $\beta_2 = 0.99$ the eighty win together, and Adam ends at the worst point.
# With the default, $\beta_2 = 0.999$, it drifts the wrong way too, only slowly.
# With $\beta_2 = 0.9999$, a memory of a hundred spikes, it drifts the right way, and just as slowly.
#
# For every fixed $\beta_2$ with $\beta_1 < \sqrt{\beta_2}$ the paper builds a line on which Adam fails.
# Zhang et al. (2022) turn the order around.
# If the problem is fixed first, a $\beta_2$ that is large enough gets near a solution.
# How near depends on the noise.
#
# AMSGrad is the repair of the paper.
# It divides by the root of the largest `v` so far.

# %%
def amsgrad(theta, g, s, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam whose denominator never shrinks; the state keeps v and its maximum."""
    v, v_max = s.v if s.t else (0.0, 0.0)
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    v_max = np.maximum(v_max, v)
    return theta - lr * m / (v_max**0.5 + eps), State(s.t + 1, m, (v, v_max))

# %% [markdown]
# It walks on the same line, with the same three memories.

# %%
repaired = predict("From 0, with which of the three does AMSGrad go down, the right way?",
                   ["with none", "with the longest only", "with all three"])
repaired

# %% [markdown]
# Where both are after 200,000 steps.

# %% tags=["answer"]
mended = walk(amsgrad, beta2s, 200_000)[-1]
rows = [[f"{beta2}", *both] for beta2, *both in zip(beta2s, long_walk[-1], mended)]
display(table(["beta2", "Adam", "AMSGrad"], rows, ["", ".2f", ".2f"]))
repaired.answer("with all three" if max(mended) < -0.3 else "with the longest only")

# %% [markdown]
# AMSGrad goes down with all three, though it has not arrived yet.
#
# A smaller variant shows every $\beta_2$ at once.
# The gradient is 3 once in three steps on average, and the average of the direction is switched off, $\beta_1 = 0$.

# %%
betas, settled = np.linspace(0, 0.99, 67), {}
for rule in (adam, amsgrad):
    walks = run(rule, reddi(3.0, 3), steps=3000, beta1=0.0,
                lr=lambda t: 0.5 / t**0.5, **grid(beta2=betas))
    settled[rule] = walks.theta[-1000:, :, 0].mean(axis=0)

# %% [markdown]
# Where each settles.

# %%
figure, ax = plt.subplots(figsize=(5.8, 2.9))
ax.plot(betas, settled[adam], color=plots.look(adam).color, label="Adam")
ax.plot(betas, settled[amsgrad], color="black", ls="--", label="AMSGrad")
ax.axhline(-1, color="#888888", linewidth=1)
ax.text(0.01, -0.9, "the minimum", color="#555555")
ax.set(xlabel="$\\beta_2$", ylabel="x, mean of the last 1000 steps", ylim=(-1.1, 1.1),
       title="With a longer memory, Adam moves over")
ax.legend(loc="upper right")
plots.show(figure, "Where x settles against beta2: Adam near the wrong end up to 0.5, then "
           "moving over to the minimum -1 until about 0.73; AMSGrad near -1 for "
           "every beta2.")

# %% [markdown]
# As $\beta_2$ grows from 0.5 to 0.73, Adam moves over to the minimum.
# AMSGrad goes the right way for every $\beta_2$ here.
# In this variant the spikes weigh half as much again as the other steps, and a memory of a few steps is enough.
# On the line above they weigh only one percent more, and ten periods were too few.
# PyTorch's own AMSGrad corrects the bias, the paper's does not.
#
# **To do.**
# How does the memory that Adam needs depend on how rare the spike is?
# The cell walks with $\beta_2 = 0.9997$ on the line above.
# Then let the spike be 150, once in 150 steps.
# Which way does the point go now?

# %%
size = 101  # then 150
far = walk(adam, [0.9997], 200_000, spike=float(size), period=size)
header = ["spike", "after 100,000 steps", "after 200,000 steps"]
table(header, [[str(size), far[99_999, 0], far[-1, 0]]], ["", ".3f", ".3f"])

# %% [markdown]
# <details><summary>Answer</summary>With 101 it goes down, the right way, and with 150 it goes up, the wrong way. Both are slow. The rarer the spike, the longer the memory that Adam needs.</details>
#
# ## 8. Why does the shape of the curvature decide?
#
# *8 minutes.*
#
# Adam divides the step of each coordinate by the root of an average of its squared gradients.
# So it can give each coordinate a step size of its own, but it cannot turn the axes.
#
# A quadratic has nine [[curvatures|curvature]] from 1 to 5000, in three turned blocks of three.
# In one version the curvatures within a block are alike, in the other every block holds small and large ones.
# The nine numbers are the same in both.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import adam, momentum, plots, sgd
from lessonlib.lessons.lesson09 import measured, problems
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

# %% [markdown]
# Here are the two matrices of curvature.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.4))
for ax, mixed in zip(axes, (False, True)):
    rows = [problems.blocks(mixed).grad(unit, None) for unit in np.eye(9)]
    drawn = ax.imshow(np.abs(rows) + 1, cmap="Greys", norm="log", vmin=1, vmax=5000)
    ax.set(title="mixed" if mixed else "alike", xticks=[], yticks=[])
    ax.grid(visible=False)
figure.colorbar(drawn, ax=axes, label="size of the entry")
plots.show(figure, "Two matrices of curvature, darker is larger, both of three blocks: "
           "alike, each block has its own grey; mixed, every block holds light and "
           "dark.")

# %% [markdown]
# 300 steps will be taken on both.

# %%
shape = predict(
    "On which of the two does Adam beat momentum by far?", ["alike", "mixed", "both", "neither"]
)
shape

# %% [markdown]
# The best of 61 step sizes for each rule, the median over fifteen random turns of the blocks.

# %% tags=["answer"]
rows = []
for name, rule, hyper in [("gradient descent", sgd, {}), ("Adam, beta1 = 0", adam, {"beta1": 0.0}),
                          ("momentum", momentum, {}), ("Adam", adam, {})]:
    rows.append([name, *(measured.left_on_blocks(rule, mixed, **hyper) for mixed in (False, True))])
shown = [[name, *(measured.shown(left, 1e-10) for left in pair)] for name, *pair in rows]
display(table(["rule", "left of the loss, alike", "mixed"], shown))
heavy, tuned = rows[2][1:], rows[3][1:]
by_far = [two < one / 100 for one, two in zip(heavy, tuned)]
answers = {(True, False): "alike", (False, True): "mixed", (True, True): "both"}
shape.answer(answers.get(tuple(by_far), "neither"))

# %% [markdown]
# Where the curvatures are alike, Adam wins by many orders of magnitude.
# Where they are mixed, momentum is ahead.
# The condition number is the same, so it is the arrangement that matters.
#
# What is the best that one step size for each coordinate can do?
# Divide each coordinate by the root of its own curvature.
# No choice is better by more than a factor of three, the size of a block (van der Sluis 1969).

# %%
rows = [[str(turn), *(measured.scaled_condition(mixed, turn) for mixed in (False, True))]
        for turn in (0, 1, 2)]
table(["turn", "condition number after it, alike", "mixed"], rows, ["", ".1f", ",.0f"])

# %% [markdown]
# Alike, the condition number falls from 5000 to about two, because one step size for each coordinate is nearly one for each block.
# Mixed, a turned block holds small and large curvatures at once, and hundreds or thousands of it are left.
#
# <details><summary>Fine print</summary>Alike is Adam's easy case, because within a block there is almost nothing left to do. A random search for scales on three mixed turns found nothing below 730. Gradient descent leaves another share on the two versions, because the same start lies differently to their curvatures. Zhang et al. (2024) measured that the spectra of transformers differ from block to block. Within a real block the curvatures are spread widely too.</details>
#
# **To do.**
# In a deep network the gradients of the first layer are often much larger or smaller than those of the last one.
# Which of the two pictures does that look like?
#
# <details><summary>Answer</summary>Alike, as far as the layers are the blocks and each has its own scale. How much of the curvature is spread within a layer, the picture of the layers does not say.</details>
#
# ## 9. When is the usual first fix wrong?
#
# *12 minutes.*
#
# "The loss oscillates, so halve the step size."
# Here is a network trained by plain gradient descent, $\theta \leftarrow \theta - \alpha\,g$, on all images at once.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import adam, plots, problems, run, sgd
from lessonlib.lessons.lesson09 import measured
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

full = problems.digits_net(batch=None, dtype=float)
swings = predict(
    "Step sizes 0.4, 0.75 and 1.5. The largest makes the loss swing most. Which ends lowest?",
    ["0.4", "0.75", "1.5"],
)
swings

# %% [markdown]
# 300 steps of each.

# %% tags=["answer"]
figure, ax = plt.subplots(figsize=(5.8, 2.9))
ends = {}
for lr, color, dash in ((0.4, "#aaaaaa", "-"), (0.75, "#707070", "--"), (1.5, "black", "-")):
    curve = run(sgd, full, steps=300, record="loss", lr=lr).loss
    rises, ends[lr] = (np.diff(curve) > 0).sum(), curve[-1]
    ax.plot(curve, color=color, ls=dash, lw=1.4, label=f"lr {lr:g}, rises {rises} times")
ax.set(yscale="log", xlabel="step", ylabel="training loss", title="One of them swings most")
ax.legend()
plots.show(
    figure,
    "Training loss of gradient descent at three step sizes over 300 steps: the largest "
    "oscillates most and ends lowest.",
)
swings.answer(f"{min(ends, key=ends.get):g}")

# %% [markdown]
# On a quadratic a curvature above 2 divided by the step size means divergence.
# A network's curvature moves.
# The next cell measures the largest curvature at the start, on the way and at the end, by power iteration on differences of the gradient.

# %%
rows = []
for lr in (0.4, 0.75, 1.5):
    path = run(sgd, full, steps=300, lr=lr).theta
    curvatures = [measured.largest_curvature(full.grad, path[t]) for t in (0, 50, 300)]
    rows.append([f"{lr:g}", *curvatures, lr * curvatures[1]])
header = ["step size", "curvature at step 0", "step 50", "step 300", "step size times it, step 50"]
table(header, rows, ["", ".1f", ".1f", ".1f", ".1f"])

# %% [markdown]
# At the two larger step sizes the product is above 2 in the last column, while the loss swings, and still the training does not diverge.
# The larger the step, the flatter the place where it ends.
# All three flatten late, also the one that never swings.
# Cohen et al. (2021) describe a related state in which the product stays just above two, [[the edge of stability|edge of stability]].
#
# So look at the trend over many steps before you halve anything.
# A step can also be too long, though.
# The next cell repeats the race from four seeds, and adds a larger step.

# %%
lrs = np.array([0.4, 0.75, 1.5, 1.8])
rows = [[str(seed), *measured.full_batch_losses(lrs, seed)] for seed in range(4)]
table(["seed", *(f"step {lr:g}" for lr in lrs)], rows, ["", ".3f", ".3f", ".3f", ".3f"])

# %% [markdown]
# The step of 1.5 ends lower than 0.75 from every seed.
# A little more, 1.8, is worse from every seed, and two runs end near chance.
#
# Now the second case, with Adam.
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# The scale of the gradients jumps up a hundredfold at step 300, and falls back a hundred steps later.

# %%
jump = predict(
    "beta2 = 0.999. How long after the fall back are Adam's steps of normal length again?",
    ["about 20 steps", "about 1000 steps", "about 9000 steps"],
)
jump

# %% [markdown]
# The length of the steps in units of the step size, for two memories of the scale.

# %% tags=["answer"]
gradients = np.r_[np.ones(300), 100 * np.ones(100), np.ones(9600)]
lengths = {beta2: measured.step_lengths(gradients, beta2=beta2) for beta2 in (0.999, 0.95)}
figure, ax = plt.subplots(figsize=(5.8, 2.9))
for (beta2, length), dash in zip(lengths.items(), ("-", "--")):
    steps = np.arange(1, len(length) + 1)
    ax.plot(steps, length, c=plots.look(adam).color, ls=dash, label=f"$\\beta_2$ = {beta2}")
ax.axvspan(300, 400, color="#dddddd", zorder=0)
ax.set(xscale="log", yscale="log", xlim=(100, 10_000), xlabel="step", ylabel="step / lr",
       title="A long memory errs for long")
ax.legend(loc="lower left")
plots.show(figure, "Step length against step, both logarithmic, the jump in grey from 300 to "
           "400: with beta2 0.999 the steps then stay far too short and are back at "
           "1 only near step 9500; with 0.95 they are back after about 200 steps.")

# %% [markdown]
# The gradients are a hundred times as large in the grey strip.

# %% tags=["answer"]
back = {beta2: measured.steps_back(beta2) for beta2 in (0.999, 0.95)}
shortest = lengths[0.999].min()
jump.answer("about 9000 steps" if back[0.999] > 5000 else "about 1000 steps")

# %% [markdown]
# With $\beta_2 = 0.999$ it takes {{ back[0.999]:,}} steps until a step is nearly as long as usual.
# At their worst the steps are {{ 1 / shortest:.0f}} times too short.
# That lasts much longer than the memory, because $\hat v$ has risen nearly three-thousandfold and must fall all the way.
#
# With $\beta_2 = 0.95$ it takes {{ back[0.95]}} steps.
# There the first step of the jump is even shorter than usual, because the root of $\hat v$ rises at once to more than twice what $\hat m$ does.
#
# Here the usual first fix makes things worse.
# A lower step size makes the slow steps slower still.
# A shorter memory, $\beta_2 = 0.95$, the usual choice for large language models, ends the creep early.
#
# **To do.**
# Your loss jumps up after a thousand quiet steps, comes back, and then falls much more slowly than before.
# Which of the two cases is it, and what do you try?
#
# <details><summary>Answer</summary>The second one. Gradients were large for a short time and v remembers them. Try a smaller $\beta_2$, or clip the gradients so that v never sees the jump.</details>
#
# ## 10. Can you name a bug from its path?
#
# *6 minutes.*
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$$
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t} \qquad \hat v_t = \frac{v_t}{1-\beta_2^t} \qquad \theta_t = \theta_{t-1} - \alpha\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$
#
# Each path below was made by Adam with one classic bug.
# Think of what the bug does to the first step, to later steps, and near the minimum.

# %%
from lessonlib.lessons.lesson09 import judges, practice

practice.show_bugs(practice.BROKEN, close=4)

# %% [markdown]
# The right Adam is red, the broken ones are black, and circles mark the flat direction.
# The lower row shows the first four steps closely.
#
# ### Exercise. Three broken Adams (6 minutes)
#
# Choose from `"no bias correction"`, `"no root"`, `"t never advances"`, `"sign of the step"`, `"1 - beta2 is missing in v"` and `"betas swapped"`.

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
# ## 11. How is RMSprop corrected?
#
# *6 minutes.*
#
# RMSprop divides the gradient by the root of a running average of its squares.
#
# $$v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2 \qquad\qquad \theta_t = \theta_{t-1} - \alpha\,\frac{g_t}{\sqrt{v_t} + \epsilon}$$
#
# The average starts at zero, and PyTorch does not correct it.
# The picture shows what that does to the steps under a steady gradient, where every step should have the length $\alpha$.

# %%
from functools import partial
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, plots, rmsprop
from lessonlib.lessons.lesson09 import judges_deeper, measured

# %% [markdown]
# Steps of two memories.

# %%
figure, ax = plt.subplots(figsize=(5.6, 2.6))
for beta2, dash in ((0.99, "-"), (0.999, "--")):
    length = measured.step_lengths(np.ones(1000), rule=partial(rmsprop, beta2=beta2))
    ax.plot(np.arange(1, 1001), length, c=plots.look(rmsprop).color, ls=dash,
            label=f"$\\beta_2$ = {beta2}")
ax.axhline(1, color="black", lw=1)
ax.set(xscale="log", yscale="log", xlabel="step", ylabel="step / lr", title="Too long at first")
ax.legend()
plots.show(figure, "Step length of RMSprop against step, both logarithmic: it starts at 10 "
           "for beta2 0.99 and above 30 for 0.999, and falls toward 1.")

# %% [markdown]
# ### Exercise. Correct its bias (5 minutes)
#
# Write RMSprop so that both lines lie on 1.
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
# ## Further reading
#
# - Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, [arXiv](https://arxiv.org/abs/1412.6980).
#   The algorithm, and the bound of section 2.
# - Reddi, Kale & Kumar 2018, *On the Convergence of Adam and Beyond*, [arXiv](https://arxiv.org/abs/1904.09237).
#   The counterexample and AMSGrad.
# - Zhang et al. 2022, *Adam Can Converge Without Any Modification on Update Rules*, [arXiv](https://arxiv.org/abs/2208.09632).
#   Fix the problem first, then choose beta2.
# - Wilson et al. 2017, *The Marginal Value of Adaptive Gradient Methods in Machine Learning*, [arXiv](https://arxiv.org/abs/1705.08292).
#   Where adaptive rules generalise worse.
# - Choi et al. 2019, *On Empirical Comparisons of Optimizers for Deep Learning*, [arXiv](https://arxiv.org/abs/1910.05446).
#   Tuned adaptive methods never do worse than the ones they contain.
# - Schmidt et al. 2021, *Descending through a Crowded Valley*, [arXiv](https://arxiv.org/abs/2007.01547).
#   Fifteen optimizers, and how the tuning decides.
# - Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability*, [arXiv](https://arxiv.org/abs/2103.00065).
# - Kunstner et al. 2024, *Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models*, [arXiv](https://arxiv.org/abs/2402.19449).
# - Kunstner & Bach 2025, *Scaling Laws for Gradient Descent and Sign Descent for Linear Bigram Models under Zipf's Law*, [arXiv](https://arxiv.org/abs/2505.19227).
# - Van der Sluis 1969, *Condition numbers and equilibration of matrices*, Numerische Mathematik 14.
#   How good one scale for each coordinate can be.
# - Zhang et al. 2024, *Why Transformers Need Adam: A Hessian Perspective*, [arXiv](https://arxiv.org/abs/2402.16788).
#   Blocks.
