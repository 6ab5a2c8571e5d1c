"""Is this machine ready for the course? Says so, or what to do first.

    python -m lessonlib          where the packages are installed
    python preflight.py          the same file, beside START.md in what an instructor hands out: it runs where nothing is installed yet

Nothing is installed, downloaded or sent. Every package is imported and a kernel is started in a process of its own, because a package that
is there may still not load. Only Python's own library is imported here, and the text is ASCII: a console may show no more.
"""
from __future__ import annotations

import io
import json
import os
import platform
import re
import shlex
import struct
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

__all__ = ["REQUIRED", "Found", "kernel", "main", "packages", "python", "remedy", "typed", "within"]

REQUIRED = ("numpy>=2.0", "matplotlib>=3.10", "ipywidgets>=7.7.1,<9", "platformdirs>=3", "tqdm>=4.60",
            "torch>=2.6", "jupyterlab>=4.2,<5", "ipykernel>=6.17")
PYTHON = (3, 10)
PATIENCE_S = 120  # the first import after an installation reads every file, and a virus scanner reads along
LOOK = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(json.dumps([name, "loading"]), flush=True)
    try:
        importlib.import_module(name)
        told = ""
    except BaseException as trouble:
        told = f"{type(trouble).__name__}: {str(trouble)[:300]}"
    print(json.dumps([name, told]), flush=True)
"""
ASK = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
try:
    code = "import lessonlib; from lessonlib.data import digits; len(digits().train_y)"
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    content = reply["content"]
    print("works" if content["status"] == "ok" else content["ename"] + ": " + content["evalue"])
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


class Found(NamedTuple):
    """One thing that was looked at: what it is, what was found, and what is wrong with it, empty where it is well."""

    what: str
    found: str
    wrong: str = ""


def _home() -> Path:
    """The course's folder: the one that has lessonlib/ in it."""
    here = Path(__file__).resolve()
    return next((folder for folder in here.parents if (folder / "lessonlib" / "__init__.py").exists()), here.parent)


def within(found: str, wanted: str) -> bool:
    """Whether a version is in a range such as `>=7.7.1,<9`; what follows the numbers (rc1, +cpu) is not looked at.

    >>> within("8.1.9", ">=7.7.1,<9"), within("2.13.0+cpu", ">=2.6"), within("9.0.0rc1", "<9")
    (True, True, False)
    """
    def numbers(text: str) -> tuple[int, ...]:
        head = re.match(r"\d+(?:\.\d+)*", text)
        return tuple(int(part) for part in head[0].split(".")) if head else ()

    holds = {">=": lambda a, b: a >= b, "<": lambda a, b: a < b}
    return all(holds[sign](numbers(found), numbers(than)) for sign, than in re.findall(r"(>=|<)([\d.]+)", wanted))


