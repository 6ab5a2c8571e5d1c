"""A board in a process of its own and simulated people for it, who use the same code as a learner's kernel."""
from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from lessonlib.board.course import course
from lessonlib.board.post import Place, Post

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["Ada", "Amin", "Ana", "Ben", "Bo", "Chen", "Clara", "Dana", "David", "Ela", "Emre", "Eva", "Farid", "Finn", "Grace", "Hana", "Ivo", "Jana",
         "Jonas", "Kofi", "Lea", "Lin", "Luca", "Mara", "Mei", "Nadia", "Noah", "Olga", "Omar", "Petra"]


class Board:
    """`python -m lessonlib.board`, started and killed."""

    def __init__(self, folder, *options, port=0):
        self.folder, self.options = Path(folder), options
        if not port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
        self.port, self.address = port, f"http://127.0.0.1:{port}"
        self.start()

    def start(self):
        """Start it, and wait for what it prints."""
        env = os.environ | {"LESSONLIB_BOARD_FOLDER": str(self.folder), "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                            "PYTHONUTF8": "1"}
        said = self.folder / "said.txt"
        with said.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, "-m", "lessonlib.board", "--no-browser", f"--port={self.port}", *self.options], env=env,
                                            stdout=out, stderr=subprocess.STDOUT)
        end = time.monotonic() + 30
        while "Ctrl-C ends" not in (text := said.read_text(encoding="utf-8")):
            assert self.process.poll() is None, text
            assert time.monotonic() < end, text
            time.sleep(0.02)
        self.said = text
        self.key, self.code = re.findall(r"with the code  (\S+)", text)

    def kill(self):
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        """End it as Ctrl-C does; returns what it said."""
        self.process.send_signal(2)
        self.process.wait(10)
        return (self.folder / "said.txt").read_text(encoding="utf-8")


class Simulated:
    """One simulated learner: a Post, and what it has been told to send."""

    def __init__(self, board, number, name):
        self.name, self.made = name, []
        about = {"code": board.code, "who": f"{number + 1:032x}", "name": name, "session": f"{number + 1:016x}"}
        self.post = Post(Place("127.0.0.1", board.port, "/api", False), about, lambda: {"lesson": "09_adam"})

    def put(self, **event):
        """Let an event happen."""
        self.made.append(time.monotonic())
        self.post.put(event)


def item(lesson, kind, k=0):
    """The key of the k-th item of a kind."""
    return [each.key for each in course()[lesson].items if each.kind == kind][k]


def classroom(people, seed=1):
    """A lesson's first hour, for thirty: 11 forget the bias correction, 4 have not begun, half have passed."""
    rng = random.Random(seed)
    adam, hand = item("09_adam", "check"), item("09_adam", "check", 1)
    question, uncorrected = (item("09_adam", "prediction", k) for k in (4, 1))
    for k, learner in enumerate(people):
        if k < 28:
            learner.put(item=item("09_adam", "goal"), state="passed")
            learner.put(item=question, said=rng.choice([0, 1, 2, 2, 3, 3]))
        if k < 24:
            learner.put(item=uncorrected, said=rng.choice([1.0, 1.0, 0.1, 0.1, 3.16, 3.16, 3.16, 10.0]))
    for k, learner in enumerate(people):
        if k < 4:
            learner.put(item=adam, state="blank", verdict="Not written yet.")
        elif k < 15:
            learner.put(item=adam, state="tried", verdict="It raised NameError.")
            learner.put(item=adam, state="tried", verdict="no bias correction")
        else:
            if k < 22:
                learner.put(item=adam, state="tried", verdict=rng.choice(["no bias correction", "betas swapped", "no root"]))
            learner.put(item=adam, state="passed")
            if k < 20:
                learner.put(item=hand, state="tried", verdict="", other=1)
            elif k < 24:
                learner.put(item=hand, state="passed")
    for k in (5, 12):
        people[k].put(hand=True)


def settle(people, seconds=20):
    """Wait until the board has everything."""
    end = time.monotonic() + seconds
    while any(learner.post.got < learner.post.count for learner in people) and time.monotonic() < end:
        time.sleep(0.02)
    return sum(learner.post.count - learner.post.got for learner in people)


def lines(path):
    """The lines that --save wrote."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
