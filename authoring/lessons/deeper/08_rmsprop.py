# %% [markdown]
# # Deeper into lesson 8
#
# Eleven questions about RMSprop that can wait.
# Each stands alone, because it starts with a cell that makes what it needs.
# If you have 15 minutes, read sections 8 and 11.
# Epsilon differs from library to library, and each training with RMSprop starts with the burst.
# With 6 minutes more, read section 5, because it takes RMSprop apart, by layer and by weight.
#
# | Question | Minutes |
# |---|---|
# | 1. What can a step size for each axis not do? | 8 |
# | 2. Who wins in the turned ravine? | 3 |
# | 3. Does a falling step size help there? | 4 |
# | 4. Where does the deep network's trouble end? | 3 |
# | 5. Is a step size for each layer enough? | 6 |
# | 6. Which step size does a coordinate find by itself? | 7 |
# | 7. What is left when the memory is gone? | 5 |
# | 8. What does epsilon do? | 8 |
# | 9. What do 16-bit numbers do? | 9 |
# | 10. What if RMSprop divides by a standard deviation, or never forgets? | 5 |
# | 11. What does the burst do to a training? | 6 |

# %% tags=["setup"]

# %% [markdown]
# ## 1. What can a step size for each axis not do?
#
# *8 minutes.*
#
# A step size for each parameter does the same as stretching the axes.
# Stretch the steep axis by 5, and the slope along it becomes 5 times smaller.
# A step also covers 5 times less of the longer axis.
# So the stretch does what a step size 25 times smaller would do.
# In the picture the ravine has a [[condition number]] of 25.
# It lies along an axis above and at an angle below, and each axis is stretched by the number that helps most.

# %%
import numpy as np
from lessonlib.lessons.lesson08 import judges, rescaling
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

rescaling.show_arrows()

# %% [markdown]
# Above, the ellipse becomes a circle.
# Below, even the best two factors leave it narrow.
# [[Rotation]] is what a step size for each parameter does not undo.
#
# How much of a ravine is left?
# Take a condition number of a thousand.

# %%
left = predict("At 45 degrees, which condition number is left with the best two step sizes?")
left

# %% [markdown]
# It follows from the curvatures, without a run.

# %% tags=["answer"]
left.answer(rescaling.best_left(45))

# %% [markdown]
# All of it is left, because the two curvatures along the axes are equal there.
# The next picture shows every angle, and what RMSprop's own step sizes leave from 32 starts.

# %%
rescaling.show_left()

# %% [markdown]
# At 0 degrees the ravine is gone after 4000 steps.
# At every other angle 4000 steps leave as much as 100 steps did.
# The table has the ratio of the two step sizes, flatter axis to steeper, RMSprop's after 100 steps.

# %%
angles = np.array([5, 15, 30])
rows = [[angle, *rescaling.step_ratios(angle), 1 / np.tan(np.radians(angle))] for angle in angles]
header = ["angle", "best ratio", "RMSprop's ratio", "cotangent of the angle"]
table(header, rows, ["", ".1f", ".1f", ".1f"])

# %% [markdown]
# RMSprop stretches too little.
# The large gradients point across the ravine, and their squares fill `v`.
# Across the ravine a gradient's two parts are as the cosine to the sine, so the two roots of `v` are too.
# The best ratio in the table is about the square of that.
#
# ### Exercise. The angle (4 minutes)
#
# From which whole degree on do even the best two step sizes leave a condition number above a hundred?
# Read it off the line.
#
# <details><summary>Hint</summary>The small marks on the horizontal axis are one degree apart. Between which two does the line cross the grey one?</details>

# %% tags=["stub"]
my_angle = None

# %% tags=["solution"]
my_angle = 10

# %% [markdown] tags=["solution"]
# *Why it is so.*
# At 9 degrees what is left is just below a hundred, and one degree later it is above.
# No path is run for this answer, so it does not depend on a start or on a step size.

# %% [markdown]
# The judge computes the condition number at your angle and one degree before it.

# %%
judges.judge_angle(my_angle)