def typed(*words: str) -> str:
    """A command as it is typed on this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def python() -> Found:
    """This Python."""
    bits = struct.calcsize("P") * 8
    found = f"{sys.version.split()[0]}, {bits} bits, {sys.platform}, {sys.executable}"
    if sys.version_info < PYTHON:
        return Found("Python", found, f"the course needs Python {PYTHON[0]}.{PYTHON[1]} or newer")
    return Found("Python", found, "" if bits == 64 else "the packages exist for a Python of 64 bits")


def packages(required: tuple[str, ...] = REQUIRED) -> list[Found]:
    """Every package that the course needs: its version, and whether it loads."""
    asked = {re.split(r"[<>=]", wanted)[0]: wanted for wanted in required}
    there: dict[str, str] = {}
    for name in asked:
        with suppress(PackageNotFoundError):
            there[name] = version(name)
    loads, out = _loads(list(there)), []
    for name, wanted in asked.items():
        if name in there and within(there[name], wanted[len(name):]):
            trouble = loads.get(name, "It was not tried.")
            out.append(Found(name, there[name], f"it is there and does not load. {trouble}" if trouble else ""))
        else:
            out.append(Found(name, there.get(name, "missing"), f"{wanted} is needed"))
    return out


def _loads(names: list[str]) -> dict[str, str]:
    """What importing each of these packages says, empty where it works; one that ends the process is tried alone."""
    told = {}
    rest = list(names)
    while rest:
        status, said = _asked(LOOK, *rest)
        last = ""
        for line in said.splitlines():
            if line.startswith('["'):
                last, text = json.loads(line)
                told[last] = text
        if last and told[last] == "loading":
            told[last] = f"Python ended while it loaded, with status {status}"
        if not last:
            return {**told, **dict.fromkeys(rest, said.strip()[-300:] or f"Python ended with status {status}")}
        rest = rest[rest.index(last) + 1:]
    return told


def _asked(code: str, *arguments: str) -> tuple[int, str]:
    """(status, what it says) of some lines in a Python of their own, in the course's folder."""
    path = os.pathsep.join(filter(None, [str(_home()), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "LESSONLIB_PROGRESS": "0"}
    try:
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=_home(), env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=PATIENCE_S, encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {PATIENCE_S} seconds"
    return done.returncode, done.stdout


def kernel() -> Found:
    """A kernel as JupyterLab starts one, with the course's library and data in it."""
    status, said = _asked(ASK)
    last = (said.strip().splitlines() or [f"it ended with status {status}"])[-1]
    return Found("a notebook's kernel", *(("works",) if last == "works" else ("does not work", last[:300])))


def remedy(wrong: list[Found]) -> list[str]:
    """What to do, in order, where these things are wrong."""
    names = {found.what for found in wrong}
    if "Python" in names:
        return ["Install Python 3.13 of 64 bits, make an environment with it (START.md or README.md says how), and ask again."]
    lines, here = [], sys.executable
    missing = [found.what for found in wrong if found.what != "a notebook's kernel"]
    if missing == ["torch"] and (sys.platform, platform.machine()) == ("darwin", "x86_64"):
        return ["PyTorch is no longer made for Macs with an Intel processor. All else is ready: run the cells that need it on Colab."]
    if missing and sys.prefix == sys.base_prefix and not os.environ.get("CONDA_PREFIX"):
        here = str(_home() / ".venv" / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name)
        lines.append(typed(sys.executable, "-m", "venv", str(_home() / ".venv")))
    if missing:
        lines.append(typed(here, "-m", "pip", "install", *_what(wrong, missing)))
        if "torch" in missing and os.name == "nt":
            lines.append("If torch still does not load, install Microsoft's Visual C++ Redistributable.")
    else:
        lines.append(typed(here, "-m", "pip", "install", "--force-reinstall", "ipykernel", "jupyter_client"))
    return [*lines, "Ask again:  " + typed(here, *(["-m", "lessonlib"] if missing == [] else [str(Path(__file__).resolve())])),
            "What still fails after that: work with your neighbour, in the browser or on Colab, and show this text to your instructor."]


def _what(wrong: list[Found], missing: list[str]) -> list[str]:
    """What pip is asked for: broken packages again, or all that is wanted; from the folder of wheels where there is one."""
    stick = ["--no-index", "--find-links", str(_home() / "wheels")] if (_home() / "wheels").is_dir() else []
    if all("does not load" in found.wrong for found in wrong if found.what in missing):
        return [*stick, "--force-reinstall", "--no-deps", *missing]
    if (_home() / "pyproject.toml").exists() and sys.version_info < (3, 11):  # the pinned NumPy is made for 3.11 and newer
        return [*stick, "--editable", f"{_home()}[torch,lab]"]
    return [*stick, "-r", str(_home() / "requirements.txt")]


def main(arguments: list[str] | None = None) -> int:
    """Say whether this machine is ready, or what to do; return 0 if it is."""
    if (sys.argv[1:] if arguments is None else arguments):
        print(__doc__)
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a folder's name may have letters that the console has not
    seen = [python()]
    if not seen[0].wrong:
        seen += packages()
    if not any(found.wrong for found in seen):
        seen.append(kernel())
    for found in seen:
        print(f"{'no' if found.wrong else 'ok':4}{found.what:22}{found.found}" + f"\n    {found.wrong}" * bool(found.wrong))
    wrong = [found for found in seen if found.wrong]
    if wrong:
        print("\nNot ready. Do this:\n" + "\n".join(f"  {number}. {line}" for number, line in enumerate(remedy(wrong), 1)))
        return 1
    first = str(Path("notebooks", "00_start_here.ipynb"))
    lab = next((str(path.relative_to(_home())) for path in (_home() / "lab.py", _home() / "authoring" / "lab.py") if path.exists()), "")
    start = typed(sys.executable, lab, first) if lab else typed(sys.executable, "-m", "jupyter", "lab", first)
    print(f"\nready\n\nThe first lesson, from the folder {_home()}:\n  {start}\nFurther commands, each after {typed(sys.executable)}:\n"
          "  -m lessonlib.progress        what you have done so far\n"
          "  -m lessonlib.grading FOLDER  verdicts on the .py files of a folder, for whoever gives marks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
