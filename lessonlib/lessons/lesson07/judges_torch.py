"""The judge of Polyak's setting as PyTorch wants it: a step size and a momentum, run on the steepest and the flattest curvature."""
from __future__ import annotations

from math import isclose
from typing import Any

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number
from lessonlib.lessons.lesson07 import play

__all__ = ["judge_polyak"]


@judge
def judge_polyak(guess: Any, kappa: float = 400.0) -> Verdict:
    """Return a Verdict on (lr, momentum) of torch.optim.SGD on curvatures from 1 to kappa: Polyak's setting, or what another does."""
    if guess is None or guess is ...:
        number(None, "a step size and a momentum")
    if not (isinstance(guess, (tuple, list)) and len(guess) == 2):
        return Verdict(False, "Not two numbers.\nWhich lr, and which momentum?")
    lr, beta1 = number(guess[0], "a step size", 1e-9), number(guess[1], "a momentum", 0, 1 - 1e-9)
    mean_lr, right = play.best(kappa)
    own = lr / (1 - beta1)  # the step size of the same path along the average
    flat, steep = (float(play.radius(own * curvature, beta1)) for curvature in (1, kappa))
    if abs(beta1 - right**0.5) < 0.001:
        return Verdict(False, f"That is the spectral radius.\n{beta1:.4g} is what a step leaves of the distance. What is beta, if its "
                       "root is that?")
    if lr > beta1 and isclose(lr, right, rel_tol=0.01):
        return Verdict(False, "The order.\nThe step size comes first, and then the momentum. Which of your numbers is which?")
    if isclose(lr, mean_lr, rel_tol=0.01) and beta1 > 0.5:
        return Verdict(False, f"That is the step of the average.\nIn PyTorch's form a step leaves {steep:.1f} times the distance along "
                       f"curvature {kappa:g}. Its sum takes each gradient whole. How many times as long does that make a step?")
    seen = f"In the long run a step leaves {max(flat, steep):.4f} of the distance"
    if max(flat, steep) < right**0.5 + 0.004:
        return Verdict(True, f"Correct.\n{seen}, and the best step of gradient descent {(kappa - 1) / (kappa + 1):.4f}.")
    never = ", so it never arrives" if max(flat, steep) > 1 - 1e-9 else ""
    if isclose(lr, mean_lr * (1 - right), rel_tol=0.01) and abs(beta1 - right) < 0.002:
        return Verdict(False, f"Rounded too far.\n{seen}{never}, and it could be {right**0.5:.4f}. What are the "
                       "next digits of your two numbers?")
    if isclose(steep, 1, abs_tol=1e-9):
        return Verdict(False, f"It swings for ever.\nAlong curvature {kappa:g} a step leaves all of the distance. Is the step too long, or "
                       "the momentum too small?")
    if steep >= 1:
        return Verdict(False, f"It diverges.\nAlong curvature {kappa:g} a step leaves {steep:.4g} times the distance. Is the step too "
                       "long, or the momentum too small?")
    side = "flat" if flat > steep + 1e-9 else "steep" if steep > flat + 1e-9 else ""
    why = f"and the {side} direction decides" if side else "along both directions"
    return Verdict(False, f"It arrives, and it could be faster.\n{seen}, {why}. Which setting leaves {right**0.5:.4f}?")
