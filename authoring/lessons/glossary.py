# %% [markdown]
# # Glossary
#
# Words of the course, each in two sentences, with an example that you can run and the lesson that teaches it.
# The symbols are those of the lessons, with parameters $\theta$, gradient $g$, step size $\alpha$ or `lr`, curvature $\lambda$ and step number $t$.
#
# [A](#Activations) · [B](#Bandwidth) · [C](#Checkpoint) · [D](#Dampening) · [E](#Edge-of-stability) · [F](#First-moment) · [G](#Gradient) · [H](#He-start) · [K](#Kernel) · [L](#L2-penalty) · [M](#Memory) · [N](#Nesterov-momentum) · [O](#Optimizer) · [P](#Param-group) · [Q](#Quadratic) · [R](#Ravine) · [S](#Scale-invariance) · [T](#Timescale) · [V](#Variance) · [W](#Warm-up)

# | You look for | It stands under |
# |---|---|
# | step size, `lr` | [[Learning rate]] |
# | SGD | [[Gradient descent]] |
# | beta | [[Exponential moving average]] |
# | weight | [[Parameter]] |
# | stability limit | [[Border]] |
# | underflow | [[Float16]] |
# | the memory that a training takes | [[Activations]] and [[Optimizer state]] |
# | the floor of a loss under noise | [[Noise floor]] |

# %% tags=["setup"]

# %% [markdown]
# Run this cell and the next, and you can run every example below.
# The next one is for the examples with PyTorch.

# %%
import numpy as np
from lessonlib import State, adam, adamw, momentum, muon, rmsprop, sgd
from lessonlib.problems import ravine

# %% [markdown]
# A layer and an optimizer of PyTorch.

# %%
import torch
from torch import nn, optim

model = nn.Linear(2, 1)
optimizer = optim.Adam(model.parameters(), lr=1e-3)

# %% [markdown]
# Try one here.

# %%
adam(2.0, 3.0, State())[0]

