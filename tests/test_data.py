"""The data are what they were, or the error says what to do."""
from __future__ import annotations

import shutil

import numpy as np
import pytest

from lessonlib import data


def test_the_digits_are_all_there_and_learnable():
    d = data.digits()
    assert np.bincount(np.r_[d.train_y, d.test_y]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    nearest = ((d.test_x[:100, None] - d.train_x[None]) ** 2).sum(-1).argmin(1)
    assert (d.train_y[nearest] == d.test_y[:100]).mean() > 0.95
    with pytest.raises(ValueError, match="read-only"):
        d.train_x[0] = 0


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(data._folder(), tmp_path / "data")
    return tmp_path / "data"


def test_a_missing_file_says_how_to_bring_it_back(folder):
    (folder / "digits.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"digits\.npz is missing: restore it with 'git checkout -- data'"):
        data.data_file("digits.npz", folder)


def test_an_altered_file_is_refused(folder):
    content = bytearray((folder / "digits.npz").read_bytes())
    content[1000] ^= 1
    (folder / "digits.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"digits\.npz was altered"):
        data.data_file("digits.npz", folder)


def test_a_file_without_a_checksum_is_refused(folder):
    (folder / "other.npz").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"name='other.npz' has no checksum"):
        data.data_file("other.npz", folder)
