"""What can go wrong in a session goes wrong here, and ends in a clear state with the learner's code kept."""
from __future__ import annotations

import contextlib
import os
import subprocess
from itertools import pairwise

import lab
import nbformat
import playing
import pytest
from latency import area

MAKE = '''import time
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure

def scene():
    figure = new_figure()
    ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1000), title="A line")
    (line,) = ax.plot([], [])
    return Scene(figure, {"line": line}, "A line that rises from zero to a height.")

drawn = []
def update(artists, height):
    drawn.append(height)
    time.sleep(0.05)
    artists["line"].set_data([0, 1], [0, height])
    return f"It rises to {height}."

make = lambda: Experiment(scene, update, {"height": Slider("height", 0, 1000, 500)})'''
CELLS = [("markdown", "# Faults"), ("code", MAKE), ("code", "make().live()"), ("code", "mine = 40 + 2"),
         ("code", "import time\nfor _ in range(600): time.sleep(0.1)"), ("code", "print('the answer is', mine)"), ("code", "print(len(drawn), drawn[-1])")]
DEFINE, LIVE, MINE, LONG, ANSWER, DRAWN = 1, 2, 3, 4, 5, 6


def write(path):
    """A small notebook in the given place."""
    cells = [getattr(nbformat.v4, f"new_{kind}_cell")(text) for kind, text in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {
        "name": "python3", "display_name": "Python 3", "language": "python"}}), path)


@pytest.fixture
def notebook(course, opened, request):
    """The small notebook, open."""
    path = course / f"{request.node.originalname}.ipynb"
    write(path)
    with opened(path.name) as shown:
        yield shown


def test_a_restarted_kernel_keeps_the_code_and_running_again_plays_again(notebook):
    notebook.run(DEFINE)
    notebook.run(LIVE)
    notebook.write(MINE, "mine = 'my own code'")
    notebook.command("notebook:restart-kernel")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    notebook.page.locator(".jp-Dialog").wait_for(state="detached")
    notebook.settle(60)
    notebook.page.wait_for_timeout(1000)
    assert "not found" not in notebook.text(LIVE)
    assert "Error" not in notebook.text(LIVE)
    assert notebook.cell(LIVE).locator(".jp-OutputArea-output img:visible").count() == 1
    assert notebook.source(MINE) == "mine = 'my own code'"
    notebook.run(ANSWER)
    assert "NameError: name 'mine' is not defined" in notebook.text(ANSWER)
    for number in (DEFINE, LIVE, MINE, ANSWER):
        notebook.run(number)
    play = playing.Play(notebook, LIVE)
    assert play.by_keyboard(play.rows()[0])
    assert "my own code" in notebook.text(ANSWER)


def test_cells_out_of_order_say_what_is_missing_and_twice_does_no_harm(notebook):
    notebook.run(LIVE)
    assert "NameError: name 'make' is not defined" in notebook.text(LIVE)
    notebook.run(DEFINE)
    for _ in range(2):
        notebook.run(LIVE)
        play = playing.Play(notebook, LIVE)
        assert notebook.cell(LIVE).locator(".jp-OutputArea-output img:visible").count() == 1
        assert play.by_keyboard(play.rows()[0])
    assert "Error" not in notebook.text(LIVE)


def test_an_interrupt_ends_a_long_cell_and_the_next_one_runs(notebook):
    notebook.run(MINE)
    notebook.run(LONG, wait=False)
    notebook.page.wait_for_function("""i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.executionState === 'running'
        && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'""", arg=LONG)
    notebook.page.wait_for_timeout(500)
    notebook.command("notebook:interrupt-kernel")
    notebook.settle(50)
    assert "KeyboardInterrupt" in notebook.text(LONG)
    notebook.run(ANSWER)
    assert "the answer is 42" in notebook.text(ANSWER)


def test_a_kernel_without_a_network_says_so_and_the_attempt_is_noted(notebook, server):
    assert server.asked_outside() == []
    for address in ("'192.0.2.1'", "'example.org'"):
        notebook.write(MINE, f"import socket\nsocket.create_connection(({address}, 80), timeout=5)")
        notebook.run(MINE)
        assert "no network in this test" in notebook.text(MINE)
    notebook.page.evaluate("() => fetch('https://example.org/').catch(() => {})")
    asked = server.asked_outside()
    server.forget()
    assert sorted(asked) == ["192.0.2.1:80", "example.org", "https://example.org/"]