# %% [markdown]
# ## A, B
#
# ### Activations
#
# The numbers that the layers of a network compute on the way forward and keep until the way back has used them.
# They grow with the [[batch size]], while parameters, gradients and optimizer state do not.
#
# *Example.*
# A layer of 128 units that sees 64 images keeps `64 * 128 * 4`, which is 32768 bytes in float32.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Adagrad
#
# The forerunner of RMSprop, which divides the gradient by the root of the sum of all its squares so far.
# The sum grows with every gradient, so equal gradients make shorter and shorter steps.
#
# *Example.*
# The tenth gradient of 1 in a row moves the parameter by `1 / 10**0.5`, which is 0.316 step sizes.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Adam
#
# The optimizer that divides an average of the gradients by the root of an average of the squared gradients, for each parameter on its own.
# Both averages are corrected for their start at zero, so $\theta_t = \theta_{t-1} - \alpha\,\hat m_t / (\sqrt{\hat v_t} + \epsilon)$.
#
# *Example.*
# From 2, with a gradient of 3 and a step size of 0.001, `adam(2.0, 3.0, State())[0]` gives 1.999.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### AdamW
#
# Adam with decoupled [[weight decay]], which shrinks each weight by a small share and then takes Adam's step.
# In PyTorch the share is the step size times the decay.
#
# *Example.*
# From 2, with a decay of 0.5, `adamw(2.0, 3.0, State(), lr=0.001, weight_decay=0.5)[0]` gives 1.998.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### AMSGrad
#
# Adam that divides by the root of the largest $v$ so far, so that its denominator never shrinks.
# It was made for problems where large gradients are rare.
#
# *Example.*
# When $v$ was 9 and is 4 now, it divides by `max(9, 4) ** 0.5`, which is 3.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Bandwidth
#
# How many bytes a second a machine moves between its memory and its processor.
# An optimizer computes little with each number that it reads, so for a large model the bandwidth limits how fast a step can be.
#
# *Example.*
# A step that moves 28 bytes for each of 100 million parameters needs, at 320 GB a second, at least `28 * 100e6 / 320e9 * 1000`, which is 8.75 milliseconds.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Basin
#
# The range of step sizes around the best one whose results are as good up to a margin that the experiment states.
# Its width is given in decades, and one decade is a factor of ten.
#
# *Example.*
# From 0.003 to 0.03 it is `np.log10(0.03 / 0.003)`, which is 1 decade wide.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Batch size
#
# How many training examples are in a [[mini-batch]].
# A larger batch has a less noisy gradient and costs more time and memory for each step.
#
# *Example.*
# With four times as many examples the noise of the gradient is `1 / 4**0.5`, which is 0.5 of what it was.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Bfloat16
#
# A number format of 16 bits that reaches as far as float32 and resolves much less.
# It needs no [[GradScaler]], and older GPUs such as the T4 on Colab have no arithmetic for it.
#
# *Example.*
# After 1 the next number is `1 + 2**-7`, so `float(torch.tensor(1 + 2**-8).bfloat16())` gives 1, and the small change is lost.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Bias correction
#
# The division of an average that started at zero by $1-\beta^t$, the share of its weight that lies on gradients so far.
# For a steady gradient it makes the average right from the first step on.
#
# *Example.*
# At the first step $m$ holds `1 - 0.9**1`, which is 0.1 of the gradient, so it is divided by 0.1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Border
#
# The largest stable step size of gradient descent, 2 divided by the largest [[curvature]], also called its stability limit.
# Below it the loss of a quadratic falls, above it the loss grows, and momentum's is $(1+\beta)/(1-\beta)$ times as large.
#
# *Example.*
# With a curvature of 10 the border is `2 / 10`, which is 0.2.
# Momentum with a beta of 0.9 has its border at `(1 + 0.9) / (1 - 0.9) * 0.2`, which is 3.8.
#
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## C, D
#
# ### Checkpoint
#
# A file from which a training can go on as if nothing had happened.
# It holds the weights, what the optimizer remembers, and what else the run needs, such as the place in its [[schedule]].
#
# *Example.*
# Weights, $m$ and $v$ of 100 million parameters in float32 take `3 * 4 * 100e6 / 1e9`, which is 1.2 GB.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Condition number
#
# The largest curvature divided by the smallest one, written $\kappa$.
# On a quadratic the steps that gradient descent needs grow in proportion to it, and those of momentum, with the best beta for it, in proportion to its root.
#
# *Example.*
# For curvatures of 50 and 2 it is `50 / 2`, which is 25.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Convex
#
# A loss whose slope never falls on the way along any straight line, so that no curvature is negative.
# It has no minimum that is higher than another one.
#
# *Example.*
# The loss $\theta^2 - 1$ is convex, and $(\theta^2 - 1)^2$ is not, because its slope at 0.5 is `4 * 0.5 * (0.5**2 - 1)`, which is -1.5, and at 0 it was higher.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Cosine
#
# A [[schedule]] in which the step size falls along half a wave of the cosine, slowly at first and at the end.
# It needs to know how many steps the run will have.
#
# *Example.*
# Halfway through the run the step size is multiplied by `0.5 * (1 + np.cos(np.pi * 0.5))`, which is 0.5.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Cross-entropy
#
# The loss of a network that chooses among classes, which is minus the logarithm of the share that it gives to the right class.
# It is averaged over the examples.
#
# *Example.*
# A network that gives each of ten digits the same share has a loss of `-np.log(1 / 10)`, which is 2.303.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Curvature
#
# How fast the slope of the loss changes along a direction, written $\lambda$.
# On the loss $\frac{1}{2}\lambda\theta^2$ the gradient is $\lambda\theta$.
#
# *Example.*
# With a curvature of 10, a distance of 0.3 from the minimum has a gradient of `10 * 0.3`, which is 3.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Dampening
#
# An option of `torch.optim.SGD` that multiplies each new gradient by 1 minus this number.
# With a dampening equal to the momentum, PyTorch's sum becomes an average, and only the first gradient enters in full.
#
# *Example.*
# With both at 0.9 and a first gradient of 3, PyTorch's average is 3, and this course's is `(1 - 0.9) * 3`, which is 0.3.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Decoupled weight decay
#
# [[Weight decay]] that shrinks the weights directly and leaves the gradient as it is.
# So no average of gradients contains it, and every weight shrinks by the same share.
#
# *Example.*
# With a step size of 0.1 and a decay of 0.01, each step multiplies every weight by `1 - 0.1 * 0.01`, which is 0.999.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Divergence
#
# The loss grows and has no bound.
# On a [[quadratic]] gradient descent diverges when its step size is above the [[border]].
#
# *Example.*
# At a step size of 0.202 and a curvature of 10, each step multiplies the distance by `1 - 0.202 * 10`, which is -1.02.
#
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## E, F
#
# ### Edge of stability
#
# A state of full-batch gradient descent in which the largest curvature of the loss stays near $2/\alpha$.
# The loss goes up and down from step to step and still falls over many.
#
# *Example.*
# A network whose largest curvature is 10 at first trains at a step size of 0.05, and the curvature grows until it is near `2 / 0.05`, which is 40.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Eigenvalue
#
# A number by which a matrix multiplies some direction, which it stretches, shrinks or reverses and does not turn.
# A matrix that turns the plane has a pair of complex ones, and their size is what it leaves of a length, on average over many times.
#
# *Example.*
# The curvatures of a quadratic are the eigenvalues of its matrix of second derivatives, and of a valley with curvatures 1 and 100 the larger one is `np.linalg.eigvalsh([[1, 0], [0, 100]])[1]`, which is 100.
# A quarter turn has a complex pair of the size `abs(np.linalg.eigvals([[0, -1], [1, 0]]))[0]`, which is 1.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Epoch
#
# One pass over all training examples.
# The steps of an epoch are the number of examples divided by the batch size, rounded up.
#
# *Example.*
# 1297 images in batches of 64 make `np.ceil(1297 / 64)`, which is 21 steps.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Epsilon
#
# The small number $\epsilon$ that is added to the root of $v$ before RMSprop and Adam divide by it.
# It keeps the division finite, and where it is much larger than the root, RMSprop's step is proportional to the gradient again and Adam's to its average.
#
# *Example.*
# Where the gradient was always zero, `0 / (0**0.5 + 1e-8)` gives 0, and without epsilon NumPy and PyTorch make nan of it.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Equilibrium
#
# The size of the weights at which what the gradient adds and what the decay takes away are equal, on average over many steps.
# A weight starts from anywhere and drifts there.
#
# *Example.*
# Under a steady gradient AdamW's weight rests at 1 divided by the decay, with 0.5 at `1 / 0.5`, which is 2.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Excess loss
#
# The loss minus the lowest loss that is possible.
# It shows how far an optimizer still has to go.
#
# *Example.*
# At a loss of 0.35 where 0.25 is the lowest, it is `0.35 - 0.25`, which is 0.1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Exponential moving average
#
# A running average that keeps a share $\beta$ of its old value at each step and takes $1-\beta$ of the new one.
# A value of $k$ steps ago has the weight $(1-\beta)\beta^k$.
#
# *Example.*
# From 0, after one gradient of 3, it is `0.9 * 0 + 0.1 * 3`, which is 0.3.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### First moment
#
# The mean of the gradient.
# Adam estimates it by the running average $m$.
#
# *Example.*
# Of the gradients 1 and 3 it is `np.mean([1, 3])`, which is 2.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Float16
#
# A number format of 16 bits that resolves more than [[bfloat16]] and reaches less far.
# Small gradients become zero in it, which is called underflow, and that is why it needs a [[GradScaler]].
#
# *Example.*
# Its largest number is `float(np.finfo(np.float16).max)`, which is 65504.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Floor
#
# The shortest time that a step can take, which is the bytes that it cannot avoid moving divided by the [[bandwidth]].
# Adam in float32 reads four numbers for each parameter and writes three.
#
# *Example.*
# For each parameter that makes `7 * 4`, which is 28 bytes.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Foreach
#
# A way to run an optimizer that hands whole lists of tensors to each operation.
# It launches fewer kernels than a loop, and each operation still passes over the memory on its own.
#
# *Example.*
# In PyTorch you ask for it with `optim.AdamW(model.parameters(), foreach=True)`.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Full batch
#
# All training examples at every step.
# The gradient then has no noise from drawing, unlike that of a [[mini-batch]].
#
# *Example.*
# In units of the spread of single gradients, 64 different images out of 1297 have a noise of `(1 / 64 - 1 / 1297) ** 0.5`, which is 0.122, and all of them `(1 / 1297 - 1 / 1297) ** 0.5`, which is 0.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Fused
#
# A way to run an optimizer that does the whole update of many parameters in one [[kernel]], or in a few.
# Each number is read once, and each that changes is written once.
#
# *Example.*
# In PyTorch you ask for it with `optim.AdamW(model.parameters(), fused=True)`.
#
# *[Lesson 11](11_gpu_lab.ipynb)*

