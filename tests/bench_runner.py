"""Print what 10,000 Adam runs of 500 steps on Rosenbrock's valley cost: `run`, beside optax under jit(vmap(scan)).

    python tests/bench_runner.py        (needs the extra: pip install jax optax)

Both in one process, the same start, the same 10,000 step sizes. optax is timed from its first call, compilation included, and
then steady. Ratios are optax over run: above 1, `run` is faster.
"""
from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from lessonlib import adam, run
from lessonlib.problems import rosenbrock

RUNS, STEPS, REPEATS = 10_000, 500, 7


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def import_seconds(statement: str) -> float:
    """Median wall time of a statement in a fresh interpreter, over that of an empty one."""
    def fresh(code: str) -> float:
        return median(seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True)) for _ in range(5))
    return fresh(statement) - fresh("pass")


def main() -> None:
    """Time, compare the results, print the table."""
    try:
        import jax
        import jax.numpy as jnp
        import optax
    except ImportError:
        sys.exit("the benchmark's peers are missing: pip install jax optax")
    problem, lr = rosenbrock(), np.geomspace(1e-4, 1e-1, RUNS)
    print(f"{platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}, jax {jax.__version__}, "
          f"optax {optax.__version__}; {RUNS:,} runs x {STEPS} steps")
    print(f"import lessonlib: {import_seconds('import lessonlib'):.3f} s, of it numpy {import_seconds('import numpy'):.3f} s\n")
    print(f"{'dtype':8} {'run':>16} {'optax, first call':>19} {'steady':>16} {'first / run':>12} {'steady / run':>13}")
    for name in ("float64", "float32"):
        jax.config.update("jax_enable_x64", name == "float64")
        start = problem.start.astype(name)

        def ours(start: np.ndarray = start) -> np.ndarray:
            return run(adam, problem, steps=STEPS, start=start, record="last", lr=lr[:, None]).theta[0]

        def loss(p: jnp.ndarray) -> jnp.ndarray:
            return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

        def one(rate: jnp.ndarray, start: np.ndarray = start) -> jnp.ndarray:
            rule = optax.adam(rate)

            def step(carry: tuple, _: None) -> tuple:
                p, state = carry
                updates, state = rule.update(jax.grad(loss)(p), state)
                return (optax.apply_updates(p, updates), state), None
            return jax.lax.scan(step, (jnp.asarray(start), rule.init(jnp.asarray(start))), None, length=STEPS)[0][0]

        rates = jnp.asarray(lr.astype(name))
        mine = [seconds(ours) for _ in range(REPEATS)]
        first = []
        for _ in range(3):
            jax.clear_caches()
            compiled = jax.jit(jax.vmap(one))
            first.append(seconds(lambda c=compiled: c(rates).block_until_ready()))
        steady = [seconds(lambda: compiled(rates).block_until_ready()) for _ in range(REPEATS)]
        apart = float(np.max(np.abs(ours() - np.asarray(compiled(rates)))))

        def shown(times: list[float]) -> str:
            return f"{median(times):.3f} ({min(times):.3f}-{max(times):.3f})"
        print(f"{name:8} {shown(mine):>16} {shown(first):>19} {shown(steady):>16} {median(first) / median(mine):12.2f} "
              f"{median(steady) / median(mine):13.2f}   largest difference of theta {apart:.1e}")


if __name__ == "__main__":
    main()
