"""The rules against torch.optim, hand-worked numbers and laws."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, adam_l2, adamw, momentum, rmsprop, sgd
from lessonlib.pytorch.looped import Looped

unit = st.floats(0.0, 0.999)
lrs = st.floats(1e-5, 1.0)
epsilons = st.floats(1e-10, 1e-2)
decays = st.floats(0.0, 0.5)


def gradients(seed: int, steps: int = 12, n: int = 5) -> np.ndarray:
    """(steps, n) gradients of mixed scale."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((steps, n)) * 10.0 ** rng.integers(-4, 3, n)


def by_rule(rule, g, **hyper) -> np.ndarray:
    """theta after each of the gradients, from ones."""
    theta, s, path = np.ones(g.shape[1]), State(), []
    for row in g:
        theta, s = rule(theta, row, s, **hyper)
        path.append(theta)
    return np.array(path)


def by_torch(optimizer, g, **hyper) -> np.ndarray:
    """The same with torch's optimizer."""
    p = torch.nn.Parameter(torch.ones(g.shape[1], dtype=torch.float64))
    opt, path = optimizer([p], **hyper), []
    for row in g:
        p.grad = torch.tensor(row)
        opt.step()
        path.append(p.detach().numpy().copy())
    return np.array(path)


def close(ours, theirs, rounding: float = 0.0) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max() + rounding)


