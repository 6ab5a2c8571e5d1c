"""What the deeper part of lesson 9 says of losses that swing or creep: curvature under long steps, and training after a jump."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson09.measured import largest_curvature
from lessonlib.problems import digits_net
from lessonlib.rules import State
from lessonlib.runner import Run, run

__all__ = ["EVERY", "FROM", "JUMP", "LRS", "TOO_LONG", "UNTIL", "after_a_jump", "curvatures", "descent", "race"]

Array = np.ndarray[Any, Any]
LRS = (0.4, 0.75, 1.5)
TOO_LONG = 3.0  # a step size at which the loss ends at that of guessing
FROM, UNTIL, JUMP = 300, 400, 100.0  # the steps whose gradients are so many times as large
EVERY = 10  # steps: the loss on all images costs more than a step


@cache
def descent(lr: float, seed: int = 0) -> Run:
    """Return 300 steps of gradient descent on all training digits at once."""
    return run(rules.sgd, digits_net(batch=None, seed=seed, dtype=float), steps=300, lr=lr)


def curvatures(seed: int = 0) -> list[list[float]]:
    """Return a row for each of LRS: the step size, it times the largest curvature at step 20, and the curvature at one loss.

    That loss is what the shortest step ends at: each run is measured where it first is as low.
    """
    net, rows = digits_net(batch=None, seed=seed, dtype=float), []
    level = descent(LRS[0], seed).loss[-1]
    for lr in LRS:
        found = descent(lr, seed)
        early, level_at = (largest_curvature(net.grad, found.theta[t]) for t in (20, int(np.argmax(found.loss <= level))))
        rows.append([lr, lr * early, level_at])
    return rows


def race(lrs: Array, seed: int) -> tuple[list[float], list[float]]:
    """Return (the loss after 300 steps, the mean loss of the first hundred) at each step size."""
    net = digits_net(batch=None, seed=seed, dtype=float)
    losses = run(rules.sgd, net, steps=300, record="loss", lr=lrs[:, None]).loss
    return losses[-1].tolist(), losses[1:101].mean(0).tolist()


def after_a_jump(settings: Mapping[Any, Mapping[str, float]], steps: int = 1400, lr: float = 0.001, seed: int = 0) -> dict[Any, Array]:
    """Return the training loss on the digits at step 0 and after each ten steps, for Adam with each of some settings.

    settings: by a name, what the gradients of steps 300 to 400 are multiplied by, "jump"; "clip", the largest norm of a gradient;
    "m back" and "v back", whether that average is put back after the jump to what it was before.
    """
    out = {}
    for name, chosen in settings.items():
        net, rng = digits_net(seed=seed, dtype=float), np.random.default_rng(seed)
        theta, s, losses = net.start, State(), [float(net.loss(net.start))]
        before = s
        for t in range(1, steps + 1):
            g = net.grad(theta, rng) * (chosen.get("jump", JUMP) if FROM < t <= UNTIL else 1.0)
            g = g * min(1.0, chosen.get("clip", np.inf) / float(np.linalg.norm(g)))
            theta, s = rules.adam(theta, g, s, lr=lr)
            if t == FROM:
                before = s
            elif t == UNTIL:
                s = State(s.t, before.m if chosen.get("m back") else s.m, before.v if chosen.get("v back") else s.v)
            if t % EVERY == 0:
                losses.append(float(net.loss(theta)))
        out[name] = np.array(losses)
    return out
