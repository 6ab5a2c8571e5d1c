"""check: right answers pass however they are written; hostile ones get a message, never a pass."""
from __future__ import annotations

import sys
import time
import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, adam_l2, adamw, momentum, rmsprop, sgd
from lessonlib.checks import Verdict, check, check_groups

RULES = [sgd, momentum, rmsprop, adam, adam_l2, adamw]


def in_style(rule_name, lerp, folded, single, root, container, efficient):
    """A right rule in one of many ways of writing it, put together from its own pieces."""
    def average(old, new, beta):
        return old + (1 - beta) * (new - old) if lerp else beta * old + (1 - beta) * new

    def attempt(theta, g, s, *, lr, beta1=0.0, beta2=0.0, eps=0.0, weight_decay=0.0):
        if single:
            theta, g, m, v = (np.asarray(x, np.float32) for x in (theta, g, s.m, s.v))
        else:
            m, v = s.m, s.v
        t = s.t + 1
        if rule_name == "adam_l2":
            g = g + weight_decay * theta
        m, v = average(m, g, beta1), average(v, g * g, beta2)
        sqrt = np.sqrt if root else (lambda x: x**0.5)
        if rule_name == "sgd":
            new = theta - lr * g
        elif rule_name == "momentum":
            new = theta - lr * m
        elif rule_name == "rmsprop":
            new = theta - lr * g / (sqrt(v) + eps)
        else:
            c1, c2 = 1 - beta1**t, 1 - beta2**t
            if efficient:  # Kingma & Ba, end of section 2, with the rescaled epsilon
                step = lr * c2**0.5 / c1 * m / (sqrt(v) + eps * c2**0.5)
            elif folded:
                step = (lr / c1) * m / (sqrt(v) / c2**0.5 + eps)
            else:
                step = lr * (m / c1) / (sqrt(v / c2) + eps)
            shrink = 1 - lr * weight_decay if rule_name == "adamw" else 1.0
            new = theta * shrink - step
        if container == "lists":
            return list(new), (t, list(m), list(v))
        return new, {"state": State, "tuple": lambda *a: a, "list": lambda *a: [*a]}[container](t, m, v)
    keep = {"sgd": ["lr"], "momentum": ["lr", "beta1"], "rmsprop": ["lr", "beta2", "eps"]}
    names = keep.get(rule_name, ["lr", "beta1", "beta2", "eps"] + ["weight_decay"] * (rule_name != "adam"))
    return lambda theta, g, s, **hyper: attempt(theta, g, s, **{n: hyper[n] for n in names})


@given(rule=st.sampled_from(RULES), lerp=st.booleans(), folded=st.booleans(), single=st.booleans(), root=st.booleans(),
       container=st.sampled_from(["state", "tuple", "list", "lists"]), efficient=st.booleans())
@settings(max_examples=200, deadline=None)
def test_every_algebraically_equal_form_passes(rule, lerp, folded, single, root, container, efficient):
    verdict = check(in_style(rule.__name__, lerp, folded, single, root, container, efficient), rule)
    assert verdict, verdict
    assert verdict.misconception is None


def test_a_state_of_the_learners_own_convention_passes():
    def sums(theta, g, s, *, lr, beta1):
        m = beta1 * s.m + g  # torch's sum, scaled on the way out
        return theta - lr * (1 - beta1) * m, State(s.t + 1, m)

    assert check(sums, momentum)


def test_a_bound_hyperparameter_is_not_asked_of_the_attempt():
    right = partial(adam, beta1=0.0)

    def corrected(theta, g, s, *, lr, beta2, eps):
        t, v = s.t + 1, beta2 * s.v + (1 - beta2) * g**2
        return theta - lr * g / ((v / (1 - beta2**t)) ** 0.5 + eps), State(t, 0.0, v)

    assert check(corrected, right)
    assert check(rmsprop, right).misconception is not None


kept: dict = {}


def loops(theta, g, s, *, lr, beta1, beta2, eps):
    while True:
        pass


def loops_and_catches(theta, g, s, *, lr, beta1, beta2, eps):
    while True:
        try:
            theta = theta + 1
        except:  # noqa: E722 - what a learner might write
            pass


def waits(theta, g, s, **hyper):
    time.sleep(3)


def prints(theta, g, s, **hyper):
    print("theta is", 1)
    return adam(theta, g, s, **hyper)


def prints_to_stderr(theta, g, s, **hyper):
    sys.stderr.write("careful")
    return adam(theta, g, s, **hyper)


def raiser(error):
    def attempt(theta, g, s, **hyper):
        raise error
    return attempt


def recurses(theta, g, s, **hyper):
    return recurses(theta, g, s, **hyper)


def mutates_theta(theta, g, s, **hyper):
    new, kept_state = adam(theta, g, s, **hyper)
    theta[...] = new
    return theta, kept_state


def mutates_g(theta, g, s, **hyper):
    result = adam(theta, g, s, **hyper)
    g *= 2
    return result


