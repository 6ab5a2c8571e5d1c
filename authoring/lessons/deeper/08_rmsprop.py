# %% [markdown]
# # Deeper into lesson 8
#
# Eleven questions about RMSprop that can wait.
# Each stands alone and can be read on another day, in any order, because each starts with a cell that makes what it needs.
#
# | Question | Minutes |
# |---|---|
# | 1. What can a step size for each axis not do? | 12 |
# | 2. Who wins in the turned ravine, and does a falling step change it? | 12 |
# | 3. How exact is a number of steps? | 7 |
# | 4. Where does the deep network's trouble end? | 8 |
# | 5. Which step size does a coordinate find by itself? | 10 |
# | 6. What is left when the memory is gone? | 7 |
# | 7. What does epsilon do? | 10 |
# | 8. What do 16-bit numbers do? | 10 |
# | 9. What if it sums, or divides by a deviation? | 8 |
# | 10. What does the burst do to a training? | 8 |
# | 11. And where nothing is stuck? The next letter | 7 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What can a step size for each axis not do?
#
# *12 minutes.*
#
# RMSprop has a step size for each parameter, so it can stretch the axes.
# A ravine along an axis becomes round in this way.
# But a ravine can also lie at an angle to the axes.
# In the picture the ravine has a [[condition number]] of 25, and each axis is stretched by the number that helps most.

# %%
import numpy as np
from lessonlib.lessons.lesson08 import judges, rescaling
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

rescaling.show_arrows()

# %% [markdown]
# Above, the ellipse becomes a circle.
# Below, it is turned a little further and stays narrow, because stretching an axis cannot turn anything.
# [[Rotation]] is what a step size for each parameter does not undo.
#
# How much of a ravine is left?
# Take a condition number of 1000 and turn the ravine by 45 degrees.

# %%
left = predict("At 45 degrees, which condition number is left with the best two step sizes?")
left

# %% [markdown]
# At 45 degrees the two curvatures along the axes are equal, so there is nothing to make more equal.

# %% tags=["answer"]
left.answer(rescaling.best_left(45))

# %% [markdown]
# All of it is left.
# The next picture shows every angle, and what RMSprop's own step sizes leave after 100 steps.

# %%
rescaling.show_left()

# %% [markdown]
# At small angles RMSprop leaves more than the best two step sizes would.
# It measures gradients and not curvatures, and in a turned ravine the gradient points across it nearly everywhere.
# So the ratio of its two step sizes is the ratio of the two parts of that direction, the cotangent of the angle.
#
# ### Exercise. The angle (4 minutes)
#
# From which whole degree on do even the best two step sizes leave a condition number above 100?
# Read it off the line, then compute it if you like.
# With the curvatures $a$ and $d$ along the axes and the number $b$ off the diagonal, it is $(1+r)/(1-r)$ with $r = |b|/\sqrt{ad}$.
#
# <details><summary>Hint</summary>Between which two marks on the horizontal axis does the line cross the grey one?</details>

# %% tags=["stub"]
my_angle = None

# %% tags=["solution"]
my_angle = 10

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At 9 degrees a condition number of 97 is left, at 10 degrees one of 119.
# No path is run for this answer, so it does not depend on a start or on a step size.

# %% [markdown]
# The judge computes the condition number at your angle and one degree before it.

# %%
judges.judge_angle(my_angle)

# %% [markdown]
# RMSprop's own markers do not depend on luck either.
# If you move the start by a hundred-billionth, they stay where they are.

# %%
rows = [[angle, *(rescaling.measured_left(angle, nudge=k * 1e-11) for k in range(3))]
        for angle in (5, 15, 45)]
table(["angle", "as it is", "moved by 1e-11", "by 2e-11"], rows, ["", ".1f", ".1f", ".1f"])

# %% [markdown]
# Are the ravines of a network aligned with its weights?
# Nobody promised that.
# Section 8 of [the deeper notebook of lesson 9](09_adam.ipynb) measures what happens when they come in blocks.
#
# ## 2. Who wins in the turned ravine, and does a falling step change it?
#
# *12 minutes.
# The tables take some seconds.*
#
# The ravine now has a condition number of 1000, and you can turn it.
# The start turns with it, so a rule that knows no axes has the same task at every angle.
# Momentum and Adam run at fixed step sizes, and RMSprop's is yours.
# Adam is the subject of lesson 9.
# **Goal:** with the ravine turned by 2 degrees or more, let RMSprop arrive before momentum.

