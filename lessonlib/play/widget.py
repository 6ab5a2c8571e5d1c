"""An experiment in Jupyter: a picture behind its controls, made of core widgets that ipywidgets 7 and 8 share."""
from __future__ import annotations

import gc
import math
import os
import sys
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Any
from weakref import WeakSet

import ipywidgets as w
from IPython import get_ipython
from IPython.display import display

from lessonlib import progress
from lessonlib.play.canvas import Canvas, png, small_png
from lessonlib.play.controls import Choice, Control, Goal
from lessonlib.plots import hidden

__all__ = ["Live", "box"]

VIEW = "application/vnd.jupyter.widget-view+json"
_STILL = """<div class="lessonlib-still"><img src="data:image/png;base64,{png}" width="{width}" alt="{alt}"><style>
.jp-OutputArea-child:has(.lessonlib-still):has(+ .jp-OutputArea-child .widget-image) {{ display: none }}
.jp-OutputArea-child:has(.lessonlib-still) + .jp-OutputArea-child:not(:has(.widget-image)) {{ display: none }}
</style></div>"""  # shown where the widget that follows it is not: in a notebook that was saved and opened again


def box(control: Control, label_em: int = 11) -> Any:
    """Return the core widget of a control, at its start value, with label_em of room for its label."""
    style = {"description_width": f"{label_em}em"}
    if isinstance(control, Choice):  # radio buttons, because JupyterLab takes the arrow keys away from a list
        row = {"orientation": "horizontal"} if hasattr(w.RadioButtons, "orientation") else {}  # ipywidgets 7 knows columns only
        return w.RadioButtons(options=list(control.options), value=control.start, description=control.label, **row,
                              style=style, layout=w.Layout(width="max-content", max_width="100%"))
    common = {"description": control.label, "continuous_update": True, "style": style,
              "layout": w.Layout(width=f"{label_em + 20}em", max_width="100%")}
    if control.whole:
        return w.IntSlider(value=control.start, min=control.low, max=control.high, step=control.step or 1, **common)
    if control.log:
        return w.FloatLogSlider(value=control.start, base=10, min=math.log10(control.low), max=math.log10(control.high),
                                step=control.decades, readout_format=".3g", **common)
    return w.FloatSlider(value=control.start, min=control.low, max=control.high,
                         step=control.step or (control.high - control.low) / 200, readout_format=".4g", **common)


class Live(w.VBox):
    """A picture behind controls; its display bundle carries a still and its text too.

    It is closed, and its memory given back, when the cell that made it runs again, or by close().
    """

    _ipython_display_ = None  # ipywidgets 7 shows itself through this and would leave the bundle out
    canvas: Canvas | None = None  # until close

    def __init__(self, canvas: Canvas, controls: Mapping[str, Control], goal: Goal | None, shows: Mapping[str, Any]) -> None:
        self.canvas, self.controls, self.aim, self.reached = canvas, controls, goal, ""
        label_em = max(11, *(math.ceil(0.55 * len(control.label)) for control in controls.values()))  # no label is cut
        self.boxes = {name: box(control, label_em) for name, control in controls.items()}
        self.image = w.Image(format="png", layout=w.Layout(width=f"{canvas.width}px", max_width="100%"))
        self.readout, self.goal = w.HTML(), w.HTML()
        shown = canvas.move(dict(shows))
        self.still, self.text = small_png(canvas.pixels), f"{canvas.scene.alt} {shown}"
        self.show()
        for each in self.boxes.values():
            each.observe(self.show, names="value")
        super().__init__([*([] if goal is None else [self.goal]), *self.boxes.values(), self.image, self.readout])
        _close_earlier_runs(self)

    def show(self, _: Any = None) -> None:
        """Draw what the controls say.

        Runs inside the message of the change: the front end holds back further values until it is done, and sends the last.
        """
        if self.canvas is None:
            return
        try:
            now = {name: self.controls[name].accept(name, each.value) for name, each in self.boxes.items()}
            line = self.canvas.move(now)
            self.image.value = png(self.canvas.pixels)
        except Exception as error:  # noqa: BLE001 - one bad value must not end the play
            self.readout.value = f'<span role="status">This setting cannot be drawn: {type(error).__name__}: {escape(str(error))}</span>'
            return
        picture = hidden(f"Picture: {self.canvas.scene.alt}")
        self.readout.value = f'{picture}<span role="status" aria-live="polite">{escape(line)}</span>'
        if self.aim is not None:
            if not self.reached and self.aim.met(**now):
                self.reached = ", ".join(f"{name} = {value:.3g}" if isinstance(value, float) else f"{name} = {value}"
                                         for name, value in now.items())
                progress.note("goal", self.aim.text, met_with=self.reached)
            told = f"<b>Goal reached</b> with {escape(self.reached)}." if self.reached else "Not reached yet."
            self.goal.value = f'<span role="status" aria-live="polite">\u2691 <b>Goal:</b> {escape(self.aim.text)} {told}</span>'

    def close(self) -> None:
        """End the play: close the widget with all its parts and give back the figure and the pixels.

        ipywidgets keeps each widget until it is closed, and closing a box closes none of its parts; Jupyter keeps what a cell returned.
        So nothing that is large may hang on a closed one.
        """
        super().close()
        if self.canvas is None:  # Python asks again when the object goes
            return
        self.canvas, self.still = None, b""
        for part in (*self.boxes.values(), self.image, self.readout, self.goal):
            part.unobserve_all()
            for each in (getattr(part, "style", None), part.layout, part):
                if isinstance(each, w.Widget):
                    each.close()
        self.layout.close()
        self.image.value = b""
        gc.collect()  # a figure is full of cycles, and Python counts objects, not megabytes

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ARG002
        if self.canvas is None:
            return {"text/plain": self.text}, {}
        still = b64encode(self.still).decode("ascii")
        if _in_jupyterlab():  # it prefers the view, and a saved view without its kernel is an error in place of a picture
            page = _STILL.format(png=still, width=self.canvas.width, alt=escape(self.text))
            display({"text/html": page, "text/plain": self.text}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"text/plain": self.text, "image/png": still, VIEW: view}, {"image/png": {"width": self.canvas.width, "alt": self.text}}


_made: dict[str, tuple[str, WeakSet[Live]]] = {}  # a cell -> its last run, and the live experiments that this run made


def _close_earlier_runs(live: Live) -> None:
    """Close what an earlier run of the same cell made.

    A cell is known by its id, where the front end sends it (JupyterLab, Notebook 7, VS Code), else by its text.
    """
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return
    cell = parent.get("metadata", {}).get("cellId") or parent["content"]["code"]
    run, lives = _made.get(cell, ("", WeakSet()))
    if run != parent["header"]["msg_id"]:
        for old in list(lives):
            old.close()
        run, lives = _made[cell] = parent["header"]["msg_id"], WeakSet()
    lives.add(live)


def _in_jupyterlab() -> bool:
    """Whether a session of JupyterLab or Notebook 7 looks at this kernel; Colab and VS Code have pages of another make."""
    return "JPY_SESSION_NAME" in os.environ and "google.colab" not in sys.modules and not any(k.startswith("VSCODE_") for k in os.environ)
