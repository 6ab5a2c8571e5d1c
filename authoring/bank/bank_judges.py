"""The judges of the bank's twelve exercises: JUDGES, by the name of the function that is asked for.

Each knows the right answer and the wrong ones that people give, by name. A rule is judged as checks.check judges one, any other function by
what it answers. Nothing here is imported by a lesson; `make bank` puts this file beside the notebook, and
`python -m lessonlib.grading FOLDER --judges authoring/bank/bank_judges.py` marks files.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib.attempts import Probe, Stop, answers, observe, patiently
from lessonlib.checks import Verdict, check, judge
from lessonlib.diagnosis import probes_for
from lessonlib.rules import State, adam, momentum, rmsprop

__all__ = ["JUDGES", "RIGHT", "SLIPS", "Slip"]


class Slip(NamedTuple):
    """A wrong answer that people give: its name, a question that leads on, and the function that gives it."""

    name: str
    hint: str
    gives: Callable[..., Any]


# 1 to 4: a line each


def largest_step(curvatures: Sequence[float]) -> float:
    return 2 / max(curvatures)


def share_left(beta: float, steps: int) -> float:
    return float(beta**steps)


def first_step(lr: float, beta1: float, beta2: float) -> float:
    return float(lr * (1 - beta1) / (1 - beta2) ** 0.5)


def weight_left(lrs: Sequence[float], decay: float) -> float:
    return math.prod(1 - lr * decay for lr in lrs)


# 5 to 8: a few lines


def torch_momentum(theta: Any, g: Any, s: State, *, lr: Any, beta1: Any) -> Any:
    m = beta1 * s.m + g
    return theta - lr * m, State(s.t + 1, m)


def clipped(g: Any, limit: float) -> Any:
    norm = np.sqrt((g**2).sum())
    return g * limit / norm if norm > limit else g


def lr_at(t: int, lr: float, warmup: int, steps: int) -> float:
    if t <= warmup:
        return lr * t / warmup
    return lr * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup))) / 2


def combined(gradients: Sequence[Any], sizes: Sequence[int]) -> Any:
    return sum(n * g for g, n in zip(gradients, sizes, strict=True)) / sum(sizes)


# 9 to 12: rules from their formulas


def adagrad(theta: Any, g: Any, s: State, *, lr: Any, eps: Any) -> Any:
    v = s.v + g**2
    return theta - lr * g / (v**0.5 + eps), State(s.t + 1, 0.0, v)


def lion(theta: Any, g: Any, s: State, *, lr: Any, beta1: Any, beta2: Any, weight_decay: Any) -> Any:
    c = beta1 * s.m + (1 - beta1) * g
    return theta - lr * (np.sign(c) + weight_decay * theta), State(s.t + 1, beta2 * s.m + (1 - beta2) * g)


def adamax(theta: Any, g: Any, s: State, *, lr: Any, beta1: Any, beta2: Any, eps: Any) -> Any:
    t, m, u = s.t + 1, beta1 * s.m + (1 - beta1) * g, np.maximum(beta2 * s.v, np.abs(g))
    return theta - lr * (m / (1 - beta1**t)) / (u + eps), State(t, m, u)


def paper_adamw(theta: Any, g: Any, s: State, *, lr: Any, schedule: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any) -> Any:
    stepped, s = adam(theta, g, s, lr=schedule * lr, beta1=beta1, beta2=beta2, eps=eps)
    return stepped - schedule * weight_decay * theta, s


# Wrong answers. A rule of this kind takes the settings that it does not need as **h


def _mean_of_squares(theta: Any, g: Any, s: State, *, lr: Any, eps: Any) -> Any:
    return rmsprop(theta, g, s, lr=lr, beta2=1 - 1 / (s.t + 1), eps=eps)


def _adagrad(theta: Any, g: Any, s: State, divided: Callable[[Any, Any], Any], *, lr: Any, eps: Any) -> Any:
    v = s.v + g**2
    return theta - lr * g / divided(v, eps), State(s.t + 1, 0.0, v)


def _forgets_v(theta: Any, g: Any, s: State, *, lr: Any, eps: Any) -> Any:
    return theta - lr * g / ((g**2) ** 0.5 + eps), State(s.t + 1, 0.0, g**2)


def _lion(theta: Any, g: Any, s: State, *, lr: Any, beta1: Any, beta2: Any, weight_decay: Any, **other: Callable[..., Any]) -> Any:
    """Lion with another step(c, decay, lr), another c(m, g) or another memory(c, m, g)."""
    c = other.get("c", lambda m, g: beta1 * m + (1 - beta1) * g)(s.m, g)
    m = other.get("memory", lambda c, m, g: beta2 * m + (1 - beta2) * g)(c, s.m, g)
    step = other.get("step", lambda c, m, decay, lr: lr * (np.sign(c) + decay))(c, m, weight_decay * theta, lr)
    return theta - step, State(s.t + 1, m)


def _lion_swapped(theta: Any, g: Any, s: State, *, beta1: Any, beta2: Any, **h: Any) -> Any:
    return lion(theta, g, s, beta1=beta2, beta2=beta1, **h)


def _adamax(theta: Any, g: Any, s: State, *, lr: Any, beta1: Any, beta2: Any, eps: Any, m_hat: bool = True, u_hat: bool = False,
            u_of: Callable[..., Any] = lambda v, g, beta2: np.maximum(beta2 * v, np.abs(g))) -> Any:
    t, m, u = s.t + 1, beta1 * s.m + (1 - beta1) * g, u_of(s.v, g, beta2)
    over = (u / (1 - beta2**t) if u_hat else u) + eps
    return theta - lr * (m / (1 - beta1**t) if m_hat else m) / over, State(t, m, u)


def _paper(theta: Any, g: Any, s: State, *, lr: Any, schedule: Any, weight_decay: Any, decay: Callable[..., Any] = lambda lr, schedule: schedule,
           inside: bool = False, eta: bool = True, **h: Any) -> Any:
    penalty = weight_decay * theta
    stepped, s = adam(theta, g + penalty * inside, s, lr=lr * schedule if eta else lr, **h)
    return stepped - decay(lr, schedule) * penalty, s


def _each(g: Any, limit: float) -> Any:
    return np.clip(g, -limit, limit)


def _cosine(t: int, lr: float, begin: float, end: float) -> float:
    return lr * (1 + math.cos(math.pi * (t - begin) / (end - begin))) / 2


RIGHT: dict[str, Callable[..., Any]] = {function.__name__: function for function in (
    largest_step, share_left, first_step, weight_left, torch_momentum, clipped, lr_at, combined, adagrad, lion, adamax, paper_adamw)}

SLIPS: dict[str, tuple[Slip, ...]] = {
    "largest_step": (
        Slip("smallest curvature", "Along which axis does the walk leave the valley first?", lambda c: 2 / min(c)),
        Slip("mean curvature", "Does an axis care what the others are like?", lambda c: 2 / (sum(c) / len(c))),
        Slip("one instead of two", "At 1 / curvature one step lands on the minimum. How far beyond may it land and still come closer?", lambda c: 1 / max(c))),
    "share_left": (
        Slip("the other share", "beta is what is kept. What do you raise to the power?", lambda beta, steps: (1 - beta) ** steps),
        Slip("subtracted instead of multiplied", "After how many steps would nothing be left? Is that so?", lambda beta, steps: 1 - steps * (1 - beta)),
        Slip("with its first share", "That is the weight in m. How much of it is left, compared with its first step?",
             lambda beta, steps: (1 - beta) * beta**steps)),
    "first_step": (
        Slip("no root", "v is a square. What is done to it before you divide?", lambda lr, beta1, beta2: lr * (1 - beta1) / (1 - beta2)),
        Slip("betas swapped", "Which beta belongs to the average on top?", lambda lr, beta1, beta2: lr * (1 - beta2) / (1 - beta1) ** 0.5),
        Slip("with correction", "That is the length with bias correction. What are m and v themselves after one gradient?", lambda lr, beta1, beta2: lr),
        Slip("step size forgotten", "In which units is the answer?", lambda lr, beta1, beta2: (1 - beta1) / (1 - beta2) ** 0.5)),
    "weight_left": (
        Slip("subtracted instead of multiplied", "The second step takes its share of what?", lambda lrs, decay: 1 - sum(lr * decay for lr in lrs)),
        Slip("step size forgotten", "Let the schedule fall to zero. Does your decay stop?", lambda lrs, decay: (1 - decay) ** len(lrs)),
        Slip("last step size only", "Which step sizes did the weight meet on its way?", lambda lrs, decay: (1 - lrs[-1] * decay) ** len(lrs))),
    "torch_momentum": (
        Slip("average instead of sum", "Feed it ones. Where does your m end, and where does PyTorch's?", momentum),
        Slip("no memory", "What does the second step find in s.m?",
             lambda theta, g, s, *, lr, beta1: (theta - lr * g, State(s.t + 1))),
        Slip("step before the new gradient", "Which m is stepped along: the one before this gradient came in, or the one after it?",
             lambda theta, g, s, *, lr, beta1: (theta - lr * s.m, State(s.t + 1, beta1 * s.m + g)))),
    "clipped": (
        Slip("each coordinate alone", "Does your gradient still point the same way?", _each),
        Slip("short ones lengthened", "What should happen to a gradient that is shorter than the limit?",
             lambda g, limit: g * limit / np.sqrt((g**2).sum()) if g.any() else g),
        Slip("squared length", "How long is the gradient (3, 4)?", lambda g, limit: g * limit / (g**2).sum() if (g**2).sum() > limit else g),
        Slip("largest coordinate", "How long is the gradient (3, 4)?", lambda g, limit: g * limit / abs(g).max() if abs(g).max() > limit else g)),
    "lr_at": (
        Slip("no warm-up", "How long is the very first step?", lambda t, lr, warmup, steps: _cosine(t, lr, 0, steps)),
        Slip("first step at zero", "t counts from 1. What does your first step do?",
             lambda t, lr, warmup, steps: lr * (t - 1) / warmup if t <= warmup else _cosine(t, lr, warmup, steps)),
        Slip("cosine of the whole run", "What is the step size just after the warm-up, and just before its end?",
             lambda t, lr, warmup, steps: lr * t / warmup if t <= warmup else _cosine(t, lr, 0, steps)),
        Slip("straight line down", "Halfway down, is a cosine steeper or flatter than near its ends?",
             lambda t, lr, warmup, steps: lr * t / warmup if t <= warmup else lr * (steps - t) / (steps - warmup)),
        Slip("does not end at zero", "What is the step size at t = steps?",
             lambda t, lr, warmup, steps: lr * t / warmup if t <= warmup else _cosine(t, lr, warmup, steps + warmup))),
    "combined": (
        Slip("sum instead of mean", "Cut one batch into four. Should the gradient be four times as large?", lambda gradients, sizes: sum(gradients)),
        Slip("batches counted alike", "Does an example in the small batch count as much as one in the large batch?",
             lambda gradients, sizes: sum(gradients) / len(gradients)),
        Slip("not divided", "Each gradient is a mean over its batch. What do you have when you have multiplied by the sizes and added up?",
             lambda gradients, sizes: sum(n * g for g, n in zip(gradients, sizes, strict=True)))),
    "adagrad": (
        Slip("average instead of sum", "What does AdaGrad forget?", _mean_of_squares),
        Slip("no memory of the squares", "What does the second step find in s.v?", _forgets_v),
        Slip("no root", "Multiply every gradient by 10. By how much should the step change?", partial(_adagrad, divided=lambda v, eps: v + eps)),
        Slip("epsilon inside the root", "With v = 0, what is the denominator if eps stands inside the root, and what if it stands outside?",
             partial(_adagrad, divided=lambda v, eps: (v + eps) ** 0.5))),
    "lion": (
        Slip("no sign", "Multiply every gradient by 1000. Should the path change?", partial(_lion, step=lambda c, m, decay, lr: lr * (c + decay))),
        Slip("step along the new m", "Which is stepped along: c, or the m that is stored?",
             partial(_lion, step=lambda c, m, decay, lr: lr * (np.sign(m) + decay))),
        Slip("c is stored", "Which beta makes c, and which one makes the m that is stored?", partial(_lion, memory=lambda c, m, g: c)),
        Slip("betas swapped", "Which beta makes c, and which one makes the m that is stored?", _lion_swapped),
        Slip("decay inside the sign", "What is the sign of a sum, where the decay is small?",
             partial(_lion, step=lambda c, m, decay, lr: lr * np.sign(c + decay))),
        Slip("decay not multiplied by lr", "Let lr fall to zero. Does your decay stop?",
             partial(_lion, step=lambda c, m, decay, lr: lr * np.sign(c) + decay)),
        Slip("no decay", "Set g = 0. What should still pull theta towards 0?", partial(_lion, step=lambda c, m, decay, lr: lr * np.sign(c)))),
    "adamax": (
        Slip("no correction of m", "At t = 1, how much of g does m hold?", partial(_adamax, m_hat=False)),
        Slip("u corrected too", "At t = 1, how much of |g| does u hold? Does that need a correction?", partial(_adamax, u_hat=True)),
        Slip("average instead of the larger", "What does u become when a gradient is larger than anything before?",
             partial(_adamax, u_of=lambda v, g, beta2: beta2 * v + (1 - beta2) * np.abs(g))),
        Slip("u never shrinks", "One huge gradient came long ago. How long should it still shorten the steps?",
             partial(_adamax, u_of=lambda v, g, beta2: np.maximum(v, np.abs(g)))),
        Slip("sign of g kept in u", "What is the larger of 1 and -3 here, and whose size should u be?",
             partial(_adamax, u_of=lambda v, g, beta2: np.maximum(beta2 * v, g)))),
    "paper_adamw": (
        Slip("PyTorch's form", "In the paper, is the decay multiplied by alpha?", partial(_paper, decay=lambda lr, schedule: lr * schedule)),
        Slip("decay outside the schedule", "Let eta fall to zero. Does everything stop?", partial(_paper, decay=lambda lr, schedule: 1.0)),
        Slip("Adam outside the schedule", "Let eta fall to zero. Does everything stop?", partial(_paper, eta=False)),
        Slip("decay inside the moments", "That is Adam with L2. What happens to the decay of a weight whose v is large?",
             partial(_paper, inside=True, decay=lambda lr, schedule: 0.0)),
        Slip("no decay", "Set g = 0. What should still pull theta towards 0?", partial(_paper, decay=lambda lr, schedule: 0.0))),
}

G = np.array([3.0, -4.0, 0.0])
CASES: dict[str, list[tuple[Any, ...]]] = {
    "largest_step": [([0.5, 4.0, 25.0],), ([100.0, 1.0],), ([3.0],)],
    "share_left": [(0.9, 10), (0.5, 1), (0.99, 100)],
    "first_step": [(0.001, 0.9, 0.999), (0.1, 0.8, 0.99)],
    "weight_left": [([0.1, 0.05, 0.0], 0.5), ([0.2] * 20, 1.0), ([0.3, 0.3, 0.1], 0.1)],
    "clipped": [(G, 1.0), (G, 5.5), (G, 20.0), (G / 20, 1.0), (0 * G, 1.0), (G / 3, 1.5)],
    "lr_at": [(t, 0.1, 5, 25) for t in (1, 3, 5, 6, 10, 15, 24, 25)] + [(2, 1.0, 2, 4), (3, 1.0, 2, 4)],
    "combined": [([G, 2 * G], [32, 32]), ([G, -G, 5 * G], [64, 64, 8]), ([G], [7])],
}


def _numbers(value: Any, wanted: Any) -> Any:
    """An answer as numbers; Stop where it is of another kind or shape."""
    try:
        got = np.array(value)
        got = got.astype(float) if got.dtype.kind in "fiu" else None
    except (TypeError, ValueError):
        got = None
    if got is None:
        raise Stop("It returns something else.", f"It returned {type(value).__name__}, and numbers are wanted. What stands after `return`?")
    if got.shape != np.shape(wanted):
        raise Stop("The answer has another shape.", f"It has shape {got.shape}, and {np.shape(wanted)} is wanted. Which operation sums or picks?")
    return got


def _close(got: Any, wanted: Any) -> bool:
    return bool(np.allclose(got, wanted, rtol=1e-6, atol=1e-12, equal_nan=True))


@judge
def _judge_function(attempt: Any, name: str) -> Verdict:
    """A Verdict on a function of numbers, by what it answers to a few calls."""
    calls = CASES[name]
    given = answers(attempt, [tuple(x.copy() if isinstance(x, np.ndarray) else x for x in call) for call in calls])
    wanted = [RIGHT[name](*call) for call in calls]
    got = [_numbers(value, right) for value, right in zip(given, wanted, strict=True)]
    if all(map(_close, got, wanted)):
        return Verdict(True, f"Correct.\nThe same as the right one in {len(calls)} calls.")
    with np.errstate(all="ignore"):
        _stop_at(name, lambda slip: all(_close(a, slip.gives(*call)) for a, call in zip(got, calls, strict=True)))
    call, a, b = next((call, a, b) for call, a, b in zip(calls, got, wanted, strict=True) if not _close(a, b))
    raise Stop("Not yet.", f"With {', '.join(map(str, call))} it gives {a} and should give {b}. What do you get by hand?")


def _judge_rule(attempt: Any, name: str) -> Verdict:
    """A Verdict on a rule, as check gives it, and the bank's names for the slips."""
    verdict = check(attempt, against=RIGHT[name])
    if verdict or not verdict.headline.startswith(("Not yet", "Not a number")):
        return verdict
    probes = probes_for(RIGHT[name]).fixed
    try:
        seen = patiently(partial(observe, attempt, probes))
        with np.errstate(all="ignore"):
            _stop_at(name, lambda slip: all(_close(path, _path(slip.gives, probe)) for path, probe in zip(seen.paths, probes, strict=True)))
    except Stop as stop:
        return Verdict(False, f"{stop.headline}\n{stop.text}", stop.misconception)
    return verdict


def _stop_at(name: str, fits: Callable[[Slip], bool]) -> None:
    """Stop at the first slip that fits."""
    for slip in SLIPS[name]:
        if fits(slip):
            raise Stop(f"Not yet: {slip.name}", slip.hint, slip.name)


def _path(rule: Callable[..., Any], probe: Probe) -> Any:
    """theta after each step of a probe: (steps, n)."""
    theta, s, path = probe.theta, State(0, 0 * probe.theta, 0 * probe.theta), []
    for g, hyper in zip(probe.gradients, probe.hyper, strict=True):
        theta, s = rule(theta, g, s, **hyper)
        path.append(theta)
    return np.array(path)


JUDGES: dict[str, Callable[[Any], Verdict]] = {name: partial(_judge_function if name in CASES else _judge_rule, name=name) for name in RIGHT}
