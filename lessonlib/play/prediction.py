"""Questions that are asked before the cell that answers them; what the learner said stands beside the answer."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from lessonlib import progress

__all__ = ["Answer", "Prediction", "Summary", "predict", "summary"]

VIEW = "application/vnd.jupyter.widget-view+json"
OPEN, CLOSE, DASH = "\u201c", "\u201d", "\u2013"
_ASKED: dict[str, Prediction] = {}  # by question, in the order of the lesson
_PAGE = """<div class="lessonlib-question"><p><b>Predict.</b> {question}</p>{options}<style>
.jp-OutputArea-child:has(.lessonlib-question):has(+ .jp-OutputArea-child .widget-box) .lessonlib-question ul {{ display: none }}
.jp-OutputArea-child:has(.lessonlib-question) + .jp-OutputArea-child:not(:has(.widget-box)) {{ display: none }}
</style></div>"""  # the options stand in the page where the widget does not: without a kernel, in print


@dataclass
class Prediction:
    """A question and what the learner replied: an option, a number, or None as long as there is no reply."""

    question: str
    options: tuple[str, ...] = ()
    said: Any = None
    right: Any = None
    widget: Any = field(default=None, repr=False)

    def answer(self, right: Any, *, within: float = 0.05) -> Answer:
        """Return the answer beside the reply, to end a cell with.

        right: one of the options, or a number. within: how far a number may be off to count as right, as a share of it (a share of 1
        where the right number is 0). Raises ValueError for an answer that was not among the options.
        """
        if self.options and right not in self.options:
            raise ValueError(f"right={right!r}: {self.question!r} offers {', '.join(self.options)}")
        self.right = right if self.options else float(right)
        hit = self._hit(within)
        if self.said is not None:
            progress.note("prediction", self.question, said=self.said, right=self.right, hit=hit)
        return Answer(self._shown(self.said), self._shown(self.right), hit)

    def _hit(self, within: float) -> bool | None:
        if self.said is None:
            return None
        if self.options:
            return bool(self.said == self.right)
        return abs(self.said - self.right) <= within * (abs(self.right) or 1.0)

    def _shown(self, value: Any) -> str:
        return "" if value is None else f"{OPEN}{value}{CLOSE}" if self.options else f"{value:.4g}"

    def reply(self, value: Any) -> None:
        """Keep a reply: an option, or a number; text is read as a number, with a point or a comma. Nothing else changes what was said."""
        if self.options:
            taken = value in self.options
        else:
            try:
                value = float(str(value).strip().replace(",", "."))
            except ValueError:
                return
            taken = math.isfinite(value)
        if taken:
            self.said = value
            progress.tell("prediction", self.question, said=value)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 - Jupyter's signature
        from IPython.display import display

        listed = "".join(f"<li>{escape(option)}</li>" for option in self.options)
        page = _PAGE.format(question=escape(self.question), options=f"<ul>{listed}</ul>" if listed else "")
        text = " ".join([f"Predict: {self.question}", " / ".join(self.options)]).strip()
        display({"text/html": page, "text/plain": text}, raw=True)
        self.widget = _widget(self)
        return {"text/plain": "Run this cell to reply.", VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}}


@dataclass(frozen=True)
class Answer:
    """What was said and what is right, for the end of a cell; the same text on every machine as long as nothing was said."""

    said: str
    right: str
    hit: bool | None

    def __repr__(self) -> str:
        is_right = f"It is {self.right}." if self.right[:1] != OPEN else f"The answer is {self.right}."
        if self.hit is None:
            return is_right
        other_way = " The size is right, and the sign is not." if self.said.lstrip("-") == self.right.lstrip("-") else ""
        return f"You said {self.said}, and that is right." if self.hit else f"You said {self.said}. {is_right}{other_way}"

    def _repr_html_(self) -> str:  # JupyterLab shows the first line of an output that is folded: it must not be the answer
        return f"<!-- the answer -->\n<p><b>{escape(repr(self))}</b></p>"


class Summary(list[Prediction]):
    """The predictions of a lesson as a table, and what else of it is done."""

    def __repr__(self) -> str:
        made = [p for p in self if p.said is not None]
        hits = sum(bool(p._hit(0.05)) for p in made if p.right is not None)
        return f"{len(made)} of {len(self)} predictions made, {hits} of them right."

    def _repr_markdown_(self) -> str:
        rows = [f"| {p.question} | {p._shown(p.said) or DASH} | {p._shown(p.right) or 'not run yet'} |" for p in self]
        lines = [repr(self), "", "| Question | You said | It is |", "|---|---|---|", *rows, ""]
        for kind, what in (("check", "Checks passed"), ("goal", "Goals reached")):
            lines += [f"{what}: {'; '.join(progress.done().get(kind, {})) or 'none yet'}", ""]
        return "\n".join(lines).rstrip()


def predict(question: str, options: Sequence[str] | type[float] = float) -> Prediction:
    """Return a question to reply to; end a cell with it, and the cell that answers with its `answer`.

    options: two or more texts to choose from, or float for a number. A reply that was given before the cell was run again is kept.

    >>> length = predict("A gradient of 3, Adam's first step, in units of lr?")
    >>> length.answer(1.0)
    It is 1.
    """
    choices = () if options is float else tuple(options)  # type: ignore[arg-type]
    if options is not float and (len(choices) < 2 or isinstance(options, str) or not all(isinstance(o, str) for o in choices)):
        raise ValueError(f"options={options!r}: two or more texts, such as ['it grows', 'it shrinks'], or float for a number")
    known = _ASKED.get(question)
    asked = Prediction(question, choices)
    if known is not None and known.options == choices:
        asked.said = known.said
    _ASKED[question] = asked
    return asked


def summary() -> Summary:
    """Return the predictions of this lesson, in order: what was said, and what is right; and the checks and goals that are done."""
    return Summary(_ASKED.values())


def _widget(asked: Prediction) -> Any:
    """Radio buttons or a field, and a line that says what is kept; only what ipywidgets 7 and 8 share."""
    import ipywidgets as w

    kept = w.HTML()

    def tell() -> None:
        line = f"Kept: {escape(asked._shown(asked.said))}" if asked.said is not None else ""
        kept.value = f'<span role="status" aria-live="polite">{line}</span>'

    def changed(change: dict[str, Any]) -> None:
        asked.reply(change["new"])
        tell()

    if asked.options:
        row = {"orientation": "vertical"} if hasattr(w.RadioButtons, "orientation") else {}
        box = w.RadioButtons(options=list(asked.options), value=asked.said, layout=w.Layout(width="max-content", max_width="100%"), **row)
    else:
        box = w.Text(value=asked._shown(asked.said), placeholder="a number, then Enter", layout=w.Layout(width="14em"))
    box.observe(changed, names="value")
    tell()
    return w.VBox([box, kept])
