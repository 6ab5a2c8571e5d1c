# %% [markdown]
# # Deeper into lesson 9
#
# Ten questions about Adam that can wait.
# Each stands alone, so you can read them on different days and in any order.
# Every section starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. How wrong is a step without correction, and does it matter? | 8 |
# | 2. How long can a step be? | 6 |
# | 3. What is a fair comparison? | 10 |
# | 4. How rare are good settings? | 5 |
# | 5. Where does Adam win? Rare words | 10 |
# | 6. Where does it lose? Wilson's least squares | 8 |
# | 7. Where does it fail? Reddi's line | 10 |
# | 8. Why does the shape of the curvature decide? | 7 |
# | 9. When is the first move wrong? | 10 |
# | 10. Can you name a bug from its path, and mend another average? | 12 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. How wrong is a step without correction, and does it matter?
#
# *8 minutes.*
#
# Under a steady gradient `m` holds the share $1-\beta_1^t$ of it, and `v` the share $1-\beta_2^t$ of its square.
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
from lessonlib.tables import table

play.correction_ratio().live()

# %% [markdown]
# At the defaults the first step is 3.16 times too long, and the worst one comes at step 12 and is 6.57 times too long.
# It takes 2375 steps until the error is below 5 %.
# The step is too short at first only where $1-\beta_1 < \sqrt{1-\beta_2}$.
#
# Does it matter when a network trains?

# %%
harm = predict(
    "Digits, lr = 0.001, 100 steps. What does leaving out the correction do to the loss?",
    ["it ends higher", "it ends lower", "it makes no difference"],
)
harm

# %% [markdown]
# A small network from three seeds, with and without the correction, at two step sizes and three values of $\beta_2$.
# In the figure, compare the solid line with the dotted one.

# %% tags=["answer"]
without = misconceptions.of(adam)[0]  # "no bias correction"


settings = [(lr, beta2) for lr in (0.001, 0.01) for beta2 in (0.99, 0.999, 0.9999)]
curves = {}
for lr, beta2 in settings:
    curves[lr, beta2, adam] = measured.mean_training_loss(adam, lr=lr, beta2=beta2)
    curves[lr, beta2, without] = measured.mean_training_loss(without, lr=lr, beta2=beta2)
plain, bare = curves[0.001, 0.999, adam][-1], curves[0.001, 0.999, without][-1]
harm.answer("it ends lower" if bare < 0.95 * plain else "it ends higher")

# %% [markdown]
# The six panels share their axes.

# %% tags=["answer"]
figure, axes = plt.subplots(2, 3, figsize=(8.6, 4.6), sharex=True, sharey=True)
for ax, (lr, beta2) in zip(axes.flat, settings):
    ax.plot(curves[lr, beta2, adam], color=plots.look(adam).color, label="with correction")
    ax.plot(curves[lr, beta2, without], color="black", ls=":", label="without")
    ax.set_title(f"lr {lr:g}, $\\beta_2$ {beta2:g}", fontsize=10)
figure.suptitle("Without correction, Adam trains as if its step were larger", weight="bold")
figure.supxlabel("step")
figure.supylabel("training loss")
axes[0, 0].legend()
plots.show(figure, "Six panels of training loss over 100 steps, with and without bias "
           "correction. At lr 0.001 the run without it is lower; at lr 0.01 and beta2 0.9999 "
           "it first rises.")

# %% [markdown]
# Leaving the correction out is a hidden increase of the step size that fades over $1/(1-\beta_2)$ steps.
# At 0.001, which is too small for a hundred steps, the increase helps.
# At 0.01 with $\beta_2 = 0.9999$ the first steps are ten times too long and more, so the loss rises before it falls.
# That run is still ahead for about forty steps, and then its lead is gone.
# With the correction all three columns look alike.
# That is what it is for, that $\alpha$ means the same whatever $\beta_2$ is.
#
# **To do.**
# What would you change to get the faster start of the dotted line on purpose?
#
# <details><summary>Answer</summary>The step size. Take a larger one at the start, and let it fall.</details>
#
# ## 2. How long can a step be?
#
# *6 minutes.*
#
# One often reads that Adam's step is at most $\alpha$.
# Kingma and Ba give a larger bound in section 2.1 of their paper, $\alpha\,(1-\beta_1)/\sqrt{1-\beta_2}$.
# At the defaults that is $3.16\,\alpha$.

