"""What a learner's loop for float16 does: its calls in order, the gradients at each, and the slip that they show."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lessonlib.lessons.lesson11.half import CLIP, train_float16

__all__ = ["QUESTIONS", "what_a_loop_does"]

SCALES = (2.0**12, 2.0**10)  # as the lesson says of the judge; with the usual 2**16 the trial's long gradient would be infinite in float16
CALLS = ("scale", "unscale_", "step", "update")
SCALER = ("being called after step", "already been called", "but _scale is None", "No inf checks")  # in what a GradScaler complains of
CAST = "\nBut your loss goes backward inside autocast, and PyTorch advises against that. Which line is indented too far?"
QUESTIONS = {  # slip -> what is told
    "nothing": "Not written yet.\nNothing was scaled and nothing moved. Your turn: write the lines, run their cell, then this one.",
    "no scale": "Nothing is scaled.\nThe loss went backward as it is, so small gradients are lost in float16. Which call of the scaler "
                "belongs around the loss?",
    "scale lost": "The scaled loss is thrown away.\nThe scaler returned it, and the loss itself went backward. Which of the two should?",
    "no backward": "Nothing goes backward.\nThe loss was scaled, and no gradient was computed. Which call computes them?",
    "early": "Too early.\n`{call}` was called before {before}. What has to come first?",
    "late": "Unscaled too late.\n`unscale_` was called after the step, which should have seen clipped gradients. "
            "Where does it belong?",
    "no step": "Nothing moves.\nThe optimizer never stepped. Which call of the scaler makes it step?",
    "own step": "The optimizer stepped by itself.\nA gradient with an infinity in it would have been taken as well. Which call of the "
                "scaler looks first?",
    "no update": "The scale is never updated.\nThe scaler must know of each step that it is over. Which of its calls says so, and is it "
                 "inside the loop?",
    "clip first": "Clipped before it was unscaled.\nThe optimizer saw gradients of length {lengths}, and {wanted} were asked for. "
                  "Which line has to come before the clipping?",
    "no unscale": "Clipped while it was still scaled.\nThe optimizer saw gradients of length {lengths}, and {wanted} were asked for. "
                  "Which call of the scaler has to come before the clipping?",
    "twice": "Unscaled twice.\nThe optimizer saw gradients of length {lengths}, and {wanted} were asked for. Your lines divided them, and "
             "`scaler.step` divided them again, as only `unscale_` tells it not to. Where does `unscale_` belong?",
    "no clip": "Nothing is clipped.\nThe optimizer saw gradients of length {lengths}, and 1 is the limit. Where does the "
               "clipping go, and to what length does it clip?",
    "clip late": "Clipped too late.\nThe optimizer saw gradients of length {lengths}, and they were clipped after it. Where does the "
                 "clipping go?",
    "limit": "Another limit.\nThe long gradient was clipped to {first}, and 1 was asked for. Which number says to what length?",
    "one scale": "Right for one factor only.\nWith a factor of 1,024 the optimizer saw gradients of length {lengths}, and {wanted} were "
                 "asked for. What has to come before the clipping, whatever the factor is?",
    "turned": "The clipping turns the gradient.\nIt was clipped piece by piece, so it points elsewhere. Which function of `utils` shortens "
              "all of it by one factor?",
    "no zero_grad": "Gradients pile up.\nAt the second batch the first gradient is still there. Which line clears it?",
    "cleared": "The gradients are gone.\nThey were cleared after they were computed. Which order do the two lines need?",
    "no optimizer": "That is no optimizer.\n`unscale_` and `step` need what moves the weights. Which of your names is that?",
    "raises": "It raised an error.\nPython says: {error}. Which of its lines does not fit?",
    "one step": "One step for two batches.\nThe judge has two batches, and the optimizer stepped once. Which line ends your loop early, or "
                "stands behind it?",
    "other": "Not yet.\nIt steps with gradients of length {lengths}, and {wanted} were asked for. Which of its lines is not in "
             "the loop above?"}


class _Event(NamedTuple):
    """A call of a loop, or a gradient that came back, and the length of the gradient just then."""

    name: str  # of CALLS, backward, or moved: the optimizer's step, own step where it was not the scaler's
    length: float


class _Tried(NamedTuple):
    """What a loop did: its events, the gradient at each step of the optimizer, and what it raised."""

    events: list[_Event]
    moves: list[Tensor]
    error: Exception | None
    cast: bool  # whether a gradient came back inside autocast
    scale: float  # the scaler's factor

    def first(self, name: str) -> int:
        """The place of the first event of this name, beyond all where there is none."""
        return next((place for place, event in enumerate(self.events) if event.name == name), len(self.events))

    def has(self, name: str) -> bool:
        return self.first(name) < len(self.events)

    def length(self, name: str, batch: int = 0) -> float:
        """The length of the gradient at the first event of this name, or at a later batch's, nan where there is none."""
        return next((event.length for event in [event for event in self.events if event.name == name][batch:]), float("nan"))


