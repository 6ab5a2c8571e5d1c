"""The character transformer looks back only, starts knowing nothing, and learns."""
from __future__ import annotations

import math

import pytest
import torch
from torch_defaults import ambient

from lessonlib.data import text
from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Corpus, Size, Transformer, fit, fit_all, loss_on_test, sample, schedule

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
    found = fit(adamw(1e-2), corpus, SIZE._replace(steps=150))
    assert found.losses[0] == pytest.approx(math.log(9), abs=0.1)
    assert found.test < 0.05
    assert sample(found.model, corpus, "abc", 15) == "abcdefgh abcdefgh "


def test_one_seed_gives_one_training_and_another_seed_another():
    corpus = Corpus(TINY)
    first, again, other = (fit(adamw(1e-2), corpus, SIZE, seed=seed).losses for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_trained_side_by_side_is_trained_one_by_one():
    corpus = Corpus(TINY)
    both = fit_all({lr: (adamw(lr), SIZE) for lr in (1e-3, 1e-2)}, corpus, dtype=torch.float64)
    for lr in (1e-3, 1e-2):
        assert both[lr].losses == fit(adamw(lr), corpus, SIZE, dtype=torch.float64).losses


def test_a_training_beyond_the_numbers_ends_at_inf():
    found = fit(lambda params: torch.optim.SGD(params, lr=1e6), Corpus(TINY), SIZE)
    assert found.test == math.inf


def test_autocast_leaves_weights_gradients_and_state_in_float32():
    found = fit(adamw(1e-2), Corpus(TINY), SIZE._replace(steps=2), autocast=torch.bfloat16)
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


@pytest.mark.parametrize("defaults", [{"device": "meta"}, {"dtype": torch.bfloat16}, {"dtype": torch.float64}], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_defaults_of_torch_change_nothing(defaults, dtype):
    def everything():
        corpus = Corpus(text()[:20_000])
        found = fit(lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9), corpus, SIZE._replace(steps=5), dtype=dtype)
        return found.losses, found.test, [p.dtype for p in found.model.parameters()], sample(found.model, corpus, "And ", 30, seed=2)

    wanted = everything()
    with ambient(**defaults):
        assert everything() == wanted


def test_whole_numbers_may_come_as_floats():
    corpus, real = Corpus(TINY), Size(*(float(value) for value in SIZE))
    found = fit(adamw(1e-2), corpus, real, seed=1.0)
    assert found.losses == fit(adamw(1e-2), corpus, SIZE, seed=1).losses
    assert loss_on_test(found.model, corpus, real, 16.0) == loss_on_test(found.model, corpus, SIZE, 16)
    assert len(sample(found.model, corpus, "a", 3.0)) == 4


CORPUS, MODEL = Corpus(TINY), Transformer(9, SIZE)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: Transformer(9, SIZE._replace(heads=3)), "heads=3: must divide the width, 16"), (lambda: Transformer(9, SIZE._replace(width=0)), "width=0"),
    (lambda: fit(adamw(0.1), CORPUS, SIZE._replace(steps=1.5)), r"steps=1\.5: a whole number"),
    (lambda: fit(adamw(0.1), CORPUS, SIZE, seed="x"), "seed='x'"),
    (lambda: fit(adamw(0.1), CORPUS, SIZE._replace(context=500)), "context=500: this part of the text has 486 characters"),
    (lambda: loss_on_test(MODEL, CORPUS, SIZE._replace(context=54)), "context=54: this part of the text has 54"),
    (lambda: loss_on_test(MODEL, CORPUS, SIZE, windows=0), "windows=0"),
    (lambda: CORPUS.encode("abc Z"), "text='abc Z': 'Z' is not among the 9 characters"), (lambda: sample(MODEL, CORPUS, ""), "start='': at least one"),
    (lambda: sample(MODEL, CORPUS, "a", temperature=0), r"temperature=0\.0: above 0"), (lambda: sample(MODEL, CORPUS, "a", 2.5), r"characters=2\.5")])
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_watch_is_called_with_the_fresh_model_and_after_each_step_and_changes_nothing():
    seen = []
    plain = fit(adamw(1e-2), Corpus(TINY), SIZE._replace(steps=4))
    fit(adamw(1e-2), Corpus(TINY), SIZE._replace(steps=4), watch=lambda step, model: seen.append((step, loss_on_test(model, Corpus(TINY), SIZE))))
    assert [step for step, _ in seen] == [0, 1, 2, 3, 4]
    assert seen[-1][1] == plain.test
    assert seen[0][1] != seen[-1][1]
