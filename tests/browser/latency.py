"""How fast play is: from a slider to the painted picture, in the browser, beside the same picture drawn by interact + pyplot.

    python tests/browser/latency.py [--events N] [--notebooks DIR] [--plain]

Each live experiment of each notebook is measured in one window, ours and interact's event by event in turns, on its first slider. An event is
a key on the slider's handle; it ends when the new picture is decoded and its frame is over. Then a fast drag: 90 values at 120 a second; how
many pictures were shown, how many of them after the last value (two at most: the one under way, and the last), and how long the last one took.
The first row draws nothing: its picture is ready, so its time is what JupyterLab, the kernel and the browser take in any case. Under "page"
is the same experiment as a recording, in a page without a kernel (what is not recorded yet is recorded first, which takes minutes); its first
row is a slider that nobody listens to, the page's own floor: the wait for the next frame. With --plain JupyterLab is started by its own
command and not as `make lab` does, which makes the connection send at once.
"""
from __future__ import annotations

import argparse
import ast
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import lab
import nbformat

sys.path.append(str(lab.ROOT / "authoring"))  # behind this folder, which has a lab.py too
import recordings

READY_ROW = "a ready picture, nothing drawn"
MEDIAN_MS, TIMES = 60, 3.5  # the bars: at most, at least
BESIDE = '''
import matplotlib.pyplot as plt
from ipywidgets import interactive
from lessonlib import plots
from lessonlib.play import canvas
from lessonlib.play.widget import box

def beside(experiment):
    """The same picture as it is usually made: drawn from nothing by pyplot at each change."""
    def draw(**values):
        kept, canvas.Figure = canvas.Figure, plt.figure
        try:
            with plt.style.context(plots.STYLE):
                experiment.update(experiment.scene().artists, **values)
                plt.show()
        finally:
            canvas.Figure = kept
    return interactive(draw, **{name: box(control) for name, control in experiment.controls.items()})
'''
# A Page key moves a slider by five of its steps, so each event swaps the picture.
READY = '''
from io import BytesIO
import numpy as np
from PIL import Image as Pixels
import ipywidgets as w
from IPython.display import Image, display

def ready(k):
    out = BytesIO()
    pixels = np.full((486, 921, 3), 255, np.uint8)
    pixels[50:450, 100 : 400 + 100 * k] = 0
    Pixels.fromarray(pixels).save(out, "png")
    return out.getvalue()

def either():
    return w.IntSlider(max=100)

pictures = [ready(0), ready(1)]
picture, slider = w.Image(value=pictures[0], format="png", layout=w.Layout(width="691px")), either()
def swap(change):
    picture.value = pictures[slider.value // 5 % 2]
slider.observe(swap, names="value")
'''
READY_CELLS = ["w.VBox([slider, picture])", "w.interactive(lambda k: display(Image(pictures[k // 5 % 2], width=691)), k=either())"]
PRESS = """
    const handle = area.querySelector('.noUi-handle');
    const [low, now, high] = ['min', 'now', 'max'].map(k => parseFloat(handle.getAttribute('aria-value' + k)));
    if (now >= high) handle.dataset.way = 'Down'; else if (now <= low || !handle.dataset.way) handle.dataset.way = 'Up';
    handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'Page' + handle.dataset.way, bubbles: true, cancelable: true}));
"""
EVENT = """async area => {
    const picture = () => area.querySelector('img.widget-image') ?? area.querySelector('img');
    const before = picture()?.src;
    const begun = performance.now();
    return await new Promise(resolve => {
        const eye = new MutationObserver(async () => {
            const image = picture();
            if (!image || image.src === before) return;
            eye.disconnect();
            await image.decode().catch(() => {});
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
        });
        eye.observe(area, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
        setTimeout(() => { eye.disconnect(); resolve(null); }, 3000);
        """ + PRESS + """
    });
}"""
DRAG = """async ([area, values]) => {
    let shown = 0, late = 0, last = null, over = null;
    const eye = new MutationObserver(() => { shown++; last = performance.now(); if (over) late++; });
    eye.observe(area, {subtree: true, attributes: true, attributeFilter: ['src']});
    for (let i = 0; i < values; i++) {
        """ + PRESS + """
        await new Promise(r => setTimeout(r, 1000 / 120));
    }
    over = performance.now();
    await new Promise(r => setTimeout(r, 1500));
    eye.disconnect();
    return {shown, late, wait: Math.max(0, last - over)};
}"""

