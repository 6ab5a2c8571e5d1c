# %% [markdown]
# # Glossary
#
# The words of the course, each in a few sentences, with the lesson in which it first matters.
# The symbols are those of the lessons: parameters $\theta$, gradient $g$, step size $\alpha$ (`lr`), curvature $\lambda$, step number $t$.
#
# [A](#Activations) · [B](#Bandwidth) · [C](#Condition-number) · [D](#Dampening) · [E](#Edge-of-stability) · [F](#First-moment) · [G](#Gradient) · [H](#Heavy-ball) · [K](#Kernel) · [L](#L2-penalty) · [M](#Memory) · [N](#Nesterov-momentum) · [O](#Oscillation) · [P](#Param-group) · [R](#Ravine) · [S](#Scale-invariance) · [T](#Timescale) · [V](#Variance) · [W](#Warm-up)

# %% [markdown]
# ## A, B, C
#
# ### Activations
#
# The numbers that the layers of a network make on the way forward and keep until the way back has used them.
# They grow with the batch; parameters, gradients and state do not.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Adagrad
#
# RMSprop without forgetting: each coordinate's gradient is divided by the root of the *sum* of all its squared gradients so far, $\theta_t = \theta_{t-1} - \alpha\, g_t \big/ \big(\sqrt{\sum_{i\le t} g_i^2} + \epsilon\big)$.
# The sum never shrinks, so the factor on a coordinate's gradient can only fall.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Adam
#
# *Adaptive moment estimation*: a step along the first moment, divided coordinate by coordinate by the root of the second, both with bias correction: $\theta_t = \theta_{t-1} - \alpha\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$.
# *[Lesson 9](09_adam.ipynb)*
#
# ### AdamW
#
# Adam with decoupled weight decay: $\theta$ is multiplied by $1 - \alpha \cdot \text{weight decay}$, and Adam's step, computed from the gradient of the loss alone, is subtracted.
# That is PyTorch's form; in the paper's the decay is not multiplied by $\alpha$, only by the schedule.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### AMSGrad
#
# Adam that divides by the root of the largest $v$ so far, coordinate by coordinate, so that its denominator never shrinks.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Bandwidth
#
# How many bytes a second a machine moves between its memory and its processor.
# An optimizer does little arithmetic with each number it reads, so for a large model bandwidth, not arithmetic, limits how fast a step can be.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Basin
#
# Of step sizes: the unbroken range around the best one whose results are within a stated distance of the best; its width is given in decades (factors of ten).
# Not the basin of attraction of a minimum.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Bias correction
#
# Division of an average that started at zero by $1-\beta^t$, which is the share of its weight that lies on gradients so far: $\hat m_t = m_t / (1-\beta_1^t)$, $\hat v_t = v_t/(1-\beta_2^t)$.
# Exact for a steady gradient; for random gradients of constant mean it makes the average right in expectation.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Condition number
#
# Largest curvature over smallest, $\kappa = \lambda_{\max}/\lambda_{\min}$, of a quadratic whose curvatures are all positive.
# Where $\kappa$ is large, the number of steps to a given accuracy grows like $\kappa$ for gradient descent and like $\sqrt\kappa$ for momentum, each at its best settings.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Curvature
#
# How fast the slope changes: the second derivative of the loss along a direction, $\lambda$.
# On $\frac{1}{2}\lambda\theta^2$ the gradient is $\lambda\theta$.
# In many dimensions the second derivatives form a matrix, the Hessian; its eigenvalues are the curvatures along its eigenvectors.
# *[Lesson 0](00_start_here.ipynb)*

# %% [markdown]
# ## D, E
#
# ### Dampening
#
# An option of `torch.optim.SGD`, whose buffer is $b_t = \mu\, b_{t-1} + (1-\text{dampening})\, g_t$ with $b_1 = g_1$.
# At `dampening` $=\mu$ the sum becomes an average, except that the first gradient enters in full.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Decoupled weight decay
#
# Weight decay that acts on the parameters directly instead of through the gradient, so that no average of gradients ever contains it.
# For gradient descent it is the same as an L2 penalty; for Adam it is not.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Divergence
#
# The loss grows without bound instead of falling.
# Gradient descent on a quadratic diverges, from almost every start, when $\alpha > 2/\lambda_{\max}$.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Edge of stability
#
# A regime of full-batch gradient descent in which the largest curvature of the loss stays near $2/\alpha$ (with momentum, near momentum's own limit): the loss goes up and down from step to step and still falls over many.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Eigenvalue
#
# A number $\lambda$ with $Au = \lambda u$ for some vector $u \ne 0$, its eigenvector: along $u$, the matrix $A$ only stretches (or flips, if $\lambda<0$).
# A complex pair means that it turns as well as stretches.
# Along the eigenvectors of a quadratic's Hessian gradient descent is a set of separate problems, one for each eigenvalue.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Epsilon
#
# The small constant $\epsilon$ in $g/(\sqrt v + \epsilon)$, in the units of the gradient.
# It keeps the division finite; where it is larger than $\sqrt v$, it makes the step proportional to the gradient again.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Equilibrium
#
# The size of the weights at which what the gradient's steps add and what the decay takes away balance, on average over many steps.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Excess loss
#
# The loss minus the lowest value that is possible.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Exponential moving average
#
# $m_t = \beta\, m_{t-1} + (1-\beta)\, g_t$, EMA for short: each step keeps a share $\beta$ of the old value.
# The gradient of $k$ steps ago has the weight $(1-\beta)\beta^k$.
# *[Lesson 7](07_momentum.ipynb)*

