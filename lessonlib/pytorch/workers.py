"""Threads that work side by side until they are done or the stop button is pressed."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event
from typing import Any

import torch

__all__ = ["progress", "side_by_side"]


def side_by_side(jobs: Sequence[Callable[[Event], Any]], workers: int, meanwhile: Callable[[], Any]) -> bool:
    """Run the jobs, so many at a time, each on a thread of its own; return whether the stop button (Ctrl-C) ended them.

    Each job gets an event and comes to its end when that is set: by the stop button, or since another job or meanwhile failed.
    meanwhile: called ten times a second in the calling thread, and once at the end if nobody stopped. Raises what a job raised.
    """
    stop, interrupted = Event(), False
    with _pool(workers) as pool:
        running = [pool.submit(job, stop) for job in jobs]
        try:
            while wait(running, timeout=0.1, return_when=FIRST_EXCEPTION).not_done and not any(map(_failed, running)):
                meanwhile()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            stop.set()
            wait(running)
    for job in running:
        job.result()
    if not interrupted:
        meanwhile()
    return interrupted


def _failed(job: Future[Any]) -> bool:
    return job.done() and job.exception() is not None


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads of which none shares its tensors' work with others: on tensors this small that costs more time than it saves.

    Denormal numbers, a hundred times slower on some CPUs, count as 0 in them.
    """
    def settle() -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)

    try:
        with ThreadPoolExecutor(workers, initializer=settle) as pool:
            yield pool
    finally:
        torch.set_num_threads(torch.get_num_threads())  # for threads to come, as it was


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """A function of the steps taken that shows a bar once training takes over 2 s; LESSONLIB_PROGRESS=0 hides it."""
    from tqdm.auto import tqdm  # slow to import

    with tqdm(total=total, unit="step", leave=False, delay=2, disable=os.environ.get("LESSONLIB_PROGRESS") == "0") as bar:
        yield lambda taken: bar.update(taken - bar.n)