def _tried(loop: Callable[..., Any], scale: float) -> _Tried:
    """A loop on two batches, whose gradients are about 10 long and shorter than 1."""
    draw = torch.Generator(device="cpu").manual_seed(0)
    x = torch.randn(8, 4, generator=draw, device="cpu", dtype=torch.float32)
    model = nn.Linear(4, 3, device="cpu", dtype=torch.float32)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    y = torch.arange(8, device="cpu") % 3
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=1e-3), torch.amp.GradScaler("cpu", init_scale=scale)
    events: list[_Event] = []
    moves: list[Tensor] = []
    inside: list[str] = []  # the scaler's own calls, while they run
    arrived: list[Tensor] = []
    cast: list[bool] = []

    def gradient() -> Tensor:
        return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in model.parameters()])

    def note(name: str) -> None:
        events.append(_Event(name, float(gradient().norm())))

    def noted(name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not inside:  # a step unscales by itself where nobody has
            note(name)
        inside.append(name)
        try:
            return call(*args, **kwargs)
        finally:
            inside.pop()

    def came_back(p: Tensor) -> None:
        arrived.append(p)
        cast.append(torch.is_autocast_enabled("cpu"))
        if len(arrived) % 2 == 0:  # weight and bias
            note("backward")

    def moved(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature
        note("moved" if "step" in inside else "own step")
        moves.append(gradient().clone())

    for name in CALLS:
        setattr(scaler, name, partial(noted, name, getattr(scaler, name)))
    for p in model.parameters():
        p.register_post_accumulate_grad_hook(came_back)
    optimizer.register_step_pre_hook(moved)
    optimizer.zero_grad = partial(noted, "zero_grad", optimizer.zero_grad)
    error = None
    try:
        loop(model, optimizer, scaler, [(20 * x, y), (0.3 * x, y)])
    except Exception as raised:  # noqa: BLE001 - whatever a learner's loop raises is told
        error = raised
    note("end")
    return _Tried(events, moves, error, any(cast), scale)


def what_a_loop_does(loop: Callable[..., Any]) -> dict[str, str]:
    """Return "found", right or a slip of QUESTIONS, and what its question names: "lengths", "wanted", "first", "call", "before", "error",
    "cast".

    The loop is tried with each of SCALES on two batches, one with a long gradient and one with a short one. Any order of calls is right
    whose optimizer sees the gradients of the right loop, looked through for infinities, with an update after each step.
    """
    for scale in SCALES:
        wanted, seen = _tried(train_float16, scale), _tried(loop, scale)
        found, call, before = _found(seen, wanted)
        if found != "right":
            found = found if scale == SCALES[0] else "one scale"
            break
    told = [[f"{float(move.norm()):.2g}" for move in tried.moves] for tried in (seen, wanted)]
    error = f"{type(seen.error).__name__}: {str(seen.error)[:160].rstrip('.')}"
    return {"found": found, "call": call, "before": before, "lengths": " and ".join(told[0]), "wanted": " and ".join(told[1]),
            "first": (told[0] or [""])[0], "error": error, "cast": CAST * seen.cast}


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 5e-4 * abs(b)


def _same(a: Tensor, b: Tensor) -> bool:
    return float((a - b).norm()) <= 2e-3 * float(b.norm())


def _found(seen: _Tried, wanted: _Tried) -> tuple[str, str, str]:
    """(the slip or right, and for a call that comes too early: which, and before what)."""
    told = "" if seen.error is None else str(seen.error)
    twice = "already been called" in told and [event.name for event in seen.events].count("backward") == 1
    if twice or (seen.error is not None and not any(words in told for words in SCALER)):
        return "no optimizer" if "param_groups" in told else "raises", "", ""
    if not any(seen.has(name) for name in (*CALLS, "backward", "own step")):
        return "nothing", "", ""
    for needed, before in (("scale", "anything was scaled"), ("backward", "a loss had gone backward"), ("step", "the step")):
        calls = {"scale": ("unscale_", "step", "update"), "backward": ("unscale_", "step", "update"), "step": ("update",)}[needed]
        early = min(calls, key=seen.first)
        if (needed == "scale" and seen.has("backward") and not seen.has("scale")) or (needed == "backward" and not seen.has("backward")):
            break
        if seen.first(early) < seen.first(needed) and (needed != "step" or not seen.has("own step")):
            return ("no step", "", "") if needed == "step" and not seen.has("step") and seen.error is None else ("early", early, before)
    return _slip(seen, wanted), "", ""


def _slip(seen: _Tried, wanted: _Tried) -> str:
    """The slip of a loop whose calls come in an order that can be, or right."""
    true, back = wanted.length("backward"), seen.length("backward")
    if not seen.has("backward"):
        return "no backward"
    if not _close(back, true):
        if back > 2 * true / seen.scale:
            return _last(seen)
        return "scale lost" if seen.has("scale") else "no scale"
    if seen.has("own step"):
        return "own step"
    if not seen.has("step"):
        return "no step"
    if not seen.length("step"):
        return "cleared"
    again = [place for place, event in enumerate(seen.events) if event.name == "backward"][1:2] or [len(seen.events)]
    if seen.first("step") < seen.first("unscale_") < again[0]:
        return "late"
    names = [event.name for event in seen.events if event.name in ("step", "update")]
    if names != ["step", "update"] * 2 and not seen.has("update"):
        return "no update"
    if seen.error is None and names == ["step", "update"] and len(seen.moves) == 1:
        return "one step"
    if seen.error is not None or len(seen.moves) != 2 or names != ["step", "update"] * 2:
        return _last(seen)
    return _clipping(seen, wanted)


def _last(seen: _Tried) -> str:
    return "other" if seen.error is None else "raises"


def _clipping(seen: _Tried, wanted: _Tried) -> str:
    """What is wrong with the gradients that the optimizer saw, or right."""
    move, right, back = seen.moves[0], wanted.moves[0], seen.length("backward")
    if _same(move, right):
        left = seen.moves[1] - wanted.moves[1]
        if float(left.norm()) <= 2e-4 * float(right.norm()):
            return "right"
        return "no zero_grad" if float(left @ move) > 0.99 * float(left.norm() * move.norm()) else "other"
    explicit = seen.first("unscale_") < seen.first("step")
    if not explicit and _close(seen.length("step", 1), float(wanted.moves[1].norm())):  # the short gradient has its own length before
        return "twice"
    if seen.length("unscale_" if explicit else "step") < 0.99 * back:
        return "clip first" if explicit else "no unscale"
    if not _same(move / move.norm(), right / right.norm()):
        return "turned"
    if _close(float(move.norm()), back / seen.scale):
        after = seen.events[seen.first("moved") + 1]
        later = next(event for event in seen.events[seen.first("update") + 1:] if event.name != "update")
        late = min(after.length, later.length) < 0.99 * float(move.norm()) and later.name != "backward"
        return "clip late" if late else "no clip"
    return "limit" if float(move.norm()) < back / seen.scale and not _close(float(move.norm()), CLIP) else "other"
