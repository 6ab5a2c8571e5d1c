"""The training of lesson 10: what a restart must hand on, the cells of the notebook beside the module, and the judges that run it."""
from __future__ import annotations

import math
from copy import deepcopy
from functools import cache, partial
from math import prod
from types import SimpleNamespace

import jupytext
import numpy as np
import pytest
import source as lessons

torch = pytest.importorskip("torch")

from lessonlib import adam_l2, adamw  # noqa: E402 - torch is looked for first
from lessonlib.lessons.lesson10 import opening, training  # noqa: E402
from lessonlib.lessons.lesson10.judges import gives_groups, gives_numbers, judge_bugs, judge_groups, judge_resume, judge_setting  # noqa: E402
from lessonlib.lessons.lesson10.practice import BUGS  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_restart_that_hands_on_everything_is_the_run_that_was_not_interrupted():
    run = training.begin()
    before, after, resumed = training.restarted(training.PIECES, at=15, steps=15)
    assert training.go_on(run, 30)[14:] == [before, *after]
    assert all(torch.equal(p, q) for p, q in zip(run.model.parameters(), resumed.model.parameters(), strict=True))
    assert training.go_on(training.begin(), 30, [14, 29]) == [before, after[-1]]  # to look at fewer losses changes none
    with pytest.raises(ValueError, match=r"pieces=\['scaler'\]: some of weights"):
        training.restarted(["scaler"])


@cache
def forgotten():
    """The runs of the lesson's picture, trained once for all tests."""
    return training.forgotten()


def test_forgetting_m_v_and_t_makes_every_weight_take_a_full_step_and_lifts_the_loss():
    found = forgotten()
    assert found.first_step == pytest.approx(1, abs=0.01)
    assert found.lengths[0] == pytest.approx(1 / 7, abs=0.03)  # "a seventh of the step size"
    assert np.median(found.rises) == pytest.approx(1.25, abs=0.03)
    assert 1.0 < found.rises.min() < 1.2
    assert 1.45 < found.rises.max() < 1.7
    assert found.after[:, 40] == pytest.approx(found.whole[:, 140], rel=0.12)
    assert np.median(found.after[:, 40:] / found.whole[:, 140:], axis=0).max() < 1.05  # about 40 steps later it is back
    assert np.median(found.after[:, 10] / found.whole[:, 110]) > 1.08
    assert (found.after[:, -1] != found.whole[:, -1]).all()
    more = np.median(found.after / found.whole[:, 100:], axis=0) - 1
    assert (int(more.argmax()), more.max()) == (1, pytest.approx(0.28, abs=0.02))  # "more than a quarter", at the second step


def test_the_first_handful_of_steps_lift_the_loss_and_only_at_a_large_step_size():
    grows = dict(training.rises())
    assert np.median([training.rise(seed) for seed in range(training.SEEDS)]) == pytest.approx(1.25, abs=0.05)
    assert grows["its first step alone cut to a seventh"] > 0.1
    assert grows["a new warm-up of 20 steps"] < 0.03
    assert training.rise(shortened=[1 / 7] * 5) < 1.1
    assert grows["all ten steps cut to a seventh"] < 0
    assert training.restarted([p for p in training.PIECES if p not in ("m, v", "t")])[1][0] != training.restarted(training.PIECES)[1][0]


def test_the_steps_after_the_first_one_are_too_long_as_well():
    """As the lesson's table shows; what cutting the first alone does is tested above."""
    whole, after = forgotten().lengths
    assert (after[1:] > 2.5 * whole[1:]).all()
    assert after[1:] == pytest.approx([0.64, 0.45, 0.40, 0.38], abs=0.04)
    shown = str(training.next_steps(forgotten())).splitlines()
    assert [line.split()[0] for line in shown[2:]] == ["101", "102", "103", "104", "105"]


def test_to_lose_v_alone_is_far_worse_than_to_lose_m_with_it():
    def grows(lost, seed):
        run = training.begin(seed)
        before = training.go_on(run, 100, [99])[0]
        for kept in run.optimizer.state.values():
            for name in lost:
                kept[name].zero_()
        return max(training.go_on(run, 10)) / before - 1

    alone, both = (np.median([grows(lost, seed) for seed in range(training.SEEDS)]) for lost in (["exp_avg_sq"], ["exp_avg", "exp_avg_sq"]))
    assert alone > 30
    assert both == pytest.approx(0.1, abs=0.04)


