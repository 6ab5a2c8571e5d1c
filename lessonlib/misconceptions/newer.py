"""The classic wrong versions of Lion and Muon, the rules of lesson 12."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from lessonlib.misconceptions.pieces import Misconception, Piece, wrong
from lessonlib.rules import State, orthogonal

__all__ = ["NEWER"]

_SIGN = "Where g is positive, the loss rises with theta. Which way should theta move there, and which way does yours?"
_LOST = "Which numbers of this step does your new State hold? What does your second step find in s.m, and is the first gradient in it?"
_EXCHANGED = "With beta1 = 0.9, how much of the old average should be left after one step?"
_STEP: Piece = lambda a: a.theta - a.lr * a.step
_DECAYS: dict[str, tuple[str, dict[str, Piece]]] = {  # what goes wrong with a decay that belongs to the weights themselves
    "decay inside the average": ("That is the L2 form. What happens to the pull of the decay on its way through the average?",
                                 {"g": lambda a: a.g + a.weight_decay * a.theta, "new": _STEP}),
    "decay not multiplied by lr": ("A schedule that sends lr to 0 should stop everything. Does it stop your decay?",
                                   {"new": lambda a: a.theta - a.weight_decay * a.theta - a.lr * a.step}),
    "no decay": ("Set g = 0. What should still pull theta towards 0?", {"new": _STEP}),
    "sign of the decay": ("Set g = 0. Does theta shrink or grow?",
                          {"new": lambda a: a.theta + a.lr * a.weight_decay * a.theta - a.lr * a.step}),
    "decay applied to the new parameter": ("Which theta is shrunk: the one before the step, or the one after it?",
                                           {"new": lambda a: (a.theta - a.lr * a.step) * (1 - a.lr * a.weight_decay)}),
}


def _decays(rule: str) -> tuple[Misconception, ...]:
    return tuple(wrong(rule, name, hint, **pieces) for name, (hint, pieces) in _DECAYS.items())


_LION_TABLE = (
    wrong("lion", "sign of the step", _SIGN, new=lambda a: a.theta - a.lr * a.weight_decay * a.theta + a.lr * a.step),
    wrong("lion", "no lr", "Set lr = 0. Does theta stay where it is?", new=lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.step),
    wrong("lion", "no sign", "Multiply every gradient by 10. Should the step of Lion change, and does yours?", step=lambda a: a.c),
    wrong("lion", "sign of g", "You keep an average. Does your step use it?", c=lambda a: a.g),
    wrong("lion", "sign of the old average", "Does the gradient you just measured take part in this step?", c=lambda a: a.s.m + 0 * a.g),
    wrong("lion", "sign of the new average", "Lion's step and Lion's memory weigh the new gradient differently. With which of its "
          "two betas do you mix before the sign?", c=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g),
    wrong("lion", "the new m in the step", "Into which m does each of Lion's two lines mix the gradient: the one that came with "
          "s, or the one you have just made?",
          c=lambda a: a.beta1 * (a.beta2 * a.s.m + (1 - a.beta2) * a.g) + (1 - a.beta1) * a.g),
    wrong("lion", "what the step used is stored", "Lion's step and Lion's memory weigh the new gradient differently. Which of the two "
          "do you keep for the next step?", m=lambda a: a.c),
    wrong("lion", "betas swapped", "Which should remember longer, what the step uses or what the state keeps?",
          c=lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g, m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.g),
    wrong("lion", "1 - beta2 is missing in m", "Feed a constant g = 1 for a long time. Where does your m end, and where should an average "
          "of ones end?", m=lambda a: a.beta2 * a.s.m + a.g),
    wrong("lion", "decay inside the sign", "What is left of the size of weight_decay * theta once the sign is taken?",
          step=lambda a: np.sign(a.c + a.weight_decay * a.theta), new=_STEP),
    wrong("lion", "the average is lost", _LOST, m=lambda a: (1 - a.beta2) * a.g),
    *_decays("lion"),
)


def _size(x: Any, axes: tuple[int, ...] = (-2, -1)) -> Any:
    return (x**2).sum(axes, keepdims=True) ** 0.5


def _exact(a: SimpleNamespace) -> Any:
    left, _, right = np.linalg.svd(np.asarray(a.ahead), full_matrices=False)
    return left @ right


_SHAPE = "Write the shapes of a tall matrix and of a wide one. For which of them does the rule make the step longer, and by how much?"
_MUON_TABLE = (
    wrong("muon", "sign of the step", _SIGN, new=lambda a: a.theta - a.lr * a.weight_decay * a.theta + a.lr * a.step),
    wrong("muon", "no lr", "Set lr = 0. Does theta stay where it is?", new=lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.step),
    wrong("muon", "no look ahead", "You take the factor of m. The rule mixes the newest gradient in once more. Which line does that?",
          ahead=lambda a: a.m),
    wrong("muon", "1 - beta1 is missing in the look ahead", "m is an average, so it is of the size of one gradient. How large a share of "
          "`ahead` should the newest gradient have, and how large is yours?", ahead=lambda a: a.beta1 * a.m + a.g),
    wrong("muon", "1 - beta1 is missing in m", "Your m grows to many gradients, and `ahead` adds a small share of one to it. Which of "
          "the two lines has lost its 1 - beta1?", m=lambda a: a.beta1 * a.s.m + a.g),
    wrong("muon", "factor of g", "You keep an average. Does your step use it?", ahead=lambda a: a.g),
    wrong("muon", "factor of the old average", "Does the gradient you just measured take part in this step?",
          ahead=lambda a: a.s.m + 1e-30 * a.g),
    wrong("muon", "m corrected for its start", "You correct m for its start at 0, as Adam does, and the newest gradient beside it stays "
          "as it is. Which share of `ahead` should each of them have?",
          ahead=lambda a: a.beta1 * a.m / (1 - a.beta1**a.t) + (1 - a.beta1) * a.g),
    wrong("muon", "average of the factors", "Which comes first, the average or the factor? What does an average of two "
          "different orthogonal factors have for singular values?", m=lambda a: a.beta1 * a.s.m + (1 - a.beta1) * orthogonal(a.g),
          factor=lambda a: a.m),
    wrong("muon", "sign instead of the factor", "You take the sign of each number. Print the singular values of a matrix of signs. "
          "Are they all near 1?", factor=lambda a: np.sign(a.ahead)),
    wrong("muon", "no factor", "That is momentum. Print the singular values of your step. Are they all near 1?", factor=lambda a: a.ahead),
    wrong("muon", "only divided by its size", "You divide the matrix by one number. Does that change how its singular values compare?",
          factor=lambda a: a.ahead / _size(a.ahead)),
    wrong("muon", "each row divided by its own norm", "Rows of length 1 may still point the same way. Print the singular values of your "
          "step. Are they all near 1?", factor=lambda a: a.ahead / _size(a.ahead, (-1,))),
    wrong("muon", "the size is multiplied back", "Multiply the loss by 1000. Should the step of Muon change, and does yours?",
          factor=lambda a: orthogonal(a.ahead) * _size(a.ahead)),
    wrong("muon", "singular values of exactly 1", "That is the factor that the five steps come close to, so you have understood it. "
          "Muon takes the five steps. Which function of this lesson makes them?", factor=_exact),
    wrong("muon", "scale of rectangular matrices forgotten", _SHAPE, stretch=lambda a: 1.0),
    wrong("muon", "wide matrices made longer", _SHAPE, stretch=lambda a: max(1.0, a.theta.shape[-1] / a.theta.shape[-2]) ** 0.5),
    wrong("muon", "wide matrices made shorter", _SHAPE, stretch=lambda a: (a.theta.shape[-2] / a.theta.shape[-1]) ** 0.5),
    wrong("muon", "no root in the scale of rectangular matrices",
          "With four times as many rows as columns, how many times longer does the formula make the step, and how many times do you?",
          stretch=lambda a: max(1.0, a.theta.shape[-2] / a.theta.shape[-1])),
    wrong("muon", "the scale that matches AdamW's steps", "That is torch's `match_rms_adamw`, for whoever keeps AdamW's "
          "step size. Which scale has the rule of this lesson, and what is it for a square matrix?",
          stretch=lambda a: 0.2 * max(a.theta.shape[-2:]) ** 0.5),
    wrong("muon", "decay made longer with the step", "The scale of a tall matrix belongs to the step. Does your decay have it too?",
          new=lambda a: a.theta - a.stretch * a.lr * a.weight_decay * a.theta - a.lr * a.step),
    wrong("muon", "beta and 1 - beta exchanged", _EXCHANGED, m=lambda a: (1 - a.beta1) * a.s.m + a.beta1 * a.g),
    wrong("muon", "beta and 1 - beta exchanged in the look ahead", "In the look ahead, how large a share of the newest gradient "
          "is mixed in: a twentieth, or nearly all?", ahead=lambda a: (1 - a.beta1) * a.m + a.beta1 * a.g),
    wrong("muon", "beta and 1 - beta exchanged twice", _EXCHANGED, m=lambda a: (1 - a.beta1) * a.s.m + a.beta1 * a.g,
          ahead=lambda a: (1 - a.beta1) * a.m + a.beta1 * a.g),
    wrong("muon", "the factor is stored in place of m", "Your State keeps the matrix of the step. With what does the next step average?",
          state=lambda a: State(a.t, a.factor)),
    wrong("muon", "the look ahead is stored in place of m", "Which number does the next step average with: m, or the mix that looks ahead?",
          state=lambda a: State(a.t, a.ahead)),
    *_decays("muon"),
)

NEWER = (*_LION_TABLE, *_MUON_TABLE)
