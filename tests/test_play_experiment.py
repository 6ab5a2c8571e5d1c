"""The mechanism of play: stills, live widgets, goals, and what the notebook keeps."""
from __future__ import annotations

import gc
import io
import sys
import weakref
import zlib

import ipywidgets
import nbclient
import nbformat
import numpy as np
import pytest
from PIL import Image

from lessonlib.play.experiment import Choice, Experiment, Goal, Growing, Scene, Slider, _fast_png, new_figure, readings

SOURCE = '''
from lessonlib.play.experiment import Choice, Experiment, Goal, Growing, Scene, Slider, new_figure

def scene():
    figure = new_figure(4, 3)
    ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 100), title="A parabola")
    (line,) = ax.plot([], [])
    return Scene(figure, {"line": line, "note": ax.text(0.1, 90, "")}, "A parabola over 0 to 1.")

def update(artists, height, color):
    if height == 13:
        raise ValueError("no <13>")
    x = [i / 50 for i in range(51)]
    artists["line"].set_data(x, [height * u * u for u in x])
    artists["line"].set_color(color)
    artists["note"].set_text(f"height {height:g}")
    return f"It rises to {height:g}."

def make():
    return Experiment(scene, update, {"height": Slider("height", 1, 100, 30), "color": Choice("colour", ["red", "blue"], "red")},
                      Goal("rise above 90.", lambda height, color: height > 90))
'''
exec(SOURCE)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("values", [{}, {"height": 77}, {"height": 5, "color": "blue"}])
def test_the_still_has_the_pixels_of_the_live_picture(values):
    live = make().live()
    for name, value in values.items():
        live.boxes[name].value = value
    still = np.asarray(make().still(**values).canvas.buffer_rgba())[..., :3]
    np.testing.assert_array_equal(still, pixels(live.image.value))


@pytest.mark.parametrize(("name", "value"), [("height", 60), ("color", "blue")])
def test_every_control_moves_the_picture(name, value):
    live = make().live()
    before = live.image.value
    live.boxes[name].value = value
    assert live.image.value != before
    assert live.boxes[name].description
    live.boxes[name].value = make().controls[name].start
    assert live.image.value == before


def test_the_goal_is_said_once_met_and_stays_said():
    live = make().live()
    assert "Not reached yet" in live.goal.value
    live.boxes["height"].value = 95
    assert "Goal reached</b> with height = 95, color = red" in live.goal.value
    live.boxes["height"].value = 10
    assert "height = 95" in live.goal.value
    assert "It rises to 10." in live.readout.value


def test_a_setting_that_cannot_be_drawn_does_not_end_the_play():
    live = make().live()
    live.boxes["height"].value = 13
    assert "cannot be drawn: ValueError: no &lt;13&gt;" in live.readout.value
    live.boxes["height"].value = 14
    assert "It rises to 14." in live.readout.value


def test_a_thousand_events_end_at_the_picture_of_the_last():
    live, wanted = make().live(), make().live()
    for i in range(1000):
        live.boxes["height"].value = 1 + (i * 37) % 99
    wanted.boxes["height"].value = live.boxes["height"].value
    assert live.image.value == wanted.image.value


def test_the_alternative_text_says_what_is_drawn_and_what_it_shows():
    assert make().alt(height=50) == "A parabola over 0 to 1. It rises to 50."


def test_no_figure_is_left_in_pyplot_or_in_memory():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure = weakref.ref(make().still())
    gc.collect()
    assert figure() is None
    assert plt.get_fignums() == before


def test_a_closed_live_widget_leaves_nothing_behind():
    live = make().live()
    image = weakref.ref(live.image)
    for widget in (*live.children, live):
        widget.unobserve_all()
        widget.close()
    del live, widget
    gc.collect()
    assert image() is None


@pytest.mark.parametrize(("call", "message"), [
    (lambda: make().still(hight=3), r"hight=3: the controls are height, color"),
    (lambda: make().still(height=300), r"height=300: the slider 'height' goes from 1 to 100"),
    (lambda: make().still(color="green"), r"color='green': 'colour' offers 'red', 'blue'"),
    (lambda: Slider("x", 0, 1, 2), r"start=2: the slider 'x' goes from 0 to 1"),
    (lambda: Slider("x", 0, 1, 0.5, log=True), r"low=0: a logarithmic slider starts above 0"),
    (lambda: Slider("x", 1, 1, 1), r"low=1: must be below high=1"),
    (lambda: Experiment(scene, update, {c: Slider(c, 0, 1, 0) for c in "abcd"}), r"one to three controls")])
def test_bad_values_are_named_with_their_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("slider", "kind"), [
    (Slider("n", 1, 9, 3), ipywidgets.IntSlider), (Slider("lr", 1e-4, 1.0, 1e-2, log=True), ipywidgets.FloatLogSlider),
    (Slider("beta", 0.0, 1.0, 0.9), ipywidgets.FloatSlider), (Choice("c", [1, 2], 1), ipywidgets.RadioButtons)])
def test_controls_are_core_widgets(slider, kind):
    assert type(slider.widget()) is kind
    assert slider.widget().value == pytest.approx(slider.start)


@pytest.mark.parametrize("slider", [Slider("lr", 1e-4, 1.0, 0.02, log=True), Slider("n", 1e8, 1e12, 7e9, log=True),
                                    Slider("t", 1.0, 100.0, 1.0, log=True, step=0.05)])
def test_the_places_of_a_slider_are_those_of_its_widget(slider):
    box = slider.widget()
    count = int((box.max - box.min) / box.step + 1e-9) + 1
    np.testing.assert_allclose(slider.places(), 10 ** (box.min + box.step * np.arange(count)), rtol=1e-12)
    assert np.abs(slider.places() / slider.start - 1).min() < 1e-12
    assert slider.places()[-1] <= slider.high * (1 + 1e-12)