# %%
from lessonlib import rmsprop, sgd
from lessonlib.lessons.lesson08 import arrivals, rescaling, turned_ravine
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

turned_ravine.rotation().live()

# %% [markdown]
# RMSprop wins only at the smallest angles, and with a large step.

# %%
notice = predict(
    "Each rule is tuned at each angle. Who needs more steps at 45 degrees than at 0?",
    ["RMSprop alone", "RMSprop and Adam", "all of them", "nobody"],
)
notice

# %% [markdown]
# The steps until the loss is below a ten-thousandth of the first one and stays there for a hundred steps.

# %% tags=["answer"]
took = arrivals.by_angle()
header = ["steps to arrive", *(f"{angle} degrees" for angle in arrivals.ANGLES)]
display(table(header, took, ["", *[".0f"] * 5]))
longer = [row[0] for row in took[:4] if row[5] > 1.1 * row[1]]
notice.answer({1: "RMSprop alone", 2: "RMSprop and Adam", 4: "all of them"}[len(longer)])

# %% [markdown]
# Gradient descent and momentum do not notice the angle.
# RMSprop takes {{ took[2][1]:.0f}} steps at 0 degrees and {{ took[2][5]:.0f}} at 45, more than plain gradient descent.
# The few steps at 0 degrees owe much to its long first steps.
# Adam at a fixed 0.03 suffers as RMSprop does.
# If Adam is tuned at 45 degrees, it takes a step longer than the whole way, lives on the large gradients that `v` still remembers, and is then momentum with a slowly growing step.
#
# <details><summary>Fine print</summary>32 starts spread over half a circle in the ravine's own axes, and the median of their steps. Betas at their defaults. Twelve step sizes to a decade, constant, and at most 2500 steps. Beyond 45 degrees the two coordinates change roles.</details>
#
# RMSprop ran at its default memory.
# Here are five, each at its best step size.

# %%
rows = arrivals.by_memory()
table(["steps to arrive", "0 degrees", "15 degrees", "45 degrees"], rows, ["", *[".0f"] * 3])

# %% [markdown]
# At 45 degrees each of the five is slower than gradient descent.
# At 15 degrees only the default is.
# So where RMSprop falls behind depends on its memory, and that it gets slower with the angle does not.
#
# All of this was with a constant step size.
# RMSprop hops near the minimum, so it must keep its step size small, and a step size that falls would free it from that.

# %%
ties = predict(
    "With a step size that falls to 0, who leaves less of the loss at 45 degrees after 1000 steps?",
    ["gradient descent, by ten times", "RMSprop, by ten times", "they are close"],
)
ties

# %% [markdown]
# The share of the first loss that is left, in millionths, each at its best step size.

# %% tags=["answer"]
cases = [("gradient descent", sgd, {})]
cases += [(f"RMSprop, beta2 {beta2}", rmsprop, {"beta2": beta2}) for beta2 in (0.9, 0.99, 0.999)]
rows = [[name, *(1e6 * rescaling.left_at_45(rule, falling=falling, **hyper)[0]
                 for falling in (False, True))] for name, rule, hyper in cases]
display(table(["left, in millionths", "constant", "falling"], rows, ["", ".0f", ".0f"]))
plain, best = min(rows[0][1:]), min(min(row[1:]) for row in rows[1:])
ties.answer("they are close" if 0.2 < plain / best < 5 else ties.options[best < plain])

# %% [markdown]
# With a constant step size RMSprop leaves more than gradient descent, at each of these memories.
# With a falling one, two of the three leave about as little as gradient descent does at its best, which is with a constant step.
# So a [[schedule]] takes away what RMSprop loses by hopping.
# It does not give back what the angle took, because at 0 degrees RMSprop would be at rounding.
#
# <details><summary>Fine print</summary>The step size falls in a line to 0. Gradient descent's step size starts no higher than its limit, 0.002. Above it, its loss first grows by many powers of ten, and what comes after that is rounding.</details>
#
# **To do.**
# Turn the ravine in the experiment to 90 degrees.
# What do you expect, and why?
#
# <details><summary>Answer</summary>As at 0 degrees. The ravine lies along an axis again, along the other one.</details>
#
# ## 3. How exact is a number of steps?
#
# *7 minutes.*
#
# Tables of steps look exact.
# Here are three reasons for doubt.
# The first is luck.
# RMSprop walks through a ravine with a condition number of 1000, along the axes, from 1 and 1, with a step size of 0.1.

