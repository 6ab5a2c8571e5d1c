"""The course's experiments: each control moves the picture, each goal can be reached and is not met at the start."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import adam, run, scenes
from lessonlib.experiments import Choice
from lessonlib.problems import ravine


@pytest.fixture(autouse=True)
def light_basin(monkeypatch):
    """One seed and eight units: the mechanism, quickly."""
    monkeypatch.setattr(scenes, "basin_runs", lambda made=scenes.basin_runs: made(8, 1))


CASES = [
    (scenes.correction_ratio, {"memory1": 10.0, "memory2": 100.0}),
    (scenes.surface_race, {"surface": "Rosenbrock", "lr": 0.002, "noise": 0.0}),
    (scenes.ravine_goal, {"lr": 0.838, "beta1": 0.63, "beta2": 0.999}),
    (scenes.good_basin, None),
]
cases = pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))


@cases
def test_every_control_moves_the_picture_and_every_picture_has_words(make, solution):
    experiment = make()
    start = np.asarray(experiment.still().canvas.buffer_rgba()).copy()
    assert len(experiment.alt()) > 60
    for name, control in experiment.controls.items():
        other = next(o for o in control.options if o != control.start) if isinstance(control, Choice) else (
            control.high if control.start != control.high else control.low)
        assert (np.asarray(experiment.still(**{name: other}).canvas.buffer_rgba()) != start).any(), name


@cases
def test_the_goal_is_open_at_the_start_and_within_reach(make, solution):
    experiment = make()
    if solution is None:
        assert experiment.goal is None
        return
    assert not experiment.goal.met(**experiment.values())
    assert experiment.goal.met(**experiment.values(**solution))


@cases
def test_extreme_settings_can_be_drawn(make, solution):
    live = make().live()
    for box in live.boxes.values():
        for value in (box.options if hasattr(box, "options") else (box.min, box.max)):
            box.value = 10**value if hasattr(box, "base") else value
            assert "cannot be drawn" not in live.readout.value


def test_the_readout_says_what_the_runner_says():
    loss = run(adam, ravine(100, 20), steps=100, lr=0.5, beta1=0.5, beta2=0.9).loss[-1]
    assert f"{loss:.1e}" in scenes.ravine_goal().alt(lr=0.5, beta1=0.5, beta2=0.9)


def test_the_width_of_a_basin_is_the_unbroken_stretch_around_the_best():
    lrs = np.array([0.01, 0.1, 1.0, 10.0, 100.0])
    low, high, decades = scenes.width(np.array([0.95, 0.5, 0.93, 0.96, 0.95]), 0.04, lrs)
    assert (low, high) == (1.0, 100.0)
    assert decades == pytest.approx(2.0)
