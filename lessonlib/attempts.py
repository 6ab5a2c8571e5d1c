"""What a learner's function does when it is called: its answers as numbers, or what is wrong with them, said to the learner."""
from __future__ import annotations

import contextlib
import dis
import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib.rules import State
from lessonlib.sandbox import OutOfTime, contain

__all__ = ["LATE", "PATIENCE_S", "STEPS", "Probe", "Seen", "Stop", "answers", "observe", "patiently"]

Array = np.ndarray[Any, Any]
PATIENCE_S = 3.0  # seconds an attempt may take for all its probes together
STEPS = 6
LATE = State(3, 0.1, 0.2)  # a state in the middle of a run
COUNT = 2.0**53  # the largest step count that a float still tells from the next


class Stop(Exception):
    """Ends a judgement: a headline, what was seen and a question; the name of a misconception where it is a known one."""

    def __init__(self, headline: str, text: str, misconception: str | None = None) -> None:
        super().__init__(headline)
        self.headline, self.text, self.misconception = headline, text, misconception


class Probe(NamedTuple):
    """A start, gradients and settings on which rules are compared."""

    theta: Array  # (n,)
    gradients: Array  # (STEPS, n)
    hyper: list[dict[str, float]]  # one for each step: a schedule may change lr


class Seen(NamedTuple):
    """What an attempt did on each of its probes."""

    paths: list[Array]  # theta after each step: (STEPS, n) each
    states: list[list[State]]  # its state after each step
    late: Array | None  # theta on the first probe from LATE on; None where it cannot start there
    named: bool  # whether its state is a State, and no bare tuple


def patiently(work: Callable[[], Any], patience: float = PATIENCE_S) -> Any:
    """Return work(), run in a sandbox; raises Stop where it does not come back, prints, or fails."""
    outcome = contain(work, patience)
    if outcome.ended == "running":
        raise Stop("Still running.", f"After {patience:g} seconds it had not come back, and it could not be stopped: restart the kernel. "
                   "Which loop or wait in it has no end?")
    if outcome.ended == "stopped":
        raise Stop("It does not come back.", f"It was stopped after {patience:g} seconds. Which line takes so long, or which loop has no "
                   "end?")
    if isinstance(outcome.error, Stop):
        raise outcome.error
    if outcome.error is not None:  # the check's own, on something that nobody thought of
        raise Stop("The check cannot read this.", f"It failed by itself, with {type(outcome.error).__name__}: {str(outcome.error)[:200]}. "
                   "Which unusual thing does your function return?")
    if outcome.printed:
        quoted = outcome.printed.strip()[:80].replace("`", "'")
        raise Stop("It prints.", f"A rule is called thousands of times, so it should be silent. Yours prints `{quoted}`. Would you take "
                   "that out?")
    return outcome.value


def answers(function: Any, calls: Sequence[tuple[Any, ...]], *, optional: bool = False, patience: float = PATIENCE_S) -> list[Any]:
    """Return what a learner's function answers to each call, a tuple of arguments. Raises Stop, unless optional for None too."""
    return list(patiently(partial(_answers, function, calls, optional), patience))


def _answers(function: Any, calls: Sequence[tuple[Any, ...]], optional: bool) -> list[Any]:
    _is_function(function)
    names = ", ".join(type(x).__name__ for x in calls[0])
    _bind(function, calls[0], {}, f"with {len(calls[0])} arguments ({names})")
    out = []
    for arguments in calls:
        shown = ", ".join(f"{x!r}" for x in arguments if isinstance(x, (int, float, str)))
        out.append(_called(function, arguments, {}, f"It was called with {shown or names}. Which operation does not fit?"))
        if out[-1] is None and not optional:
            raise Stop("Not written yet.", f"Called with {shown or names}, it returns nothing. Your turn: write it, run its cell, then "
                       "this one again. Does each of its branches end with a return?")
    return out


def observe(attempt: Any, probes: list[Probe]) -> Seen:
    """Return what an attempt at a rule does on its probes; Stop says what is wrong with it.

    Each probe is walked alone, then all of them step by step beside each other, each call made twice: what is kept outside of the state
    shows. Knows no right answer, so there is none on the stack to be read.
    """
    _is_function(attempt)
    _bind(attempt, (probes[0].theta, probes[0].gradients[0], State()), probes[0].hyper[0],
          f"as `f({', '.join(['theta, g, s, *', *probes[0].hyper[0]])})`, the last ones by name,")
    alone = [list(_walk(attempt, p)) for p in probes]
    together: list[list[Array]] = [[] for _ in probes]
    walks = [_walk(attempt, p, twice=True) for p in probes]
    for _ in range(STEPS):
        for kept, walk in zip(together, walks, strict=True):
            kept.append(_repeated(*next(walk)))
    paths = [np.array([theta for theta, _, _ in walked]) for walked in alone]
    for one, other in zip(paths, together, strict=True):
        if not _alike(one, np.array(other)):
            _impure()
    late = None
    with contextlib.suppress(Stop):
        late = np.array([theta for theta, _, _ in _walk(attempt, probes[0], s=LATE)])
    bare = (probes[0].theta.copy(), probes[0].gradients[0].copy(), State())  # on arrays it came through
    first = _called(attempt, bare, probes[0].hyper[0], "At the first step s.m and s.v are the number 0.0, and no arrays yet. Which "
                    "operation of yours needs an array?", slips=False)
    return Seen(paths, [[kept for _, kept, _ in walked] for walked in alone], late, isinstance(first[1], State))


