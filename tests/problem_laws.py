"""What holds for every Problem that is smooth."""
from __future__ import annotations

import numpy as np

from lessonlib.problems import Problem


def differences(problem: Problem, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of the loss along each axis: (n,)."""
    eye = np.eye(len(theta))
    return (problem.loss(theta + h * eye) - problem.loss(theta - h * eye)) / (2 * h)


def gradient_is_the_slope_of_the_loss(problem: Problem) -> None:
    """At three points near the start."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        theta = problem.start + 0.3 * rng.standard_normal(problem.start.shape)
        g = problem.grad(theta, rng)
        assert g.shape == theta.shape
        np.testing.assert_allclose(g, differences(problem, theta), rtol=1e-5, atol=2e-7 * np.abs(g).max())


def minimum_is_stationary_and_nothing_near_is_lower(problem: Problem) -> None:
    """The gradient there is 0, beside that of the start."""
    rng = np.random.default_rng(4)
    scale = np.abs(problem.grad(problem.start + 0.1, rng)).max()
    assert np.abs(problem.grad(problem.minimum, rng)).max() < 1e-10 * scale
    around = problem.minimum + 1e-3 * rng.standard_normal((50, problem.minimum.size))
    assert (problem.loss(around) >= problem.loss(problem.minimum) - 1e-12).all()
