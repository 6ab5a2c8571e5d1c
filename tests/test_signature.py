"""One reader of a rule's signature: run, check, Looped and train agree on what a rule takes."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lessonlib import adam, run, sgd
from lessonlib.problems import ravine
from lessonlib.signature import MISSING, batch_shape, label, name_of, numbers, require, takes, takes_any, whole_number


def after_s(theta, g, s, lr):
    return theta - lr * g, s


def keyword(theta, g, s, *, lr):
    return theta - lr * g, s


def anything(theta, g, s, **hyper):
    return theta - hyper["lr"] * g, s


@pytest.mark.parametrize(("rule", "wanted"), [
    (adam, {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}), (partial(adam, lr=0.1), {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    (after_s, {"lr": MISSING}), (keyword, {"lr": MISSING}), (anything, {})])
def test_what_comes_after_theta_g_and_s_is_a_hyperparameter(rule, wanted):
    assert takes(rule) == wanted
    assert takes_any(rule) == (rule is anything)


@pytest.mark.parametrize("rule", [after_s, keyword, anything])
def test_every_way_to_write_it_runs_alike(rule):
    np.testing.assert_array_equal(run(rule, ravine(10), lr=0.1).theta, run(sgd, ravine(10), lr=0.1).theta)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: require(adam, {"beta3": 1}), r"beta3=1: adam takes lr, beta1, beta2, eps"),
    (lambda: require(after_s, {}), r"lr is missing: after_s has no default for it; add lr=\.\.\."),
    (lambda: takes(3), r"rule=3: a function such as lessonlib\.adam"),
    (lambda: numbers("lr", None), r"lr=None: a number"), (lambda: numbers("lr", None, 7), r"lr=None at t=7: a number"),
    (lambda: numbers("lr", "0.1"), r"lr='0.1': a number"),
    (lambda: batch_shape({"lr": lambda t: None}, 2), r"lr=None at t=1"),
    (lambda: batch_shape({"lr": np.ones(3)}, 2), r"^write \*\*grid\(lr=\[\.\.\.\]\): lr has shape \(3,\)"),
    *((lambda value=value: whole_number("steps", value, least=1), r"steps=.*: a whole number, 1 or more")
      for value in (0, 1.5, "3", None, True, np.nan, np.inf))])
def test_what_does_not_fit_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_whole_numbers_are_converted():
    for value in (100, 1e2, np.int32(100), np.float64(100)):
        assert whole_number("steps", value) == 100
        assert isinstance(whole_number("steps", value), int)
        assert len(run(sgd, ravine(10), steps=value, lr=0.1).theta) == 101


def test_names_and_labels():
    assert [name_of(rule) for rule in (adam, partial(partial(adam, lr=1), eps=0), "adam")] == ["adam"] * 3
    assert label(adam, {"lr": np.array([0.1]), "beta1": np.ones((3, 1)), "eps": lambda t: 0.1}) == "adam, lr=0.1"