def _is_function(attempt: Any) -> None:
    if attempt is None or attempt is ...:
        raise Stop("Not written yet.", "Your turn: write the function, run its cell, then this one again.")
    if not callable(attempt) or isinstance(attempt, type):
        kind = f"the class {attempt.__name__}" if isinstance(attempt, type) else _a(attempt)
        raise Stop("Not a function.", f"This is {kind}. The check wants a function by its name, without calling it. Which name stands "
                   "behind your `def`?")


def _bind(function: Callable[..., Any], arguments: tuple[Any, ...], hyper: dict[str, float], how: str) -> None:
    """Stop where the function does not take these arguments."""
    with contextlib.suppress(ValueError):  # some callables have no signature to look at
        signature = inspect.signature(function)
        try:
            signature.bind(*arguments, **hyper)
        except TypeError as error:
            raise Stop("It takes other arguments.", f"The check calls it {how} and Python says: {error}. What does your `def` line ask "
                       "for?") from None


def _repeated(theta: Array, _: State, again: Array) -> Array:
    """theta, where the same call made again gave the same."""
    if not _alike(theta, again):
        _impure()
    return theta


def _alike(one: Array, other: Array) -> bool:
    """Whether two arrays hold the same bytes, so that not-a-number is like itself; a tenth of the time of np.array_equal."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _impure() -> None:
    raise Stop("The same inputs gave two different answers.", "A rule may use only its arguments, and may keep only what it returns in "
               "the state. What does yours keep or read outside of them: a global, a counter, a random number?")


def _walk(attempt: Callable[..., Any], probe: Probe, *, twice: bool = False, s: State = State()) -> Iterator[tuple[Array, State, Any]]:
    """Yield (theta, state, theta of the same call made again, or None) step by step."""
    theta, s = probe.theta.copy(), State(s.t, s.m + 0 * probe.theta, s.v + 0 * probe.theta)
    for g, hyper in zip(probe.gradients, probe.hyper, strict=True):
        again = _step(attempt, theta, g, s, hyper)[0] if twice else None
        theta, s = _step(attempt, theta, g, s, hyper)
        yield theta, s, again


def _step(attempt: Callable[..., Any], theta: Array, g: Array, s: State, hyper: dict[str, float]) -> tuple[Array, State]:
    """One call with copies of everything; Stop says what is wrong with the answer."""
    mine = (theta.copy(), g.copy(), np.copy(s.m), np.copy(s.v))
    with np.errstate(all="ignore"):
        result = _called(attempt, (mine[0], mine[1], State(s.t, mine[2], mine[3])), hyper,
                         "theta, g, s.m and s.v are NumPy arrays here, s.t is an integer. Which operation does not fit?")
    if result is None and _does_something(attempt):
        raise Stop("It returns nothing.", "Your function does something and then ends with None. A printed number is not returned either. "
                   "Is there a `return` at the end of it?")
    for name, now, before in zip(("theta", "g", "s.m", "s.v"), mine, (theta, g, s.m, s.v), strict=True):
        if not _alike(now, np.asarray(before)):
            raise Stop(f"It changes {name} in place.", f"The caller still needs `{name}` as it was. Does a line such as `x += ...` or "
                       "`x[...] = ...` work on an argument? What would `x = x + ...` do instead?")
    return _answer(result, theta)


def _called(function: Callable[..., Any], arguments: tuple[Any, ...], hyper: dict[str, float], question: str, *, slips: bool = True) -> Any:
    """The function's answer, None for one that is not written; Stop says what it raised, on which of its lines, and asks.

    The question is the one given, or that of a slip of the pen which the error betrays.
    """
    try:
        result = function(*arguments, **hyper)
    except NotImplementedError:
        raise Stop("Not written yet.", "It raises NotImplementedError so far. Your turn: write the function, run its cell, then this one "
                   "again.") from None
    except OutOfTime:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt from the attempt too: they must not end the kernel
        code = getattr(function, "__code__", None)
        lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code is code]
        where = f" in line {lines[-1] - code.co_firstlineno + 1} of the function" if lines and code else ""
        text = str(error)[:200] or type(error).__name__
        if slips:
            text, question = _slip(error, text) or (text, question)
        raise Stop(f"It raised {type(error).__name__}.", f"Python says{where}: {text}. {question}") from None
    return None if result is ... or result is NotImplemented else result


def _slip(error: BaseException, text: str) -> tuple[str, str] | None:
    """What is said and asked about an error, text in Python's words, that betrays a slip of the pen; None where it betrays none."""
    if isinstance(error, ZeroDivisionError):
        return text, "Which denominator is 0? At the first step, is it 1 - beta**t with t = 0?"
    if isinstance(error, NameError):
        return text, "Is that name in your def line, or made by a line before?"
    if isinstance(error, AttributeError) and "set" in text:
        return text, "A State cannot be changed. What do you return instead?"
    if isinstance(error, TypeError) and ("bitwise_xor" in text or "for ^" in text):
        return "unsupported operand for `^`", "Python writes a power as `**`, so a square is `**2`. Where is your `^`?"
    if isinstance(error, ValueError) and "inhomogeneous" in text:
        return "a pair, such as `(v**0, 5)`, is no number", "Python writes a half as `0.5`, and a comma makes a pair. Where is yours?"
    if isinstance(error, RecursionError):
        return text, "It calls itself without end. Which name inside it is its own?"
    return None


