"""Pictures of runs: what they draw, and that each rule looks like itself, in grey too."""
from __future__ import annotations

import colorsys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lessonlib import adam, grid, plots, run
from lessonlib.lessons.lesson09.problems import blocks
from lessonlib.problems import ravine


@pytest.fixture
def ax():
    return Figure().subplots()


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_each_rule_has_its_own_colour_marker_and_dash():
    looks = list(plots.LOOK.values())
    for a, b in combinations(looks, 2):
        assert a.color != b.color
        assert a.marker != b.marker
        assert a.dash != b.dash
        hues = [colorsys.rgb_to_hls(*to_rgb(x.color)) for x in (a, b)]
        assert max(abs(u - v) for u, v in zip(*hues, strict=True)) > 0.05


@pytest.mark.parametrize("name", plots.LOOK)
def test_every_colour_is_dark_enough_for_a_line_on_white(name):
    assert 1.05 / (luminance(plots.LOOK[name].color) + 0.05) >= 3


def test_a_path_is_drawn_as_it_was_run(ax):
    result = run(adam, ravine(10), steps=30, lr=0.1)
    plots.path(result, ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), result.theta)
    assert ax.lines[0].get_color() == plots.look(adam).color
    assert ax.lines[0].get_label() == "adam, lr=0.1"


@pytest.mark.parametrize("rule", [adam, "adam"])
def test_a_basin_carries_its_numbers(ax, rule):
    lrs = np.geomspace(1e-3, 1, 5)
    final = run(adam, ravine(10), record="last", **grid(lr=lrs)).loss[0]
    plots.basin(lrs, final, ax, rule=rule)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.column_stack([lrs, final]))
    assert (ax.lines[0].get_label(), ax.lines[0].get_color()) == ("adam", plots.look(adam).color)


def test_the_lowest_colour_of_the_contours_is_at_the_minimum(ax):
    plots.contours(ravine(10), ax)
    assert ax.lines[0].get_xydata().tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(("call", "message"), [
    (lambda ax: plots.contours(blocks(), ax), r"blocks, alike has 9 parameters"),
    (lambda ax: plots.path(run(adam, ravine(10), record="loss", **grid(lr=[0.1, 0.2])), ax), r"a path needs \(T \+ 1, 2\)")])
def test_what_cannot_be_drawn_is_refused(ax, call, message):
    with pytest.raises(ValueError, match=message):
        call(ax)
