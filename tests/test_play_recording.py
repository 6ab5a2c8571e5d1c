"""Recordings: the stops of the controls, what is kept of a state, and what is refused. What a page makes of them: browser/test_player.py."""
from __future__ import annotations

import json
import zlib

import ipywidgets
import numpy as np
import pytest

from lessonlib.play import recording
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.play.recording import record
from lessonlib.play.stops import places, stops_of
from lessonlib.play.tracks import varints
from lessonlib.play.widget import box


def scene():
    figure = new_figure(4, 3)
    ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 100), title="A parabola")
    (line,) = ax.plot([], [], marker="o")
    return Scene(figure, {"line": line, "note": ax.text(0.1, 90, "")}, "A parabola over 0 to 1, and its height.")


def update(artists, height, color="red", change=lambda artists, height: None):
    x = np.linspace(0, 1, 21)
    artists["line"].set_data(x, height * x**2)
    artists["line"].set_color(color)
    artists["note"].set_text(f"height {height:g}")
    change(artists, height)
    return f"It rises to {height:g}."


def parabola(change=lambda artists, height: None, **more):
    return Experiment(scene, lambda artists, **values: update(artists, **values, change=change),
                      {"height": Slider("height", 10, 100, 30, step=10), "color": Choice("colour", ["red", "blue"], "red")},
                      Goal("rise above 90.", lambda height, color: height > 90), **more)


def numbers(packed):
    """The integers of `varints`, read another way than the player does."""
    out, value, shift = [], 0, 0
    for byte in packed:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(value // 2 if value % 2 == 0 else -(value + 1) // 2)
            value = shift = 0
    return out


def unpacked(made):
    """The head of a recording, and its streams."""
    blob = zlib.decompress(made.data)
    end = 4 + int.from_bytes(blob[:4], "little")
    head, streams = json.loads(blob[4:end]), []
    for size in head["sizes"]:
        streams.append(blob[end : end + size])
        end += size
    return head, streams


SLIDERS = [Slider("", 0, 50, 50), Slider("", 0, 2000, 40, step=10), Slider("", 0.2, 2.0, 1.0, step=0.1), Slider("", 1e-3, 1.0, 0.019, log=True),
           Slider("", 0.002, 2.0, 0.02, log=True, step=0.002), Slider("", 0.0, 1.0, 0.3)]


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda s: f"{s.low}-{s.high}")
def test_a_place_is_where_the_slider_of_the_notebook_can_stand(slider):
    made, found = box(slider), np.array(places(slider))
    position = np.log10(found) if isinstance(made, ipywidgets.FloatLogSlider) else found
    steps = (position[:-1] - made.min) / made.step
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    assert (found[0], found[-1]) == (pytest.approx(slider.low), pytest.approx(slider.high))
    assert (np.diff(position) < made.step * 1.001).all()


def one(slider, **more):
    return Experiment(scene, lambda artists, **_: "", {"x": slider}, **more)


def test_stops_have_both_ends_the_start_what_the_still_shows_and_what_is_asked_for():
    slider = Slider("x", 1.0, 1000.0, 10.0, log=True)
    found = stops_of(one(slider, shows={"x": 37.0}), {"x": 11}, {"x": [500]})["x"]
    assert len(found.values) == 11
    assert {1.0, 10.0, 500.0, 1000.0} <= {*found.values}
    assert one(slider, shows={"x": 37.0}).shows["x"] in found.values
    assert found.values[found.start] == 10.0
    assert sorted(found.values) == list(found.values)
    assert found.labels[found.start] == "10"


def test_one_slider_has_every_place_and_more_of_them_fewer():
    three = {name: Slider(name, 0.0, 1.0, 0.5) for name in "abc"}
    counts = [len(stops_of(Experiment(scene, lambda artists, **_: "", dict(list(three.items())[:k])))["a"].values) for k in (1, 2, 3)]
    assert counts == [201, 41, 15]


def test_what_no_slider_has_is_refused():
    with pytest.raises(ValueError, match="'y': no slider of this name; the controls are x"):
        stops_of(one(Slider("x", 0, 1, 0)), {"y": 3})
    with pytest.raises(ValueError, match="also=7"):
        stops_of(one(Slider("x", 0, 1, 0)), also={"x": [7]})