# %% [markdown]
# ## 2. Who wins in the turned ravine?
#
# *3 minutes.*
#
# Here the ravine has a condition number of a thousand.
# When you turn it, the start turns too.
# You set RMSprop's step size.
# Momentum and Adam, the subject of lesson 9, each have one that is near their best at 0 degrees.
# A rule arrives when its loss stays below the line for 100 steps.
# **Goal:** with the ravine turned by 45 degrees, let RMSprop arrive in fewer than 1450 steps.

# %%
from lessonlib.lessons.lesson08 import turned_ravine

turned_ravine.rotation().live()

# %% [markdown]
# Momentum arrives after 90 steps at every angle, because it knows no axes.
# At 45 degrees RMSprop takes more than ten times as long, at every step size.
#
# <details><summary>Fine print</summary>Momentum's step size is 0.02, and Adam's 0.03. At 45 degrees Adam arrives too when its step size is ten times as large, but later than momentum.</details>
#
# ## 3. Does a falling step size help there?
#
# *4 minutes.*
#
# In a ravine with a condition number of 1000, turned by 45 degrees, RMSprop hops when its step size is large.
# When it is small, RMSprop is slow.
# A step size that falls can be large at first and small in the end.
# Here it falls in a line to 0, and each plan has its best step size.

# %%
from lessonlib import sgd
from lessonlib.lessons.lesson08 import rescaling
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

helped = predict(
    "RMSprop has a memory of 10, 100 or 1000 steps. Which does the falling step size help?",
    ["all three", "the two shorter ones", "only the longest", "none of them"],
)
helped

# %% [markdown]
# The table shows how many millionths of the first loss are left after 1000 steps.

# %% tags=["answer"]
rows = rescaling.by_plan(45)
display(table(["left at 45 degrees", "constant", "falling"], rows, ["", ".0f", ".0f"]))
count = sum(falling < constant for _, constant, falling in rows[:3])
helped.answer(helped.options[3 - count])

# %% [markdown]
# The longest memory is harmed.
# Because `v` starts at zero, its first step is {{ 0.001**-0.5:.0f }} times too long, and its last {{ (1-0.999**1000)**-0.5:.1f }} times.
# So its steps fall by themselves, and the [[schedule]] makes them fall a second time.
# With the first steps corrected most of the harm is gone.
#
# Gradient descent is harmed too.
# Its step size may not start above a limit, so a falling one only makes its way shorter.
#
# With a falling step size and one of the shorter memories, RMSprop leaves about as much as gradient descent with a constant one.
#
# <details><summary>Fine print</summary>The median of 32 starts spread over half a circle, with twelve step sizes to a decade. Gradient descent's limit is 2 divided by the largest curvature. The steps are corrected as in section 11. Momentum leaves nothing, constant or falling.</details>
#
# **To do.**
# Print `1e6 * rescaling.left_after(sgd, 45, falling=True, steps=2000)[0]`, which gives gradient descent twice the steps.
# What do you expect, and why?
#
# <details><summary>Answer</summary>As much as with a constant step size and 1000 steps. All step sizes together are half of the constant ones, and twice the steps make up for that.</details>
#
# ## 4. Where does the deep network's trouble end?
#
# *3 minutes.*
#
# In lesson 8 a network with eight narrow layers learned with RMSprop alone.
# Change what it is like, and see who learns.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import records
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

softest = predict(
    "Which change lets gradient descent read more than half of the digits?",
    ["six layers in place of eight", "four layers in place of eight",
     "1000 steps in place of 300", "none of these"],
)
softest

# %% [markdown]
# Each rule at its best step size from ten starts, the median and the range.

# %% tags=["answer"]
trained = recorded("deep_net.json")
header = ["hidden layers, steps", *records.NAMES.values()]
display(table(header, records.where_it_ends(trained)))
softest.answer(records.what_lets_it_learn(trained))

