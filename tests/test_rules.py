"""The rules against torch.optim, hand-worked numbers and laws."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib import State, adam, adam_l2, adamw, lion, momentum, muon, rmsprop, sgd
from lessonlib.checks import check
from lessonlib.pytorch.looped import Looped
from lessonlib.rules import orthogonal

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


@given(lr=lrs, beta1=unit, beta2=unit, decay=decays, seed=st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_lion_takes_the_published_path(lr, beta1, beta2, decay, seed):
    """Chen et al. 2023, Algorithm 2: c mixes with beta1, theta <- theta - lr (sign(c) + decay theta), then m mixes with beta2."""
    g = gradients(seed)
    g[seed % 12, 0] = 0.0
    theta, m, path = np.ones(5), np.zeros(5), []
    for row in g:
        update = np.sign((1 - beta1) * row + beta1 * m)
        theta = theta - lr * (update + decay * theta)
        m = (1 - beta2) * row + beta2 * m
        path.append(theta)
    close(by_rule(lion, g, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay), path)


def test_the_first_step_of_lion_has_no_direction_where_there_is_no_gradient():
    theta, s = lion(np.array([2.0, 2.0]), np.array([0.0, -3.0]), State(), lr=0.1)
    assert theta.tolist() == [2.0, 2.1]
    assert s.m.tolist() == pytest.approx([0.0, -0.03])


SHAPES = [(8, 8), (12, 5), (5, 12), (48, 16), (1, 6), (6, 1)]


def scaled(rows: int, columns: int, seed: int) -> np.ndarray:
    """A matrix whose singular values fall from 30 to 0.3."""
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.standard_normal((n, min(rows, columns))))[0] for n in (rows, columns))
    return u * np.geomspace(30, 0.3, min(rows, columns)) @ v.T


@pytest.mark.parametrize("shape", SHAPES)
def test_the_orthogonal_factor_has_the_singular_vectors_of_the_svd_and_values_near_one(shape):
    x = scaled(*shape, seed=0)
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    core = u.T @ orthogonal(x) @ vt.T  # diagonal where the singular vectors are the same
    assert np.abs(core - np.diag(core.diagonal())).max() < 1e-9
    assert core.diagonal().min() > 0.68
    assert core.diagonal().max() < 1.21
    np.testing.assert_allclose(u @ core @ vt, orthogonal(x), atol=1e-9)  # and nothing outside of them


def test_the_bounds_that_orthogonal_promises_hold_from_a_five_hundredth_of_the_size_on():
    y = np.geomspace(0.002, 1, 20_001)
    for _ in range(5):
        y = 3.4445 * y - 4.7750 * y**3 + 2.0315 * y**5
    assert (y.min().round(2), y.max().round(2)) == (0.68, 1.2)
    z = np.array([0.001])
    for _ in range(5):
        z = 3.4445 * z - 4.7750 * z**3 + 2.0315 * z**5
    assert z < 0.5


@pytest.mark.parametrize("shape", [(12, 5), (48, 16)])
def test_a_tall_matrix_need_not_be_transposed_it_only_costs_more(shape):
    x = scaled(*shape, seed=1)
    y = x / (x**2).sum() ** 0.5
    for _ in range(5):
        product = y @ y.T
        y = 3.4445 * y + (-4.7750 * product + 2.0315 * product @ product) @ y
    np.testing.assert_allclose(orthogonal(x), y, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_orthogonal_factor_is_torchs_up_to_bfloat16(shape):
    from torch.optim._muon import _zeropower_via_newtonschulz

    x = scaled(*shape, seed=2)
    torchs = _zeropower_via_newtonschulz(torch.tensor(x), (3.4445, -4.7750, 2.0315), 5, 1e-7).double().numpy()
    assert np.linalg.norm(orthogonal(x) - torchs) < 0.04 * np.linalg.norm(torchs)
    exactly = np.linalg.svd(x, full_matrices=False)
    assert np.linalg.norm(orthogonal(x) - exactly.U @ exactly.Vh, 2) < 0.33  # as far as the values are from one, no further


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
@pytest.mark.parametrize("hyper", [{"lr": 0.02}, {"lr": 0.1, "beta1": 0.8, "weight_decay": 0.5}, {"lr": 0.05, "beta1": 0.0, "weight_decay": 0.0}])
def test_muon_takes_torchs_path_within_the_error_of_bfloat16(shape, hyper):
    rng = np.random.default_rng(3)
    g = rng.standard_normal((20, *shape)) * np.geomspace(1, 30, shape[1])
    theta, s, p = np.ones(shape), State(), torch.nn.Parameter(torch.ones(shape, dtype=torch.float64))
    torchs = {"momentum" if name == "beta1" else name: value for name, value in hyper.items()}
    optimizer = torch.optim.Muon([p], **torchs)
    moved = 0.0
    for each in g:
        before = theta
        theta, s = muon(theta, each, s, **hyper)
        moved += np.linalg.norm(theta - before)
        p.grad = torch.tensor(each)
        optimizer.step()
        assert np.linalg.norm(theta - p.detach().numpy()) < 0.03 * moved  # bfloat16 has 8 bits, and five steps raise the error
    np.testing.assert_allclose(s.m, optimizer.state[p]["momentum_buffer"].numpy(), rtol=1e-10, atol=1e-12)


def test_muon_without_bfloat16_is_torchs_to_the_last_digits(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x.double().clone())
    rng = np.random.default_rng(4)
    theta, s, p = np.ones((7, 3)), State(), torch.nn.Parameter(torch.ones((7, 3), dtype=torch.float64))
    optimizer = torch.optim.Muon([p], lr=0.1)
    for _ in range(10):
        g = rng.standard_normal((7, 3))
        theta, s = muon(theta, g, s, lr=0.1)
        p.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(theta, p.detach().numpy(), rtol=1e-5)  # eps is added here, and a floor there


def test_muon_does_not_feel_a_turn_of_the_inputs_or_the_scale_of_the_loss():
    rng = np.random.default_rng(5)
    turn, g = np.linalg.qr(rng.standard_normal((6, 6)))[0], rng.standard_normal((4, 6))
    step = muon(np.zeros((4, 6)), g, State(), lr=1.0)[0]
    np.testing.assert_allclose(muon(np.zeros((4, 6)), g @ turn, State(), lr=1.0)[0], step @ turn, atol=1e-9)
    np.testing.assert_allclose(muon(np.zeros((4, 6)), 1000 * g, State(), lr=1.0)[0], step, rtol=1e-4)
    assert np.abs(adam(np.zeros((4, 6)), g @ turn, State(), lr=1.0)[0] - adam(np.zeros((4, 6)), g, State(), lr=1.0)[0] @ turn).max() > 0.1


def test_muon_batches_over_step_sizes_and_over_matrices_by_broadcasting():
    rng = np.random.default_rng(6)
    theta, g, lr = np.ones((3, 2, 5, 4)), rng.standard_normal((3, 2, 5, 4)), np.array([0.1, 0.2, 0.3])[:, None, None, None]
    many, _ = muon(theta, g, State(), lr=lr)
    for i, j in np.ndindex(3, 2):
        np.testing.assert_allclose(many[i, j], muon(theta[i, j], g[i, j], State(), lr=lr[i, 0, 0, 0])[0], rtol=1e-12)


@pytest.mark.parametrize("theta", [1.0, np.ones(3), torch.ones(3)])
def test_muon_takes_matrices_only_and_says_so(theta):
    with pytest.raises(ValueError, match=r"x has [01] axes: orthogonal, and so muon, takes matrices"):
        muon(theta, theta, State())


def test_looped_muon_trains_the_matrices_of_a_network_as_torchs_does(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x.double().clone())  # which would fill the empty directions with its rounding
    a, b = network(2), network(2)
    matrices = [[p for p in model.parameters() if p.ndim == 2] for model in (a, b)]
    ours = train(a, Looped(matrices[0], muon, lr=0.01), 10)
    theirs = train(b, torch.optim.Muon(matrices[1], lr=0.01), 10)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("rule", "attempt"), [
    (muon, lambda theta, g, s, *, lr, beta1, weight_decay: muon(theta, g, s, lr=lr, beta1=beta1, weight_decay=weight_decay)),
    (muon, lambda theta, g, s, *, lr, beta1, weight_decay: summed(theta, g, s, lr, beta1, weight_decay))], ids=["itself", "with a sum"])
def test_the_check_passes_every_equal_form_of_muon(rule, attempt):
    assert check(attempt, rule)


def summed(theta, g, s, lr, beta1, weight_decay):
    """Muon with PyTorch's kind of momentum, a sum: the factor does not feel the difference."""
    m = beta1 * s.m + g
    stretch = max(1.0, theta.shape[0] / theta.shape[1]) ** 0.5
    return (1 - lr * weight_decay) * theta - lr * stretch * orthogonal(beta1 * m + g), State(s.t + 1, m)


