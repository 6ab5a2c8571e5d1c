"""The judges of lesson 10: bugs, a decay by its memory, param groups, a run that is resumed."""
from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from inspect import signature, unwrap
from math import isclose
from typing import Any

import numpy as np

from lessonlib.attempts import STEPS, Probe, Stop, answers, observe, patiently
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import choice, number
from lessonlib.lessons.lesson10 import practice
from lessonlib.lessons.lesson10.judges_groups import WANTED, another_model, listed, walked

__all__ = ["gives_groups", "gives_numbers", "judge_bugs", "judge_groups", "judge_resume", "judge_setting"]

_HEIGHTS = {"as much": "as high", "more": "higher", "less": "lower"}


def gives_numbers(attempt: Any) -> Verdict:
    """Return a Verdict on whether an attempt at AdamW can be run at all, right or wrong."""
    probe = Probe(np.ones(2), np.ones((STEPS, 2)), [{"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1}] * STEPS)
    try:
        patiently(partial(observe, attempt, [probe]))
    except Stop as stop:
        return Verdict(False, f"{stop.headline}\n{stop.text}")
    return Verdict(True, "It runs.")


def _beside(name: str, made_by: str) -> str:
    """What a named bug leaves at both ends, beside what the picture shows; no number of another panel is given away."""
    meant, shown = (practice.bug_path(bug)[-1] for bug in (name, made_by))
    if meant.max() < 0.02:
        return "nothing would be left of any weight"
    left, right = ("as much" if abs(more) < 0.03 else "more" if more > 0 else "less" for more in (meant - shown)[[0, -1]])
    if left == right:
        return f"{left} would be left at both ends than in the picture"
    return f"the left end would be {_HEIGHTS[left]} and the right end {_HEIGHTS[right]}, beside those of the picture"


@judge
def judge_bugs(guess: Any) -> Verdict:
    """Return a Verdict on which broken AdamW left which weights; guess: {letter: name}. What is left at the end decides."""
    if not isinstance(guess, Mapping) or set(guess) != set(practice.BUGS):
        raise Stop("Not a guess for each.", f"You gave a {type(guess).__name__}. Where are the answers for {', '.join(practice.BUGS)}?")
    if all(name is None or name is ... for name in guess.values()):
        raise Stop("Not answered yet.", "Put a name from the list in place of each None, in quotes. Which panel tells you most?")
    right, wrong, open_ = [], {}, []
    for letter, made_by in practice.BUGS.items():
        try:
            name = choice(guess[letter], practice.CANDIDATES, "a name from the list")
        except Stop as stop:
            open_.append(f"{letter}: {stop.headline[0].lower()}{stop.headline[1:-1]}.")
            continue
        if name == made_by:
            right.append(f"{letter} is '{name}'.")
            continue
        wrong[letter] = f"{letter}: with {name} {_beside(name, made_by)}."
    seen = " ".join([*right, *open_, *wrong.values()])
    if len(right) == len(practice.BUGS):
        return Verdict(True, f"Correct.\n{seen}")
    letter = next(iter(wrong), "")
    question = (f"Is the line of panel {letter} level, and what should be left of it after {practice.STEPS:,} steps?" if wrong else
                f"Which name from the list fits panel {', and panel '.join(told[0] for told in open_)}?")
    return Verdict(False, f"{len(right)} of {len(practice.BUGS)}.\n{seen} {question}")


@judge
def judge_setting(guess: Any, *, peak: float, mean: float, steps: int, share: float = 1.0) -> Verdict:
    """Return a Verdict on the weight_decay whose memory is this share of a run of so many steps, whose mean lr is mean * peak."""
    decay = number(guess, "a decay", above=0)
    lr = mean * peak
    wanted = 1 / (lr * share * steps)
    seen = f"With a mean lr of {lr:g} and weight_decay {decay:.4g} the memory is {1 / (lr * decay):,.0f} steps, and the run has {steps:,}."
    if isclose(decay, wanted * mean, rel_tol=0.06):
        return Verdict(False, f"That is with the peak.\n{seen} Most steps are shorter than the peak. How long is the mean one?")
    if wanted / 1.4 < decay < wanted * 1.4:  # a first value, to be tried three times larger and smaller
        return Verdict(True, f"Correct.\n{seen} That is about as long. At the end {(1 - lr * decay) ** steps:.0%} of the start is left. A "
                       f"steady gradient can take a weight as far as 1 / weight_decay from zero, here {1 / decay:.2g}.")
    if wanted / 1.6 < decay < wanted * 1.6:
        return Verdict(False, f"Near, but not what the rule gives.\n{seen} Which number makes the two equal?")
    if isclose(decay, share * steps, rel_tol=0.02):
        return Verdict(False, f"That is the memory itself.\n{seen} How long is the memory of a decay w, in steps?")
    if isclose(decay, 1 / (share * steps), rel_tol=0.02):
        return Verdict(False, f"That is the share of each step.\n{seen} PyTorch multiplies weight_decay by lr. Which weight_decay "
                       "gives that share?")
    if isclose(decay, 1 / (mean * share * steps), rel_tol=0.03):
        return Verdict(False, f"The peak is not in it.\n{seen} You divided by {mean:g} and by the steps. What is {mean:g} of the peak?")
    if any(isclose(decay, 1 / value, rel_tol=0.02) for value in (wanted, wanted * mean)):
        return Verdict(False, f"It is upside down.\n{seen} Each step takes lr * weight_decay. What is 1 over a memory as long as the run?")
    if any(isclose(decay, wanted * times, rel_tol=0.05) for times in (0.1, 10)):
        return Verdict(False, f"Ten times too {'large' if decay > wanted else 'small'}.\n{seen} In which of your numbers is a zero too few "
                       "or too many?")
    if decay == 1:
        return Verdict(False, f"That is only the limit.\n{seen} Which number does the rule give before it is compared with 1?")
    if isclose(decay, wanted / mean, rel_tol=0.06):
        return Verdict(False, f"The mean is in it twice.\n{seen} How often do you divide by {mean:g}?")
    if decay <= 1 and any(isclose(decay, wanted * times, rel_tol=0.03) for times in (1 / 3, 3)):  # rounded by a learner
        return Verdict(False, f"Not the start, but the next one to try.\n{seen} Which number does the rule itself give?")
    over = " A decay to start with is 1 at most." if decay > 1 else ""
    return Verdict(False, f"The memory is too {'short' if decay > wanted else 'long'}.\n{seen}{over} How many steps should it be, and "
                   "what do you divide by?")


def _asked(make: Any, model: Any) -> Any:
    """What a learner's function answers to a model; what Stop says of it speaks of the model, not of its class."""
    try:
        return answers(make, [(model,)])[0]
    except Stop as stop:
        text = stop.text.replace(f"alled with {type(model).__name__}", "alled with the model")
        raise Stop(stop.headline, text, stop.misconception) from None


def _of_its_argument(make: Any, model: Any) -> None:
    """Stop where a function returns this model's parameters although it is given a copy: it reads a model from outside."""
    own = {id(p) for p in model.parameters()}
    try:
        groups = [group for group in _asked(make, deepcopy(model)) if isinstance(group, dict)]
        found = [p for group in groups for p in listed(group.get("params", ()))]
    except (Stop, TypeError):
        return  # what is wrong with its groups is said of the model itself
    if any(id(p) in own for p in found):
        raise Stop("Of another model.", "Given a second model, it returns parameters of the first. Which model do your lines read?")


def _wake() -> None:
    """Make an optimizer: the first one of a session loads much of torch, for longer than an attempt may take."""
    import torch

    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])


@judge
def judge_groups(make: Any, model: Any) -> Verdict:
    """Return a Verdict on param groups for AdamW: each parameter of a torch module in exactly one, matrices at 0.1, biases and norms at 0.

    make: the groups, or the function of the model that returns them: a list of dicts with "params", in any form that torch accepts,
    and "weight_decay", which is AdamW's default where it is left out. Every other parameter of two or more axes is decayed; embeddings,
    and single scales outside of a norm, may be in either. The first parameter in the wrong place is named. A function is called a second
    time, with another model and, where it takes one, another decay.
    """
    _wake()
    if callable(make):
        _of_its_argument(make, model)
    walked(_asked(make, model) if callable(make) else make, model)
    if callable(make):
        _elsewhere(make)
    return Verdict(True, f"Correct.\nEach of the {len(list(model.parameters()))} parameters is in one group; matrices are decayed, biases "
                   "and norms are not.")


def _elsewhere(make: Any) -> None:
    """Stop where a function fails on another model whose norm is called `ln_1`, or with another decay, where it takes one."""
    other, asked = another_model(), 0.3
    arguments: tuple[Any, ...]
    try:
        signature(make).bind(other, asked)
        arguments, with_it = (other, asked), f", with a decay of {asked:g}"
    except (TypeError, ValueError):
        arguments, asked, with_it = (other,), WANTED, ""
    try:
        walked(answers(make, [arguments])[0], other, asked)
    except Stop as stop:
        raise Stop(stop.headline, f"Called with a second model{with_it}: {stop.text}", stop.misconception) from None


def gives_groups(attempt: Any) -> Verdict:
    """Return a Verdict on whether a function groups a small transformer rightly, without noting it as a check that was passed."""
    from lessonlib.lessons.lesson10.training import small_transformer

    try:
        found: Verdict = unwrap(judge_groups)(attempt, small_transformer())
    except Stop as stop:
        return Verdict(False, f"{stop.headline}\n{stop.text}")
    return found


def _pieces(run: Any) -> dict[str, Any]:
    """What decides the next step of a run, each as a tensor."""
    import torch

    memory = [torch.as_tensor(v).double().flatten() for kept in run.optimizer.state.values() for v in kept.values()]
    return {"weights": torch.nn.utils.parameters_to_vector(run.model.parameters()),
            "state of the optimizer": torch.cat([torch.zeros(1).double(), *memory]),
            "step size": torch.tensor([group["lr"] for group in run.optimizer.param_groups]),
            "schedule": torch.tensor([run.schedule.last_epoch]), "generator of the batches": run.batches.get_state()}


@contextmanager
def _one_thread() -> Any:
    """Torch on one thread: for networks this small, more threads mostly wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _whole_objects(kept: Any, run: Any) -> None:
    """Stop where something in a checkpoint is a whole object, not its numbers."""
    if kept is run or (isinstance(kept, Mapping) and any(value is run for value in kept.values())):
        raise Stop("The whole run in the checkpoint.", "You saved the run itself, with the code of its four objects. torch.load refuses "
                   "such files unless told to trust them. Which method of each object gives its numbers?")
    if not isinstance(kept, Mapping):
        raise Stop("Not a dict.", f"Your save returns a {type(kept).__name__}. Which dict holds the numbers of all that changes?")
    whole = {id(value): name for name, value in vars(run).items()}
    for key, value in kept.items():
        for piece in value if isinstance(value, (list, tuple)) else [value]:
            if id(piece) in whole or hasattr(piece, "state_dict") or hasattr(piece, "get_state"):
                method = "get_state" if hasattr(piece, "get_state") else "state_dict"
                raise Stop("A whole object in the checkpoint.", f"Under `{key}` you saved a whole {type(piece).__name__}, with its code. "
                           f"torch.load refuses such files unless told to trust them. What does its `{method}()` give instead?")


def _saved(save: Any, run: Any) -> Any:
    """What a learner's save returns; a generator that is asked for a state dict is told from other errors."""
    try:
        return answers(save, [(run,)])[0]
    except Stop as stop:
        if "Generator" in stop.text and "state_dict" in stop.text:
            raise Stop("A generator has no state_dict.", "Models, optimizers and schedules have one. Which method gives the state "
                       "of run.batches instead?") from None
        raise


def _restart(
    save: Any, load: Any, begin: Callable[[], Any], go_on: Callable[[Any, int], list[float]], steps: int,
) -> tuple[str, bool, bool, bool]:
    """(the first piece that is not restored, or "", whether the resumed run went on bit for bit as the one never interrupted, whether
    what was saved changed with the run that went on, whether a state of the optimizer was saved)."""
    import torch

    old, new, file = begin(), begin(), io.BytesIO()
    go_on(old, steps)
    kept = _saved(save, old)
    _whole_objects(kept, old)
    try:
        torch.save(kept, file)
        saved = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    except Exception as error:  # noqa: BLE001 - whatever pickle meets in a learner's dict
        says = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
        raise Stop("It does not go through a file.", f"torch says: {says}. Which entry is neither a tensor nor a state dict?") from None
    kinds = {name: type(value) for name, value in vars(new).items()}
    answers(load, [(new, saved)], optional=True)
    for name, kind in kinds.items():
        if not isinstance(getattr(new, name, None), kind):
            raise Stop(f"It replaces the {name}.", f"After your load `run.{name}` is a {type(getattr(new, name, None)).__name__}. It was a "
                       f"{kind.__name__}, which takes up numbers by a method of its own. Which method of `run.{name}` is that?")
    ours, theirs = _pieces(new), _pieces(old)
    held = any(isinstance(entry, Mapping) and "param_groups" in entry and bool(entry.get("state")) for entry in saved.values())
    for name, piece in theirs.items():
        if not torch.equal(ours[name], piece):
            return name, False, False, held
    losses = [go_on(run, steps) for run in (new, old)]
    later = io.BytesIO()
    torch.save(kept, later)
    same = losses[0] == losses[1] and torch.equal(_pieces(new)["weights"], _pieces(old)["weights"])
    return "", same, later.getvalue() != file.getvalue(), held


@judge
def judge_resume(save: Any, load: Any, begin: Callable[[], Any], go_on: Callable[[Any, int], list[float]], *, steps: int = 100) -> Verdict:
    """Return a Verdict on save(run) -> dict and load(run, dict): what they save goes through a file, then both runs go on.

    begin() -> a run with model, optimizer, schedule, batches; go_on(run, steps) -> its losses.
    """
    with _one_thread():
        missing, same, live, held = _restart(save, load, begin, go_on, steps)
    if missing == "state of the optimizer" and held:
        return Verdict(False, f"Not restored: the {missing}.\nYour save returned it, and after your load it is not there. Which method of "
                       "run.optimizer takes it up?")
    if missing == "schedule":
        return Verdict(False, "Not restored: the schedule.\nThe step size came back with the optimizer, so it is right now. It is wrong "
                       "after the next step, because the schedule is back at its start. Which of its methods holds its place?")
    if missing == "generator of the batches":
        return Verdict(False, f"Not restored: the {missing}.\nAfter your load it is at another place than when the run was saved. A seed "
                       "brings back its start and not its place. Which of its methods gives the place, and which puts it back?")
    if missing == "weights":
        return Verdict(False, "Not restored: the weights.\nAfter your load they are not what they were when the run was saved. Which "
                       "method of run.model takes up what its state_dict() gave?")
    if missing:
        return Verdict(False, f"Not restored: the {missing}.\nAfter your load it is not what it was when the run was saved. Which of the "
                       "four objects holds it, and how does the next step use it?")
    if not same:
        return Verdict(False, f"All of it is restored, and still the runs part.\nWithin {steps} steps they differ. What else does "
                       "a step read?")
    memory = (" What was saved went through a file. Kept in memory it would have changed with the run, because a state dict points at the "
              "live numbers, so there you need copy.deepcopy(save(run)).") if live else ""
    return Verdict(True, f"Correct.\nAll four pieces are restored, and after {steps} more steps the run is, bit for bit, the one that was "
                   f"never interrupted.{memory}")
