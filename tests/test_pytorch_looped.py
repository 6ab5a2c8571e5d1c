"""Looped, any rule as a torch optimizer: against torch's own, copied, pickled, under other defaults, and with rules that go wrong."""
from __future__ import annotations

import copy
import pickle
import warnings
import weakref
from functools import partial

import numpy as np
import pytest
import torch

from lessonlib import State, adam, adam_l2, adamw, momentum, rmsprop, sgd
from lessonlib.pytorch.looped import Looped

KEEPS = [(sgd, set()), (momentum, {"exp_avg"}), (rmsprop, {"exp_avg_sq"}), (adam, {"exp_avg", "exp_avg_sq"})]


def leaf(*shape: int, dtype=torch.float64) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.linspace(-1, 1, torch.Size(shape).numel(), dtype=torch.float64, device="cpu").reshape(shape).to(dtype))


def stepped(opt: torch.optim.Optimizer, steps: int = 3, first: int = 0) -> list[torch.Tensor]:
    """Take steps with gradients that depend on the parameter and on the step's number; return the parameters."""
    params = [p for group in opt.param_groups for p in group["params"]]
    for turn in range(first, first + steps):
        for p in params:
            p.grad = torch.cos(3 * p.detach() + turn)
        opt.step()
    return [p.detach() for p in params]


def positional(theta, g, s, lr):
    return theta - lr * g, s


def open_to_any(theta, g, s, **hyper):
    return theta - hyper["lr"] * g, s


@pytest.mark.parametrize("rule", [sgd, positional, open_to_any, partial(positional, lr=0.1)], ids=["sgd", "positional", "any", "partial"])
def test_every_way_to_write_a_rule_trains(rule):
    a, b = leaf(4), leaf(4)
    torch.testing.assert_close(stepped(Looped([a], rule, lr=0.1)), stepped(torch.optim.SGD([b], lr=0.1)), rtol=0, atol=1e-15)


def adam_with_numpys_root(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), State(t, m, v)


def adam_as_the_paper_speeds_it_up(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * np.square(g)
    return theta - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps * (1 - beta2**t) ** 0.5), State(t, m, v)


def adam_of_numpy_alone(theta, g, s, *, lr, beta1, beta2, eps):
    t = s.t + 1
    m, v = np.add(beta1 * s.m, (1 - beta1) * g), np.add(beta2 * s.v, (1 - beta2) * np.power(g, 2))
    return np.subtract(theta, lr * np.divide(m / (1 - beta1**t), np.sqrt(v / (1 - beta2**t)) + eps)), State(t, m, v)


@pytest.mark.parametrize("rule", [adam_with_numpys_root, adam_as_the_paper_speeds_it_up, adam_of_numpy_alone])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_rule_with_numpys_root_trains_a_network_as_torchs_does_and_no_warning_is_shown(rule, dtype):
    def net():
        layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).to("cpu", dtype)
        with torch.no_grad():
            for k, p in enumerate(layers.parameters()):
                p.copy_(torch.sin(torch.arange(p.numel(), dtype=dtype) + k).reshape(p.shape))
        return layers

    ours, theirs = net(), net()
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    opts = [(ours, Looped(ours.parameters(), rule, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8)), (theirs, torch.optim.Adam(theirs.parameters(), lr=0.01))]
    x = torch.linspace(-1, 1, 15, dtype=dtype).reshape(5, 3)
    close = {"rtol": 1e-4, "atol": 1e-6} if dtype is torch.float32 else {"rtol": 1e-10, "atol": 1e-12}
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        for _ in range(5):
            for layers, opt in opts:
                opt.zero_grad()
                (layers(x) ** 2).mean().backward()
                opt.step()
            for p, q in pairs:
                torch.testing.assert_close(p.grad, q.grad, **close)
                torch.testing.assert_close(p, q, **close)
                assert p.requires_grad
                assert opts[0][1].state[p]["exp_avg_sq"].dtype == dtype
    assert [str(warning.message) for warning in shown] == []


def warns(theta, g, s, *, lr):
    warnings.warn("the rule's own", RuntimeWarning, stacklevel=1)
    return theta - lr * np.sqrt(g**2), s