# %%
import numpy as np
from lessonlib import rmsprop, run
from lessonlib.lessons.lesson08 import arrivals, turned_ravine
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine
from lessonlib.lessons.tables import table

lucky = predict("How many steps does it need to a ten-thousandth of the first loss?")
lucky

# %% [markdown]
# Count them.

# %% tags=["answer"]
loss = run(rmsprop, ravine(1000), lr=0.1, steps=200).loss
lucky.answer(float(turned_ravine.arrival(loss)))

# %% [markdown]
# The first step is ten times the step size, so it is 1 in each coordinate, and it lands exactly on the minimum.
# A search over step sizes finds such luck and reports it as speed.
# That is why the tables above take 32 starts.
#
# The second reason is the word arrive.
# RMSprop can pass the minimum, leave it and come back.
# Here the loss must stay below the line for 1, 100 or 500 steps.

# %%
rows = arrivals.by_definition()
table(["below the line for", "0 degrees", "15 degrees", "45 degrees"], rows, ".0f")

# %% [markdown]
# At 15 degrees the answer depends on the definition.
# At 45 degrees RMSprop is slower than gradient descent, which takes about 650 steps, by all three.
#
# The third reason is rounding.
# Move all 32 starts by one, two and three hundred-billionths.

# %%
rows = arrivals.by_shift()
table(["angle", "as they are", "1e-11", "2e-11", "3e-11"], rows, ".0f")

# %% [markdown]
# A path at the limit of stability turns a change in the eleventh digit into another path.
# So the digits of such a count are not worth printing, and an angle found with them, such as "from 12 degrees on", is not a law.
# What survives the shift is the condition number that is left, as section 1 shows, and the verdict at 45 degrees.
#
# **To do.**
# In the table above, which verdicts on RMSprop against 650 steps stay the same in every column?
#
# ## 4. Where does the deep network's trouble end?
#
# *8 minutes.*
#
# In lesson 8 a network with eight narrow layers learned with RMSprop alone.
# That is one network with one start.
# Change what it is like, and see who learns.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import deep, opening, records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

softest = predict(
    "Which change lets gradient descent read more than 85 % of the digits?",
    ["six layers in place of eight", "1000 steps in place of 300", "a He start", "none of these"],
)
softest

# %% [markdown]
# Each rule at its best of seven step sizes, of three where there are 3000 steps, ten starts, recorded.
# The median is followed by the range.

# %% tags=["answer"]
trained = recorded("deep_net.json")
header = ["hidden layers, steps", *records.NAMES.values()]
display(table(header, records.where_it_ends(trained)))
softest.answer(records.what_lets_it_learn(trained))

# %% [markdown]
# With a He start all three learn well, and RMSprop has no lead worth naming.
# With six layers momentum begins to learn, and with four layers gradient descent does too.
# After a thousand steps the other two are still at a blind guess.
# After three thousand momentum reads most digits from most starts, and gradient descent from some.
# So the trouble is a long plateau at the beginning, and RMSprop leaves it much sooner.
# The plateau was made by a start that is too small for the depth.
# Today one would also use a better start, a layer that keeps the scale, or connections that skip layers.
# They remove the differences that can be removed.
#
# What does the He start change?
# Two things pass through the layers, the images on the way forward and the gradients on the way back.
# First, how much the images differ in what each layer hands on.

# %%
starts = {"as PyTorch starts it": "torch", "He start": "he"}
rows = [[name, *deep.image_spread(deep.start_of(0, start=start))[[0, 3, 7]]]
        for name, start in starts.items()]
table(["differences between images", "first layer", "fourth", "eighth"], rows, ["", *[".0e"] * 3])

# %% [markdown]
# As PyTorch starts it, the last hidden layer says nearly the same for every image.
# Then the gradients on the way back.

# %%
he = deep.deep_net(0, start="he")
sizes = {"as PyTorch starts it": opening.layer_bars(),
         "He start": deep.layer_gradients(he.start, he)}
rows = [[name, size[0], size[4], size[8], size[8] / size[0]] for name, size in sizes.items()]
header = ["start", "first layer", "fifth", "last layer", "last / first"]
table(header, rows, ["", ".0e", ".0e", ".0e", ".1f"])