def test_the_first_step_is_not_quite_one_because_of_the_decay():
    def undecayed(seed):
        run = training.begin(seed)
        for group in run.optimizer.param_groups:
            group["weight_decay"] = 0.0
        return run

    assert forgotten().first_step < 0.997
    assert training.forgotten(undecayed, seeds=3).first_step == pytest.approx(1, abs=1e-4)


def test_warm_up_and_cosine_have_a_little_less_than_half_the_mean_step_and_the_mean_tells_what_is_left():
    mean = training.mean_factor(2000)
    assert 0.44 < mean < 0.5
    in_turn = [(t + 1) / 200 if t < 200 else 0.5 * (1 + math.cos(math.pi * (t - 200) / 1800)) for t in range(2000)]
    assert sum(in_turn) / 2000 == pytest.approx(0.5, abs=0.001)
    assert max(training.factor(t) for t in range(200)) == pytest.approx(0.978, abs=0.001)
    left = prod(1 - 5 / 2000 * training.factor(t, 2000, 200) for t in range(2000))
    assert left == pytest.approx((1 - 5 * mean / 2000) ** 2000, rel=0.02)


def test_the_run_of_part_4_reads_as_many_digits_without_its_decay():
    """Its training loss does tell: the decay keeps it from the bottom."""
    d, found = training.digits(), {}
    new, wanted = torch.tensor(d.test_x, dtype=torch.float64), torch.tensor(d.test_y)
    for decay in (0.0, 0.1, 0.55):
        reads, losses = [], []
        for seed in range(3):
            run = training.begin(seed)
            run.optimizer.param_groups[0]["weight_decay"] = decay
            losses.append(training.go_on(run, 200)[-1])
            with torch.no_grad():
                reads.append((run.model(new).argmax(-1) == wanted).double().mean().item())
        found[decay] = sum(reads) / 3, sum(losses) / 3
    assert abs(found[0.0][0] - found[0.1][0]) < 0.003
    assert all(0.003 < found[decay][0] - found[0.55][0] < 0.009 for decay in (0.0, 0.1))  # the lesson's own start reads fewer
    assert found[0.0][1] < found[0.1][1]


def cells():
    """The cells of Part 4 that define things, run: what they define."""
    space: dict[str, object] = {}
    code = [c.source for c in jupytext.read(lessons.LESSONS / "10_adamw.py").cells if c.cell_type == "code" and "stub" not in c.metadata.get("tags", [])]
    first = next(i for i, source in enumerate(code) if "def factor" in source)
    for source in code[first:first + 3]:
        exec(source, space)
    return space


def test_the_cells_of_the_notebook_train_as_the_module_does():
    space = cells()
    assert space["go_on"](space["begin"](), 12) == training.go_on(training.begin(), 12)
    assert [space["factor"](t) for t in range(200)] == [training.factor(t) for t in range(200)]


def saver(pieces):
    """A save and a load of these pieces; a piece that is no string is put into the checkpoint as pieces(run) gives it."""
    def save(run):
        return pieces(run)

    def load(run, saved):
        run.model.load_state_dict(saved["model"])
    return save, load


@pytest.mark.parametrize(("pieces", "headline", "word"), [
    (lambda run: {"model": run.model}, "A whole object in the checkpoint.", "`model`"),
    (lambda run: {"model": run.model.state_dict(), "optimizer": run.optimizer}, "A whole object in the checkpoint.", "AdamW"),
    (lambda run: {"all": [run.model.state_dict(), run.schedule]}, "A whole object in the checkpoint.", "LambdaLR"),
    (lambda run: {"batches": run.batches}, "A whole object in the checkpoint.", "get_state()"),
    (lambda run: run, "The whole run in the checkpoint.", "four objects"), (lambda run: {"run": run}, "The whole run in the checkpoint.", "torch.load"), (lambda run: [run.model.state_dict()], "Not a dict.", "list"),
    (lambda run: {"model": run.model.state_dict()}, "Not restored: the state of the optimizer.", "next step")])
