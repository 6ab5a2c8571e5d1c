"""The in-place step against the rule."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adamw
from lessonlib.lessons.lesson11.inplace import adamw_


def both(shape, dtype, steps=6, block=65536, threads=1, seed=0, **hyper):
    """theta and state by the rule and in place, from the same start with the same gradients."""
    rng = np.random.default_rng(seed)
    start = np.asarray(rng.standard_normal(shape), dtype)
    theta, s, here, kept = start, State(), start.copy(), State()
    for _ in range(steps):
        g = (rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 3, shape)).astype(dtype)
        before = g.copy()
        theta, s = adamw(theta, g, s, **hyper)
        here, kept = adamw_(here, g, kept, block=block, threads=threads, **hyper)
        np.testing.assert_array_equal(g, before)
    return (theta, s), (here, kept)


def agree(rule, in_place, tolerance) -> None:
    (theta, s), (here, kept) = rule, in_place
    assert kept.t == s.t
    for a, b in ((here, theta), (kept.m, s.m), (kept.v, s.v)):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max(initial=0))


@given(lr=st.floats(0, 1), beta1=st.floats(0, 0.999), beta2=st.floats(0, 0.9999), eps=st.floats(1e-10, 1e-2), weight_decay=st.floats(0, 0.5),
       n=st.integers(0, 70), block=st.integers(1, 80), threads=st.integers(1, 4), seed=st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_any_blocks_and_threads_give_the_rules_numbers(n, block, threads, seed, **hyper):
    agree(*both((n,), np.float64, block=block, threads=threads, seed=seed, **hyper), 1e-12)


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (5, 7), (200_000,)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_shape_and_dtype_is_stepped(shape, dtype, tolerance, threads):
    rule, in_place = both(shape, dtype, threads=threads, lr=0.01, weight_decay=0.1)
    agree(rule, in_place, tolerance)
    assert in_place[0].dtype == in_place[1].m.dtype == dtype
    assert in_place[0].shape == in_place[1].v.shape == shape


def test_the_arrays_that_go_in_come_out():
    theta, g = np.ones(10), np.ones(10)
    first, s = adamw_(theta, g, State())
    second, after = adamw_(first, g, s, threads=2)
    assert second is theta
    assert after.m is s.m
    assert after.v is s.v


@pytest.mark.parametrize(("theta", "g", "name"), [(np.ones((4, 4)).T[:, ::2], np.ones((4, 2)), "theta"), (2.0, np.ones(1), "theta"),
                                                  (np.ones(3), np.ones(6)[::2], "g")])
def test_what_cannot_be_changed_in_place_is_named(theta, g, name):
    with pytest.raises(ValueError, match=f"{name} must be a contiguous"):
        adamw_(theta, g, State())


ONES = np.ones((2, 3))


@pytest.mark.parametrize(("theta", "g", "s", "message"), [
    (ONES, np.ones(7), State(), r"g has shape \(7,\), theta \(2, 3\): one number"), (ONES, np.ones(5), State(), r"g has shape \(5,\)"),
    (ONES, np.ones((3, 2)), State(), r"g has shape \(3, 2\)"), (ONES, 1.0, State(), r"g has shape \(\)"),
    (ONES, ONES, State(1, np.ones(7), ONES), r"m has shape \(7,\)"), (ONES, ONES, State(1, ONES, np.ones(2)), r"v has shape \(2,\)"),
    (ONES, ONES.astype(np.float32), State(), r"g has dtype float32, theta float64: pass g.astype\(theta.dtype\)"),
    (ONES.astype(np.float32), ONES, State(), "g has dtype float64, theta float32"),
    (ONES, ONES, State(1, ONES.astype(np.float32), ONES), "m has dtype float32"), (ONES, ONES, State(1, ONES, ONES.astype(int)), "v has dtype int64"),
    (np.ones(3, int), np.ones(3, int), State(), r"theta has dtype int64: .* theta.astype\(float\)"),
    (ONES, ONES, State(3, 0.5, 0.5), r"m=0\.5: 0 at first"), (ONES, ONES, State(1, ONES, [1.0]), r"v=\[1\.0\]: 0 at first"),
    (np.broadcast_to(1.0, ()), np.array(1.0), State(), "theta is read-only")])
def test_what_does_not_fit_theta_is_named_and_changes_nothing(theta, g, s, message):
    given = (theta, g, *s[1:])
    before = [np.array(a) for a in given]
    with pytest.raises(ValueError, match=message):
        adamw_(theta, g, s)
    for a, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("given", "message"), [({"block": 0}, "block=0: a whole number, 1 or more"), ({"block": 2.5}, r"block=2\.5"),
                                                ({"threads": 0}, "threads=0"), ({"threads": None}, "threads=None")])
def test_blocks_and_threads_are_whole_numbers(given, message):
    with pytest.raises(ValueError, match=message):
        adamw_(np.ones(3), np.ones(3), State(), **given)


def test_a_block_given_as_a_float_is_a_whole_number():
    agree(*both((50,), np.float64, block=1e1, threads=2.0), 1e-12)