# %% [markdown]
# With the He start the images stay apart, and all layers get gradients of one size.
# The start changes both at once, so this comparison does not say which of the two matters more.
# But lesson 8 has a clue.
# A step size for each layer, set once, makes up for the small gradients alone, and with it the network does not learn.
#
# **To do.**
# Change 0 to another seed in the cell above.
# Does the last column stay?
#
# ## 5. Which step size does a coordinate find by itself?
#
# *10 minutes.*
#
# The number that multiplies a coordinate's gradient is $\alpha/(\sqrt v+\epsilon)$, its effective step.
# In the experiment RMSprop walks through a ravine with curvatures 1 and 100.
# On the left is the path, on the right the effective step of each coordinate.
# The dotted lines are 2 divided by the [[curvature]], the step at which gradient descent would be at its limit on that coordinate.
# **Goal:** let both effective steps climb to their dotted lines, and stay there, within 300 steps.

# %% tags=["answer"]
import numpy as np
from lessonlib import rmsprop, run
from lessonlib.lessons.lesson08 import play
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine

play.own_steps().live()

# %% [markdown]
# Each coordinate finds 2 divided by its curvature, although nobody told the rule a curvature.
# While the gradient shrinks, `v` forgets, and the effective step grows.
# Beyond the limit the coordinate swings, the swing makes the gradient larger, and a larger `v` makes the step smaller again.
# Something very like it is seen in networks, as Cohen and others showed in 2022.
# It needs gradients without noise, and an $\epsilon$ far below $\alpha$ times half the curvature.
#
# A coordinate at its limit swings for ever.
# With the default memory the loss falls below 1e-100 within 600 steps at $\alpha = 0.01$.

# %%
returns = predict(
    "Where is that loss after 5000 steps?",
    ["still below 1e-100", "about 0.001", "about 1"],
)
returns

# %% [markdown]
# The hops go from half a step size on one side to half a step size on the other.
# So the law for the loss is $\alpha^2/8$ times the sum of the curvatures.

# %% tags=["answer"]
long = run(rmsprop, ravine(100), lr=0.01, steps=5000, start=np.array([1.0, 0.3]))
print(f"step 600: below 1e-100 is {long.loss[600] < 1e-100}; step 5000: {long.loss[-1]:.5f}")
print(f"the law: {0.01**2 / 8 * 101:.5f}")
returns.answer("about 0.001" if 1e-4 < long.loss[-1] < 1e-2 else "still below 1e-100")

# %% [markdown]
# It passed far closer than a step size, `v` forgot the large gradients and the steps grew again, and now it hops.
# So at a constant step size RMSprop does not settle, not even here.
#
# **To do.**
# Replace `lr=0.01` by `lr=lambda t: 0.01 * (1 - (t - 1) / 5000)`, a step size that falls to zero.
# Where does the loss end?
#
# ## 6. What is left when the memory is gone?
#
# *7 minutes.*
#
# With $\beta_2 = 0$ there is no memory, and `v` is the square of the newest gradient.
# A number divided by its own size is its sign.
# So every coordinate moves by $\alpha$ at every step, whatever its gradient.
# That rule is [[sign descent]].

# %%
import matplotlib.pyplot as plt
import numpy as np
from lessonlib import plots, rmsprop, run
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine
from lessonlib.lessons.tables import table

nearer = predict(
    "When beta2 is divided by ten, by what factor does the distance to sign descent's path fall?"
)
nearer

# %% [markdown]
# From 1 and 1 the path of sign descent arrives after some 33 steps of 0.03.

# %% tags=["answer"]
def signed(beta2):
    """The path of RMSprop at this beta2: (201, 2)."""
    return run(rmsprop, ravine(100), lr=0.03, steps=200, beta2=beta2, eps=1e-12).theta

sign, rows = signed(0.0), []
for beta2 in (0.9, 0.1, 0.01, 0.001):
    distance = np.abs(signed(beta2) - sign).max(axis=1)
    rows.append([beta2, distance[:31].max(), distance[31:].max() / 0.03])
display(table(["beta2", "on the way", "after arrival, in lr"], rows, ["", ".5f", ".1f"]))
nearer.answer(rows[2][1] / rows[3][1])

