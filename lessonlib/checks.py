"""A check that talks back: what a learner's rule does, compared with the right one and with the classic wrong ones."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from math import isclose, log10
from numbers import Real
from typing import Any, ParamSpec

import numpy as np

from lessonlib import progress, rules
from lessonlib.attempts import LATE, PATIENCE_S, STEPS, Probe, Seen, Stop, observe, patiently
from lessonlib.misconceptions import Misconception, of, pairs
from lessonlib.rules import State
from lessonlib.signature import name_of, takes

__all__ = ["Verdict", "check", "choice", "judge", "judge_slips", "number", "power_of_ten", "yours"]

Array = np.ndarray[Any, Any]
P = ParamSpec("P")
RTOL = 1e-3  # of the largest step of a coordinate: float32 passes, every misconception is further off


@dataclass(frozen=True)
class Verdict:
    """What a check found: true if it passed.

    message: for the learner, a headline, a line break, what was seen and a question. misconception: the name of a known one.
    """

    passed: bool
    message: str
    misconception: str | None = None

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.message

    def _repr_markdown_(self) -> str:
        pieces = self.message.split("`")  # outside code, g**2 is a square and not where bold begins
        pieces[::2] = [re.sub(r"([*_<])", r"\\\1", piece) for piece in pieces[::2]]
        headline, _, text = "`".join(pieces).partition("\n")
        mark = "\u2713 " if self.passed else ""
        return f"<!-- what the check says -->\n\n{mark}**{headline}**\n\n{text}"  # JupyterLab shows the first line of what is folded


def judge(function: Callable[P, Verdict]) -> Callable[P, Verdict]:
    """Return a function that answers with a Verdict also where `function` raises Stop, and notes in the learner's progress what passed."""
    @wraps(function)
    def judged(*args: P.args, **kwargs: P.kwargs) -> Verdict:
        try:
            verdict = function(*args, **kwargs)
        except Stop as stop:
            return Verdict(False, f"{stop.headline}\n{stop.text}", stop.misconception)
        if verdict:
            progress.note("check", str(getattr(args[0], "__name__", function.__name__)))
        return verdict

    return judged


def yours(name: str, instead: Any, passes: Callable[[Any], Verdict] | None = None) -> Any:
    """Return what the learner has written under this name in the notebook, if it passes, else `instead`, which it is checked against."""
    from IPython import get_ipython

    shell = get_ipython()
    written = shell.user_ns.get(name) if shell else None
    return written if (check(written, instead) if passes is None else passes(written)) else instead


def number(guess: Any, what: str, low: float = -np.inf, high: float = np.inf, *, whole: bool = False) -> float:
    """Return a learner's number as a float. Raises Stop for no answer, for what is no number, and outside of [low, high].

    what: with its article, such as "a step size". Python's and NumPy's numbers are numbers, True and "12" are not.

    >>> number(0.05, "a step size", 0)
    0.05
    """
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", f"Put {what} in place of None, run that cell, then this one again. What is your guess?")
    if isinstance(guess, np.ndarray) and guess.ndim == 0:
        guess = guess.item()
    if isinstance(guess, bool) or not isinstance(guess, Real):
        shown = f"`{guess!r:.40}`, text" if isinstance(guess, str) else f"a {type(guess).__name__}"
        bare = ", without quotes" if isinstance(guess, str) else ""
        raise Stop(f"Not {what}.", f"You gave {shown}. Which single number do you mean{bare}?")
    try:
        value = float(guess)
    except OverflowError:
        value = np.inf
    if not np.isfinite(value) or not low <= value <= high or (whole and not value.is_integer()):
        span = (f"between {low:g} and {high:g}" if np.isfinite([low, high]).all() else f"of {low:g} or more" if np.isfinite(low) else
                f"of {high:g} or less" if np.isfinite(high) else "with an end")
        raise Stop(f"Not {what}.", f"You gave {value:g}. Which {'whole ' if whole else ''}number {span} do you mean?")
    return value


def power_of_ten(guess: Any, what: str) -> float:
    """Return a learner's power of ten. Raises Stop as `number` does, and for a number between two powers."""
    value = number(guess, what, 1e-300, 1e300)
    power = round(log10(value))
    if not isclose(value, 10.0**power, rel_tol=1e-6):
        raise Stop("Not a power of ten.", f"You gave {value:g}. Which power do you mean, such as 1e{power}?")
    return value


def choice(guess: Any, options: Collection[str], what: str) -> str:
    """Return a learner's choice among texts. Raises Stop for no answer, and for what is not among them."""
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", f"Put {what} in place of None, in quotes, then run this cell again. What is your guess?")
    if not isinstance(guess, str) or guess not in options:
        shown = f"`{guess!r:.60}`" if isinstance(guess, (str, int, float)) else f"a {type(guess).__name__}"
        raise Stop(f"Not {what}.", f"You gave {shown}; there are {', '.join(options)}. Which of them do you mean?")
    return guess


