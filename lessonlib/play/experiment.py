"""Something to play with, and a picture that stands without a kernel: one scene, still or behind controls.

Who writes an experiment imports all that it is made of from here.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from lessonlib.play.canvas import Canvas, Scene, new_figure, readings, styled
from lessonlib.play.controls import Choice, Control, Goal, Slider

__all__ = ["Choice", "Experiment", "Goal", "Scene", "Slider", "new_figure", "readings"]


@dataclass(frozen=True)
class Experiment:
    """A scene, how its artists follow the controls, and a goal.

    scene() -> Scene draws the slow background once. update(artists, **values) moves artists only and returns one line that says
    in numbers what there is to see; it is given the artists that follow a control whose value has changed, all of them at first, so
    where the scene says that an artist follows some controls alone, update asks `if "name" in artists`. controls: name -> Slider or
    Choice, at most 3. goal: met(**values) is asked at each change. shows: the values of the picture that a notebook stores, the
    moment that makes the point, where that is not the start.
    """

    scene: Callable[[], Scene]
    update: Callable[..., str]
    controls: Mapping[str, Control]
    goal: Goal | None = None
    shows: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.controls) <= 3:
            raise ValueError(f"controls={list(self.controls)}: an experiment has one to three controls, or nobody knows what moved it")
        shows = self.values(**self.shows)
        at = {name: self.controls[name].accept(name, self.controls[name].stop(shows[name])) for name in self.shows}
        object.__setattr__(self, "shows", at)  # where a reader's slider can stand too

    def values(self, **given: Any) -> dict[str, Any]:
        """Return the start values with `given` in their place; ValueError for a name or value that no control has."""
        for name, value in given.items():
            if name not in self.controls:
                raise ValueError(f"{name}={value!r}: the controls are {', '.join(self.controls)}")
        return {name: control.accept(name, given.get(name, control.start)) for name, control in self.controls.items()}

    def draw(self) -> Scene:
        """Return the scene, drawn anew in the course's style; ValueError where it says that something follows what is not there."""
        with styled():
            scene = self.scene()
        for artist, controls in scene.depends.items():
            if artist not in scene.artists or not set(controls) <= set(self.controls):
                raise ValueError(f"depends={{{artist!r}: {controls!r}}}: the artists are {', '.join(scene.artists)}; "
                                 f"the controls are {', '.join(self.controls)}")
        return scene

    def still(self, **given: Any) -> Figure:
        """Return the picture at these values: the same pixels that live() shows."""
        canvas = Canvas(self.draw(), self.update)
        canvas.move(self.values(**given))
        return canvas.scene.figure

    def alt(self, **given: Any) -> str:
        """Return the picture in words."""
        scene = self.draw()
        return f"{scene.alt} {self.update(scene.artists, **self.values(**given))}"

    def live(self) -> Any:
        """Return the picture behind its controls, as a widget of core ipywidgets."""
        from lessonlib.play.widget import Live  # a still needs no ipywidgets

        return Live(Canvas(self.draw(), self.update), self.controls, self.goal, self.values(**self.shows))