# %%
import numpy as np
from lessonlib import State, adam
from lessonlib.play.prediction import predict
from lessonlib.tables import table

longest = predict(
    "Can any sequence of gradients make a late step longer than 3.16 lr, at the defaults?",
    ["yes", "no"],
)
longest

# %% [markdown]
# Three sequences, each long enough for the correction to have faded.
# The first is steady, the second is silent and ends with one spike, and the third grows by eleven percent at each step.

# %% tags=["answer"]
def last_step(gradients):
    """Length of the last step, in units of lr."""
    theta, s = 0.0, State()
    for g in gradients:
        before = theta
        theta, s = adam(theta, g, s, lr=1.0, eps=1e-30)
    return abs(theta - before)

steady = last_step([1.0] * 4000)
spike = last_step([0.0] * 20_000 + [1.0])
growing = last_step([1e-4] * 20_000 + [(0.999 / 0.9) ** (i - 150) * 1e6 for i in range(150)])
rows = [["steady", steady], ["a lone spike", spike], ["growing", growing]]
display(table(["gradients", "last step / lr"], rows, ["", ".2f"]))
longest.answer("yes" if growing > 3.17 else "no")

# %% [markdown]
# The growing sequence beats the bound of the paper.
# Here is the bound that holds when $\beta_1^2 < \beta_2$.
# Write each weight of $m$ as $\beta_1^k = (\beta_1/\sqrt{\beta_2})^k\cdot\sqrt{\beta_2}^{\,k}$.
# The inequality of Cauchy and Schwarz then says that $m^2/(1-\beta_1)^2$ is at most $\sum_k(\beta_1^2/\beta_2)^k$ times $v/(1-\beta_2)$.
#
# $$\frac{|m|}{\sqrt v} \le \frac{1-\beta_1}{\sqrt{1-\beta_2}}\cdot\frac{1}{\sqrt{1-\beta_1^2/\beta_2}}$$
#
# At the defaults that is 7.27, and the growing sequence reaches it.
#
# **To do.**
# Compute the bound for $\beta_2 = 0.95$.
# Is Adam then safer?
#
# <details><summary>Answer</summary>About 1.17, so the step hardly exceeds the step size. Large language models use 0.95.</details>
#
# ## 3. What is a fair comparison?
#
# *10 minutes.*
#
# Four rules leave from one point with one step size.
# Lighter is lower, and the star is the minimum.
# **Goal:** on Rosenbrock's valley, find a step size at which plain gradient descent ends lower than Adam.

# %%
import numpy as np
from lessonlib.lessons.lesson09 import basins, play
from lessonlib.play.prediction import predict
from lessonlib.tables import table

play.surface_race().live()

# %% [markdown]
# A race at one step size ranks how the step size was chosen, not the rules.
# The fair question goes over all step sizes.
# How good is the best one, and how many are nearly as good?
#
# The next experiment trains a network on digits with 23 step sizes from 0.0001 to 32.
# The good step sizes of a rule form its [[basin]].

# %%
widest = predict(
    "Whose basin is clearly the widest, counted within two points of the best accuracy?",
    ["Adam's", "momentum's", "RMSprop's", "it cannot be decided"],
)
widest

# %% [markdown]
# Move the tolerance and watch the bars.

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
# Gradient descent's basin is the narrowest.
# Among the other three nothing can be decided, because their widths differ as much from seed to seed.
# What does differ is where the basin lies, near 0.01 for Adam and RMSprop and near 1 for the other two.
#
# Now rank the four at one step size, at another, and each at its own best.

# %%
agree = predict(
    "Three rankings, at lr 0.003, at lr 1, and each tuned. How many of them agree?",
    ["all three", "two", "none"],
)
agree

# %% [markdown]
# The accuracies after 400 steps, the mean of three seeds.

# %% tags=["answer"]
accuracy = {name: found[:, 1].mean(0) for name, found in basins.basin_runs().items()}

def ranking(score):
    """Names from best to worst."""
    return " > ".join(sorted(score, key=score.get, reverse=True))

small, large = (int(np.abs(basins.BASIN_LRS - lr).argmin()) for lr in (0.003, 1.0))
rows = [["all at lr 0.003", ranking({name: found[small] for name, found in accuracy.items()})],
        ["all at lr 1", ranking({name: found[large] for name, found in accuracy.items()})],
        ["each tuned", ranking({name: found.max() for name, found in accuracy.items()})]]
