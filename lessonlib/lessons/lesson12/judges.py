"""The judges of lesson 12: a factor by hand, five Newton-Schulz steps, a claim."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lessonlib.attempts import Stop, answers
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import choice, number
from lessonlib.lessons.lesson12.slips import SLIPS, rows, size, steps
from lessonlib.rules import orthogonal

__all__ = ["BY_HAND", "DOUBTS", "judge_claim", "judge_factor", "judge_orthogonal", "judge_tokens"]

Array = np.ndarray[Any, Any]
BY_HAND = ((3.0, 3.0), (1.0, -1.0))  # the gradient of the exercise by hand: its rows are at right angles
SHAPES = {(4, 4): 1.0, (6, 3): 30.0, (3, 6): 0.02}  # of the matrices that an attempt at five steps is tried on, and their scales
NEAR = 1e-3  # of the largest number of a right answer
FAR = 1e4  # from where the largest singular value alone is told, as a power of ten


_G = np.array(BY_HAND)
HAND: tuple[tuple[Array, str], ...] = (  # what a wrong factor may be, and a question
    (np.sign(_G), "That is the sign of each number. How long are its rows?"),
    (_G / size(_G), "That is the gradient divided by one number, its size. What does that do to how its rows compare?"),
    (_G / abs(_G).max(), "That is the gradient divided by its largest number. How long are its rows?"),
    (_G.T, "Those are the rows of the gradient as columns. Which length should each of its rows have, where it stands?"),
    (_G, "That is the gradient. Which length should each of its rows have?"),
    (np.array([[0.5, 0.5], [0.5, -0.5]]), "Without signs the numbers of a row add up to 1. Is its length their sum?"),
    (_G / (_G**2).sum(1, keepdims=True), "That divides each row by the sum of its squares. Is that its length, or the square of it?"),
    (_G / np.sqrt((_G**2).sum(0)), "That divides each column by its length. Which are at right angles here, the columns or the rows?"),
    (np.eye(2), "That one has singular values of 1 too, and other directions. Which directions do the rows of the gradient have?"),
    (-rows(_G), "That points the other way. Does the factor of the gradient change its sign?"),
    (rows(_G) * [[1], [-1]], "Both rows have length 1, and the second points the other way. Which signs has the gradient there?"),
    (rows(_G) * [[-1], [1]], "Both rows have length 1, and the first points the other way. Which signs has the gradient there?"),
    (rows(_G)[::-1], "Those are the right rows in another order. Which of them was longer in the gradient?"),
)


@judge
def judge_factor(guess: Any) -> Verdict:
    """Return a Verdict on the orthogonal factor of BY_HAND, four numbers in two rows."""
    if guess is None or (isinstance(guess, Sequence) and any(entry is None for row in guess if isinstance(row, Sequence) for entry in row)):
        raise Stop("Not answered yet.", "Put a number in place of each None, run that cell, then this one again. How long is each row?")
    try:
        found = np.array(guess, float)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (2, 2):
        raise Stop("Not two rows of two numbers.", f"You gave {guess!r:.60}. Which four numbers has the factor, row by row?")
    right = rows(np.array(BY_HAND))
    for slip, question in HAND:
        if np.allclose(found, slip, atol=0.011) and not np.allclose(slip, right, atol=0.02):
            return Verdict(False, f"Not yet.\n{question}")
    if np.allclose(abs(found), abs(right), atol=0.011) and not np.allclose(found, right, atol=0.02):
        return Verdict(False, "Not yet.\nIts numbers have the right sizes. Which of the four are negative in the gradient?")
    if not np.allclose(found, right, atol=0.011):
        if np.allclose((found**2).sum(1), 1, atol=0.03):
            return Verdict(False, "Not yet.\nBoth rows have length 1, and they point elsewhere. Is each the gradient's row, divided by one "
                                  "number?")
        values = " and ".join(f"{value:.2f}" for value in np.linalg.svd(found).S)
        return Verdict(False, f"Not yet.\nThe singular values of your matrix are {values}. By what do you divide each row of the gradient?")
    return Verdict(True, "Correct.\nBoth rows have length 1 and are at right angles, so both singular values are 1. The second row was a "
                         "third as long as the first, and now it counts as much.")


@judge
def judge_orthogonal(function: Any) -> Verdict:
    """Return a Verdict on function(x) -> the matrix after division and five steps: tried on a square, a tall and a wide matrix."""
    rng = np.random.default_rng(5)
    probes = [scale * rng.standard_normal(shape) * np.geomspace(1, 0.05, shape[1]) for shape, scale in SHAPES.items()]
    probes.append(np.diag([5.0, 2.0, 0.5]) + 0.2 * rng.standard_normal((3, 3)))  # its largest number is nearly its largest singular value
    given = [x.copy() for x in probes]
    found = [_matrix(answer, x) for answer, x in zip(_multiplied(function, given), probes, strict=True)]
    right = [orthogonal(x) for x in probes]
    if all(map(np.array_equal, found, probes)):
        if set(getattr(getattr(function, "__code__", None), "co_names", ())) - {"range"}:  # those of the stub
            return Verdict(False, "It returns the matrix as it came.\nYour lines compute something. Is that what `return` gives?")
        raise Stop("Not written yet.", "It returns the matrix as it came. Your turn: write the division and the step, run that cell, then "
                   "this one again. By what do you divide?")
    if not all(map(np.array_equal, given, probes)):
        return Verdict(False, "It changes the matrix that it is given.\nWhoever calls it still needs that matrix. Has one of your lines "
                              "`/=` or another sign that writes into x?")
    if all(map(_same, found, right)):
        spans = " and ".join(f"{f(np.concatenate([np.linalg.svd(x).S for x in found])):.2f}" for f in (np.min, np.max))
        return Verdict(True, f"Correct.\nOn a square, a tall and a wide matrix all singular values are between {spans}.")
    if not any(np.isfinite(x).any() for x in found):
        return Verdict(False, "Not a number.\nNothing finite comes out of any matrix. Are the three terms made of the same "
                              "x, and which sign has each, once b has brought its own minus?")
    for name, slip, question in SLIPS:
        if all(map(_same, found, map(slip, probes))):
            return Verdict(False, f"Not yet: {name}\n{question}", name)
    for count in (1, 2, 3, 4, 6, 7, 8, 10):
        if all(map(_same, found, [steps(x / size(x), count) for x in probes])):
            return Verdict(False, f"Not yet: another number of steps\nIt takes {count} step{'s' * (count > 1)}. How many did you "
                                  "want, and does each start from the result of the one before?", "another number of steps")
    if not all(np.isfinite(x).all() for x in found):
        return Verdict(False, "Not a number.\nThe numbers grow beyond all bounds. How large may a singular value be before the first step?")
    if _same(found[0], right[0]):
        return Verdict(False, "Right for a square matrix only.\nA tall or a wide one goes wrong. What are the shapes of x, x.T and x @ "
                              "x.T there?")
    made, wanted = np.linalg.svd(found[0]).S, ", ".join(f"{value:.2f}" for value in np.linalg.svd(right[0]).S)
    if made[0] > FAR:
        return Verdict(False, f"Not yet.\nOf a 4 x 4 matrix the largest singular value becomes {made[0]:.0e}, and should be near 1. Are "
                              "the three terms in each step, each with its sign?")
    values = ", ".join(f"{value:.2f}" for value in made)
    return Verdict(False, f"Not yet.\nOf a 4 x 4 matrix you make one with the singular values {values}; they should be {wanted}. Which "
                   "line of yours differs from the formula, the division or a term of the step?")


def _multiplied(function: Any, given: list[Array]) -> list[Any]:
    """The answers; Stop says where two shapes do not fit."""
    try:
        return list(answers(function, [(x,) for x in given]))
    except Stop as stop:
        if "broadcast" in stop.text:
            raise Stop("Two shapes do not fit.", "In NumPy `*` and `+` go number by number, and two of your shapes do not allow it. Is "
                       "each product of matrices written with `@`, and does each of the three terms end in `x`?") from None
        if "matmul" not in stop.text:
            raise
        raise Stop("Two shapes do not fit.", "A matrix of 6 rows and 3 columns stopped it at a product. How many rows and columns has "
                   "x @ x.T there, and how many has x.T @ x?") from None


def _matrix(answer: Any, x: Array) -> Array:
    """An answer as a matrix like x; Stop says what else it is."""
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "fiu":
        raise Stop("It returns something else.", f"For a matrix of {x.shape[0]} x {x.shape[1]} it returned an object of type "
                                                 f"{type(answer).__name__}. Does it end with `return x`?")
    if answer.shape != x.shape:
        raise Stop("Another shape.", f"Of a matrix of {x.shape[0]} x {x.shape[1]} it makes one of shape {answer.shape}. If you transpose "
                                     "at the start, do you transpose back?")
    return answer


def _same(found: Array, right: Array) -> bool:
    with np.errstate(all="ignore"):
        near = abs(found - right) <= NEAR * abs(right[np.isfinite(right)]).max(initial=1.0)
    return bool((near | (~np.isfinite(found) & ~np.isfinite(right))).all())


ASKED = 3  # so many doubts pass
DOUBTS = {  # the entries of the checklist, and what the claim of the exercise says of each
    "budget": ("said", "Both had the same two billion tokens."),
    "sweep": ("weak", "Each has one step size, and nobody says how it was found. Where does each rule's best lie?"),
    "schedule": ("said", "Both had a warm-up and a cosine, and were measured at its end."),
    "batch": ("said", "It was so at three sizes of batch."),
    "seeds": ("weak", "Each ran once at each size. How far apart would two starts of the same optimizer end?"),
    "model size": ("weak", "There is one model. Would a larger one show the same lead?"),
    "held equal": ("weak", "Warm-up and cosine are the same. Which of the two rules do they suit?"),
    "clock": ("weak", "It counts steps. How long does a step of each take?"),
}


@judge
def judge_claim(guess: Any) -> Verdict:
    """Return a Verdict on ASKED entries of the checklist, or more, at which the claim of the exercise is weak: a list of names."""
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", "Put a list of names in place of None. Which entry of the checklist would you ask about first?")
    if isinstance(guess, str) or not isinstance(guess, (Sequence, set)):
        raise Stop("Not a list of names.", f"You gave {guess!r:.40}. Which entries do you doubt, as in [\"budget\"]?")
    named = {choice(entry, DOUBTS, "an entry of the checklist") for entry in guess}
    weak = {name for name, (kind, _) in DOUBTS.items() if kind == "weak"}
    if wrongly := [name for name in DOUBTS if name in named - weak]:
        return Verdict(False, f"Look at {wrongly[0]}.\nThe claim answers this one. {DOUBTS[wrongly[0]][1]} Which entries does "
                              "it leave open?")
    if len(named) < ASKED:
        twice = "One of your names stands there twice. " if len(named) < len(guess) else ""
        return Verdict(False, f"{len(named)} of {ASKED}.\n{twice}The claim is weak at more entries than that. Go through the list from the "
                              "top. Which question does the claim leave open?")
    others = [name for name in DOUBTS if name in weak - named]
    also = f"\n\nWeak too: {' and '.join(others)}. {' '.join(DOUBTS[name][1] for name in others)}" if others else ""
    return Verdict(True, f"Correct.\n{' '.join(DOUBTS[name][1] for name in DOUBTS if name in named)}{also}")


@judge
def judge_tokens(guess: Any, width: int, share: float) -> Verdict:
    """Return a Verdict on the tokens of a batch at which the products of Muon's step are a share of those of forward and backward."""
    tokens = number(guess, "a number of tokens", above=0)
    found = 5 * width / tokens
    seen = f"With {tokens:,.0f} tokens Muon's multiplications are {found:.2%} of the others, and {share:.0%} was asked for."
    if abs(found / share - 1) <= 0.03:
        return Verdict(True, f"Correct.\n{seen}")
    if abs(found / (5 * share) - 1) <= 0.02:
        return Verdict(False, f"One of five steps.\n{seen} How many steps of products does Muon take?")
    if abs(found / (100 * share) - 1) <= 0.02:
        return Verdict(False, f"Not a percent.\n{seen} What is one percent as a number?")
    if abs(found * 3 / share - 1) <= 0.02:
        return Verdict(False, f"Forward alone.\n{seen} What do the others hold, besides the products of forward?")
    word = "Too small a batch" if found > share else "Too large a batch"
    return Verdict(False, f"{word}.\n{seen} What does twice the number of tokens do to the share?")