# %% [markdown]
# On the way the distance shrinks with $\beta_2$.
# After arrival the law is gone, because what differs is when and where the paths hop.
# Look at the arrival.

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.6))
for beta2, color, dash in ((0.0, "black", "-"), (0.5, "#d99a5b", "--"), (0.9, "#9e5210", "-.")):
    ax.plot(signed(beta2)[20:80, 0] / 0.03, color=color, ls=dash, label=f"$\\beta_2$ = {beta2:g}")
ax.axhspan(-1, 1, color="#dddddd", zorder=0)
ax.set(xlabel="steps after the 20th", ylabel="$\\theta_1$, in units of lr", ylim=(-3, 15),
       title="Near the minimum, sign descent hops for ever")
ax.text(59, 1.4, "within one step size of the minimum", ha="right", color="#555555")
ax.legend()
plots.show(figure, "The first coordinate over 60 steps in units of the step size: with beta2 0 it "
           "falls in a line and then hops between two points; 0.5 comes later and hops too; 0.9 "
           "comes still later and is not yet hopping at the end.")

# %% [markdown]
# Sign descent steps over the minimum and back, because the sign knows where to go and not how far.
# With a schedule it is a respectable optimizer.
# Section 5 of [the deeper notebook of lesson 9](09_adam.ipynb) runs it on a model of language.
#
# **To do.**
# Where do the two points lie between which it hops?
# Start at 1.01 and 1 with `start=np.array([1.01, 1.0])` and look again.
#
# ## 7. What does epsilon do?
#
# *10 minutes.*
#
# Multiply a loss by a number $c$.
# Then every gradient and the root of `v` get the factor $c$, and it cancels, but $\epsilon$ stays what it is.
# If $\epsilon$ is multiplied too, the path is the same.
#
# $$\frac{c\,g}{\sqrt{c^2 v}+c\,\epsilon} = \frac{g}{\sqrt v+\epsilon}$$

# %%
from lessonlib import rmsprop, sgd
from lessonlib.lessons.lesson08 import judges, practice, scales
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

exact = predict(
    "With epsilon multiplied too, is the path the same to the last bit?",
    ["for every factor", "for factors such as 1024", "for no factor"],
)
exact

# %% [markdown]
# How far the paths are apart after 100 steps in the ravine.
# None means to the last bit, rounding means less than 1e-14.

# %% tags=["answer"]
rows = []
for c in (1024.0, 1000.0, 1e-3, 1e-9):
    found = [scales.apart(rmsprop, c, eps=1e-8, scaled_eps=e) for e in (1e-8, c * 1e-8)]
    rows.append([f"{c:g}", *map(scales.in_words, (scales.apart(sgd, c), *found))])
header = ["loss times", "gradient descent", "RMSprop", "RMSprop, epsilon times it too"]
display(table(header, rows))
exact.answer(exact.options[[row[3] for row in rows].count("none") < 4])

# %% [markdown]
# 1024 is a power of two, so it changes only the exponents of the numbers.
# A factor of 1000 rounds differently in the last place.
# The third column is the rule as you use it, with $\epsilon$ left alone.

# %%
scales.show_scales()

# %% [markdown]
# So $\epsilon$ is a scale.
# Gradients far above it are divided by their own size, and gradients far below it by $\epsilon$.
# At the left end RMSprop has turned into gradient descent with a step of $\alpha/\epsilon$ times the gradient.
#
# ### Exercise. An epsilon (4 minutes)
#
# The loss is multiplied by 1e-9.
# Type the largest power of ten for $\epsilon$ that brings the path back to within 1e-6 of the old one.
#
# <details><summary>Hint</summary>Only epsilon divided by the factor counts. In the table, how far apart are the paths at a factor of 0.001, and so how much larger than 1e-8 may that quotient be?</details>

# %% tags=["stub"]
my_eps = 1e-8

# %% tags=["solution"]
my_eps = 1e-16

# %% [markdown] tags=["solution"]
# *Why it is so.*
# With 1e-17 the quotient is 1e-8 as before, so the path is the same.
# The quotient may be ten times larger, and with a hundred times the paths are too far apart.

# %% [markdown]
# The judge reports the distance at your epsilon and at ten times it.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# ### Outside or inside the root
#
# Our rule and PyTorch's add $\epsilon$ outside of the root.
# Some libraries add it inside, as $\sqrt{v+\epsilon}$.
# Both say `eps=1e-8`.

