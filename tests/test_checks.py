"""check: right answers pass however they are written; hostile ones get a message, never a pass."""
from __future__ import annotations

import _thread
import sys
import threading
import time
import warnings
from fractions import Fraction
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, adam_l2, adamw, momentum, muon, rmsprop, sgd
from lessonlib.attempts import Stop
from lessonlib.checks import Verdict, check, judge, yours
from lessonlib.lessons.answers import choice, number
from lessonlib.rules import orthogonal

# An exception that ends an attempt from outside may land in a callback of the garbage collector; Python reports it there and goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
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
            return list(new), State(t, list(m), list(v))
        return new, State(t, m, v)
    keep = {"sgd": ["lr"], "momentum": ["lr", "beta1"], "rmsprop": ["lr", "beta2", "eps"]}
    names = keep.get(rule_name, ["lr", "beta1", "beta2", "eps"] + ["weight_decay"] * (rule_name != "adam"))
    return lambda theta, g, s, **hyper: attempt(theta, g, s, **{n: hyper[n] for n in names})


@given(rule=st.sampled_from(RULES), lerp=st.booleans(), folded=st.booleans(), single=st.booleans(), root=st.booleans(),
       container=st.sampled_from(["state", "lists"]), efficient=st.booleans())
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
    *((wrong, "Not a function.") for wrong in (3, "12", [1, 2], {"lr": 1}, np.ones(3), True, dict, State, np.float64(1))),
    (abs, "It takes other arguments."), (lambda: 3, "It takes other arguments."), (lambda theta, g: theta, "It takes other arguments."),
    (lambda theta, g, s, *, lr: (theta, s), "It takes other arguments."),
    (lambda theta, g, s, **k: theta, "It returns something else."), (lambda theta, g, s, **k: (theta, s.m, s.v), "It returns 3 things."),
    (lambda theta, g, s, **k: (s, theta), "Theta and the state are swapped."),
    (lambda theta, g, s, **k: (theta, (s.m, s.v)), "The state has another form."),
    (lambda theta, g, s, **k: (theta.sum(), s), "theta has another shape."), (lambda theta, g, s, **k: (theta[:2], s), "theta has another shape."),
    (lambda theta, g, s, **k: (theta, State(1, np.ones((5, 5)), s.v)), "m has another shape."),
    (lambda theta, g, s, **k: (theta * 1j, s), "theta is not made of numbers."), (lambda theta, g, s, **k: ("theta", s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (Liar(), s), "theta is not made of numbers."), (lambda theta, g, s, **k: ({"a": 1}, s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (theta.astype(object), s), "theta is not made of numbers."),
    (lambda theta, g, s, **k: (theta.view(LyingArray), State(s.t + 1)), "Not yet: the second step goes wrong."),
    (lambda theta, g, s, **k: (theta * np.nan, s), "Not a number."), (lambda theta, g, s, **k: (theta - g / (s.v**0.5), s), "Not a number."),
    (lambda theta, g, s, **k: (theta - 0.1234 * g, s), "Not yet: the second step goes wrong."),
    (lambda theta, g, s, **k: (theta - 0.1234 * g, adam(theta, g, s, **k)[1]), "Not yet: lr, beta1, beta2 and eps are not used"),
    (lambda theta, g, s, **k: (theta - k["lr"] / (k["beta1"] + k["beta2"] + k["eps"]) * g, adam(theta, g, s, **k)[1]), "Not yet."),
    *((lambda theta, g, s, t=t, **k: (adam(theta, g, s, **k)[0], State(t)), "t is no step count.") for t in (
        float("inf"), -np.inf, np.nan, 1e300, np.ones(3), np.array([np.inf]), np.float32("inf"))),
    *((lambda theta, g, s, t=t, **k: (adam(theta, g, s, **k)[0], State(t)), "t is not made of numbers.") for t in (None, "1", {}, 10**400, 1j)),
    *((lambda theta, g, s, order=order, **k: (lambda new, kept: (new, tuple(kept[i] for i in order)))(*adam(theta, g, s, **k)),
       "Not yet: fields of State swapped") for order in ((1, 2, 0), (1, 0, 2), (2, 0, 1), (2, 1, 0), (0, 2, 1))),
]


class Sized(tuple):
    """A state of the check's own undoing."""

    def __len__(self):
        raise OSError("no length")


def test_an_error_of_the_checks_own_is_no_endless_loop():
    verdict = check(lambda theta, g, s, **k: (theta, Sized((1, 0, 0))), adam)
    assert verdict.headline == "The check cannot read this."
    assert "OSError: no length" in verdict.message
    assert verdict.message.endswith("?")


COUNTS = [  # a wrong step count beside a right theta
    (momentum, lambda s, t: s.t, "After 1 step your state says t = 0"), (rmsprop, lambda s, t: s.t, "After 1 step your state says t = 0"),
    (sgd, lambda s, t: s.t, "After 1 step your state says t = 0"), (momentum, lambda s, t: 0, "After 1 step your state says t = 0"),
    (momentum, lambda s, t: t + 1, "After 1 step your state says t = 2"), (sgd, lambda s, t: 1, "After 2 steps your state says t = 1"),
    (rmsprop, lambda s, t: s.t + 0.5, "After 1 step your state says t = 0.5"), (sgd, lambda s, t: -t, "After 1 step your state says t = -1")]


@pytest.mark.parametrize(("rule", "count", "said"), COUNTS)
def test_theta_is_judged_first_and_then_the_step_count(rule, count, said):
    def attempt(theta, g, s, **hyper):
        new, kept = rule(theta, g, s, **hyper)
        return new, State(count(s, kept.t), *kept[1:])

    verdict = check(attempt, rule)
    assert not verdict
    assert verdict.headline == "theta is right, t is not."
    assert said in verdict.message
    assert verdict.message.endswith("?")

    def also_wrong(theta, g, s, **hyper):
        new, kept = attempt(theta, g, s, **hyper)
        return 2 * theta - new, kept

    assert check(also_wrong, rule).misconception == "sign of the step"


def test_an_adam_that_needs_no_t_must_count_all_the_same():
    def attempt(theta, g, s, *, lr, beta1, beta2, eps):
        m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        t = 1 + (s.t if s.t > -1 else 0)
        return adam(theta, g, State(t - 1, s.m, s.v), lr=lr, beta1=beta1, beta2=beta2, eps=eps)[0], State(float(t), m, v)

    assert check(attempt, adam)  # 1.0 is a count


@pytest.mark.parametrize("container", [tuple, list])
def test_a_state_without_its_name_is_refused_once_theta_is_right(container):
    def attempt(theta, g, s, **hyper):
        new, kept = momentum(theta, g, s, **hyper)
        return new, container(kept)

    verdict = check(attempt, momentum)
    assert not verdict
    assert verdict.headline == "The state is a bare tuple."
    assert check(lambda theta, g, s, **hyper: attempt(theta, -g, s, **hyper), momentum).misconception == "sign of the step"


@pytest.mark.parametrize("t", [lambda t: float(t), lambda t: np.int32(t), lambda t: np.array(t), lambda t: np.array([t]), lambda t: np.float32(t)])
def test_every_way_to_write_a_whole_number_is_a_count(t):
    def attempt(theta, g, s, **hyper):
        new, kept = momentum(theta, g, s, **hyper)
        return new, State(t(kept.t), kept.m, kept.v)

    assert check(attempt, momentum)


def test_a_rule_that_counts_no_steps_asks_none_of_the_attempt():
    def right(theta, g, s, *, lr):
        return theta - lr * g, s

    assert check(lambda theta, g, s, *, lr: (theta - lr * g, State(s.t + 1)), right)
    assert check(right, right)


def test_division_by_1_minus_beta_is_not_told_as_a_t_that_stands_still():
    def attempt(theta, g, s, *, lr, beta1, beta2, eps):
        m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        return theta - lr * m / (1 - beta1) / ((v / (1 - beta2)) ** 0.5 + eps), State(s.t + 1, m, v)

    assert check(attempt, adam).misconception == "division by 1 - beta without t"


def test_of_two_slips_the_one_seen_first_is_named():
    def attempt(theta, g, s, *, lr, beta1, beta2, eps):
        t = s.t + 1
        m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        return theta + lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)) ** 0.5 + eps), State(s.t, m, v)

    verdict = check(attempt, adam)
    assert verdict.headline == "Not yet: sign of the step, and one more"
    assert verdict.misconception == "sign of the step"
    assert verdict.message.endswith("?")


