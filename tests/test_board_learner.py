"""A learner's side of a board: what is told, what never is, and that no check waits for it."""
from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import board_people
import pytest

import lessonlib
from lessonlib import checks, progress
from lessonlib.board import learner, post
from lessonlib.play.prediction import predict
from lessonlib.rules import State, adam

CODE = "amber-river-cobalt-owl"
ADAM = board_people.item("09_adam", "check")
QUICK = {"PING_S": 0.3, "PAUSE_S": 0.05, "LONGEST_S": 0.2}


class Ear:
    """A board of any kind: hears what is posted, and answers as it is told, or never."""

    def __init__(self, answer=None, slowly=0.0):
        self.answer, self.slowly, self.heard, self.ways = answer, slowly, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                way = self.listener.accept()[0]
            except OSError:
                return
            self.ways.append(way)
            threading.Thread(target=self.serve, args=(way,), daemon=True).start()

    def serve(self, way):
        try:
            text = b""
            while b"\r\n\r\n" not in text or len(text.partition(b"\r\n\r\n")[2]) < int(text.lower().partition(b"content-length: ")[2].split()[0]):
                text += way.recv(65536)
            self.heard.append(text.decode())
            if self.answer is None:
                return
            told = self.answer(json.loads(text.partition(b"\r\n\r\n")[2])) if callable(self.answer) else self.answer
            for k in range(0, len(told), 1 if self.slowly else len(told)):
                way.sendall(told[k:k + 1] if self.slowly else told)
                time.sleep(self.slowly)
            way.close()
        except OSError:
            pass

    def close(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # or the thread that waits on it accepts one more
        self.listener.close()
        for way in self.ways:
            way.close()


def right(message):
    """What a board answers."""
    got = message["base"] + len(message["events"]) if not message["events"] else message["events"][-1]["n"]
    right.got = max(right.got, got)
    told = json.dumps({"left": True, "got": 0} if message.get("leave") else {"board": "one", "name": message["name"], "got": right.got})
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(told)}\r\n\r\n{told}".encode()


@pytest.fixture(autouse=True)
def lesson(monkeypatch):
    for name, value in QUICK.items():
        monkeypatch.setattr(post, name, value)
    monkeypatch.setattr(progress, "_NOW", {"lesson": "09_adam", "complained": ""})
    monkeypatch.setattr(learner, "_SEAT", [])
    right.got = 0
    yield
    room = learner._NOW.pop("room", None)
    if room:
        learner._stop(room)
        if room.post.thread:
            room.post.thread.join(10)
    assert progress.LISTENERS == []


@pytest.fixture
def ears():
    made = []

    def make(*args, **kwargs):
        made.append(Ear(*args, **kwargs))
        return made[-1]

    yield make
    for ear in made:
        ear.close()


def wait_for(what, seconds=8):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def events(ear):
    """Everything that was posted, by number."""
    return {event["n"]: event for text in ear.heard for event in json.loads(text.partition("\r\n\r\n")[2])["events"]}


