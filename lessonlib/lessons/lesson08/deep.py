"""The network of lesson 8: many narrow layers that read digits, from torch's own start or a better one, in NumPy."""
from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.random import Generator

from lessonlib.data import digits
from lessonlib.problems import CLASSES, PIXELS, Problem
from lessonlib.signature import whole_number

__all__ = ["BATCH", "LARGER", "LAYERS", "STARTS", "STEPS", "WIDTH", "deep_net", "layer_gradients", "layers_of",
           "start_of"]

Array = np.ndarray[Any, Any]
LAYERS, WIDTH, BATCH, STEPS = 8, 32, 64, 300
STARTS = ("torch", "zero biases", "larger weights", "he")
LARGER = 6**0.5  # a uniform draw within 1 / root(inputs) has a variance of 1 / (3 inputs), and He's is 2 / inputs


def _sizes(layers: int) -> list[int]:
    return [PIXELS, *[WIDTH] * whole_number("layers", layers, least=1), CLASSES]


def start_of(seed: int, layers: int = LAYERS, start: str = "torch") -> list[tuple[Array, Array]]:
    """Return (weights (inputs, outputs), biases (outputs,)) of each layer, the hidden ones first.

    start: "torch" draws both as torch.nn.Linear does, uniformly within 1 / root(inputs) of 0; "zero biases" is the same with the biases
    at 0, and "larger weights" the same with the weights 2.45 times as large, as large as He's; "he" draws the weights as He 2015 does and
    sets the biases to 0. Raises ValueError for another one.

    >>> [weights.shape for weights, _ in start_of(0, layers=2)]
    [(64, 32), (32, 32), (32, 10)]
    """
    if start not in STARTS:
        raise ValueError(f"start={start!r}: one of {', '.join(map(repr, STARTS))}")
    rng, out = np.random.default_rng(seed), []
    for inputs, outputs in pairwise(_sizes(layers)):
        if start == "he":
            out.append((rng.normal(0, (2 / inputs) ** 0.5, (inputs, outputs)), np.zeros(outputs)))
            continue
        weights, biases = rng.uniform(-1, 1, (inputs, outputs)) / inputs**0.5, rng.uniform(-1, 1, outputs) / inputs**0.5
        out.append((weights * (LARGER if start == "larger weights" else 1.0), biases * (start != "zero biases")))
    return out


def layers_of(theta: Array, layers: int = LAYERS) -> list[tuple[Array, Array]]:
    """Return theta (..., n) as views: the weights (..., inputs, outputs) and the biases (..., outputs) of each layer."""
    found, at = [], 0
    for inputs, outputs in pairwise(_sizes(layers)):
        end = at + inputs * outputs
        found.append((theta[..., at:end].reshape(*theta.shape[:-1], inputs, outputs), theta[..., end:end + outputs]))
        at = end + outputs
    return found


def deep_net(seed: int = 0, *, layers: int = LAYERS, start: str = "torch") -> Problem:
    """The network 64 -> 32 -> ... -> 32 -> 10 (ReLU) that reads digits; the loss is the training cross-entropy in nats.

    seed: of the start. grad draws 64 training images at each step. metrics["test accuracy"] is the share of the 500 test images read
    rightly. theta: the weights and biases of each layer in a row.

    >>> deep_net().start.shape
    (9802,)
    """
    d = digits()
    x, onehot = d.train_x.astype(float), np.eye(CLASSES)
    begin = np.concatenate([part.ravel() for pair in start_of(seed, layers, start) for part in pair])

    def forward(theta: Array, images: Array) -> tuple[list[Array], Array]:
        """What enters each layer, and the logarithms of the probabilities."""
        weights, enters = layers_of(theta, layers), [images]
        for w, b in weights[:-1]:
            enters.append(np.maximum(enters[-1] @ w + b[..., None, :], 0))
        z = enters[-1] @ weights[-1][0] + weights[-1][1][..., None, :]
        z = z - z.max(-1, keepdims=True)
        return enters, z - np.log(np.exp(z).sum(-1, keepdims=True))

    def loss(theta: Array) -> Array:
        _, log_p = forward(theta, x)
        return -(log_p * onehot[d.train_y]).sum(-1).mean(-1)

    def grad(theta: Array, rng: Generator) -> Array:
        rows = rng.integers(len(x), size=BATCH)
        enters, log_p = forward(theta, x[rows])
        back, parts = (np.exp(log_p) - onehot[d.train_y[rows]]) / BATCH, []
        for (w, _), entered in zip(reversed(layers_of(theta, layers)), reversed(enters), strict=True):
            parts += [back.sum(-2), np.swapaxes(entered, -1, -2) @ back]
            back = (back @ np.swapaxes(w, -1, -2)) * (entered > 0)
        return np.concatenate([part.reshape(*theta.shape[:-1], -1) for part in reversed(parts)], axis=-1)

    def accuracy(theta: Array) -> Array:
        _, log_p = forward(theta, d.test_x.astype(float))
        return (log_p.argmax(-1) == d.test_y).mean(-1)

    return Problem(f"digits, {layers} hidden layers", loss, grad, begin, metrics={"test accuracy": accuracy})


def layer_gradients(theta: Array, problem: Problem, layers: int = LAYERS, batches: int = 20) -> Array:
    """Return how large the gradients of mini-batches are in each layer: the root of their mean square over its weights, (layers + 1,)."""
    squares = [[(weights**2).mean() for weights, _ in layers_of(problem.grad(theta, np.random.default_rng(k)), layers)]
               for k in range(batches)]
    return np.asarray(np.mean(squares, axis=0) ** 0.5)


