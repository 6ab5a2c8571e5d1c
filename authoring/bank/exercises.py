# %% [markdown]
# # Twelve more exercises
#
# None of them is in a lesson.
# Four are easy, four take a few lines, and four are rules that you write from their formulas.
# Each judge answers as the check of the lessons does, so run it as often as you like.

# %% tags=["setup"]

# %%
import math
import numpy as np
from lessonlib import State
from bank_judges import JUDGES

# %% [markdown]
# ## Easy
#
# ### 1. The largest step (after lesson 0, 3 minutes)
#
# A loss has these curvatures along its axes.
# Return the border below which the step size of gradient descent is stable.

# %% tags=["stub"]
def largest_step(curvatures):
    ...  # a list of numbers

# %% tags=["solution"]
def largest_step(curvatures):
    return 2 / max(curvatures)

# %%
JUDGES["largest_step"](largest_step)

# %% [markdown] tags=["solution"]
# *Why it is so.* Every axis has the border 2 divided by its own curvature, and the steepest axis is the first that is left.

# %% [markdown]
# ### 2. What is left of a gradient (after lesson 7, 3 minutes)
#
# A gradient enters an average with some weight.
# Return the share of that weight that is left `steps` steps later.

# %% tags=["stub"]
def share_left(beta, steps):
    ...

# %% tags=["solution"]
def share_left(beta, steps):
    return beta**steps

# %%
JUDGES["share_left"](share_left)

# %% [markdown] tags=["solution"]
# *Why it is so.* Each step keeps the share beta of what was there.

# %% [markdown]
# ### 3. Adam's first step without correction (after lesson 9, 4 minutes)
#
# Leave out both bias corrections, and take epsilon to be zero.
# Return how long the very first step of a parameter is, whatever its gradient.

# %% tags=["stub"]
def first_step(lr, beta1, beta2):
    ...

# %% tags=["solution"]
def first_step(lr, beta1, beta2):
    return lr * (1 - beta1) / (1 - beta2) ** 0.5

# %%
JUDGES["first_step"](first_step)

# %% [markdown] tags=["solution"]
# *Why it is so.* `m` is `(1 - beta1) * g` and `v` is `(1 - beta2) * g**2`. The gradient cancels, and the root of the second share stays below.

# %% [markdown]
# ### 4. What decay leaves of a weight (after lesson 10, 4 minutes)
#
# A weight has no gradient at all, and PyTorch's AdamW trains with these step sizes, one for each step.
# Return the share of the weight that is left at the end.

# %% tags=["stub"]
def weight_left(lrs, decay):
    ...  # lrs is a list of numbers

# %% tags=["solution"]
def weight_left(lrs, decay):
    return math.prod(1 - lr * decay for lr in lrs)

# %%
JUDGES["weight_left"](weight_left)

# %% [markdown] tags=["solution"]
# *Why it is so.* Each step takes its share of what the step before has left, so the shares that stay are multiplied.

# %% [markdown]
# ## A few lines
#
# ### 5. PyTorch's momentum (after lesson 7, 6 minutes)
#
# PyTorch keeps a sum, $m \leftarrow \beta_1 m + g$, and steps along it.
# Write it as a rule of this course.

# %% tags=["stub"]
def torch_momentum(theta, g, s, *, lr, beta1):
    ...

