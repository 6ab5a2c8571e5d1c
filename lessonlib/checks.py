"""A check that talks back: what a learner's rule does, compared with the right one and with the classic wrong ones."""
from __future__ import annotations

import contextlib
import ctypes
import inspect
import io
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib import rules
from lessonlib.misconceptions import Misconception, of
from lessonlib.rules import State

__all__ = ["PATIENCE_S", "Verdict", "check", "check_groups"]

Array = np.ndarray[Any, Any]
PATIENCE_S = 3.0  # seconds an attempt may take for all its probes together
STEPS = 6
_LATE = State(3, 0.1, 0.2)  # a state in the middle of a run
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
        return f"{chr(0x2713) + ' ' if self.passed else ''}**{headline}**\n\n{text}"


class _Probe(NamedTuple):
    theta: Array  # (n,)
    gradients: Array  # (STEPS, n)
    hyper: dict[str, float]


class _Stop(Exception):
    """Ends a check with the verdict it carries."""

    def __init__(self, headline: str, message: str) -> None:
        super().__init__(headline)
        self.verdict = Verdict(False, f"{headline}\n{message}")


class _OutOfTime(BaseException):
    """Raised inside an attempt that does not come back."""


class _Ear(io.TextIOBase):
    """Hears what is printed and keeps the beginning; an endless print must not fill the memory."""

    def __init__(self) -> None:
        self.heard = ""

    def write(self, text: str) -> int:
        self.heard = (self.heard + text)[:200]
        return len(text)


def check(attempt: Callable[..., Any], against: Callable[..., Any] | str, *, patience: float = PATIENCE_S) -> Verdict:
    """Return a Verdict on `attempt`, a function written as attempt(theta, g, s, *, lr, ...) -> (theta, State).

    against: a rule of lessonlib, its name, or any function with a rule's signature; hyperparameters bound by functools.partial are
    not asked of the attempt. Only the path of theta is compared, over several steps, scales and settings, to a thousandth of the
    step: every algebraically equal form passes, whatever it keeps in its state. An attempt must be pure: no printing, nothing
    changed in place, nothing kept outside `s`. It runs in a thread and is stopped after `patience` seconds in all.

    >>> check(lambda theta, g, s, *, lr: (theta + lr * g, s), "sgd")
    Not yet: sign of the step
    Print the loss after each step. Which way should theta move when g is positive?
    """
    right = getattr(rules, against, None) if isinstance(against, str) else against
    if not callable(right):
        raise ValueError(f"against={against!r}: a rule such as lessonlib.adam, or its name; there are "
                         f"{', '.join(n for n in rules.__all__ if n.islower())}")
    fixed, fresh = _probes(right, 7), _probes(right, None)
    try:
        if attempt is None or attempt is ...:
            raise _Stop("Not written yet.", "Your turn: write the function, run its cell, then this one again.")
        if not callable(attempt):
            raise _Stop("Not a function.", f"This is a {type(attempt).__name__}. Pass the function itself, without calling it.")
        ours, others, late = _patiently(partial(_observe, attempt, fixed, fresh), patience)
    except _Stop as stop:
        return stop.verdict
    return _judge(ours, others, late, right, fixed, fresh)


def _judge(
    ours: list[Array], others: list[Array], late: Array, right: Callable[..., Any], fixed: list[_Probe], fresh: list[_Probe]
) -> Verdict:
    """Compare the paths of the attempt with the right ones, then with the wrong ones; only now are any of them computed."""
    name = getattr(right, "__name__", None) or getattr(getattr(right, "func", None), "__name__", "the rule")
    wanted = [_path(right, p) for p in fixed]
    known = _misconceptions(right)
    if all(map(_same, ours, wanted)):
        if all(map(_same, others, [_path(right, p) for p in fresh])):
            return Verdict(True, f"Correct.\nThe same path as `{name}`: {len(fixed) + len(fresh)} settings, {STEPS} steps each, "
                           f"{len(fixed[0].theta)} coordinates.")
        return Verdict(False, f"Right on some numbers only.\nIt agrees with `{name}` on the numbers that every check uses, and not "
                       "on numbers drawn afresh. Does anything in it depend on particular numbers?")
    for wrong in known:
        if all(map(_same, ours, [_path(wrong, p) for p in fixed])) and (
                np.isfinite(ours).any() or _same(late, _path(wrong, fixed[0], _LATE))):  # all NaN alike: look further on
            m: Misconception = getattr(wrong, "func", wrong)
            return Verdict(False, f"Not yet: {m.name}\n{m.hint}", m.name)
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


