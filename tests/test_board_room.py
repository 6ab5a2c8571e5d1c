"""A board's room: who is in it, what counts, and what its pages are told."""
from __future__ import annotations

import json

import board_people
import pytest

from lessonlib.board import views
from lessonlib.board.actions import act
from lessonlib.board.course import course, nickname, verdict_name
from lessonlib.board.keys import new_codes, plain, same
from lessonlib.board.room import MOST, Refused, Room

ADAM, HAND = (board_people.item("09_adam", "check", k) for k in (0, 1))
GOAL, ASKED, NUMBER = board_people.item("09_adam", "goal"), board_people.item("09_adam", "prediction", 4), board_people.item("09_adam", "prediction", 1)


class Clock:
    """Time that a test sets."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def room():
    kept = []
    made = Room(keep=kept.append, clock=Clock())
    made.kept = kept
    return made


def said(k, *events, first=1, session=0, **more):
    """A message of learner k."""
    numbered = [{"n": first + j, "ago": 0, **event} for j, event in enumerate(events)]
    return {"who": f"{k + 1:032x}", "name": f"Learner {k}", "session": f"{session:016x}", "base": 0, "events": numbered, "lesson": "09_adam"} | more


def tried(verdict="no bias correction", item=ADAM, **more):
    return {"item": item, "state": "tried", "verdict": verdict, **more}


def row(room, key=ADAM):
    return next(each for each in views.board(room)["rows"] if each["key"] == key)


def test_the_board_says_what_is_to_be_read_from_the_front(room):
    for k in range(30):
        events = [] if k < 4 else [tried()] if k < 15 else [tried("betas swapped"), {"item": ADAM, "state": "passed"}]
        room.receive(said(k, *events))
    shown = views.board(room)
    assert (shown["people"], shown["lesson"], shown["focus"]) == (30, "09_adam", ADAM)
    assert {name: row(room)[name] for name in ("none", "tried", "passed", "half")} == {"none": 4, "tried": 11, "passed": 15, "half": True}
    assert row(room)["verdicts"] == [["no bias correction", True, 11, 11]]
    assert row(room, HAND) == {"key": HAND, "kind": "check", "title": "2. Two steps by hand", "none": 30, "tried": 0, "passed": 0, "half": False,
                               "verdicts": [], "others": 0}


def test_less_than_half_is_not_half(room):
    for k in range(3):
        room.receive(said(k, *[{"item": ADAM, "state": "passed"}] * (k == 0)))
    assert row(room)["half"] is False
    room.receive(said(1, {"item": ADAM, "state": "passed"}))
    assert row(room)["half"] is True


def test_a_cell_as_it_was_handed_out_has_not_begun(room):
    room.receive(said(0, {"item": ADAM, "state": "blank"}))
    assert (row(room)["none"], row(room)["tried"]) == (1, 0)


def test_what_was_passed_stays_passed(room):
    room.receive(said(0, {"item": ADAM, "state": "passed"}, tried()))
    assert (row(room)["passed"], row(room)["verdicts"]) == (1, [])


def test_misconceptions_stand_before_headlines_and_those_of_now_before_those_that_were(room):
    for k, names in enumerate([["no root", "Not yet."], ["Not yet."], ["Not yet."], ["no root"], [""]]):
        room.receive(said(k, *[tried(name) for name in names]))
    assert row(room)["verdicts"] == [["no root", True, 1, 2], ["Not yet.", False, 3, 3], ["", False, 1, 1]]


def test_an_event_counts_once_and_in_order_however_often_it_comes(room):
    assert room.receive(said(0, tried(), tried()))["got"] == 2
    assert room.receive(said(0, tried(), tried(), tried()))["got"] == 3
    assert room.receive(said(0, tried(), first=7))["got"] == 3  # 4 to 6 are missing
    assert room.events == 3
    assert room.receive(said(0, tried(), session=1))["got"] == 1  # another kernel of the same person
    assert (room.events, len(room.people)) == (4, 1)


def test_a_room_that_knows_nothing_asks_for_everything(room):
    assert room.receive(said(0, tried(), first=41))["got"] == 0
    assert room.receive(said(0, tried(), first=41, base=40))["got"] == 41  # the first forty are no longer kept there


def test_a_late_event_of_another_kernel_does_not_undo_a_newer_one(room):
    room.receive(said(0, tried("no root"), session=1))
    room.receive(said(0, tried("betas swapped", ago=50), session=2))
    assert row(room)["verdicts"][0][0] == "no root"


def test_the_same_verdict_for_five_minutes_is_seen_and_another_one_begins_anew(room):
    def stuck():
        return [who["name"] for who in views.instructor(room)["who"] if who["stuck"]]

    room.receive(said(0, tried()))
    room.receive(said(1, tried("", other=1)))
    room.clock.now += 200
    room.receive(said(0, tried(), first=2))
    room.receive(said(1, tried("", other=2), first=2))
    room.clock.now += 101
    assert stuck() == ["Learner 0"]
    room.clock.now += 200
    assert stuck() == ["Learner 0", "Learner 1"]
    room.receive(said(0, {"item": ADAM, "state": "passed"}, first=3))
    assert stuck() == ["Learner 1"]


def test_two_with_one_nickname_are_two(room):
    assert [room.receive(said(k, name="Ada"))["name"] for k in range(3)] == ["Ada", "Ada 2", "Ada 3"]
    assert room.receive(said(1, name="ada"))["name"] == "Ada 2"  # known by their secret, not by the name
    assert room.receive(said(7, name="ADA"))["name"] == "ADA 4"


def test_five_hundred_people_and_no_more(room):
    for k in range(MOST):
        room.receive(said(k))
    with pytest.raises(Refused, match="full: 500"):
        room.receive(said(MOST))
    assert room.receive(said(3, tried()))["got"] == 1
    room.receive(said(4, leave=True))
    assert room.receive(said(MOST))["got"] == 0


def test_a_locked_room_takes_nobody_new_and_keeps_whom_it_has(room):
    room.receive(said(0))
    act(room, {"do": "lock", "on": True})
    with pytest.raises(Refused, match="nobody new"):
        room.receive(said(1))
    assert room.receive(said(0, tried()))["got"] == 1


def test_who_leaves_is_forgotten_and_stays_away_until_joining_again(room):
    room.receive(said(0, tried()))
    assert room.receive(said(0, leave=True)) == {"left": True, "got": 0}
    assert (views.board(room)["people"], views.instructor(room)["who"]) == (0, [])
    assert room.receive(said(0, tried(), session=5))["left"] is True  # another kernel of theirs
    assert room.receive(said(0, session=5, fresh=True))["got"] == 0
    assert views.board(room)["people"] == 1


def test_too_many_messages_of_one_are_refused(room):
    with pytest.raises(Refused) as refused:
        for _ in range(100):
            room.receive(said(0))
    assert refused.value.status == 429
    assert room.receive(said(1))["got"] == 0


def test_hands_are_up_in_their_order_until_they_are_lowered(room):
    for k in (2, 0, 1):
        room.clock.now += 1
        room.receive(said(k, {"hand": True}))
    assert views.board(room)["hands"] == ["Learner 2", "Learner 0", "Learner 1"]
    act(room, {"do": "lower", "number": 2})
    room.receive(said(1, {"hand": False}, first=2))
    assert views.board(room)["hands"] == ["Learner 2"]


def test_predictions_are_bars_once_they_are_revealed(room):
    for k, number in enumerate([3.16, 3.16, 0.1, 1.0]):
        room.receive(said(k, {"item": ASKED, "said": 2}, {"item": NUMBER, "said": number}, {"item": ASKED, "said": k % 2}))
    assert (row(room, ASKED)["replies"], row(room, ASKED)["bars"]) == (4, [])
    for key in (ASKED, NUMBER):
        act(room, {"do": "reveal", "key": key, "on": True})
    options = next(item.options for item in course()["09_adam"].items if item.key == ASKED)
    assert row(room, ASKED)["bars"] == [(options[0], 2), (options[1], 2), (options[2], 0), (options[3], 0)]
    assert row(room, NUMBER)["bars"] == [("0.1", 1), ("1", 1), ("3.16", 2)]
    for k in range(4, 34):
        room.receive(said(k, {"item": NUMBER, "said": k * 10}))
    assert row(room, NUMBER)["bars"][-1] == ("other numbers", 34 - sum(count for _, count in row(room, NUMBER)["bars"][:-1]))
    assert len(row(room, NUMBER)["bars"]) == views.BARS + 1


@pytest.mark.parametrize("event", [{"item": ASKED, "said": "my text"}, {"item": ASKED, "said": 9}, {"item": ASKED, "said": True}, {"item": NUMBER, "said": "3"},
                                   {"item": "09_adam/none", "state": "passed"}, {"item": ["x"], "state": "tried"}, {"item": ADAM, "state": "won"}, {},
                                   {"item": NUMBER, "said": float("nan")}, {"item": NUMBER, "said": 10**400}, {"hand": "up"}])
def test_what_is_not_of_the_course_is_taken_and_passed_over(room, event):
    room.receive(said(0))
    before = views.board(room)["rows"]
    assert room.receive(said(0, event, lesson={}))["got"] == 1
    assert views.board(room)["rows"] == before
    assert room.kept == []


def test_no_text_but_a_nickname_comes_through(room):
    room.receive(said(0, tried("<b>my own verdict</b>", other="text", ago="long ago"), tried("x" * 2000, other=-1)))
    told = json.dumps(views.instructor(room))
    assert "own verdict" not in told
    assert "xxxx" not in told
    assert row(room)["verdicts"] == [["", False, 1, 1]]


@pytest.mark.parametrize("change", [{"who": "me"}, {"who": None}, {"session": ""}, {"events": {}}, {"events": [{}] * 51}, {"base": -1}, {"base": "0"}, {"name": "\u202e\n"},
                                    {"events": [3]}, {"events": [{"n": "1"}]}, {"name": 3}])
def test_a_message_of_another_form_is_refused(room, change):
    with pytest.raises(Refused) as refused:
        room.receive(said(0) | change)
    assert refused.value.status == 400


def test_what_is_saved_has_numbers_in_place_of_nicknames(room):
    room.receive(said(0, tried(), {"item": ASKED, "said": 1}, {"hand": True}, name="Ada"))
    assert [line["person"] for line in room.kept] == [1, 1, 1]
    assert room.kept[0]["verdict"] == "no bias correction"
    assert "Ada" not in json.dumps(room.kept).replace("Adam", "")
    assert f"{1:032x}" not in json.dumps(room.kept)


def test_the_instructor_chooses_or_follows_the_room(room):
    room.receive(said(0, tried(item=HAND)))
    room.receive(said(1, lesson="10_adamw"))
    room.receive(said(2, lesson="10_adamw"))
    assert views.board(room)["lesson"] == "10_adamw"
    act(room, {"do": "lesson", "name": "09_adam"})
    assert (views.board(room)["lesson"], views.board(room)["focus"]) == ("09_adam", HAND)
    act(room, {"do": "focus", "key": GOAL})
    assert views.board(room)["focus"] == GOAL
    act(room, {"do": "lesson", "name": ""})
    assert views.board(room)["follows"] == {"lesson": True, "focus": True}
    act(room, {"do": "clock", "seconds": 60})
    assert views.board(room)["ends"] == 1060
    for wrong in ({"do": "lesson", "name": "x"}, {"do": "clock", "seconds": 10**9}, {"do": "drop"}, {}, {"do": "lesson", "name": []}, {"do": "reveal", "key": {}}):
        with pytest.raises(Refused):
            act(room, wrong)


def test_somebody_who_is_sent_out_is_told_and_gone(room):
    room.receive(said(0))
    act(room, {"do": "remove", "number": 1})
    assert room.receive(said(0))["left"] is True
    assert views.board(room)["people"] == 0


def test_who_is_not_heard_of_is_counted_apart(room):
    room.receive(said(0))
    room.clock.now += 61
    room.receive(said(1))
    assert (views.board(room)["people"], views.board(room)["quiet"]) == (2, 1)


@pytest.mark.parametrize(("given", "shown"), [("  Ada   L. ", "Ada L."), ("Zo\u0308e", "Zöe"), ("a\u0301\u0301\u0301\u0301b", "á\u0301b"), ("A\u202edA\u200b", "AdA"),
                                              ("李雷", "李雷"), ("x" * 99, "x" * 24), ("<b>", "<b>"), ("a\nb", "a b")])
def test_a_nickname_is_cleaned(given, shown):
    assert nickname(given) == shown


@pytest.mark.parametrize("given", ["", " \n", "\u0301", "\x00\x1b", None, 3])
def test_a_nickname_of_nothing_is_refused(given):
    with pytest.raises(ValueError, match="nickname="):
        nickname(given)


def test_a_code_is_four_words_compared_as_they_are_said():
    codes = new_codes()
    assert codes.room != codes.key
    assert codes.room.count("-") == 3
    assert same(codes.room.replace("-", "  ").upper(), codes.room)
    assert not same(codes.room[:-1], codes.room)
    assert not same("", codes.room)
    assert not same(None, codes.room)
    assert plain("Amber river,\tcobalt OWL\u0000") == "amber-river-cobalt-owl"


def test_only_verdicts_of_the_library_have_names():
    assert verdict_name("Not yet: no root", "no root") == "no root"
    assert verdict_name("It does not come back.", None) == "It does not come back."
    assert verdict_name("It raised MySecretError.", None) == ""
    assert verdict_name("Correct.", "my own misconception") == ""