# %% [markdown]
# With six layers momentum begins to learn, and with four gradient descent does too.
# With eight layers momentum reads most digits after 3000 steps from most starts, and RMSprop after 300 from all of them.
#
# <details><summary>Fine print</summary>For 3000 steps three step sizes were tried, and seven in the other rows.</details>
#
# ## 5. Is a step size for each layer enough?
#
# *6 minutes.*
#
# In lesson 8's network of eight narrow layers the first layer's gradients start hundreds of times smaller than the last one's.
# Here are three ways to divide a common step size.
#
# - A. For each layer, by the size of its gradients at the start, once and for all.
# - B. For each layer, by the recent size of its gradients, again at each step.
# - C. For each weight, by the recent size of its gradient, again at each step.

# %%
from lessonlib.data import recorded
from lessonlib.lessons.lesson08 import records, trouble
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

learns = predict(
    "Which of the three read more than half of the digits within 300 steps?",
    ["only C", "B and C", "all three"],
)
learns

# %% [markdown]
# Each way at its best step size, from ten starts.

# %% tags=["answer"]
trained = recorded("deep_net.json")
ways = trained["ways"] | {"A, with steps cut at ten step sizes": trained["cut"],
                          "B, begun at the first gradient": trained["full"][trouble.WAYS[2]],
                          "B, without any memory": trained["forgetting"]}
rows = records.at_their_best({"ways": ways}, "ways")
display(table(["step sizes", "best step size", "digits read correctly"], rows))
learns.answer(learns.options[records.how_many_learn(trained) - 1])

# %% [markdown]
# C is RMSprop.
# With A the first steps of all layers are of similar length, and the network still guesses.
# Here are the first layer's gradient and its step, both compared with step 0, and the loss.

# %%
trouble.show_growth()

# %% [markdown]
# In both the gradients grow a thousandfold and more.
# Under A the steps grow with them, and the network is thrown back to a blind guess.
# Under C the step sizes follow, and the steps do not grow.
# With each step cut that is longer than ten step sizes A learns, and reads more than B.
# B's average begins at zero, so its first steps are long.
# Begun at the first gradient B reads more, and without any memory it reads as much as A.
# C reads more than all of them.
# C differs from B only in a divisor for each weight of a layer, so one divisor for a layer is too few.
#
# <details><summary>Fine print</summary>The picture has one of the ten starts, and A at a step size of {{ trouble.best_lr(trouble.WAYS[1]) }}. Four smaller ones were tried. The step drawn is a weight's, root mean square. The limit holds the root mean square of a layer's step. With limits of 3 and of 30 step sizes A learns too, from four starts. Begun at the first gradient, C reads {{ records.begun_full("C") }}.</details>
#
# ## 6. Which step size does a coordinate find by itself?
#
# *7 minutes.*
#
# The number that multiplies a coordinate's gradient is $\alpha/(\sqrt v+\epsilon)$, its effective step.
# On the left RMSprop walks through a ravine with curvatures of 1 and 100, on the right you see the effective step of each coordinate.
# The dotted lines are 2 divided by the [[curvature]], the limit of gradient descent on that coordinate.
# **Goal:** let both effective steps climb to their dotted lines, and stay there, within 300 steps.

# %% tags=["answer"]
import numpy as np
from lessonlib import rmsprop, run
from lessonlib.lessons.lesson08 import play
from lessonlib.play.prediction import predict
from lessonlib.problems import ravine

play.own_steps().live()

# %% [markdown]
# With a short memory each coordinate finds its dotted line.
# While the gradient shrinks, `v` forgets, and the effective step grows.
# Beyond the limit the coordinate swings, the swing makes the gradient larger, and a larger `v` makes the step smaller again.
#
# With the default memory of a hundred steps the loss first falls below 1e-100.

# %%
returns = predict(
    "Where is that loss after 5000 steps?",
    ["still below 1e-100", "about 0.001", "about 1"],
)
returns

# %% [markdown]
# We look once on the way.

# %% tags=["answer"]
long = run(rmsprop, ravine(100), lr=0.01, steps=5000, start=np.array([1.0, 0.3]))
print(f"step 600: below 1e-100 is {long.loss[600] < 1e-100}; step 5000: {long.loss[-1]:.5f}")
print(f"highest after step 600: {long.loss[600:].max():.2f}")
returns.answer("about 0.001" if 1e-4 < long.loss[-1] < 1e-2 else "still below 1e-100")

