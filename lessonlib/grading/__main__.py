"""Verdicts on the .py files of a folder, as JSON.

    python -m lessonlib.grading FOLDER [--ask my_adam my_adamw] [--judges FILE] [--out FILE]

Each file is read first, and not run where it imports or uses what no rule needs. Then it runs in a Python of its own with a minute's
time. A function that passes with the help of a library is refused. It stops the hurried, not the determined: it is no prison for
hostile code.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from lessonlib.grading.folder import grade, judge_file, judges_of

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Grade, and print or write the JSON; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lessonlib.grading", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--ask", nargs="+", default=[], metavar="NAME", help="what every file must have; else whatever it has is judged")
    parser.add_argument("--judges", type=Path, help="a Python file with JUDGES, such as authoring/bank/judges.py")
    parser.add_argument("--out", type=Path, help="write the JSON there and print the summary")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # one file, here: what each file's own Python is called with
    options = parser.parse_args(arguments)
    if options.one:
        judges = {name: judge for name, judge in judges_of(options.judges).items() if name in options.ask or not options.ask}
        print(json.dumps(judge_file(options.one, judges)), flush=True)
        os._exit(0)  # what could not be stopped ends with it
    if options.folder is None or not options.folder.is_dir():
        parser.error(f"folder={str(options.folder or '')!r}: name a folder with one .py file for each learner")
    try:
        told = grade(options.folder, options.ask, options.judges)
    except ValueError as error:
        parser.error(str(error))
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if not options.out:
        sys.stdout.write(text)
        return 0
    options.out.write_text(text, encoding="utf-8", newline="\n")
    for name, counts in told["summary"].items():
        print(f"{name}: " + ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "not yet", "refused", "missing")))
        for slip, times in counts["misconceptions"].items():
            print(f"  {times} x {slip}")
    for one in told["files"]:
        if one["trouble"]:
            print(f"{one['file']}: {one['trouble']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
