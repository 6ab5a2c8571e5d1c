# %% [markdown]
# # Glossary
#
# Words of the course, each explained in two sentences, with an example to run and a lesson where you meet it.
# The symbols are those of the lessons, with parameters $\theta$, gradient $g$, step size $\alpha$ or `lr`, curvature $\lambda$ and step number $t$.
# Papers on AdamW often write $\lambda$ for the weight decay.
#
# | | Words |
# |---|---|
# | **A** | [[Activations]] · [[Adagrad]] · [[Adam]] · [[AdamW]] · [[AMSGrad]] |
# | **B** | [[Bandwidth]] · [[Basin]] · [[Batch size]] · [[Bfloat16]] · [[Bias correction]] · [[Border]] |
# | **C** | [[Checkpoint]] · [[Condition number]] · [[Convex]] · [[Cosine]] · [[Cross-entropy]] · [[Curvature]] |
# | **D** | [[Decoupled weight decay]] · [[Divergence]] |
# | **E** | [[Edge of stability]] · [[Eigenvalue]] · [[Epoch]] · [[Epsilon]] · [[Equilibrium]] · [[Excess loss]] · [[Exponential moving average]] |
# | **F** | [[First moment]] · [[Float16]] · [[Floor]] · [[Foreach]] · [[Full batch]] · [[Fused]] |
# | **G** | [[Gradient]] · [[Gradient clipping]] · [[Gradient descent]] · [[GradScaler]] · [[Grokking]] |
# | **H** | [[Half-life]] · [[He start]] · [[Heavy ball]] · [[Hop]] |
# | **K** | [[Kernel]] |
# | **L** | [[L2 penalty]] · [[Lag]] · [[Learning rate]] · [[Loss]] |
# | **M** | [[Memory]] · [[Mini-batch]] · [[Mixed precision]] · [[Momentum]] · [[Muon]] · [[MuP]] |
# | **N** | [[Nesterov momentum]] · [[Newton-Schulz iteration]] · [[Noise floor]] |
# | **O** | [[Optimizer]] · [[Optimizer state]] · [[Orthogonal factor]] · [[Oscillation]] · [[Overfitting]] |
# | **P** | [[Param group]] · [[Parameter]] · [[Precision]] · [[Protocol]] |
# | **Q** | [[Quadratic]] |
# | **R** | [[Ravine]] · [[RMSprop]] · [[Rotation]] |
# | **S** | [[Scale invariance]] · [[Schedule]] · [[Second moment]] · [[Seed]] · [[Sharding]] · [[Sign descent]] · [[Singular value]] · [[Smooth loss]] · [[Spectral radius]] · [[Standardize]] · [[State dict]] |
# | **T** | [[Token]] · [[Transformer]] · [[Tuning]] |
# | **V** | [[Variance]] |
# | **W** | [[Warm-up]] · [[Weight decay]] |

# | You look for | It stands under |
# |---|---|
# | `alpha` of PyTorch's RMSprop | [[RMSprop]] |
# | attention | [[Transformer]] |
# | autocast, AMP | [[Mixed precision]] |
# | backpropagation, backward pass | [[Activations]] |
# | beta | [[Exponential moving average]] |
# | `beta1` | [[Momentum]] |
# | `beta2` | [[RMSprop]] |
# | bias of a layer | [[Parameter]] |
# | dampening | [[Heavy ball]] |
# | EMA, running average | [[Exponential moving average]] |
# | embedding table | [[Token]] |
# | `eps` | [[Epsilon]] |
# | `exp_avg`, `exp_avg_sq` | [[State dict]] |
# | floor of a loss under noise | [[Noise floor]] |
# | FSDP | [[Sharding]] |
# | Hessian | [[Curvature]] |
# | hyperparameter | [[Tuning]] |
# | initialization, Kaiming | [[He start]] |
# | label noise, wrong labels | [[Overfitting]] |
# | logits | [[Cross-entropy]] |
# | machine epsilon | [[Precision]] |
# | memory in bytes, of a training | [[Activations]] and [[Optimizer state]] |
# | memory-bound | [[Bandwidth]] |
# | minimum | [[Convex]] |
# | noise of a gradient | [[Mini-batch]] |
# | norm layer | [[Scale invariance]] |
# | overflow, underflow | [[Float16]] |
# | probability of a class | [[Cross-entropy]] |
# | regularization | [[Weight decay]] |
# | ReLU | [[He start]] |
# | second derivative | [[Curvature]] |
# | SGD, stochastic gradient descent | [[Gradient descent]] |
# | sharpness | [[Curvature]] |
# | singular vector | [[Singular value]] |
# | softmax | [[Cross-entropy]] |
# | stability limit, stable | [[Border]] |
# | standard deviation | [[Variance]] |
# | step size, `lr` | [[Learning rate]] |
# | test set, validation set | [[Overfitting]] |
# | timescale of the decay | [[Memory]] |
# | weight | [[Parameter]] |
# | `weight_decay` | [[AdamW]] |
# | ZeRO | [[Sharding]] |