@given(lr=lrs, seed=st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_sgd_takes_torchs_path(lr, seed):
    g = gradients(seed)
    close(by_rule(sgd, g, lr=lr), by_torch(torch.optim.SGD, g, lr=lr))


@given(lr=lrs, beta1=unit, seed=st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_momentum_is_torchs_sum_at_a_smaller_step(lr, beta1, seed):
    g = gradients(seed)
    close(by_rule(momentum, g, lr=lr, beta1=beta1), by_torch(torch.optim.SGD, g, lr=lr * (1 - beta1), momentum=beta1))


@given(lr=lrs, beta2=unit, eps=epsilons, seed=st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_rmsprop_takes_torchs_path(lr, beta2, eps, seed):
    g = gradients(seed)
    close(by_rule(rmsprop, g, lr=lr, beta2=beta2, eps=eps), by_torch(torch.optim.RMSprop, g, lr=lr, alpha=beta2, eps=eps))


@pytest.mark.parametrize(("rule", "optimizer", "decaying"), [
    (adam, torch.optim.Adam, False), (adam_l2, torch.optim.Adam, True), (adamw, torch.optim.AdamW, True)])
@given(lr=lrs, beta1=unit, beta2=st.floats(0.0, 0.9999), eps=epsilons, decay=decays, seed=st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_the_adams_take_torchs_path(rule, optimizer, decaying, lr, beta1, beta2, eps, decay, seed):
    g = gradients(seed)
    ours = {"weight_decay": decay} if decaying else {}
    theirs = {"weight_decay": decay if decaying else 0.0}
    hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps} | ours
    path = by_rule(rule, g, **hyper)
    nudged = by_rule(rule, g * (1 + 2.0**-51 * np.random.default_rng(seed).choice([-1, 1], g.shape)), **hyper | {"lr": lr * (1 + 2.0**-50)})
    close(path, by_torch(optimizer, g, lr=lr, betas=(beta1, beta2), eps=eps, **theirs),
          rounding=100 * np.abs(nudged - path).max())  # a small v makes a step of what rounding leaves of g + decay * theta


def test_the_worked_example_gives_the_lessons_numbers():
    theta, s = adam(2.0, 3.0, State())
    assert (round(theta, 9), round(s.m, 12), round(s.v, 12)) == (1.999, 0.3, 0.009)
    theta, s = adam(theta, 3.0, s)
    assert (round(theta, 9), round(s.m, 12), round(s.v, 12)) == (1.998, 0.57, 0.017991)


RULES = [(sgd, {"lr": 0.1}), (momentum, {"lr": 0.1}), (rmsprop, {}), (adam, {}), (adam_l2, {}), (adamw, {})]


@pytest.mark.parametrize(("rule", "hyper"), RULES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_dtypes_are_kept(rule, hyper, dtype):
    theta, s = np.ones(3, dtype), State()
    for _ in range(3):
        theta, s = rule(theta, np.full(3, 0.5, dtype), s, **hyper)
    assert theta.dtype == dtype
    assert all(np.asarray(kept).dtype == dtype for kept in s[1:] if isinstance(kept, np.ndarray))


@pytest.mark.parametrize(("rule", "hyper"), RULES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch_dtypes_are_kept(rule, hyper, dtype):
    theta, s = torch.ones(3, dtype=dtype), State()
    for _ in range(3):
        theta, s = rule(theta, torch.full((3,), 0.5, dtype=dtype), s, **hyper)
    assert theta.dtype == dtype
    assert all(kept.dtype == dtype for kept in s[1:] if isinstance(kept, torch.Tensor))


@pytest.mark.parametrize(("rule", "hyper"), RULES)
def test_inputs_are_never_changed(rule, hyper):
    theta, g, s = np.ones(3), np.full(3, 0.5), State(2, np.full(3, 0.1), np.full(3, 0.2))
    before = [np.copy(a) for a in (theta, g, s.m, s.v)]
    rule(theta, g, s, **hyper)
    assert all(np.array_equal(a, b) for a, b in zip(before, (theta, g, s.m, s.v), strict=True))


@pytest.mark.parametrize(("rule", "hyper"), RULES)
def test_floats_arrays_and_tensors_agree(rule, hyper):
    results = []
    for kind in (float, np.float64, lambda x: torch.tensor(x, dtype=torch.float64)):
        theta, s = kind(2.0), State()
        for g in (3.0, -1.0, 0.5):
            theta, s = rule(theta, kind(g), s, **hyper)
        results.append(float(theta))
    np.testing.assert_allclose(results, results[0], rtol=1e-14)


def test_hyperparameters_batch_by_broadcasting():
    lr, theta, g = np.array([[0.1], [0.2]]), np.ones(3), np.arange(3.0)
    both, _ = adam(theta, g, State(), lr=lr)
    for row, rate in zip(both, (0.1, 0.2), strict=True):
        np.testing.assert_array_equal(row, adam(theta, g, State(), lr=rate)[0])


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_adam_without_epsilon_does_not_feel_the_scale_of_the_loss(scale, seed):
    g = gradients(seed)
    np.testing.assert_allclose(by_rule(adam, g, lr=0.01, eps=0.0), by_rule(adam, scale * g, lr=0.01, eps=0.0), rtol=1e-9)


def network(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).double()


def train(model, opt, steps: int = 30) -> list[torch.Tensor]:
    x = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(6, 4)
    for _ in range(steps):
        opt.zero_grad()
        model(x).square().sum().backward()
        opt.step()
    return [p.detach() for p in model.parameters()]


@pytest.mark.parametrize(("rule", "optimizer", "hyper", "torchs"), [
    (sgd, torch.optim.SGD, {"lr": 0.01}, {"lr": 0.01}),
    (momentum, torch.optim.SGD, {"lr": 0.1}, {"lr": 0.01, "momentum": 0.9}),
    (rmsprop, torch.optim.RMSprop, {"lr": 0.01}, {"lr": 0.01}),
    (adam, torch.optim.Adam, {"lr": 0.01}, {"lr": 0.01}),
    (adamw, torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}, {"lr": 0.01, "weight_decay": 0.1})])
def test_looped_trains_a_network_as_torch_does(rule, optimizer, hyper, torchs):
    a, b = network(0), network(0)
    for ours, theirs in zip(train(a, Looped(a.parameters(), rule, **hyper)), train(b, optimizer(b.parameters(), **torchs)),
                            strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_loopeds_state_goes_on_in_torchs_adam():
    a, b = network(1), network(1)
    opt = Looped(a.parameters(), adam, lr=0.01)
    train(a, opt, 10)
    b.load_state_dict(a.state_dict())
    other = torch.optim.Adam(b.parameters(), lr=0.01)
    other.load_state_dict({"state": opt.state_dict()["state"], "param_groups": other.state_dict()["param_groups"]})
    for ours, theirs in zip(train(a, opt, 10), train(b, other, 10), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_looped_names_a_hyperparameter_that_is_wrong_or_missing():
    p = [torch.nn.Parameter(torch.ones(1))]
    with pytest.raises(ValueError, match=r"beta3=0.5: adam takes lr, beta1"):
        Looped(p, adam, beta3=0.5)
    with pytest.raises(ValueError, match="lr is missing"):
        Looped(p, sgd)