# %% [markdown]
# On its way the path came far closer to the minimum than one step size.
# Then `v` forgot the large gradients, the steps grew, and the loss rose to 0.25 before it settled to its hops.
# In the end each coordinate hops from half a step size on one side to half a step size on the other.
# So its loss is half its curvature times $(\alpha/2)^2$, and both together make {{ 0.01**2 / 8 * 101:.5f }}.
#
# <details><summary>Fine print</summary>In networks that see all their data at each step, Cohen and others saw Adam, the rule of lesson 9, come to such a limit and stay there. With a memory of a thousand steps the loss comes to zero and stays there. In numbers of 32 bits and without noise that of PyTorch's own RMSprop does so with the default memory. Noise of a millionth in the gradients brings the hops back.</details>
#
# **To do.**
# Give that run a step size that falls to zero, `lr=lambda t: 0.01 * (1 - (t - 1) / 5000)`.
# Print `long.loss[600:].max()`, `long.loss[4000]` and `long.loss[-1]`.
#
# <details><summary>Answer</summary>It comes back all the same, to 0.08, and then it hops, less and less far. At step 4000 it is 0.00004, a fifth less than hops of half that moment's step size would give. It ends below 1e-100, because in the last two hundred steps the step size falls faster than the root of <code>v</code>.</details>
#
# ## 7. What is left when the memory is gone?
#
# *5 minutes.*
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
# Sign descent walks from 1 with steps of 0.03, and we compare the paths.

# %% tags=["answer"]
def signed(beta2):
    """The path of RMSprop at this beta2: (201, 2)."""
    return run(rmsprop, ravine(100), lr=0.03, steps=200, beta2=beta2, eps=1e-12).theta

sign, rows = signed(0.0), []
for beta2 in (0.9, 0.1, 0.01, 0.001):
    distance = np.abs(signed(beta2) - sign).max(axis=1)
    rows.append([beta2, distance[:31].max()])
display(table(["beta2", "largest distance in 30 steps"], rows, ["", ".5f"]))
nearer.answer(rows[2][1] / rows[3][1])

# %% [markdown]
# On the way the distance shrinks with $\beta_2$.
# And near the minimum?

# %%
figure, ax = plt.subplots(figsize=(7.2, 3.6))
for beta2, color, dash in ((0.0, "black", "-"), (0.1, "#9e5210", "--")):
    ax.plot(signed(beta2)[:61, 0] / 0.03, color=color, ls=dash, label=f"$\\beta_2$ = {beta2:g}")
ax.axhspan(-1, 1, color="#dddddd", zorder=0)
ax.set(xlabel="step", ylabel="$\\theta_1$ / step size", xlim=(30, 60), ylim=(-1.2, 3),
       title="A little memory centres the hops")
ax.text(60, 1.1, "within one step size of the minimum", ha="right", color="#555555")
ax.legend()
plots.show(figure, "The first coordinate from step 30 to 60 in units of the step size: with beta2 "
           "0 it falls in a line and then hops between two points, one nearer to the minimum "
           "than the other; with 0.1 the two points are soon equally far from it.")

# %% [markdown]
# Sign descent steps over the minimum and back, because the sign knows where to go and not how far.
# With this short memory each hop comes to end half a step size from the minimum.
# At the farther point `v` still holds the nearer one's smaller gradient, so the step from there is longer than $\alpha$.
#
# **To do.**
# Where do the two points lie between which it hops?
# Give `run` the argument `start=np.array([1.01, 1.0])` and look again.
#
# <details><summary>Answer</summary>From 1 between a third of a step size on one side and two thirds on the other. From 1.01 the two change sides. The points depend on where the start lies, because every step has the same length.</details>
#
# ## 8. What does epsilon do?
#
# *8 minutes.*
#
# Multiply a loss by a number $c$.
# Then every gradient and the root of `v` get the factor $c$, but $\epsilon$ stays what it is.
# If $\epsilon$ is multiplied too, the path is the same.
#
# $$\frac{c\,g}{\sqrt{c^2 v}+c\,\epsilon} = \frac{g}{\sqrt v+\epsilon}$$
#
# The table has the largest distance between the old path and the new one, over a hundred steps from $(1, 1)$.