def test_numbers_survive_as_bytes():
    values = [0, 1, -1, 63, 64, -64, -65, 8191, -8192, 2**20, -(2**30)]
    assert numbers(varints(values)) == values
    assert len(varints([63])) == 1


def test_a_recording_has_each_state_once_with_its_words_and_its_goal():
    made = record(parabola(shows={"height": 100}))
    assert made.shape == (10, 2)
    _, streams = unpacked(made)
    assert streams[-1].decode().split("\n")[::2] == [f"It rises to {height}." for height in range(10, 101, 10)]
    assert numbers(streams[-2]) == [0] * 18 + [1] * 2
    assert made.words == "It rises to 100."
    assert made.about["readout"] == "It rises to 30."
    assert [control["stops"][control["start"]] for control in made.about["controls"]] == ["30", "red"]


def test_the_data_are_those_of_the_artist_to_a_quarter_of_a_pixel():
    experiment = Experiment(scene, update, {"height": Slider("height", 10, 100, 30, step=10)})
    head, streams = unpacked(record(experiment))
    line, marks, _ = head["tracks"]
    assert (line["kind"], line["whole"], marks["shared"]) == ("path", True, True)
    steps = np.array([numbers(streams[1]), numbers(streams[2])]).T.reshape(10, 21, 2)
    points = np.cumsum(np.cumsum(steps, axis=0) if line["between"] else steps, axis=1) / 4 - 0.375
    for state, height in enumerate(range(10, 101, 10)):
        figure = experiment.still(height=height)
        drawn = figure.axes[0].lines[0]
        expected = drawn.get_transform().transform(drawn.get_xydata())
        expected[:, 1] = int(figure.bbox.height) - expected[:, 1]
        np.testing.assert_allclose(points[state], expected, atol=0.126)


class Aside:
    """What an artist that rests is told."""

    def set_text(self, text):
        """Do nothing."""


def test_an_artist_that_follows_one_control_is_kept_once_for_each_of_its_stops():
    plain = parabola()
    head, streams = unpacked(record(Experiment(lambda: scene()._replace(depends={"note": ["height"]}),
                                               lambda artists, **values: update({"note": Aside()} | artists, **values), plain.controls)))
    assert {track["kind"]: track["follows"] for track in head["tracks"]} == {"path": [0, 1], "marks": [0, 1], "words": [0]}
    assert numbers(streams[-4])[::4] == [3] * 10  # a row of one text for each height


@pytest.mark.parametrize(("change", "told"), [
    (lambda artists, height: artists["line"].set_zorder(height), "the order of 'line'"),
    (lambda artists, height: artists["line"].axes.set_xlim(0, height), "the limits of axes 0"),
    (lambda artists, height: artists["line"].axes.set_title(f"{height}"), "something that is drawn once"),
    (lambda artists, height: artists["line"].set_linewidth(height / 10), "'line' is drawn in more than 12 styles"),
    (lambda artists, height: artists["line"].set_path_effects([]) or 1 / (height - 50), "ZeroDivisionError"),
    (lambda artists, height: artists["line"].set_sketch_params(3), "sketched lines"),
])
def test_what_a_recording_cannot_hold_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        record(parabola(change))


def test_a_goal_that_no_state_meets_is_refused():
    experiment = parabola()
    thin = Experiment(scene, experiment.update, experiment.controls | {"height": Slider("height", 10, 100, 30)},
                      Goal("find 77.", lambda height, color: height == 77))
    with pytest.raises(ValueError, match=r"goal='find 77.': none of the 20 recorded states meets it"):
        record(thin, {"height": 10})
    assert record(thin, {"height": 10}, {"height": [77]}).shape == (10, 2)


def test_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(recording, "MOST_BYTES", 5000)
    with pytest.raises(ValueError, match=r"counts=\[10, 2\]: 0.01 MB, more than 0.005; record fewer stops"):
        record(parabola())


def test_recording_twice_gives_the_same_bytes():
    assert record(parabola()).script("x") == record(parabola()).script("x")