# %% [markdown]
# ## G, H
#
# ### Gradient
#
# The list of the slopes of the loss, one for each parameter.
# It points where the loss rises fastest, and it is longer where the loss is steeper.
#
# *Example.*
# Of the loss $\theta^2$ it is $2\theta$, so at 1.5 it is `2 * 1.5`, which is 3.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Gradient clipping
#
# The gradient is shortened to a chosen length whenever it is longer, and its direction stays.
# It protects a training from rare and very large gradients.
#
# *Example.*
# With a limit of 1, the gradient (3, 4) is multiplied by `1 / np.hypot(3, 4)`, which is 0.2.
# In PyTorch it is `nn.utils.clip_grad_norm_(model.parameters(), 1.0)`.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Gradient descent
#
# Steps against the gradient, again and again, $\theta_t = \theta_{t-1} - \alpha\,g_t$.
# With the gradient of a mini-batch it is called stochastic gradient descent, SGD for short.
#
# *Example.*
# From 2, with a gradient of 3 and a step size of 0.1, `sgd(2.0, 3.0, State(), lr=0.1)[0]` gives 1.7.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### GradScaler
#
# PyTorch's tool that multiplies the loss by a large number before the way back and divides the gradients by it again before the step.
# Without it small gradients become zero in [[float16]].
#
# *Example.*
# A gradient of 0.00000001, multiplied by 65536, becomes `float(np.float16(1e-8 * 65536))`, which is 0.000655 in float16 and not zero.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Grokking
#
# Test accuracy that rises from chance to nearly perfect, long after the training accuracy has reached 100 %.
# Decay of the weights makes it come sooner.
#
# *Example.*
# The three networks of lesson 10 with AdamW have learned four tenths of a table of sums by heart at step 40.
# The first of them reads 95 % of the rest at step 1100, `1100 / 40`, which is 27.5 times as late.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Half-life
#
# Of a running average, what has to pass until a gradient has half of its weight left, counted in steps or in [[tokens|token]].
# In steps it is $\ln 0.5 / \ln\beta$, about two thirds of the [[memory]].
#
# *Example.*
# With $\beta$ = 0.95 it is `np.log(0.5) / np.log(0.95)`, which is 13.5 steps.
#
# *[Lesson 12, deeper](deeper/12_after_adamw.ipynb)*
#
# ### He start
#
# Random starting weights with a standard deviation of $\sqrt{2/n}$, where $n$ is the number of inputs of the layer.
# So the numbers in a network with ReLU units keep about the same size from layer to layer.
#
# *Example.*
# For a layer with 64 inputs the standard deviation is `(2 / 64) ** 0.5`, which is 0.177.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Heavy ball
#
# Polyak's form of [[momentum]], which adds a share $\beta$ of the last move to a step of gradient descent.
# With the step size $\alpha(1-\beta)$ it takes the path that a step along the running average takes with $\alpha$.
#
# *Example.*
# A step size of 0.1 along the average, with beta 0.9, is for the heavy ball and for PyTorch's `lr` a step size of `0.1 * (1 - 0.9)`, which is 0.01.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Hop
#
# A step over the minimum to the other side and one back, again and again, which does not become smaller as an [[oscillation]] may.
# It happens when the step does not become shorter near the minimum, as with [[sign descent]].
#
# *Example.*
# With steps of 0.1 and from 0.05, the next place is `0.05 - 0.1 * np.sign(0.05)`, which is -0.05.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Hyperparameter
#
# A number that you choose before the training and that the training does not change.
# Step size, betas, epsilon and weight decay are hyperparameters, and the weights are not.
#
# *Example.*
# `adam` has four of them and `sgd` has one, which is `lr`.
#
# *[Lesson 9](09_adam.ipynb)*

