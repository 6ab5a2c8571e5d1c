"""What holds for every experiment of the course; each lesson's test file runs its own experiments through these."""
from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.text import Text

from lessonlib.play.experiment import Choice, Slider
from lessonlib.play.recording import record

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def linear(color):
    """Linear RGB in 0 to 1 of "#rrggbb"."""
    c = np.array([int(color[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def on_white(color):
    """Contrast to white, 1 to 21 (WCAG)."""
    return 1.05 / (linear(color) @ LUMINANCE + 0.05)


def every_control_moves_the_picture_and_every_picture_has_words(make, solution):
    experiment = make()
    start = np.asarray(experiment.still().canvas.buffer_rgba()).copy()
    assert len(experiment.alt()) > 60
    for name, control in experiment.controls.items():
        other = next(o for o in control.values if o != control.start) if isinstance(control, Choice) else (
            control.high if control.start != control.high else control.low)
        assert (np.asarray(experiment.still(**{name: other}).canvas.buffer_rgba()) != start).any(), name


def the_goal_is_open_at_the_start_and_within_reach(make, solution):
    experiment = make()
    if solution is None:
        assert experiment.goal is None
        return
    assert not experiment.goal.met(**experiment.values())
    assert experiment.goal.met(**experiment.values(**solution))


def a_stored_picture_that_is_not_the_start_shows_the_goal_reached(make, solution):
    experiment = make()
    if experiment.shows:
        assert experiment.goal.met(**experiment.values(**experiment.shows))


def a_slider_starts_on_one_of_its_steps(make, solution):
    for box in make().live().boxes.values():
        if hasattr(box, "step"):
            start = np.log10(box.value) if hasattr(box, "base") else box.value
            steps = (start - box.min) / box.step
            assert abs(steps - round(steps)) < 1e-6, f"{box.description} starts at {box.value:g}, between two steps: the browser would move it"


def extreme_settings_can_be_drawn(make, solution):
    live = make().live()
    for box in live.boxes.values():
        for value in (box.options if hasattr(box, "options") else (box.min, box.max)):
            box.value = 10**value if hasattr(box, "base") else value
            assert "cannot be drawn" not in live.readout.value


def a_picture_is_the_same_whichever_way_one_comes_to_it(make, solution):
    live, experiment = make().live(), make()
    rng = np.random.default_rng(0)
    for name in [*experiment.controls, *reversed(experiment.controls)]:
        control, box = experiment.controls[name], live.boxes[name]
        if isinstance(control, Choice):
            box.value = control.values[rng.integers(len(control.values))]
        else:
            value = box.min + box.step * rng.integers((box.max - box.min) / box.step + 1)
            box.value = 10**value if hasattr(box, "base") else value
        now = {name: box.value for name, box in live.boxes.items()}
        np.testing.assert_array_equal(live.canvas.pixels, np.asarray(experiment.still(**now).canvas.buffer_rgba()), err_msg=f"{now}")


def its_words_can_be_read(make, solution):
    figure = make().still()
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            assert on_white(to_hex(text.get_color())) >= 4.5, (text.get_text(), text.get_color())


def a_recording_can_hold_it(make, solution):
    experiment = make()
    few = {name: 2 for name, control in experiment.controls.items() if isinstance(control, Slider)}
    record(experiment, few, {name: [value] for name, value in (solution or {}).items() if name in few})  # raises where it cannot


LAWS = [every_control_moves_the_picture_and_every_picture_has_words, the_goal_is_open_at_the_start_and_within_reach,
        a_slider_starts_on_one_of_its_steps, extreme_settings_can_be_drawn, a_picture_is_the_same_whichever_way_one_comes_to_it,
        its_words_can_be_read, a_recording_can_hold_it]