# %% [markdown]
# ## F, G, H, K
#
# ### First moment
#
# The mean of the gradient, which $m$ estimates by an exponential moving average.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Floor
#
# Of a step's time: the bytes that the step cannot avoid moving, divided by the bandwidth.
# Adam in float32 reads $\theta, g, m, v$ and writes $\theta, m, v$: seven numbers of 4 bytes, 28 bytes for each parameter.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Foreach
#
# An implementation that hands whole lists of tensors to each operation of the update, instead of one tensor after another: fewer launches, but each operation still passes over memory on its own.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Full batch
#
# The gradient of the loss over all training examples, without noise; the opposite of a mini-batch.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Fused
#
# An implementation that does the whole update in one kernel: each number is read once and written once.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Gradient
#
# The vector of the loss's slopes, $g_i = \partial L/\partial\theta_i$.
# It points where the loss rises fastest, and it is longer where the loss is steeper.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Gradient clipping
#
# Shortening a gradient whose norm exceeds a threshold $c$ to the norm $c$, its direction unchanged: $g \leftarrow g \cdot \min(1,\, c/\lVert g\rVert)$.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Gradient descent
#
# A step against the gradient, $\theta_t = \theta_{t-1} - \alpha\, g_t$, again and again; `sgd` in the code.
# With the gradient of a mini-batch it is called *stochastic* gradient descent, SGD.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Grokking
#
# Test accuracy that rises from chance to nearly perfect long after training accuracy has reached 100 %.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Heavy ball
#
# Polyak's form of momentum: $\theta_{t+1} = \theta_t - \eta\, g_{t+1} + \beta\,(\theta_t - \theta_{t-1})$, where $g_{t+1}$ is the gradient at $\theta_t$.
# With $\eta = \alpha(1-\beta)$ its path is that of a step along the running average.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Kernel
#
# A program that a GPU runs over many numbers at once.
# Each launch from the CPU has a fixed cost, whatever the size of the data.
# (The *kernel of a notebook* is another thing: the process that runs its cells.)
# *[Lesson 11](11_gpu_lab.ipynb)*

# %% [markdown]
# ## L, M
#
# ### L2 penalty
#
# A term $\frac{1}{2} c \lVert\theta\rVert^2$ added to the loss.
# It adds $c\,\theta$ to the gradient, so that everything an optimizer does to gradients it does to the penalty too.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Label noise
#
# Wrong labels among the training data.
# A model that gets them "right" has learned them by heart.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Learning rate
#
# The factor $\alpha$ of a step, `lr` in the code, also called step size.
# It has units: those of the parameters over those of what it multiplies.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Loss
#
# The number $L(\theta)$ that training makes small; for a network, how wrong its answers are, averaged over examples.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Memory
#
# Of an average with decay rate $\beta$: $1/(1-\beta)$ steps, the span in which its weights fall by about a factor $e$.
# For $\beta \ge 0.9$ the gradients of that span hold between 63 and 66 % of the weight, $1-\beta^{1/(1-\beta)}$.
# (Lesson 11 also speaks of the memory of a device, in bytes.)
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Mini-batch
#
# A small random sample of the training examples, drawn anew for each step.
# Its gradient is the full gradient plus noise.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Mixed precision
#
# Training with most of the arithmetic in a 16-bit format, while the weights that the optimizer updates, and what it remembers, are kept in float32.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Momentum
#
# A step along a running average of the gradients instead of the newest one: $m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t$, $\theta_t = \theta_{t-1} - \alpha\, m_t$.
# What alternates in sign cancels; what keeps its direction adds up.
# *[Lesson 7](07_momentum.ipynb)*

