"""A board as its command starts it: killed and started again in the middle of a lesson, ended, and what it leaves behind."""
from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request

import board_people
import pytest

import lessonlib
from lessonlib import checks, progress
from lessonlib.board import __main__ as command
from lessonlib.board import invitation, keys, post
from lessonlib.board.keys import Codes

ADAM = board_people.item("09_adam", "check")


@pytest.fixture
def quick(monkeypatch):
    for name, value in {"PING_S": 0.5, "PAUSE_S": 0.05, "LONGEST_S": 0.3}.items():
        monkeypatch.setattr(post, name, value)


@pytest.fixture
def people():
    made = []
    yield made
    for learner in made:
        learner.post.end()
        learner.post.thread.join(10)


def test_a_board_that_is_killed_opens_the_same_room_and_no_event_is_lost(tmp_path, quick, people):
    kept = tmp_path / "kept.jsonl"
    board = board_people.Board(tmp_path, f"--save={kept}")
    try:
        assert "A new room is open." in board.said
        people += [board_people.Simulated(board, k, "Ada") for k in range(4)]
        for learner in people:
            learner.post.start()
            for _ in range(5):
                learner.put(item=ADAM, state="tried", verdict="no root")
        assert board_people.settle(people) == 0
        codes, begun = (board.code, board.key), len(board_people.lines(kept))
        assert begun == 20
        board.kill()
        for learner in people:  # nobody is there
            learner.put(item=ADAM, state="passed")
        time.sleep(0.2)
        assert {learner.post.state for learner in people} == {"away"}
        board.start()
        assert "The room that was open here goes on." in board.said
        assert (board.code, board.key) == codes
        end = time.monotonic() + 10
        while len(board_people.lines(kept)) < begun + 24 and time.monotonic() < end:
            time.sleep(0.05)
        assert board_people.settle(people) == 0
        again = board_people.lines(kept)[begun:]  # by the new board: everything, once
        assert len({line["board"] for line in again}) == 1
        assert sorted(line["state"] for line in again) == ["passed"] * 4 + ["tried"] * 20
        assert {learner.post.name for learner in people} == {"Ada", "Ada 2", "Ada 3", "Ada 4"}
        assert oct(kept.stat().st_mode & 0o777) == "0o600"
        assert "Ada" not in kept.read_text(encoding="utf-8").replace("Write Adam", "")
        said = board.stop()
        assert "The room is over, and nothing of it is kept but" in said
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("board-")] == []
        assert "Traceback" not in said
    finally:
        board.process.kill()
        board.process.wait(10)