def test_a_checkpoint_that_holds_whole_objects_is_told(pieces, headline, word):
    verdict = judge_resume(*saver(pieces), training.begin, training.go_on, steps=4)
    assert (verdict.headline, bool(verdict)) == (headline, False)
    assert word in verdict.message
    assert verdict.message.endswith("?")


def everything(run):
    return {"model": run.model.state_dict(), "optimizer": run.optimizer.state_dict(), "schedule": run.schedule.state_dict(),
            "batches": run.batches.get_state()}


def test_a_load_that_forgets_the_schedule_or_replaces_the_generator_is_told():
    def no_schedule(run, saved):
        run.model.load_state_dict(saved["model"])
        run.optimizer.load_state_dict(saved["optimizer"])
        run.batches.set_state(saved["batches"])

    def replaces(run, saved):
        run.batches = saved["batches"]

    told = judge_resume(everything, no_schedule, training.begin, training.go_on, steps=4).message
    assert told.startswith("Not restored: the schedule.\nThe step size came back with the optimizer, so it is right now.")
    told = judge_resume(everything, replaces, training.begin, training.go_on, steps=4).message
    assert told.startswith("It replaces the batches.\nAfter your load `run.batches` is a Tensor.")
    assert told.endswith("?")


def test_a_seed_in_the_place_of_the_generator_is_told_that_it_has_no_place():
    def reseeds(run, saved):
        for name in ("model", "optimizer", "schedule"):
            getattr(run, name).load_state_dict(saved[name])
        run.batches.manual_seed(0)

    told = judge_resume(everything, reseeds, training.begin, training.go_on, steps=4).message
    assert told.startswith("Not restored: the generator of the batches.")
    assert "A seed brings back its start and not its place." in told


def test_each_piece_that_is_not_restored_gets_a_question_of_its_own():
    def forgets(name):
        def load(run, saved):
            for piece in ("model", "optimizer", "schedule"):
                if piece != name:
                    getattr(run, piece).load_state_dict(saved[piece])
            run.batches.set_state(saved["batches"])
        return judge_resume(everything, load, training.begin, training.go_on, steps=4).message

    assert forgets("model").endswith("Which method of run.model takes up what its state_dict() gave?")
    assert forgets("optimizer").endswith("Your save returned it, and after your load it is not there. Which method of run.optimizer takes it up?")


def test_a_generator_that_is_asked_for_a_state_dict_is_told_that_it_has_none():
    save, load = saver(lambda run: {"batches": run.batches.state_dict()})
    verdict = judge_resume(save, load, training.begin, training.go_on, steps=2)
    assert verdict.headline == "A generator has no state_dict."
    assert verdict.message.endswith("?")


def test_what_torch_says_comes_without_colours_and_in_whole_words():
    told = judge_resume(lambda run: {"f": training.PIECES.index, "m": training.Forgotten}, lambda run, saved: None, training.begin, training.go_on, steps=1).message
    assert told.startswith("It does not go through a file.\ntorch says: ")
    assert "\x1b" not in told


def test_the_judge_leaves_torchs_threads_as_they_were():
    torch.set_num_threads(2)
    judge_resume(*saver(lambda run: {"model": run.model}), training.begin, training.go_on, steps=2)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("guess", "headline"), [
    (0.1481, "Correct."), (0.15, "Correct."), (1 / 15, "That is with the peak."), (0.067, "That is with the peak."), (50_000, "That is the memory itself."), (2e-5, "That is the share of each step."), (0.7407, "The memory is too short."), (1.48, "Ten times too large."), (0.0148, "Ten times too small."), (0.015, "Ten times too small."), (0.1, "Near, but not what the rule gives."), (0.22, "Near, but not what the rule gives."), (0.11, "Correct."), (0.2, "Correct."),
    *((guess, "Not the start, but the next one to try.") for guess in (0.05, 0.44)), (0.3, "The memory is too short."), (0.329, "The mean is in it twice."), (0.33, "The mean is in it twice."), (0.04, "The memory is too long."), (0.5, "The memory is too short."), (0.01, "The memory is too long."), (1, "That is only the limit."), (6.75, "It is upside down."), (15, "It is upside down."), (1 / (0.45 * 50_000), "The peak is not in it."), (3.0, "The memory is too short."), (None, "Not answered yet."), ("0.33", "Not a decay."), (0, "Not a decay."),
    ([0.3], "Not a decay."), (True, "Not a decay.")])