# %% [markdown]
# ## K, L
#
# ### Kernel
#
# A program that a GPU runs over many numbers at once, and that costs some time to launch.
# The kernel of a notebook is something else, the process that runs its cells.
#
# *Example.*
# If a launch takes 10 microseconds, a thousand of them take `1000 * 10e-6 * 1000`, which is 10 milliseconds.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### L2 penalty
#
# A term $\frac{1}{2}c\lVert\theta\rVert^2$ that is added to the loss, so that large weights cost something.
# It adds $c\,\theta$ to the gradient, and whatever an optimizer does to gradients it does to the penalty too.
#
# *Example.*
# With $c$ = 0.01, a weight of 2 gets `0.01 * 2`, which is 0.02 added to its gradient.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Label noise
#
# Wrong labels among the training examples.
# A network that reproduces them has learned them by heart.
#
# *Example.*
# If a tenth of the training labels are wrong, a network that knows every digit is right on `1 - 0.1`, which is 0.9 of them.
# One that is right on all has learned the wrong ones by heart.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Lag
#
# How many steps an average is behind what it averages, if that climbs steadily.
# For a running average it is its mean age, $\beta/(1-\beta)$ steps, which is one less than its [[memory]].
#
# *Example.*
# With $\beta$ = 0.9 it is `0.9 / (1 - 0.9)`, which is 9 steps.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Learning rate
#
# The number $\alpha$ that the gradient, or what takes its place, is multiplied by to make a step.
# It is also called step size, and `lr` in the code.
#
# *Example.*
# With a step size of 0.1 and a gradient of 3, gradient descent moves by `0.1 * 3`, which is 0.3.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Loss
#
# The number $L(\theta)$ that training makes small.
# For a network it says how wrong the answers are, averaged over examples.
#
# *Example.*
# A line that is off by 1 and by 3 has a mean squared error of `np.mean([1**2, 3**2])`, which is 5.
#
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## M, N
#
# ### Memory
#
# Of a running average, $1/(1-\beta)$ steps.
# After that many steps about a third of a gradient's weight is left.
#
# *Example.*
# With $\beta$ = 0.9 it is `1 / (1 - 0.9)`, which is 10 steps.
# Ten steps later a weight has been multiplied by `0.9**10`, which is 0.349.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Mini-batch
#
# A few training examples that a step uses in place of all of them.
# Their gradient is the gradient over all examples plus noise.
#
# *Example.*
# A batch of 64 out of 1297 images is `64 / 1297`, which is 0.0493 of them.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Mixed precision
#
# Training in which most of the arithmetic is done with 16 bits, while the weights and what the optimizer remembers stay in float32.
# It saves time and the memory of the [[activations]].
#
# *Example.*
# With the next line a layer computes in 16 bits, while its weights stay in float32.
# `with torch.autocast("cpu", dtype=torch.bfloat16): print(model(torch.ones(1, 2)).dtype, model.weight.dtype)`
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Momentum
#
# A step along a running average of the gradients, $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$ and $\theta_t = \theta_{t-1} - \alpha\,m_t$.
# What changes its sign cancels, and what keeps its direction stays.
#
# *Example.*
# From 2, with a first gradient of 3, `momentum(2.0, 3.0, State(), lr=0.1)[0]` gives 1.97.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Muon
#
# An optimizer for weight matrices that steps along an approximation of the [[orthogonal factor]] of an average of the gradients.
# It keeps one number for each weight, and it needs AdamW beside it for tables, biases and norms.
#
# *Example.*
# With a step size of 0.1, a zero matrix whose gradient is diag(300, 3) moves at both places by nearly the same, `muon(np.zeros((2, 2)), np.diag([300.0, 3.0]), State(), lr=0.1)[0][0, 0]`, which is -0.0696, and `muon(np.zeros((2, 2)), np.diag([300.0, 3.0]), State(), lr=0.1)[0][1, 1]`, which is -0.0699.
# It is not -0.1, because the approximation takes both singular values to about 0.7.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### MuP
#
# A way to set the start and the step size of each matrix by the width of the network, so that a step size that was best for a narrow network stays good for a wide one.
# Under Adam a matrix whose input is as wide as the network has a step size that falls like one over the width.
#
# *Example.*
# From width 64 to width 1024 a step size of 0.01 becomes `0.01 * 64 / 1024`, which is 0.000625.
#
# *[Lesson 12, deeper](deeper/12_after_adamw.ipynb)*
#
# ### Nesterov momentum
#
# Momentum that steps along a guess of its next average, in which the newest gradient stands for the one to come.
# Elsewhere it takes the gradient at the place to which the average is about to lead, and in this form the parameters are these places.
#
# *Example.*
# From 2, with a first gradient of 3 and a step size of 0.1, the average is 0.3, the guess is `0.9 * 0.3 + 0.1 * 3`, which is 0.57, and the step leads to `2 - 0.1 * 0.57`, which is 1.943.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Newton-Schulz iteration
#
# A polynomial of a matrix, made of products with itself and its transpose, that is repeated a few times and changes its singular values alone.
# Muon repeats one of them five times, and then all singular values are between about 0.7 and 1.2, except very small ones.
#
# *Example.*
# The first step takes a singular value of 0.1 to `3.4445 * 0.1 - 4.7750 * 0.1**3 + 2.0315 * 0.1**5`, which is 0.3397.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### Noise floor
#
# The level around which the loss settles at a constant step size, because each step adds as much noise as the slope takes away.
# For small steps it is proportional to the step size.
#
# *Example.*
# With curvature 1, noise 1 and a step size of 0.1, the mean squared distance from the minimum settles at `0.1 / (2 - 0.1)`, which is 0.0526, and with 0.05 at `0.05 / (2 - 0.05)`, which is 0.0256.
# The loss settles at half of that, `0.5 * 0.1 / (2 - 0.1)`, which is 0.0263 above its lowest.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*

