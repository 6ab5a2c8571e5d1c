"""Whether a machine is ready for the course, and where the record of what was done is kept."""
from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from lessonlib import progress
from lessonlib.lessons.tables import Table, table
from lessonlib.problems import digits_net
from lessonlib.rules import adam
from lessonlib.runner import run

__all__ = ["MEND", "NEEDED", "gpu", "offer_record", "report", "standard_run", "versions"]

MEND = "Close Jupyter, open a terminal in the course folder and type make lab. On Windows, type the lines for it in the README."
NEEDED = {"numpy": (2, 0), "matplotlib": (3, 9), "ipywidgets": (7, 7), "torch": (2, 5)}


def versions() -> dict[str, tuple[str, bool]]:
    """Return for each package that the lessons need its version, empty if it is missing, and whether that is new enough."""
    found = {}
    for name, least in NEEDED.items():
        try:
            text = version(name)
        except PackageNotFoundError:
            text = ""
        numbers = [int(part) for part in text.split(".")[:2] if part.isdigit()]
        found[name] = (text, tuple(numbers) >= least)
    return found


def standard_run() -> float:
    """Return the seconds that the standard run takes: nine small networks that read digits, trained for 1000 steps each."""
    begun = time.perf_counter()
    run(adam, digits_net(), steps=1000, record="last", lr=np.geomspace(1e-4, 1, 9)[:, None])
    return time.perf_counter() - begun


def gpu() -> str:
    """Return the name of this machine's GPU, or why there is none."""
    try:
        import torch
    except ImportError:
        return "not looked for, because torch is missing"
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "none"


def report(gpu: str) -> Table:
    """Return what this machine has, and whether that is enough. gpu: its name, or why there is none."""
    rows = [["Python", f"{platform.python_version()}, {platform.system()}", "ready"]]
    for name, (found, enough) in versions().items():
        rows.append([name, found or "missing", "ready" if enough else "missing or too old"])
    seconds = standard_run()
    rows.append(["standard run", f"{seconds:.1f} s on {os.cpu_count()} cores", "ready" if seconds < 10 else "ready, with longer waits"])
    rows.append(["GPU", gpu, "for lesson 11 only"])
    lacks = any(row[2].startswith("missing") for row in rows)
    return table(["what", "found", "state"], rows, caption=MEND * lacks)


def offer_record() -> str:
    """Offer the file of this learner's progress to keep, where the machine is Colab's; return where it is, and whether it is there."""
    path = progress.where()
    if os.environ.get("LESSONLIB_PROGRESS") == "0":
        return "The record is switched off."
    if not path.exists():
        return f"Nothing is recorded yet. The file will be {path}"
    try:
        from google.colab import files  # type: ignore[import-not-found]
    except ImportError:
        return f"Your record is in {path}"
    files.download(str(path))
    return f"Your browser offers {path.name} to keep."


if __name__ == "__main__":
    print(report(gpu()))
