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