def test_a_decay_is_judged_by_its_memory(guess, headline):
    verdict = judge_setting(guess, peak=0.0003, mean=0.45, steps=50_000)
    assert (verdict.headline, bool(verdict)) == (headline, headline == "Correct.")
    assert verdict or verdict.message.endswith("?")
    assert ("as far as 1 / weight_decay from zero, here" in verdict.message) == bool(verdict)
    assert ("1 at most" in verdict.message) == (guess == 3.0)


def test_bugs_and_groups_have_their_right_answers():
    assert judge_bugs(dict(BUGS))
    told = judge_bugs(dict(BUGS) | {"A": "no decay"})
    assert told.headline == "2 of 3."
    assert "A: with no decay more would be left at both ends than in the picture." in told.message
    told = judge_bugs(dict(BUGS) | {"A": BUGS["C"], "C": BUGS["A"]}).message
    assert "A: with decay taken twice less would be left at both ends than in the picture." in told
    assert not any(given in told for given in ("0.6", "0.14", f"A is '{BUGS['A']}'"))
    told = judge_bugs(dict(BUGS) | {"B": "half of the decay"}).message
    assert "B: with half of the decay the left end would be higher and the right end lower, beside those of the picture." in told
    told = judge_bugs(dict(BUGS) | {"B": "decay not multiplied by lr"}).message
    assert "B: with decay not multiplied by lr nothing would be left of any weight." in told
    assert judge_bugs(dict.fromkeys(BUGS)).headline == "Not answered yet."
    assert judge_bugs({"A": "no decay"}).headline == judge_bugs(3).headline == "Not a guess for each."
    assert judge_bugs(dict(BUGS) | {"B": None}).message.endswith("fits panel B?")
    model = training.small_transformer()
    assert judge_groups(training.groups, model)
    assert judge_groups([training.groups(model, 0.01)[0], training.groups(model)[1]], model).headline == "Another decay."
    silent = [training.groups(model)[0], {"params": training.groups(model)[1]["params"]}]
    told = judge_groups(silent, model).message
    assert "takes AdamW's default of 0.01" in told
    assert told.endswith("Which weight_decay must the dict of `block.self_attn.in_proj_bias` say?")
    assert isinstance(training.begin(), SimpleNamespace)


def test_a_bias_is_not_asked_for_its_scale_and_the_model_is_called_by_its_name():
    model = training.small_transformer()
    everything = [{"params": list(model.parameters()), "weight_decay": 0.1}]
    told = judge_groups(everything, model).message
    assert "in_proj_bias" in told
    assert "scale" not in told
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    rest = [p for name, p in model.named_parameters() if not name.endswith("bias")]
    told = judge_groups([{"params": rest, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}], model).message
    assert "norm1.weight" in told
    assert "its scale is pulled towards 0" in told
    assert "Called with the model, it returns nothing." in judge_groups(lambda model: None, model).message


def test_groups_of_a_model_that_is_not_the_argument_are_refused_at_once():
    model = training.small_transformer()
    told = judge_groups(lambda given: training.groups(model), model)
    assert (told.headline, bool(told)) == ("Of another model.", False)
    assert told.message.endswith("?")
    assert judge_groups(lambda given: training.groups(given), model)


def test_the_mean_step_and_the_decay_that_the_lesson_types():
    """Peak 0.0003 and 50,000 steps ask for 0.15; Part 4's memory is longer than its run; fine-tuning takes a tenth at ten runs."""
    assert training.mean_factor(50_000) == pytest.approx(0.45, abs=0.001)
    assert training.decay_for(1, 3e-4, 50_000) == pytest.approx(0.1481, rel=0.005)
    assert training.decay_for(1, 0.02, 200) == pytest.approx(0.55, abs=0.01)
    assert training.decay_for(1, 0.02, 200) > 5 * 0.1
    assert 0.09 < 1 - (1 - 1 / 30_000) ** 3000 < 0.1
    steps, mean = 2e12 / 4e6, 3e-4 * (1 + 0.1) / 2  # Llama 2 of 7 billion: tokens, a batch, a cosine from its peak to a tenth of it
    assert 1 / (mean * 0.1) / steps == pytest.approx(1 / 8, abs=0.01)  # "an eighth of the run"