def test_the_stop_button_ends_a_check():
    begun = threading.Event()

    def attempt(theta, g, s, **hyper):
        begun.set()
        while True:
            try:
                theta = theta + 1
            except:  # noqa: E722
                pass

    def press():
        begun.wait()
        time.sleep(0.1)
        _thread.interrupt_main()

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt, match="nothing of the attempt still runs"):
        check(attempt, adam, patience=20)


def nothing_starts(thread):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(("attempt", "said"), [(adam, "Correct."), (loops, "It does not come back."), (loops_and_catches, "It does not come back."),
                                               (prints, "It prints."), (recurses, "It raised RecursionError."), (rmsprop, "It takes other arguments.")])
def test_where_no_thread_starts_the_verdict_is_the_same(attempt, said, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", nothing_starts)
    assert check(attempt, adam, patience=0.5 if said == "It does not come back." else 20).headline == said


NUMBERS = [  # what a learner may put down, and what is said of it
    (None, "Not answered yet."), (..., "Not answered yet."), ("12", "Not a share."), (True, "Not a share."), ([0.1], "Not a share."),
    (np.array([0.1]), "Not a share."), ({}, "Not a share."), (0.1j, "Not a share."), (float("nan"), "Not a share."), (float("inf"), "Not a share."),
    (10**400, "Not a share."), (-0.1, "Not a share."), (1.1, "Not a share."), (adam, "Not a share."), (np.bool_(True), "Not a share.")]


@pytest.mark.parametrize(("guess", "headline"), NUMBERS)
def test_a_number_is_a_number_or_is_told_what_it_is(guess, headline):
    @judge
    def judge_share(guess):
        number(guess, "a share", 0, 1)
        return Verdict(True, "Correct.")

    verdict = judge_share(guess)
    assert verdict.headline == headline
    assert verdict.message.endswith("?")
    for right in (0.5, 1, np.float32(0.5), np.int64(1), Fraction(1, 2), np.array(0.5)):
        assert judge_share(right)


@pytest.mark.parametrize(("limits", "wrong", "asked", "right"), [
    ({"above": 0}, 0, "Which number above 0 do you mean?", 1e-9), ({"above": 0}, -1, "Which number above 0 do you mean?", 1e9),
    ({"above": 0, "high": 1}, 1.5, "Which number above 0 and up to 1 do you mean?", 1), ({"low": 0}, -1, "Which number of 0 or more do you mean?", 0)])
def test_a_bound_may_be_no_answer_itself(limits, wrong, asked, right):
    with pytest.raises(Stop) as stop:
        number(wrong, "a step size", **limits)
    assert stop.value.text.endswith(asked)
    assert number(right, "a step size", **limits) == right


@pytest.mark.parametrize(("names", "said"), [
    ({}, "Your `my_sgd` is not right yet, so this cell uses the library's.\n"), ({"my_sgd": None}, "Your `my_sgd` is not right yet, so this cell uses the library's.\n"),
    ({"my_sgd": lambda theta, g, s, *, lr: (theta + lr * g, s)}, "Your `my_sgd` is not right yet, so this cell uses the library's.\n"),
    ({"my_sgd": lambda theta, g, s, *, lr: (theta - g * lr, State(s.t + 1))}, "")])
def test_it_is_said_when_the_librarys_takes_the_place_of_yours(names, said, monkeypatch, capsys):
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(user_ns=names))
    assert yours("my_sgd", sgd) is (sgd if said else names["my_sgd"])
    assert capsys.readouterr().out == said


