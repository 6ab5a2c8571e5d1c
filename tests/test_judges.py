"""The judges of the lessons: no answer, a wrong kind, every known wrong answer and the right one are told apart in one voice."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lessonlib import rules
from lessonlib.lessons.answers import judge_slips
from lessonlib.lessons.lesson00.judges import LRS, judge_border, judge_runs
from lessonlib.lessons.lesson07.judges import judge_lr
from lessonlib.lessons.lesson08.judges import judge_angle
from lessonlib.lessons.lesson08.judges import judge_eps as judge_eps_8
from lessonlib.lessons.lesson09.judges import judge_eps as judge_eps_9
from lessonlib.lessons.lesson10.judges import judge_groups, judge_resume
from lessonlib.lessons.lesson10.judges_deeper import judge_edge, judge_lost_count, judge_stronger
from lessonlib.lessons.lesson11.judges import judge_cards, judge_floor
from lessonlib.problems import ravine
from lessonlib.runner import run

torch = pytest.importorskip("torch")
# An exception that ends an attempt from outside may land in a callback of the garbage collector; Python reports it there and goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
KINDS = ("12", True, [0.1], {}, float("nan"), float("inf"), abs, 1j)

NUMBERS = {  # judge: (what its number is called, wrong answers, right answers)
    judge_border: ("a step size", [(0.04, "Too low."), (0.049, "Too low."), (1 / 40, "There one step across arrives."), (2 / 3, "That is the border along the valley."), (2 / 43, "That mixes both curvatures."), (2 / 21.5, "That mixes both curvatures."), (40, "That is the curvature across."), (20, "It is upside down."), (80, "Twice the curvature."), (0.051, "Too high."), (0.06, "Too high."), (-1, "Not a step size."),
                                   (0, "Not a step size.")], [2 / 40, 0.0502, np.float32(0.05)]),
    judge_lr: ("a step size", [(0.1, "The step has changed."), (1.0, "Too long."), (0.001, "Too short."), (-1, "Not a step size."), (0, "Not a step size.")], [0.01, 1e-2]),
    judge_angle: ("a whole number of degrees", [(5, "RMSprop's marker."), (4, "Too small."), (20, "Too large."), (12.5, "Not a whole number of degrees."), (0, "Outside of 1 to 45."),
                                                (91, "Outside of 1 to 45."), (-9, "Outside of 1 to 45.")], [10, 10.0]),
    judge_eps_8: ("an epsilon", [(1e-8, "Too large."), (1e-15, "Too large."), (1e-17, "Smaller than it needs to be."), (3e-16, "Not a power of ten."), (0, "Not an epsilon.")],
                  [1e-16]),
    judge_eps_9: ("an epsilon", [(1e-8, "Too small."), (0.01, "Too small."), (1.0, "It works, and a smaller one does too."), (1e6, "Not trained."), (0.2, "Not a power of ten."),
                                 (-1, "Not an epsilon.")], [0.1]),
}
ROWS = [(judge, guess, said) for judge, (what, wrong, right) in NUMBERS.items()
        for guess, said in [(None, "Not answered yet."), *((k, f"Not {what}.") for k in KINDS), *wrong, *((r, "Correct.") for r in right)]]


def told(verdict, said):
    assert verdict.headline == said
    assert bool(verdict) == (said in ("Correct.", "It understands."))
    assert verdict or verdict.message.endswith("?") or said == "Not written yet.", verdict.message


@pytest.mark.parametrize(("judge", "guess", "said"), ROWS, ids=[f"{j.__module__[-15:-7]}.{j.__name__}-{g!r:.20}" for j, g, _ in ROWS])
def test_a_number_is_judged(judge, guess, said):
    told(judge(guess), said)


WALKS = {"steps": 500, "record": "loss", "lr": LRS[:, None]}
RUNS = [({}, "Correct."), ({"steps": 50}, "Another number of steps."), ({"record": "last"}, "Only the last loss is there."),
        ({"record": "path"}, "Correct."), ({"lr": 0.02}, "Not one walk for each step size."),
        ({"lr": LRS[:9, None]}, "Not one walk for each step size."), ({"lr": LRS[::-1, None]}, "Another order."), ({"problem": ravine(10)}, "Another valley."),
        ({"rule": rules.momentum}, "Another rule or other step sizes."), ({"lr": 2 * LRS[:, None]}, "Another rule or other step sizes.")]


@pytest.mark.parametrize(("changed", "said"), RUNS)
def test_many_walks_are_judged_by_what_is_in_them(changed, said):
    call = {"rule": rules.sgd, "problem": ravine(50)} | WALKS | changed
    told(judge_runs(run(call.pop("rule"), call.pop("problem"), **call)), said)


@pytest.mark.parametrize("guess", [*KINDS, rules.sgd, np.ones(501)])
def test_what_is_no_run_is_told_so(guess):
    told(judge_runs(guess), "Not what `run` returns.")
    told(judge_runs(None), "Not answered yet.")


PATHS = {"right": -np.ones((5, 2)), "left": np.ones((5, 2)), "up": np.tri(5, 2)}
SHOWN = {"A": "left", "B": "up"}
SLIPS = [({"A": None, "B": None}, "Not answered yet."), ({"A": "left", "B": "up"}, "Correct."), ({"A": "left", "B": None}, "1 of 2."), ({"A": "up", "B": "left"}, "0 of 2."),
         ({"A": "down", "B": 3}, "0 of 2."), (None, "Not a guess for each."), ("left", "Not a guess for each."), ({"A": "left"}, "Not a guess for each."), ({"A": ["left"], "B": "up"}, "1 of 2."),
         ({"A": " Left", "B": "UP "}, "Correct."), ({"A": ..., "B": None}, "Not answered yet.")]


@pytest.mark.parametrize(("guess", "said"), SLIPS)
def test_names_of_slips_are_judged_letter_by_letter(guess, said):
    told(judge_slips(guess, SHOWN, list(PATHS), PATHS.get), said)


def test_what_a_wrong_name_does_is_said():
    near, far, across = (judge_slips(guess, SHOWN, list(PATHS), PATHS.get).message for guess in
                         ({"A": "up", "B": "up"}, {"A": "left", "B": "left"}, {"A": "right", "B": "up"}))
    assert "A is not 'up'. With it the steep direction would be nearer to the minimum after step 0. B is 'up'." in near
    assert "B is not 'left'. With it the steep direction would be further from the minimum after step 0." in far
    assert "A is not 'right'. With it the flat direction would be on the other side of the minimum after step 0." in across


@pytest.mark.parametrize(("guess", "question"), [
    ({"A": "up", "B": None}, "B: not answered yet. Which name from the list would fit the black lines?"),
    ({"A": "left", "B": None}, "B: not answered yet. Which name from the list fits the path of B?"),
    ({"A": "left", "B": "upp"}, "B: not a name from the list. Which name from the list fits the path of B?"),
    ({"A": "lef", "B": 3}, "B: not a name from the list. Which name from the list fits the path of A, and of B?")])
def test_the_question_fits_what_is_open(guess, question):
    assert judge_slips(guess, SHOWN, list(PATHS), PATHS.get).message.endswith(question)


def endless(*arguments):
    while True:
        pass


FUNCTIONS = [
    (judge_floor, lambda rule, n, b: {"sgd": 12, "momentum": 20, "adamw": 28}[rule] * n / b, "Correct."), (judge_floor, lambda rule, n, b: None, "Not written yet."),
    (judge_floor, ..., "Not written yet."), (judge_floor, 28, "Not a function."), (judge_floor, lambda rule, n, b: {}[rule], "It raised KeyError."),
    (judge_floor, lambda rule, n, b: {"sgd": 12, "momentum": 20, "adamw": 24}[rule] * n / b, "Not the floor of adamw."),
    (judge_floor, lambda rule, n, b: {"sgd": 12, "momentum": 20, "adamw": 28}[rule], "Not the floor of sgd."),
    (judge_floor, lambda rule, n, b: [1], "Not a time in seconds."), (judge_floor, lambda rule, n, b: float("nan"), "Not a time in seconds."),
    (judge_cards, {"stage 3": 8, "stage 1": "never"}, "Correct."), (judge_cards, {"stage 3": None, "stage 1": None}, "Not answered yet."),
    (judge_cards, {"stage 3": 8, "stage 1": None}, "Not answered yet."), (judge_cards, {"stage 3": 4, "stage 1": "never"}, "Stage 3: too much."),
    (judge_cards, {"stage 3": 16, "stage 1": "never"}, "Stage 3: half as many would do."), (judge_cards, {"stage 3": 6, "stage 1": "never"}, "Stage 3: another number was asked for."),
    (judge_cards, {"stage 3": "never", "stage 1": "never"}, "Stage 3: not never."), (judge_cards, {"stage 3": 8, "stage 1": 1024}, "Stage 1: too much."),
    *((judge_cards, {"stage 3": k, "stage 1": "never"}, 'Not a number of cards, or "never".') for k in (*KINDS, 0, 7.5)),
    *((judge_cards, k, "Not an answer for each stage.") for k in (None, 8, [8, "never"], {"stage 3": 8})),
]


@pytest.mark.parametrize(("judge", "answer", "said"), FUNCTIONS)
def test_an_answer_in_code_is_judged(judge, answer, said):
    told(judge(answer), said)


def grows(decay):
    """A network that understands by step 60 above a decay of 1.5, and learns nothing above 5."""
    share = np.array([0.0, 0.5, 1.0])[:, None]
    learned = share * (0.2 if decay > 5 else 1)
    return SimpleNamespace(steps=np.array([0, 30, 60]), train_accuracy=learned, test_accuracy=learned * (1 if decay > 1.5 else 0.4))


def test_a_stronger_decay_whose_memory_is_shorter_than_learning_is_asked_about_that():
    slow = SimpleNamespace(steps=np.array([0, 60]), train_accuracy=np.array([[0.0], [1.0]]), test_accuracy=np.array([[0.0], [0.88]]))
    assert "as long as the steps that learning takes?" in judge_stronger(5, lambda decay: slow, lr=0.01, first=160).message
    assert "shorter or longer?" in judge_stronger(1.5, lambda decay: slow, lr=0.01, first=160).message


@pytest.mark.parametrize(("decay", "said", "word"), [
    (2, "It understands.", "the memory is 50 steps. 95 % of the unseen pairs are right by step 60, and with a decay of 1 by step 160."),
    (1.2, "Not by step 60.", "40% of the unseen ones are right. Should the memory be shorter or longer?"), (1.5, "Not by step 60.", "Should the memory be shorter"), (10, "Too strong.", "the memory is 10 steps. At step 60 20% of the training pairs"),
    (1, "The memory is no shorter.", "With 1 it took 160 steps."), (0.1, "The memory is no shorter.", "is 1,000 steps"), (None, "Not answered yet.", ""), (0, "Not a decay.", ""), ("2", "Not a decay.", ""), ([1], "Not a decay.", "")])
def test_a_stronger_decay_is_judged(decay, said, word):
    verdict = judge_stronger(decay, grows, lr=0.01, first=160)
    told(verdict, said)
    assert word in verdict.message


@pytest.mark.parametrize(("guess", "said"), [
    (1 / 0.3, "Correct."), (3.3, "Correct."), (0.3, "That is the weight."), (2 / 0.3, "A factor of two."), (0.5 / 0.3, "A factor of two."),
    (10, "The box is too small."), (3.4, "The box is too small."), (0.1, "There is room to spare."), (3, "There is room to spare."), (None, "Not answered yet."), (0, "Not a decay.")])
def test_the_edge_of_the_box_is_judged(guess, said):
    told(judge_edge(guess, size=0.3), said)


@pytest.mark.parametrize(("guess", "said"), [
    (10 / 20**0.5, "Correct."), (2.2, "Correct."), (0.316, "That is with a beta2 of 0.999."), (10, "That is m alone."), (4.47, "That is the root of v_hat alone."), (20, "That is v_hat alone."), (0.447, "It is upside down."),
    (0.5, "The root is missing."), (44.7, "You multiplied."), (1, "That is no change."), (0.1, "The other way."), (3, "Not 3."), (None, "Not answered yet."), (-1, "Not a factor.")])
def test_a_lost_step_count_is_judged(guess, said):
    told(judge_lost_count(guess, beta1=0.9, beta2=0.95), said)


def begin():
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2).double()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + t))
    return SimpleNamespace(model=model, optimizer=optimizer, schedule=schedule, batches=torch.Generator().manual_seed(0))


def go_on(run, steps):
    losses = []
    for _ in range(steps):
        run.optimizer.zero_grad()
        loss = run.model(torch.rand(4, 3, generator=run.batches, dtype=torch.float64)).square().sum()
        loss.backward()
        run.optimizer.step()
        run.schedule.step()
        losses.append(loss.item())
    return losses


def saver(*names):
    def save(run):
        return {n: getattr(run, n).get_state() if n == "batches" else getattr(run, n).state_dict() for n in names}

    def load(run, saved):
        for n in names:
            (run.batches.set_state if n == "batches" else getattr(run, n).load_state_dict)(saved[n])
    return save, load


ALL = ("model", "optimizer", "schedule", "batches")
RESUMES = [
    (saver(*ALL), "Correct."), (saver("model"), "Not restored: the state of the optimizer."), (saver("model", "optimizer", "schedule"), "Not restored: the generator of the batches."),
    (saver("model", "optimizer", "batches"), "Not restored: the schedule."), (saver("optimizer", "schedule", "batches"), "Not restored: the weights."),
    ((lambda run: None, saver("model")[1]), "Not written yet."), ((None, None), "Not written yet."), ((saver(*ALL)[0], "12"), "Not a function."),
    ((lambda run: {"f": lambda: 1}, saver("model")[1]), "It does not go through a file."), ((lambda: {}, saver("model")[1]), "It takes other arguments."),
    ((lambda run: run.nothing, saver("model")[1]), "It raised AttributeError."), ((lambda run: {}, saver("model")[1]), "It raised KeyError."),
    ((saver(*ALL)[0], lambda run: 1), "It takes other arguments."), ((endless, saver("model")[1]), "It does not come back.")]


@pytest.mark.parametrize(("both", "said"), RESUMES)
def test_a_restart_is_judged(both, said):
    told(judge_resume(*both, begin, go_on, steps=5), said)


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
    (lambda m: m.parameters(), "Not param groups."), (lambda m: "12", "Not param groups."), (lambda m: 3, "Not param groups."),
    (lambda m: {"params": list(m.parameters()), "weight_decay": 0.1}, "Not param groups."), (lambda m: [1, 2], "Not param groups."),
    (lambda m: tuple(by_axes(m)), "Correct."), (lambda m: iter(by_axes(m)), "Correct."),
    (lambda m: [g | {"params": torch.nn.ParameterList(g["params"])} for g in by_axes(m)], "Correct."),
    (lambda m: [g | {"params": dict(enumerate(g["params"])).values()} for g in by_axes(m)], "Correct."),
    (lambda m: [{"params": p, "weight_decay": 0.1 if p.ndim >= 2 else 0} for p in m.parameters()], "Correct."),
    *((lambda m, d=d: by_axes(m, decay=d), "An impossible decay.") for d in ("0.1", float("nan"), -0.1, None, float("inf"), True, [0.1])),
    (lambda m: [g | {"params": set(g["params"])} for g in by_axes(m)], "A set of parameters."),
    *((lambda m, p=p: [{"params": p, "weight_decay": 0.1}], "Not a list of parameters.") for p in (3, None, "ab", [None], {"a": 1}, [[1]])),
    (lambda m: [{"params": m, "weight_decay": 0.1}], "Not a list of parameters."),
    (lambda m: [{"params": m.parameters(), "weight_decay": 0.1}], "Not a list of parameters."),
    (lambda m: by_axes(m, drop="3.weight"), "A parameter is missing.\n`3.weight`"),
    (lambda m: [*by_axes(m), {"params": [m[2].weight], "weight_decay": 0.0}], "A parameter is there twice.\n`2.weight`"),
    (lambda m: by_axes(m, keep=lambda n, p: "bias" not in n), "Decayed, and should not be.\n`1.norm1.weight`"),
    (lambda m: by_axes(m, keep=lambda n, p: p.ndim >= 2 and n != "1.linear1.weight"), "Not decayed, and should be.\n`1.linear1.weight`"),
    (lambda m: [*by_axes(m), {"params": [small_transformer()[3].weight], "weight_decay": 0.1}], "A stranger."),
]




@pytest.mark.parametrize(("make", "said"), GROUPS)
@pytest.mark.parametrize("by", ["groups", "function"])
def test_param_groups_are_told_which_parameter_is_in_the_wrong_place(make, said, by):
    model = small_transformer()
    verdict = judge_groups(make if by == "function" else make(model), model)
    assert verdict.message.startswith(said)
    assert bool(verdict) == (said == "Correct.")
    assert verdict or verdict.message.endswith("?") or said == "Not written yet."


class OwnNorm(torch.nn.Module):
    """A norm that torch does not know: its scale may be in either group."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))