# %% [markdown]
# ## O, P, Q
#
# ### Optimizer
#
# The rule that turns a gradient into a step.
# In this course each is one short function, and in PyTorch it is an object with a method `step`.
#
# *Example.*
# `optimizer = optim.Adam(model.parameters(), lr=1e-3)` makes one.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Optimizer state
#
# What an optimizer remembers from one step to the next.
# For Adam that is $m$ and $v$ for each parameter, and the number of steps.
#
# *Example.*
# For a million parameters in float32, $m$ and $v$ take `2 * 4 * 1e6 / 1e6`, which is 8 MB.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Orthogonal factor
#
# The matrix that has the singular vectors of another one, and singular values that are all 1.
# A gradient and a thousand times that gradient have the same one.
#
# *Example.*
# The rows (3, 3) and (1, -1) are at right angles, so they are divided by their lengths, and the first number of the factor is `3 / 18**0.5`, which is 0.7071.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### Oscillation
#
# Steps that land on one side of the minimum and then on the other.
# Along a direction with $\alpha\lambda$ between 1 and 2 the swings become smaller, slowly near 2.
#
# *Example.*
# At a step size of 0.15 and a curvature of 10, each step multiplies the distance by `1 - 0.15 * 10`, which is -0.5.
# At a step size of 0.199 it is `1 - 0.199 * 10`, which is -0.99.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Overfitting
#
# A network learns what is peculiar to its training examples.
# The training loss goes on falling, while the loss on new examples rises.
#
# *Example.*
# Between two epochs the training loss falls from 0.05 to 0.02, and the loss on new examples rises from 0.25 to 0.31, by `0.31 - 0.25`, which is 0.06.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Param group
#
# In PyTorch, some of the parameters of one optimizer that have hyperparameters of their own.
# It is used to keep biases and norms free of weight decay.
#
# *Example.*
# `optim.AdamW([{"params": [model.weight]}, {"params": [model.bias], "weight_decay": 0.0}])` has two.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Parameter
#
# A number in a network that training changes, also called a weight.
# All of them together are $\theta$.
#
# *Example.*
# A layer from 64 inputs to 10 outputs has `64 * 10 + 10`, which is 650 parameters.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Precision
#
# How finely a number format resolves, which is the distance from 1 to the next number.
# It is not the range, because [[bfloat16]] reaches as far as float32 and resolves less.
#
# *Example.*
# In float32 it is `float(np.finfo(np.float32).eps)`, which is 1.19e-7, and in float64 `float(np.finfo(float).eps)`, which is 2.22e-16.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Protocol
#
# What an experiment kept fixed and what it tuned, and how it chose the best.
# A comparison of optimizers means nothing without it.
#
# *Example.*
# `{"tuned": "step size, 30 values", "fixed": "beta and batch size", "chosen by": "validation loss", "seeds": 10}` is a short one.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Quadratic
#
# A loss whose curvature is the same everywhere, such as $\frac{1}{2}\lambda\theta^2$.
# Near a minimum most smooth losses look like one.
#
# *Example.*
# With a curvature of 10, at a distance of 2, it is `0.5 * 10 * 2**2`, which is 20.
#
# *[Lesson 7](07_momentum.ipynb)*