# %%
inside = predict(
    "With epsilon inside the root, below about which gradient do the steps get shorter?",
    ["1e-4", "1e-8", "1e-16"],
)
inside

# %% [markdown]
# The length of a step in units of $\alpha$, after a long time with one gradient.

# %% tags=["answer"]
both, sizes = (rmsprop, practice.bug("epsilon inside the root")), (1e-2, 1e-4, 1e-6, 1e-8)
rows = [[g, *(scales.steps_of(rule, [g] * 3000)[-1] for rule in both)] for g in sizes]
display(table(["gradient", "outside", "inside"], rows, [".0e", ".4f", ".4f"]))
half = next(g for g, _, step in rows if step < 0.9)
inside.answer(f"{half:.0e}".replace("e-0", "e-"))

# %% [markdown]
# Inside the root $\epsilon$ is compared with `v`, which is a square, so the gradient that feels it is the root of $\epsilon$, ten thousand times larger.
# When a training is carried from one library to another and behaves differently, look at where $\epsilon$ stands.
# The value 1e-8 outside corresponds to 1e-16 inside.
#
# ## 8. What do 16-bit numbers do?
#
# *10 minutes.
# This section uses PyTorch, because NumPy has no bfloat16.*
#
# Networks are often trained with 16-bit numbers.
# The type float16 spends the bits on digits and has a short range.
# The type bfloat16 has the range of float32 and keeps only two to three decimal digits.

# %%
from lessonlib.lessons.lesson08 import precision
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

zero = predict(
    "In which type are 1e-8 and the square of 1e-4 both zero?",
    ["float16", "bfloat16", "both of them", "none of them"],
)
zero

# %% [markdown]
# The last column is the first step of RMSprop for a gradient of 1e-4.
# It should be 10.

# %% tags=["answer"]
rows = [precision.facts(name) for name in precision.TYPES]
display(table(["type", "1e-8", "1e-4 squared", "first step / lr"], rows, ["", ".2g", ".2g", ".2f"]))
zeros = [name for name, eps, square, _ in rows if eps == 0 == square]
zero.answer("both of them" if len(zeros) == 2 else zeros[0] if zeros else "none of them")

# %% [markdown]
# In float16 a small gradient is divided by zero plus zero, which is an infinite step.
# In bfloat16 all is well here.
# So is bfloat16 safe?
# Look at the average itself.
# The gradient is 1 for a thousand steps and then 0.1, and $\beta_2$ is 0.999.

# %%
forgets = predict(
    "After the gradient has fallen, what does v do in bfloat16?",
    ["it falls as in float32, with some rounding", "it falls too fast", "it does not fall at all"],
)
forgets

# %% [markdown]
# Both lines over 2500 steps.

# %% tags=["answer"]
precision.show_frozen()
frozen = precision.second_moment("bfloat16")
forgets.answer(forgets.options[2] if frozen[-1] == frozen[1000] else forgets.options[0])

# %% [markdown]
# In bfloat16 `v` stops at a half and stays there.
# The numbers near a half lie further apart than what $\beta_2$ takes away in a step, so `v` is rounded back to where it was.
# The average cannot forget.
# Which memories can?

# %%
rows = [[beta2, 1 / (1 - beta2), precision.share_that_can_fall(beta2)]
        for beta2 in (0.9, 0.99, 0.997, 0.998, 0.999)]
table(["beta2", "memory, steps", "share of v that can fall"], rows, ["", ".0f", ".0%"])

# %% [markdown]
# A memory of a hundred steps can fall from anywhere, and Adam's memory of a thousand from nowhere.
# This is no toy.
# Ask `torch.optim.RMSprop` itself, with a parameter in bfloat16.

# %%
kind, value = precision.torchs_own()
print(f"v is kept in {kind} and is {value} after step 1500")

# %% [markdown]
# The state has the type of the parameter.
# So a model that is turned to bfloat16 as a whole has frozen averages, and weights that small steps do not move.
# That is why [[mixed precision]] keeps the weights and the optimizer's state in float32 and uses 16 bits for the rest.
#
# **To do.**
# What is $1 - 0.001$ in bfloat16?
# Try `torch.ones(1, dtype=torch.bfloat16) - 0.001`.
#
# ## 9. What if it sums, or divides by a deviation?
#
# *8 minutes.*
#
# [[Adagrad]] came before RMSprop (Duchi, Hazan and Singer 2011).
# It divides by the root of the sum of all squared gradients.
# Here is a gradient of 1 for a thousand steps, and then a hundredth of it for another thousand.