def _probes(right: Callable[..., Any], seed: int | None) -> list[_Probe]:
    """Gradients of mixed scale, some zero, at several settings: far from the defaults, so that every slip shows within 6 steps."""
    rng = np.random.default_rng(seed)
    takes = [n for n, p in inspect.signature(right).parameters.items() if p.kind is p.KEYWORD_ONLY]
    bound = right.keywords if isinstance(right, partial) else {}
    out = []
    for values in ({"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 0.02, "weight_decay": 0.4},
                   {"lr": 0.2, "beta1": 0.5, "beta2": 0.9, "eps": 0.003, "weight_decay": 1.5},
                   {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1}):
        if seed is None:
            values = {n: x * rng.uniform(0.9, 1.0) for n, x in values.items()}
        g = rng.uniform(0.5, 2.0, (STEPS, 5)) * rng.choice([-1.0, 1.0], (STEPS, 5)) * [0.01, 0.3, 1.0, 30.0, 0.0]
        g[2, 1] = g[0, 2] = 0.0
        out.append(_Probe(np.array([1.0, -2.0, 0.5, 3.0, -1.5]), g, {n: values.get(n, 0.5) for n in takes if n not in bound}))
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


def _path(rule: Callable[..., Any], probe: _Probe, s: State = State()) -> Array:
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


def _patiently(work: Callable[[], Any], patience: float) -> Any:
    """The result of work(), run in a thread: stopped when patience ends, its printing heard, its warnings ignored."""
    outcome: list[Any] = []
    ear, parked, end = _Ear(), threading.Event(), time.monotonic() + patience
    stoppable = sys.version_info >= (3, 11)  # before, a loop around a try never let another thread in: park it from inside

    def park(frame: Any, event: str, arg: Any) -> Any:  # noqa: ARG001 - the signature of a trace function
        if time.monotonic() > end:
            parked.set()
            threading.Event().wait()
        return park

    def target() -> None:
        if not stoppable:
            sys.settrace(park)
        with contextlib.suppress(_OutOfTime):
            try:
                with np.errstate(all="ignore"):
                    outcome.append(work())
            except _Stop as stop:
                outcome.append(stop)

    thread = threading.Thread(target=target, daemon=True)
    with contextlib.redirect_stdout(ear), contextlib.redirect_stderr(ear), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        thread.start()
        thread.join(patience)
        tries = 0
        while thread.is_alive() and not parked.is_set() and tries < 200:
            if stoppable:  # again and again: a bare except inside the loop swallows the first ones
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_OutOfTime))
            thread.join(0.005)
            tries += 1
    if thread.is_alive() and not parked.is_set():
        raise _Stop("Still running.", f"After {patience:g} seconds it had not come back, and it could not be stopped: restart the kernel. "
                    "Which loop or wait in it has no end?")
    if not outcome:
        raise _Stop("It does not come back.", f"It was stopped after {patience:g} seconds. Which loop in it has no end?")
    if isinstance(outcome[0], _Stop):
        raise outcome[0]
    if ear.heard:
        quoted = ear.heard.strip()[:80].replace("`", "'")
        raise _Stop("It prints.", f"A rule is called thousands of times, so it should be silent. Yours prints `{quoted}`. Would you take "
                    "that out?")
    return outcome[0]


def _observe(
    attempt: Callable[..., Any], fixed: list[_Probe], fresh: list[_Probe]
) -> tuple[list[Array], list[Array], Array]:
    """The attempt's paths on all probes, and on the first from the middle of a run if there was no number at all.

    Knows no right answer, so there is none on the stack to be read.
    """
    wanted = f"theta, g, s, *, {', '.join(fixed[0].hyper)}"
    with contextlib.suppress(ValueError):  # some callables have no signature to look at
        try:
            inspect.signature(attempt).bind(fixed[0].theta, fixed[0].gradients[0], State(), **fixed[0].hyper)
        except TypeError as error:
            raise _Stop("It takes other arguments.", f"The check calls it as `f({wanted})`, the last ones by name, and Python says: "
                        f"{error}. What does your `def` line ask for?") from None
    probes = fixed + fresh
    alone = [[theta for theta, _ in _walk(attempt, p)] for p in probes]
    together: list[list[Array]] = [[] for _ in probes]
    walks = [_walk(attempt, p, twice=True) for p in probes]
    for _ in range(STEPS):
        for kept, walk in zip(together, walks, strict=True):
            theta, again = next(walk)
            kept.append(theta)
            if again is not None and not np.array_equal(theta, again, equal_nan=True):
                _impure()
    for one, other in zip(alone, together, strict=True):
        if not np.array_equal(one, other, equal_nan=True):
            _impure()
    paths = [np.array(path) for path in alone]
    late = paths[0]
    if not np.isfinite(paths[:len(fixed)]).any():
        late = np.array([theta for theta, _ in _walk(attempt, fixed[0], s=_LATE)])
    return paths[:len(fixed)], paths[len(fixed):], late