# %%
from lessonlib import rmsprop, sgd
from lessonlib.lessons.lesson08 import judges, practice, scales
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

rows = []
for c in (1000.0, 1e-3, 1e-9):
    found = [scales.apart(rmsprop, c, eps=1e-8, scaled_eps=e) for e in (1e-8, c * 1e-8)]
    rows.append([f"{c:g}", *map(scales.in_words, (scales.apart(sgd, c), *found))])
header = ["loss times", "gradient descent", "RMSprop", "RMSprop, epsilon times it too"]
table(header, rows)

# %% [markdown]
# In the table's third column $\epsilon$ is left alone, as you use it.

# %%
scales.show_scales()

# %% [markdown]
# So $\epsilon$ is a scale.
# Gradients far above it are divided by their own size, and gradients far below it by $\epsilon$.
# There RMSprop is gradient descent with a step of $\alpha/\epsilon$ times the gradient.
# At the left end neither rule moves any more, so both lines are at 1.
#
# ### Exercise. An epsilon (4 minutes)
#
# The loss is multiplied by a billionth.
# Type the largest power of ten for $\epsilon$ that brings the path back to within a millionth of the old one.
#
# <details><summary>Hint</summary>Only epsilon divided by the factor counts. In the table, how far apart are the paths at a factor of a thousandth, and so how much larger than PyTorch's default may that quotient be?</details>

# %% tags=["stub"]
my_eps = None

# %% tags=["solution"]
my_eps = 1e-16

# %% [markdown] tags=["solution"]
# *Why it is so.*
# With an epsilon a billion times smaller the quotient is as before, so the path is the same.
# The quotient may be ten times larger, and with a hundred times the paths are too far apart.

# %% [markdown]
# The judge runs both paths.

# %%
judges.judge_eps(my_eps)

# %% [markdown]
# ### Outside or inside the root
#
# Our rule and PyTorch's add $\epsilon$ outside of the root.
# Keras adds it inside, as $\sqrt{v+\epsilon}$, and has another default.
# Suppose both have the default of PyTorch.

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
# Inside the root $\epsilon$ is compared with `v`, which is a square.
# So the gradient that feels it is as large as the root of $\epsilon$, ten thousand times larger here.
# When a training behaves differently in another library, look at where $\epsilon$ stands.
#
# ## 9. What do 16-bit numbers do?
#
# *9 minutes.
# This section uses PyTorch, because NumPy has no bfloat16.*
#
# Networks are often trained with 16-bit numbers.
# The type [[float16]] spends the bits on digits and has a short range.
# The type [[bfloat16]] has the range of float32 and keeps only two to three [[decimal digits|precision]].

# %%
from lessonlib.lessons.lesson08 import judges, precision
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

zero = predict(
    "In which type are epsilon, 1e-8, and the square of a gradient of 1e-4 both zero?",
    ["float16", "bfloat16", "both of them", "none of them"],
)
zero

# %% [markdown]
# At $\beta_2 = 0.99$ RMSprop's first step for that gradient should be ten, because `v` is a hundredth of the square.

# %% tags=["answer"]
rows = [precision.facts(name) for name in precision.TYPES]
display(table(["type", "1e-8", "1e-4 squared", "first step / lr"], rows, ["", ".2g", ".2g", ".2f"]))
zeros = [name for name, eps, square, _ in rows if eps == 0 == square]
zero.answer("both of them" if len(zeros) == 2 else zeros[0] if zeros else "none of them")

# %% [markdown]
# In float16 a small gradient is divided by zero plus zero, which is an infinite step.
# In bfloat16 all is well here.
#
# ### The average itself
#
# The memory is a thousand steps, and after as many steps the gradient becomes ten times smaller.

# %%
forgets = predict(
    "After the gradient has fallen, what does v do in bfloat16?",
    ["it falls as in float32, with some rounding", "it falls too fast", "it does not fall at all"],
)
forgets

# %% [markdown]
# The picture shows `v` in float32 and in bfloat16.

# %% tags=["answer"]
precision.show_frozen()
frozen = precision.second_moment("bfloat16")
forgets.answer(forgets.options[2] if frozen[-1] == frozen[1000] else forgets.options[0])

