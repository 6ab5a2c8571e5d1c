"""Ways to choose step sizes for the network of lesson 8, from one for all weights to one for each weight."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lessonlib.lessons.lesson08.deep import deep_net, layer_gradients, start_of
from lessonlib.rules import State, rmsprop, sgd

__all__ = ["WAYS", "begun_full", "each_layer_fixed", "each_layer_following", "each_unit_following", "forgetting", "steps_cut", "way_for"]

Array = np.ndarray[Any, Any]


def _layer_of_each(layers: list[tuple[Array, Array]]) -> Array:
    """The number of the layer that each parameter belongs to: (n,)."""
    return np.concatenate([np.full(weights.size + biases.size, number) for number, (weights, biases) in enumerate(layers)])


def _unit_of_each(layers: list[tuple[Array, Array]]) -> Array:
    """The number of the unit, or pixel, that each weight leaves, counted through all layers; the biases of a layer share one: (n,)."""
    parts: list[Array] = []
    for weights, biases in layers:
        known = int(parts[-1][-1]) + 1 if parts else 0
        parts += [known + np.repeat(np.arange(len(weights)), biases.size), np.full(biases.size, known + len(weights))]
    return np.concatenate(parts)


def each_layer_fixed(theta: Array, g: Array, s: State, *, lr: Array, sizes: Array) -> tuple[Array, State]:
    """Return (theta, state) after a step of gradient descent with lr / sizes as the step sizes, sizes (n,) set once and for all."""
    return theta - lr * g / sizes, State(s.t + 1)


def each_layer_following(theta: Array, g: Array, s: State, *, lr: Array, layer: Array, beta2: float = 0.99,
                         eps: float = 1e-8) -> tuple[Array, State]:
    """Return (theta, state) after a step of RMSprop whose v is one number for each layer: the mean of g**2 over it.

    layer: (n,), the number of the layer of each parameter, in order.
    """
    first = np.flatnonzero(np.diff(layer, prepend=-1))
    mean_squares = (np.add.reduceat(g**2, first, axis=-1) / np.bincount(layer))[..., layer]
    v = beta2 * s.v + (1 - beta2) * mean_squares
    return theta - lr * g / (v**0.5 + eps), State(s.t + 1, 0.0, v)


def each_unit_following(seed: int) -> Callable[..., tuple[Array, State]]:
    """Return a rule for deep_net(seed) with one divisor for the weights that leave a unit, kept as `each_layer_following` keeps one."""
    return partial(each_layer_following, layer=_unit_of_each(start_of(seed)))


def forgetting(seed: int) -> Callable[..., tuple[Array, State]]:
    """Return a rule for deep_net(seed) with one divisor for each layer that has no memory: the size of the newest gradient alone."""
    return partial(each_layer_following, layer=_layer_of_each(start_of(seed)), beta2=0.0)


def begun_full(rule: Callable[..., tuple[Array, State]], beta2: float = 0.99) -> Callable[..., tuple[Array, State]]:
    """Return a rule whose v begins at the square of its first gradient in place of 0, so that its first steps are no longer than others.

    rule: RMSprop, or one whose v is a mean over a layer, with that beta2.
    """
    def step(theta: Array, g: Array, s: State, *, lr: Array) -> tuple[Array, State]:
        if s.t == 0:
            s = State(0, 0.0, rule(theta, g, s, lr=lr)[1].v / (1 - beta2))
        return rule(theta, g, s, lr=lr)

    return step


def steps_cut(rule: Callable[..., tuple[Array, State]], seed: int, longest: float = 10.0) -> Callable[..., tuple[Array, State]]:
    """Return a rule for deep_net(seed) whose step in each layer is cut where its root mean square is above `longest` step sizes."""
    layer = _layer_of_each(start_of(seed))
    first = np.flatnonzero(np.diff(layer, prepend=-1))

    def step(theta: Array, g: Array, s: State, *, lr: Array) -> tuple[Array, State]:
        moved, s = rule(theta, g, s, lr=lr)
        size = (np.add.reduceat((moved - theta)**2, first, axis=-1) / np.bincount(layer))**0.5
        held = np.minimum(1, longest * lr / np.maximum(size, 1e-300))
        return theta + held[..., layer] * (moved - theta), s

    return step


WAYS = ("gradient descent, one for all weights", "A. one for each layer, set once", "B. one for each layer, following",
        "C. one for each weight, following")


def way_for(name: str, seed: int) -> Callable[..., tuple[Array, State]]:
    """Return the rule of WAYS by its name, for the network that starts from a seed; "set once" is set by the gradients at the start."""
    layer = _layer_of_each(start_of(seed))
    sizes = layer_gradients(deep_net(seed).start, deep_net(seed))[layer]
    rules: tuple[Callable[..., Any], ...] = (sgd, partial(each_layer_fixed, sizes=sizes), partial(each_layer_following, layer=layer),
                                             rmsprop)
    return dict(zip(WAYS, rules, strict=True))[name]
