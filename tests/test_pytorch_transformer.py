"""The character transformer looks back only, starts knowing nothing, and learns."""
from __future__ import annotations

import math

import pytest
import torch

from lessonlib.data import text
from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Corpus, Size, Transformer, loss_on_test, sample, schedule, train, train_all

SIZE = Size(layers=2, width=16, heads=2, context=12, batch=4, steps=30, warmup=3)
TINY = "abcdefgh " * 60


def adamw(lr):
    return lambda params: AdamW(params, lr=lr)


def test_a_later_character_changes_no_earlier_logit():
    model = Transformer(20, SIZE).double()
    places = torch.randint(20, (3, 12), generator=torch.Generator().manual_seed(0))
    other = places.clone()
    other[:, 7:] = (other[:, 7:] + 1) % 20
    before, after = model(places), model(other)
    torch.testing.assert_close(before[:, :7], after[:, :7], rtol=0, atol=1e-14)
    assert (before[:, 7:] - after[:, 7:]).abs().max() > 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_at_the_start_every_letter_is_as_likely(seed):
    corpus = Corpus(text())
    loss = loss_on_test(Transformer(len(corpus.letters), SIZE, seed), corpus, SIZE)
    assert loss == pytest.approx(math.log(60), abs=0.05)


def test_it_learns_a_text_that_repeats_and_writes_it():
    corpus = Corpus(TINY)
    found = train(adamw(1e-2), corpus, SIZE._replace(steps=150))
    assert found.losses[0] == pytest.approx(math.log(9), abs=0.1)
    assert found.test < 0.05
    assert sample(found.model, corpus, "abc", 15) == "abcdefgh abcdefgh "


def test_one_seed_gives_one_training_and_another_seed_another():
    corpus = Corpus(TINY)
    first, again, other = (train(adamw(1e-2), corpus, SIZE, seed=seed).losses for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_trained_side_by_side_is_trained_one_by_one():
    corpus = Corpus(TINY)
    both = train_all({lr: (adamw(lr), SIZE) for lr in (1e-3, 1e-2)}, corpus, dtype=torch.float64)
    for lr in (1e-3, 1e-2):
        assert both[lr].losses == train(adamw(lr), corpus, SIZE, dtype=torch.float64).losses


def test_a_training_beyond_the_numbers_ends_at_inf():
    found = train(lambda params: torch.optim.SGD(params, lr=1e6), Corpus(TINY), SIZE)
    assert found.test == math.inf


def test_autocast_leaves_weights_gradients_and_state_in_float32():
    found = train(adamw(1e-2), Corpus(TINY), SIZE._replace(steps=2), autocast=torch.bfloat16)
    for p in found.model.parameters():
        assert {p.dtype, p.grad.dtype, found.optimizer.state[p]["exp_avg"].dtype} == {torch.float32}


def test_the_corpus_is_the_text_cut_in_two_and_windows_follow_their_places():
    corpus = Corpus(TINY)
    assert corpus.decode(torch.cat([corpus.train, corpus.test])) == TINY
    x, y = corpus.windows(SIZE, torch.Generator().manual_seed(0))
    assert x.shape == y.shape == (4, 12)
    assert torch.equal(x[:, 1:], y[:, :-1])


def test_the_step_size_rises_over_the_warm_up_and_falls_to_nearly_nothing():
    shares = [schedule(t, 100, 20) for t in range(1, 101)]
    assert shares[:2] == [1 / 21, 2 / 21]
    assert shares.index(max(shares)) == 20
    assert max(shares) == 1.0
    assert shares[20:] == sorted(shares[20:], reverse=True)
    assert 0 < shares[-1] < 1e-3
    assert schedule(1, 100) == 1.0
