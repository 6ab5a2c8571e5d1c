"""What the glossary says beside its examples, by a run of each."""
from __future__ import annotations

import copy
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn, optim

from lessonlib import rules
from lessonlib.data import recorded
from lessonlib.lessons.lesson07 import extras, play
from lessonlib.lessons.lesson10 import grokking
from lessonlib.lessons.lesson11 import bench
from lessonlib.lessons.lesson11 import step as gpu_step
from lessonlib.problems import ravine
from lessonlib.rules import State, orthogonal
from lessonlib.runner import run


def steps(kappa, beta1):
    """How many steps divide the distance by ten to the tenth at the best step size, by the spectral radius."""
    lr = np.geomspace(0.1 / kappa, 1, 20_001)
    return np.log(1e-10) / np.log(np.maximum(play.radius(lr, beta1), play.radius(lr * kappa, beta1)).min())


def test_condition_number_the_root_needs_a_beta_for_each_kappa():
    kappas = (1600, 6400, 25_600)
    best = [steps(kappa, play.best(kappa)[1]) for kappa in kappas]
    fixed = [steps(kappa, 0.9) for kappa in kappas]
    assert best[1] / best[0] == pytest.approx(2, rel=0.02)
    assert best[2] / best[1] == pytest.approx(2, rel=0.02)
    assert fixed[2] / fixed[1] > 4


def test_spectral_radius_of_a_turn_is_the_factor_of_a_length_at_each_step():
    turn = 0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])
    pair = np.linalg.eigvals(turn)
    assert abs(pair.imag).min() > 0.1
    assert np.linalg.norm(np.linalg.matrix_power(turn, 20) @ [1, 0]) == pytest.approx(abs(pair[0]) ** 20)


def test_nesterov_the_parameters_are_the_places_to_which_the_average_leads():
    problem, rng, lr, beta1 = ravine(100), np.random.default_rng(0), 0.04, 0.9
    place, move, seen = problem.start.copy(), np.zeros(2), []
    for _ in range(30):  # the gradient is taken ahead, at place + beta * move
        seen.append(place + beta1 * move)
        move = beta1 * move - lr * (1 - beta1) * problem.grad(seen[-1], rng)
        place = place + move
    path = run(extras.nesterov, problem, steps=29, lr=lr, beta1=beta1).theta
    assert path == pytest.approx(np.array(seen))
    assert extras.nesterov(2.0, 3.0, State(), lr=0.1)[0] == pytest.approx(1.943)


def test_muon_moves_both_places_by_nearly_the_same():
    moved = rules.muon(np.zeros((2, 2)), np.diag([300.0, 3.0]), State(), lr=0.1)[0]
    assert np.round(np.diag(moved), 4).tolist() == [-0.0696, -0.0699]


def test_epsilon_that_is_not_small_beside_the_root_makes_a_step_shorter():
    moved = [2 - rule(2.0, 3e-4, State(), lr=0.1, eps=eps)[0] for rule in (rules.rmsprop, rules.adam) for eps in (1e-12, 1e-3)]
    assert moved[0] > 2 * moved[1] > 0
    assert moved[2] > 2 * moved[3] > 0


def test_newton_schulz_leaves_out_only_very_small_singular_values():
    value = np.geomspace(0.0001, 0.99, 500)
    whole = np.array([np.diag(orthogonal(np.diag([v, (1 - v**2) ** 0.5])))[0] for v in value])
    assert 0.65 < whole[value > 0.003].min() < 0.7
    assert 1.15 < whole.max() < 1.25
    assert whole[value < 0.001].max() < 0.6


def rest(place, grad, *, steps, lr, decay):
    """Where AdamW's weights are after many steps from `place`."""
    s = State()
    for _ in range(steps):
        place, s = rules.adamw(place, grad(), s, lr=lr, weight_decay=decay)
    return place


def test_equilibrium_under_noise_is_the_same_from_every_start():
    rng, starts = np.random.default_rng(0), np.array([[0.0], [5.0]])
    weights = rest(np.repeat(starts, 2000, axis=1), lambda: rng.standard_normal((2, 2000)), steps=7000, lr=0.01, decay=0.1)
    assert np.sqrt(np.mean(weights**2, axis=1)) == pytest.approx((0.01 / (2 * 0.1)) ** 0.5, rel=0.05)