display(table(["compared", "ranking"], rows))
agree.answer("none" if len({ranked for _, ranked in rows}) == 3 else "two")

# %% [markdown]
# One step size favours two rules and the other one the other two, on the same network and the same data.
# Tuned, all four are within a point of each other, and that is no ranking.
# When a paper compares optimizers, look first for how each step size was chosen.
# Choi et al. (2019) and Schmidt et al. (2021) show how much the [[protocol]] decides.
#
# **To do.**
# A colleague says "momentum reads 10 % and Adam 97 %, both at lr 0.003".
# Which one question do you ask?
#
# ## 4. How rare are good settings?
#
# *5 minutes.*
#
# In lesson 9 you brought the loss of a turned ravine below 0.0001 in 100 steps.
# Here is the whole space at once, 27,200 settings.

# %%
import numpy as np
from lessonlib import adam, grid, problems, run
from lessonlib.play.prediction import predict
from lessonlib.tables import table

rare = predict("Which share of the settings reaches the goal, in percent?")
rare

# %% [markdown]
# Forty step sizes, 34 values of $\beta_1$ and 20 of $\beta_2$.

# %% tags=["answer"]
beta1s = np.linspace(0, 0.99, 34)
space = grid(lr=np.geomspace(1e-3, 1, 40), beta1=beta1s, beta2=np.linspace(0.5, 0.999, 20))
final = run(adam, problems.ravine(100, 20), steps=100, record="last", **space).loss[0]
reached = final < 1e-4
rare.answer(100 * reached.mean(), within=0.3)

# %% [markdown]
# And for each $\beta_1$, the share that reaches it.

# %%
rows = [[beta1s[i], reached[:, i].mean()] for i in range(0, 34, 5)]
table(["beta1", "share that reaches the goal"], rows, [".2f", ".1%"])

# %% [markdown]
# It is $\beta_1$ that must move, together with the step size.
# With a long memory of the direction Adam overshoots and swings back.
# The memory of the scale must stay long, because below a $\beta_2$ of 0.9 hardly any setting reaches the goal.
#
# **To do.**
# Make the ravine noisy with `problems.noisy(problems.ravine(100, 20), 1.0)`.
# Does any setting still reach the goal?
#
# ## 5. Where does Adam win? Rare words
#
# *10 minutes.
# The cells take some seconds.*
#
# Words are not equally frequent.
# The $k$-th most common one comes about $1/k$ as often as the first, which is called Zipf's law.
# The simplest model of language is a table that says which word follows which.
# Ours has 512 words, and both the word before and the word after follow Zipf's law.
# Gradients of a rare context are small, because it is rare.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, momentum, plots
from lessonlib.lessons.lesson09 import measured
from lessonlib.play.prediction import predict
from lessonlib.tables import table

def sign_of_g(theta, g, s, *, lr):
    return theta - lr * np.sign(g), State(s.t + 1)

def sign_of_m(theta, g, s, *, lr, beta1=0.9):
    m = beta1 * s.m + (1 - beta1) * g
    return theta - lr * np.sign(m), State(s.t + 1, m)

# %% [markdown]
# Two new rules take a step of equal size in every coordinate.
# One looks only at the sign of the gradient, and the other at the sign of its average.
# With them we can tell the two averages of Adam apart.

# %%
helps = predict(
    "On this table, what helps Adam?",
    ["m and v both help", "v helps and m costs", "m helps and v costs", "neither"],
)
helps

# %% [markdown]
# 60 steps, full batch, a cosine [[schedule]], and for each rule the best of its step sizes.

# %% tags=["answer"]
left, large, small = measured.left_on_words, [0.3, 0.5, 1, 2, 3], [0.05, 0.1, 0.2, 0.3, 0.5]
found = {
    "momentum": left(momentum, [300, 1000, 2000, 3000]),
    "Adam": left(adam, large, eps=1e-12),
    "Adam, beta1 = 0": left(adam, large, eps=1e-12, beta1=0.0),
    "sign of m": left(sign_of_m, small),
    "sign of g": left(sign_of_g, small),
}
rows = [[name, max(rest.share, 1e-8), rest.lr] for name, rest in found.items()]
display(table(["rule", "excess loss left", "best step size"], rows, ["", ".1e", "g"]))
m_costs = found["Adam"].share > found["Adam, beta1 = 0"].share
helps.answer("v helps and m costs" if m_costs else "m and v both help")

