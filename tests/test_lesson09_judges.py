"""The judges of lesson 9's exercises: unanswered, wrong in known ways, right."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lessonlib import State, adam, run
from lessonlib.lessons.lesson09 import measured, practice
from lessonlib.lessons.lesson09.judges import GIVES_AWAY, WOULD, judge_bugs, judge_loop, judge_second_step
from lessonlib.lessons.lesson09.training import as_found, train
from lessonlib.problems import digits_net, ravine

RIGHT = {"m": -0.03, "v": 0.017991, "m_hat": -0.157895, "v_hat": 9.0, "theta": 1.99905263}


@pytest.mark.parametrize(("guess", "said"), [
    (None, "Where are the numbers for m, v"), ([1, 2], "Where are the numbers for m, v"), (dict.fromkeys(RIGHT), "Put a number in place of each None"),
    (RIGHT | {"m": "0.57"}, "Which single number do you mean, without quotes?"), (RIGHT | {"m": 0.3}, "which is the m of the first step"),
    (RIGHT | {"v": 0.005991}, "the average with g instead of g squared"), (RIGHT | {"m": 0.57}, "Which sign has it here?"), (RIGHT | {"v": 0.01804}, "Can you give more digits?"),
    (RIGHT | {"m_hat": -0.03 / (1 - 0.9 * 2)}, "Is it a product there, or a power?"), (RIGHT | {"v_hat": 0.017991 / (1 - 0.999 * 2)}, "Is it a product there, or a power?"),
    (RIGHT | {"m_hat": -0.3}, "Which power of beta1"), (RIGHT | {"v_hat": 17.991}, "Which power of beta2"),
    (RIGHT | {"theta": 1.999}, "where theta was after the first step"), (RIGHT | {"theta": 1.9981}, "not it"), (RIGHT | {"theta": 1.998}, "where a second gradient of 3 would lead"),
    (RIGHT | {"m": 0.03}, "the right size with the other sign"), (RIGHT | {"m_hat": 0.158}, "m_hat with the other sign"), (RIGHT | {"m_hat": 0.16}, "m_hat with the other sign"), (RIGHT | {"m_hat": 3}, "the m_hat of the example"),
    (RIGHT | {"theta": 1.99895}, "What do two of them make?"), (RIGHT | {"theta": 1.9989}, "What do two of them make?"), (RIGHT | {"theta": 2.00005}, "a step from 2"),
    (RIGHT | {"theta": 2}, "where theta was at the start"), (RIGHT | {"theta": 1.99916}, "By what is m_hat divided?"), (RIGHT | {"theta": 1.99902}, "What of v_hat stands below m_hat?"),
    (RIGHT | {"theta": 1.998842}, "a step down, and a long one"), (RIGHT | {"m_hat": -0.16}, "Can you give more digits?"), (RIGHT | {"m_hat": -0.2}, "Can you give more digits?"),
    (RIGHT | {"v": 0.017982}, "multiplied by beta2"), (RIGHT | {"theta": 1.9991}, "Can you give more digits?"), (RIGHT | {"v": 0.02}, "Can you give more digits?"), (RIGHT | {"m": 0}, "not it"), (RIGHT | {"v_hat": 18}, "Which power of beta2"), (RIGHT | {"v_hat": -9}, "Can an average of squares be negative?"),
    (RIGHT | {"v_hat": 8.991}, "Which v, and which power of beta2?"), (RIGHT | {"v_hat": 8.99}, "Which v, and which power of beta2?"),
    (RIGHT | {"v_hat": 8.9955}, "with all its digits?"), (RIGHT | {"v_hat": 9.01}, "not it"), (RIGHT | {"v_hat": 9}, "Correct."),
    (RIGHT | {"m": 0.27}, "What does the new gradient add to it?"), (RIGHT | {"m": -0.3}, "What stays of the old m?"),
    (RIGHT | {"v": 0.008991}, "What does the new gradient add to it?"), (RIGHT | {"v": 0.009}, "the v of the first step"),
    (RIGHT, "Correct."), (RIGHT | {"v": 0.018}, "How much of the old v stays?"), (RIGHT | {"m_hat": -0.158, "theta": 1.99905}, "Correct."), ({k: np.float64(x) for k, x in RIGHT.items()}, "Correct.")])
def test_the_second_step_is_judged_number_by_number(guess, said):
    assert said in judge_second_step(guess).message


def steps_first(model, optimizer, dataloader, epochs):
    for _ in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.step()
            optimizer.zero_grad()
            torch.nn.CrossEntropyLoss()(model(x_batch), y_batch).backward()


def loop_with(loss, prepare=None):
    """The right loop but for how it makes the loss, and what it does before each epoch."""
    def loop(model, optimizer, dataloader, epochs):
        criterion = torch.nn.CrossEntropyLoss()
        for epoch in range(epochs):
            for x_batch, y_batch in dataloader:
                if prepare is None or prepare(epoch):
                    optimizer.zero_grad()
                loss(criterion, model(x_batch), y_batch).backward()
                optimizer.step()
    return loop


@pytest.mark.parametrize(("loop", "said"), [
    (loop_with(lambda criterion, out, y: criterion(out, y)), "Correct."), (loop_with(lambda criterion, out, y: criterion(out.softmax(1), y)), "what goes into your criterion?"),
    (loop_with(lambda criterion, out, y: 2 * criterion(out, y)), "what goes into your criterion?"),
    (loop_with(lambda criterion, out, y: -criterion(out, y)), "Which sign has your loss"), (loop_with(lambda criterion, out, y: criterion(y, out)), "Which of its two arguments comes first?"),
    (loop_with(lambda criterion, out, y: criterion(out, y), lambda epoch: epoch == 0), "Which of its lines differs?"),
    (steps_first, "The optimizer steps before its batch has gradients.")])
def test_a_loop_with_all_its_lines_is_told_which_of_them_differs(loop, said):
    verdict = judge_loop(loop)
    assert said in verdict.message
    assert "not there" not in verdict.message
    assert "kernel" not in verdict.message
    assert bool(verdict) == (said == "Correct.")


@pytest.mark.parametrize(("loop", "headline"), [
    (None, "Not a function."), ("train", "Not a function."), (lambda model, optimizer, dataloader, epochs: None, "Not written yet."),
    (lambda model, optimizer, dataloader, epochs: 1 / 0, "It raised an error."), (as_found, "Not mended yet."), (train, "Correct."),
    (lambda model, optimizer, dataloader, epochs: train(model, optimizer, dataloader, 1), "Another number of steps.")])
def test_a_loop_is_tried_on_a_tiny_network(loop, headline):
    assert judge_loop(loop).headline == headline


@pytest.mark.parametrize("bugs", [practice.TWO_BUGS, practice.BROKEN])
def test_the_bugs_that_are_drawn_are_among_the_candidates_and_are_told_apart(bugs):
    assert set(bugs.values()) <= set(practice.CANDIDATES)
    assert judge_bugs(dict(bugs), bugs)
    for letter in bugs:
        for name in set(practice.CANDIDATES) - {bugs[letter]}:
            assert not judge_bugs(dict(bugs) | {letter: name}, bugs), (letter, name)


def test_a_bug_that_is_named_rightly_is_told_why():
    for bugs in (practice.TWO_BUGS, practice.BROKEN):
        message = judge_bugs(dict(bugs), bugs).message
        for letter, name in bugs.items():
            assert f"{letter} is '{name}'. {GIVES_AWAY[name]}" in message
    half = judge_bugs({"A": "no root", "B": "no root"}).message
    assert "A is 'no root'" in half
    assert "B is not 'no root'" in half
    flat, steep = np.abs(np.diff(practice.bug_path("no root").theta, axis=0))[0]
    assert flat == pytest.approx(0.1, rel=1e-3)
    assert steep == pytest.approx(0.1 / 7, rel=1e-3)
    elsewhere = run(practice.bug("no root"), ravine(10), steps=1, lr=0.1, start=np.array([0.5, 0.7])).theta
    assert elsewhere[0, 0] - elsewhere[1, 0] == pytest.approx(0.2, rel=1e-3)  # with another first gradient the flat one is wrong too


def test_a_surprise_shortens_an_early_step_and_lengthens_a_late_one():
    assert measured.step_after_quiet(1) == pytest.approx(0.807, abs=1e-3)
    assert measured.step_after_quiet(50) == pytest.approx((0.9 * (1 - 0.9**50) * 3 + 0.1 * 30) / (1 - 0.9**51) / ((0.999 * (1 - 0.999**50) * 9 + 0.001 * 900) / (1 - 0.999**51)) ** 0.5, abs=1e-3)
    assert measured.step_after_quiet(100) == pytest.approx(1.334, abs=1e-3)
    assert measured.step_after_quiet(300) == pytest.approx(1.62, abs=5e-3)
    assert round((1 - 0.999**301) / 0.001) == 260  # "a 260th in v_hat"
    assert min(measured.step_after_quiet(300, then=then) for then in (30, 60, 90, 300)) > 1.5
    assert measured.step_after_quiet(1000) == pytest.approx(1.767, abs=1e-3)
    assert measured.step_after_quiet(10_000) == pytest.approx((0.9 * 3 + 0.1 * 30) / (0.999 * 9 + 0.001 * 900) ** 0.5, abs=1e-3)  # by hand


@pytest.mark.parametrize(("before", "g", "wanted"), [((3,), 3, (3, 3)), ((300,), 300, (300, 300)), ((3,), 30, (17.21, 21.32)), ((3,) * 300, 30, (5.7, 3.53))])
def test_the_hats_of_the_table_are_about_the_mean_and_the_root_mean_square(before, g, wanted):
    theta, s = 0.0, State()
    for each in (*before, g):
        old, (theta, s) = theta, adam(theta, each, s)
    assert measured.hats(s) == pytest.approx(wanted, abs=0.005)
    assert (old - theta) / 0.001 == pytest.approx(wanted[0] / wanted[1], abs=0.003)
    if before == (3,):
        assert measured.hats(s) == pytest.approx((np.mean([3, g]), np.mean([9, g**2]) ** 0.5), rel=0.05)


def test_a_wrong_name_is_told_what_that_bug_would_do():
    told = {name: judge_bugs({"A": "no root", "B": name}).message for name in practice.CANDIDATES if name != "no bias correction"}
    assert all(f"B is not '{name}'. {WOULD[name]}" in message for name, message in told.items())
    assert len({message.replace(name, "") for name, message in told.items()}) == len(told)
    first = {name: np.abs(np.diff(practice.bug_path(name).theta, axis=0))[0] / 0.1 for name in ("t never advances", "1 - beta2 is missing in v")}
    assert first["t never advances"] == pytest.approx([1, 1], rel=1e-3)
    assert first["1 - beta2 is missing in v"].max() < 0.05


def test_on_the_right_of_the_usual_moves_half_the_red_step_size_ends_lower_again():
    losses = run(adam, digits_net(dtype=float), steps=300, record="loss", lr=np.array([0.07, 0.035])[:, None]).loss[-20:].mean(0)
    assert losses[1] < 0.8 * losses[0]


def test_each_of_the_usual_moves_ends_lower():
    for (title, first, then), (before, after) in zip(practice.MOVES, practice.moves(), strict=True):
        factor = 0.5 if "halve" in title else 3 if "three times" in title else 1 / 3
        assert then / first == pytest.approx(factor, rel=0.15)
        assert after[-20:].mean() < 0.6 * before[-20:].mean()
    assert before[:10].max() > 3 * before[0]  # a jump
    assert after[:10].max() < 1.2 * after[0]
    swings = practice.moves()[0][0]
    assert swings[200:].mean() == pytest.approx(swings[100:200].mean(), rel=0.2)  # the ravine falls no further


def test_after_a_jump_a_long_memory_errs_for_thousands_of_steps():
    assert measured.steps_back(0.999) == 9079
    assert measured.steps_back(0.95) == 222


def test_the_lines_of_pytorch_stand_whole_in_the_learners_notebook():
    book = json.loads((Path(__file__).resolve().parent.parent / "notebooks" / "09_adam.ipynb").read_text(encoding="utf-8"))
    told = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown")
    assert "optimizer = optim.Adam(model.parameters(), lr=1e-3)" in told
    assert ("for x_batch, y_batch in dataloader:\n    optimizer.zero_grad()\n    loss = criterion(model(x_batch), y_batch)\n"
            "    loss.backward()\n    optimizer.step()") in told