def test_which_form_is_ahead_depends_on_the_starts_and_by_less_than_a_point():
    from lessonlib.lessons.lesson10 import gains

    assert gains.lead(range(4))[0] == pytest.approx(-0.85, abs=0.21)
    mean, error = gains.lead(range(4, 36))  # the text has 128 of them
    assert 2 * error < mean < 1


def test_a_wrong_bug_is_asked_about_and_the_right_ones_come_first():
    told = judge_bugs(dict(BUGS) | {"A": "no decay"}).message
    assert told.index("C is 'decay taken twice'.") < told.index("A: with no decay")
    assert told.endswith("Is the line of panel A level, and what should be left of it after 2,000 steps?")
    told = judge_bugs(dict(BUGS) | {"A": None, "C": "no decay"}).message
    assert told.endswith("Is the line of panel C level, and what should be left of it after 2,000 steps?")


def test_groups_that_ignore_their_decay_or_read_names_are_told_so_by_a_second_model():
    model = training.small_transformer()
    ignores = judge_groups(lambda model, decay=0.1: training.groups(model, 0.1), model)
    assert (ignores.headline, bool(ignores)) == ("It ignores its decay.", False)
    assert "with a decay of 0.3: `fc.weight`" in ignores.message

    def by_name(model, decay=0.1):
        named = list(model.named_parameters())
        spared = [p for name, p in named if "bias" in name or "norm" in name]
        return [{"params": [p for name, p in named if not ("bias" in name or "norm" in name)], "weight_decay": decay}, {"params": spared, "weight_decay": 0.0}]

    named = judge_groups(by_name, model)
    assert (named.headline, bool(named)) == ("Decayed, and should not be.", False)
    assert "second model, with a decay of 0.3: `ln_1.weight`" in named.message
    assert named.message.endswith("?")


def test_groups_that_leave_a_kernel_or_a_scalar_out_are_told_so_by_the_second_model():
    def by_axes(decayed, spared):
        def groups(model, decay=0.1):
            return [{"params": [p for p in model.parameters() if decayed(p.ndim)], "weight_decay": decay},
                    {"params": [p for p in model.parameters() if spared(p.ndim)], "weight_decay": 0.0}]
        return judge_groups(groups, training.small_transformer())

    for decayed, spared, left in ((2).__eq__, (1).__eq__, "`gain`, of shape ()"), ((2).__eq__, (2).__gt__, "`conv.weight`, of shape (2, 1, 3, 3)"):
        told = by_axes(decayed, spared)
        assert (told.headline, bool(told)) == ("A parameter is missing.", False)
        assert f"second model, with a decay of 0.3: {left}, is in no group." in told.message
    assert by_axes((2).__eq__, (2).__ne__).headline == "Not decayed, and should be."
    assert by_axes((2).__le__, (2).__gt__)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("optimizer", [partial(torch.optim.AdamW, weight_decay=0.0), partial(torch.optim.Adam, weight_decay=1e-3)])
def test_the_root_of_v_is_below_a_hundredth_for_most_weights_at_every_step(optimizer, seed):
    (x, y), model, batches = training.training_digits(), training.network(seed), torch.Generator().manual_seed(seed)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    optimizer, most = optimizer(model.parameters(), lr=1e-3), 0.0
    for t in range(600):
        rows = torch.randint(len(x), (64,), generator=batches)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
        roots = torch.cat([(optimizer.state[p]["exp_avg_sq"] / (1 - 0.999 ** (t + 1))).sqrt().flatten() for p in matrices])
        most = max(most, roots[roots > 0].median().item())
    assert most < 0.01


def test_as_many_roots_of_v_are_below_a_hundredth_as_the_lesson_says():
    below = [(opening.network_shares(adam_l2, decay)[0] < 0.01).mean() for decay in (0.0, 0.01, 0.1)]
    assert 0.33 < min(below) <= max(below) < 0.67  # "from a third to two thirds"