def test_a_whole_number_and_a_choice_are_asked_for():
    assert number(12.0, "an angle", 0, 90, whole=True) == 12
    with pytest.raises(Stop, match=r"Not an angle\."):
        number(12.5, "an angle", 0, 90, whole=True)
    assert choice("a", ["a", "b"], "a letter") == choice(" A\n", ["a", "b"], "a letter") == "a"
    for wrong in ("c", 3, ["a"], True):
        with pytest.raises(Stop, match=r"Not a letter\."):
            choice(wrong, ["a", "b"], "a letter")
    with pytest.raises(Stop, match=r"Not answered yet\."):
        choice(None, ["a", "b"], "a letter")


@pytest.mark.parametrize(("attempt", "headline"), HOSTILE, ids=[f"{i}-{h}" for i, (_, h) in enumerate(HOSTILE)])
def test_a_hostile_attempt_gets_a_message_and_never_a_pass(attempt, headline):
    kept.clear()
    verdict = check(attempt, adam, patience=1.0)
    assert not verdict
    assert verdict.headline == headline
    assert verdict.message.partition("\n")[2].endswith("?") or headline == "Not written yet."


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
        tape[theta.tobytes() + g.tobytes() + str((s.t, hyper)).encode()] = result
        return result

    assert check(spy, adam)

    def replay(theta, g, s, **hyper):
        return tape.get(theta.tobytes() + g.tobytes() + str((s.t, hyper)).encode(), (theta, s))

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
    with pytest.raises(ValueError, match=r"against='adagrad': a rule such as lessonlib.adam, or its name; there are sgd, momentum, .*, muon$"):
        check(adam, "adagrad")