def _impure() -> None:
    raise _Stop("The same inputs gave two different answers.", "A rule may use only its arguments, and may keep only what it returns in "
                "the state. What does yours keep or read outside of them: a global, a counter, a random number?")


def _walk(attempt: Callable[..., Any], probe: _Probe, *, twice: bool = False, s: State = State()) -> Any:
    """Yield (theta, theta of the same call made again, or None) step by step."""
    theta, s = probe.theta.copy(), State(s.t, s.m + 0 * probe.theta, s.v + 0 * probe.theta)
    for g in probe.gradients:
        again = _call(attempt, theta, g, s, probe.hyper)[0] if twice else None
        theta, s = _call(attempt, theta, g, s, probe.hyper)
        yield theta, again


def _call(attempt: Callable[..., Any], theta: Array, g: Array, s: State, hyper: dict[str, float]) -> tuple[Array, State]:
    """One call with copies of everything; raises _Stop with what is wrong with the answer."""
    mine = (theta.copy(), g.copy(), np.copy(s.m), np.copy(s.v))
    try:
        result = attempt(mine[0], mine[1], State(s.t, mine[2], mine[3]), **hyper)
    except NotImplementedError:
        result = None
    except (_OutOfTime, _Stop):
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt from the attempt too: they must not end the kernel
        _raised(error, attempt)
    for name, now, before in zip(("theta", "g", "s.m", "s.v"), mine, (theta, g, s.m, s.v), strict=True):
        if now.shape != np.shape(before) or not np.array_equal(now, before, equal_nan=True):
            raise _Stop(f"It changes {name} in place.", f"The caller still needs `{name}` as it was. Does a line such as `x += ...` or "
                        "`x[...] = ...` work on an argument? What would `x = x + ...` do instead?")
    return _answer(result, theta)


def _raised(error: BaseException, attempt: Callable[..., Any]) -> None:
    """Say what was raised, and on which line of the attempt."""
    code = getattr(attempt, "__code__", None)
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code is code]
    first = code.co_firstlineno if code else 0
    where = f" in line {lines[-1] - first + 1} of the function" if lines else ""
    text = str(error)[:200]
    if isinstance(error, ZeroDivisionError):
        question = "Which denominator is 0 at the first step? Is it 1 - beta**t with t = 0?"
    elif isinstance(error, NameError):
        question = "Is that name in your def line, or made by a line before?"
    elif isinstance(error, AttributeError) and "set" in text:
        question = "A State cannot be changed. What do you return instead?"
    elif isinstance(error, RecursionError):
        question = "It calls itself without end. Which name inside it is its own?"
    else:
        question = "theta, g, s.m and s.v are NumPy arrays here, s.t is an integer. Which operation does not fit?"
    raise _Stop(f"It raised {type(error).__name__}.", f"Python says{where}: {text or type(error).__name__}. {question}")