def mutates_m(theta, g, s, **hyper):
    m = s.m
    result = adam(theta, g, s, **hyper)
    m *= 0.9
    return result


def mutates_v(theta, g, s, **hyper):
    v = s.v
    result = adam(theta, g, s, **hyper)
    v += 1
    return result


def global_state(theta, g, s, **hyper):
    kept["s"] = adam(theta, g, kept.get("s", State()), **hyper)[1]
    return adam(theta, g, kept["s"], **hyper)[0], s


def global_state_reset(theta, g, s, **hyper):
    if s.t == 0:
        kept["r"] = State()
    new, kept["r"] = adam(theta, g, kept["r"], **hyper)
    return new, (kept["r"].t, 0.0, 0.0)


def global_state_by_t(theta, g, s, **hyper):
    if s.t == 0:
        kept[0] = State()
    new, kept[s.t + 1] = adam(theta, g, kept[s.t], **hyper)
    return new, (s.t + 1, 0.0, 0.0)


def random_steps(theta, g, s, **hyper):
    return theta - np.random.default_rng().random(theta.shape), s


def torch_like(theta, g, s, **hyper):
    theta.add_(g)


class Liar:
    """Equal to everything, an array of anything."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, *args, **kwargs):
        return np.zeros(5)


class LyingArray(np.ndarray):
    def __eq__(self, other):
        return np.ones(5, bool)

    __hash__ = None


HOSTILE = [
    (loops, "It does not come back."), (loops_and_catches, "It does not come back."), (prints, "It prints."),
    (prints_to_stderr, "It prints."), (raiser(ValueError("no")), "It raised ValueError."), (raiser(SystemExit(1)), "It raised SystemExit."),
    (raiser(KeyboardInterrupt()), "It raised KeyboardInterrupt."), (raiser(ZeroDivisionError("division")), "It raised ZeroDivisionError."),
    (raiser(NotImplementedError()), "Not written yet."), (recurses, "It raised RecursionError."),
    (torch_like, "It raised AttributeError."), (mutates_theta, "It changes theta in place."), (mutates_g, "It changes g in place."),
    (mutates_m, "It changes s.m in place."), (mutates_v, "It changes s.v in place."),
    (global_state, "The same inputs gave two different answers."), (global_state_reset, "The same inputs gave two different answers."),
    (global_state_by_t, "The same inputs gave two different answers."), (random_steps, "The same inputs gave two different answers."),
    (lambda *a, **k: None, "Not written yet."), (lambda *a, **k: ..., "Not written yet."), (None, "Not written yet."), (..., "Not written yet."),
    (3, "Not a function."), (lambda theta, g: theta, "It takes other arguments."),
    (lambda theta, g, s, *, lr: (theta, s), "It takes other arguments."),
    (lambda theta, g, s, **k: theta, "It returns something else."), (lambda theta, g, s, **k: (theta, s.m, s.v), "It returns 3 things."),
    (lambda theta, g, s, **k: (theta, (s.m, s.v)), "The state has another form."),
    (lambda theta, g, s, **k: (theta.sum(), s), "theta has another shape."), (lambda theta, g, s, **k: (theta[:2], s), "theta has another shape."),
    (lambda theta, g, s, **k: (theta, State(1, np.ones((5, 5)), s.v)), "m has another shape."),
    (lambda theta, g, s, **k: (theta * 1j, s), "theta is not made of numbers."), (lambda theta, g, s, **k: ("theta", s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (Liar(), s), "theta is not made of numbers."), (lambda theta, g, s, **k: ({"a": 1}, s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (theta.astype(object), s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (theta.view(LyingArray), State(s.t + 1)), "Not yet."),
    (lambda theta, g, s, **k: (theta * np.nan, s), "Not a number."), (lambda theta, g, s, **k: (theta - g / (s.v**0.5), s), "Not a number."),
    (lambda theta, g, s, **k: (theta - 0.1234 * g, s), "Not yet."),
]


@pytest.mark.parametrize(("attempt", "headline"), HOSTILE, ids=[f"{i}-{h}" for i, (_, h) in enumerate(HOSTILE)])
def test_a_hostile_attempt_gets_a_message_and_never_a_pass(attempt, headline):
    kept.clear()
    verdict = check(attempt, adam, patience=1.0)
    assert not verdict
    assert verdict.headline == headline
    assert verdict.message.partition("\n")[2].endswith("?") or headline == "Not written yet." or headline == "Not a function."


def test_a_wait_that_cannot_be_stopped_does_not_hold_the_learner():
    begun = time.monotonic()
    verdict = check(waits, adam, patience=0.1)
    assert verdict.headline == "Still running."
    assert "restart the kernel" in verdict.message
    assert time.monotonic() - begun < 2.9
    time.sleep(3.2 - (time.monotonic() - begun))  # let the thread end before the next test


def test_an_attempt_that_memorises_the_probes_does_not_pass():
    tape = {}

    def spy(theta, g, s, **hyper):
        result = adam(theta, g, s, **hyper)
        tape[theta.tobytes() + g.tobytes() + str(hyper).encode()] = result
        return result

    assert check(spy, adam)

    def replay(theta, g, s, **hyper):
        return tape.get(theta.tobytes() + g.tobytes() + str(hyper).encode(), (theta, s))

    verdict = check(replay, adam)
    assert verdict.headline == "Right on some numbers only."


def test_no_answer_can_be_read_off_the_callers_frames():
    seen = []

    def reads(theta, g, s, **hyper):
        right = adam(theta, g, s, **hyper)[0]
        frame = sys._getframe(1)
        while frame is not None:
            for value in frame.f_locals.values():
                if isinstance(value, np.ndarray) and value.shape[-1:] == theta.shape and (np.atleast_2d(value) == right).all(-1).any():
                    seen.append(frame.f_code.co_name)
            frame = frame.f_back
        return right, State(s.t + 1, *adam(theta, g, s, **hyper)[1][1:])

    check(reads, adam)
    assert set(seen) <= {"_walk"}  # where the attempt's own answer to the same call is kept, in the second of two calls


def test_what_the_attempt_prints_or_warns_does_not_reach_the_learner(capsys):
    def warns(theta, g, s, **hyper):
        warnings.warn("mine", stacklevel=1)
        with np.errstate(all="warn"):
            np.zeros(1) / np.zeros(1)
        return adam(theta, g, s, **hyper)

    assert check(warns, adam)
    check(prints, adam)
    assert capsys.readouterr() == ("", "")


def test_the_line_that_raised_is_named():
    def attempt(theta, g, s, **hyper):
        m = s.m
        return m.nothing

    assert "in line 3 of the function" in check(attempt, adam).message


@pytest.mark.parametrize("attempt", [adam, rmsprop, prints, lambda theta, g, s, **k: (theta - 0.1234 * g, s)])
def test_the_text_is_the_same_every_time_and_shows_in_both_forms(attempt):
    first, second = check(attempt, adam), check(attempt, adam)
    assert repr(first) == repr(second)
    assert first.headline in first._repr_markdown_()
    assert "0x" not in repr(first)


def test_against_something_unknown_is_an_error_of_the_course_not_of_the_learner():
    with pytest.raises(ValueError, match=r"against='lion': a rule such as"):
        check(adam, "lion")


def test_a_product_in_a_message_is_not_taken_for_bold():
    shown = Verdict(False, "Not yet.\ng**2 and `a**2` < m_hat: which is g**2?")._repr_markdown_()
    assert shown == "**Not yet.**\n\ng\\*\\*2 and `a**2` \\< m\\_hat: which is g\\*\\*2?"


def small_transformer():
    import torch

    return torch.nn.Sequential(torch.nn.Embedding(7, 8), torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
                               torch.nn.LayerNorm(8), torch.nn.Linear(8, 7))


def by_axes(model, decay=0.1, keep=lambda name, p: p.ndim >= 2, drop=None):
    named = [(n, p) for n, p in model.named_parameters() if n != drop]
    return [{"params": [p for n, p in named if keep(n, p)], "weight_decay": decay},
            {"params": [p for n, p in named if not keep(n, p)], "weight_decay": 0.0}]


GROUPS = [  # groups of a model, and what the check says of them
    (lambda m: by_axes(m), "Correct."),
    (lambda m: [g | {"params": [(str(i), p) for i, p in enumerate(g["params"])]} for g in by_axes(m)], "Correct."),
    (lambda m: by_axes(m, keep=lambda n, p: p.ndim >= 2 and n != "0.weight"), "Correct."),  # embeddings are free
    (lambda m: None, "Not written yet."),
    (lambda m: m.parameters(), "Not param groups."),
    (lambda m: [{"params": m.parameters(), "weight_decay": 0.1}], "Not a list of parameters."),
    (lambda m: by_axes(m, drop="3.weight"), "A parameter is missing.\n`3.weight`"),
    (lambda m: [*by_axes(m), {"params": [m[2].weight], "weight_decay": 0.0}], "A parameter is there twice.\n`2.weight`"),
    (lambda m: by_axes(m, keep=lambda n, p: "bias" not in n), "Decayed, and should not be.\n`1.norm1.weight`"),
    (lambda m: by_axes(m, keep=lambda n, p: p.ndim >= 2 and n != "1.linear1.weight"), "Not decayed, and should be.\n`1.linear1.weight`"),
    (lambda m: [*by_axes(m), {"params": [small_transformer()[3].weight], "weight_decay": 0.1}], "A stranger."),
]


@pytest.mark.parametrize(("make", "said"), GROUPS, ids=[said.replace("\n", " ") for _, said in GROUPS])
def test_param_groups_are_told_which_parameter_is_in_the_wrong_place(make, said):
    model = small_transformer()
    verdict = check_groups(make(model), model)
    assert verdict.message.startswith(said)
    assert bool(verdict) == (said == "Correct.")
    assert verdict or "?" in verdict.message or said == "Not written yet."
