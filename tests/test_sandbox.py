"""Work comes back, or is ended, in a side thread and without one."""
from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
import time

import pytest

from lessonlib import run, sandbox, sgd
from lessonlib.problems import ravine
from lessonlib.sandbox import contain

# An exception that ends an attempt from outside may land in a callback of the garbage collector; Python reports it there and goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
PATIENCE = 0.3


def plain():
    while True:
        pass


def on_one_line():
    while True: pass  # noqa: E701


def catches_exceptions():
    while True:
        try:
            abs(1)
        except Exception:
            abs(2)


def catches_all():
    while True:
        try:
            abs(1)
        except:  # noqa: E722
            abs(2)
            continue


def catches_all_on_one_line():
    while True:
        try: int("a")  # noqa: E701
        except: pass  # noqa: E701,E722


def catches_all_twice():
    while True:
        try:
            while True:
                try:
                    abs(1)
                except:  # noqa: E722
                    abs(2)
        except:  # noqa: E722
            abs(3)


def catches_all_in_a_function():
    def step():
        try:
            int("a")
        except:  # noqa: E722
            pass
    while True:
        step()


def suppresses():
    while True:
        with contextlib.suppress(BaseException):
            abs(1)


def finally_goes_on():
    for _ in iter(int, 1):
        try:
            abs(1)
        finally:
            abs(2)


def raises_and_catches():
    while True:
        try:
            raise SystemExit
        except BaseException as error:
            str(error)


def prints():
    while True:
        print("theta")


def generates():
    return sum(1 for _ in iter(int, 1))


def collects():
    return [0 for _ in iter(int, 1) if False]


def naps():
    while True:
        time.sleep(0.01)


def naps_and_catches_all():
    while True:
        try:
            time.sleep(0.01)
        except:  # noqa: E722
            pass


def runs_for_hours():
    run(sgd, ravine(), steps=1_000_000, lr=0.01)  # the library's own loop, of whose lines none is watched


def waits_in_an_except():
    try:
        while True:
            pass
    except:  # noqa: E722
        while True:
            pass


def keeps_what_it_catches():
    kept = []
    while True:
        try:
            abs(1)
        except BaseException as error:
            kept.append(error)


def recurses_for_ever():
    def f():
        return f()
    while True:
        try:
            f()
        except RecursionError:
            pass


def sleeps():
    time.sleep(3)


ENDED = [plain, catches_exceptions, catches_all, catches_all_on_one_line, catches_all_twice, catches_all_in_a_function, suppresses,
         finally_goes_on, raises_and_catches, prints, generates, collects, naps, naps_and_catches_all, runs_for_hours]
BY_A_THREAD = [on_one_line, waits_in_an_except, recurses_for_ever]  # the trace function does not end these everywhere
if sys.version_info >= (3, 11):  # and before, nothing ends this one
    BY_A_THREAD.append(keeps_what_it_catches)
BY_NOBODY = [sleeps]  # one long call into C


def raiser(error):
    def work():
        raise error
    return work


def recurses():
    return recurses()


COME_BACK = [(lambda: 3, "returned"), (raiser(ValueError("no")), "raised"), (raiser(SystemExit(1)), "raised"), (raiser(KeyboardInterrupt()), "raised"),
             (raiser(GeneratorExit()), "raised"), (raiser(StopIteration()), "raised"), (recurses, "raised")]


def refuse(thread):
    raise RuntimeError("can't start new thread")


@pytest.fixture(params=["a side thread", "no thread"])
def place(request, monkeypatch):
    """Where work runs."""
    if request.param == "no thread":
        monkeypatch.setattr(threading.Thread, "start", refuse)
    return request.param


def left_running():
    time.sleep(0.01)  # a thread that has ended takes itself off the list
    return [t for t in threading.enumerate() if getattr(t, "_target", None) is not None and "_Watch" in repr(t._target)]


@pytest.mark.parametrize("work", ENDED, ids=lambda f: f.__name__)
def test_what_has_no_end_is_ended(work, place):
    begun = time.monotonic()
    outcome = contain(work, PATIENCE)
    assert outcome.ended == "stopped"
    assert PATIENCE <= time.monotonic() - begun < PATIENCE + 2
    assert not left_running()