def _answer(result: Any, theta: Array) -> tuple[Array, State]:
    """The answer as numbers: theta (n,), State. Raises _Stop with what was returned and what is wanted."""
    if result is None or result is ... or result is NotImplemented:
        raise _Stop("Not written yet.", "The function returns nothing so far. Your turn: write it, run its cell, then this one again.")
    shape = "It should end with `return theta, State(...)`, with what the rule remembers: t, then m and v where it has them."
    if type(result) not in (tuple, list):
        raise _Stop("It returns something else.", f"It returned a {type(result).__name__}. {shape} What is missing?")
    if len(result) != 2:
        raise _Stop(f"It returns {len(result)} things.", f"{shape} How many commas does your return line need?")
    new, kept = result
    if not isinstance(kept, (tuple, list)) or len(kept) != 3:
        raise _Stop("The state has another form.", f"The second thing returned is a {type(kept).__name__}"
                    f"{f' of {len(kept)}' if isinstance(kept, (tuple, list)) else ''}. {shape} What should the next step remember?")
    out = _numbers(new, "theta")
    if out.shape != theta.shape:
        raise _Stop("theta has another shape.", f"theta came with shape {theta.shape} and went with {out.shape}. Which operation sums, "
                    "picks or stretches?")
    m, v = (_numbers(kept[i], name) for i, name in ((1, "m"), (2, "v")))
    for name, array in (("m", m), ("v", v)):
        if array.shape not in ((), theta.shape):
            raise _Stop(f"{name} has another shape.", f"{name} has shape {array.shape} and theta {theta.shape}. Which operation sums, "
                        "picks or stretches?")
    return out, State(int(_numbers(kept[0], "t").flat[0]), np.broadcast_to(m, theta.shape), np.broadcast_to(v, theta.shape))


def _numbers(value: Any, name: str) -> Array:
    """A plain array of floats. Only known kinds are looked at, so that no object can answer for itself."""
    if type(value) in (list, tuple, float, int) or isinstance(value, (np.ndarray, np.generic)):
        with contextlib.suppress(TypeError, ValueError):
            array = np.array(value, subok=False)
            if array.dtype.kind in "fiub" and array.size:
                return array.astype(float) if array.dtype.kind != "f" else array
    raise _Stop(f"{name} is not made of numbers.", f"{name} came back as {type(value).__name__}. It should be an array of floats like the "
                "one that went in. Where does it change its kind?")


def check_groups(groups: Any, model: Any) -> Verdict:
    """Return a Verdict on param groups for AdamW: each parameter of the torch module `model` in exactly one, biases and norms undecayed.

    groups: a list of dicts with "params" (parameters, or pairs of name and parameter) and "weight_decay". Decayed is every parameter
    of two or more axes, save embeddings, which may be in either. The first parameter in the wrong place is named.
    """
    if groups is None or groups is ... or (isinstance(groups, (list, tuple)) and not groups):
        return Verdict(False, "Not written yet.\nYour turn: return a list of two groups, then run this cell again.")
    wanted = {"params", "weight_decay"}
    if not isinstance(groups, (list, tuple)) or not all(isinstance(g, dict) and wanted <= set(g) for g in groups):
        return Verdict(False, 'Not param groups.\nThe optimizer wants a list of dicts, each with "params" and "weight_decay". What is '
                       "yours?")
    placed: dict[int, list[float]] = {}
    for group in groups:
        if not isinstance(group["params"], (list, tuple)):
            return Verdict(False, f"Not a list of parameters.\nThe params of one group are a {type(group['params']).__name__}. What "
                           "is left in it once it has been read?")
        for p in group["params"]:
            placed.setdefault(id(p[1] if isinstance(p, tuple) else p), []).append(float(group["weight_decay"]))
    free = {id(p) for m in model.modules() if type(m).__name__ == "Embedding" for p in m.parameters()}
    for name, p in model.named_parameters():
        decays = placed.pop(id(p), [])
        seen = f"`{name}`, of shape {tuple(p.shape)},"
        if not p.requires_grad or (len(decays) == 1 and id(p) in free):
            continue
        if not decays:
            return Verdict(False, f"A parameter is missing.\n{seen} is in no group. Who would train it?")
        if len(decays) > 1:
            return Verdict(False, f"A parameter is there twice.\n{seen} is in {len(decays)} groups. How often would a step move it?")
        if p.ndim < 2 and decays[0]:
            return Verdict(False, f"Decayed, and should not be.\n{seen} has weight_decay {decays[0]:g}. What does a layer compute once "
                           "its scale or its shift is pulled to 0, and what tells such parameters from matrices, whatever their names "
                           "are?")
        if p.ndim >= 2 and not decays[0]:
            return Verdict(False, f"Not decayed, and should be.\n{seen} has weight_decay 0. Is it a bias, or the scale of a norm?")
    if placed:
        return Verdict(False, "A stranger.\nOne of the groups holds a parameter that is not the model's. Which model did you walk through?")
    return Verdict(True, f"Correct.\nEach of the {sum(1 for _ in model.parameters())} parameters is in one group; matrices are decayed, "
                   "biases and norms are not.")
