"""Verdicts on the files of a folder, each file read first and then run in a Python of its own."""
from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lessonlib
from lessonlib import rules
from lessonlib.checks import Verdict, check
from lessonlib.grading.reading import objection
from lessonlib.grading.strict import REFUSED, strictly

__all__ = ["Judges", "grade", "judge_file", "judges_of", "summary"]

Judges = dict[str, Callable[[Any], Verdict]]
PATIENCE_S = 60.0  # for one file, import and all


def judges_of(file: Path | None) -> Judges:
    """Return the judges by the name of what they judge: JUDGES of a Python file, and without one my_sgd to my_adamw against the library.

    Raises ValueError for a file without JUDGES.
    """
    if file is None:
        return {f"my_{name}": partial(check, against=name) for name in rules.__all__ if name.islower()}
    found = getattr(_module(file, "judges"), "JUDGES", None)
    if not isinstance(found, dict):
        raise ValueError(f"judges={file}: it has no JUDGES, a dict from the name of a function to its judge")
    return found


def _module(file: Path, name: str) -> Any:
    """A file as a module."""
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"file={file}: not a file of Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge_file(file: Path, judges: Judges) -> dict[str, Any]:
    """Run a file here, and return its verdicts. What it prints is thrown away."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            module = _module(file, "handed_in")
        except BaseException as error:  # noqa: BLE001 - a stranger's; SystemExit too
            return {"trouble": f"running it raised {type(error).__name__}: {str(error)[:200]}", "verdicts": []}
        verdicts = [_told(name, strictly(judge, getattr(module, name))) for name, judge in judges.items() if hasattr(module, name)]
    return {"trouble": "" if verdicts else f"it has none of {', '.join(judges)}", "verdicts": verdicts}


def _told(name: str, verdict: Verdict) -> dict[str, Any]:
    """A Verdict as JSON has it."""
    refused = verdict.headline.startswith(REFUSED)
    return {"function": name, "passed": verdict.passed, "headline": verdict.headline, "misconception": verdict.misconception,
            "refused": refused}


def grade(folder: Path, asked: Sequence[str] = (), judges: Path | None = None, patience: float = PATIENCE_S) -> dict[str, Any]:
    """Return the verdicts on every .py file of a folder, and how often each was given.

    asked: names of functions; a file that lacks one is counted as missing. Empty: whatever a file has. judges: see judges_of.
    Raises ValueError for a folder without such files, and for a name that nobody judges.
    """
    files = sorted(folder.glob("*.py"))
    if not files:
        raise ValueError(f"folder={str(folder)!r}: no .py file in it; put one for each learner there")
    known = judges_of(judges)
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"asked={unknown[0]!r}: nobody judges that; there are {', '.join(known)}")
    told = [{"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()} | _apart(file, asked, judges, patience)
            for file in files]
    return {"by": f"lessonlib {lessonlib.__version__}", "asked": list(asked), "files": told, "summary": summary(told, asked)}


def _apart(file: Path, asked: Sequence[str], judges: Path | None, patience: float) -> dict[str, Any]:
    """The verdicts on a file, which is read here and run in a Python and an empty folder of its own."""
    try:
        against = objection(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        against = "it is no text in UTF-8"
    if against:
        return {"trouble": against, "verdicts": []}
    home = Path(lessonlib.__file__).resolve().parent.parent
    path = os.pathsep.join(filter(None, [str(home), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "LESSONLIB_PROGRESS": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "lessonlib.grading", "--one", str(file.resolve())]
    command += [*(["--judges", str(judges.resolve())] if judges else []), *(["--ask", *asked] if asked else [])]
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(command, cwd=empty, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                                  timeout=patience, encoding="utf-8", errors="replace")
        except subprocess.TimeoutExpired:
            return {"trouble": f"running it did not end within {patience:g} seconds", "verdicts": []}
    with contextlib.suppress(ValueError, IndexError):
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told
    return {"trouble": f"Python ended with status {done.returncode}: {done.stderr.strip()[-200:]}", "verdicts": []}


def summary(told: Iterable[dict[str, Any]], asked: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Return how many files passed, failed, were refused or lacked each function, and how often each misconception was named."""
    every = list(told)
    names = list(asked) or sorted({verdict["function"] for one in every for verdict in one["verdicts"]})
    out = {}
    for name in names:
        given = [verdict for one in every for verdict in one["verdicts"] if verdict["function"] == name]
        slips = [verdict["misconception"] for verdict in given if verdict["misconception"]]
        out[name] = {"passed": sum(v["passed"] for v in given), "refused": sum(v["refused"] for v in given),
                     "not yet": sum(not v["passed"] and not v["refused"] for v in given), "missing": len(every) - len(given),
                     "misconceptions": {slip: slips.count(slip) for slip in sorted(set(slips), key=lambda s: (-slips.count(s), s))}}
    return out
