"""The experiments of lesson 10."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib.lessons.lesson10 import box, decay_maps, opening, play

LRS = np.geomspace(1e-3, 1e-1, 9)


def made_map(slope, peak, rule="adamw"):
    """Three seeds of a map whose valley has this slope, in a band of decays around it."""
    decays = 10 ** np.linspace(-4, 2, 9)
    middle = -1 + slope * (np.log10(LRS) + 2)
    far = np.log10(decays)[None, :] - middle[:, None]
    return decay_maps.Map(rule, decays, np.stack([peak - 0.05 * far**2 - 0.002 * k for k in (1, 0, -1)]))


def made_maps():
    return {"PyTorch": made_map(-1.0, 0.9), "L2": made_map(0.0, 0.91, "adam_l2")}


def decay_map():
    return decay_maps.decay_map(made_maps(), LRS, "PyTorch")


def grown():
    """Two trainings of a group: by heart at step 40, understood at step 500."""
    steps = np.arange(0, 1201, 20)
    by_heart, understood = (np.repeat(np.clip((steps[:, None] - at) / 200, 0, 1), 2, axis=1) for at in (-160, 400))
    return play.grokking({"AdamW": SimpleNamespace(steps=steps, train_accuracy=by_heart, test_accuracy=understood)}, {"AdamW": "adamw"})


CASES = [  # the experiment, and settings that reach its goal (None: it has no goal)
    (decay_map, {"form": "L2", "row": 5, "column": 5}),
    (play.left_of_the_start, {"lr": 0.001, "decay": 0.1}),
    (grown, {"step": 200}),
    (opening.nine_groups, {"steps": 590}),
    (box.in_the_box, {"weight_decay": 0.5}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_picture_of_the_memory_starts_away_from_its_goal_and_after_one_memory_a_little_more_than_a_third_is_left():
    shown = play.left_of_the_start()
    assert not shown.goal.met(**shown.values(**shown.shows))
    assert not shown.goal.met(lr=1e-4, decay=1.0)  # the same product, at another step size than the text speaks of
    assert "memory 3,162 steps; 4.2% of the start is left" in shown.alt()
    line = shown.still(lr=1e-3, decay=0.5).axes[0].lines[1]
    assert np.interp(2000, line.get_xdata(), line.get_ydata()) == pytest.approx(0.368, abs=0.002)
    assert np.interp(200, line.get_xdata(), line.get_ydata()) == pytest.approx(0.905, abs=0.002)  # after a tenth of a memory


def test_the_accuracy_at_a_step_is_that_of_the_last_record_that_is_there():
    early, late = ([[0.0, 0.0], [0.5, 0.7], [np.nan, np.nan]], [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    grown = {name: SimpleNamespace(steps=np.array([0, 20, 40]), train_accuracy=np.array(late), test_accuracy=np.array(a))
             for name, a in (("AdamW", early), ("L2", late))}
    shown = play.grokking(grown, {"AdamW": "adamw", "L2": "adam_l2"})
    assert shown.alt().endswith("By step 40, right on training pairs and on unseen pairs: AdamW, 100% and 60%; L2, 100% and 100%.")
    assert shown.alt(step=0).endswith("AdamW, 0% and 0%; L2, 0% and 0%.")
    figure = shown.still(step=20)
    assert max(len(line.get_xdata()) for line in figure.axes[0].lines) == 2