# %% [markdown]
# ## R, S
#
# ### Ravine
#
# A valley that is steep across and nearly flat along.
# In the code it is `ravine(kappa)`, with curvature 1 along and $\kappa$ across.
#
# *Example.*
# At the start (1, 1) of the one with $\kappa$ = 100 the loss is `ravine(100).loss(np.ones(2))`, which is 50.5.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### RMSprop
#
# A step in which each gradient is divided by the root of a running average of its squares.
# So every parameter gets a step size of its own, $\theta_t = \theta_{t-1} - \alpha\,g_t/(\sqrt{v_t}+\epsilon)$.
#
# *Example.*
# From 2, with a first gradient of 3, `rmsprop(2.0, 3.0, State(), lr=0.001)[0]` gives 1.99.
# It moves by ten step sizes, because $v$ has only a hundredth of the squared gradient yet.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Rotation
#
# The same problem described in turned axes.
# Gradient descent and momentum turn with it, while RMSprop and Adam take another path, because they treat each axis on its own.
#
# *Example.*
# In a round bowl, a first step of RMSprop from (1, 0) leads to the distance `np.linalg.norm(rmsprop(np.array([1.0, 0]), np.array([1.0, 0]), State(), lr=0.01)[0])`, which is 0.9.
# From the turned start (0.707, 0.707) it leads to `np.linalg.norm(rmsprop(np.array([0.707, 0.707]), np.array([0.707, 0.707]), State(), lr=0.01)[0])`, which is 0.858.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Scale invariance
#
# The path stays the same when the loss is multiplied by a positive number.
# It holds for RMSprop and Adam as long as gradients are far above epsilon, and not for gradient descent or momentum.
#
# *Example.*
# With a gradient a thousand times larger, `adam(2.0, 3000.0, State())[0]` gives 1.999 as it does with 3.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Schedule
#
# A step size that changes with the number of the step.
# Many begin with a [[warm-up]] and fall to zero at the end.
#
# *Example.*
# A straight line from 0.1 to 0 is at step 50 of 100 at `0.1 * (1 - 50 / 100)`, which is 0.05.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Second moment
#
# The mean of the squared gradient, which RMSprop and Adam estimate by the running average $v$.
# Nothing is subtracted from it, so it is not the [[variance]].
#
# *Example.*
# Of the gradients 1 and 3 it is `np.mean([1**2, 3**2])`, which is 5.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Seed
#
# The number that starts a generator of random numbers.
# With the same versions of the software, the same seed gives the same starting weights, the same mini-batches and the same noise.
#
# *Example.*
# `np.random.default_rng(0).integers(10)` gives 8 with the versions of this course.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Sharding
#
# The parameters, gradients or optimizer state are split among several devices, so that each holds only its share.
# They are sent around when they are needed.
#
# *Example.*
# $m$ and $v$ of 7 billion parameters in float32, over 8 devices, are `7e9 * 2 * 4 / 8 / 1e9`, which is 7 GB on each.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Sign descent
#
# Every parameter moves by the step size against the sign of its gradient.
# RMSprop becomes this when $\beta_2$ is 0 and $\epsilon$ is very small.
#
# *Example.*
# From 2, with a gradient of 3 and a step size of 0.001, `2.0 - 0.001 * np.sign(3.0)` gives 1.999.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Singular value
#
# The length of a half-axis of the ellipse that a matrix makes of a circle of radius 1.
# It is how far the matrix stretches the direction that ends there, which is called a singular vector.
#
# *Example.*
# The smaller one of the matrix with the rows (3, 3) and (1, -1) is `np.linalg.svd(np.array([[3.0, 3.0], [1.0, -1.0]])).S[1]`, which is 1.414.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### Smooth loss
#
# A loss whose slope has no jump, because its curvature stays below some number.
# In papers this number is called the smoothness and written $L$.
#
# *Example.*
# The slope of $|\theta|$ jumps at 0 by `np.sign(0.001) - np.sign(-0.001)`, which is 2, so it is not smooth.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Spectral radius
#
# The largest absolute value among the [[eigenvalues|eigenvalue]] of a matrix.
# When each step multiplies the error by the same matrix, the error is multiplied by this factor a step, in the long run and on average, and it shrinks if the factor is below 1.
#
# *Example.*
# A step of momentum with $\alpha$ = 0.1 and $\beta$ = 0.7 along a curvature of 10 has a complex pair, and `max(abs(np.linalg.eigvals([[1 - 0.1 * 0.3 * 10, -0.1 * 0.7], [0.3 * 10, 0.7]])))` gives 0.837.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Standardising
#
# Each input is counted from its mean and divided by its standard deviation.
# It takes differences of unit out of the data, which make a [[ravine]] of the loss.
#
# *Example.*
# A temperature of 68 degrees, with a mean of 50 and a standard deviation of 18, becomes `(68 - 50) / 18`, which is 1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### State dict
#
# In PyTorch, a dictionary of what an optimizer remembers for each parameter and of its hyperparameters.
# For Adam it holds `step`, `exp_avg` and `exp_avg_sq`, which are our $t$, $m$ and $v$.
#
# *Example.*
# `list(optimizer.state_dict())` has the two names `["state", "param_groups"]`, and `torch.save` writes what they stand for to a file.
#
# *[Lesson 10](10_adamw.ipynb)*

