"""run and grid: laws of the batch, divergence, and clear errors."""
from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, adam_l2, adamw, grid, momentum, rmsprop, run, runner, sgd
from lessonlib.lessons.lesson09.problems import blocks, reddi, wilson, zipf_bigram
from lessonlib.problems import beale, digits_net, noisy, ravine, rosenbrock, saddle

PROBLEMS = [ravine(100, 30), noisy(ravine(10), 1.0), rosenbrock(), beale(), saddle(), blocks(), reddi(3.0, 3), wilson(10),
            zipf_bigram(8), digits_net(hidden=4, batch=16)]
RULES = [sgd, momentum, rmsprop, adam, adam_l2, adamw]


@given(problem=st.sampled_from(PROBLEMS), rule=st.sampled_from(RULES), seed=st.integers(0, 9),
       lrs=st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=40), steps=st.integers(1, 25))
@settings(max_examples=80, deadline=None)
def test_a_batched_run_equals_its_runs_one_by_one_bit_for_bit(problem, rule, seed, lrs, steps):
    batch = run(rule, problem, steps=steps, seed=seed, **grid(lr=lrs))
    for i in {0, len(lrs) // 2, len(lrs) - 1}:
        alone = run(rule, problem, steps=steps, seed=seed, lr=lrs[i])
        np.testing.assert_array_equal(batch.theta[:, i], alone.theta)
        np.testing.assert_array_equal(batch.loss[:, i], alone.loss)
        assert batch.diverged[i] == alone.diverged


def test_many_blocks_equal_one_run_of_each_bit_for_bit():
    lrs, betas = np.geomspace(1e-4, 1, 300), np.linspace(0, 0.99, 60)
    batch = run(adam, noisy(rosenbrock(), 0.1), steps=20, record="last", **grid(lr=lrs, beta1=betas))
    assert batch.loss.shape == (1, 300, 60)
    for i, j in ((0, 0), (299, 59), (123, 45), (200, 7)):
        alone = run(adam, noisy(rosenbrock(), 0.1), steps=20, lr=lrs[i], beta1=betas[j])
        np.testing.assert_array_equal(batch.theta[-1, i, j], alone.theta[-1])


def test_a_run_is_the_rule_called_in_a_loop():
    problem, theta, s, path = ravine(100), np.ones((1, 2)), State(), [np.ones((1, 2))]
    for _ in range(30):
        theta, s = adam(theta, problem.grad(theta, None), s, lr=np.array([0.1]))
        path.append(theta)
    result = run(adam, problem, steps=30, lr=0.1)
    np.testing.assert_allclose(result.theta, np.array(path)[:, 0], rtol=1e-14)
    np.testing.assert_allclose(result.loss, problem.loss(np.array(path))[:, 0], rtol=1e-13)


@pytest.mark.parametrize(("record", "theta", "loss"), [("path", 11, 11), ("loss", 1, 11), ("last", 1, 1)])
def test_record_decides_what_is_kept_and_the_end_is_the_same(record, theta, loss):
    result = run(adam, rosenbrock(), steps=10, record=record, **grid(lr=[0.1, 0.2], beta1=[0.0, 0.5, 0.9]))
    assert result.theta.shape == (theta, 2, 3, 2)
    assert result.loss.shape == (loss, 2, 3)
    whole = run(adam, rosenbrock(), steps=10, **grid(lr=[0.1, 0.2], beta1=[0.0, 0.5, 0.9]))
    np.testing.assert_array_equal(result.theta[-1], whole.theta[-1])
    np.testing.assert_array_equal(result.loss[-1], whole.loss[-1])


def test_gradient_descent_on_the_ravine_takes_the_known_number_of_steps():
    result = run(sgd, ravine(100), steps=700, lr=2 / 101)
    assert int((result.loss > 1e-10 * result.loss[0]).sum()) == 576


def test_divergence_is_data():
    result = run(sgd, ravine(100), steps=2000, **grid(lr=[0.01, 1.0]))
    assert result.diverged.tolist() == [False, True]
    assert result.loss[-1, 1] == np.inf
    assert not np.isnan(result.loss).any()


def test_a_hyperparameter_may_be_a_function_of_t():
    seen = []
    run(sgd, ravine(10), steps=3, lr=lambda t: seen.append(t) or 0.1 / t)
    assert seen[-3:] == [1, 2, 3]
    scaled = run(adam, ravine(10), steps=20, lr=lambda t: np.array([[0.1], [0.2]]) / t**0.5)
    alone = run(adam, ravine(10), steps=20, lr=lambda t: 0.2 / t**0.5)
    np.testing.assert_array_equal(scaled.theta[:, 1], alone.theta)


def test_the_noise_is_shared_by_a_batch_and_set_by_the_seed():
    twins = run(sgd, noisy(ravine(10)), steps=20, seed=1, **grid(lr=[0.01, 0.01]))
    np.testing.assert_array_equal(twins.theta[:, 0], twins.theta[:, 1])
    other = run(sgd, noisy(ravine(10)), steps=20, seed=2, lr=0.01)
    assert not np.array_equal(twins.theta[:, 0], other.theta)


def test_starts_batch_too_and_float32_stays():
    starts = np.array([[1.0, 1.0], [0.5, -1.0]], dtype=np.float32)
    result = run(adam, rosenbrock(), steps=5, start=starts, lr=0.1)
    assert result.theta.shape == (6, 2, 2)
    assert result.theta.dtype == np.float32


def test_partial_rules_and_learners_functions_run():
    def mine(theta, g, s, *, lr):
        return theta - lr * g, s

    np.testing.assert_array_equal(run(mine, ravine(10), lr=0.1).theta, run(sgd, ravine(10), lr=0.1).theta)
    assert run(partial(adam, beta1=0.0), ravine(10), lr=0.1).label == "adam, lr=0.1"


def test_a_function_that_makes_a_problem_will_do():
    np.testing.assert_array_equal(run(adam, rosenbrock).theta, run(adam, rosenbrock()).theta)


def test_an_error_inside_a_rule_comes_out_even_from_many_blocks():
    def broken(theta, g, s, *, lr):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(broken, rosenbrock(), lr=np.full((20_000, 1), 0.1))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: run(adam, ravine(), beta3=1), r"beta3=1: adam takes lr, beta1, beta2, eps"),
    (lambda: run(sgd, ravine()), r"lr is missing: sgd has no default"),
    (lambda: run(adam, ravine(), lr=np.ones(5)), r"^write \*\*grid\(lr=\[\.\.\.\]\): lr has shape \(5,\), and grid makes one run for each value"),
    (lambda: run(adam, ravine(), lr=np.ones((5, 1)), beta1=np.zeros((4, 1))), r"beta1 has shape \(4, 1\).*does not fit"),
    (lambda: run(adam, ravine(), steps=-1), r"steps=-1"), (lambda: run(adam, 3), r"problem=3: a Problem such as"),
    (lambda: run(adam, ravine(), record="all"), r"record='all'"),
    (lambda: run(adam, ravine(), start=np.ones(3)), r"start has shape \(3,\): its last axis must be 2"),
    (lambda: run(lambda theta, g, s, *, lr: (theta.sum(), s), ravine(), lr=1.0), r"returned theta of shape"),
    (lambda: grid(lr=0.1), r"lr=0\.1: an axis of a grid is a list"),
    (lambda: grid(lr=[np.ones(201)]), r"^lr has shape \(1, 201\): an axis of a grid is a list")])
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def scaled_by_the_mean(theta, g, s, *, lr):
    return theta - lr * g / abs(g).mean(), s


