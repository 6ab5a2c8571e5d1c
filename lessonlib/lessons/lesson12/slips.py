"""What learners write in place of the five Newton-Schulz steps of lesson 12: each known slip as a function, with a question."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.newton import COEFFICIENTS

__all__ = ["SLIPS", "exact", "rows", "size", "steps"]

Array = np.ndarray[Any, Any]


def size(x: Array) -> Any:
    """Return the root of the sum of the squares of all numbers of a matrix."""
    return np.linalg.norm(x)


def rows(x: Array) -> Array:
    """Return a matrix with each row divided by its length."""
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def steps(x: Array, count: int = 5, of: tuple[float, float, float] = COEFFICIENTS) -> Array:
    """Return what so many Newton-Schulz steps make of a matrix as it is, not divided first."""
    a, b, c = of
    with np.errstate(all="ignore"):
        for _ in range(count):
            product = x @ x.T
            x = a * x + (b * product + c * product @ product) @ x
    return x


def exact(x: Array) -> Array:
    """Return the exact orthogonal factor of a matrix."""
    found = np.linalg.svd(x, full_matrices=False)
    return np.asarray(found.U @ found.Vh)


def _two_products(x: Array) -> Array:
    a, b, c = COEFFICIENTS
    x = x / size(x)
    for _ in range(5):
        product = x @ x.T
        x = a * x + (b * product + c * product) @ x
    return x


def _lost_x(x: Array) -> Array:
    _, b, c = COEFFICIENTS
    x = x / size(x)
    for _ in range(5):
        product = x @ x.T
        x = (b * product + c * product @ product) @ x
    return x


def _with(x: Array, last: Callable[[Array, Array], Array]) -> Array:
    a, b, c = COEFFICIENTS
    x = x / size(x)
    with np.errstate(all="ignore"):
        for _ in range(5):
            product = x @ x.T
            x = a * x + b * product @ x + c * last(product, x)
    return x


def _each_number(x: Array) -> Array:
    a, b, c = COEFFICIENTS
    with np.errstate(all="ignore"):
        for _ in range(5):
            x = a * x + b * x**3 + c * x**5
    return x


def _once(x: Array) -> Array:
    a, b, c = COEFFICIENTS
    x = x / size(x)
    product = x @ x.T
    for _ in range(5):
        x = a * x + (b * product + c * product @ product) @ x
    return x


def _again(x: Array) -> Array:
    for _ in range(5):
        x = steps(x / size(x), 1)
    return x


SLIPS: tuple[tuple[str, Callable[[Array], Array], str], ...] = (
    ("no steps", lambda x: x / size(x),
     "The matrix is divided by its size and nothing follows. Does your loop run, and does it keep its result?"),
    ("no division", steps, "The map takes values from 0 to 1, and yours goes in as it is. By what do you divide to be sure?"),
    ("each row divided by its own norm", lambda x: steps(rows(x)), "With rows of length 1, can a singular value still be above 1?"),
    ("divided by the largest number", lambda x: steps(x / abs(x).max()),
     "Can a matrix whose largest number is 1 have a singular value above 1?"),
    ("divided by the sum of squares", lambda x: steps(x / size(x)**2), "Is the size of a matrix the sum of its squares, or its root?"),
    ("divided by the sum of absolute values", lambda x: steps(x / abs(x).sum()),
     "Is the size of a matrix the sum of its numbers, or the root of the sum of their squares?"),
    ("the last term is missing", lambda x: steps(x / size(x), 5, (*COEFFICIENTS[:2], 0.0)),
     "Your values grow without end. Of the three terms of the map, which do you have?"),
    ("the cubic of Newton and Schulz", lambda x: steps(x / size(x), 5, (1.5, -0.5, 0.0)),
     "Those are the numbers of the older map, which needs more steps. Which three numbers has Muon?"),
    ("the exact factor", exact,
     "That is what the five steps come close to. They need no decomposition, only products. Can you write them?"),
    ("the last term has a power too few", _two_products, "The last term is x x^T, twice, and then x. How many products does yours have?"),
    ("numbers squared one by one", lambda x: _with(x, lambda p, x: p**2 @ x),
     "`**` and `*` take each number on its own. Which operator multiplies a matrix by itself?"),
    ("the map on each number", lambda x: _each_number(x / size(x)),
     "That takes the cube of each number. Which product takes the cube of each singular value?"),
    ("the product computed once", _once, "After the first step x is another matrix. From which x is your product?"),
    ("divided by the largest singular value", lambda x: steps(x / np.linalg.norm(x, 2)),
     "That bounds the values too, but it takes more work to know. Which size needs only the numbers of x?"),
    ("divided at every step", _again, "It divides before each step. Once it is divided, can the map carry a value far above 1?"),
    ("multiplied back", lambda x: steps(x / size(x)) * size(x),
     "At the end it is multiplied by the size again. What should its singular values be?"),
    ("divided by how many numbers there are", lambda x: steps(x / x.size),
     "`x.size` counts the numbers. Does the count know how large they are?"),
    ("the term with x alone is lost", _lost_x, "The first term is a number times x. Is it still in yours?"),
)
