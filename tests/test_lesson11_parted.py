"""The judge of a clipping that is spread over processes: the right one passes in more than one form, and each known slip is named."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib.lessons.lesson11 import parted

LENGTH = "length = add((part**2).sum()) ** 0.5"
CLIPS = [  # the lines of a function, and what is said of it
    ([LENGTH, "return part * min(1, limit / length)"], "Correct."),
    ([LENGTH, "return part * limit / max(limit, length)"], "Correct."),
    (["length = np.sqrt(add(float(part @ part)))", "return part * limit / length if length > limit else part"], "Correct."),
    (["count = add(1)", LENGTH, "part *= min(1, limit / length)", "return part"], "Correct."),
    (["length = (part**2).sum() ** 0.5", "return part * min(1, limit / length)"], "Each clips by its own length."),
    (["length = add((part**2).sum() ** 0.5)", "return part * min(1, limit / length)"], "The lengths are added."),
    (["length = np.linalg.norm(add(part))", "return part * min(1, limit / length)"], "The parts are added."),
    (["length = add((part**2).sum())", "return part * min(1, limit / length)"], "The root is missing."),
    ([LENGTH, "return part / length"], "The limit is missing."),
    ([LENGTH, "return part * limit / length"], "The short one changed."),
    ([LENGTH, "return part * length / limit"], "Upside down."),
    ([LENGTH, "return part * max(1, limit / length)"], "Nothing is clipped."),
    ([LENGTH, "return part * min(1, limit / length / 4)"], "Another length."),
    (["return np.clip(part, -limit, limit)"], "It clips each number."),
    (["return part * min(1, limit / 2 / (part**2).sum() ** 0.5)"], "`add` is never called."),
    ([LENGTH, "return length"], "Not a part."),
    (["own = (part**2).sum()", "if own**0.5 <= limit: return part", "return part * min(1, limit / add(own) ** 0.5)"], "One waits for ever."),
    (["pass"], "Not written yet."), (["return missing"], "It raised NameError.")]


@pytest.mark.parametrize(("lines", "said"), CLIPS)
def test_a_clipping_over_processes_is_told_what_it_did(lines, said):
    space = {"np": np}
    exec("def clip(part, add, limit):\n    " + "\n    ".join(lines), space)
    verdict = parted.judge_clip(space["clip"])
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?")


def test_parts_that_use_another_number_each_are_told():
    def clip(part, add, limit):
        length, own = add((part**2).sum()) ** 0.5, (part**2).sum() ** 0.5
        return part * min(1, limit / length) if own > limit else part

    assert parted.judge_clip(clip).headline == "The parts differ."