# %% tags=["setup"]

# %% [markdown]
# The folded set-up cell and the two cells below are for the examples.
# The first of the two is for NumPy, and the second for PyTorch.
# Run the lines of an example in their order.

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
# Try one here, a first step of Adam from 2.
# It is one step size of 0.001 long, and [[epsilon]] makes the last digits.
# Where NumPy shows `np.float64(1.0)`, it is the number 1.

# %%
adam(2.0, 3.0, State())[0]

# %% [markdown]
# ## A, B
#
# ### Activations
#
# The numbers that the layers of a network compute on the way forward.
# They are kept for the backward pass, which finds the gradient by backpropagation, and their number grows with the [[batch size]].
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
# For each parameter, Adam divides a [[running average|exponential moving average]] of the gradients by the root of a running average of their squares.
# Its step is $\theta_t = \theta_{t-1} - \alpha\,\hat m_t / (\sqrt{\hat v_t} + \epsilon)$, where a hat marks an average after its [[bias correction]].
#
# *Example.*
# From 2, with a first gradient of 3, `adam(2.0, 3.0, State())[0]` gives 1.999, which is one step size of 0.001 further down.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### AdamW
#
# Adam with decoupled [[weight decay]], which shrinks each weight by a small share and then takes Adam's step.
# The share is the step size times the decay, here as in PyTorch.
#
# *Example.*
# From 2, with a step size of 0.01 and a decay of 0.25, the decay takes 0.005 and Adam's step 0.01.
# So `adamw(2.0, 3.0, State(), lr=0.01, weight_decay=0.25)[0]` gives 1.985.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### AMSGrad
#
# Adam that divides by the root of the largest $v$ so far, which never shrinks.
# Reddi, Kale and Kumar published it in 2018, together with problems where large gradients are rare and Adam does not converge.
#
# *Example.*
# When $v$ was 9 and is 4 now, it divides by `max(9, 4) ** 0.5`, which is 3.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Bandwidth
#
# How many bytes a second a machine moves between its memory and its processor.
# On a large network Adam's step waits for the memory and not for arithmetic, which is called memory-bound.
#
# *Example.*
# At 320 GB a second, to read 100 million parameters of 4 bytes takes `4 * 100e6 / 320e9 * 1000`, which is 1.25 milliseconds.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Basin
#
# In this course, the range of step sizes around the best one whose results are as good, up to a stated margin.
# In papers it is most often a region of weights around a minimum.
#
# *Example.*
# A basin from 0.003 to 0.03 is `np.log10(0.03 / 0.003)`, which is 1 decade wide, a factor of ten.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Batch size
#
# How many training examples are in a [[mini-batch]].
# A larger batch has a less noisy gradient, and each step costs more memory and often more time.
#
# *Example.*
# With four times as many examples out of very many, the noise of the gradient is `1 / 4**0.5`, which is 0.5 of what it was.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
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
# The division of a running average by $1-\beta^t$, because the average started at zero.
# For a steady gradient it makes the average right from the first step on.
#
# *Example.*
# At the first step $m$ holds `1 - 0.9**1`, which is 0.1 of the gradient, so it is divided by 0.1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Border
#
# The step size above which gradient descent or momentum diverges on a [[quadratic]], while below it they are stable and come to the minimum.
# Papers call it the stability limit, and for gradient descent it is 2 divided by the largest [[curvature]].
#
# *Example.*
# With a curvature of 10 gradient descent's border is `2 / 10`, which is 0.2.
# With $\beta$ = 0.9 momentum's is `2 * (1 + 0.9) / (1 - 0.9) / 10`, which is 3.8.
#
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## C, D
#
# ### Checkpoint
#
# A file from which a training can go on as if nothing had happened.
# It holds the weights, what the optimizer remembers, the place in the [[schedule]] and in the data, and the state of the random numbers.
#
# *Example.*
# Weights, $m$ and $v$ of 100 million parameters in float32 take `3 * 4 * 100e6 / 1e9`, which is 1.2 GB.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Condition number
#
# The largest curvature divided by the smallest one, written $\kappa$.
# To make the distance ten times smaller on a quadratic, gradient descent needs steps in proportion to $\kappa$, and momentum at its best setting in proportion to $\sqrt\kappa$.
#
# *Example.*
# For curvatures of 50 and 2 it is `50 / 2`, which is 25.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Convex
#
# A loss that curves upwards or not at all along every straight line, so that no curvature is negative.
# A minimum, a place with nothing lower near it, then has nothing lower anywhere.
#
# *Example.*
# The slope of the loss $(\theta^2 - 1)^2$ is $4\,\theta\,(\theta^2 - 1)$, which is 0 at $\theta = 0$.
# At 0.5 it is `4 * 0.5 * (0.5**2 - 1)`, which is -1.5, so the slope falls and the loss is not convex.
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
# Minus the natural logarithm of the probability that a network gives to the right class, averaged over the examples.
# PyTorch's takes the outputs of the network, called logits, and applies the softmax itself, which turns them into probabilities.
#
# *Example.*
# A network that gives each of ten digits the same probability has a loss of `-np.log(1 / 10)`, which is 2.303.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Curvature
#
# How fast the slope of the loss changes along a direction, which is the second derivative, written $\lambda$.
# In papers the largest curvature of a loss is called its sharpness, and the table of all second derivatives its Hessian.
#
# *Example.*
# Where the curvature is 10, the gradient changes by `10 * 0.3`, which is 3, over a distance of 0.3.
#
# *[Lesson 0](00_start_here.ipynb)*
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
# The loss grows without bound.
# On a [[quadratic]], gradient descent diverges when its step size is above the [[border]].
#
# *Example.*
# At a step size of 0.202 and a curvature of 10, each step multiplies the distance by `1 - 0.202 * 10`, which is -1.02.
# So it changes side and grows by 2 %.
#
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## E, F
#
# ### Edge of stability
#
# A state of full-batch gradient descent in which the largest [[curvature]] of the loss has risen by itself, and stays near $2/\alpha$.
# In the networks of Cohen and others (2021) the loss then goes up and down, and over many steps it still falls.
#
# *Example.*
# At a step size of 0.05 the largest curvature stays near `2 / 0.05`, which is 40.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Eigenvalue
#
# The number by which a matrix stretches or shrinks an arrow that it does not turn, negative if it reverses the arrow.
# The curvatures of a quadratic are the eigenvalues of its matrix of [[second derivatives|curvature]].
#
# *Example.*
# The rows (2, 1) and (1, 2) make (3, 3) of the arrow (1, 1), so the larger eigenvalue is `max(np.linalg.eigvals([[2, 1], [1, 2]]))`, which is 3.
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
# It keeps the division finite, and where it is not small beside the root, it makes steps shorter.
#
# *Example.*
# Where the gradient was always zero, `0 / (0**0.5 + 1e-8)` gives 0, and without epsilon it would be zero divided by zero.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Equilibrium
#
# The typical size of the weights, their root mean square, at which AdamW's steps add as much as the decay takes away.
# Larger weights shrink to it and smaller ones grow to it, and where gradients are more than pure noise the size is another.
#
# *Example.*
# With a step size of 0.01, a decay of 0.1 and gradients of nothing but noise, it is about `(0.01 / (2 * 0.1)) ** 0.5`, which is 0.224.
#
# *[Lesson 10, deeper](deeper/10_adamw.ipynb)*
#
# ### Excess loss
#
# The loss minus the lowest loss that is possible.
# It falls towards 0, so on a logarithmic axis every further factor of ten can be seen.
#
# *Example.*
# At a loss of 0.35 where 0.25 is the lowest, it is `0.35 - 0.25`, which is 0.1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Exponential moving average
#
# A running average, EMA for short, made of a share $\beta$ of its old value and $1-\beta$ of the number that comes in.
# A number that came in $k$ steps ago has the share $(1-\beta)\beta^k$.
#
# *Example.*
# From 0, after one gradient of 3, it is `0.9 * 0 + 0.1 * 3`, which is 0.3.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### First moment
#
# The mean that the gradient would have over very many draws of a mini-batch.
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
# Small gradients become zero in it, called underflow, so it needs a [[GradScaler]], and too large numbers become infinite, called overflow.
#
# *Example.*
# The largest number is `float(np.finfo(np.float16).max)`, which is 65504, and `float(np.float16(1e-8))` gives 0.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Floor
#
# In this course, the shortest time that the optimizer's part of a step can take.
# It is the bytes that must be moved, divided by the [[bandwidth]].
#
# *Example.*
# Adam in float32 reads four numbers for each parameter and writes three.
# At 320 GB a second, 100 million parameters need `7 * 4 * 100e6 / 320e9 * 1000`, which is 8.75 milliseconds.
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
# The mean of 1, 2 and 6 is `np.mean([1, 2, 6])`, which is 3 every time, while that of two depends on which two.
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
# As an arrow it points where the loss rises fastest, and the arrow is longer where the loss is steeper.
#
# *Example.*
# Of the loss $\theta_1^2 + \theta_2^2$ the slopes are $2\theta_1$ and $2\theta_2$, so at (1.5, 1) the gradient is `2 * np.array([1.5, 1.0])`, the list (3, 2).
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Gradient clipping
#
# The gradient of all parameters together is shortened to a chosen length whenever it is longer, and its direction stays.
# It protects a training from rare and very large gradients.
#
# *Example.*
# With a limit of 1, the gradient (3, 4) is multiplied by `1 / np.hypot(3, 4)`, which is 0.2.
#
# *In PyTorch.*
# It is `nn.utils.clip_grad_norm_(model.parameters(), 1.0)`, after the backward pass and before the step.
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
# PyTorch's tool that multiplies the loss by a large number before the backward pass, and divides the gradients by it before the step.
# It keeps small gradients from becoming zero in [[float16]], and skips a step whose gradients became infinite.
#
# *Example.*
# A gradient of 0.00000001, multiplied by 65536, becomes `float(np.float16(1e-8 * 65536))`, which is 0.000655 in float16 and not zero.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Grokking
#
# Test accuracy that rises from chance to nearly perfect, long after the training accuracy has reached 100 %.
# In the lesson's runs it came with weight decay, and without decay it had not come by step 1200.
#
# *Example.*
# Three networks that learned to add had 95 % of the training sums right by step 40, and 95 % of the test sums only at step `np.mean([1100, 920, 1040])`, which is 1020, on average.
#
# *[Lesson 10, deeper](deeper/10_adamw.ipynb)*
#
# ### Half-life
#
# How many steps it takes until a gradient has half of its share in a running average left.
# It is $\ln 0.5 / \ln\beta$ steps, about 0.7 of a long [[memory]], and it can be counted in [[tokens|token]] too.
#
# *Example.*
# With $\beta$ = 0.95 it is `np.log(0.5) / np.log(0.95)`, which is 13.5 steps.
#
# *[Lesson 12, deeper](deeper/12_after_adamw.ipynb)*
#
# ### He start
#
# This course's name for Kaiming He's initialization, random weights with a standard deviation of $\sqrt{2/n}$ in a layer with $n$ inputs.
# So the numbers in a network with ReLU units, which turn negative numbers into zero, keep about the same size from layer to layer.
#
# *Example.*
# For a layer with 64 inputs the standard deviation is `(2 / 64) ** 0.5`, which is 0.177.
#
# *In PyTorch.*
# It is `nn.init.kaiming_normal_(model.weight, nonlinearity="relu")`.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Heavy ball
#
# Polyak's form of [[momentum]], which adds a share $\beta$ of the last move to a step of gradient descent.
# With a constant step size $\alpha(1-\beta)$ it reaches the same places as a step along the running average with $\alpha$.
#
# *Example.*
# For a step size of 0.1 along the average, with beta 0.9, the heavy ball and PyTorch take `0.1 * (1 - 0.9)`, which is 0.01.
#
# *In PyTorch.*
# With dampening equal to beta its sum is an average, into which the first gradient goes in full.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Hop
#
# This course's word for a step over the minimum to the other side and one back, again and again, without becoming smaller.
# On a [[quadratic]], gradient descent hops at the [[border]] only, while [[sign descent]] and, with its usual $\beta_2$ of 0.99, RMSprop hop at small step sizes too.
#
# *Example.*
# At a step size of 0.2 and a curvature of 10, gradient descent multiplies the distance by `1 - 0.2 * 10`, which is -1.
# So it changes side and comes no closer.
#
# *[Lesson 0](00_start_here.ipynb)*

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
# The number that training makes small.
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
# About how many of the latest steps a running average still remembers, which is $1/(1-\beta)$ of them.
# The weights under AdamW have one too, $1/(\alpha w)$ steps for a decay of $w$, and papers call it the timescale of the decay.
#
# *Example.*
# With $\beta$ = 0.9 it is `1 / (1 - 0.9)`, which is 10 steps, and after them `0.9**10`, which is 0.349, is left of a gradient's share.
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Mini-batch
#
# A few training examples that a step uses in place of all of them.
# Their gradient is the gradient over all examples plus noise.
#
# *Example.*
# The mean of the gradients 1, 2 and 6 is 3, and a batch of the first two has `np.mean([1, 2])`, which is 1.5.
# So its noise is -1.5.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Mixed precision
#
# Training with most of the arithmetic in 16 bits, while the weights and what the optimizer remembers stay in float32.
# It saves memory of the [[activations]], and time where a step has enough arithmetic in it.
#
# *Example.*
# `with torch.autocast("cpu", dtype=torch.bfloat16): print(model(torch.ones(1, 2)).dtype)` computes the layer in 16 bits.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Momentum
#
# A step along a running average of the gradients, $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$ and $\theta_t = \theta_{t-1} - \alpha\,m_t$.
# What changes its sign at every step nearly cancels, and what keeps its direction adds up to its full size.
#
# *Example.*
# From 2, a first gradient of 3 leads to `momentum(2.0, 3.0, State(), lr=0.1)[0]`, which is 1.97, because the average is 0.3 so far.
#
# *In PyTorch.*
# It has a sum in place of the average, and the step size for it stands under [[heavy ball]].
#
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Muon
#
# An optimizer for weight matrices that steps along an approximation of the [[orthogonal factor]] of an average of the gradients.
# It keeps one number for each weight, and AdamW takes embedding tables, the last layer, biases and norm layers.
#
# *Example.*
# With a step size of 0.1, a zero matrix whose gradient has 300 and 3 on its diagonal moves at the first place by `muon(np.zeros((2, 2)), np.diag([300.0, 3.0]), State(), lr=0.1)[0][0, 0]`, which is -0.0696.
# At the second place it moves by -0.0699, and with the exact factor both would be -0.1.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### MuP
#
# The maximal update parametrization, also written $\mu$P, sets the random start and the step size of each matrix by the network's width.
# One tunes a single step size on a narrow network, and the rule makes those of a wide network from it.
#
# *Example.*
# Under Adam, a matrix whose input is as wide as the network has a step size that falls like one over the width.
# From width 64 to width 1024 a step size of 0.01 becomes `0.01 * 64 / 1024`, which is 0.000625.
#
# *[Lesson 12, deeper](deeper/12_after_adamw.ipynb)*
#
# ### Nesterov momentum
#
# Momentum that steps along a guess of its next average, as if the next gradient were the same as the newest one.
# Books keep two points, the parameters and one a little ahead at which they take the gradient, and our parameters are their point ahead.
#
# *Example.*
# From 2, with a first gradient of 3 and a step size of 0.1, the average is 0.3 and the guess is `0.9 * 0.3 + 0.1 * 3`, which is 0.57.
# So the step leads to `2 - 0.1 * 0.57`, which is 1.943.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Newton-Schulz iteration
#
# A way to come near the [[orthogonal factor]] of a matrix by multiplying matrices, which is fast on a GPU.
# Muon's five steps of it bring all but the smallest singular values to between about 0.7 and 1.2, and leave the directions.
#
# *Example.*
# First the matrix is divided by the root of the sum of its squares.
# Then the first of Muon's five steps takes a singular value of 0.1 to `3.4445 * 0.1 - 4.7750 * 0.1**3 + 2.0315 * 0.1**5`, which is 0.3397.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### Noise floor
#
# The level around which the loss settles at a constant step size, because the noise of the steps holds it up.
# For small steps it is proportional to the step size.
#
# *Example.*
# Under gradient descent with curvature 1, noise of variance 1 and a step size of 0.1, the loss settles at `0.5 * 0.1 / (2 - 0.1)`, which is 0.0263 above its lowest.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*

