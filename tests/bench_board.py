"""A board under load: 30 and 300 simulated learners on this machine, three events a minute each, and all at once. Prints a table.

    python tests/bench_board.py [--minutes 1]

For each room: from the moment an event happens in a learner's kernel until a page has it (p50, p95, the longest); a board that is killed in
the middle and started again; events that never arrived, which ends the command with 1; the memory of the board's process.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import threading
import time

import board_people
import psutil
from tornado.websocket import websocket_connect

ADAM = board_people.item("09_adam", "check")
SLOWEST = 1.0  # seconds, of the p95


class Page:
    """The instructor's page, in a thread: notes when it was first told of each try of each learner."""

    def __init__(self, board):
        self.board, self.seen, self.total, self.bytes = board, {}, 0, 0
        self.loop, self.end = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.listen(),), daemon=True)
        self.thread.start()

    async def listen(self):
        while not self.end.is_set():
            try:
                page = await websocket_connect(f"ws://127.0.0.1:{self.board.port}/ws", max_message_size=10**7)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            await page.write_message(json.dumps({"code": self.board.key, "page": "instructor"}))
            while (text := await page.read_message()) is not None:
                now, view = time.monotonic(), json.loads(text)
                self.bytes = max(self.bytes, len(text))
                self.total = view.get("events", self.total)
                for who in view.get("who", []):
                    for k in range(self.seen.setdefault(who["name"], [0, []])[0], who.get("tries", 0)):
                        self.seen[who["name"]][1].append(now)
                        self.seen[who["name"]][0] = k + 1
                if self.end.is_set():
                    break
            page.close()


def measure(board, count, minutes, kill):
    """A room of so many: events in their time, then all at once; the board is killed in the middle, or not."""
    people = [board_people.Simulated(board, k, f"Learner {k}") for k in range(count)]
    for learner in people:
        learner.post.start()
    board_people.settle(people)
    page = Page(board)
    rng, until = random.Random(count), time.monotonic() + 60 * minutes
    due = sorted((time.monotonic() + rng.uniform(0, 60 * minutes), k) for k in range(count) for _ in range(max(1, round(3 * minutes))))
    halfway, memory = len(due) // 2 if kill else -1, []
    for j, (at, k) in enumerate(due):
        time.sleep(max(0.0, at - time.monotonic()))
        if j == halfway:
            memory.append(psutil.Process(board.process.pid).memory_info().rss)
            board.kill()
            threading.Timer(2.0, board.start).start()
        people[k].put(item=ADAM, state="tried", verdict="no root")
    time.sleep(max(0.0, until - time.monotonic()) + 4.0 * kill)
    steady = {learner.name: len(learner.made) for learner in people}
    for learner in people:  # within one second
        threading.Timer(rng.uniform(0, 1), learner.put, kwargs={"item": ADAM, "state": "tried", "verdict": "no root"}).start()
    time.sleep(1.5)
    missing = board_people.settle(people, 30)
    made = sum(len(learner.made) for learner in people)
    end = time.monotonic() + 10
    while page.total < made and time.monotonic() < end:
        time.sleep(0.05)
    page.end.set()
    memory.append(psutil.Process(board.process.pid).memory_info().rss)
    for learner in people:
        learner.post.end()
    late = {"steady": [], "at once": []}
    for learner in people:
        seen = page.seen.get(learner.name, [0, []])[1]
        for j, (told, happened) in enumerate(zip(seen, learner.made, strict=False)):
            late["steady" if j < steady[learner.name] else "at once"].append(told - happened)
    return late, missing + made - page.total, max(memory), page.bytes


def share(values, part):
    """A quantile in milliseconds."""
    return f"{1000 * sorted(values)[min(len(values) - 1, int(part * len(values)))]:,.0f}" if values else "-"


def main():
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="of each room's steady part")
    minutes, bad = parser.parse_args().minutes, False
    print("people | board      | events |             | p50 ms | p95 ms | longest | lost | MB of the board | KB a page is sent at most")
    for count in (30, 300):
        for kill in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                board = board_people.Board(folder)
                try:
                    late, lost, memory, size = measure(board, count, minutes, kill)
                finally:
                    board.process.kill()
                    board.process.wait()
            for name, values in late.items():
                cut = kill and name == "steady"  # what happened while nobody was there had to wait for the board
                print(f"{count:6} | {'killed' if kill else 'stays':10} | {len(values):6} | {name:11} | {share(values, 0.5):>6} | {share(values, 0.95):>6} | "
                      f"{share(values, 1):>7} | {lost:4} | {memory / 1e6:15.0f} | {size / 1000:.0f}", flush=True)
                bad |= lost != 0 or (not cut and sorted(values)[int(0.95 * len(values))] > SLOWEST)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