# %% [markdown]
# Momentum leaves a sixth of the loss.
# Every rule with a step of equal size in each coordinate leaves next to nothing.
# `v` helps both with the average of the direction and without it.
# The average of the direction costs here, because sixty steps are few for a memory of ten.
#
# Now look at where momentum's loss is left.
# The contexts are sorted into four groups that hold a quarter of the probability each, 3 words, then 13, 77 and 419.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.6))
whole, half = found["momentum"], left(momentum, [1000])
places, blue = np.arange(4), plots.look(momentum).color
ax.bar(places - 0.2, 100 * whole.quarters, 0.38, color=blue, label="best step size, 2000")
ax.bar(places + 0.2, 100 * half.quarters, 0.38, color="#9fb3d1", label="half of it, 1000")
ax.set(ylabel="excess loss left, %", title="Momentum leaves the rare words behind")
ax.set_xticks(range(4), ["most frequent\nquarter", "second", "third", "rarest\nquarter"])
ax.legend()
plots.show(figure, "Bars of the excess loss left in four groups of words, for two step sizes: the "
           "rarest group keeps most; at half the step the most frequent group keeps least.")

# %% [markdown]
# The rare words lose, because their gradients and so their steps are small.
# One bar is a surprise, because the most frequent quarter is not served best at the best step size.
# There the step sits at the limit of stability of the most frequent context, about 38 divided by its largest curvature.
# At half the step that quarter is served best, and the rare ones pay for it.
#
# <details><summary>Fine print</summary>Full batch, no noise, a table instead of a network. Kunstner et al. (2024) group by the next word, this table groups by context. Nearer is Kunstner and Bach (2025), who prove for Zipf bigrams that gradient descent needs a number of steps almost linear in the vocabulary, and sign descent its square root.</details>
#
# **To do.**
# Make all words equally frequent in your mind.
# What would the four bars look like?
#
# ## 6. Where does it lose? Wilson's least squares
#
# *8 minutes.*
#
# Sixty samples have the label plus or minus one.
# Feature 1 is the label itself, two more features are always 1, and every sample has private features that no other sample has.
# There are more weights than samples, so many solutions fit the training data perfectly (Wilson et al. 2017, section 3).

# %%
from lessonlib import adam, momentum, rmsprop, run, sgd
from lessonlib.lessons.lesson09 import judges
from lessonlib.lessons.lesson09.problems import wilson
from lessonlib.play.prediction import predict
from lessonlib.tables import table

samples = wilson()
new = predict("All rules fit the training data perfectly. Which of them read new samples rightly?",
              ["all", "gradient descent and momentum only", "Adam and RMSprop only"])
new

# %% [markdown]
# 3000 steps from zero, full batch.

# %% tags=["answer"]
tries = [(sgd, {"lr": 0.2}), (momentum, {"lr": 0.2}), (rmsprop, {"lr": 0.001}),
         (adam, {"lr": 0.01}), (adam, {"lr": 0.1, "eps": 1.0})]
rows = []
for rule, hyper in tries:
    result = run(rule, samples, steps=3000, record="last", **hyper)
    w, error = result.theta[0], samples.metrics["test error"](result.theta[0])
    rows.append([result.label, error, *w[:3]])
header = ["rule", "wrong on new samples", "label's weight", "second", "third"]
display(table(header, rows, ["", ".0%", ".2f", ".2f", ".2f"]))
right = [name for name, error, *_ in rows if error == 0]
new.answer("gradient descent and momentum only" if right[0].startswith("sgd") else "all")

# %% [markdown]
# Gradient descent gives the feature that is the label the largest weight.
# Adam and RMSprop give the first three features equal weights, because a step of equal size treats a feature that explains everything like one that explains little.
# A new sample's private features were never seen, so its score is $w_1 y + w_2 + w_3$.
# With three equal weights that is $w(y+2)$, which is positive for both labels.
#
# The last row shows the way out.
# With $\epsilon = 1$, larger than the gradients, Adam turns into momentum and is right again.
# That is the argument of Choi et al. (2019).
# With a large $\epsilon$ Adam behaves like momentum, so whoever tunes $\epsilon$ too can do at least as well.
# So "Adam loses here" means that it loses at its default $\epsilon$.
#
# ### Exercise. How large must epsilon be? (3 minutes)
#
# Find the smallest power of ten for $\epsilon$ at which Adam with step size 0.1 makes no error.