def _does_something(function: Any) -> bool:
    """Whether a function has more than the constant that stands in for its body."""
    code = getattr(function, "__code__", None)
    idle = ("RESUME", "COPY_FREE_VARS", "MAKE_CELL", "NOP", "POP_TOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE")
    return code is not None and any(one.opname not in idle for one in dis.get_instructions(code))


def _a(value: Any) -> str:
    """The type of a value with its article."""
    name = type(value).__name__
    return f"{'an' if name.lower().startswith(('a', 'e', 'i', 'o', 'nd')) else 'a'} {name}"


def _answer(result: Any, theta: Array) -> tuple[Array, State]:
    """The answer as numbers: theta (n,), State. Stop says what was returned and what is wanted."""
    if result is None:
        raise Stop("Not written yet.", "The function returns nothing so far. Your turn: write it, run its cell, then this one again.")
    shape = "It should end with `return theta, State(...)`, with what the rule remembers, t first."
    if type(result) not in (tuple, list):
        raise Stop("It returns something else.", f"It returned {_a(result)}. {shape} What is missing?")
    if len(result) != 2:
        raise Stop(f"It returns {len(result)} things.", f"{shape} How many commas does your return line need?")
    new, kept = result
    if isinstance(new, State) and not isinstance(kept, (tuple, list)):
        raise Stop("Theta and the state are swapped.", f"The state came first and theta second. {shape} In which order are yours?")
    if not isinstance(kept, (tuple, list)) or len(kept) != 3:
        raise Stop("The state has another form.", f"The second thing returned is {_a(kept)}"
                   f"{f' of {len(kept)}' if isinstance(kept, (tuple, list)) else ''}. {shape} What should the next step remember?")
    out, (m, v) = _numbers(new, "theta"), (_numbers(kept[i], name) for i, name in ((1, "m"), (2, "v")))
    for name, array, shapes in (("theta", out, (theta.shape,)), ("m", m, ((), theta.shape)), ("v", v, ((), theta.shape))):
        if array.shape not in shapes:
            raise Stop(f"{name} has another shape.", f"{name} came back with shape {array.shape}; theta has {theta.shape}. Which operation "
                       "sums, picks or stretches?")
    m, v = (x if x.shape == theta.shape else np.broadcast_to(x, theta.shape) for x in (m, v))
    return out, State(_count(kept[0], theta), m, v)


def _count(value: Any, theta: Array) -> Any:
    """The step count of a state: an int, or a float that is none and is judged later. Stop where it counts nothing."""
    t = _numbers(value, "t")
    if t.shape == theta.shape:
        raise Stop("Not yet: fields of State swapped", f"State takes t, m and v, in this order. The first of yours is an array of "
                   f"{theta.size} numbers. Which of the three counts the steps?", "fields of State swapped")
    if t.size != 1 or not abs(t.item()) <= COUNT:  # nan is no count either
        seen = f"an array of shape {t.shape}" if t.size != 1 else f"{t.item():g}"
        raise Stop("t is no step count.", f"t came back as {seen}. It counts the steps taken: 0 before the first, 1 after it. What do you "
                   "add to s.t?")
    return int(t.item()) if float(t.item()).is_integer() else float(t.item())


def _numbers(value: Any, name: str) -> Array:
    """A plain array of floats. Only known kinds are looked at, so that no object can answer for itself."""
    if type(value) in (list, tuple, float, int) or isinstance(value, (np.ndarray, np.generic)):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            array = np.array(value, subok=False)
            if array.dtype.kind in "fiub" and array.size:
                return array.astype(float) if array.dtype.kind != "f" else array
    raise Stop(f"{name} is not made of numbers.", f"{name} came back as {type(value).__name__}. It should be "
               f"{'the count of the steps' if name == 't' else 'an array of floats like the one that went in'}. Where does it change its "
               "kind?")
