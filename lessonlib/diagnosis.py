"""What an attempt at a rule is like: the right rule, a classic wrong one, two of them at once, or nothing that has a name."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib.attempts import LATE, STEPS, Probe, Seen, Stop
from lessonlib.misconceptions import Misconception, of, pairs
from lessonlib.misconceptions.pieces import SHAPES
from lessonlib.rules import State
from lessonlib.signature import name_of, takes

__all__ = ["Probes", "diagnose", "probes_for"]

Array = np.ndarray[Any, Any]
RTOL = 1e-3  # of the largest step of a coordinate: float32 passes, every misconception is further off


class Probes(NamedTuple):
    """The numbers that an attempt is tried on."""

    fixed: list[Probe]  # the same at every check, so that a Verdict is
    fresh: list[Probe]  # drawn anew: for them no answers can be kept
    varied: dict[str, Probe]  # the first of the fixed ones with one setting halved, by its name


def probes_for(right: Callable[..., Any]) -> Probes:
    """Return the probes of an attempt at a rule; hyperparameters bound by functools.partial are not asked of it."""
    fixed = _probes(right, 7)
    varied = {name: fixed[0]._replace(hyper=[h | {name: h[name] / 2} for h in fixed[0].hyper]) for name in fixed[0].hyper[0]}
    return Probes(fixed, _probes(right, None), varied)


def diagnose(seen: Seen, right: Callable[..., Any], probes: Probes) -> str:
    """Return in how much an attempt is like the right rule. Raises Stop where it is not, with what it is like instead.

    Its paths are compared with the right ones, then with the wrong ones; only here are any of them computed.
    """
    name, (fixed, fresh, varied) = name_of(right), probes
    ours, others = seen.paths[:len(fixed)], seen.paths[len(fixed):len(fixed) + len(fresh)]
    wanted = [_path(right, p) for p in fixed]
    if all(map(_same, ours, wanted)):
        if not all(map(_same, others, [_path(right, p) for p in fresh])):
            raise Stop("Right on some numbers only.", f"It agrees with `{name}` on the numbers that every check uses, and not on numbers "
                       "drawn afresh. Does anything in it depend on particular numbers?")
        _judge_count(seen, right, fixed)
        if not seen.named:
            raise Stop("The state is a bare tuple.", "theta is right. The next step asks the state for `s.t`, `s.m` and `s.v`, and a tuple "
                       "has none of them. Which name belongs before the bracket?")
        return f"The same path as `{name}`: {len(fixed) + len(fresh)} settings, {STEPS} steps each, {_sizes(fixed)}."
    lost = _lost(seen, right, fixed) if all(np.isfinite(path[0]).all() for path in ours) else []
    if lost:
        found = f"{' and '.join(lost)} {'are' if lost[1:] else 'is'} never stored"
        raise Stop("Not yet: the second step goes wrong.", "Which numbers of this step does your new State hold? What does your second "
                   f"step find in {' and in '.join(f's.{field}' for field in lost)}?", found)
    _stop_at_a_known_slip(seen, right, fixed, ours, wanted)
    unused = [n for n, path in zip(varied, seen.paths[len(fixed) + len(fresh):], strict=True)
              if np.array_equal(path, ours[0]) and not _same(_path(right, varied[n]), wanted[0])]
    if unused:
        found = f"{_listed(unused)} {'are' if unused[1:] else 'is'} not used"
        raise Stop(f"Not yet: {found}", f"With another {unused[0]} and all else the same, the rule leads theta elsewhere, and yours does "
                   f"not. Where does the rule have {unused[0]}, and what stands there in your lines?", found)
    raise _number_off(name, ours, wanted, fixed)


def _lost(seen: Seen, right: Callable[..., Any], fixed: list[Probe]) -> list[str]:
    """The fields of its state that the right rule needs and the attempt leaves at 0; none where it keeps something in another."""
    def forgetful(field: str, theta: Array, g: Array, s: State, **hyper: float) -> Any:
        return right(theta, g, State(s.t, *(0 * theta if name == field else x for name, x in (("m", s.m), ("v", s.v)))), **hyper)

    needed = [f for f in ("m", "v") if not all(_same(_path(partial(forgetful, f), p), _path(right, p)) for p in fixed)]
    filled = {f for f in ("m", "v") for states in seen.states[:len(fixed)] for s in states if np.any(getattr(s, f) != 0)}
    return [f for f in needed if f not in filled] if filled <= set(needed) else []


def _listed(names: list[str]) -> str:
    """Names as a sentence has them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _stop_at_a_known_slip(seen: Seen, right: Callable[..., Any], fixed: list[Probe], ours: list[Array], wanted: list[Array]) -> None:
    """Stop where the paths are those of one misconception of the rule, or of two of them at once."""
    known = [m for m in _misconceptions(right) if all(map(_same, ours, [_path(m, p) for p in fixed]))]
    begun = [m for m in known if seen.late is not None and _same(seen.late, _path(m, fixed[0], LATE))]  # two may differ only there
    finite = np.isfinite(np.concatenate([path.ravel() for path in ours]))
    if begun or (known and finite.any()):  # all NaN alike: look further on
        found: Misconception = getattr((begun or known)[0], "func", (begun or known)[0])
        raise Stop(f"Not yet: {found.name}", found.hint, found.name)
    for first, second, both in pairs(right) if finite.mean() > 0.5 else []:  # of few numbers, two slips could make too many
        if all(map(_same, ours, [_path(both, p) for p in fixed])):
            first, second = sorted((first, second), key=lambda m: _parts_at(_path(m, fixed[0]), wanted[0]))
            raise Stop(f"Not yet: {first.name}, and one more", f"Two slips at once; the first to show is this one. {first.hint}",
                       first.name)