def test_two_lessons_open_at_once_do_not_disturb_each_other(notebook, course, server):
    write(course / "other.ipynb")
    other = lab.Notebook(notebook.page.context.new_page(), server, "other.ipynb")  # another tab of the same browser
    plays = []
    for one in (notebook, other):
        one.run(DEFINE)
        one.run(LIVE)
        plays.append(playing.Play(one, LIVE))
    plays[0].set("height", 123.0)
    plays[1].set("height", 456.0)
    plays[0].cell.get_by_text("It rises to 123.").wait_for()
    plays[1].cell.get_by_text("It rises to 456.").wait_for()
    before = plays[0].at_rest()
    plays[1].set("height", 789.0)
    plays[1].cell.get_by_text("It rises to 789.").wait_for()
    assert plays[0].at_rest() == before
    assert "It rises to 123." in notebook.text(LIVE)
    other.page.close()


def test_a_thousand_slider_events_end_at_the_last_and_late_ones_are_dropped(notebook):
    notebook.run(DEFINE)
    notebook.run(LIVE)
    play = playing.Play(notebook, LIVE)
    handle = play.rows()[0].locator(".noUi-handle")
    handle.evaluate("""e => { for (let i = 0; i < 1000; i++) e.dispatchEvent(
        new KeyboardEvent('keydown', {key: i < 700 ? 'ArrowRight' : 'ArrowLeft', bubbles: true, cancelable: true})); }""")
    play.cell.get_by_text("It rises to 700.").wait_for(timeout=20_000)
    notebook.run(DRAWN)
    count, last = map(int, notebook.text(DRAWN).split()[-2:])
    assert last == 700
    assert count < 20


WATCH = """cell => {
    const said = () => cell.querySelector('[aria-live]').textContent.match(/rises to (\\d+)/)?.[1];
    const handle = cell.querySelector('.noUi-handle');
    window.moved = [], window.drawn = [];
    new MutationObserver(() => window.moved.push([performance.now(), parseFloat(handle.getAttribute('aria-valuetext'))]))
        .observe(handle, {attributes: true, attributeFilter: ['aria-valuetext']});
    new MutationObserver(() => { if (said()) window.drawn.push([performance.now(), parseFloat(said())]); })
        .observe(cell.querySelector('[aria-live]').closest('.widget-html'), {subtree: true, childList: true, characterData: true});
}"""


def test_a_fast_drag_leaves_the_picture_at_most_one_frame_behind(notebook):
    notebook.run(DEFINE)
    notebook.run(LIVE)
    play = playing.Play(notebook, LIVE)
    play.set("height", 0.0)
    play.cell.get_by_text("It rises to 0.").wait_for()
    play.at_rest()
    notebook.page.evaluate(WATCH, area(notebook, LIVE))
    play.drag(play.rows()[0], steps=90, share=0.9)
    last = float(play.rows()[0].locator(".noUi-handle").get_attribute("aria-valuetext"))
    play.cell.get_by_text(f"It rises to {last:.0f}.").wait_for(timeout=20_000)
    play.at_rest()
    moved, drawn = notebook.page.evaluate("() => [window.moved, window.drawn]")
    assert len(moved) > 40
    assert 1 < len(drawn) < len(moved)
    assert drawn[-1][1] == moved[-1][1] == last
    for (before, _), (_, value) in pairwise(drawn):  # a picture shows a value no older than the one before it
        assert value >= max((v for t, v in moved if t <= before), default=0)
    assert sum(t > moved[-1][0] for t, _ in drawn) <= 2  # the one under way when the hand stops, and the last


def fill(folder):
    """Write until nothing more fits; returns what makes room again."""
    filler = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, b"x" * 4096)
    os.close(filler)
    return (folder / "filler").unlink


def forbid(folder):
    """Make the folder read-only, for root too; returns what undoes it."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    return lambda: subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


@pytest.mark.parametrize(("trouble", "reason"), [(fill, "No space left"), (forbid, "Permission denied")], ids=["full disk", "read-only folder"])
def test_what_cannot_be_saved_is_said_and_neither_file_nor_code_is_lost(trouble, reason, course, server, page):
    folder = course / f"small-{trouble.__name__}"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: mount -t tmpfs needs root")
    try:
        write(folder / "full.ipynb")
        notebook = lab.Notebook(page, server, f"{folder.name}/full.ipynb")
        undo = trouble(folder)
        code = "mine = 'my own code'  # " + "long " * 4000
        notebook.write(MINE, code)
        notebook.page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save').catch(() => {}); }")
        told = notebook.page.locator(".jp-Dialog")
        told.wait_for(timeout=20_000)
        said = told.inner_text()
        assert said.startswith("File Save Error")
        assert reason in said
        told.locator("button").last.click()
        assert notebook.source(MINE) == code
        nbformat.read(folder / "full.ipynb", as_version=4)  # what was saved before is whole
        undo()
        notebook.save()
        assert nbformat.read(folder / "full.ipynb", as_version=4).cells[MINE].source == code
        page.close()
    finally:
        server.stop_kernels()
        subprocess.run(["umount", "-l", folder], check=False)
