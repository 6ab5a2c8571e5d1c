"""train: every cell is the network that torch.optim trains alone; chunks, seeds, noise, stops and errors."""
from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_defaults import ambient

from lessonlib import State, adam, adam_l2, adamw, grid, momentum, rmsprop, sgd
from lessonlib.lessons.lesson11.memory import Allocated
from lessonlib.pytorch import networks as nets
from lessonlib.pytorch import sweep
from lessonlib.pytorch.networks import Group
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import Data, Task, cross_entropy, digits_task, modular_task

SMALL = digits_task(hidden=8, images=40)
F64 = {"dtype": torch.float64, "device": "cpu"}


@pytest.fixture(autouse=True)
def _no_bar(monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")


@contextmanager
def one_thread():
    """Tensors of a few hundred numbers: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def by_torch(optimizer, task, seed, steps, rows=None, factor=None, **hyper) -> dict[str, np.ndarray]:
    """The same network trained alone by torch.nn and torch.optim: an independent forward pass, layout and loop."""
    begin, data = task.start(seed), task.data(seed)
    p = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in begin.items()}
    x, y = torch.tensor(data.train_x), torch.tensor(data.train_y)
    opt = optimizer(p.values(), **hyper)
    scale = torch.optim.lr_scheduler.LambdaLR(opt, lambda t: 1.0 if factor is None else factor(t + 1))
    for t in range(steps):
        these = slice(None) if rows is None else rows[t]
        inputs = x[these]
        if "embedding" in p:
            inputs = torch.cat([half @ p["embedding"].T for half in inputs.chunk(2, -1)], -1)
        h = torch.nn.functional.linear(inputs, p["w1"], p["b1"]).relu()
        loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(h, p["w2"], p["b2"]), y[these])
        opt.zero_grad()
        loss.backward()
        opt.step()
        scale.step()
    return {name: value.detach().numpy() for name, value in p.items()}


def same(ours, theirs, at=(0,), atol=1e-10) -> None:
    for name, value in theirs.items():
        np.testing.assert_allclose(ours.params[name][at], value, rtol=0, atol=atol, err_msg=name)


RULES = [
    (sgd, torch.optim.SGD, {"lr": 0.3}, {"lr": 0.3}),
    (momentum, torch.optim.SGD, {"lr": 0.5, "beta1": 0.8}, {"lr": 0.5 * (1 - 0.8), "momentum": 0.8}),
    (rmsprop, torch.optim.RMSprop, {"lr": 1e-3, "beta2": 0.9}, {"lr": 1e-3, "alpha": 0.9}),
    (adam, torch.optim.Adam, {"lr": 1e-2, "beta1": 0.8, "eps": 1e-4}, {"lr": 1e-2, "betas": (0.8, 0.999), "eps": 1e-4}),
    (adam_l2, torch.optim.Adam, {"lr": 1e-2, "weight_decay": 0.1}, {"lr": 1e-2, "weight_decay": 0.1}),
    (adamw, torch.optim.AdamW, {"lr": 1e-2, "beta2": 0.98, "weight_decay": 0.3}, {"lr": 1e-2, "betas": (0.9, 0.98), "weight_decay": 0.3})]


@pytest.mark.parametrize(("rule", "optimizer", "hyper", "torchs"), RULES, ids=lambda v: getattr(v, "__name__", None))
def test_a_network_is_the_one_that_torch_trains_alone(rule, optimizer, hyper, torchs):
    same(train(rule, SMALL, steps=100, seeds=3, **F64, **hyper), by_torch(optimizer, SMALL, 3, 100, **torchs))


def test_every_cell_of_a_grid_is_the_network_that_torch_trains_alone():
    lrs, decays, betas = [1e-3, 1e-2], [0.0, 0.1, 1.0], [0.5, 0.99]
    cells = train(adamw, SMALL, steps=100, seeds=[0, 5], **F64, **grid(lr=lrs, weight_decay=decays, beta2=betas))
    for at in np.ndindex(2, 2, 3, 2):
        seed, i, j, k = at
        same(cells, by_torch(torch.optim.AdamW, SMALL, [0, 5][seed], 100, lr=lrs[i], weight_decay=decays[j], betas=(0.9, betas[k])), at)


def test_the_modular_network_is_the_one_that_torch_trains_alone():
    task = modular_task(p=7, width=4, hidden=16)
    ours = train(adamw, task, steps=100, seeds=[0, 1], **F64, **grid(lr=[1e-2], weight_decay=[0.0, 1.0]))
    for at in np.ndindex(2, 1, 2):
        same(ours, by_torch(torch.optim.AdamW, task, at[0], 100, lr=1e-2, weight_decay=[0.0, 1.0][at[2]]), at)


def test_batches_and_a_schedule_are_torchs_too():
    rngs = [np.random.default_rng([seed, 2]) for seed in (0, 1)]
    rows = [[rng.integers(40, size=16) for _ in range(100)] for rng in rngs]
    ours = train(adamw, SMALL, steps=100, seeds=[0, 1], batch=16, schedule=lambda t: 1 / t**0.5, **F64, **grid(lr=[1e-3, 1e-2]))
    for at in np.ndindex(2, 2):
        alone = by_torch(torch.optim.AdamW, SMALL, at[0], 100, rows[at[0]], lambda t: 1 / t**0.5, lr=[1e-3, 1e-2][at[1]])
        same(ours, alone, at)


def test_a_rule_that_knows_eta_gets_the_schedule_itself():
    seen = []

    def paper(theta, g, s, *, lr, weight_decay=0.1, eta=1.0):
        seen.append(eta)
        return theta - eta * (lr * g + weight_decay * theta), s

    train(paper, SMALL, steps=3, schedule=lambda t: 1 / t, device="cpu", lr=0.1)
    assert seen == [1.0, 1 / 2, 1 / 3]


def test_a_hyperparameter_may_be_a_function_of_t_and_a_learners_rule_runs():
    def mine(theta, g, s, *, lr):
        return theta - lr * g, s

    lrs = np.array([[0.1], [0.3]])
    falling = train(mine, SMALL, steps=20, lr=lambda t: lrs / t, **F64)
    scheduled = train(sgd, SMALL, steps=20, lr=lrs, schedule=lambda t: 1 / t, **F64)
    for name, value in falling.params.items():
        np.testing.assert_allclose(value, scheduled.params[name], rtol=1e-13)


@pytest.mark.parametrize("task", [SMALL, modular_task(p=5, width=4, hidden=8)], ids=lambda t: t.name)
@pytest.mark.parametrize("batch", [None, 7])
def test_a_grid_done_in_groups_equals_the_whole(task, batch):
    cells = grid(lr=np.geomspace(1e-3, 1e-1, 5), weight_decay=[0.0, 0.5])
    how = {"steps": 30, "seeds": [0, 1, 2], "batch": batch, "record_every": 10, **F64, **cells}
    whole, small = train(adamw, task, networks=1000, **how), train(adamw, task, networks=1, **how)
    for name in nets.MEASURED:
        np.testing.assert_allclose(getattr(small, name), getattr(whole, name), rtol=1e-10, err_msg=name)
    for name, value in whole.params.items():
        np.testing.assert_allclose(small.params[name], value, rtol=0, atol=1e-12)


def watched(monkeypatch) -> list[Group]:
    """The groups that train will make, once it has run."""
    made = []

    def watch(plan, which):
        made.append(Group(plan, which))
        return made[-1]

    monkeypatch.setattr(sweep, "Group", watch)
    return made


@pytest.mark.parametrize(("networks", "cache"), [(6, 1 << 40), (1, 1 << 40), (None, 0), (None, 1 << 19)])
def test_no_more_networks_are_in_training_than_allowed_or_than_the_caches_hold(monkeypatch, networks, cache):
    monkeypatch.setattr(nets, "CACHE", cache)
    made = watched(monkeypatch)
    with one_thread():
        monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
        train(adamw, SMALL, steps=1, networks=networks, device="cpu", **grid(lr=np.geomspace(1e-3, 1, 20)))
    cores, sizes = 3, [len(group.seed_of) for group in made]
    at_once = networks or max(1, nets.networks_at_once(made[0].plan, cores))
    assert max(sizes) * min(cores, at_once) <= at_once
    assert sum(sizes) == 20


@pytest.mark.parametrize("batch", [None, 16])
@pytest.mark.parametrize("task", [digits_task(), SMALL, modular_task(), modular_task(p=11, hidden=16)], ids=lambda t: t.name)
def test_a_group_takes_about_as_much_memory_as_the_rule_of_thumb_says(monkeypatch, task, batch):
    """All tensors that torch makes in two steps of AdamW and two records, counted one by one."""
    made = watched(monkeypatch)
    train(adamw, task, steps=0, seeds=[0, 1, 2, 3], batch=batch, networks=4, device="cpu")
    plan = made[0].plan
    allowed = len(plan.seeds) * nets.CACHE * 1000 / nets.networks_at_once(plan, 1000)
    theta = torch.cat([torch.tensor(value, dtype=torch.float32).flatten() for value in task.start(0).values()]).repeat(4, 1)
    with Allocated() as counted, torch.no_grad():
        group, s = Group(plan, np.arange(4)), State()
        for _ in range(2):
            theta, s = adamw(theta, group.gradient(theta), s, lr=torch.full((4, 1), 1e-3))
            group.measure(theta)
    assert allowed / 4 < counted.peak < 1.1 * allowed


def test_cells_of_a_seed_share_start_labels_and_batches_and_seeds_differ():
    twins = train(adam, SMALL, steps=20, seeds=[0, 1], batch=8, **F64, **grid(lr=[0.01, 0.01]))
    np.testing.assert_array_equal(twins.params["w1"][:, 0], twins.params["w1"][:, 1])
    assert not np.allclose(twins.params["w1"][0], twins.params["w1"][1])


def test_label_noise_is_the_share_it_says_and_the_test_stays_clean():
    clean, noisy = (digits_task(label_noise=share).data(0) for share in (0.0, 0.2))
    assert int((clean.train_y != noisy.train_y).sum()) == 60
    np.testing.assert_array_equal(clean.test_y, noisy.test_y)
    assert int((noisy.train_y != digits_task().data(1).train_y).sum()) > 60


def test_the_pairs_of_the_modular_task_are_each_in_one_set():
    d = modular_task(p=11).data(4)
    pairs = np.concatenate([d.train_x, d.test_x]).reshape(121, 2, 11).argmax(-1)
    assert len({tuple(pair) for pair in pairs.tolist()}) == 121
    np.testing.assert_array_equal(pairs.sum(-1) % 11, np.concatenate([d.train_y, d.test_y]))


def test_records_are_what_the_parameters_give():
    r = train(adam, SMALL, steps=25, record_every=10, seeds=[0, 1], **F64, **grid(lr=[0.001, 0.01, 0.1]))
    assert r.steps.tolist() == [0, 10, 20, 25]
    assert r.train_loss.shape == (4, 2, 3)
    assert (r.done == 25).all()
    for at in np.ndindex(2, 3):
        p, d = {name: value[at] for name, value in r.params.items()}, SMALL.data(at[0])
        z = [np.maximum(x @ p["w1"].T + p["b1"], 0) @ p["w2"].T + p["b2"] for x in (d.train_x, d.test_x)]
        log_p = z[0] - np.log(np.exp(z[0]).sum(-1, keepdims=True))
        np.testing.assert_allclose(r.train_loss[-1][at], -log_p[np.arange(40), d.train_y].mean(), rtol=1e-10)
        assert r.train_accuracy[-1][at] == pytest.approx((z[0].argmax(-1) == d.train_y).mean())
        assert r.test_accuracy[-1][at] == pytest.approx((z[1].argmax(-1) == d.test_y).mean())
        np.testing.assert_allclose(r.norm[-1][at], np.sqrt(sum((v**2).sum() for v in p.values())), rtol=1e-12)


def test_training_goes_on_from_the_parameters_of_another():
    half = train(sgd, SMALL, steps=10, seeds=[0, 1], **F64, **grid(lr=[0.1, 0.2]))
    rest = train(sgd, SMALL, steps=10, seeds=[0, 1], start=half.params, **F64, **grid(lr=[0.1, 0.2]))
    whole = train(sgd, SMALL, steps=20, seeds=[0, 1], **F64, **grid(lr=[0.1, 0.2]))
    for name, value in whole.params.items():
        np.testing.assert_allclose(rest.params[name], value, rtol=0, atol=1e-13)


def test_divergence_is_data():
    r = train(sgd, SMALL, steps=200, device="cpu", **grid(lr=[0.1, 1e30]))
    assert r.diverged.tolist() == [[False, True]]
    assert r.train_loss[-1, 0, 1] == np.inf
    assert r.test_accuracy[-1, 0, 1] == 0
    assert not np.isnan(r.train_loss).any()


def test_an_interrupted_run_returns_what_it_has():
    def stop(r):
        if np.isfinite(r.train_loss[3:]).any():
            raise KeyboardInterrupt

    r = train(adam, digits_task(), steps=100_000, record_every=5, seeds=[0, 1], on_record=stop, device="cpu", **grid(lr=[0.01, 0.02]))
    assert r.interrupted
    assert 15 <= r.done.max() < 100_000
    got = np.isfinite(r.train_loss)
    for at in np.ndindex(2, 2):
        count = int(got[(slice(None), *at)].sum())
        assert got[(slice(count), *at)].all()
        assert 5 * (count - 1) <= r.done[at] < 5 * (count + 1)


def test_on_record_sees_training_grow_and_the_end():
    seen = []
    r = train(adam, digits_task(), steps=300, record_every=10, on_record=lambda r: seen.append(np.isfinite(r.test_accuracy).sum()), lr=0.01)
    assert seen == sorted(seen)
    assert seen[-1] == np.isfinite(r.test_accuracy).sum() == 31


def test_the_settings_of_torch_are_left_as_they_were():
    before = torch.get_num_threads()
    train(adam, SMALL, steps=2, **grid(lr=[0.1, 0.2, 0.3]))
    assert torch.get_num_threads() == before
    assert (torch.tensor(1e-38) * 0.1).item() > 0  # a denormal number is still one here


def test_a_network_of_ones_own_is_trained_by_autograd():
    """Logistic regression, without a hidden layer: cross_entropy and its gradient are all there is."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 4)), rng.integers(3, size=30)
    task = Task("logistic", lambda seed: {"w": np.zeros((3, 4))}, lambda seed: Data(x, y, x, y), lambda p, x: p["w"] @ x.mT)
    r = train(sgd, task, steps=1, lr=1.0, **F64)
    np.testing.assert_allclose(r.params["w"][0], (np.eye(3)[y] - 1 / 3).T @ x / 30, atol=1e-14)
    assert float(cross_entropy(torch.zeros(1, 3, 30), torch.tensor(y))) == pytest.approx(np.log(3))


@pytest.mark.parametrize("defaults", [{"device": "meta"}, {"dtype": torch.bfloat16}, {"dtype": torch.float64}], ids=str)
@pytest.mark.parametrize("batch", [None, 8])
@pytest.mark.parametrize("task", [SMALL, modular_task(p=5, width=4, hidden=8)], ids=lambda t: t.name)
def test_the_defaults_of_torch_change_nothing(task, batch, defaults):
    how = {"steps": 20, "seeds": [0, 1], "batch": batch, "record_every": 5, "schedule": lambda t: 1 / t, "device": "cpu", **grid(lr=[1e-3, 1e-2])}
    wanted = train(adamw, task, **how)
    with ambient(**defaults):
        found = train(adamw, task, **how)
    for name in nets.MEASURED:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    for name, value in wanted.params.items():
        np.testing.assert_array_equal(found.params[name], value)
        assert found.params[name].dtype == np.float32


@pytest.mark.parametrize("batch", [None, 8])
def test_the_defaults_of_torch_change_no_tensor_of_a_group(monkeypatch, batch):
    """In the thread that set them: a default device is a thread's own, so the workers of train never see it."""
    made = watched(monkeypatch)
    train(adamw, modular_task(p=5, width=4, hidden=8), steps=0, seeds=[0, 1], batch=batch, device="cpu", **grid(lr=[0.1, 0.2]))
    plan, theta = made[0].plan, torch.ones(4, 4 * 5 + 8 * 8 + 8 + 5 * 8 + 5)
    with ambient(device="meta"):
        group = Group(plan, np.arange(4))
        found = [group.gradient(theta), *group.measure(theta).values(), group.hyper(1)["lr"], group.tensor(np.ones(2))]
    assert {tensor.device.type for tensor in found} == {"cpu"}


def test_whole_numbers_may_come_as_floats_or_numpys():
    plain = train(adam, SMALL, steps=10, seeds=[1], batch=8, record_every=5, networks=1, **F64)
    found = train(adam, SMALL, steps=1e1, seeds=np.float64(1), batch=8.0, record_every=np.int8(5), networks=1.0, **F64)
    assert found.steps.tolist() == [0, 5, 10]
    same(found, {name: value[0] for name, value in plain.params.items()}, atol=0)
    np.testing.assert_array_equal(digits_task(8.0, 40.0).data(0).train_y, SMALL.data(0).train_y)
    assert modular_task(7.0, 0.4, 4.0, 8.0).start(0)["w1"].shape == (8, 8)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint8, np.int64])
