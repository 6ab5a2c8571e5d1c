"""diagnose: what a wrong attempt is told is true of it, and the right rule still passes."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lessonlib import State, adam, adamw, momentum, rmsprop, sgd
from lessonlib.checks import check
from lessonlib.lessons.lesson07.extras import nesterov

RULES = [sgd, momentum, rmsprop, adam, adamw, nesterov]


def adam_of(m=None, v=None, m_hat=None, v_hat=None, step=None, state=None):
    """Adam as a learner writes it, some of its lines replaced: each takes the names known so far."""
    def attempt(theta, g, s, *, lr, beta1, beta2, eps):
        a = {"theta": theta, "g": g, "s": s, "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "t": s.t + 1, "State": State, "np": np}
        for name, line, right in (("m", m, "beta1 * s.m + (1 - beta1) * g"), ("v", v, "beta2 * s.v + (1 - beta2) * g**2"),
                                  ("m_hat", m_hat, "m / (1 - beta1**t)"), ("v_hat", v_hat, "v / (1 - beta2**t)"),
                                  ("step", step, "lr * m_hat / (v_hat**0.5 + eps)")):
            a[name] = eval(line or right, a)
        return theta - a["step"], eval(state or "State(t, m, v)", a)
    return attempt


def momentum_of(m="beta1 * s.m + (1 - beta1) * g", step="lr * m", state="State(s.t + 1, m)"):
    def attempt(theta, g, s, *, lr, beta1):
        a = {"theta": theta, "g": g, "s": s, "lr": lr, "beta1": beta1, "State": State}
        a["m"] = eval(m, a)
        return theta - eval(step, a), eval(state, a)
    return attempt


def rmsprop_of(v="beta2 * s.v + (1 - beta2) * g**2", step="lr * g / (v**0.5 + eps)", state="State(s.t + 1, 0.0, v)"):
    def attempt(theta, g, s, *, lr, beta2, eps):
        a = {"theta": theta, "g": g, "s": s, "lr": lr, "beta2": beta2, "eps": eps, "State": State}
        a["v"] = eval(v, a)
        return theta - eval(step, a), eval(state, a)
    return attempt


def told(verdict, said):
    assert verdict.headline == said, verdict.message
    assert bool(verdict) == (said == "Correct.")
    assert verdict or verdict.message.endswith("?")


@pytest.mark.parametrize(("rule", "make"), [(adam, adam_of), (momentum, momentum_of), (rmsprop, rmsprop_of)])
def test_the_lines_that_the_cases_replace_are_right(rule, make):
    told(check(make(), rule), "Correct.")


UNUSED = [
    (momentum, momentum_of(m="0.9 * s.m + 0.1 * g"), "beta1 is"), (momentum, momentum_of(step="0.1 * m"), "lr is"),
    (momentum, momentum_of("0.9 * s.m + 0.1 * g", "0.01 * m"), "lr and beta1 are"),
    (rmsprop, rmsprop_of(step="lr * g / (v**0.5 + 1e-8)"), "eps is"), (rmsprop, rmsprop_of("0.99 * s.v + 0.01 * g**2"), "beta2 is"),
    (adam, adam_of(step="lr * m_hat / (v_hat**0.5 + 1e-8)"), "eps is"), (adam, adam_of(step="0.001 * m_hat / (v_hat**0.5 + eps)"), "lr is"),
    (adam, adam_of(m="0.9 * s.m + 0.1 * g", m_hat="m / (1 - 0.9**t)"), "beta1 is"),
    (adam, adam_of(v="0.999 * s.v + 0.001 * g**2", v_hat="v / (1 - 0.999**t)"), "beta2 is"),
    (adam, adam_of(step="lr * m_hat"), "beta2 and eps are"), (sgd, lambda theta, g, s, *, lr: (theta - 0.01 * g, State(s.t + 1)), "lr is"),
    (partial(adam, beta1=0.0), lambda theta, g, s, *, lr, beta2, eps: adam(theta, g, s, lr=lr, beta1=0.0, beta2=0.9, eps=eps), "beta2 is"),
    (nesterov, lambda theta, g, s, *, lr, beta1: nesterov(theta, g, s, lr=lr, beta1=0.9), "beta1 is"),
    (adamw, lambda theta, g, s, *, weight_decay, **k: adamw(theta, g, s, **k, weight_decay=0.01), "weight_decay is"),
]


@pytest.mark.parametrize(("rule", "attempt", "which"), UNUSED, ids=[w for _, _, w in UNUSED])
def test_a_setting_that_changes_nothing_is_named(rule, attempt, which):
    told(check(attempt, rule), f"Not yet: {which} not used")


LOSES = "Not yet: the second step goes wrong."  # what is lost is asked, not told
LOST = [
    (momentum, momentum_of(state="State(s.t + 1)"), "m is"), (momentum, momentum_of(step="lr * m / (1 - beta1)", state="State(s.t + 1)"), "m is"),
    (momentum, momentum_of(m="beta1 * s.m + g", state="State(s.t + 1)"), "m is"), (momentum, momentum_of(step="-lr * m", state="s"), "m is"),
    (momentum, momentum_of(state="State(s.t + 1, s.m)"), "m is"), (rmsprop, rmsprop_of(state="State(s.t + 1)"), "v is"),
    (rmsprop, rmsprop_of(step="-lr * g / (v + eps)", state="State(s.t + 1, s.m, s.v)"), "v is"),
    (adam, adam_of(state="State(t, m)"), "v is"), (adam, adam_of(state="State(t, v=v)"), "m is"), (adam, adam_of(state="State(t)"), "m and v are"),
    (adam, adam_of(step="-lr * m_hat / (v_hat**0.5 + eps)", state="State(s.t, m)"), "v is"),
    (adam, adam_of(v="beta2 * s.v + abs(m)", state="State(t, m)"), "v is"), (nesterov, momentum_of(state="State(s.t + 1)"), "m is"),
]


@pytest.mark.parametrize(("rule", "attempt", "which"), LOST, ids=[f"{r.__name__}-{i}" for i, (r, _, w) in enumerate(LOST)])
def test_what_the_state_loses_is_said_first(rule, attempt, which):
    verdict = check(attempt, rule)
    told(verdict, LOSES)
    assert verdict.misconception == f"{which} never stored"
    assert "What does your second step find in s." in verdict.message


KEPT_ELSEWHERE = [  # a state that keeps other things, with right steps and with a slip
    (momentum, momentum_of(m="beta1 * s.v + (1 - beta1) * g", state="State(s.t + 1, 0.0, m)"), "Correct."),
    (momentum, momentum_of("beta1 * s.v + (1 - beta1) * g", "-lr * m", "State(s.t + 1, 0.0, m)"), "Not yet: sign of the step"),
    (rmsprop, rmsprop_of("beta2 * s.m + (1 - beta2) * g**2", state="State(s.t + 1, v)"), "Correct."),
    (rmsprop, rmsprop_of("beta2 * s.m + (1 - beta2) * g**2", "lr * g / (v + eps)", "State(s.t + 1, v)"), "Not yet: no root"),
    (rmsprop, rmsprop_of(state="State(s.t + 1, v)"), "Not yet: v is never stored"),
    (partial(adam, beta1=0.0), adam_of(), "It takes other arguments."),
    (partial(adam, beta1=0.0), lambda theta, g, s, *, lr, beta2, eps: rmsprop(theta, g, s, lr=lr, beta2=beta2, eps=eps), "Not yet: no bias correction"),
]


@pytest.mark.parametrize(("rule", "attempt", "said"), KEPT_ELSEWHERE, ids=[f"{i}: {s}" for i, (_, _, s) in enumerate(KEPT_ELSEWHERE)])
def test_a_memory_that_is_kept_elsewhere_is_not_lost(rule, attempt, said):
    told(check(attempt, rule), said)


NAMED = [
    (adam, adam_of(m="beta2 * s.m + (1 - beta2) * g", v="beta1 * s.v + (1 - beta1) * g**2"), "betas swapped in the averages"),
    (adam, adam_of(m_hat="m / (1 - beta2**t)", v_hat="v / (1 - beta1**t)"), "betas swapped in the corrections"),
    (adam, adam_of(m="beta2 * s.m + (1 - beta2) * g"), "beta2 in the average of g"),
    (adam, adam_of(v="beta1 * s.v + (1 - beta1) * g**2"), "beta1 in the average of g squared"),
    (adam, adam_of(v="beta2 * s.v + (1 - beta2) * m**2"), "m squared instead of g squared"),
    (adam, adam_of(v="s.v * beta2 + g**2"), "1 - beta2 is missing in v"),
    (adam, adam_of(m_hat="m / (1 - beta1 * t)", v_hat="v / (1 - beta2 * t)"), "beta * t instead of beta**t"),
    (adam, adam_of(v_hat="v / (1 - beta2 * t)"), "beta2 * t instead of beta2**t"),
    (adam, adam_of(m_hat="m / (1 - beta1 * t)"), "beta1 * t instead of beta1**t"),
    (adam, adam_of(m_hat="m / (1 - beta1)"), "division by 1 - beta1 without t"), (adam, adam_of(v_hat="v / (1 - beta2)"), "division by 1 - beta2 without t"),
    (momentum, momentum_of("beta1 * s.m + (1 - beta1) * lr * g", "m"), "lr inside m"),
    (adam, adam_of(m="beta1 * s.m + (1 - beta1) * lr * g", step="m_hat / (v_hat**0.5 + eps)"), "lr inside m"),
    (momentum, momentum_of(state="State(s.t + 1, g)"), "g is stored in place of m"),
]


@pytest.mark.parametrize(("rule", "attempt", "name"), NAMED, ids=[f"{r.__name__}: {n}" for r, _, n in NAMED])
def test_a_slip_of_a_reader_has_a_name(rule, attempt, name):
    verdict = check(attempt, rule)
    told(verdict, f"Not yet: {name}")
    assert verdict.misconception == name


def test_a_step_size_that_changes_is_shown_as_it_changed():
    def inside(theta, g, s, *, lr, beta1):
        m = beta1 * s.m + (1 - beta1) * lr * g
        return theta - beta1 * m - (1 - beta1) * lr * g, State(s.t + 1, m)

    assert "With lr=0.01, then 0.005, beta1=0.9, it parts from `nesterov` at step 4" in check(inside, nesterov).message


@pytest.mark.parametrize("line", ["beta2 * s.v + (1 - beta2) * g^2", "beta2 * s.v + (1 - beta2) * abs(float(g[0]))^2"])
def test_a_hat_in_place_of_a_power_is_told_in_plain_words(line):
    verdict = check(adam_of(v=line), adam)
    told(verdict, "It raised TypeError.")
    assert "Python writes a power as `**`, so a square is `**2`." in verdict.message
    assert "bitwise" not in verdict.message