@pytest.mark.parametrize("shape", [(1, 5), (2, 3), (7, 11), (301, 203)])
def test_a_quick_png_is_whole_and_has_the_pixels(shape):
    given = np.random.default_rng(0).integers(0, 256, (*shape, 4), dtype=np.uint8)
    png = _fast_png(given)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), given)
    length = int.from_bytes(png[33:37], "big")
    assert png[37:41] == b"IDAT"
    assert zlib.crc32(png[37 : 41 + length]) == int.from_bytes(png[41 + length : 45 + length], "big")
    assert len(zlib.decompress(png[41 : 41 + length])) == shape[0] * (1 + 4 * shape[1])  # raises where the checksum is wrong


def test_the_numbers_of_a_reading_begin_where_its_words_end():
    figure = new_figure()
    numbers = readings(figure.add_subplot(), 0.5, 0.9, ["a word:", "a longer one:"], va="top")
    numbers.set_text("12\n3")
    figure.canvas.draw()
    words = next(text for text in numbers.axes.texts if text is not numbers)
    left, right = words.get_window_extent(), numbers.get_window_extent()
    assert 0 < right.x0 - left.x1 < 20
    assert left.y1 == pytest.approx(right.y1, abs=3)
    assert left.height == pytest.approx(right.height, abs=3)


def test_a_map_that_rests_is_drawn_once_and_the_picture_is_the_same():
    def with_map():
        figure = new_figure(4, 3)
        ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
        (line,) = ax.plot([], [], zorder=3)
        (over,) = ax.plot([0, 1], [1, 0], zorder=4)
        return Scene(figure, {"line": line, "map": ax.imshow(np.eye(4), extent=(0, 1, 0, 1), aspect="auto", zorder=1), "over": over},
                     "A line over a map.")

    def move(artists, x, turned):
        if artists["map"].get_gid() != str(turned):
            artists["map"].set_data(np.eye(4)[::-1] if turned else np.eye(4))
            artists["map"].set_gid(str(turned))
        artists["line"].set_data([0, x], [0, 1])
        return f"{x}"

    make = lambda: Experiment(with_map, move, {"x": Slider("x", 0.0, 1.0, 0.5), "turned": Choice("turned", [False, True], False)})
    live, drawn = make().live(), []
    figure = live.draws.scene.figure
    one = figure.draw_artist
    figure.draw_artist = lambda artist: (drawn.append(artist), one(artist))
    for values in ({"x": 0.1}, {"x": 0.2}, {"turned": True}, {"x": 0.9}, {"x": 0.3}, {"turned": False}):
        for name, value in values.items():
            live.boxes[name].value = value
        now = {name: box.value for name, box in live.boxes.items()}
        np.testing.assert_array_equal(pixels(live.image.value), np.asarray(make().still(**now).canvas.buffer_rgba())[..., :3])
    assert sum(artist is live.draws.scene.artists["map"] for artist in drawn) < 6


def test_in_jupyterlab_a_still_with_its_words_goes_before_the_widget(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    live = make().live()
    live._repr_mimebundle_()
    assert shown == []
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    live._repr_mimebundle_()
    (bundle,) = shown
    assert 'alt="A parabola over 0 to 1. It rises to 30."' in bundle["text/html"]
    monkeypatch.setitem(sys.modules, "google.colab", None)
    live._repr_mimebundle_()
    assert len(shown) == 1


def test_a_notebook_keeps_view_picture_and_text_and_the_text_is_fixed(tmp_path):
    bundles = []
    for _ in range(2):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE), nbformat.v4.new_code_cell("make().live()")])
        nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
        (output,) = notebook.cells[1].outputs
        bundles.append(output)
    data = bundles[0]["data"]
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == bundles[1]["data"]["text/plain"] == "A parabola over 0 to 1. It rises to 30."
    assert data["image/png"] == bundles[1]["data"]["image/png"]
    assert bundles[0]["metadata"]["image/png"] == {"width": 384, "alt": data["text/plain"]}


def growing(monkeypatch, live):
    """The outputs of a Growing that is fed three results, as [(data, metadata, id)]: displays, then updates."""
    shown = []

    class Handle:
        def update(self, data, metadata, raw):
            shown.append((data, metadata, "update"))

    def display(data, metadata, raw, display_id):
        shown.append((data, metadata, display_id))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setenv("LESSONLIB_PROGRESS", "1" if live else "0")
    made = make()
    with Growing(made.scene, made.update, per_second=1e9).show() as draw:
        for k in (1.0, 2.0, 3.0):
            draw(**made.values(**{next(iter(made.controls)): k}))
    return shown


@pytest.mark.parametrize(("live", "count"), [(False, 1), (True, 4)])
def test_a_growing_picture_is_one_output_that_ends_the_same_live_or_not(monkeypatch, live, count):
    shown = growing(monkeypatch, live)
    assert [kind for *_, kind in shown] == ([True, "update", "update", "update"] if live else [False])[:count]
    assert shown[-1][0] == growing(monkeypatch, False)[-1][0]
    assert set(shown[-1][0]) == {"image/png", "text/plain"}
    assert shown[-1][1]["image/png"]["alt"] == shown[-1][0]["text/plain"]


def test_a_growing_picture_is_shown_where_its_work_fails(monkeypatch):
    made, shown = make(), []
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append(a))
    with pytest.raises(KeyboardInterrupt), Growing(made.scene, made.update).show():
        raise KeyboardInterrupt
    assert len(shown) == 1