# %% [markdown]
# ## O, P, Q
#
# ### Optimizer
#
# The rule that turns a gradient into a step.
# In this course's library each is one short function, and in PyTorch it is an object with a method `step`.
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
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Orthogonal factor
#
# The matrix that has the singular vectors of another one, and a 1 in place of every [[singular value]] above zero.
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
# On a [[quadratic]], gradient descent does it where $\alpha\lambda$ is between 1 and 2, and its swings become smaller, slowly near 2.
#
# *Example.*
# At a step size of 0.15 and a curvature of 10, each step multiplies the distance by `1 - 0.15 * 10`, which is -0.5.
# So it changes side and is halved.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Overfitting
#
# A network learns by heart what is peculiar to its training examples, such as wrong labels, which are called label noise.
# The training loss goes on falling, while the answers become worse for a validation set, examples kept aside to choose settings, and for a test set, looked at once.
#
# *Example.*
# Six points of the line $y = x$ are each wrong by a half, `x, y = np.arange(6), np.array([0.5, 0.5, 2.5, 2.5, 4.5, 4.5])`.
# A curve of degree 5 goes through all of them, and at the next place, where the line has 6, it has `np.polyval(np.polyfit(x, y, 5), 6)`, which is -25.5.
#
# *[Lesson 10, deeper](deeper/10_adamw.ipynb)*
#
# ### Param group
#
# In PyTorch, some of the parameters of one optimizer that have [[hyperparameters|tuning]] of their own.
# With two of them, biases and norm layers can stay free of weight decay.
#
# *Example.*
# `optim.AdamW([{"params": [model.weight]}, {"params": [model.bias], "weight_decay": 0.0}])` has two.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Parameter
#
# A number in a network that training changes, and all of them together are $\theta$.
# Those that multiply inputs are called weights and those that are added are called biases, and often all are called weights.
#
# *Example.*
# A layer from 64 inputs to 10 outputs has `64 * 10 + 10`, which is 650 parameters, and 10 of them are biases.
#
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Precision
#
# How finely a number format resolves, which is the distance from 1 to the next number, called machine epsilon.
# The range is something else, as [[bfloat16]] reaches as far as float32 and resolves less.
#
# *Example.*
# In float32 it is `float(np.finfo(np.float32).eps)`, which is 1.19e-7, and in float64 `float(np.finfo(float).eps)`, which is 2.22e-16.
#
# *Another meaning.*
# The [[epsilon]] of Adam is another number.
#
# *[Lesson 8, deeper](deeper/08_rmsprop.ipynb)*
#
# ### Protocol
#
# What an experiment kept fixed and what it tuned, and how it chose the best.
# Without it a comparison of optimizers cannot be judged.
#
# *Example.*
# Where 30 scores differ by chance alone, on a bell curve, the highest is on average at `np.random.default_rng(0).standard_normal((10000, 30)).max(axis=1).mean()`, which is 2.04 standard deviations above the mean.
# So a protocol says how many were tried.
#
# *[Lesson 9, deeper](deeper/09_adam.ipynb)*
#
# ### Quadratic
#
# A bowl or a valley whose curvatures are the same everywhere, such as $\frac{1}{2}\lambda\theta^2$.
# Near a minimum whose curvatures are above zero, a loss without kinks looks like one.
#
# *Example.*
# With a curvature of 10, at a distance of 2, it is `0.5 * 10 * 2**2`, which is 20.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*

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
# A step in which each gradient is divided by the root of a running average of its squares, $v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2$.
# So every parameter gets a step size of its own, $\theta_t = \theta_{t-1} - \alpha\,g_t/(\sqrt{v_t}+\epsilon)$.
#
# *Example.*
# From 2, with a first gradient of 3, `rmsprop(2.0, 3.0, State(), lr=0.001)[0]` gives 1.99, a move of ten step sizes.
# After one step the root of $v$ is only a tenth of the gradient.
#
# *In PyTorch.*
# In `optim.RMSprop(model.parameters(), lr=0.001, alpha=0.99)` alpha is our $\beta_2$.
#
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Rotation
#
# The same problem described in turned axes.
# Gradient descent and momentum turn with it, while RMSprop and Adam take another path, because they treat each axis on its own.
#
# *Example.*
# In a round bowl, a first step of RMSprop from (1, 0), which is ten step sizes long, leads to the distance `np.linalg.norm(rmsprop(np.array([1.0, 0]), np.array([1.0, 0]), State(), lr=0.01)[0])`, which is 0.9.
# From the turned start (0.707, 0.707) it leads to `np.linalg.norm(rmsprop(np.array([0.707, 0.707]), np.array([0.707, 0.707]), State(), lr=0.01)[0])`, which is 0.858.
#
# *[Lesson 8, deeper](deeper/08_rmsprop.ipynb)*
#
# ### Scale invariance
#
# The path stays the same when the loss is multiplied by a positive number.
# It holds for RMSprop and Adam as long as the root of $v$ is far above epsilon, and not for gradient descent or momentum.
#
# *Example.*
# With a gradient a thousand times larger, `adam(2.0, 3000.0, State())[0]` gives 1.999 as it does with 3.
#
# *Another meaning.*
# A norm layer such as LayerNorm subtracts the mean of its inputs and divides by their standard deviation, so doubling the weights before it changes nothing, and papers call them scale-invariant.
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
# With the same software and device it gives the same starting weights, mini-batches and noise.
#
# *Example.*
# `np.random.default_rng(0).integers(10)` gives 8 with the versions of this course.
#
# *[Lesson 10, deeper](deeper/10_adamw.ipynb)*
#
# ### Sharding
#
# The parameters, gradients or optimizer state are split among several devices, so that each holds only its share.
# Each device updates its share with the state that it keeps, and the best-known ways are called ZeRO and, in PyTorch, FSDP.
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
# *[Lesson 8, deeper](deeper/08_rmsprop.ipynb)*
#
# ### Singular value
#
# The length of a half-axis of the ellipse that a matrix with two columns makes of a circle of radius 1.
# Its two singular vectors are the arrow that becomes this half-axis, and the direction of the half-axis.
#
# *Example.*
# The smaller one of the matrix with the rows (3, 3) and (1, -1) is `np.linalg.svd(np.array([[3.0, 3.0], [1.0, -1.0]])).S[1]`, which is 1.414.
#
# *[Lesson 12](12_after_adamw.ipynb)*
#
# ### Smooth loss
#
# A loss whose slope changes by at most $L$ times the distance moved, with the same number $L$ everywhere.
# So its slope has no jump and no curvature is larger than $L$ in size, and papers call $L$ the smoothness.
#
# *Example.*
# The slope of $|\theta|$ jumps at 0 by `np.sign(0.001) - np.sign(-0.001)`, which is 2, so no $L$ is large enough for it.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Spectral radius
#
# The largest absolute value among the [[eigenvalues|eigenvalue]] of a matrix, which may be complex numbers.
# When each step multiplies the error by the same matrix, the error shrinks or grows in the long run by about this factor a step.
#
# *Example.*
# Momentum's matrix makes the new $\theta$ and the new $m$ from the old ones.
# With a curvature $c$ its first row is $1 - \alpha(1-\beta)c$ and $-\alpha\beta$, and its second row $(1-\beta)c$ and $\beta$.
# With $c$ = 10, $\alpha$ = 0.1 and $\beta$ = 0.7 the radius is `max(abs(np.linalg.eigvals([[1 - 0.1 * 0.3 * 10, -0.1 * 0.7], [0.3 * 10, 0.7]])))`, which is 0.8367.
#
# *[Lesson 7, deeper](deeper/07_momentum.ipynb)*
#
# ### Standardize
#
# To subtract the mean of each input and to divide by its standard deviation.
# Without that, an input of large numbers, or far from zero, can make a [[ravine]].
#
# *Example.*
# A temperature of 68 degrees, with a mean of 50 and a standard deviation of 18, becomes `(68 - 50) / 18`, which is 1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### State dict
#
# In PyTorch, a dictionary of what a model, an optimizer or a schedule would lose when the program ends.
# Adam's has, after the first step, `step`, `exp_avg` and `exp_avg_sq` for each parameter, which are our $t$, $m$ and $v$.
#
# *Example.*
# `list(optimizer.state_dict())` has the names `["state", "param_groups"]`, and `torch.save` writes what they stand for to a file.
#
# *[Lesson 10](10_adamw.ipynb)*