def test_what_a_rule_warns_of_itself_is_shown_once():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        stepped(Looped([leaf(3)], warns, lr=0.1), 5)
        filters = len(warnings.filters)
        stepped(Looped([leaf(3)], warns, lr=0.1), 5)
        assert len(warnings.filters) == filters
    assert [str(warning.message) for warning in shown] == ["the rule's own"]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))], ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_alone(again):
    a, b = leaf(4), leaf(4)
    opt, torchs = Looped([a], adam, lr=0.01), torch.optim.Adam([b], lr=0.01)
    stepped(opt)
    stepped(torchs)
    before = a.detach().clone()
    c, copied = again((a, opt))
    torch.testing.assert_close(stepped(copied, first=3), stepped(torchs, first=3), rtol=1e-12, atol=1e-12)
    assert copied.param_groups[0]["params"][0] is c
    assert torch.equal(a, before)
    assert copied.rule is adam


@pytest.mark.parametrize(("rule", "theirs"), [
    (sgd, partial(torch.optim.SGD, lr=0.01)), (adam, partial(torch.optim.Adam, lr=0.01)),
    (adam_l2, partial(torch.optim.Adam, lr=0.01, weight_decay=0.01)), (adamw, partial(torch.optim.AdamW, lr=0.01, weight_decay=0.01))])
@pytest.mark.parametrize("dtype", [torch.complex128, torch.float64])
def test_complex_parameters_step_as_torchs(rule, theirs, dtype):
    start = torch.tensor([[1 + 2j, -3j], [0.5, -1 + 1j]], dtype=torch.complex128, device="cpu").to(dtype) if dtype.is_complex else leaf(2, 2).detach()
    a, b = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    torchs, opt = theirs([b]), Looped([a], rule, lr=0.01)
    for turn in range(3):
        for p, one in ((a, opt), (b, torchs)):
            p.grad = (p.detach() ** 2).conj() * (1 + turn) if turn < 2 else (p.detach() ** 2).conj().resolve_conj()
            if one is torchs:
                p.grad = p.grad.resolve_conj()
            one.step()
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    for name in set(opt.state[a]) - {"step"} if rule is not sgd else ():
        torch.testing.assert_close(opt.state[a][name], torchs.state[b][name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "kept"), KEEPS)
def test_the_state_names_what_the_rule_keeps_and_nothing_else(rule, kept):
    p = leaf(3)
    opt = Looped([p], rule, lr=0.01)
    stepped(opt)
    assert set(opt.state[p]) == {"step"} | kept
    assert all(opt.state[p][name].shape == p.shape for name in kept)
    other = leaf(3)
    with torch.no_grad():
        other.copy_(p)
    resumed = Looped([other], rule, lr=0.5)
    resumed.load_state_dict(opt.state_dict())
    assert torch.equal(stepped(resumed, first=3)[0], stepped(opt, first=3)[0])