def test_dampening_makes_an_average_into_which_the_first_gradient_goes_in_full():
    place = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, average = optim.SGD([place], lr=0.1, momentum=0.9, dampening=0.9), None
    for grad in (3.0, -1.0, 2.0):
        place.grad = torch.tensor([grad], dtype=torch.float64)
        optimizer.step()
        average = grad if average is None else 0.9 * average + 0.1 * grad
        assert optimizer.state_dict()["state"][0]["momentum_buffer"].item() == pytest.approx(average)


def test_state_dict_of_a_model_has_its_weights_and_adams_is_filled_by_the_first_step():
    model = nn.Linear(2, 1)
    optimizer = optim.Adam(model.parameters())
    assert list(model.state_dict()) == ["weight", "bias"]
    assert list(optimizer.state_dict()) == ["state", "param_groups"]
    assert optimizer.state_dict()["state"] == {}
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert {*optimizer.state_dict()["state"][0]} == {"step", "exp_avg", "exp_avg_sq"}


def test_grokking_comes_late_and_without_decay_not_at_all_in_the_record():
    grown = grokking.from_record()
    adamw, bare = grown["AdamW, decay 1"], grown["Adam, no decay"]
    assert adamw.train_accuracy[adamw.steps == 40].min() >= 0.95
    assert [int(adamw.steps[np.argmax(seed >= 0.95)]) for seed in adamw.test_accuracy.T] == [1100, 920, 1040]
    assert bare.steps[-1] == 1200
    assert bare.test_accuracy.max() < 0.1


def test_float16_ends_where_the_glossary_says():
    with np.errstate(over="ignore"):
        assert np.isfinite(np.float16(65519))
        assert np.isinf(np.float16(65520))


def test_clipping_leaves_the_length_one():
    model = nn.Linear(2, 1)
    model(torch.ones(4, 2)).sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    assert sum((weight.grad**2).sum() for weight in model.parameters()) ** 0.5 == pytest.approx(1.0, rel=1e-5)


def test_overfitting_the_curve_goes_through_all_wrong_points():
    x, y = np.arange(6), np.array([0.5, 0.5, 2.5, 2.5, 4.5, 4.5])
    assert abs(y - x) == pytest.approx(np.full(6, 0.5))
    assert abs(np.polyval(np.polyfit(x, y, 5), x) - y).max() < 1e-9


def test_scale_invariance_of_weights_before_a_norm_layer():
    x, first = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), nn.Linear(4, 16, bias=False)
    norm = nn.LayerNorm(16, eps=0.0)
    before = norm(first(x))
    with torch.no_grad():
        first.weight *= 3
    assert torch.allclose(norm(first(x)), before, atol=1e-4)


def test_hop_gradient_descent_at_the_border_only_and_sign_descent_at_small_steps_too():
    def ends(rule, lr, start=0.37):
        return run(rule, ravine(10), steps=400, lr=lr, start=[0.0, start]).theta[-4:, 1]

    assert ends(rules.sgd, 0.2) == pytest.approx([-0.37, 0.37, -0.37, 0.37], rel=1e-6) or ends(rules.sgd, 0.2) == pytest.approx(
        [0.37, -0.37, 0.37, -0.37], rel=1e-6)
    assert abs(ends(rules.sgd, 0.19)).max() < 1e-6
    for rule in (lambda theta, g, s, *, lr: (theta - lr * np.sign(g), s), lambda theta, g, s, *, lr: rules.rmsprop(theta, g, s, lr=lr, beta2=0.9)):
        for lr in (0.1, 0.01):
            place = ends(rule, lr)
            assert (np.sign(place[1:]) == -np.sign(place[:-1])).all()
            assert np.abs(np.diff(place)) == pytest.approx(lr, rel=0.02)


def test_standardize_the_zero_alone_and_the_unit_alone_make_a_ravine():
    x = 18 * np.random.default_rng(0).standard_normal(1000) + 50

    def ravine_of(inputs):
        return np.linalg.cond(np.cov(np.stack([inputs, np.ones(1000)]), bias=True) + np.outer(*[[inputs.mean(), 1]] * 2))

    assert ravine_of((x - x.mean()) / x.std()) == pytest.approx(1)
    assert ravine_of(x / x.std()) > 20  # the zero
    assert ravine_of(x - x.mean()) > 100  # the unit


