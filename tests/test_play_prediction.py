"""Predictions: asked before, never in the way, and the answer is the same text for everybody who said nothing."""
from __future__ import annotations

import ipywidgets
import pytest

from lessonlib import progress
from lessonlib.play import prediction
from lessonlib.play.prediction import predict, summary

WAYS = ["it grows", "it shrinks"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(prediction, "_ASKED", {})
    monkeypatch.setattr(progress, "_NOW", {"lesson": "09_adam", "complained": ""})
    monkeypatch.setenv("LESSONLIB_PROGRESS", "1")


@pytest.mark.parametrize(("options", "reply", "right", "text", "hit"), [
    (WAYS, None, "it grows", "The answer is “it grows”.", None), (WAYS, "it grows", "it grows", "You said “it grows”, and that is right.", True),
    (WAYS, "it shrinks", "it grows", "You said “it shrinks”. The answer is “it grows”.", False), (WAYS, "else", "it grows", "The answer is “it grows”.", None),
    (float, None, 0.3, "It is 0.3.", None), (float, "0.3", 0.3, "You said 0.3, and that is right.", True), (float, " 0,31 ", 0.3, "You said 0.31, and that is right.", True),
    (float, "3", 0.3, "You said 3. It is 0.3.", False), (float, "-0.3", 0.3, "You said -0.3. It is 0.3. The size is right, and the sign is not.", False), (float, "much", 0.3, "It is 0.3.", None), (float, "nan", 0.3, "It is 0.3.", None),
    (float, 0, 0, "You said 0, and that is right.", True)])
def test_the_answer_stands_beside_what_was_said(options, reply, right, text, hit):
    asked = predict("What does it do?", options)
    if reply is not None:
        asked.reply(reply)
    answer = asked.answer(right)
    assert (repr(answer), answer.hit) == (text, hit)
    kept = progress.done().get("prediction", {})
    assert kept == ({} if hit is None else {"What does it do?": kept["What does it do?"]})
    assert hit is None or kept["What does it do?"]["hit"] is hit


def controls(asked, capsys):
    bundle = asked._repr_mimebundle_()
    assert "Predict: What does it do?" in capsys.readouterr().out  # the page that stays without a kernel
    assert bundle["text/plain"] == "Run this cell to reply."
    return asked.widget.children


def test_a_click_is_kept_and_survives_running_the_cell_again(capsys):
    asked = predict("What does it do?", WAYS)
    box, kept = controls(asked, capsys)
    assert box.value is None
    assert "Kept" not in kept.value
    box.value = "it shrinks"
    assert asked.said == "it shrinks"
    assert "Kept: “it shrinks”" in kept.value
    again = predict("What does it do?", WAYS)
    assert again.said == "it shrinks"
    assert controls(again, capsys)[0].value == "it shrinks"
    assert predict("What does it do?", ["other", "options"]).said is None


def test_a_number_is_typed(capsys):
    asked = predict("What does it do?")
    box, _ = controls(asked, capsys)
    box.value = "0.25"
    assert asked.said == 0.25
    box.value = "a quarter"
    assert asked.said == 0.25
    assert isinstance(box, ipywidgets.Text)


def test_the_summary_counts_what_was_said_and_what_was_right():
    first, second, _ = predict("one?", WAYS), predict("two?"), predict("three?")
    first.reply("it grows")
    second.reply(3)
    first.answer("it grows")
    second.answer(0.3)
    assert repr(summary()) == "2 of 3 predictions made, 1 of them right."
    table = summary()._repr_markdown_()
    assert "| one? | “it grows” | “it grows” |" in table
    assert "| two? | 3 | 0.3 |" in table
    assert "| three? | \u2013 | not run yet |" in table


@pytest.mark.parametrize("options", [[], ["only one"], "text", [1, 2]])
def test_what_is_no_choice_is_refused(options):
    with pytest.raises(ValueError, match="two or more texts"):
        predict("What does it do?", options)
    with pytest.raises(ValueError, match="offers it grows, it shrinks"):
        predict("What does it do?", WAYS).answer("it stays")
