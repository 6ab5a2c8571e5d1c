"""The judges of lesson 12: each known slip is told from the right answer, and every no ends in a question."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib.lessons.lesson12 import judges, protocol, slips, text
from lessonlib.rules import orthogonal

R = 0.5**0.5


def says(verdict, headline, within=""):
    assert verdict.headline == headline, verdict
    assert within in verdict.message
    assert bool(verdict) == (headline == "Correct.")
    assert verdict or verdict.message.endswith("?") or headline == "Not written yet."


@pytest.mark.parametrize(("guess", "headline", "within"), [
    ([[0.71, 0.71], [0.71, -0.71]], "Correct.", "counts as much"), (np.array([[R, R], [R, -R]]), "Correct.", ""),
    ([[0.71, 0.71], [0.71, 0.71]], "Not yet.", "Which of the four are negative"),
    ([[1, 1], [1, -1]], "Not yet.", "the sign of each number"), ([[0.67, 0.67], [0.22, -0.22]], "Not yet.", "divided by one number"),
    ([[1, 1], [1 / 3, -1 / 3]], "Not yet.", "its largest number"), ([[3, 3], [1, -1]], "Not yet.", "That is the gradient."), ([[3, 1], [3, -1]], "Not yet.", "as columns"),
    ([[0.5, 0.5], [0.5, -0.5]], "Not yet.", "add up to 1"), ([[1, 0], [0, 1]], "Not yet.", "other directions"),
    ([[-R, -R], [-R, R]], "Not yet.", "points the other way"), ([[R, -R], [R, R]], "Not yet.", "in another order"),
    ([[R, R], [-R, R]], "Not yet.", "the second points the other way"), ([[-R, -R], [R, -R]], "Not yet.", "the first points the other way"),
    ([[0.95, 0.95], [0.32, -0.32]], "Not yet.", "each column by its length"),
    ([[0.17, 0.17], [0.5, -0.5]], "Not yet.", "by the sum of its squares"), ([[2, 0], [0, 0.5]], "Not yet.", "are 2.00 and 0.50"),
    ([[0.8, 0.6], [0.6, -0.8]], "Not yet.", "they point elsewhere"), ([[0.71, 0.71], [0.8, -0.6]], "Not yet.", "they point elsewhere"),
    (None, "Not answered yet.", ""),
    ([[None, None], [None, None]], "Not answered yet.", ""), ("0.71", "Not two rows of two numbers.", ""), ([1, 2], "Not two rows of two numbers.", "")])
def test_a_factor_by_hand(guess, headline, within):
    says(judges.judge_factor(guess), headline, within)


@pytest.mark.parametrize(("name", "slip", "question"), slips.SLIPS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_slip_of_five_steps_is_called_by_its_name(name, slip, question):
    verdict = judges.judge_orthogonal(slip)
    assert verdict.misconception == name
    says(verdict, f"Not yet: {name}", question)


def test_a_huge_singular_value_is_told_as_a_power_of_ten():
    verdict = judges.judge_orthogonal(lambda x: 1e30 * x)
    says(verdict, "Not yet.", "e+")
    assert len(verdict.message) < 200


def loses_its_work(x):
    y = x / np.linalg.norm(x)
    for _ in range(5):
        y = slips.steps(y, 1)
    return x


def test_work_that_is_not_returned_is_not_called_unwritten():
    says(judges.judge_orthogonal(loses_its_work), "It returns the matrix as it came.", "compute something")


def by_powers(x):
    x = x / np.sqrt(np.sum(x * x))
    for _ in range(5):
        x = 3.4445 * x - 4.7750 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
    return x


def from_the_right(x):
    x = x / np.linalg.norm(x)
    for _ in range(5):
        product = x.T @ x
        x = x @ (3.4445 * np.eye(len(product)) - 4.7750 * product + 2.0315 * product @ product)
    return x


@pytest.mark.parametrize("attempt", [orthogonal, by_powers, from_the_right])
def test_every_equal_form_of_five_steps_passes(attempt):
    says(judges.judge_orthogonal(attempt), "Correct.", "square, a tall and a wide")


@pytest.mark.parametrize(("attempt", "headline"), [
    (lambda x: orthogonal(x, 4), "Not yet: another number of steps"), (lambda x: orthogonal(x).T, "Another shape."),
    (lambda x: None, "Not written yet."), (lambda x: x, "Not written yet."), (lambda x: orthogonal(x).tolist(), "It returns something else."), (None, "Not written yet."),
    (3, "Not a function."), (lambda x: x / 0 if x.shape else x, "Not a number."), (lambda x: 1.1 * orthogonal(x), "Not yet."),
    (lambda x: orthogonal(x) if x.shape[0] == x.shape[1] else 0 * x, "Right for a square matrix only.")])
def test_other_attempts_at_five_steps_are_told_what_was_seen(attempt, headline):
    with np.errstate(all="ignore"):
        says(judges.judge_orthogonal(attempt), headline)


def from_the_wrong_side(x):
    x = x / np.linalg.norm(x)
    for _ in range(5):
        product = x.T @ x
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return x


def test_a_product_from_the_wrong_side_is_asked_for_its_shape():
    says(judges.judge_orthogonal(from_the_wrong_side), "Two shapes do not fit.", "how many has x.T @ x?")


def in_place(x):
    x /= np.linalg.norm(x)
    return orthogonal(x)


def test_five_steps_that_change_what_they_are_given_are_sent_back():
    says(judges.judge_orthogonal(in_place), "It changes the matrix that it is given.", "still needs that matrix")


LISTED = [0.0032, 0.01, 0.018, 0.032, 0.056, 0.1]


def test_the_lesson_lists_the_step_sizes_that_are_recorded_for_both():
    assert protocol.recorded(text.from_record()) == LISTED


FAIR = {"AdamW": [0.01, 0.018, 0.032, 0.056], "Muon": [0.018, 0.032, 0.056, 0.1], "seeds": 3, "then": "try it for both"}
COARSE = {name: [0.0032, 0.01, 0.032, 0.1] for name in ("AdamW", "Muon")}


@pytest.mark.parametrize(("changed", "headline", "within"), [
    ({}, "Correct.", "AdamW tried 0.1 too, because it lies next to a best one. Muon tried 0.01 too, because it lies next to a best one. By your plan that makes 15 trainings for each."),
    ({"AdamW": np.array(FAIR["AdamW"]), "Muon": tuple(FAIR["Muon"])}, "Correct.", "ahead by 0.14 nats"),
    ({"AdamW": [0.018, 0.032, 0.056], "Muon": [0.032, 0.056, 0.1]}, "Correct.", ""),
    (COARSE, "Correct.", "Both tried 0.018 and 0.056 too, because it lies next to a best one. By your plan that makes 18 trainings for each."),
    ({"Muon": FAIR["AdamW"]}, "Correct.", "Both tried 0.1 too, because it lies next to a best one."),  # fair before one looks, though its best stands at an end
    ({"AdamW": LISTED[:3], "Muon": LISTED[:3]}, "Correct.", "Both tried 0.032 and 0.056 and 0.1 too, because it lies next to a best one."),
    ({"AdamW": LISTED[:3], "Muon": [0.0032, 0.01, 0.032]}, "Not searched alike.", "goes up 5.62 times and Muon's 10 times"),
    ({"AdamW": LISTED[:4], "Muon": LISTED[2:]}, "Not searched alike.", "goes up 10 times and Muon's 5.56 times"),
    ({"AdamW": LISTED[:3], "Muon": [0.01, 0.032, 0.1]}, "Not searched alike.", "Whose best is more likely to lie inside"),
    ({"AdamW": LISTED, "Muon": LISTED, "seeds": 2}, "Thin.", "once in 3 times"),
    ({"seeds": 2}, "Thin.", "What would make that rarer"), ({"then": "STOP"}, "It could stop beside a better one.", "how would you know"),
    ({"then": "try it"}, "Not alike in the end.", "How do both get as many"),
    ({"then": "look"}, "Not a rule for what was not tried.", "try it for both"),
    ({"AdamW": [0.0032, 0.01, 0.018, 0.1]}, "Not searched alike.", "goes up 31.2 times and Muon's 5.56 times"),
    ({"AdamW": [0.01, 0.018, 0.032, 0.056], "Muon": [0.01, 0.018, 0.056]}, "Not fair.", "Who has more chances"),
    ({"AdamW": [0.0032, 0.018, 0.032], "Muon": [0.0032, 0.018, 0.032]}, "A wide gap.", ""), ({"Muon": LISTED[:4]}, "Not searched alike.", ""),
    ({"AdamW": [0.01, 0.018, 0.056, 0.1], "Muon": [0.01, 0.018, 0.032, 0.1]}, "Correct.", ""),
    ({"AdamW": [0.0032, 0.01, 0.018, 0.032], "Muon": [0.01, 0.018, 0.1]}, "Not fair.", ""),
    ({"AdamW": [0.01, 0.018, 0.032], "Muon": [0.01, 0.056, 0.1]}, "Not searched alike.", ""),
    ({"AdamW": [0.01, 0.032, 0.056, 0.1], "Muon": [0.01, 0.056, 0.1, 0.018]}, "Correct.", ""),
    ({"AdamW": LISTED, "Muon": [0.0032, 0.01, 0.1, 0.018, 0.032], "seeds": 2}, "Not fair.", ""),
    ({"AdamW": [0.0032, 0.01, 0.1], "Muon": [0.0032, 0.032, 0.1]}, "A wide gap.", "is 10 times the next, and here 3.2 times is the most"),
    ({"AdamW": [0.0032, 0.056, 0.1], "Muon": [0.0032, 0.056, 0.1]}, "A wide gap.", "is 18 times the next"),
    ({"AdamW": LISTED, "Muon": LISTED}, "Too dear.", "6 step sizes with 3 seeds are 18 trainings, and you may plan 12"),
    ({"AdamW": LISTED, "Muon": LISTED, "seeds": 1}, "Thin.", ""),
    ({"AdamW": LISTED[:1]}, "Not fair.", ""), ({"seeds": 1}, "Thin.", ""), ({"AdamW": [0.032], "Muon": [0.056]}, "Too few.", ""),
    ({"AdamW": [0.3]}, "AdamW: not recorded.", ""), ({"AdamW": [0.001]}, "AdamW: not recorded.", ""), ({"AdamW": 0.01}, "AdamW: not a list.", ""),
    ({"AdamW": np.array([])}, "AdamW: not a list.", ""), ({"Muon": "all"}, "Muon: not a list.", ""), ({"seeds": 9}, "Not so many seeds.", ""),
    (dict.fromkeys(FAIR), "Not answered yet.", ""), ([1], "Not a protocol.", ""), (None, "Not a protocol.", "")])
def test_a_protocol_is_judged_by_how_it_treats_both_and_only_a_fair_one_is_told_the_result(changed, headline, within):
    verdict = protocol.judge_protocol(FAIR | changed if isinstance(changed, dict) else changed)
    says(verdict, headline, within)
    assert verdict or "nats" not in verdict.message


def test_a_protocol_is_judged_alike_whatever_the_record_says(monkeypatch):
    record = text.from_record()
    worse = {**record, "sweep": [{**row, "test": row["test"] + (row["rule"] == "muon")} for row in record["sweep"]]}
    upside_down = {**record, "sweep": [{**row, "test": 5 - row["test"]} for row in record["sweep"]]}  # the best are the worst
    for other in (worse, upside_down):
        monkeypatch.setattr(text, "from_record", lambda other=other: other)
        for changed in ({}, {"Muon": FAIR["AdamW"]}, {"AdamW": LISTED[:3], "Muon": LISTED[:3]}):
            verdict = protocol.judge_protocol(FAIR | changed)
            assert verdict, verdict
            assert other is upside_down or "AdamW is ahead" in verdict.message
    assert "where the list ends" in protocol.judge_protocol(FAIR).message


def test_no_protocol_that_passes_ends_beside_an_untried_step_size():
    for lists in (COARSE, {"AdamW": LISTED[:4], "Muon": LISTED[:4]}, {"AdamW": LISTED[3:], "Muon": LISTED[3:]}):
        assert "AdamW ends at 2.22 and Muon at 2.08" in protocol.judge_protocol(FAIR | lists).message


def test_both_lists_go_on_until_neither_best_stands_at_an_end():
    narrow = FAIR | {"AdamW": LISTED[:3], "Muon": LISTED[:3]}
    assert "AdamW ends at 2.22 and Muon at 2.08" in protocol.judge_protocol(narrow).message


@pytest.mark.parametrize(("guess", "headline"), [
    (["sweep", "seeds", "clock"], "Correct."), (["Sweep", "SEEDS", "clock"], "Correct."), (["seeds", "clock", "held equal"], "Correct."),
    (["model size", "held equal", "sweep", "seeds"], "Correct."), (["batch", "model size", "seeds"], "Look at batch."), (["sweep"], "1 of 3."), (["sweep", "seeds"], "2 of 3."),
    (["budget", "sweep"], "Look at budget."), ([], "0 of 3."), (None, "Not answered yet."), ("sweep", "Not a list of names."),
    (["luck"], "Not an entry of the checklist.")])
def test_a_claim_is_doubted_where_it_is_weak(guess, headline):
    says(judges.judge_claim(guess), headline, "answers this one" if headline.startswith("Look at") else "")


def test_a_doubt_that_stands_in_the_list_twice_is_said_to():
    assert "stands there twice" in judges.judge_claim(["seeds", "seeds", "clock"]).message
    assert "stands there twice" not in judges.judge_claim(["seeds", "clock"]).message


def test_a_product_number_by_number_of_a_tall_matrix_is_asked_about_its_sign():
    verdict = judges.judge_orthogonal(lambda x: x * x.T)
    assert "Is each product of matrices written with `@`" in verdict.message