# %% [markdown]
# ## T, V, W
#
# ### Timescale
#
# Of weight decay, 1 divided by the step size times the decay, in steps.
# In that many steps the decay alone shrinks a weight to about a third, as the steps of its [[memory]] do to what an average holds.
#
# *Example.*
# At AdamW's defaults in PyTorch it is `1 / (0.001 * 0.01)`, which is 100000 steps.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Token
#
# A piece of text that a language model reads as one symbol.
# In lesson 11 it is one character.
#
# *Example.*
# A batch of 16 texts with 64 characters each has `16 * 64`, which is 1024 tokens.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Transformer
#
# A network of many layers, in each of which a place of a text looks at itself and at other places.
# In those that write text, such as large language models, these are the places before it.
#
# *Example.*
# In one head of attention, 64 characters make a table of `64 * 64`, which is 4096 weights.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Tuning
#
# Several values of a hyperparameter are tried, and the best one is kept.
# Two optimizers can be compared only if both were tuned with the same care.
#
# *Example.*
# `np.geomspace(0.001, 1, 4)` tries 0.001, 0.01, 0.1 and 1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Variance
#
# The mean squared distance from the mean.
# A steady gradient has a variance of zero, whatever its size.
#
# *Example.*
# Of 3, 3 and 3 it is `np.var([3, 3, 3])`, which is 0, and of 1 and 3 it is `np.var([1, 3])`, which is 1.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Warm-up
#
# The first steps of a training, in which the step size rises from near zero to its full value.
# In these steps the averages of the optimizer rest on few gradients.
#
# *Example.*
# With a full step size of 0.001 and 100 steps of warm-up, step 10 has `0.001 * 10 / 100`, which is 0.0001.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Weight decay
#
# Weights are pulled towards zero at every step, in one of two ways.
# An [[L2 penalty]] does it through the gradient, [[decoupled weight decay]] does it directly, and for Adam these are not the same.
#
# *Example.*
# Directly and with a share of 0.001, a weight of 2 becomes `2 * (1 - 0.001)`, which is 1.998.
#
# *[Lesson 10](10_adamw.ipynb)*
