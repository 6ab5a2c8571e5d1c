"""A small library for learning the optimizers that train neural networks: Momentum, RMSprop, Adam, AdamW.

Importing it loads NumPy only. Pictures are in `lessonlib.plots`, `lessonlib.experiments` and `lessonlib.scenes`, torch in
`lessonlib.gpu`.
"""
from lessonlib.rules import State, adam, adam_l2, adamw, momentum, rmsprop, sgd
from lessonlib.runner import Run, grid, run

__all__ = ["Run", "State", "adam", "adam_l2", "adamw", "grid", "momentum", "rmsprop", "run", "sgd"]
__version__ = "0.1.0"
