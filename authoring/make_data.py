"""Write data/digits.npz from scikit-learn's copy of the UCI digits, and data/SHA256SUMS for what data/ holds.

    python -m pip install scikit-learn && python authoring/make_data.py
"""
from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

DATA = Path(__file__).resolve().parent.parent / "data"


def main() -> None:
    """Write the arrays as unsigned bytes (pixels are 0 to 16), then the checksum of every .npz file."""
    source = load_digits()
    np.savez_compressed(DATA / "digits.npz", images=source.images.astype(np.uint8), labels=source.target.astype(np.uint8))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(DATA.glob("*.npz"))]
    (DATA / "SHA256SUMS").write_text("".join(lines), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
