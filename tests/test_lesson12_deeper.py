"""The deeper notebook of lesson 12: what it says of bytes, of products, of Lion and of SOAP."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import State, adam
from lessonlib.lessons.lesson12 import costs, judges, ravine
from lessonlib.lessons.lesson12.soap import soap


def test_the_bytes_of_state_are_what_each_rule_keeps():
    found = {name: costs.held(make) for name, make in costs.MAKERS.items()}
    assert found == {"SGD": 0, "momentum": 4, "Lion": 4, "Muon": 4, "AdamW": 8, "Adafactor": 4 * (256 + 1024) / (256 * 1024)}


def test_muons_products_are_those_that_orthogonal_makes(monkeypatch):
    from lessonlib.rules import orthogonal

    class Counted(np.ndarray):
        made = 0

        def __matmul__(self, other):
            Counted.made += self.shape[0] * self.shape[1] * other.shape[1]
            return np.asarray(self).__matmul__(np.asarray(other)).view(Counted)

    for rows, columns in ((6, 4), (4, 6), (5, 5)):
        Counted.made = 0
        orthogonal(np.random.default_rng(0).standard_normal((rows, columns)).view(Counted))
        assert Counted.made == costs.muon_products(rows, columns)


@pytest.mark.parametrize(("guess", "headline"), [
    (512_000, "Correct."), (5 * 1024 / 0.01, "Correct."), (102_400, "One of five steps."), (5120, "Not a percent."), (10_000, "Too small a batch."),
    (1e7, "Too large a batch."), (None, "Not answered yet."), ("many", "Not a number of tokens.")])
def test_the_batch_that_muon_asks_for(guess, headline):
    verdict = judges.judge_tokens(guess, width=1024, share=0.01)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


def test_soap_with_axes_that_stay_is_adam_there():
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (4, 3)]
    theta, s = np.zeros((4, 3)), None
    straight, kept = np.zeros((4, 3)), State()
    for t in range(9):
        plain = rng.standard_normal((4, 3)) * (t + 1)
        if t == 0:  # which sets the axes
            plain = np.eye(4, 3) * [3.0, 2.0, 1.0]
        theta, s = soap(theta, turns[0] @ plain @ turns[1].T, s, lr=0.1)
        straight, kept = adam(straight, plain, kept, lr=0.1)
    axes = [axis.T @ turn for axis, turn in zip((s.row_axes, s.column_axes), turns, strict=True)]
    for axis in axes:  # the axes of the first gradient, in another order and with other signs
        np.testing.assert_allclose(np.sort(abs(axis).ravel())[-len(axis):], 1, atol=1e-6)
    np.testing.assert_allclose(theta, turns[0] @ straight @ turns[1].T, atol=1e-6)


@pytest.fixture
def one_task(monkeypatch):
    """The lesson takes the median of three tasks; one is enough for factors of ten."""
    monkeypatch.setattr(ravine, "SEEDS", 1)
    ravine.tuned.cache_clear()
    yield
    ravine.tuned.cache_clear()


def test_soap_notices_neither_lion_notices_the_turn_and_soap_ends_lowest(one_task):
    assert ravine.what_it_notices("lion") == "the turn"
    assert ravine.what_it_notices("soap") == ravine.what_it_notices("muon") == "neither"
    first = "as in the picture"
    assert ravine.left("soap", first) < ravine.left("muon", first) / 500  # "a thousand times lower"
    assert ravine.left("soap, every step", first) > 3 * ravine.left("soap", first)  # "here they are worse"
    assert all(ravine.tuned(rule).inside for rule in ("lion", "soap", "soap, every step"))