# %% [markdown]
# ## N, O, P, R
#
# ### Nesterov momentum
#
# Momentum whose gradient is taken where the old velocity is about to lead, not where the parameters stand.
# PyTorch's form rewrites this so that the gradient is taken at the stored parameters.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Noise floor
#
# The level around which the loss, or the squared distance from the minimum, settles at a constant step size, because each step's noise undoes what the slope gains.
# For small steps it is proportional to the step size.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Oscillation
#
# Steps that land on alternating sides of the minimum.
# Gradient descent on a quadratic oscillates along every direction with $\alpha\lambda > 1$; the swings shrink as long as $\alpha\lambda < 2$.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### Overfitting
#
# Learning the peculiarities of the training examples: the training loss goes on falling while the loss on new examples rises.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Param group
#
# In PyTorch, a set of parameters within one optimizer that has hyperparameters of its own, for example no weight decay for biases.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Precision
#
# How finely a number format resolves: the distance from 1 to the next number is $2^{-52}$ in float64, $2^{-23}$ in float32 and $2^{-7}$ in bfloat16.
# Precision is not range: bfloat16 reaches as far as float32.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Protocol
#
# What an experiment held fixed and what it tuned: which values were tried, with which budget, schedule and seeds, and what counted as best.
# A comparison of optimizers means nothing without it.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Ravine
#
# A valley that is steep across and nearly flat along: a quadratic with a large condition number.
# *[Lesson 0](00_start_here.ipynb)*
#
# ### RMSprop
#
# A step in which each coordinate's gradient is divided by the root of a running average of its squares: $v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$, $\theta_t = \theta_{t-1} - \alpha\, g_t/(\sqrt{v_t}+\epsilon)$.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Rotation
#
# Describing the same problem in turned axes.
# The path of gradient descent or momentum turns along with it; RMSprop and Adam, which treat each coordinate on its own, take another path.
# *[Lesson 8](08_rmsprop.ipynb)*

# %% [markdown]
# ## S, T, V, W
#
# ### Scale invariance
#
# Multiplying the loss by a positive constant leaves the path of the parameters unchanged.
# It holds for RMSprop and Adam up to $\epsilon$, and not for gradient descent or momentum.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Schedule
#
# A step size that changes with $t$ by a rule set before the run, such as a cosine that falls to zero at the end.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Second moment
#
# The mean of $g^2$, which $v$ estimates by an exponential moving average.
# It is not centred: $\overline{g^2} = \bar g^{\,2} + \text{variance}$.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Seed
#
# The number that starts a random generator.
# The same seed gives the same draws: the same starting weights, the same mini-batches, the same noise.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Sharding
#
# Splitting the parameters, their gradients or the optimizer's state among several devices, so that each holds only its share.
# *[Lesson 11](11_gpu_lab.ipynb)*
#
# ### Sign descent
#
# Every coordinate moves by $\alpha$ against the sign of its gradient, $\theta_t = \theta_{t-1} - \alpha\,\mathrm{sign}(g_t)$.
# It is RMSprop at $\beta_2 = 0$ and $\epsilon \to 0$.
# *[Lesson 8](08_rmsprop.ipynb)*
#
# ### Spectral radius
#
# The largest absolute value among the eigenvalues of a matrix.
# When each step multiplies the error by the same matrix, the error shrinks in the long run by this factor a step, and it goes to zero from every start exactly when the factor is below 1.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### State dict
#
# In PyTorch, a dictionary of all that an optimizer needs to go on: what it remembers for each parameter (for Adam `step`, `exp_avg`, `exp_avg_sq`: our $t, m, v$) and its hyperparameters.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Timescale
#
# Of weight decay: $1/(\alpha \cdot \text{weight decay})$ steps, in which the decay alone shrinks a weight by a factor $e$.
# A run much shorter than that hardly feels the decay.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Tuning
#
# Trying several values of a hyperparameter and keeping the best.
# Two optimizers compare fairly only if each was tuned with the same care.
# *[Lesson 9](09_adam.ipynb)*
#
# ### Variance
#
# The mean squared distance from the mean, $\overline{(g-\bar g)^2} = \overline{g^2} - \bar g^{\,2}$.
# A steady gradient has variance 0 and second moment $g^2$.
# *[Lesson 7](07_momentum.ipynb)*
#
# ### Warm-up
#
# A first stretch of a schedule in which the step size rises from near zero to its full value.
# *[Lesson 10](10_adamw.ipynb)*
#
# ### Weight decay
#
# Pulling every weight towards zero by a small share of its value at each step.
# How it is done, as an L2 penalty or decoupled, matters for Adam.
# *[Lesson 9](09_adam.ipynb)*
