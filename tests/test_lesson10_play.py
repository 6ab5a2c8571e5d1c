"""The experiments of lesson 10."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib.lessons.lesson10 import play

LRS = np.geomspace(1e-3, 1e-1, 9)


def made_map(slope, peak, rule="adamw"):
    """Three seeds of a map whose valley has this slope, in a band of decays around it."""
    decays = 10 ** np.linspace(-4, 2, 9)
    middle = -1 + slope * (np.log10(LRS) + 2)
    far = np.log10(decays)[None, :] - middle[:, None]
    return play.Map(rule, decays, np.stack([peak - 0.05 * far**2 - 0.002 * k for k in (1, 0, -1)]))


def maps():
    return {"PyTorch": made_map(-1.0, 0.9), "L2": made_map(0.0, 0.91, "adam_l2")}


def decay_map():
    return play.decay_map(maps(), LRS, "PyTorch")


CASES = [  # the experiment, and settings that reach its goal (None: it has no goal)
    (play.equilibrium, {"g": 1.0}),
    (decay_map, {"form": "L2", "row": 5, "column": 5}),
    (play.weights_of_the_past, {"lr": 0.001, "decay": 0.46}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.8])
def test_the_slope_of_a_valley_is_found(slope):
    mean, half, each = play.slope(made_map(slope, 0.9), LRS)
    assert len(each) == 3
    assert mean == pytest.approx(slope, abs=0.05)
    assert half < 0.05


def test_cells_tie_where_the_seeds_cannot_tell_them_apart():
    accuracy = np.full((3, 2, 2), 0.9)
    accuracy[:, 0, 0] += [0.02, -0.01, 0.0]
    accuracy[:, 1, 1] -= 0.1
    assert play.ties(play.Map("adamw", np.array([0.1, 1.0]), accuracy)).tolist() == [[True, True], [True, False]]


def test_a_weight_rests_where_the_equilibrium_says():
    for rule, wanted in (("adam_l2", -play.PULLS / 0.1), ("adamw", np.full(61, -10.0))):
        assert play.rest_paths()[rule][-1] == pytest.approx(wanted, rel=1e-3)


def test_the_growing_picture_takes_results_that_are_not_complete(monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: shown.append(data))
    half = np.array([[0.0, 0.1], [0.5, 0.7], [np.nan, np.nan]])
    result = SimpleNamespace(steps=np.array([0, 10, 20]), train_accuracy=half, test_accuracy=half)
    with play.grokking({"AdamW": "adamw"}, 20).show() as draw:
        draw(group="AdamW", result=result)
    assert shown[0]["text/plain"].endswith("AdamW, step 10: 60% of the unseen pairs right.")
