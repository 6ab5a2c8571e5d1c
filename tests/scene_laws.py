"""What holds for every experiment of the course; each lesson's test file runs its own experiments through these."""
from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from lessonlib.experiments import Choice


def contrast_to_white(rgba):
    """The contrast of a colour, 0 to 1, on a white ground: 1 to 21 (WCAG)."""
    c = 1 - rgba[3] * (1 - np.array(rgba[:3]))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ np.array([0.2126, 0.7152, 0.0722]) + 0.05)


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


def its_words_can_be_read(make, solution):
    figure = make().still()
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            assert contrast_to_white(to_rgba(text.get_color())) >= 4.5, (text.get_text(), text.get_color())


LAWS = [every_control_moves_the_picture_and_every_picture_has_words, the_goal_is_open_at_the_start_and_within_reach,
        extreme_settings_can_be_drawn, its_words_can_be_read]
