"""The two matrices of lesson 12 under Lion, Shampoo and SOAP, drawn; Shampoo's step without a memory, and its bytes."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.shampoo import shampoo
from lessonlib.play.experiment import new_figure
from lessonlib.plots import Look, look, show
from lessonlib.rules import State

__all__ = ["LOOKS", "NAMES", "RENEWED", "done", "kept", "left", "renewed_rows", "show_noticed", "turn_rows",
           "what_it_notices", "who_is_hurt", "without_memory", "worse"]

Array = np.ndarray[Any, Any]
NAMES = {"adam": "Adam", "muon": "Muon", "lion": "Lion", "shampoo": "Shampoo", "soap": "SOAP"}
RENEWED = {"shampoo": "Shampoo, anew at every step", "shampoo, every tenth": "Shampoo, at every tenth",
           "shampoo, begun": "Shampoo, at every tenth from the eleventh on", "soap, every step": "SOAP, anew at every step",
           "soap": "SOAP, at every tenth"}
ROWS = {"shampoo": "Shampoo, every step", "soap": "SOAP, every tenth"}  # when the powers and the axes of the picture are renewed
FIRST, STRAIGHT, EQUAL = ravine.CHANGES
MARKS = {FIRST: ("turned, unequal losses", "full", -0.22), STRAIGHT: ("not turned", "none", 0.0),  # and how far below its row
         EQUAL: ("turned, equal losses", "left", 0.22)}
LOOKS = {"adam": look("adam"), "muon": look("muon"), "lion": look("lion"),
         "shampoo": Look("#0b6e3b", "p", (0, (6, 2))), "soap": Look("#2580c3", "h", "-")}


def done(rule: str, change: str = FIRST) -> ravine.Tuned:
    """Return the Tuned of a rule in one of ravine.CHANGES."""
    return ravine.tuned(rule, *ravine.CHANGES[change])


def left(rule: str, change: str = FIRST) -> Array:
    """Return the share of its own loss that is left of the matrix that has more left, of each task in one of ravine.CHANGES: (SEEDS,).

    Of both losses together a thousandth is all that the smaller one has, and so that share hides what becomes of it.
    """
    return np.asarray(done(rule, change).shares[-1].max(-1))


def worse(rule: str, change: str = FIRST) -> float:
    """Return the median over the tasks of `left`."""
    return float(np.median(left(rule, change)))


def what_it_notices(rule: str) -> str:
    """Return what changes the share of `worse` tenfold or more, in words."""
    found = [what for what, change in (("the turn", STRAIGHT), ("the unequal losses", EQUAL))
             if abs(np.log10(worse(rule) / worse(rule, change))) >= 1]
    return "both" if len(found) == 2 else found[0] if found else "neither"


def turn_rows() -> list[list[Any]]:
    """Return rows for Adam with two second betas and with one v a matrix, and for Lion: the name, and `worse` turned and not turned."""
    return [[f"{name}, second beta {beta2:g}", worse(rule), worse(rule, STRAIGHT)] for name, beta2, rule in (
        ("Adam", 0.999, "adam"), ("Adam, one v a matrix", 0.999, "Adam, one v for each matrix 0.9 0.999"),
        ("Adam", 0.9, "Adam 0.9 0.9"), ("Lion", 0.99, "lion"))]


def renewed_rows() -> list[list[Any]]:
    """Return a row for each of RENEWED: its name, and the median and the highest of `left` over the tasks."""
    return [[told, worse(rule), float(left(rule).max())] for rule, told in RENEWED.items()]


def who_is_hurt() -> str:
    """Return which of Shampoo and SOAP leave three times more or above with powers or axes that are ten steps old, in words."""
    hurt = [name for name, fresh, old in (("Shampoo", "shampoo", "shampoo, every tenth"), ("SOAP", "soap, every step", "soap"))
            if worse(old) > 3 * worse(fresh)]
    return "both" if len(hurt) == 2 else hurt[0] if hurt else "neither"


def without_memory(g: Array) -> Array:
    """Return the first step of Shampoo with a step size of 1: both averages hold this gradient alone, and so does that of the gradient."""
    theta, _ = shampoo(np.zeros_like(g), g, None, lr=1.0)
    return -theta


def kept(rule: str, shape: tuple[int, int]) -> float:
    """Return the bytes that the lesson's rule keeps for each weight of a matrix after a step, in float32; single numbers are left out.

    >>> kept("adam", (8, 8)), kept("shampoo", (8, 8)), kept("soap", (8, 8))
    (8.0, 20.0, 24.0)
    """
    g = np.random.default_rng(0).standard_normal(shape)
    _, memory = ravine.RULES[rule](np.zeros(shape), g, State(), lr=0.1)
    return 4 * sum(part.size for part in memory if isinstance(part, np.ndarray) and part.size > 1) / g.size


def show_noticed(rules: tuple[str, ...], title: str) -> None:
    """Show `worse` of each rule under each of ravine.CHANGES: a row for a rule, long where it notices a change."""
    figure = new_figure(7.4, 1.5 + 0.6 * len(rules))
    ax = figure.add_subplot(xscale="log", xlim=(3e-11, 1e-2), ylim=(len(rules) - 0.5, -0.5), title=title,
                            xlabel="the worse matrix's loss, as a share of its start")
    told = []
    for k, rule in enumerate(rules):
        style, ends = LOOKS[rule], {change: worse(rule, change) for change in MARKS}
        ax.hlines(k, min(ends.values()), max(ends.values()), color=style.color, linewidth=5, alpha=0.3)
        for change, (_, filled, below) in MARKS.items():
            ax.plot(ends[change], k + below, color=style.color, marker="o", markersize=9, fillstyle=filled, markerfacecoloralt="white",
                    markeredgewidth=2, linestyle="none")
        told.append(f"{ROWS.get(rule, NAMES[rule])} " + ", ".join(f"{ends[change]:.0e} {name}" for change, (name, *_) in MARKS.items()))
    ax.set_yticks(range(len(rules)), [ROWS.get(rule, NAMES[rule]) for rule in rules])
    for label, rule in zip(ax.get_yticklabels(), rules, strict=True):
        label.set(color=LOOKS[rule].color, weight="bold", fontsize=11)
    for name, filled, _ in MARKS.values():
        ax.plot([], [], color="#555555", marker="o", markersize=10, fillstyle=filled, markerfacecoloralt="white",
                markeredgewidth=2, linestyle="none", label=name)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    show(figure, f"The share of its own loss that is left after {ravine.STEPS} steps, of the matrix that has more left, on a logarithmic "
                 f"scale, a row for each rule with a mark for each form of the task: {'; '.join(told)}.")