def test_a_state_dict_brings_the_old_step_size_and_decay_back():
    old, new = (torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))], lr=lr, weight_decay=decay) for lr, decay in ((0.1, 0.2), (0.3, 0.4)))
    new.load_state_dict(old.state_dict())
    assert [new.param_groups[0][name] for name in ("lr", "weight_decay")] == [0.1, 0.2]


def test_after_a_load_the_schedule_writes_over_a_new_step_size_unless_it_stands_in_its_base_lrs():
    old, resumed, rebased = training.begin(), training.begin(), training.begin()
    training.go_on(old, 5)
    for run in (resumed, rebased):
        run.model.load_state_dict(old.model.state_dict())
        run.optimizer.load_state_dict(old.optimizer.state_dict())
        run.schedule.load_state_dict(old.schedule.state_dict())
        run.batches.set_state(old.batches.get_state())
        for group in run.optimizer.param_groups:
            group["lr"], group["weight_decay"] = 1e-5, 0.7
    rebased.schedule.base_lrs = [1e-5 for _ in rebased.optimizer.param_groups]
    for run in (old, resumed, rebased):
        training.go_on(run, 1)
    lrs = [run.optimizer.param_groups[0]["lr"] for run in (old, resumed, rebased)]
    assert lrs[0] == lrs[1] > 100 * lrs[2] > 0
    assert rebased.optimizer.param_groups[0]["weight_decay"] == 0.7


SCHEDULES = {  # what the line for a new step size has to work with
    "LambdaLR": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, training.factor),
    "StepLR": lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 50),
    "CosineAnnealingLR": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200),
    "LinearLR": lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 200),
}


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_after_a_load_lr_and_base_lrs_times_one_factor_give_that_step_size_from_the_first_step_on(make):
    """The plan as it was, times a tenth, at every step to come."""
    def begun():
        optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))], lr=0.02)
        return optimizer, make(optimizer)

    def goes(optimizer, schedule, steps):
        lrs = []
        for _ in range(steps):
            lrs.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return lrs

    old, fresh = begun(), begun()
    goes(*old, 30)
    for now, before in zip(fresh, old, strict=True):
        now.load_state_dict(before.state_dict())
    for group in fresh[0].param_groups:
        group["lr"] *= 0.1
    fresh[1].base_lrs = [0.1 * lr for lr in fresh[1].base_lrs]
    assert goes(*fresh, 40) == pytest.approx([0.1 * lr for lr in goes(*old, 40)])


def test_a_save_that_changes_with_the_run_is_judged_through_a_file_and_said_so():
    """In memory, what such a save returns no longer holds the run as it was; a copy of it does."""
    load = saver(everything)[1]

    def load_all(run, saved):
        load(run, saved)
        run.optimizer.load_state_dict(saved["optimizer"])
        run.schedule.load_state_dict(saved["schedule"])
        run.batches.set_state(saved["batches"])

    live, copied = (judge_resume(save, load_all, training.begin, training.go_on, steps=4) for save in (everything, lambda run: deepcopy(everything(run))))
    assert live
    assert copied
    assert "Kept in memory it would have changed with the run" in live.message
    assert "copy.deepcopy(save(run))" in live.message
    assert "memory" not in copied.message
    for save, same in ((everything, False), (lambda run: deepcopy(everything(run)), True)):
        old, new = training.begin(), training.begin()
        training.go_on(old, 4)
        saved = save(old)
        went_on = training.go_on(old, 4)
        load_all(new, saved)
        assert (training.go_on(new, 4) == went_on) == same


def test_part_4_takes_the_groups_that_the_learner_wrote_if_they_are_right():
    assert gives_groups(training.groups)
    assert gives_groups(None).headline == "Not written yet."
    assert not gives_groups(lambda model: [{"params": list(model.parameters()), "weight_decay": 0.1}])


def test_an_attempt_that_is_wrong_and_gives_numbers_is_run():
    def wrong(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
        return theta - lr * g, s

    assert gives_numbers(wrong)
    assert not gives_numbers(lambda theta, g, s, *, lr, beta1, beta2, eps, weight_decay: None)
    assert not gives_numbers(None)


def test_a_steady_gradient_as_small_as_eps_rests_at_half_of_where_others_do():
    far, near = (opening.rest(adamw, g) for g in (3.0, 1e-8))
    assert near / far == pytest.approx(0.5, abs=0.01)