def test_of_a_matrix_the_row_and_the_column_that_are_off_are_named():
    def off(theta, g, s, *, lr, beta1, weight_decay):
        new, s = muon(theta, g, s, lr=lr, beta1=beta1, weight_decay=weight_decay)
        return new + 0.1 * (np.arange(theta.size).reshape(theta.shape) == 5), s

    verdict = check(off, muon)
    assert verdict.headline == "Not yet."
    assert "it parts from `muon` at step 1, row 2, column 1: theta is" in verdict.message
    assert "Not a number.\nAt step 1, row 0, column 0" in check(lambda theta, g, s, *, lr, beta1, weight_decay: (theta * np.nan, s), muon).message


def test_of_two_slips_in_a_matrix_rule_the_first_to_show_is_named():
    def twice(theta, g, s, *, lr, beta1, weight_decay):
        m = beta1 * s.m + (1 - beta1) * g
        return theta - lr * max(1, theta.shape[0] / theta.shape[1]) ** 0.5 * orthogonal(m), State(s.t + 1, m)

    assert check(twice, muon).headline in ("Not yet: no decay, and one more", "Not yet: no look ahead, and one more")


def test_a_factor_that_is_not_turned_back_is_an_error_of_shapes():
    def turned(theta, g, s, *, lr, beta1, weight_decay):
        m = beta1 * s.m + (1 - beta1) * g
        return theta - lr * orthogonal((beta1 * m + (1 - beta1) * g).T), State(s.t + 1, m)

    verdict = check(turned, muon)
    assert verdict.headline == "It raised ValueError."
    assert "could not be broadcast" in verdict.message


def test_a_product_in_a_message_is_not_taken_for_bold():
    shown = Verdict(False, "Not yet.\ng**2 and `a**2` < m_hat: which is g**2?")._repr_markdown_()
    assert shown == "<!-- what the check says -->\n\n**Not yet.**\n\ng\\*\\*2 and `a**2` \\< m\\_hat: which is g\\*\\*2?"


def forgets_return(theta, g, s, *, lr):
    theta = theta - lr * g


def prints_and_forgets(theta, g, s, *, lr):
    print(theta - lr * g)


def not_begun(theta, g, s, *, lr):
    ...


@pytest.mark.parametrize(("attempt", "headline"), [(forgets_return, "It returns nothing."), (prints_and_forgets, "It returns nothing."),
                                                   (not_begun, "Not written yet.")])
def test_a_function_that_does_something_and_returns_nothing_is_asked_for_its_return(attempt, headline):
    verdict = check(attempt, "sgd")
    assert verdict.headline == headline
    assert ("`return`" in verdict.message) == (headline == "It returns nothing.")


def test_the_type_of_an_answer_has_its_article():
    assert "It returned an int." in check(lambda theta, g, s, *, lr: 3, "sgd").message


def test_adamw_calls_a_slip_of_adams_by_its_name():
    def uncorrected(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
        m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        return theta - lr * weight_decay * theta - lr * m / (v**0.5 + eps), State(s.t + 1, m, v)

    assert check(uncorrected, "adamw").misconception == "no bias correction"


def test_a_finite_number_is_not_near_an_infinite_one():
    def no_brackets(theta, g, s, *, lr, beta1, beta2, eps):
        t, m, v = s.t + 1, beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
        with np.errstate(all="ignore"):
            return theta - lr * m / (1 - beta1**t) / v**0.5 / (1 - beta2**t), State(t, m, v)

    assert "t starts at 0" not in check(no_brackets, against=adam).message


def test_a_comma_in_place_of_a_point_is_named():
    def half(theta, g, s, *, lr, beta2=0.99, eps=1e-8):
        v = beta2 * s.v + (1 - beta2) * g**2
        return theta - lr * g / (v**0, 5), State(s.t + 1, s.m, v)

    told = check(half, against=rmsprop)
    assert told.headline == "It raised ValueError."
    assert told.message.endswith("Python writes a half as `0.5`, and a comma makes a pair. Where is yours?")