# %% tags=["stub"]
my_eps = None

# %% tags=["solution"]
my_eps = 0.1

# %% [markdown]
# The judge runs Adam with your number.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# ## 7. Where does it fail? Reddi's line
#
# *10 minutes.*
#
# A point lives between -1 and 1.
# Once in 101 steps the gradient is 101, and otherwise it is -1.
# The mean is positive, so the minimum is at -1.
# Reddi, Kale and Kumar (2018) showed that Adam may walk the other way.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, grid, plots, run
from lessonlib.lessons.lesson09.problems import reddi
from lessonlib.play.prediction import predict

def walk(beta2, steps):
    """Where the point is after each step: (steps,)."""
    x, s, path = 0.0, State(), []
    for t in range(1, steps + 1):
        g = 101.0 if t % 101 == 1 else -1.0
        x, s = adam(x, g, s, lr=0.1 / t**0.5, beta2=beta2)
        x = min(1.0, max(-1.0, x))
        path.append(x)
    return np.array(path)

# %% [markdown]
# The rule works on plain floats, so a loop does.

# %%
ends = predict("beta2 = 0.99. Where does Adam end?",
               ["at the minimum, -1", "in the middle", "at the worst point, 1"])
ends

# %% [markdown]
# Seven periods of the walk in the left panel, a very long walk in the right one.

# %% tags=["answer"]
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6))
for beta2, dash in ((0.99, "-"), (0.999, "--"), (0.9999, ":")):
    path, color = walk(beta2, 200_000), plots.look(adam).color
    left.plot(path[:707], ls=dash, color=color, label=f"$\\beta_2$ = {beta2}")
    right.plot(np.arange(0, 200_000, 500), path[::500], ls=dash, color=color)
left.set(xlabel="step", ylabel="position", title="Down at a spike", ylim=(-1.05, 1.05))
right.set(xlabel="step", title="In the long run", ylim=(-1.05, 1.05))
left.legend()
plots.show(figure, "Left, the position over seven periods, a sawtooth that jumps down at each "
           "spike and climbs between spikes; right, the same over 200,000 steps.")
last = walk(0.99, 200_000)[-1]
ends.answer("at the worst point, 1" if last > 0.9 else "in the middle")

# %% [markdown]
# The spike pushes down for some twenty steps, for as long as `m` remembers it, divided by a large root of `v`.
# Then some eighty small steps push up, and they grow as `v` forgets the spike.
# In sum they win, and with $\beta_2 = 0.99$ Adam ends at the worst point.
# At the default of 0.999 it drifts the wrong way too, only slowly.
# With 0.9999, a memory of a hundred spikes, it drifts the right way.
#
# For every fixed $\beta_2$ with $\beta_1 < \sqrt{\beta_2}$ the paper builds a line on which Adam fails.
# Zhang et al. (2022) turn the order around.
# If the problem is fixed first, then a $\beta_2$ that is large enough converges, as the dotted line suggests.
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

betas, settled = np.linspace(0, 0.99, 67), {}
for rule in (adam, amsgrad):
    walks = run(rule, reddi(3.0, 3), steps=3000, beta1=0.0,
                lr=lambda t: 0.5 / t**0.5, **grid(beta2=betas))
    settled[rule] = walks.theta[-1000:, :, 0].mean(axis=0)

# %% [markdown]
# A smaller variant, a gradient of 3 once in three steps on average, for every $\beta_2$ at once.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.plot(betas, settled[adam], color=plots.look(adam).color, label="Adam")
ax.plot(betas, settled[amsgrad], color="black", ls="--", label="AMSGrad")
ax.axhline(-1, color="#888888", linewidth=1)
ax.text(0.01, -0.9, "the minimum", color="#555555")
ax.set(xlabel="$\\beta_2$", ylabel="x, mean of the last 1000 steps", ylim=(-1.1, 1.1),
       title="Below a border in $\\beta_2$, Adam settles at the wrong end")
ax.legend()
plots.show(figure, "Where x settles against beta2: Adam near the wrong end below a border, near "
           "the minimum -1 above it; AMSGrad near -1 for every beta2.")

