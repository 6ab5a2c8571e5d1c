"""What holds for every experiment of the course; each lesson's test file runs its own experiments through these."""
from __future__ import annotations

import numpy as np

from lessonlib.experiments import Choice


def every_control_moves_the_picture_and_every_picture_has_words(make, solution):
    experiment = make()
    start = np.asarray(experiment.still().canvas.buffer_rgba()).copy()
    assert len(experiment.alt()) > 60
    for name, control in experiment.controls.items():
        other = next(o for o in control.options if o != control.start) if isinstance(control, Choice) else (
            control.high if control.start != control.high else control.low)
        assert (np.asarray(experiment.still(**{name: other}).canvas.buffer_rgba()) != start).any(), name


def the_goal_is_open_at_the_start_and_within_reach(make, solution):
    experiment = make()
    if solution is None:
        assert experiment.goal is None
        return
    assert not experiment.goal.met(**experiment.values())
    assert experiment.goal.met(**experiment.values(**solution))


def extreme_settings_can_be_drawn(make, solution):
    live = make().live()
    for box in live.boxes.values():
        for value in (box.options if hasattr(box, "options") else (box.min, box.max)):
            box.value = 10**value if hasattr(box, "base") else value
            assert "cannot be drawn" not in live.readout.value


LAWS = [every_control_moves_the_picture_and_every_picture_has_words, the_goal_is_open_at_the_start_and_within_reach,
        extreme_settings_can_be_drawn]