RECORDED = """async ([i, step]) => {
    const box = document.querySelectorAll('.lessonlib-play')[i], range = (box ?? document).querySelector('input.deaf, .lessonlib-play input[type=range]');
    const canvas = box?.play.canvas ?? document.createElement('canvas'), last = +range.max;
    if (range.valueAsNumber >= last) range.dataset.way = -1; else if (range.valueAsNumber <= 0 || !range.dataset.way) range.dataset.way = 1;
    await box?.play.ready();
    const begun = performance.now();
    range.value = range.valueAsNumber + step * range.dataset.way;
    range.dispatchEvent(new Event('input', {bubbles: true}));
    return await new Promise(done => requestAnimationFrame(() => setTimeout(async () => {
        await createImageBitmap(canvas, 0, 0, 1, 1); // all that was drawn is drawn
        done(performance.now() - begun);
    })));
}"""


def with_beside(notebook: Any) -> tuple[Any, list[tuple[int, str]]]:
    """The notebook with interact's version after each experiment, and (number of the experiment's cell, its call)."""
    cells, found = [], []
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.rstrip().endswith(".live()"):
            if not found:
                cells.append(nbformat.v4.new_code_cell(BESIDE))
            call = ast.unparse(ast.parse(cell.source).body[-1].value.func.value)  # type: ignore[attr-defined]
            found.append((len(cells), call))
            cells += [cell, nbformat.v4.new_code_cell(f"beside({call})")]
        else:
            cells.append(cell)
    notebook.cells = cells
    return notebook, found


def ready_made() -> Any:
    """A notebook with a slider that swaps two ready pictures, ours and interact's way."""
    cells = [nbformat.v4.new_markdown_cell("# Nothing is drawn"), *map(nbformat.v4.new_code_cell, [READY, *READY_CELLS])]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {
        "name": "python3", "display_name": "Python 3", "language": "python"}})


def area(notebook: lab.Notebook, number: int) -> Any:
    """A handle to the output of a cell."""
    return notebook.cell(number).locator(".jp-OutputArea").first.element_handle()


def measure(notebook: lab.Notebook, number: int, events: int) -> dict[str, Any] | None:
    """Times in ms of ours and of interact's, and what a drag does; None for an experiment without a slider."""
    if not notebook.cell(number).locator(".noUi-handle").count():
        return None
    notebook.cell(number).locator(".widget-image").wait_for()
    notebook.cell(number + 1).locator("img").first.wait_for()
    areas = area(notebook, number), area(notebook, number + 1)
    times: tuple[list[float], list[float]] = ([], [])
    for k in range(events + 3):
        for kept, where in zip(times, areas, strict=True):
            took = notebook.page.evaluate(EVENT, where)
            if took is not None and k >= 3:  # the first are warm-up
                kept.append(took)
            notebook.page.wait_for_timeout(30)
    return {"live": times[0], "interact": times[1], "drag": notebook.page.evaluate(DRAG, [areas[0], 90])}


def recorded(page: Any, number: int, events: int) -> list[float]:
    """Times in ms of a recorded experiment on an open page, or with the number -1 of a slider that nothing follows."""
    times = []
    for k in range(events + 3):
        took = page.evaluate(RECORDED, [number, 5])
        if k >= 3:
            times.append(took)
        page.wait_for_timeout(30)
    return times