# %% tags=["solution"]
def torch_momentum(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + g
    return theta - lr * m, State(s.t + 1, m)

# %%
JUDGES["torch_momentum"](torch_momentum)

# %% [markdown] tags=["solution"]
# *Why it is so.* Without the factor `1 - beta1` the shares do not add up to one. Under a steady gradient the steps become `1 / (1 - beta1)` times as long.

# %% [markdown]
# ### 6. Clip a gradient (after lesson 10, 6 minutes)
#
# Return the gradient as it is if its length is at most `limit`, and otherwise the gradient of that length in the same direction.
# The length of $(3, 4)$ is 5.

# %% tags=["stub"]
def clipped(g, limit):
    ...  # g is an array

# %% tags=["solution"]
def clipped(g, limit):
    length = np.sqrt((g**2).sum())
    return g * limit / length if length > limit else g

# %%
JUDGES["clipped"](clipped)

# %% [markdown] tags=["solution"]
# *Why it is so.* One factor for all coordinates keeps the direction. A gradient of zero is short, so nothing is divided by zero.

# %% [markdown]
# ### 7. Warm up, then a cosine (after lesson 10, 8 minutes)
#
# The steps are counted from 1.
# For the first `warmup` steps the step size rises evenly, and at step `warmup` it is `lr`.
# From there it falls along half a cosine, and at step `steps` it is zero.

# %% tags=["stub"]
def lr_at(t, lr, warmup, steps):
    ...

# %% tags=["solution"]
def lr_at(t, lr, warmup, steps):
    if t <= warmup:
        return lr * t / warmup
    done = (t - warmup) / (steps - warmup)
    return lr * (1 + math.cos(math.pi * done)) / 2

# %%
JUDGES["lr_at"](lr_at)

# %% [markdown] tags=["solution"]
# *Why it is so.* The cosine runs from 1 to -1 over the steps that are left after the warm-up, and half of it plus a half runs from 1 to 0.

# %% [markdown]
# ### 8. Small batches as one (after lesson 9, 5 minutes)
#
# A batch was too large, so it was cut into small ones of different sizes.
# You have the gradient of each, which is a mean over its own examples.
# Return the gradient of the whole batch.

# %% tags=["stub"]
def combined(gradients, sizes):
    ...  # a list of arrays, and a list of whole numbers

# %% tags=["solution"]
def combined(gradients, sizes):
    return sum(n * g for g, n in zip(gradients, sizes)) / sum(sizes)

# %%
JUDGES["combined"](combined)

# %% [markdown] tags=["solution"]
# *Why it is so.* A mean times its count is a sum over examples. Add up the sums, and divide by all examples.

# %% [markdown]
# ## From the formula
#
# ### 9. AdaGrad (after lesson 8, 8 minutes)
#
# AdaGrad (Duchi et al. 2011) adds up the squares of all gradients and forgets none, $v \leftarrow v + g^2$.
# It steps by $\theta \leftarrow \theta - \alpha\,g/(\sqrt v + \epsilon)$.

# %% tags=["stub"]
def adagrad(theta, g, s, *, lr, eps):
    ...

# %% tags=["solution"]
def adagrad(theta, g, s, *, lr, eps):
    v = s.v + g**2
    theta = theta - lr * g / (v**0.5 + eps)
    return theta, State(s.t + 1, 0.0, v)

# %%
JUDGES["adagrad"](adagrad)

# %% [markdown] tags=["solution"]
# *Why it is so.* Its steps become shorter as one over the root of the number of steps, which is a schedule of its own.

# %% [markdown]
# ### 10. Lion (after lesson 10, 10 minutes)
#
# Lion (Chen et al. 2023) computes $c = \beta_1 m + (1-\beta_1) g$ and steps by
# $\theta \leftarrow \theta - \alpha\,(\mathrm{sign}(c) + w\,\theta)$ with decay $w$. Then it updates $m \leftarrow \beta_2 m + (1-\beta_2) g$.

# %% tags=["stub"]
def lion(theta, g, s, *, lr, beta1, beta2, weight_decay):
    ...

# %% tags=["solution"]
def lion(theta, g, s, *, lr, beta1, beta2, weight_decay):
    c = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * (np.sign(c) + weight_decay * theta)
    return theta, State(s.t + 1, beta2 * s.m + (1 - beta2) * g)

# %%
JUDGES["lion"](lion)

# %% [markdown] tags=["solution"]
# *Why it is so.* Two averages of different memory come from one stored m, so Lion remembers one number for each parameter, where Adam remembers two.

# %% [markdown]
# ### 11. AdaMax (after lesson 9, 12 minutes)
#
# AdaMax stands in Adam's own paper (Kingma and Ba 2015, Algorithm 2).
# Instead of an average of squares it keeps the larger of two numbers, $u \leftarrow \max(\beta_2 u, |g|)$.
# It steps by $\theta \leftarrow \theta - \alpha\,\hat m/(u + \epsilon)$, where $\hat m$ is Adam's, and $u$ is not corrected.
# Keep $u$ where Adam keeps $v$.

# %% tags=["stub"]
def adamax(theta, g, s, *, lr, beta1, beta2, eps):
    ...

# %% tags=["solution"]
def adamax(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    u = np.maximum(beta2 * s.v, abs(g))
    theta = theta - lr * m / (1 - beta1**t) / (u + eps)
    return theta, State(t, m, u)

# %%
JUDGES["adamax"](adamax)

# %% [markdown] tags=["solution"]
# *Why it is so.* After one gradient u is its whole size already, so there is no zero to correct for.

# %% [markdown]
# ### 12. AdamW as in its paper (after lesson 10, 10 minutes)
#
# Loshchilov and Hutter (2019, Algorithm 2) write $\theta \leftarrow \theta - \eta\,(\alpha\,\hat m/(\sqrt{\hat v}+\epsilon) + w\,\theta)$.
# The schedule $\eta$ multiplies both, and the step size $\alpha$ only Adam's part.
# In the code `schedule` is $\eta$ and `lr` is $\alpha$.

# %% tags=["stub"]
def paper_adamw(theta, g, s, *, lr, schedule, beta1, beta2, eps, weight_decay):
    ...

# %% tags=["solution"]
def paper_adamw(theta, g, s, *, lr, schedule, beta1, beta2, eps, weight_decay):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    step = lr * m_hat / (v_hat**0.5 + eps)
    return theta - schedule * (step + weight_decay * theta), State(t, m, v)

# %%
JUDGES["paper_adamw"](paper_adamw)

# %% [markdown] tags=["solution"]
# *Why it is so.* In the paper a change of the step size leaves the decay alone. PyTorch multiplies the decay by the step size as well, so there
# the two must be tuned together.