@pytest.mark.parametrize(("rule", "theirs"), [(adam, torch.optim.Adam), (adamw, torch.optim.AdamW)])
def test_the_state_of_adam_crosses_to_torch_and_back(rule, theirs):
    a, b = leaf(3), leaf(3)
    opt, torchs = Looped([a], rule, lr=0.01), theirs([b], lr=0.01)
    stepped(opt)
    with torch.no_grad():
        b.copy_(a)
    state = copy.deepcopy(opt.state_dict()["state"])  # loading shares the tensors, and torch's writes into them
    torchs.load_state_dict({"state": state, "param_groups": torchs.state_dict()["param_groups"]})
    torch.testing.assert_close(stepped(torchs, first=3), stepped(opt, first=3), rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match=r"no beta1, which adamw? takes: put your own under \"param_groups\""):
        opt.load_state_dict(torchs.state_dict())
    opt.load_state_dict(copy.deepcopy(torchs.state_dict()) | {"param_groups": opt.state_dict()["param_groups"]})
    torch.testing.assert_close(stepped(opt, first=6), stepped(torchs, first=6), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("ambient", [torch.bfloat16, torch.float64], ids=str)
def test_other_defaults_change_nothing(ambient):
    a, b = leaf(2, dtype=torch.float32), leaf(2, dtype=torch.float32)
    plain, opt = Looped([b], adam, lr=0.01), Looped([a], adam, lr=0.01)
    stepped(plain, 300)
    before = torch.get_default_dtype()
    torch.set_default_dtype(ambient)
    torch.set_default_device("meta")
    try:
        stepped(opt, 300)
    finally:
        torch.set_default_dtype(before)
        torch.set_default_device(None)
    assert torch.equal(a, b)
    step = opt.state[a]["step"]
    assert (float(step), step.dtype, step.device.type) == (300.0, torch.float32, "cpu"), "bfloat16 counts no further than 256"


def keeps_dims(theta, g, s, *, lr):
    return (theta - lr * g)[None], s


def one_number(theta, g, s, *, lr):
    return (theta - lr * g).sum(), s


def a_list(theta, g, s, *, lr):
    return (theta - lr * g).tolist(), s


def theta_alone(theta, g, s, *, lr):
    return theta - lr * g


def two_tensors(theta, g, s, *, lr):
    return theta - lr * g, g


@pytest.mark.parametrize(("rule", "says"), [
    (keeps_dims, r"keeps_dims returned a theta of shape \(1, 2, 3\) for a parameter of shape \(2, 3\)"),
    (one_number, r"one_number returned a theta of shape \(\) for a parameter of shape \(2, 3\)"),
    (a_list, r"a_list returned a theta of no tensor but list for a parameter of shape \(2, 3\)"),
    (theta_alone, "theta_alone returned Parameter|theta_alone returned Tensor"), (two_tensors, "two_tensors returned tuple")])
def test_a_rule_that_returns_something_else_is_named_and_nothing_is_written(rule, says):
    p = leaf(2, 3)
    opt = Looped([p], rule, lr=0.1)
    with pytest.raises(ValueError, match=says):
        stepped(opt)
    assert torch.equal(p, leaf(2, 3))


def last_gradient(theta, g, s, *, lr):
    return theta - lr * (g + s.m), State(s.t + 1, g)


def where_it_was(theta, g, s, *, lr):
    return theta - lr * g, State(s.t + 1, theta[:])


def test_what_a_rule_remembers_is_its_own():
    # Zeroing the gradients, or the step itself, would change a memory that is the gradient's or the parameter's.
    for rule, remembered in ((last_gradient, lambda p, g: g), (where_it_was, lambda p, g: p)):
        p = leaf(3)
        opt = Looped([p], rule, lr=0.1)
        p.grad = torch.ones_like(p)
        expected = remembered(p.detach(), p.grad).clone()
        opt.step()
        opt.zero_grad(set_to_none=False)
        assert torch.equal(opt.state[p]["exp_avg"], expected)


def test_nothing_is_kept_alive():
    p = leaf(3)
    opt = Looped([p], last_gradient, lr=0.1)
    stepped(opt, 1)
    watched = [weakref.ref(p.grad), weakref.ref(opt.state[p]["exp_avg"])]
    opt.zero_grad()
    opt.state[p]["exp_avg"] = torch.zeros_like(p)
    assert [there() for there in watched] == [None, None]


def test_a_hyperparameter_may_stand_in_each_group_and_is_missed_where_it_does_not():
    a, b = leaf(2), leaf(2)
    opt = Looped([{"params": [a], "lr": 0.1, "name": "first"}, {"params": [b], "lr": 0.2}], sgd)
    start = a.detach().clone()
    stepped(opt, 1)
    torch.testing.assert_close((start - b.detach()), 2 * (start - a.detach()))
    with pytest.raises(ValueError, match="lr is missing: sgd has no default"):
        opt.add_param_group({"params": [leaf(2)]})
    with pytest.raises(ValueError, match="lr is missing: sgd has no default"):
        Looped([leaf(2)], sgd)
    with pytest.raises(ValueError, match=r"beta3=0\.5: adam takes lr"):
        Looped([leaf(2)], adam, beta3=0.5)
    assert len(opt.param_groups) == 2


def test_a_sparse_gradient_is_refused_with_a_remedy():
    table = torch.nn.Embedding(5, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match="sparse=False"):
        Looped(table.parameters(), adam).step()