# %% [markdown]
# Adam changes sides at a border, and AMSGrad is right everywhere.
# Here the spikes win by 3 against 2, and a memory of about one period is enough.
# On Reddi's line they win by 101 against 100, and ten periods were too few.
# PyTorch's own AMSGrad corrects the bias, the paper's does not.
#
# **To do.**
# Change 101 to 150 in `walk`.
# Which $\beta_2$ is enough now?
#
# ## 8. Why does the shape of the curvature decide?
#
# *7 minutes.*
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
from lessonlib.tables import table

figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.2))
for ax, mixed in zip(axes, (False, True)):
    rows = [problems.blocks(mixed).grad(unit, None) for unit in np.eye(9)]
    ax.imshow(np.log10(np.abs(rows) + 1), cmap="Greys")
    ax.set(title="mixed" if mixed else "alike", xticks=[], yticks=[])
    ax.grid(visible=False)
plots.show(figure, "Two matrices of curvature, darker is larger, both of three blocks: alike, each "
           "block has its own grey; mixed, every block holds light and dark.")

# %% [markdown]
# The matrices of curvature, with darker for larger.

# %%
shape = predict(
    "On which of the two does Adam beat momentum by far?", ["alike", "mixed", "both", "neither"]
)
shape

# %% [markdown]
# 300 steps, the best of 61 step sizes for each rule, the median over 15 random turns.

# %% tags=["answer"]
rows = []
for name, rule, hyper in [("gradient descent", sgd, {}), ("Adam, beta1 = 0", adam, {"beta1": 0.0}),
                          ("momentum", momentum, {}), ("Adam", adam, {})]:
    alike = measured.left_on_blocks(rule, mixed=False, **hyper)
    mixed = measured.left_on_blocks(rule, mixed=True, **hyper)
    rows.append([name, max(alike, 1e-10), max(mixed, 1e-10)])
display(table(["rule", "left of the loss, alike", "mixed"], rows, ["", ".1e", ".1e"]))
shape.answer("alike" if rows[3][1] < rows[2][1] / 100 and rows[3][2] > rows[2][2] / 100 else "both")

# %% [markdown]
# Where the curvatures within a block are alike, one step size for each coordinate is nearly one for each block, and Adam wins by many orders of magnitude.
# Where they are mixed, no choice for each coordinate can serve a turned block that holds 1 and 5000 at once.
# The condition number is the same, so it is the arrangement that matters.
#
# <details><summary>Fine print</summary>An idealisation. Zhang et al. (2024) measured that the spectra of transformers differ from block to block. Within a real block the curvatures are spread widely too.</details>
#
# **To do.**
# Which of the two pictures does a stack of layers with very different gradients look like?
#
# ## 9. When is the first move wrong?
#
# *10 minutes.*
#
# "The loss oscillates, so halve the step size."
# Here is a network trained by plain gradient descent on all images at once.

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import State, adam, plots, problems, run, sgd
from lessonlib.lessons.lesson09 import measured
from lessonlib.play.prediction import predict
from lessonlib.tables import table

full = problems.digits_net(batch=None, dtype=float)
swings = predict(
    "Step sizes 0.4, 0.75 and 1.5. The largest makes the loss swing most. Which ends lowest?",
    ["0.4", "0.75", "1.5"],
)
swings

# %% [markdown]
# 300 steps of each.

# %% tags=["answer"]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ends = {}
for lr, color in ((0.4, "#aaaaaa"), (0.75, "#707070"), (1.5, "black")):
    curve = run(sgd, full, steps=300, record="loss", lr=lr).loss
    rises, ends[lr] = (np.diff(curve) > 0).sum(), curve[-1]
    ax.plot(curve, color=color, linewidth=1.4, label=f"lr {lr:g}, rises {rises} times")
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
# When the loss swings, training drifts to flatter places instead of blowing up.
# Cohen et al. (2021) call this [[the edge of stability|edge of stability]].
# The next cell measures the largest curvature on the way and at the end, by power iteration on differences of the gradient, and multiplies it by the step size.

# %%
rows = []
for lr in (0.4, 0.75, 1.5):
    path = run(sgd, full, steps=300, lr=lr).theta
    rows.append([lr, *(lr * measured.largest_curvature(full.grad, path[t]) for t in (50, 300))])
table(["step size", "curvature times step size, step 50", "step 300"], rows, ["g", ".1f", ".1f"])

# %% [markdown]
# At the two larger step sizes the product is above 2 at step 50, while the loss swings.
# Later both have drifted to flatter places, and the swings are over.
# So look at the trend over many steps before you halve anything.
#
# Here is the second case.
# The scale of the gradients jumps up a hundredfold and back down.