def by_row(theta, g, s, *, lr):
    return theta - lr * g / abs(g).mean(-1, keepdims=True), s


def test_a_rule_that_mixes_the_runs_of_a_batch_is_refused_and_one_that_does_not_runs():
    starts = np.array([[1.0, 1.0], [0.5, -1.0]])
    assert run(scaled_by_the_mean, ravine(10), steps=3, lr=0.1).theta.shape == (4, 2)
    with pytest.raises(ValueError, match=r"scaled_by_the_mean mixes the runs of a batch.*keepdims=True"):
        run(scaled_by_the_mean, ravine(10), steps=3, lr=0.1, start=starts)
    together = run(by_row, ravine(10), steps=3, lr=0.1, start=starts)
    np.testing.assert_array_equal(together.theta[:, 1], run(by_row, ravine(10), steps=3, lr=0.1, start=starts[1]).theta)


def test_a_gradient_that_mixes_the_runs_is_refused_too():
    problem = ravine(10)
    mixing = replace(problem, grad=lambda theta, rng: problem.grad(theta, rng) / np.abs(theta).max())
    with pytest.raises(ValueError, match=r"ravine, kappa 10 mixes the runs of a batch"):
        run(sgd, mixing, steps=3, lr=0.1, start=np.array([[2.0, 1.0], [0.5, -1.0]]))


