"""Every part of lesson 10 can be entered after the set-up cell, and torch is asked for only where it is the subject."""
from __future__ import annotations

import re
import subprocess
import sys

import pytest
import source as lessons
from execute import blanks


def parts(name, solution):
    """The heading of each part or section -> its code, the expressions of its blanks included."""
    heading, found = "", {}
    for cell in lessons.cells(lessons.LESSONS / f"{name}.py", solution=solution):
        if cell.cell_type == "markdown":
            for piece in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
                heading = piece.partition("\n")[0] if piece.startswith("## ") else heading
                found.setdefault(heading, []).extend(f"_ = {expression}" for expression in blanks(piece))
        elif "setup" not in cell.metadata.get("tags", []):
            found.setdefault(heading, []).append(cell.source)
    return {heading: "\n".join(code) for heading, code in found.items()}


@pytest.mark.parametrize("solution", [False, True])
@pytest.mark.parametrize("name", ["10_adamw", "deeper/10_adamw"])
def test_a_part_uses_only_names_that_it_makes(name, solution):
    for heading, code in parts(name, solution).items():
        said = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--config", 'builtins = ["display"]',
                               "--output-format", "concise", "-"], input=code, capture_output=True, text=True, check=False)
        assert said.returncode == 0, f"{heading}\n{said.stdout}{said.stderr}"


def test_the_first_two_parts_do_without_torch():
    code = parts("10_adamw", False)
    for heading in ("## Part 1. Two ways to decay", "## Part 2. The rule"):
        assert "torch" not in code[heading]
        assert "training" not in code[heading]
    lines = [line for heading in code if heading.startswith(("## Part 1", "## Part 2")) for line in code[heading].splitlines() if "import" in line]
    subprocess.run([sys.executable, "-c", "\n".join(["import sys", "sys.modules['torch'] = None", *lines])], check=True, cwd=lessons.ROOT)


def test_an_answer_with_numpys_root_finds_numpy_in_its_part():
    lines = [line for line in parts("10_adamw", False)["## Part 2. The rule"].splitlines() if line.startswith(("import", "from"))]
    space: dict[str, object] = {}
    exec("\n".join(lines), space)
    exec("""def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
        t, m, v = s.t + 1, beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return theta - lr * weight_decay * theta - lr * step, State(t, m, v)""", space)
    assert space["checks"].check(space["my_adamw"], against=space["adamw"])


def test_every_place_of_the_table_for_monday_is_about_one_thing():
    """A decay is suspected where it was copied, and a checkpoint where the loss jumps after a restart."""
    text = (lessons.LESSONS / "10_adamw.py").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^# \| \*\*(Suspect.*?)\*\* \| (.*) \|$", text, flags=re.MULTILINE))
    assert {name: "restart" in told for name, told in rows.items()} == {"Suspect the decay": False, "Suspect the checkpoint": True}


def test_monday_fine_tunes_with_a_tenth_of_its_own_start():
    """The text says at most a tenth of what the rule gives; the table's two formulas must agree also in a short run with small steps."""
    text = (lessons.LESSONS / "10_adamw.py").read_text(encoding="utf-8")
    assert "# So take at most a tenth of what the rule gives." in text
    start = re.search(r"^# \| \*\*Start\*\* \| `decay = ([^`]*)`, and in a run of a few hundred steps try 0.1 too \|$", text, flags=re.MULTILINE)
    tuned = re.search(r"^# \| \*\*Fine-tune\*\* \| with a decay of `(.*)` at most \|$", text, flags=re.MULTILINE)
    assert start
    assert tuned
    for mean_lr, steps in ((1e-5, 1000), (1e-5, 3000), (1e-4, 10_000), (1e-4, 100_000)):
        values = {"mean_lr": mean_lr, "steps": steps}
        assert eval(tuned[1], values) == pytest.approx(0.1 * eval(start[1], values))
