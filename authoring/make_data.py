"""Write what data/ holds from its sources, and data/SHA256SUMS for all of it.

    python -m pip install scikit-learn && python authoring/make_data.py digits
    apt-get install bible-kjv && python authoring/make_data.py text
    python authoring/make_data.py sums          (after a result was recorded anew; the others do it too)
"""
from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "data"
KINDS = ("*.json", "*.npz", "*.txt")


def digits() -> None:
    """digits.npz: scikit-learn's copy of the UCI digits as unsigned bytes (pixels are 0 to 16)."""
    from sklearn.datasets import load_digits

    source = load_digits()
    np.savez_compressed(DATA / "digits.npz", images=source.images.astype(np.uint8), labels=source.target.astype(np.uint8))


def text() -> None:
    """genesis.txt: the 1,533 verses of Genesis as Debian's program `bible` prints them, one a line, their references cut off.

    The package bible-kjv-text holds the text in a compressed form of its own; `bible` of bible-kjv reads it.
    """
    printed = subprocess.run(["bible", "-f", "Genesis1:1-50:26"], capture_output=True, text=True, check=True).stdout
    verses = [re.sub(r"^Ge\d+:\d+ +", "", line).rstrip() for line in printed.splitlines() if line.startswith("Ge")]
    if len(verses) != 1533:
        raise ValueError(f"bible printed {len(verses)} verses of Genesis, not 1533")
    (DATA / "genesis.txt").write_text("\n".join(verses) + "\n", encoding="ascii", newline="\n")


def sums() -> None:
    """SHA256SUMS: the checksum of every file that lessonlib.data may load."""
    files = sorted(path for kind in KINDS for path in DATA.glob(kind))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DATA / "SHA256SUMS").write_text("".join(lines), encoding="ascii", newline="\n")


def main() -> None:
    """Make the parts that are named, and the checksums."""
    parts = {"digits": digits, "text": text, "sums": sums}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=list(parts), default=["digits", "text"])
    for name in parser.parse_args().parts:
        parts[name]()
    sums()


if __name__ == "__main__":
    main()