@pytest.mark.parametrize("batch", [None, 8])
def test_labels_may_be_of_any_whole_number_type(dtype, batch):
    def data(seed):
        d = SMALL.data(seed)
        return d._replace(train_y=d.train_y.astype(dtype), test_y=d.test_y.astype(dtype))

    found = train(adam, replace(SMALL, data=data), steps=5, batch=batch, **F64)
    same(found, {name: value[0] for name, value in train(adam, SMALL, steps=5, batch=batch, **F64).params.items()}, atol=0)


def test_labels_that_are_real_numbers_are_refused():
    def data(seed):
        d = SMALL.data(seed)
        return d._replace(train_y=d.train_y.astype(float))

    with pytest.raises(ValueError, match=r"y has dtype torch.float64: classes are whole numbers; pass y.astype\(int\)"):
        train(adam, replace(SMALL, data=data), steps=1, **F64)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: train(adam, SMALL, steps=1.5), r"steps=1\.5: a whole number"), (lambda: train(adam, SMALL, steps=None), "steps=None"),
    (lambda: train(adam, SMALL, steps=1, seeds=[0, 1.5]), r"seeds=.*1\.5"), (lambda: train(adam, SMALL, steps=1, seeds=[-1]), r"seeds=.*-1"),
    (lambda: train(adam, SMALL, steps=1, batch=2.5), r"batch=2\.5"), (lambda: train(adam, SMALL, steps=1, record_every="x"), "record_every='x'"),
    (lambda: train(adam, SMALL, steps=1, networks=0), "networks=0: a whole number, 1 or more, or None"),
    (lambda: train(adam, SMALL, steps=2, schedule=lambda t: None), "schedule=None at t=1: a number"),
    (lambda: train(adam, SMALL, steps=2, schedule=lambda t: 1.0 if t < 2 else None), "schedule=None at t=2: a number"),
    (lambda: train(adam, SMALL, steps=2, schedule=0.5), r"schedule=0\.5: a function of t"),
    (lambda: train(lambda theta, g, s, *, eta: (theta, s), SMALL, steps=1, schedule=lambda t: None), "eta=None at t=1"),
    (lambda: train(adam, SMALL, steps=2, lr=lambda t: 1.0 if t < 2 else None), "lr=None at t=2: a number"),
    (lambda: train(adam, SMALL, steps=1, lr=None), "lr=None: a number"),
    (lambda: train(adam, SMALL, steps=1, start=SMALL.start(0) | {"b1": None}), r"start\['b1'\]=None: a number"),
    (lambda: train(adam, SMALL, steps=1, device="meta"), "device='meta' is not to be had here"),
    (lambda: train(3, SMALL, steps=1), "rule=3: a function"),
    (lambda: digits_task(label_noise=None), "label_noise=None"), (lambda: modular_task(share="half"), "share='half'"),
    (lambda: train(adam, SMALL, steps=1, beta3=1), r"beta3=1: adam takes lr, beta1"),
    (lambda: train(sgd, SMALL, steps=1), r"lr is missing: sgd has no default"),
    (lambda: train(sgd, SMALL, steps=1, schedule=lambda t: t), r"lr is missing: sgd has no default"),
    (lambda: train(lambda theta, g, s: (theta, s), SMALL, steps=1, schedule=lambda t: t), r"schedule=.*neither lr nor eta"),
    (lambda: train(adam, 3, steps=1), r"task=3: a Task such as"),
    (lambda: train(adam, SMALL, steps=-1), r"steps=-1"),
    (lambda: train(adam, SMALL, steps=1, seeds=[]), r"seeds=\[\]: at least one"),
    (lambda: train(adam, SMALL, steps=1, batch=0), r"batch=0: a whole number, 1 or more, or None"),
    (lambda: train(adam, SMALL, steps=1, dtype=torch.float16), r"dtype=torch.float16: torch.float32 or"),
    (lambda: train(adam, SMALL, steps=1, device="abacus"), r"device='abacus' is not to be had here"),
    (lambda: train(adam, SMALL, steps=1, lr=np.ones(5)), r"write \*\*grid\(lr=\[\.\.\.\]\): lr has shape \(5,\)"),
    (lambda: train(adam, SMALL, steps=1, lr=np.ones((5, 1)), beta1=np.zeros((4, 1))), r"beta1 has shape \(4, 1\).*does not fit"),
    (lambda: train(adam, SMALL, steps=1, start={"w1": 0}), r"start has no b1: it needs w1, b1, w2, b2"),
    (lambda: train(adam, SMALL, steps=1, start=SMALL.start(0) | {"b1": np.zeros(9)}), r"start\['b1'\] has shape \(9,\): \(8,\), or \(1, 8\)"),
    (lambda: train(lambda theta, g, s, *, lr: (theta.sum(), s), SMALL, steps=1, lr=1.0), r"returned theta of shape"),
    (lambda: digits_task(images=0), r"images=0: a whole number, 1"),
    (lambda: digits_task(images=1298), r"images=1298: from 1 to 1297"), (lambda: digits_task(label_noise=2), r"label_noise=2"),
    (lambda: modular_task(p=1), r"p=1: a whole number, 2 or more"), (lambda: modular_task(share=1.0), r"share=1\.0: the part")])
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