@judge
def check(attempt: Any, against: Callable[..., Any] | str, *, patience: float = PATIENCE_S) -> Verdict:
    """Return a Verdict on `attempt`, a function written as attempt(theta, g, s, *, lr, ...) -> (theta, State).

    against: a rule of lessonlib, its name, or any function with a rule's signature; hyperparameters bound by functools.partial are
    not asked of the attempt. The path of theta is compared, over several steps, scales and settings, to a thousandth of the step:
    every algebraically equal form passes, whatever it keeps in m and v. Then the step count t of its state. An attempt must be pure: no
    printing, nothing changed in place, nothing kept outside `s`. It runs in a sandbox and is ended after `patience` seconds in all.

    >>> check(lambda theta, g, s, *, lr: (theta + lr * g, s), "sgd")
    Not yet: sign of the step
    Print the loss after each step. Which way should theta move when g is positive?
    """
    right = getattr(rules, against, None) if isinstance(against, str) else against
    if not callable(right) or isinstance(right, type):
        raise ValueError(f"against={against!r}: a rule such as lessonlib.adam, or its name; there are "
                         f"{', '.join(n for n in rules.__all__ if n.islower())}")
    fixed, fresh = _probes(right, 7), _probes(right, None)
    seen = patiently(partial(observe, attempt, fixed + fresh), patience)
    return _judge(seen, right, fixed, fresh)


@judge
def judge_slips(guess: Any, shown: Mapping[str, Array], candidates: Collection[str], walk: Callable[[str], Array]) -> Verdict:
    """Return a Verdict on the names of the slips that made some paths: what each says, and where its path leaves the one shown.

    guess: {letter: name}; shown: {letter: path (T + 1, n)}; walk: the path of a slip, by its name.
    """
    if not isinstance(guess, Mapping) or set(guess) != set(shown):
        raise Stop("Not a guess for each.", f"You gave a {type(guess).__name__}. Where are the answers for {', '.join(shown)}?")
    told, right = [], 0
    for letter, path in shown.items():
        try:
            name = choice(guess[letter], candidates, "a name from the list")
        except Stop as stop:
            told.append(f"{letter}: {stop.headline[0].lower()}{stop.headline[1:-1]}.")
            continue
        off = ~np.isclose(walk(name), path).all(axis=1)
        right += not off.any()
        t, walked = int(off.argmax()), walk(name)
        places = [" and ".join(f"{x:.2f}" for x in np.atleast_1d(theta[t])) for theta in (path, walked)]
        told.append(f"{letter}: {name} is it." if not off.any() else
                    f"{letter}: the path shown is at {places[0]} after step {t}; with {name} it would be at {places[1]}.")
    seen = " ".join(told)
    if right == len(shown):
        return Verdict(True, f"Correct.\n{seen}")
    if all(guess[letter] is None for letter in shown):
        raise Stop("Not answered yet.", "Put a name from the list in place of each None, in quotes. Which path tells you most?")
    return Verdict(False, f"{right} of {len(shown)}.\n{seen} Which slip makes that step so long, or so short?")


def _judge(seen: Seen, right: Callable[..., Any], fixed: list[Probe], fresh: list[Probe]) -> Verdict:
    """Compare the paths of the attempt with the right ones, then with the wrong ones; only now are any of them computed."""
    name = name_of(right)
    ours, others = seen.paths[:len(fixed)], seen.paths[len(fixed):]
    wanted = [_path(right, p) for p in fixed]
    if all(map(_same, ours, wanted)):
        if not all(map(_same, others, [_path(right, p) for p in fresh])):
            return Verdict(False, f"Right on some numbers only.\nIt agrees with `{name}` on the numbers that every check uses, and not "
                           "on numbers drawn afresh. Does anything in it depend on particular numbers?")
        _judge_count(seen, right, fixed)
        if not seen.named:
            raise Stop("The state is a bare tuple.", "theta is right. The next step asks the state for `s.t`, `s.m` and `s.v`, and a tuple "
                       "has none of them. Which name belongs before the bracket?")
        return Verdict(True, f"Correct.\nThe same path as `{name}`: {len(fixed) + len(fresh)} settings, {STEPS} steps each, "
                       f"{len(fixed[0].theta)} coordinates.")
    known = [m for m in _misconceptions(right) if all(map(_same, ours, [_path(m, p) for p in fixed]))]
    begun = [m for m in known if seen.late is not None and _same(seen.late, _path(m, fixed[0], LATE))]  # two may differ only there
    if begun or (known and np.isfinite(ours).any()):  # all NaN alike: look further on
        found: Misconception = getattr((begun or known)[0], "func", (begun or known)[0])
        return Verdict(False, f"Not yet: {found.name}\n{found.hint}", found.name)
    for first, second, both in pairs(right):
        if all(map(_same, ours, [_path(both, p) for p in fixed])) and np.isfinite(ours).any():
            first, second = sorted((first, second), key=lambda m: _parts_at(_path(m, fixed[0]), wanted[0]))
            return Verdict(False, f"Not yet: {first.name}, and one more\nTwo slips at once; the first to show is this one. {first.hint}",
                           first.name)
    return _judge_numbers(name, ours, wanted, fixed)


