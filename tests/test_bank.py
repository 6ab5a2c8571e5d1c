"""The bank: its reference answers pass, and what people write instead is called by its name."""
from __future__ import annotations

import ast
import json
import re

import build_bank
import numpy as np
import pytest
import source as lessons
from bank_judges import CASES, JUDGES, RIGHT, SLIPS

from lessonlib import State
from lessonlib.grading.folder import grade
from lessonlib.grading.strict import strictly


def code(*, solution):
    """The cells of the notebook that define or judge something."""
    cells = build_bank.notebook(solution=solution).cells
    return [cell.source for cell in cells if cell.cell_type == "code" and "importlib.util" not in cell.source]


def written(*, solution):
    """The names that the notebook's cells leave behind, and what its judges said, by name."""
    space, said = {}, {}
    for text in code(solution=solution):
        judged = re.fullmatch(r'JUDGES\["(\w+)"\]\(\1\)', text)
        if judged:
            said[judged[1]] = eval(text, space)
        else:
            exec(compile(text, "bank", "exec"), space)
    return space, said


def test_there_are_twelve_of_three_difficulties_each_with_its_minutes():
    prose = "\n\n".join(cell.source for cell in build_bank.notebook(solution=False).cells if cell.cell_type == "markdown")
    parts = re.split(r"^## .+$", prose, flags=re.MULTILINE)[1:]
    numbers = [re.findall(r"^### (\d+)\. .+ \(after lesson \d+, \d+ minutes\)$", part, flags=re.MULTILINE) for part in parts]
    assert numbers == [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10", "11", "12"]]


def test_every_reference_answer_passes_and_calls_nothing_of_a_library():
    space, said = written(solution=True)
    assert list(said) == list(RIGHT) == list(SLIPS) == list(JUDGES)
    assert all(verdict.passed for verdict in said.values()), said
    assert all(strictly(JUDGES[name], space[name]) for name in JUDGES)
    assert "Why it is so" in json.dumps(build_bank.notebook(solution=True))


def test_every_stub_is_not_written_yet_and_gives_nothing_away():
    _, said = written(solution=False)
    assert {verdict.headline for verdict in said.values()} == {"Not written yet."}
    assert "Why it is so" not in json.dumps(build_bank.notebook(solution=False))


@pytest.mark.parametrize(("name", "slip"), [(name, slip) for name, slips in SLIPS.items() for slip in slips], ids=lambda x: getattr(x, "name", x))
def test_a_slip_is_called_by_its_own_name_and_asked_about(name, slip):
    verdict = JUDGES[name](slip.gives)
    assert (verdict.passed, verdict.misconception, verdict.headline) == (False, slip.name, f"Not yet: {slip.name}")
    assert verdict.message.endswith("?")


# What a learner types, and not what the table holds: another form of the same slip.
TYPED = {
    "mean curvature": "def largest_step(curvatures):\n    return 2 * len(curvatures) / np.sum(curvatures)",
    "the other share": "def share_left(beta, steps):\n    left = 1.0\n    for _ in range(steps):\n        left = left * (1 - beta)\n    return left",
    "with correction": "def first_step(lr, beta1, beta2):\n    m_hat = (1 - beta1) / (1 - beta1)\n    return lr * m_hat / ((1 - beta2) / (1 - beta2)) ** 0.5",
    "step size forgotten": "def weight_left(lrs, decay):\n    w = 1\n    for lr in lrs:\n        w -= decay * w\n    return w",
    "average instead of sum": "def torch_momentum(theta, g, s, *, lr, beta1):\n    m = s.m + (1 - beta1) * (g - s.m)\n    return theta - lr * m, State(s.t + 1, m)",
    "each coordinate alone": "def clipped(g, limit):\n    return np.minimum(np.maximum(g, -limit), limit)",
    "first step at zero": "def lr_at(t, lr, warmup, steps):\n    if t > warmup:\n        return lr * np.cos(np.pi / 2 * (t - warmup) / (steps - warmup)) ** 2\n"
                          "    return lr / warmup * (t - 1)",
    "batches counted alike": "def combined(gradients, sizes):\n    return np.mean(gradients, axis=0)",
    "no root": "def adagrad(theta, g, s, *, lr, eps):\n    v = s.v + g * g\n    return theta - lr / (v + eps) * g, State(s.t + 1, s.m, v)",
    "c is stored": "def lion(theta, g, s, *, lr, beta1, beta2, weight_decay):\n    m = s.m * beta1 + g * (1 - beta1)\n"
                   "    theta = (1 - lr * weight_decay) * theta - lr * np.sign(m)\n    return theta, State(s.t + 1, m)",
    "u never shrinks": "def adamax(theta, g, s, *, lr, beta1, beta2, eps):\n    m = s.m + (1 - beta1) * (g - s.m)\n    u = np.where(abs(g) > s.v, abs(g), s.v)\n"
                       "    return theta - lr * m / (1 - beta1 ** (s.t + 1)) / (u + eps), State(s.t + 1, m, u)",
    "PyTorch's form": "def paper_adamw(theta, g, s, *, lr, schedule, beta1, beta2, eps, weight_decay):\n    lr = lr * schedule\n    t = s.t + 1\n"
                      "    m = beta1 * s.m + (1 - beta1) * g\n    v = beta2 * s.v + (1 - beta2) * g**2\n    theta = theta * (1 - lr * weight_decay)\n"
                      "    return theta - lr * m / (1 - beta1**t) / ((v / (1 - beta2**t))**0.5 + eps), State(t, m, v)"}


@pytest.mark.parametrize("slip", TYPED)
def test_what_a_learner_types_is_called_by_the_name_of_its_slip(slip):
    space = {"np": np, "State": State}
    exec(TYPED[slip], space)
    name = ast.parse(TYPED[slip]).body[0].name
    assert JUDGES[name](space[name]).headline == f"Not yet: {slip}"


def test_each_exercise_has_a_typed_slip():
    assert {ast.parse(text).body[0].name for text in TYPED.values()} == set(RIGHT)


@pytest.mark.parametrize(("attempt", "headline"), [
    (lambda g, limit: "5", "It returns something else."), (lambda g, limit: 5.0, "The answer has another shape."), (lambda g: g, "It takes other arguments."),
    (lambda g, limit: g / 2, "Not yet."), (lambda g, limit: 1 / 0, "It raised ZeroDivisionError."), (None, "Not written yet.")])
def test_what_is_no_slip_is_told_as_what_it_is(attempt, headline):
    verdict = JUDGES["clipped"](attempt)
    assert verdict.headline == headline
    assert verdict.misconception is None


def test_the_right_answers_agree_with_torch_where_torch_has_them():
    torch = pytest.importorskip("torch")
    g = np.array([3.0, -4.0, 0.5])
    for limit in (1.0, 100.0):
        theirs = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        theirs.grad = torch.tensor(g)
        torch.nn.utils.clip_grad_norm_([theirs], limit)
        np.testing.assert_allclose(RIGHT["clipped"](g, limit), theirs.grad.numpy(), rtol=1e-5)
    for name, optimizer, theirs_take, ours_take in [
            ("torch_momentum", "SGD", {"lr": 0.1, "momentum": 0.8}, {"lr": 0.1, "beta1": 0.8}),
            ("adagrad", "Adagrad", {"lr": 0.1, "eps": 1e-3}, {"lr": 0.1, "eps": 1e-3}),
            ("adamax", "Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-12}, {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 1e-12})]:
        weight = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
        stepping = getattr(torch.optim, optimizer)([weight], **theirs_take)
        theta, s = np.array([1.0, -2.0]), State(0, np.zeros(2), np.zeros(2))
        for gradient in ([1.0, -0.5], [0.1, 3.0], [-2.0, 0.2]):
            weight.grad = torch.tensor(gradient, dtype=torch.float64)
            stepping.step()
            theta, s = RIGHT[name](theta, np.array(gradient), s, **ours_take)
        np.testing.assert_allclose(theta, weight.detach().numpy(), rtol=1e-9, err_msg=name)


def test_a_class_s_files_are_marked_with_the_bank_s_judges(tmp_path):
    (tmp_path / "ann.py").write_text("def clipped(g, limit):\n    n = sum(x * x for x in g) ** 0.5\n    return g if n <= limit else g / n * limit\n", encoding="utf-8")
    told = grade(tmp_path, ["clipped", "lion"], build_bank.BANK / "bank_judges.py")
    assert told["files"][0]["verdicts"][0]["passed"]
    assert told["summary"]["lion"]["missing"] == 1


def test_no_lesson_asks_for_any_of_them_or_imports_their_judges():
    text = "".join(path.read_text(encoding="utf-8") for path in lessons.sources())
    assert "bank_judges" not in text
    assert not [name for name in RIGHT if re.search(rf"def {name}\(", text)]
    assert set(CASES) < set(RIGHT)