def test_a_schedule_that_returns_nothing_is_named_with_its_step():
    with pytest.raises(ValueError, match=r"lr=None at t=3: a number"):
        run(sgd, ravine(10), steps=5, lr=lambda t: 0.1 if t < 3 else None)


def test_it_runs_where_no_thread_can_start(monkeypatch):
    lr = np.full((20_000, 1), 0.001)
    wanted = run(sgd, rosenbrock(), steps=2, lr=lr).theta
    monkeypatch.setattr(runner, "threads_start", lambda: False)
    monkeypatch.setattr(runner, "ThreadPoolExecutor", None)
    np.testing.assert_array_equal(run(sgd, rosenbrock(), steps=2, lr=lr).theta, wanted)


def test_a_long_run_shows_its_bar_where_no_thread_can_start(monkeypatch, capsys):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    from tqdm.auto import tqdm

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(runner.time, "monotonic", itertools.count(0, 3).__next__)  # each look at the clock is 3 s later
    monkeypatch.setattr(tqdm, "monitor", None)
    monkeypatch.setattr(tqdm, "monitor_interval", 10)
    monkeypatch.delenv("LESSONLIB_PROGRESS", raising=False)
    runner.threads_start.cache_clear()
    try:
        run(sgd, ravine(10), steps=128, lr=0.01)  # a warning would be an error
    finally:
        runner.threads_start.cache_clear()
    assert "0/128" in capsys.readouterr().err


def test_a_grid_without_its_stars_says_how_to_write_it():
    with pytest.raises(ValueError, match=r"lr is a dict.*write \*\*grid\(lr=\[\.\.\.\]\), with two stars"):
        run(adam, ravine(100), lr=grid(lr=[0.1, 0.2]))


def test_a_rule_that_is_not_written_yet_or_writes_over_what_it_is_given_is_told_so():
    def empty(theta, g, s, *, lr):
        ...

    def over(theta, g, s, *, lr):
        theta -= lr * g
        return theta, s

    for lr in (0.1, np.array([[0.1], [0.2]])):
        with pytest.raises(ValueError, match="empty returned None: a rule returns two things, the new theta and its State"):
            run(empty, ravine(100), lr=lr)
    with pytest.raises(ValueError, match=r"over writes into theta or g.*make a new array"):
        run(over, ravine(100), **grid(lr=[0.1, 0.2]))
    with pytest.raises(ValueError, match=r"grid got \[0.1, 0.2\] without a name.*grid\(lr="):
        grid([0.1, 0.2])


def test_a_grid_with_one_star_is_told_to_have_two():
    for unnamed in ({"lr": 0.1}, "lr"):
        with pytest.raises(ValueError, match=r"without a name.*with two stars"):
            run(sgd, ravine(10), unnamed, steps=2)