def write_recorded(folder: Path, found: dict[str, list[tuple[int, str]]]) -> tuple[Path, dict[tuple[str, str], int]]:
    """Write a page with the experiments of these notebooks; return its path, and which is which by (notebook, call)."""
    plays = [play for play in recordings.catalogue() if (f"{play.notebook}.ipynb", ast.unparse(play.call)) in
             {(name, call) for name, cells in found.items() for _, call in cells}]
    fragments = recordings.write(folder / "play", plays)
    body = "".join(fragment.html("play/") for fragment in fragments.values())
    path = folder / "recorded.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{recordings.head("play/")}<input class="deaf" type="range" max="40">{body}', encoding="utf-8")
    return path, {(f"{play.notebook}.ipynb", ast.unparse(play.call)): number for number, play in enumerate(plays)}


def p90(times: list[float]) -> float:
    """The 90th percentile."""
    return sorted(times)[int(0.9 * (len(times) - 1))]


def main() -> int:
    """Measure, print the table, return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--notebooks", type=Path, default=lab.ROOT / "notebooks")
    parser.add_argument("--plain", action="store_true", help="JupyterLab by its own command")
    options = parser.parse_args()
    if lab.chromium() is None:
        print(lab.INSTALL, file=sys.stderr)
        return 1
    home = Path(tempfile.mkdtemp())
    folder, found = home / "course", {"ready.ipynb": [(2, READY_ROW)]}
    folder.mkdir()
    nbformat.write(ready_made(), folder / "ready.ipynb")
    for path in sorted(options.notebooks.glob("*.ipynb")):
        notebook, found[path.name] = with_beside(nbformat.read(path, as_version=4))
        nbformat.write(notebook, folder / path.name)
    path, places = write_recorded(home, found)
    server, missed, ratios, medians = lab.Server(folder, home, plain=options.plain), [], [], []
    try:
        with lab.browser() as chrome:
            page = chrome.new_context(viewport={"width": 1200, "height": 1000}).new_page()
            page.goto(path.as_uri())
            print(f"{platform.machine()}, {lab.cores()} cores, Python {platform.python_version()}, Chromium {chrome.version}; ms, "
                  f"{options.events} events each; drag: 90 values at 120 a second; {'plain jupyter lab' if options.plain else 'as make lab starts it'}")
            print(f"{'experiment':44}{'live':>6}{'p90':>6}{'interact':>10}{'p90':>6}{'ratio':>7}{'page':>6}{'p90':>6}   drag: pictures, after the last value, its wait")
            for name, cells in found.items():
                if not cells:
                    continue
                notebook = lab.Notebook(chrome.new_context(viewport={"width": 1200, "height": 1000}).new_page(), server, name)
                notebook.run_all(400)
                for number, call in cells:
                    got = measure(notebook, number, options.events)
                    if got is None:
                        print(f"{call:44} no slider")
                        continue
                    live, usual, drag = got["live"], got["interact"], got["drag"]
                    ratio = statistics.median(usual) / statistics.median(live)
                    page.bring_to_front()  # a page behind another one has no frames
                    plain = recorded(page, places.get((name, call), -1), options.events)
                    notebook.page.bring_to_front()
                    print(f"{call:44}{statistics.median(live):6.0f}{p90(live):6.0f}{statistics.median(usual):10.0f}{p90(usual):6.0f}{ratio:7.1f}"
                          f"{statistics.median(plain):6.0f}{p90(plain):6.0f}"
                          f"   {drag['shown']:5}, {drag['late']}, {drag['wait']:.0f}", flush=True)
                    if call == READY_ROW:
                        continue
                    medians.append(statistics.median(live))
                    ratios.append(ratio)
                    missed += [call] * (medians[-1] > MEDIAN_MS or ratio < TIMES or drag["late"] > 2)
                notebook.page.context.close()
                server.stop_kernels()
    finally:
        server.stop()
    print(f"median of the medians {statistics.median(medians):.0f} ms, of the ratios {statistics.median(ratios):.1f}; "
          f"bars {MEDIAN_MS} ms, {TIMES}: {'missed by ' + ', '.join(missed) if missed else 'kept by all'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