def test_noise_floor_is_where_noise_adds_to_the_variance_what_the_slope_takes():
    for lr in (0.1, 0.05):
        floor = lr / (2 - lr)
        assert floor - (1 - lr) ** 2 * floor == pytest.approx(lr**2)


def test_cross_entropy_of_pytorch_applies_the_softmax_itself():
    outputs, label = torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([2])
    assert nn.CrossEntropyLoss()(outputs, label).item() == pytest.approx(-torch.log(torch.softmax(outputs, 1)[0, 2]).item())


def test_mixed_precision_saves_time_in_large_steps_only_in_the_record():
    record = recorded("step_cuda.json")
    pairs = [gpu_step.in_both_types(record, batch) for batch in gpu_step.BATCHES]
    gains = [single[1] / half[1] for single, half in pairs]
    assert min(gains) < 1 < max(gains)


def test_a_line_after_an_example_is_of_pytorch_or_of_another_meaning():
    text = (Path(__file__).parents[1] / "authoring/lessons/glossary.py").read_text(encoding="utf-8")
    entries = re.findall(r"^# \*Example\.\*\n(.+?)^# \*\[Lesson", text, flags=re.MULTILINE | re.DOTALL)
    more = [line for entry in entries for line in re.findall(r"^#\n# (?=.)(.*)", entry, flags=re.MULTILINE)]
    assert more
    assert {*more} <= {"*In PyTorch.*", "*Another meaning.*"}


def test_newton_schulz_with_muons_numbers_does_not_go_to_one():
    value = 1.0
    for _ in range(5):
        value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
    assert value == pytest.approx(0.696, abs=0.001)


def test_orthogonal_factor_a_singular_value_of_zero_stays_zero():
    first, second = np.linalg.svd(orthogonal(np.outer([1.0, 2.0], [3.0, 1.0]))).S
    assert first > 0.6
    assert second < 1e-6


def difference_after_a_resume(*, random_numbers: bool) -> float:
    """The largest difference of a weight, between a run without a break and one that goes on from a checkpoint at step 20 of 40."""
    torch.manual_seed(0)
    x, model = torch.randn(200, 3), nn.Linear(3, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 - t / 60)

    def train() -> torch.Tensor:
        for _ in range(20):
            rows = x[torch.randint(200, (8,))]
            optimizer.zero_grad()
            (model(rows) - rows.sum(1, keepdim=True)).square().mean().backward()
            optimizer.step()
            schedule.step()
        return model.weight.detach().clone()

    train()
    saved = [copy.deepcopy(thing.state_dict()) for thing in (model, optimizer, schedule)]
    generator, whole = torch.get_rng_state(), train()
    for thing, its in zip((model, optimizer, schedule), saved, strict=True):
        thing.load_state_dict(its)
    torch.manual_seed(1)
    if random_numbers:
        torch.set_rng_state(generator)
    return (train() - whole).abs().max().item()


def test_checkpoint_goes_on_as_if_nothing_had_happened_only_with_the_random_numbers():
    with torch.random.fork_rng():
        assert difference_after_a_resume(random_numbers=True) == 0
        assert difference_after_a_resume(random_numbers=False) > 1e-3


def test_border_of_momentum_and_that_rmsprop_is_not_stable_below_gradient_descents():
    assert play.radius(37.9, 0.9) < 1 < play.radius(38.1, 0.9)
    assert play.radius(1.99, 0.0) < 1 < play.radius(2.01, 0.0)
    place = run(rules.rmsprop, ravine(10), steps=4000, lr=0.001, start=[0.0, 0.37]).theta[-2:, 1]
    assert sorted(place) == pytest.approx([-0.0005, 0.0005], rel=0.01)


def sides(rule, lr, curvature=10.0, steps=200):
    """How often a run along one curvature changes the side of the minimum, and the places where it was."""
    place, s, places = 1.0, State(), [1.0]
    for _ in range(steps):
        place, s = rule(place, curvature * place, s, lr=lr / curvature)
        places.append(place)
    return sum(a * b < 0 for a, b in pairwise(places)), np.array(places)