RULES = [(sgd, {"lr": 0.1}), (momentum, {"lr": 0.1}), (rmsprop, {}), (adam, {}), (adam_l2, {}), (adamw, {}), (lion, {})]


@pytest.mark.parametrize(("rule", "hyper"), [*RULES, (muon, {})])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_dtypes_are_kept(rule, hyper, dtype):
    theta, s = np.ones((3, 2), dtype), State()
    for _ in range(3):
        theta, s = rule(theta, np.full((3, 2), 0.5, dtype), s, **hyper)
    assert theta.dtype == dtype
    assert all(np.asarray(kept).dtype == dtype for kept in s[1:] if isinstance(kept, np.ndarray))


@pytest.mark.parametrize(("rule", "hyper"), [*RULES, (muon, {})])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch_dtypes_are_kept(rule, hyper, dtype):
    theta, s = torch.ones((3, 2), dtype=dtype), State()
    for _ in range(3):
        theta, s = rule(theta, torch.full((3, 2), 0.5, dtype=dtype), s, **hyper)
    assert theta.dtype == dtype
    assert all(kept.dtype == dtype for kept in s[1:] if isinstance(kept, torch.Tensor))


@pytest.mark.parametrize(("rule", "hyper"), [*RULES, (muon, {})])
def test_inputs_are_never_changed(rule, hyper):
    theta, g, s = (np.ones((3, 2)), np.full((3, 2), 0.5), State(2, np.full((3, 2), 0.1), np.full((3, 2), 0.2)))
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