# %%
from lessonlib import rmsprop
from lessonlib.lessons.lesson08 import practice, scales
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

sums = predict(
    "Step 2000, after a thousand small gradients. Whose step is longer?",
    ["Adagrad's", "RMSprop's", "equal"],
)
sums

# %% [markdown]
# The length of three steps, in units of the step size.

# %% tags=["answer"]
fades = [1.0] * 1000 + [0.01] * 1000
rules = {"Adagrad": practice.bug("sum without forgetting"), "RMSprop": rmsprop}
rows = [[name, *scales.steps_of(rule, fades)[[999, 1000, 1999]]] for name, rule in rules.items()]
display(table(["step / lr", "step 1000", "step 1001", "step 2000"], rows, ".4f"))
sums.answer("Adagrad's" if rows[0][3] > rows[1][3] else "RMSprop's")

# %% [markdown]
# A sum never forgets, so Adagrad's steps can only get shorter for gradients of one size.
# That is right where rare features must keep a large step, and on convex problems it arrives without a schedule.
# RMSprop's average forgets the large gradients, and its step is back.
#
# ### The variance slip
#
# `v` averages the square of `g`, and nothing is subtracted from it.
# The [[variance]] would average the square of the distance from the mean.
# Feed both a gradient of 3 that never changes.

# %%
slip = predict(
    "Divided by a standard deviation, what does the step do while the gradient stays 3?",
    ["it settles at the step size", "it grows and grows", "it goes to zero"],
)
slip

# %% [markdown]
# The same three columns, in units of the step size.

# %% tags=["answer"]
rules = {"the root of v": rmsprop,
         "the standard deviation": practice.bug("variance instead of second moment")}
steady = [3.0] * 1000
rows = [[name, *scales.steps_of(rule, steady)[[99, 299, 999]]] for name, rule in rules.items()]
display(table(["divided by", "step 100", "step 300", "step 1000"], rows, ".2f"))
slip.answer(slip.options[1] if rows[1][3] > 2 * rows[1][2] else slip.options[0])

# %% [markdown]
# The deviation goes to zero, so the step grows exactly where the gradient is most certain.
# The variant exists, after Graves (2013), and PyTorch offers it as `centered=True`.
# Now you know what to watch for when you use it.
#
# **To do.**
# Add a little noise to the gradient of 3.
# How long do the steps get then?
#
# ## 10. What does the burst do to a training?
#
# *8 minutes.*
#
# The first step of RMSprop is $\alpha/\sqrt{1-\beta_2}$, and the next ones are too long as well.
# How far does that carry a parameter beyond one $\alpha$ a step, until the steps have the right length?

# %%
import numpy as np
from lessonlib.lessons.lesson08 import bursts
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

beyond = predict("A memory of 1000 steps: how far too far in all, in units of the step size?")
beyond

# %% [markdown]
# For three memories, and divided by the memory.

# %% tags=["answer"]
rows = [[round(1 / (1 - beta2)), bursts.too_far(beta2)] for beta2 in bursts.BETAS]
rows = [[memory, far, far / memory] for memory, far in rows]
display(table(["memory", "too far, in lr", "divided by the memory"], rows, ["", ".0f", ".2f"]))
beyond.answer(rows[2][1], within=0.2)

# %% [markdown]
# For long memories the last column tends to $2\ln 2$, about 1.39.
# A network reads digits with three memories at two step sizes, 0.001 and 0.01.

# %%
helps = predict(
    "At the small step size, which memory has the lowest loss after 40 steps?",
    ["10 steps", "100 steps", "1000 steps"],
)
helps

# %% [markdown]
# The mean of three seeds.
# Look at the first steps of each panel, then at its end.

# %% tags=["answer"]
bursts.show_bursts()
ends = [bursts.losses(0.001, beta2)[:, -1].mean() for beta2 in bursts.BETAS]
helps.answer(helps.options[int(np.argmin(ends))])

# %% [markdown]
# On the left the burst helps, because 0.001 is too small for 40 steps and the burst makes it larger.
# On the right it harms, because with the longest memory the first step throws the loss up.
# Is the burst really the cause?
# Remove it, and compare the memories again.

