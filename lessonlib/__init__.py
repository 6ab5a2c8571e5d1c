"""A small library for learning the optimizers that train neural networks: Momentum, RMSprop, Adam, AdamW.

Importing it loads NumPy only. `lessonlib.play` is for experiments that move, `lessonlib.pytorch` for what imports torch, and
`lessonlib.lessons` for what one lesson alone needs. In a room with a board, `lessonlib.join`, `help` and `leave` tell it how you do.
"""
from importlib import import_module

from lessonlib.rules import State, adam, adam_l2, adamw, lion, momentum, muon, rmsprop, sgd
from lessonlib.runner import Run, grid, run

__all__ = ["Run", "State", "adam", "adam_l2", "adamw", "grid", "lion", "momentum", "muon", "rmsprop", "run", "sgd"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in ("help", "join", "leave"):  # loaded by whoever is in a room
        return getattr(import_module("lessonlib.board.learner"), name)
    raise AttributeError(f"module 'lessonlib' has no attribute {name!r}")