def my_adam(theta, g, s, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    my_secret_variable = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    return theta - lr * my_secret_variable / (v**0.5 + eps), State(s.t + 1, my_secret_variable, v)


def test_check_goal_prediction_and_help_are_told(ears, capsys):
    ear = ears(right)
    lessonlib.join(ear.address, "Amber river cobalt owl", "Ada")
    assert "You are in the room, as Ada." in capsys.readouterr().out
    checks.check(my_adam, against=adam)
    def right_one(*args, **kwargs):
        return adam(*args, **kwargs)
    right_one.__name__ = "my_adam"
    checks.check(right_one, against=adam)
    progress.note("goal", "make the last step at least nine tenths of a step size long.", met_with="lr = 0.1")
    asked = predict("With mean 0 and spread 1, which optimizers find the line?",
                    ["only Adam", "Adam and RMSprop", "Adam, RMSprop and momentum", "all four"])
    asked.reply("Adam, RMSprop and momentum")
    asked.answer("all four")
    predict("The gradient is 3 at every step and beta1 is 0.9. What is m after the first step?").reply("0,3")
    lessonlib.help()
    wait_for(lambda: len(events(ear)) == 6)
    told = [{name: value for name, value in event.items() if name not in ("n", "ago", "item")} for _, event in sorted(events(ear).items())]
    assert told == [{"state": "tried", "verdict": "no bias correction"}, {"state": "passed"}, {"state": "passed"}, {"said": 2}, {"said": 0.3}, {"hand": True}]
    assert json.loads(ear.heard[0].partition("\r\n\r\n")[2])["lesson"] == "09_adam"


def test_nothing_that_the_learner_wrote_is_ever_sent(ears):
    ear = ears(right)
    lessonlib.join(ear.address, CODE, "Ada")

    class MySecretError(Exception):
        pass

    def secret_adam(theta, g, s, *, lr, **my_hypers):
        raise MySecretError("my secret text")

    checks.check(my_adam, against=adam)
    checks.check(secret_adam, against=adam)  # of another name than the exercise's: not in the table
    secret_adam.__name__ = "my_adam"
    checks.check(secret_adam, against=adam)
    progress.note("check", "my secret check")
    progress.note("goal", "my secret goal")
    predict("my secret question", ["my secret", "other secret"]).reply("my secret")
    asked = predict("The gradient is 3 at every step and beta1 is 0.9. What is m after the first step?")
    asked.reply("my secret number")
    lessonlib.help()
    wait_for(lambda: len(events(ear)) >= 3)
    time.sleep(0.1)
    assert len(events(ear)) == 3
    sent = "\n".join(ear.heard)
    assert "secret" not in sent.lower()
    assert [event.get("verdict") for _, event in sorted(events(ear).items())] == ["no bias correction", "", None]
    assert set().union(*map(set, events(ear).values())) <= {"n", "ago", "item", "state", "verdict", "other", "said", "hand"}


def test_nothing_is_told_before_joining_and_nothing_after_leaving(ears, capsys):
    ear = ears(right)
    checks.check(my_adam, against=adam)
    asked = predict("Without correction, how long is Adam's first step, in units of the step size?")
    asked.reply("1")
    lessonlib.help()
    assert "in no room" in capsys.readouterr().out
    lessonlib.join(ear.address, CODE, "Ada")
    asked.reply("nonsense")
    asked.answer(3.16)
    time.sleep(0.2)
    assert events(ear) == {}
    lessonlib.leave()
    assert "You have left the room." in capsys.readouterr().out
    before = len(ear.heard)
    assert '"leave": true' in ear.heard[-1]
    checks.check(my_adam, against=adam)
    lessonlib.help()
    time.sleep(2 * QUICK["PING_S"])
    assert len(ear.heard) == before
    lessonlib.leave()
    assert "You are in no room." in capsys.readouterr().out


def test_switched_off_progress_is_no_reason_not_to_tell(ears, monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    ear = ears(right)
    lessonlib.join(ear.address, CODE, "Ada")
    progress.note("goal", "make the last step at least nine tenths of a step size long.")
    wait_for(lambda: len(events(ear)) == 1)


def nonsense(_):
    return b"\x00\xff" * 3_000_000


WRONG = {"silent": (None, 0.0), "slow": (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 900, 0.03), "nonsense": (nonsense, 0.0), "a page": (b"HTTP/1.1 200 OK\r\n\r\n<html>", 0.0),
         "an error": (b"HTTP/1.1 500 no\r\n\r\n{}", 0.0), "a liar": (b'HTTP/1.1 200 OK\r\n\r\n{"board": "x", "got": 99999}', 0.0),
         "deaf": (b'HTTP/1.1 200 OK\r\n\r\n{"board": "x", "got": 0}', 0.0), "a list": (b"HTTP/1.1 200 OK\r\n\r\n[1]", 0.0),
         "gone": (None, -1.0)}


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("board", WRONG)
def test_a_check_never_waits_for_a_board(ears, monkeypatch, board, threads):
    answer, slowly = WRONG[board]
    ear = ears(answer, max(slowly, 0.0))
    if slowly < 0:
        ear.close()
    monkeypatch.setattr(post, "ATTEMPT_S", 0.2)
    if not threads:
        monkeypatch.setattr(post, "threading", NoThreads)
    monkeypatch.setattr(post, "PAUSE_S", 0.0)  # each event is an attempt
    monkeypatch.setattr(post.Post.once, "__defaults__", (0.2,))
    lessonlib.join(ear.address, CODE, "Ada")
    room = learner._NOW["room"]
    assert (room.post.thread is not None) is threads
    took = []
    for _ in range(8):
        began = time.perf_counter()
        progress.tell("check", "my_adam", headline="Not yet: no root", misconception="no root")
        took.append(time.perf_counter() - began)
    assert sorted(took)[-2] < 0.05  # one of eight may have been kept from the processor by others
    assert sum(took) < (0.1 if threads else 0.4)
    if not threads and board in ("silent", "slow"):  # each was an attempt indeed
        assert min(took) > 0.02
    assert repr(checks.check(my_adam, against=adam)).startswith("Not yet: no bias correction")
    assert room.post.count == 9


class NoThreads:
    """threading where no thread can start."""

    Condition = threading.Condition

    class Thread(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")


def test_where_no_thread_can_start_everything_arrives_all_the_same(ears, monkeypatch):
    monkeypatch.setattr(post, "threading", NoThreads)
    ear = ears(right)
    lessonlib.join(ear.address, CODE, "Ada")
    for _ in range(3):
        progress.tell("check", "my_adam", headline="Not yet: no root", misconception="no root")
    assert learner._NOW["room"].post.got == 3
    assert len(events(ear)) == 3


def test_what_could_not_be_sent_is_sent_later(ears, capsys):
    ear = ears(right)
    port = ear.port
    ear.close()
    lessonlib.join(f"127.0.0.1:{port}", CODE, "Ada")
    assert "Nobody answers at" in capsys.readouterr().out
    checks.check(my_adam, against=adam)
    lessonlib.help()
    time.sleep(0.3)
    later = Ear.__new__(Ear)
    later.answer, later.slowly, later.heard, later.ways = right, 0.0, [], []
    later.listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=later.listen, daemon=True).start()
    try:
        wait_for(lambda: len(events(later)) == 2)
        assert events(later)[1]["ago"] >= 0.3
    finally:
        later.close()


def test_joined_once_more_nothing_that_waits_is_lost_and_another_name_is_another_person(ears, capsys):
    ear, away = ears(right), ears(right)
    away.close()
    lessonlib.join(away.address, CODE, "Ada")
    lessonlib.help()
    assert "Your hand is up, as soon as the board answers." in capsys.readouterr().out
    lessonlib.join(ear.address, CODE, "Ada")  # where the board is now
    wait_for(lambda: len(events(ear)) == 1)
    assert len(progress.LISTENERS) == 1
    lessonlib.join(ear.address, CODE, "Ben")
    assert len(progress.LISTENERS) == 1
    posted = [json.loads(text.partition("\r\n\r\n")[2]) for text in ear.heard]
    assert [(each["name"], each.get("leave", False)) for each in posted if each.get("leave") or each["fresh"]] == [("Ada", False), ("Ada", True), ("Ben", False)]


def test_who_was_sent_out_is_told_so(ears, capsys):
    ear = ears(b'HTTP/1.1 200 OK\r\n\r\n{"left": true, "got": 0}')
    lessonlib.join(ear.address, CODE, "Ada")
    lessonlib.help()
    assert "You are no longer in the room." in capsys.readouterr().out


def test_a_wrong_code_and_a_wrong_address_say_what_to_do(ears):
    refusing = ears(b'HTTP/1.1 403 refused\r\n\r\n{"refused": "not the code of this room"}')
    with pytest.raises(ValueError, match=r"not the code of this room\. Four words stand on the board"):
        lessonlib.join(refusing.address, CODE, "Ada")
    assert "room" not in learner._NOW
    for address in ("", "ftp://x", "http://", "two words", "x:99999999"):
        with pytest.raises(ValueError, match="address="):
            lessonlib.join(address, CODE, "Ada")
    with pytest.raises(ValueError, match="code='river'"):
        lessonlib.join(refusing.address, "river", "Ada")
    with pytest.raises(ValueError, match="nickname="):
        lessonlib.join(refusing.address, CODE, " ")


def test_all_kernels_of_a_machine_are_one_person_and_another_room_cannot_tell(monkeypatch):
    one = learner.Room("127.0.0.1:1", CODE, "Ada").about["who"]
    monkeypatch.setattr(learner, "_SEAT", [])  # another kernel
    assert learner.Room("127.0.0.1:1", CODE, "ada").about["who"] == one
    assert learner.Room("127.0.0.1:1", "oak-elm-fig-fox", "Ada").about["who"] != one
    assert learner.Room("127.0.0.1:1", CODE, "Ben").about["who"] != one
    assert progress.where().with_name("seat.txt").exists()


def test_events_are_kept_for_a_board_that_starts_again_but_not_without_end(monkeypatch):
    monkeypatch.setattr(post, "KEPT", 5)
    carrier = post.Post(post.place_of("127.0.0.1:9"), {}, dict)
    carrier._next = time.monotonic() + 60
    for k in range(8):
        carrier.put({"k": k})
    assert (carrier.count, carrier.base, [n for n, _, _ in carrier.events]) == (8, 3, [4, 5, 6, 7, 8])


def test_importing_the_library_loads_nothing_of_the_board():
    code = "import sys, lessonlib; from lessonlib import checks; print([m for m in sys.modules if m.startswith(('lessonlib.board', 'tornado', 'http'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(lessonlib, "nothing")  # noqa: B009 - as a learner writes it


def test_a_check_that_did_not_pass_is_told_and_not_kept(ears, monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "1")
    lessonlib.join(ears(right).address, CODE, "Ada")
    checks.check(my_adam, against=adam)
    assert learner._NOW["room"].post.count == 1
    assert progress.done() == {}


def test_help_with_a_name_is_pythons_own(capsys):
    lessonlib.help(State)
    assert "class State" in capsys.readouterr().out


def test_a_listener_that_fails_is_not_in_the_way(monkeypatch):
    def fails(*_):
        raise RuntimeError("no")
    monkeypatch.setattr(progress, "LISTENERS", [fails])
    assert not checks.check(my_adam, against=adam)
    monkeypatch.undo()
