"""The AdamW and Adam step as Triton kernels that reach any number of tensors in one launch.

`count` works per tensor: it counts the step and leaves the three numbers that depend on t. `update` works per element: each
program takes BLOCK elements of one tensor, found through a table of addresses, and crosses memory once: reads theta, g, m, v
and writes theta, m, v, which is 28 bytes for a float32 parameter. The arithmetic is float32, float64 for float64 tensors.
"""
import triton
import triton.language as tl

__all__ = [
    "ALIGNED_SIZE", "BLOCK", "COLUMNS", "COUNTED", "EXP_AVG", "EXP_AVG_SQ", "FROM_G", "FROM_THETA", "GRAD", "NO_DECAY", "ROOT", "SCALARS",
    "SHRINK", "SIZE", "STEP", "STEP_SIZE", "THETA", "count", "update",
]

BLOCK = tl.constexpr(1024)  # elements for one program of `update`
COUNTED = tl.constexpr(128)  # tensors for one program of `count`

# Columns of the table: five addresses, the number of elements, and that number again where theta, g, m and v are aligned, else 0.
THETA, GRAD, EXP_AVG, EXP_AVG_SQ, STEP = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2), tl.constexpr(3), tl.constexpr(4)
SIZE, ALIGNED_SIZE, COLUMNS = tl.constexpr(5), tl.constexpr(6), tl.constexpr(7)

# Rows of the scalars: lr / (1 - beta1**t), (1 - beta2**t)**0.5, 1 - lr * weight_decay.
STEP_SIZE, ROOT, SHRINK, SCALARS = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2), tl.constexpr(3)

# Where the decay goes.
NO_DECAY, FROM_THETA, FROM_G = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)


@triton.jit(do_not_specialize=["n"])
def count(
    table, scalars, lr_in_memory, n, lr: tl.float64, log_beta1: tl.float64, log_beta2: tl.float64, weight_decay: tl.float64,
    LR_IN_MEMORY: tl.constexpr,
):
    """Add 1 to each of n steps and fill scalars (SCALARS, n), in float64."""
    i = tl.program_id(0) * COUNTED + tl.arange(0, COUNTED)
    here = i < n

    # count the step
    step_at = tl.load(table + i * COLUMNS + STEP, mask=here, other=0).to(tl.pointer_type(tl.float32))
    t = tl.load(step_at, mask=here, other=0.0) + 1
    tl.store(step_at, t, mask=here)

    # both start at zero: correct for it
    t = t.to(tl.float64)
    rate = tl.full((COUNTED,), 0.0, tl.float64)
    if LR_IN_MEMORY:
        rate += tl.load(lr_in_memory).to(tl.float64)
    else:
        rate += lr
    tl.store(scalars + STEP_SIZE * n + i, rate / (1.0 - tl.exp(t * log_beta1)), mask=here)
    tl.store(scalars + ROOT * n + i, tl.sqrt(1.0 - tl.exp(t * log_beta2)), mask=here)
    tl.store(scalars + SHRINK * n + i, 1.0 - rate * weight_decay, mask=here)


@triton.jit(do_not_specialize=["n"])
def update(
    table, chunks, scalars, n, towards_g: tl.float64, beta2: tl.float64, towards_g2: tl.float64, eps: tl.float64,
    weight_decay: tl.float64, DTYPE: tl.constexpr, WITHIN: tl.constexpr, DECAY: tl.constexpr, MAXIMIZE: tl.constexpr,
):
    """Step one block: chunks (programs, 2) holds its tensor and first element, table (n, COLUMNS) the tensors, scalars as in `count`.

    towards_g and towards_g2 are 1 - beta1 and 1 - beta2. DTYPE is the tensors' own, WITHIN that of the arithmetic.
    """
    chunk = chunks + tl.program_id(0) * 2
    tensor, start = tl.load(chunk), tl.load(chunk + 1)
    row = table + tensor * COLUMNS
    # Without a mask, and with addresses known to be aligned, a thread moves 16 bytes at a time.
    if start + BLOCK <= tl.load(row + ALIGNED_SIZE):
        _block(row, start, scalars + tensor, n, towards_g, beta2, towards_g2, eps, weight_decay, DTYPE, WITHIN, DECAY, MAXIMIZE, True)
    else:
        _block(row, start, scalars + tensor, n, towards_g, beta2, towards_g2, eps, weight_decay, DTYPE, WITHIN, DECAY, MAXIMIZE, False)


@triton.jit
def _block(
    row, start, scalar, n, towards_g, beta2, towards_g2, eps, weight_decay, DTYPE: tl.constexpr, WITHIN: tl.constexpr,
    DECAY: tl.constexpr, MAXIMIZE: tl.constexpr, WHOLE: tl.constexpr,
):
    i = start + tl.arange(0, BLOCK)
    theta_at = tl.load(row + THETA).to(tl.pointer_type(DTYPE)) + i
    g_at = tl.load(row + GRAD).to(tl.pointer_type(DTYPE)) + i
    m_at = tl.load(row + EXP_AVG).to(tl.pointer_type(DTYPE)) + i
    v_at = tl.load(row + EXP_AVG_SQ).to(tl.pointer_type(DTYPE)) + i
    if WHOLE:
        here = None
        theta_at, g_at = tl.multiple_of(theta_at, 16), tl.multiple_of(g_at, 16)
        m_at, v_at = tl.multiple_of(m_at, 16), tl.multiple_of(v_at, 16)
    else:
        here = i < tl.load(row + SIZE)
    theta, g = tl.load(theta_at, mask=here).to(WITHIN), tl.load(g_at, mask=here).to(WITHIN)
    m, v = tl.load(m_at, mask=here).to(WITHIN), tl.load(v_at, mask=here).to(WITHIN)

    # uphill or downhill
    if MAXIMIZE:
        g = -g

    # decay: theta shrinks (AdamW), or the penalty joins the gradient (Adam)
    if DECAY == FROM_THETA:
        theta *= tl.load(scalar + SHRINK * n).to(WITHIN)
    elif DECAY == FROM_G:
        g += theta * tl.full((), weight_decay, WITHIN)

    # m, the running average of g
    m += (g - m) * tl.full((), towards_g, WITHIN)

    # v, the running average of g**2
    v = v * tl.full((), beta2, WITHIN) + g * g * tl.full((), towards_g2, WITHIN)

    # both start at zero: correct for it
    step_size = tl.load(scalar + STEP_SIZE * n).to(WITHIN)
    root = tl.sqrt(v) / tl.load(scalar + ROOT * n).to(WITHIN)

    # step
    theta -= step_size * (m / (root + tl.full((), eps, WITHIN)))

    tl.store(theta_at, theta.to(DTYPE), mask=here)
    tl.store(m_at, m.to(DTYPE), mask=here)
    tl.store(v_at, v.to(DTYPE), mask=here)
