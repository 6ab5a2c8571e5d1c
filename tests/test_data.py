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


def test_the_text_is_the_whole_book_and_nothing_else():
    verses = data.text().splitlines()
    assert (len(data.text()), len(verses), len(set(data.text()))) == (196_818, 1533, 60)
    assert verses[0] == "In the beginning God created the heaven and the earth."
    assert verses[-1].endswith("in a coffin in Egypt.")
    assert not any(character.isdigit() for character in data.text())


def test_every_kind_of_file_is_covered_by_the_checksums():
    import make_data

    listed = {line.split()[1] for line in (data._folder() / "SHA256SUMS").read_text(encoding="ascii").splitlines()}
    assert {path.name for kind in make_data.KINDS for path in data._folder().glob(kind)} == listed
    for name in listed:
        assert data.data_file(name).exists()


def test_a_result_that_nobody_recorded_is_none_and_an_altered_one_is_refused(folder):
    assert data.recorded("never.json", folder) is None
    (folder / "never.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"name='never.json' has no checksum"):
        data.recorded("never.json", folder)