def test_a_kernel_joins_is_seen_and_leaves(tmp_path, quick, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_NOW", {"lesson": "09_adam", "complained": ""})
    kept = tmp_path / "kept.jsonl"
    board = board_people.Board(tmp_path, f"--save={kept}")
    try:
        with pytest.raises(ValueError, match=r"not the code of this room\. Four words"):
            lessonlib.join(board.address, "oak elm fig fox", "Ada")
        lessonlib.join(board.address, board.code.replace("-", " "), "Ada")
        checks.check(lambda theta, g, s, *, lr: theta, against="sgd")  # no exercise of this lesson
        progress.note("goal", "make the last step at least nine tenths of a step size long.", met_with="lr = 0.1")
        lessonlib.help()
        end = time.monotonic() + 5
        while len(board_people.lines(kept)) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        lessonlib.leave()
        assert "You have left the room.\n" in capsys.readouterr().out
        assert [line.get("title", line.get("hand")) for line in board_people.lines(kept)] == ["make the last step at least nine tenths of a step size long.", True]
    finally:
        board.stop()


def test_a_port_that_is_taken_is_said_and_the_room_there_stays(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LESSONLIB_BOARD_FOLDER", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        codes = keys.kept(port, keys.new_codes())
        assert command.main([f"--port={port}", "--no-browser"]) == 2
        assert "Is a board open there?" in capsys.readouterr().err
        assert keys.kept(port) == codes


def test_codes_are_kept_for_a_room_that_never_ended_and_not_for_days(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONLIB_BOARD_FOLDER", str(tmp_path))
    asked = command.arguments([])
    codes, goes_on = command.codes_for(asked)
    assert not goes_on
    keys.kept(asked.port, codes)
    assert command.codes_for(asked) == (codes, True)
    assert oct(keys.where(asked.port).stat().st_mode & 0o777) == "0o600"
    assert command.codes_for(command.arguments(["--code", "Oak elm fig fox"])) == (codes._replace(room="oak-elm-fig-fox"), False)
    told = json.loads(keys.where(asked.port).read_text())
    for damage in (json.dumps(told | {"at": time.time() - 13 * 3600}), "{", "[]", json.dumps(told | {"room": "../x"}), json.dumps({"at": time.time()})):
        keys.where(asked.port).write_text(damage)
        assert command.codes_for(asked)[1] is False
    keys.forget(asked.port)
    keys.forget(asked.port)
    with pytest.raises(SystemExit):
        command.arguments(["--code", "river"])


def test_without_segno_there_are_words_in_place_of_the_qr_code(monkeypatch):
    told = {"lan": True, "goes_on": False, "save": None}
    monkeypatch.setitem(sys.modules, "segno", None)
    assert invitation.invitation("http://10.0.0.1:8877/", "a-b-c-d")["qr"] == ""
    said = invitation.told("http://10.0.0.1:8877/", "http://127.0.0.1:8877/", Codes("a-b-c-d", "e-f-g-h"), **told)
    assert "No QR code" in said
    assert 'lessonlib.join("http://10.0.0.1:8877", "a-b-c-d", "your nickname")' in said


def test_with_segno_the_qr_code_leads_to_the_page_that_says_how_to_join():
    pytest.importorskip("segno")
    assert invitation.invitation("http://10.0.0.1:8877/", "a-b-c-d")["qr"].startswith("data:image/svg+xml")
    assert "No QR code" not in invitation.told("http://10.0.0.1:8877/", "http://127.0.0.1:8877/", Codes("a-b-c-d", "e-f-g-h"), lan=True, goes_on=False, save=None)


def test_a_disk_that_is_full_ends_no_room(capsys):
    class Full:
        name = "kept.jsonl"

        def write(self, _):
            raise OSError(28, "No space left on device")

    command.saver(Full())({"at": 1})
    assert "Not saved: No space left on device" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said_before_the_room_opens(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LESSONLIB_BOARD_FOLDER", str(tmp_path))
    assert command.main(["--save", str(tmp_path / "none" / "kept.jsonl"), "--no-browser"]) == 2
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize(("prefix", "address"), [("/", "http://127.0.0.1:8877/"), ("/services/board/", "http://127.0.0.1:8877/services/board/"),
                                                 ("board", "http://127.0.0.1:8877/board/")])
def test_an_address_has_the_prefix_of_a_proxy(prefix, address):
    assert invitation.address_of(8877, prefix, lan=False) == address


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address of its own on Linux alone")
@pytest.mark.parametrize("lan", [False, True])
def test_other_addresses_than_this_machines_own_are_listened_to_only_if_asked_for(tmp_path, lan):
    board = board_people.Board(tmp_path, *["--lan"] * lan)
    try:
        with socket.create_connection(("127.0.0.1", board.port), timeout=5):
            pass
        assert ("nothing is encrypted" in board.said) is lan
        if lan:
            with socket.create_connection(("127.0.0.2", board.port), timeout=5):
                pass
        else:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.2", board.port), timeout=5)
    finally:
        board.process.kill()
        board.process.wait(10)


def test_behind_a_prefix_everything_is_there(tmp_path):
    board = board_people.Board(tmp_path, "--prefix=/services/board/", "--code", "Oak elm fig fox")
    try:
        assert board.code == "oak-elm-fig-fox"
        with urllib.request.urlopen(f"{board.address}/services/board/board.js", timeout=5) as reply:
            assert b"connect" in reply.read()
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{board.address}/board", timeout=5)
        error.value.close()
        learner = board_people.Simulated(board, 1, "Ada")
        learner.post.place = post.place_of(f"{board.address}/services/board/")
        learner.post.once()
        assert learner.post.state == "there"
    finally:
        board.stop()
    assert os.listdir(tmp_path) == ["said.txt"]