# %%
jump = predict(
    "beta2 = 0.999. How long after the jump are Adam's steps back to normal?",
    ["about 20 steps", "about 1000 steps", "about 9000 steps"],
)
jump

# %% [markdown]
# The length of the steps in units of the step size, for two memories of the scale.

# %% tags=["answer"]
gradients = np.r_[np.ones(300), 100 * np.ones(100), np.ones(600)]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
for beta2, dash in ((0.999, "-"), (0.95, "--")):
    theta, s, path = 0.0, State(), [0.0]
    for g in gradients:
        theta, s = adam(theta, g, s, lr=1.0, beta2=beta2)
        path.append(theta)
    ax.plot(-np.diff(path), c=plots.look(adam).color, ls=dash, label=f"$\\beta_2$ = {beta2}")
ax.set(yscale="log", xlabel="step", ylabel="step / lr", title="A long memory errs for long")
ax.legend(loc="lower left")
plots.show(figure, "Step length over 1000 steps: with beta2 0.999 it shoots up at the jump at 300 "
           "and stays tiny long after it; with 0.95 it is back after about 200 steps.")

# %% [markdown]
# At 300 the gradient grows a hundredfold, and at 400 it falls back.

# %% tags=["answer"]
back = {beta2: measured.steps_back(beta2) for beta2 in (0.999, 0.95)}
jump.answer("about 9000 steps" if back[0.999] > 5000 else "about 1000 steps")

# %% [markdown]
# At 0.999 it takes {{ back[0.999]:,}} steps until a step is within 5 % of its usual length, and {{ back[0.95]}} at 0.95.
# That is much longer than the memory, because `v` has risen about a thousandfold and must fall all the way.
# Lowering the step size treats the symptom, and $\beta_2 = 0.95$, the usual choice for large language models, treats the cause.
#
# **To do.**
# Your loss jumps up after a thousand quiet steps and then creeps.
# Which of the two cases is it?
#
# ## 10. Can you name a bug from its path, and mend another average?
#
# *12 minutes.*
#
# ### Exercise. Three broken Adams (6 minutes)
#
# Each path was made by Adam with one classic bug.
# Think of what the bug does to the first step, to later steps, and near the minimum.

# %%
from functools import partial
from lessonlib import State, adam, checks
from lessonlib.lessons.lesson09 import judges, practice

practice.show_bugs(practice.BROKEN)

# %% [markdown]
# The right Adam is red, the broken ones are black, and circles mark the flat direction.
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
# ### Exercise. Correct the bias of RMSprop (5 minutes)
#
# RMSprop's average starts at zero too, and PyTorch does not correct it.
# Write RMSprop with the correction, and return `State(t, 0.0, v)`.
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
# The check compares it with Adam whose `beta1` is 0.

# %%
checks.check(my_rmsprop, against=partial(adam, beta1=0.0))

# %% [markdown]
# ## Further reading
#
# - Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*, arXiv:1412.6980.
#   The algorithm, and the bound of section 2.
# - Reddi, Kale & Kumar 2018, *On the Convergence of Adam and Beyond*, arXiv:1904.09237.
#   The counterexample and AMSGrad.
# - Zhang et al. 2022, *Adam Can Converge Without Any Modification on Update Rules*, arXiv:2208.09632.
#   Fix the problem first, then choose beta2.
# - Wilson et al. 2017, *The Marginal Value of Adaptive Gradient Methods in Machine Learning*, arXiv:1705.08292.
#   Where adaptive rules generalise worse.
# - Choi et al. 2019, *On Empirical Comparisons of Optimizers for Deep Learning*, arXiv:1910.05446.
#   Tuned adaptive methods never do worse than the ones they contain.
# - Schmidt et al. 2021, *Descending through a Crowded Valley*, arXiv:2007.01547.
#   Fifteen optimizers, and how the tuning decides.
# - Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability*, arXiv:2103.00065.
# - Kunstner et al. 2024, *Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models*, arXiv:2402.19449.
# - Kunstner & Bach 2025, *Scaling Laws for Gradient Descent and Sign Descent for Linear Bigram Models under Zipf's Law*, arXiv:2505.19227.
# - Zhang et al. 2024, *Why Transformers Need Adam: A Hessian Perspective*, arXiv:2402.16788.
#   Blocks.
