"""The table of wrong programs: each runs, each is itself and nothing else, each asks a question."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, run
from lessonlib.checks import check
from lessonlib.misconceptions import MISCONCEPTIONS, of
from lessonlib.problems import ravine

IDS = [f"{m.rule}: {m.name}" for m in MISCONCEPTIONS]


@pytest.mark.parametrize("wrong", MISCONCEPTIONS, ids=IDS)
def test_every_misconception_is_diagnosed_as_itself_with_a_question(wrong):
    verdict = check(wrong, wrong.rule)
    assert verdict.misconception == wrong.name, verdict
    assert not verdict
    told = "the second step goes wrong." if wrong.name.endswith("never stored") else wrong.name  # what is lost is asked, not told
    assert verdict.message == f"Not yet: {told}\n{wrong.hint}"
    assert wrong.hint.endswith("?")


def styled(wrong, single, container, kind):
    """The misconception as another learner would have written it."""
    def attempt(theta, g, s, **hyper):
        theta, g, m, v = ((np.asarray(x, np.float32 if single else float)) for x in (theta, g, s.m, s.v))
        theta, s = wrong(theta, g, State(s.t, m, v), **hyper)
        state = {"state": State, "tuple": lambda *a: a, "list": lambda *a: list(a)}[container](*s)
        if kind == "list":
            return theta.tolist(), (s.t, np.broadcast_to(s.m, theta.shape).tolist(), np.broadcast_to(s.v, theta.shape).tolist())
        return theta, state
    return attempt


@given(wrong=st.sampled_from(MISCONCEPTIONS), single=st.booleans(), container=st.sampled_from(["state", "tuple", "list"]),
       kind=st.sampled_from(["array", "list"]))
@settings(max_examples=150, deadline=None)
def test_the_diagnosis_does_not_depend_on_how_it_is_written(wrong, single, container, kind):
    with np.errstate(all="ignore"):
        assert check(styled(wrong, single, container, kind), wrong.rule).misconception == wrong.name


def test_the_table_is_as_long_as_promised_and_its_names_are_unique():
    sizes = {rule: len(of(rule)) for rule in ("sgd", "momentum", "rmsprop", "adam", "adam_l2", "adamw", "lion", "muon")}
    assert sizes["adam"] >= 14
    assert sizes["muon"] >= 20
    assert min(sizes.values()) >= 5
    assert len({(m.rule, m.name) for m in MISCONCEPTIONS}) == len(MISCONCEPTIONS)


@pytest.mark.parametrize("wrong", of("adam"), ids=lambda m: m.name)
def test_a_misconception_runs_on_a_problem(wrong):
    assert run(wrong, ravine(10), steps=5, lr=0.1).theta.shape == (6, 2)


def test_of_takes_a_rule_its_name_or_a_partial_and_names_what_it_knows():
    assert of(adam) == of("adam") == of(partial(adam, beta1=0))
    with pytest.raises(ValueError, match=r"rule='adagrad' has no misconceptions; these have: sgd"):
        of("adagrad")
    with pytest.raises(ValueError, match=r"beta3=1: adam takes lr, beta1"):
        of("adam")[0](1.0, 1.0, State(), beta3=1)
