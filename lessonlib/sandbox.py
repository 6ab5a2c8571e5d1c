"""Runs a stranger's function and always comes back: with its answer, with its error, or once its time is over.

Work runs in a side thread, under a trace function that raises once the time is over. Where no thread can start (Pyodide), the same
trace function watches the work in the calling thread. Python drops a trace function that has raised, so that a bare except would go on
for ever; here the exception itself puts it back when it is thrown away unheeded, and the next line raises again, outside of that try.

The trace function cannot end one long call into C (a sleep, a sum over an endless iterator), nor some loops: one that keeps every
exception it catches, one that goes on within its except, one after a recursion to the limit, which hit the trace function too, and
before Python 3.12 an empty loop on one line. In a side thread the loops are ended by exceptions sent from outside; the long call runs
on, and `Outcome.ended` says "running". Without threads all of these hold the caller.
"""
from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["OutOfTime", "Outcome", "contain"]

GRACE_S = 0.2  # what the trace function has to itself, before exceptions come from outside
TRIES_S = 1.0  # how long those come, one every 5 ms: a bare except inside a loop swallows some
# No loop without end stands here, so only calls are watched and not every line: a check takes half as long.
TRUSTED = tuple(os.path.join(os.path.dirname(file), "") for file in (np.__file__, __file__))


@dataclass(frozen=True)
class Outcome:
    """What came of the work.

    ended: "returned", with its `value`; "raised", with its `error`; "stopped" when its time was over; "running" where it could not be
    stopped and still runs. printed: the beginning of what it wrote to stdout and stderr.
    """

    ended: Literal["returned", "raised", "stopped", "running"]
    value: Any = None
    error: BaseException | None = None
    printed: str = ""


class OutOfTime(BaseException):
    """Raised inside work whose time is over; whoever catches every exception there lets this one pass."""

    watch: _Watch | None = None

    def __init__(self, watch: _Watch | None = None) -> None:
        self.watch = watch  # given by the trace function

    def __del__(self) -> None:
        if self.watch is not None and self.watch.live and self.watch.home == threading.get_ident():  # swallowed by a bare except
            frame = sys._getframe().f_back  # not the traceback's: a signal while an exception is traced leaves the work out of it
            while frame is not None and frame.f_code is not _Watch.run.__code__:
                frame.f_trace, frame = self.watch.look, frame.f_back
            sys.settrace(self.watch.look)


class _Watch:
    """Runs the work under the trace function; has its outcome."""

    def __init__(self, work: Callable[[], Any], seconds: float) -> None:
        self.work, self.end = work, time.monotonic() + seconds
        self.live, self.pressed, self.home = True, False, 0
        self.outcome, self.done = Outcome("stopped"), threading.Event()

    def look(self, frame: Any, event: str, arg: Any) -> Any:  # noqa: ARG002 - the signature of a trace function
        """The trace function."""
        if event in ("call", "line") and self.live and time.monotonic() > self.end:
            raise OutOfTime(self)  # without a name here: a frame that refers to it would keep it alive
        name = frame.f_code.co_filename
        return None if name.startswith(TRUSTED) and name != __file__ else self.look

    def run(self) -> None:
        """Do the work."""
        before, self.home = sys.gettrace(), threading.get_ident()
        try:
            sys.settrace(self.look)
            try:
                self.outcome = Outcome("returned", self.work())
            except OutOfTime:
                self.live = False  # before it is thrown away
            except BaseException as error:  # noqa: BLE001 - a stranger's; SystemExit too must not end the kernel
                self.outcome = Outcome("raised", error=error)
            finally:
                self.live = False
                sys.settrace(before)
        except OutOfTime:  # one from outside that came late
            sys.settrace(before)
        finally:
            self.done.set()


class _Ear(io.TextIOBase):
    """Hears what is printed and keeps the beginning; an endless print must not fill the memory."""

    heard = ""

    def write(self, text: str) -> int:
        self.heard = (self.heard + text)[:200]
        return len(text)


def contain(work: Callable[[], Any], seconds: float) -> Outcome:
    """Return the Outcome of work(), called without arguments; after `seconds` it is ended. Its printing is heard, not shown.

    A KeyboardInterrupt from outside, the stop button, ends the work at once and is raised again, with a word on whether it still runs.
    """
    watch, ear = _Watch(work, seconds), _Ear()
    thread = threading.Thread(target=watch.run, daemon=True)
    with contextlib.redirect_stdout(ear), contextlib.redirect_stderr(ear), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not _wait(thread, watch):
            with _stop_button(watch):
                watch.run()
    running = not watch.done.is_set()
    if watch.pressed:
        raise KeyboardInterrupt("the attempt could not be ended and still runs: restart the kernel" if running else
                                "stopped; nothing of the attempt still runs") from None
    return Outcome("running" if running else watch.outcome.ended, watch.outcome.value, watch.outcome.error, ear.heard)


def _wait(thread: threading.Thread, watch: _Watch) -> bool:
    """Start the work, wait for it, and end it where the trace function does not; False where no thread can start."""
    try:
        thread.start()
        while time.monotonic() < watch.end and not watch.done.wait(0.02):  # in slices: an interrupt from another thread wakes no lock
            pass
    except RuntimeError:
        return False
    except KeyboardInterrupt:
        watch.pressed, watch.end = True, 0.0
    watch.done.wait(GRACE_S)
    until = time.monotonic() + TRIES_S
    while not watch.done.wait(0.005) and time.monotonic() < until:
        if watch.live:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(OutOfTime))
    return True


@contextlib.contextmanager
def _stop_button(watch: _Watch) -> Iterator[None]:
    """In the calling thread a KeyboardInterrupt would look like one that the work raised: make it the end of the time."""
    def press(number: int, frame: Any) -> None:  # noqa: ARG001 - the signature of a signal handler
        watch.pressed, watch.end = True, 0.0
        raise OutOfTime(watch)

    try:
        before = signal.signal(signal.SIGINT, press)
    except ValueError:  # not the main thread: no interrupt arrives here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