# %%
rows = []
for lr in (0.001, 0.01):
    for kind, mended in (("as it is", False), ("first steps corrected", True)):
        ends = [bursts.losses(lr, beta2, corrected=mended)[:, -1].mean() for beta2 in bursts.BETAS]
        rows.append([f"{lr}, {kind}", *ends])
table(["lr, RMSprop", "memory 10", "100", "1000"], rows, ["", ".2f", ".2f", ".2f"])

# %% [markdown]
# With corrected first steps all three memories end alike, at both step sizes.
# So $\beta_2$ should set a memory, and without a correction it also sets the first steps.
# How to correct them is the question of [lesson 9](../09_adam.ipynb).
#
# **To do.**
# Suppose `v` started at the square of the first gradient.
# What would go wrong when that gradient is an odd one?
#
# <details><summary>Answer</summary>It would set the scale for a whole memory. One odd gradient would count as much as a hundred.</details>
#
# ## 11. And where nothing is stuck? The next letter
#
# *7 minutes.*
#
# On the deep network the other rules did not learn at all.
# Here is a model on which all of them learn.
# It is a table that guesses the next letter of the book of Genesis from the two letters before it, with a row for each pair.
# Some pairs are met often and most of them rarely.

# %%
import numpy as np
from lessonlib import momentum, rmsprop, sgd
from lessonlib.lessons.lesson08 import letters
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

pairs, most, middle = letters.often_and_rare()
print(f"{pairs} pairs; the most frequent occurs {most} times, the one in the middle {middle} times")

# %% [markdown]
# Each step looks at 256 places of the book.
# So the gradients in the row of a rare pair are zero at most steps, and small in the mean.

# %%
ahead = predict(
    "After 300 steps of constant size, whose loss is nearest to the lowest possible?",
    ["gradient descent's", "momentum's", "RMSprop's", "they are within a tenth"],
)
ahead

# %% [markdown]
# How far the loss is above the lowest possible one in nats, each rule at the best of eight step sizes, the mean of two runs.
# First with a constant step size, then with one that falls to zero.

# %% tags=["answer"]
lrs, rows = np.geomspace(20, 1000, 8), []
for name, rule, scale in zip(ahead.options, (sgd, momentum, rmsprop), (1, 1, 0.001)):
    rows.append([name, *(letters.excess(rule, scale * lrs, falling=f) for f in (False, True))])
display(table(["optimizer", "constant", "falling"], rows, ["", ".3f", ".3f"]))
best = sorted(rows, key=lambda row: row[1])
ahead.answer("they are within a tenth" if best[1][1] < 1.1 * best[0][1] else best[0][0])

# %% [markdown]
# With a constant step size RMSprop leaves less than half of what the others leave.
# One would like to say that this is because it gives the rare rows longer steps.
# But with a falling step size most of the lead is gone.
# So the others were held back mainly by their noise.
# To move the rare rows at all they need a step size that shakes the frequent ones, and at the end only a smaller step size calms them.
# What is left of the lead is about a fifth.
# Language is full of rare rows, because most words are rare.
# Section 5 of [the deeper notebook of lesson 9](09_adam.ipynb) asks which part of Adam it is that helps there.
#
# **To do.**
# Does the lead grow in a shorter training?
# Set `letters.STEPS = 100` and run the table again.
#
# ## Further reading
#
# - Tieleman and Hinton 2012, *Neural Networks for Machine Learning*, Coursera, lecture 6e.
#   Where RMSprop comes from, a form of Rprop for mini-batches.
# - Duchi, Hazan and Singer 2011, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization*, JMLR 12.
#   Adagrad, and why a sum is right for rare features.
# - Graves 2013, *Generating Sequences With Recurrent Neural Networks*, arXiv:1308.0850.
#   The centred variant.
# - He, Zhang, Ren and Sun 2015, *Delving Deep into Rectifiers*, arXiv:1502.01852.
#   The start of section 4.
# - Balles and Hennig 2018, *Dissecting Adam: The Sign, Magnitude and Variance of Stochastic Gradients*, arXiv:1705.07774.
#   How much of an adaptive rule is its sign.
# - Cohen et al. 2022, *Adaptive Gradient Methods at the Edge of Stability*, arXiv:2207.14484.
#   Effective steps at the limit of stability, in networks.
# - Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740.
#   Why a float32 copy of the weights is kept beside float16.