# %% [markdown]
# In bfloat16 `v` stops at a half and stays there.
# Each result is rounded to the nearest number of the type, and large numbers lie farther apart.

# %%
rows = [precision.distances(low) for low in (0.125, 0.25, 0.5)]
table(["numbers of bfloat16", "distance between two", "half of it"], rows)

# %% [markdown]
# At each step a thousandth comes in.
# From a quarter on that is just more than half of the distance, 1/1024, so it is rounded up to the whole, and `v` rises too fast.
# From a half on it is less than half, 1/512, so it is rounded away.
# What $\beta_2$ takes away is rounded away too, so the average cannot forget.
# Ask `torch.optim.RMSprop` itself, with a memory of a hundred steps and with one of a thousand.
# The gradient is a tenth at the end, so `v` should come to a hundredth.

# %%
rows = [[beta2, name, *precision.torchs_own(beta2, name)] for beta2 in (0.99, 0.999)
        for name in ("bfloat16", "float32")]
header = ["beta2", "the parameter is in", "v is kept in", "v at step 1500", "at step 2500"]
table(header, rows, ["", "", "", ".4f", ".4f"])

# %% [markdown]
# The state has the type of the parameter.
# In bfloat16 the shorter memory stops at nearly twice the right value.
# There what comes in and what is taken away are both rounded to one distance, so `v` stays.
# The longer one does not forget at all, and Adam's default is as long.
# A weight of 1 loses a step of 0.001 in the same way, because it is rounded away.
# That is why [[mixed precision]] keeps the weights and the optimizer's state in float32 and computes products of matrices in 16 bits.
#
# ### Exercise. A memory for bfloat16 (4 minutes)
#
# The gradient is zero from now on, so nothing comes in and `v` is multiplied by $\beta_2$ at each step.
# Which is the longest memory with which `v` can get smaller wherever it stands?
# Give it in steps, and up to a tenth too short passes.
# Between 1 and 2 the numbers of bfloat16 are 1/128 apart, and a product is rounded to the nearest of them.
#
# <details><summary>Hint</summary>From where between 1 and 2 is least taken away? How much must be taken away there, so that the product is not rounded back?</details>

# %% tags=["stub"]
my_memory = None

# %% tags=["solution"]
my_memory = 250

# %% [markdown] tags=["solution"]
# *Why it is so.*
# Just above 1 the share that is taken away, 1 divided by the memory, must be more than half of the distance between two numbers.
# Half of it is 1/256.

# %% [markdown]
# The judge multiplies each of the 128 bfloat16 numbers from 1 to 2 by your memory's $\beta_2$, and counts those that get smaller.

# %%
judges.judge_memory(my_memory)

# %% [markdown]
# ## 10. What if RMSprop divides by a standard deviation, or never forgets?
#
# *5 minutes.*
#
# `v` averages the square of `g`, and nothing is subtracted from it.
# The [[variance]] would average the square of the distance from the mean.
# Feed both a gradient that never changes.

# %%
import numpy as np
from lessonlib import rmsprop
from lessonlib.lessons.lesson08 import practice, scales
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

slip = predict(
    "Divided by a standard deviation, what does the step do while the gradient stays 3?",
    ["it settles at the step size", "it grows and grows", "it goes to zero"],
)
slip

# %% [markdown]
# The length of three steps, in units of the step size.

# %% tags=["answer"]
rules = {"the root of v": rmsprop,
         "the standard deviation": practice.bug("variance instead of second moment"),
         "the root of a sum": practice.bug("sum without forgetting")}
steady = 3.0 * np.ones(1000)
rows = [[name, *scales.steps_of(rule, steady)[[99, 299, 999]]] for name, rule in rules.items()]
display(table(["divided by", "step 100", "step 300", "step 1000"], rows, ".2f"))
slip.answer(slip.options[1] if rows[1][3] > 2 * rows[1][2] else slip.options[0])