@pytest.mark.parametrize("work", BY_A_THREAD, ids=lambda f: f.__name__)
def test_what_escapes_the_trace_function_is_ended_from_outside(work):
    assert contain(work, PATIENCE).ended == "stopped"
    assert not left_running()


@pytest.mark.parametrize("work", BY_NOBODY, ids=lambda f: f.__name__)
def test_what_cannot_be_ended_does_not_hold_the_caller_and_is_said_to_run(work):
    assert contain(work, 0.1).ended in ("running", "stopped")  # stopped: it was quicker than the grace
    deadline = time.monotonic() + 30
    while left_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left_running()


def test_a_long_sleep_is_said_to_run():
    assert contain(sleeps, 0.3).ended == "running"
    time.sleep(3)
    assert not left_running()


@pytest.mark.parametrize(("work", "ended"), COME_BACK)
def test_what_comes_back_brings_its_value_or_its_error(work, ended, place):
    outcome = contain(work, 5)
    assert (outcome.ended, outcome.value) == (ended, 3 if ended == "returned" else None)
    assert (outcome.error is None) == (ended == "returned")
    assert outcome.printed == ""


def test_what_is_printed_is_heard_not_shown(place, capsys):
    def work():
        print("a" * 1000)
        sys.stderr.write("b")
        return 3

    assert contain(work, 5).printed.startswith("aaa")
    assert len(contain(prints, PATIENCE).printed) == 200
    assert capsys.readouterr() == ("", "")


def test_a_trace_function_of_the_callers_own_is_put_back(place):
    def own(frame, event, arg):
        return None

    before = sys.gettrace()
    sys.settrace(own)
    try:
        contain(plain, 0.05)
        now = sys.gettrace()
    finally:
        sys.settrace(before)
    assert now is own


@contextlib.contextmanager
def pressed(work, press):
    """Someone presses the stop button a little after work has begun."""
    begun = threading.Event()

    def wait():
        begun.wait()
        time.sleep(0.1)
        press()

    def told():
        begun.set()
        return work()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield told
    thread.join()


def signalled():
    """Ctrl-C as the system sends it; on Windows a signal cannot be sent to a thread."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


PRESSES = {"a signal": signalled, "interrupt_main": _thread.interrupt_main}
ALL = [(work, press, place) for work in ENDED for press, place in
       (("a signal", "a side thread"), ("interrupt_main", "a side thread"), ("a signal", "no thread"))]


@pytest.mark.parametrize(("work", "press", "place"), ALL, ids=[f"{w.__name__}-{p}-{q}" for w, p, q in ALL])
def test_the_stop_button_ends_the_work_at_once_and_leaves_nothing_running(work, press, place, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    with pressed(work, PRESSES[press]) as told, pytest.raises(KeyboardInterrupt, match="nothing of the attempt still runs"):
        if place == "no thread":
            monkeypatch.setattr(threading.Thread, "start", refuse)
        begun = time.monotonic()
        contain(told, 20)
    assert time.monotonic() - begun < 5
    assert signal.getsignal(signal.SIGINT) is before
    assert not left_running()


@pytest.mark.parametrize("moment", ["line", "exception"])
def test_the_stop_button_ends_the_work_at_any_moment_of_its_tracing(moment, monkeypatch):
    look, sent = sandbox._Watch.look, []

    def pressed_meanwhile(watch, frame, event, arg):
        if event == moment and frame.f_code is work.__code__ and not sent:
            sent.append(True)
            signal.raise_signal(signal.SIGINT)
        look(watch, frame, event, arg)
        return watch.look

    def work():
        while True:
            try:
                raise SystemExit
            except BaseException as error:
                str(error)

    monkeypatch.setattr(sandbox._Watch, "look", pressed_meanwhile)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(KeyboardInterrupt, match="nothing of the attempt still runs"):
        contain(work, 20)
    assert sent


def test_the_stop_button_says_what_it_could_not_end():
    with pressed(sleeps, PRESSES["a signal"]) as told, pytest.raises(KeyboardInterrupt, match="still runs: restart the kernel"):
        contain(told, 20)
    time.sleep(3)
    assert not left_running()