def test_oscillation_between_one_and_two_is_gradient_descents_and_momentum_swings_far_below():
    assert [sides(rules.sgd, lr, steps=20)[0] for lr in (0.05, 0.9, 1.1, 1.9)] == [0, 0, 20, 20]
    assert (np.diff(abs(sides(rules.sgd, 1.9)[1])) < 0).all()
    assert sides(rules.momentum, 0.05)[0] >= 3


def test_bandwidth_limits_a_large_step_and_not_one_of_many_small_tensors_in_the_record():
    rows = [bench.Row(**row) for row in recorded("bench_cuda.json")["rows"]]
    share = {(row.workload, row.engine): row.share for row in rows if row.seconds}
    assert share[bench.LAYERS, bench.FUSED] > 0.7
    assert share[bench.MANY, bench.LOOP] < 0.01
    assert share[bench.MANY, bench.FUSED] < 0.5


def test_momentum_nearly_cancels_what_changes_sign_at_every_step_and_not_what_does_so_rarely():
    def largest(period):
        s, sizes = State(), []
        for t in range(400):
            s = rules.momentum(0.0, (-1.0) ** (t // period), s, lr=0.1)[1]
            sizes.append(abs(s.m))
        return max(sizes[200:])

    assert largest(1) == pytest.approx(0.1 / 1.9)
    assert largest(20) > 0.75
    assert largest(1000) == pytest.approx(1)


def test_heavy_ball_reaches_the_places_of_the_average_only_at_a_constant_step_size():
    def ends(schedule):
        place, s, other, move = 1.0, State(), 1.0, 0.0
        for t in range(60):
            place, s = rules.momentum(place, place, s, lr=schedule(t))
            move = 0.9 * move - 0.1 * schedule(t) * other
            other += move
        return place, other

    same, apart = ends(lambda t: 0.5), ends(lambda t: 0.5 * (1 - t / 60))
    assert same[0] == pytest.approx(same[1])
    assert abs(apart[0] - apart[1]) > 0.05


def test_gradscaler_skips_a_step_with_infinite_gradients_and_makes_its_number_smaller():
    scaler, weight = torch.amp.GradScaler("cpu", init_scale=2.0**16), nn.Parameter(torch.ones(1))
    optimizer = optim.SGD([weight], lr=0.1)
    scaler.scale((weight * 3e38).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.item() == 1
    assert scaler.get_scale() == 2.0**15


def test_the_list_on_top_has_every_word_under_its_letter_in_order():
    text = (Path(__file__).parents[1] / "authoring/lessons/glossary.py").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^# \| \*\*([A-Z])\*\* \| (.+) \|$", text, flags=re.MULTILINE))
    listed = [word for row in rows.values() for word in re.findall(r"\[\[(.+?)\]\]", row)]
    assert listed == re.findall(r"^# ### (.+)$", text, flags=re.MULTILINE)
    assert all(word[0] == letter for letter, row in rows.items() for word in re.findall(r"\[\[(.+?)\]\]", row))


def test_an_entry_is_two_sentences_and_one_example():
    text = (Path(__file__).parents[1] / "authoring/lessons/glossary.py").read_text(encoding="utf-8")
    for entry in re.split(r"^# ### ", text, flags=re.MULTILINE)[1:]:
        word, said = entry.split("# *Example.*")[0].split("\n", 1)
        assert len([line for line in said.splitlines() if line.strip("# ")]) == 2, word
        assert entry.count("# *Example.*") == 1, word


def test_he_start_keeps_the_size_of_the_numbers_from_layer_to_layer_and_half_of_it_does_not():
    def sizes(share):
        rng, x, found = np.random.default_rng(0), np.random.default_rng(1).standard_normal((500, 256)), []
        for _ in range(8):
            x = np.maximum(x @ rng.normal(0, share * (2 / 256) ** 0.5, (256, 256)), 0)
            found.append(np.sqrt((x**2).mean()))
        return found

    assert max(sizes(1)) / min(sizes(1)) < 1.5
    assert sizes(0.5)[-1] < sizes(0.5)[0] / 50


def test_near_a_minimum_with_curvature_a_loss_without_kinks_is_nearly_its_quadratic():
    near = 0.05 * np.array([-1, 1])
    assert 1 - np.cos(near) == pytest.approx(near**2 / 2, rel=1e-3)