# %% [markdown]
# The deviation goes to zero, so the step grows exactly where the gradient is most certain.
# The variant exists, after Graves, and PyTorch offers it as `centered=True`.
# With a memory of ten steps PyTorch's can even return NaN, because what is left after the subtraction can be rounded to below zero.
#
# And what if `v` only sums?
# [[Adagrad]] does that and came before RMSprop.
# In the last row each step is shorter than the one before, because the sum only grows.
#
# **To do.**
# Add noise to the gradient, with `steady += 0.3 * np.random.default_rng(0).standard_normal(1000)` before the rows.
# How long do the steps get then?
#
# <details><summary>Answer</summary>At step 1000 about ten, because the noise is a tenth of the gradient and the deviation measures the noise. At steps 100 and 300 they are shorter, because the averages still hold their start. Divided by the root of <code>v</code> the one at step 1000 is near one.</details>
#
# ## 11. What does the burst do to a training?
#
# *6 minutes.*
#
# RMSprop's `v` starts at zero, so its first steps are longer than $\alpha$.
# We call them the burst.
# How far does it carry a parameter beyond one $\alpha$ a step, if its gradient stays the same all the time?

# %%
import numpy as np
from lessonlib.lessons.lesson08 import bursts
from lessonlib.play.prediction import predict
from lessonlib.lessons.tables import table

beyond = predict("A memory of 1000 steps: how far too far in all, in units of the step size?")
beyond

# %% [markdown]
# The table has three memories.

# %% tags=["answer"]
rows = [[round(1 / (1 - beta2)), bursts.too_far(beta2)] for beta2 in bursts.BETAS]
display(table(["memory, steps", "too far, in step sizes"], rows, ["", ".0f"]))
beyond.answer(rows[2][1], within=0.3)

# %% [markdown]
# So a memory of so many steps carries the parameter about as many step sizes too far.
#
# A small network reads digits with these memories, at a small and at a large step size.

# %%
helps = predict(
    "At the small step size, which memory has the lowest loss after 40 steps?",
    ["10 steps", "100 steps", "1000 steps"],
)
helps

# %% [markdown]
# Each line is the mean of three seeds.
# Look at the first steps of each panel, then at its end.

# %% tags=["answer"]
bursts.show_bursts()
ends = [bursts.losses(0.001, beta2)[:, -1].mean() for beta2 in bursts.BETAS]
helps.answer(helps.options[int(np.argmin(ends))])

# %% [markdown]
# On the left the burst helps, because the step size is too small and the burst makes it larger.
# On the right the longest memory throws the loss up, and it ends highest.
# Even at step 40 its steps are still five times too long.
# Remove the burst, so correct the length of all forty steps, and compare the memories again.

# %%
rows = []
for lr in (0.001, 0.01):
    for kind, mended in (("as it is", False), ("corrected", True)):
        ends = [bursts.losses(lr, beta2, corrected=mended)[:, -1].mean() for beta2 in bursts.BETAS]
        rows.append([f"{lr}, {kind}", *ends])
table(["lr, RMSprop", "memory 10", "100", "1000"], rows, ["", ".2f", ".2f", ".2f"])

# %% [markdown]
# With corrected steps all three memories end alike, at both step sizes.
# So at the large step size the burst helps the two shorter memories and harms the longest.
# Without a correction $\beta_2$ sets two things, the memory and the length of the first steps.
# How to correct them is the question of [lesson 9](../09_adam.ipynb).
#
# **To do.**
# Suppose `v` started at the square of the first gradient.
# What would go wrong when that gradient is unusually large?
#
# <details><summary>Answer</summary>It would set the scale for a whole memory. With a memory of a hundred steps this one gradient would count as much as a hundred.</details>
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
#   The start that lesson 8 compares with PyTorch's.
# - Balles and Hennig 2018, *Dissecting Adam: The Sign, Magnitude and Variance of Stochastic Gradients*, arXiv:1705.07774.
#   How much of an adaptive rule is its sign.
# - Cohen et al. 2022, *Adaptive Gradient Methods at the Edge of Stability*, arXiv:2207.14484.
#   Effective steps at the limit of stability, in networks.
# - Micikevicius et al. 2018, *Mixed Precision Training*, arXiv:1710.03740.
#   Why a float32 copy of the weights is kept beside float16.