class Shifted(torch.nn.Module):
    """A bias of two axes, and a table that is called like an embedding and is none."""

    def __init__(self):
        super().__init__()
        self.bias, self.pos_bias = torch.nn.Parameter(torch.zeros(3, 3)), torch.nn.Parameter(torch.zeros(3, 3))


class Embedding(torch.nn.Linear):
    """Not torch's."""


class OwnEmbedding(torch.nn.Embedding):
    """Torch's, by another name."""


KINDS_OF_MODULES = [  # a module, the decays of its parameters, and what is said of them
    (lambda: torch.nn.LayerNorm((4, 8)), 0.1, "Decayed, and should not be."), (lambda: torch.nn.LayerNorm((4, 8)), 0.0, "Correct."),
    (lambda: torch.nn.BatchNorm2d(4), 0.1, "Decayed, and should not be."), (lambda: torch.nn.RMSNorm(4), 0.1, "Decayed, and should not be."),
    (lambda: torch.nn.GroupNorm(2, 4), 0.1, "Decayed, and should not be."), (Shifted, 0.1, "Decayed, and should not be."), (Shifted, 0.0, "Correct."),
    (lambda: Embedding(3, 3, bias=False), 0.0, "Not decayed, and should be."), (lambda: OwnEmbedding(3, 3), 0.0, "Correct."), (lambda: OwnEmbedding(3, 3), 0.1, "Correct."),
    (OwnNorm, 0.0, "Correct."), (OwnNorm, 0.1, "Correct."), (lambda: torch.nn.EmbeddingBag(3, 3), 0.0, "Correct."),
    (lambda: torch.nn.Conv2d(3, 3, 1, bias=False), 0.0, "Not decayed, and should be."), (lambda: torch.nn.LSTM(3, 3), 0.1, "Decayed, and should not be."),
]


@pytest.mark.parametrize(("make", "decay", "said"), KINDS_OF_MODULES)
def test_what_a_module_is_decides_and_not_its_shape_or_its_name(make, decay, said):
    module = make()
    told(judge_groups([{"params": list(module.parameters()), "weight_decay": decay}], module), said)