def _number_off(name: str, ours: list[Array], wanted: list[Array], fixed: list[Probe]) -> Stop:
    """The first number that is off, for a path that is like no other."""
    for path, target, probe in zip(ours, wanted, fixed, strict=True):
        if not np.isfinite(path).all():
            t, i, at = _first(~np.isfinite(path))
            return Stop("Not a number.", f"At step {t + 1}, {at} of theta is {path[t][i]}. Its gradient there is "
                        f"{probe.gradients[t][i]:.4g}. Which division or root has nothing to work with?")
        off = ~_near(path, target)
        if off.any():
            t, i, at = _first(off)
            settings = ", ".join(f"{k}={', then '.join(f'{x:g}' for x in dict.fromkeys(h[k] for h in probe.hyper[:t + 1]))}"
                                 for k in probe.hyper[0])
            return Stop("Not yet.", f"With {settings}, it parts from `{name}` at step {t + 1}, {at}: theta is "
                        f"{path[t][i]:.6g} and should be {target[t][i]:.6g}. It started at {probe.theta[i]:g}; the gradients there so "
                        f"far are {', '.join(f'{g[i]:.4g}' for g in probe.gradients[:t + 1])}. What do you get by hand?")
    raise AssertionError("a path that is not the same has a place where it parts")


def _first(off: Array) -> tuple[int, tuple[int, ...], str]:
    """The first step and place that is off, and the place in words."""
    t, *place = (int(x) for x in np.argwhere(off)[0])
    return t, tuple(place), f"coordinate {place[0]}" if len(place) == 1 else f"row {place[0]}, column {place[1]}"


def _sizes(probes: list[Probe]) -> str:
    """How large what the probes move is, in words."""
    shapes = dict.fromkeys(probe.theta.shape for probe in probes)
    if len(next(iter(shapes))) == 1:
        return f"{len(probes[0].theta)} coordinates"
    return f"matrices of {_listed([f'{rows} x {columns}' for rows, columns in shapes])}"


def _judge_count(seen: Seen, right: Callable[..., Any], fixed: list[Probe]) -> None:
    """Stop where theta is right and the step count of the state is not, unless the right rule counts none."""
    s, wanted = State(), []
    for g, hyper in zip(fixed[0].gradients, fixed[0].hyper, strict=True):
        s = right(fixed[0].theta, g, s, **hyper)[1]
        wanted.append(s.t)
    for states in seen.states if wanted == list(range(1, STEPS + 1)) else []:
        for step, t in enumerate([s.t for s in states], 1):
            if t != step:
                raise Stop("theta is right, t is not.", f"After {step} step{'s' * (step > 1)} your state says t = {t:g}. The next step "
                           "reads in s.t how many were taken. What do you add to s.t?")


def _probes(right: Callable[..., Any], seed: int | None) -> list[Probe]:
    """Gradients of mixed scale, some zero, at several settings: far from the defaults, so that every slip shows within 6 steps.

    At the last settings lr is halved on the way: what a state keeps of lr shows.
    """
    rng = np.random.default_rng(seed)
    bound = right.keywords if isinstance(right, partial) else {}
    out = []
    settings = ({"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 0.02, "weight_decay": 0.4},
                {"lr": 0.2, "beta1": 0.5, "beta2": 0.9, "eps": 0.003, "weight_decay": 1.5},
                {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1})
    for shape, values in zip(SHAPES.get(name_of(right), ((5,),) * 3), settings, strict=True):
        if seed is None:
            values = {n: x * rng.uniform(0.9, 1.0) for n, x in values.items()}
        hyper = [{n: values.get(n, 0.5) for n in takes(right) if n not in bound} for _ in range(STEPS)]
        out.append(Probe(*_start(rng, shape), hyper))
    for later in out[-1].hyper[STEPS // 2:]:
        later |= {n: x / 2 for n, x in later.items() if n == "lr"}
    return out


def _start(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """A start of this shape, and gradients (STEPS, *shape)."""
    if len(shape) > 1:  # one column is ten times as large as another, so that the singular values differ
        return rng.normal(0, 1.5, shape), rng.normal(0, 1.0, (STEPS, *shape)) * np.geomspace(0.3, 3.0, shape[1])
    many = (STEPS, *shape)
    g = rng.uniform(0.5, 2.0, many) * rng.choice([-1.0, 1.0], many) * np.resize([0.01, 0.3, 1.0, 30.0, 0.0], shape)
    g[2, 1] = g[0, 2] = 0.0
    return np.resize([1.0, -2.0, 0.5, 3.0, -1.5], shape), g


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
        for g, hyper in zip(probe.gradients, probe.hyper, strict=True):
            theta, s = rule(theta, g, s, **hyper)
            path.append(theta)
    return np.array(path)


def _near(path: Array, target: Array) -> Array:
    """(STEPS, n): True where they agree, not-a-number with not-a-number included."""
    with np.errstate(all="ignore"):
        reach = np.nanmax(np.abs(np.diff(target, axis=0)), axis=0, initial=0.0)
        near = np.isfinite(target) & (np.abs(path - target) <= RTOL * reach + 2e-6 * np.maximum(1.0, np.abs(target)))
    return near | (np.isnan(path) & np.isnan(target)) | (path == target)


def _same(path: Array, target: Array) -> bool:
    return bool(_near(path, target).all())


def _parts_at(path: Array, target: Array) -> int:
    """The step at which a path parts from the target; STEPS if at none."""
    off = (~_near(path, target)).reshape(len(path), -1).any(axis=1)
    return int(off.argmax()) if off.any() else STEPS