def _judge_numbers(name: str, ours: list[Array], wanted: list[Array], fixed: list[Probe]) -> Verdict:
    """The first number that is off, for a path that is like no other."""
    for path, target, probe in zip(ours, wanted, fixed, strict=True):
        if not np.isfinite(path).all():
            t, i = np.argwhere(~np.isfinite(path))[0]
            return Verdict(False, f"Not a number.\nAt step {t + 1}, coordinate {i} of theta is {path[t, i]}. Its gradient there is "
                           f"{probe.gradients[t, i]:.4g}. Which division or root has nothing to work with?")
        off = ~_near(path, target)
        if off.any():
            t, i = np.argwhere(off)[0]
            settings = ", ".join(f"{k}={v:g}" for k, v in probe.hyper.items())
            return Verdict(False, f"Not yet.\nWith {settings}, it parts from `{name}` at step {t + 1}, coordinate {i}: theta is "
                           f"{path[t, i]:.6g} and should be {target[t, i]:.6g}. It started at {probe.theta[i]:g}; the gradients "
                           f"there so far are {', '.join(f'{x:.4g}' for x in probe.gradients[:t + 1, i])}. What do you get by hand?")
    raise AssertionError("a path that is not the same has a place where it parts")


def _judge_count(seen: Seen, right: Callable[..., Any], fixed: list[Probe]) -> None:
    """Stop where theta is right and the step count of the state is not, unless the right rule counts none."""
    s, wanted = State(), []
    for g in fixed[0].gradients:
        s = right(fixed[0].theta, g, s, **fixed[0].hyper)[1]
        wanted.append(s.t)
    for counts in seen.counts if wanted == list(range(1, STEPS + 1)) else []:
        for step, t in enumerate(counts, 1):
            if t != step:
                raise Stop("theta is right, t is not.", f"After {step} step{'s' * (step > 1)} your state says t = {t:g}. The next step "
                           "reads in s.t how many were taken, and in lesson 9 a rule will need that. What do you add to s.t?")


def _probes(right: Callable[..., Any], seed: int | None) -> list[Probe]:
    """Gradients of mixed scale, some zero, at several settings: far from the defaults, so that every slip shows within 6 steps."""
    rng = np.random.default_rng(seed)
    bound = right.keywords if isinstance(right, partial) else {}
    out = []
    for values in ({"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 0.02, "weight_decay": 0.4},
                   {"lr": 0.2, "beta1": 0.5, "beta2": 0.9, "eps": 0.003, "weight_decay": 1.5},
                   {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1}):
        if seed is None:
            values = {n: x * rng.uniform(0.9, 1.0) for n, x in values.items()}
        g = rng.uniform(0.5, 2.0, (STEPS, 5)) * rng.choice([-1.0, 1.0], (STEPS, 5)) * [0.01, 0.3, 1.0, 30.0, 0.0]
        g[2, 1] = g[0, 2] = 0.0
        out.append(Probe(np.array([1.0, -2.0, 0.5, 3.0, -1.5]), g, {n: values.get(n, 0.5) for n in takes(right) if n not in bound}))
    return out


def _misconceptions(right: Callable[..., Any]) -> list[Any]:
    """Those of the rule, under the same bound hyperparameters, that are wrong there."""
    try:
        table: tuple[Misconception, ...] = of(right)
    except ValueError:
        return []
    if not isinstance(right, partial):
        return list(table)
    bound = [partial(m, **right.keywords) for m in table]
    probes = _probes(right, 7)
    return [m for m in bound if not all(_same(_path(m, p), _path(right, p)) for p in probes)]


def _path(rule: Callable[..., Any], probe: Probe, s: State = State()) -> Array:
    """theta after each step of a trusted rule: (STEPS, n)."""
    theta, path = probe.theta, []
    s = State(s.t, s.m + 0 * theta, s.v + 0 * theta)
    with np.errstate(all="ignore"):
        for g in probe.gradients:
            theta, s = rule(theta, g, s, **probe.hyper)
            path.append(theta)
    return np.array(path)


def _near(path: Array, target: Array) -> Array:
    """(STEPS, n): True where they agree, not-a-number with not-a-number included."""
    with np.errstate(all="ignore"):
        reach = np.nanmax(np.abs(np.diff(target, axis=0)), axis=0, initial=0.0)
        near = np.abs(path - target) <= RTOL * reach + 2e-6 * np.maximum(1.0, np.abs(target))
    return near | (np.isnan(path) & np.isnan(target)) | (path == target)


def _same(path: Array, target: Array) -> bool:
    return bool(_near(path, target).all())


def _parts_at(path: Array, target: Array) -> int:
    """The step at which a path parts from the target; STEPS if at none."""
    off = (~_near(path, target)).any(axis=1)
    return int(off.argmax()) if off.any() else STEPS