# %% [markdown]
# ## T, V, W
#
# ### Token
#
# A piece of text that a language model reads as one symbol, in lesson 11 one character.
# For each token the model looks up a row of numbers in its embedding table.
#
# *Example.*
# A batch of 16 texts with 64 characters each has `16 * 64`, which is 1024 tokens.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Transformer
#
# A network of many layers, each of which takes at every place of a text a weighted average over places, called attention, and then puts the result through a small network.
# In those that write text, such as large language models, a place averages over itself and the places before it.
#
# *Example.*
# For 64 characters, up to `64 * 65 / 2`, which is 2080, of the 4096 shares in a table of attention are not zero, because no place looks ahead.
#
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Tuning
#
# To train with several values of a hyperparameter, a number that training does not change, and to keep the best one.
# A comparison of two optimizers is called fair when both were tuned with the same care.
#
# *Example.*
# `np.geomspace(0.001, 1, 4)` tries 0.001, 0.01, 0.1 and 1.
#
# *[Lesson 9](09_adam.ipynb)*
#
# ### Variance
#
# The mean squared distance from the mean, whose root is the standard deviation.
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
# A training can bear a larger step size with it than without it, as in the deeper part of lesson 11.
#
# *Example.*
# With a full step size of 0.001 and 100 steps of warm-up, the tenth step has `0.001 * 10 / 100`, which is 0.0001.
#
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Weight decay
#
# A regularization that pulls the weights towards zero at every step, in one of two ways.
# An [[L2 penalty]] does it through the gradient, [[decoupled weight decay]] does it directly, and for Adam these are not the same.
#
# *Example.*
# Directly and with a share of 0.001, a weight of 2 becomes `2 * (1 - 0.001)`, which is 1.998.
#
# *[Lesson 10](10_adamw.ipynb)*
