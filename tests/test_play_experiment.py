"""The mechanism of play: stills, live widgets, goals, and what the notebook keeps."""
from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import tracemalloc
import weakref
import zlib
from types import SimpleNamespace

import ipywidgets
import matplotlib
import nbclient
import nbformat
import numpy as np
import pytest
from PIL import Image

from lessonlib.play.canvas import Canvas, png, small_png
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.play.widget import box

SOURCE = '''
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure

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


def widgets_kept():
    """How many widgets ipywidgets holds."""
    return len(ipywidgets.Widget.get_manager_state()["state"])


def test_a_closed_live_widget_gives_figure_and_pixels_back_while_somebody_holds_it():
    before = widgets_kept()
    live = make().live()
    gone = [weakref.ref(x) for x in (live.canvas, live.canvas.scene.figure)]
    boxes = live.boxes
    live.close()
    assert [x() for x in gone] == [None, None]
    assert widgets_kept() == before
    assert len(live.image.value) == len(live.still) == 0
    assert live.readout.value
    boxes["height"].value = 60  # a late message of the front end
    assert live.image.value == b""
    live.close()


@pytest.mark.skipif(matplotlib.__version_info__[:2] < (3, 11), reason="matplotlib 3.10 keeps up to 4096 measures of text, which grow for longer")
def test_four_more_rounds_of_play_take_no_more_memory_than_one():
    def a_round():
        make().live().close()
        gc.collect()

    a_round()
    tracemalloc.start()
    try:
        a_round()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(4):
            a_round()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 300_000  # bytes; four kept pictures are twenty times as much, and what matplotlib measured of text is a fifth


KEPT = """
import gc, ipywidgets, json
from lessonlib.play.canvas import Canvas
print(json.dumps([sum(isinstance(x, Canvas) for x in gc.get_objects()), len(ipywidgets.Widget.get_manager_state()["state"])]))
"""


@pytest.mark.parametrize("cell", ["make().live()", "display(make().live(), make().live())"], ids=["one", "two in a cell"])
def test_a_cell_that_runs_again_closes_what_it_made_before_and_nothing_else(tmp_path, cell):
    cells = [nbformat.v4.new_code_cell(text) for text in (SOURCE, "other = make().live()\nother", cell, KEPT)]
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), resources={"metadata": {"path": str(tmp_path)}})
    counts = []
    with client.setup_kernel():
        for number in (0, 1, 2, 3, *(2, 2, 2, 2, 3), *(1, 1, 3)):
            client.execute_cell(cells[number], number)
            if number == 3:
                counts.append(json.loads(cells[3].outputs[0].text))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][0] == 1 + cell.count("make")


@pytest.mark.parametrize("parent", [
    None, {}, {"header": {"msg_type": "comm_msg", "msg_id": "1"}, "metadata": {"cellId": "a"}, "content": {}}], ids=["no kernel", "empty", "callback"])
def test_what_no_cell_made_stays_open(monkeypatch, parent):
    shell = None if parent is None else SimpleNamespace(get_parent=lambda: parent)
    monkeypatch.setattr("lessonlib.play.widget.get_ipython", lambda: shell)
    first, second = make().live(), make().live()
    assert first.canvas is not None
    assert second.canvas is not None


def test_a_cell_is_known_by_its_id_where_there_is_one(monkeypatch):
    now = {"header": {"msg_type": "execute_request", "msg_id": "1"}, "metadata": {"cellId": "a"}, "content": {"code": "same"}}
    monkeypatch.setattr("lessonlib.play.widget.get_ipython", lambda: SimpleNamespace(get_parent=lambda: now))
    first = make().live()
    now = now | {"header": {"msg_type": "execute_request", "msg_id": "2"}, "metadata": {"cellId": "b"}}
    second = make().live()  # another cell with the same text
    assert first.canvas is not None
    now = now | {"header": {"msg_type": "execute_request", "msg_id": "3"}, "metadata": {"cellId": "a"}}
    third = make().live()
    assert (first.canvas is None, second.canvas is None, third.canvas is None) == (True, False, False)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: make().still(hight=3), r"hight=3: the controls are height, color"),
    (lambda: make().still(height=300), r"height=300: the slider 'height' goes from 1 to 100"),
    (lambda: make().still(color="green"), r"color='green': 'colour' offers 'red', 'blue'"),
    (lambda: make().still(height=3.5), r"height=3\.5: the slider 'height' moves over whole numbers, such as 3"),
    (lambda: make().still(height=float("nan")), r"height=nan: the slider 'height' goes from 1 to 100"),
    (lambda: make().still(height=True), r"height=True: the slider 'height' goes"),
    (lambda: make().still(height="30"), r"height='30': the slider 'height' goes"),
    (lambda: Choice("c", [("one", 1), ("two", 2)], "one"), r"start='one': 'c' offers 1, 2"),
    (lambda: Choice("c", [0, 1], True), r"start=True: 'c' offers 0, 1"),
    (lambda: Slider("x", "0", 1, 1), r"low='0': must be a number on the slider 'x'"),
    (lambda: Slider("x", 0, 1, 1, step=0), r"step=0: must be above 0 on the slider 'x'"),
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
    assert type(box(slider)) is kind
    assert box(slider).value == pytest.approx(slider.start)


PAIRED = Choice("c", [("one", 1), ("two", 2.5)], 1)


@pytest.mark.parametrize(("control", "given", "accepted"), [
    (Slider("x", 0.0, 1.0, 0.5), np.float64(0.1), 0.1), (Slider("x", 0.0, 1.0, 0.5), np.float32(0.25), 0.25),
    (Slider("x", 0.0, 1.0, 0.5), 1, 1.0), (Slider("n", 1, 9, 3), np.int64(7), 7), (Slider("n", 1, 9, 3), 7.0, 7),
    (Slider("n", 1, 9, 3), np.float32(7), 7), (Slider("lr", 1e-3, 1.0, 0.1, log=True), np.float64(0.25), 0.25),
    (Slider("n", np.int64(1), np.int32(9), np.int64(3)), 7, 7), (Slider("x", 0, np.float64(1), 0), 1, 1.0),
    (Choice("c", [1, 2], 1), np.int64(2), 2), (Choice("c", [1, 2], 1), 2.0, 2), (Choice("c", ["a", "b"], np.str_("a")), np.str_("b"), "b"),
    (PAIRED, np.float64(2.5), 2.5), (Choice("c", [False, True], np.False_), np.True_, True)])
def test_still_and_live_take_the_same_values_and_hand_on_the_same(control, given, accepted):
    handed = []
    experiment = Experiment(lambda: Scene(new_figure(2, 1), {}, "Nothing."), lambda artists, c: handed.append(c) or "", {"c": control})
    experiment.still(c=given)
    assert handed == [accepted]
    live = experiment.live()
    live.boxes["c"].value = accepted
    assert "cannot be drawn" not in live.readout.value
    assert [type(value) for value in handed] == [type(accepted), type(control.start), type(accepted)]
    assert handed[1:] == [control.start, accepted]
    assert type(control.start) in (int, float, str, bool)


def test_an_experiment_without_a_widget_loads_no_ipywidgets():
    code = "import sys; from lessonlib.play.experiment import *; print([m for m in ('ipywidgets', 'IPython') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("shape", [(1, 5), (2, 3), (7, 11), (301, 203)])
def test_a_quick_png_is_whole_and_has_the_pixels(shape):
    given = np.random.default_rng(0).integers(0, 256, (*shape, 4), dtype=np.uint8)
    packed = png(given)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(packed))), given)
    np.testing.assert_array_equal(pixels(small_png(given)), given[..., :3])
    length = int.from_bytes(packed[33:37], "big")
    assert packed[37:41] == b"IDAT"
    assert zlib.crc32(packed[37 : 41 + length]) == int.from_bytes(packed[41 + length : 45 + length], "big")
    assert len(zlib.decompress(packed[41 : 41 + length])) == shape[0] * (1 + 4 * shape[1])  # raises where the checksum is wrong


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


def line_over_map(follows=("turned",)):
    """A line that follows x and a map that says what it follows; `x` = 0.7 fails after it has moved the line."""
    def draw():
        figure = new_figure(4, 3)
        ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
        (line,) = ax.plot([], [], zorder=3)
        (over,) = ax.plot([0, 1], [1, 0], zorder=4)
        return Scene(figure, {"line": line, "map": ax.imshow(np.eye(4), extent=(0, 1, 0, 1), aspect="auto", zorder=1), "over": over},
                     "A line over a map.", {"map": follows})

    def move(artists, x, turned):
        artists["line"].set_data([0, x], [0, 1])
        if x == 0.7:
            raise ValueError(x)
        if "map" in artists:
            artists["map"].set_data(np.eye(4)[::-1] if turned else np.eye(4))
        return f"{x}"

    return Experiment(draw, move, {"x": Slider("x", 0.0, 1.0, 0.5), "turned": Choice("turned", [False, True], False)})


def test_a_map_that_rests_is_drawn_once_and_the_picture_is_the_same():
    live, drawn = line_over_map().live(), []
    figure = live.canvas.scene.figure
    one = figure.draw_artist
    figure.draw_artist = lambda artist: (drawn.append(artist), one(artist))
    for values in ({"x": 0.1}, {"x": 0.2}, {"turned": True}, {"x": 0.7}, {"turned": False}, {"x": 0.9}, {"x": 0.3}, {"turned": True}):
        for name, value in values.items():
            live.boxes[name].value = value
        now = {name: box.value for name, box in live.boxes.items()}
        if now["x"] != 0.7:
            np.testing.assert_array_equal(pixels(live.image.value), np.asarray(line_over_map().still(**now).canvas.buffer_rgba())[..., :3])
    assert sum(artist is live.canvas.scene.artists["map"] for artist in drawn) < 7


def test_an_update_is_given_the_artists_that_a_changed_control_moves():
    made, given = line_over_map(), []
    canvas = Canvas(made.draw(), lambda artists, **values: (given.append(sorted(artists)), made.update(artists, **values))[1])
    for x, turned in ((0.1, False), (0.2, False), (0.2, False), (0.3, True), (0.3, False)):
        assert canvas.move({"x": x, "turned": turned}) == f"{x}"
    with pytest.raises(ValueError, match=r"0\.7"):
        canvas.move({"x": 0.7, "turned": False})
    canvas.move({"x": 0.3, "turned": False})
    line, all_of_them = ["line", "over"], ["line", "map", "over"]
    assert given == [all_of_them, line, all_of_them, all_of_them, line, all_of_them]


@pytest.mark.parametrize("follows", [("turn",), ("x", "colour")])
def test_a_scene_that_follows_a_control_that_is_not_there_is_refused(follows):
    with pytest.raises(ValueError, match=r"depends=\{'map'.*the controls are x, turned"):
        line_over_map(follows).still()


def test_in_jupyterlab_a_still_with_its_words_goes_before_the_widget(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("lessonlib.play.widget.display", lambda data, **_: shown.append(data))
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
