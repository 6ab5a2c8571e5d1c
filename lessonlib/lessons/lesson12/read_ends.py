"""The recorded trainings of lesson 12 that end in four ways, read and drawn; and the average of Schedule-Free on a noisy parabola."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.judges_deeper import free_step
from lessonlib.lessons.lesson12.records import Best, best, compared
from lessonlib.play.experiment import new_figure
from lessonlib.plots import Look, show

__all__ = ["EVERY", "LATE", "LOOKS", "MEANS", "NAMES", "PARABOLA", "distance_rows", "distances", "end", "free_rows", "lengths", "means",
           "nearer", "planned", "rows", "show_average", "show_ends", "show_shares", "stopped", "verdict", "way_of"]

Array = np.ndarray[Any, Any]
EVERY, LATE, WARMUP = 20, 0.2, 20  # as in endings, which knows torch
NAMES = {"cosine": "cosine", "late": "late fall", "free": "Schedule-Free", "mean fifth": "mean of AdamW, last fifth"}
LOOKS = {"cosine": Look("#2b569c", "^", "--"), "late": Look("#9e5210", "D", "-"), "free": Look("#0b6e3b", "o", (0, (1, 1))),
         "mean fifth": Look("#b5357a", "s", (0, (6, 2)))}
PARABOLA = (4.0, 0.5, 0.2, 0.1, 0.05, 0.02)  # step sizes
MEANS = {"none": "the weights themselves", "all": "all so far", "free": "all, weighed as in Schedule-Free", "fifth": "the last fifth"}


def lengths(found: Mapping[str, Any]) -> list[int]:
    """Return the numbers of steps for which trainings were planned."""
    return sorted({row["steps"] for row in found["cosine"]})


def _at(found: Mapping[str, Any], way: str, steps: int, lr: float | None = None) -> Best:
    """The best of a way among the trainings of so many steps, or the one with this step size; by the mean, which sees one broken seed."""
    _, mean, average = way.rpartition("mean ")
    swept = [row for row in found["means"] if row["average"] == average] if mean else found[way]
    return best([row for row in swept if row["steps"] == steps and lr in (None, row["lr"])], "test", by=np.mean)


def planned(found: Mapping[str, Any], way: str, steps: int) -> Best:
    """Return the Best of a training that ends after so many steps: test losses at every EVERY steps, (seeds, points).

    way: of NAMES, or "mean " and one of MEANS. A cosine has its own best step size for each length. The others are one run, so they have
    one step size, that of the longest.
    """
    longest = lengths(found)[-1]
    if way == "cosine":
        return _at(found, way, steps)
    whole = _at(found, way, longest)
    if way == "late":
        return _at(found, way, steps, whole.lr)._replace(inside=whole.inside)
    cut = whole.found[:, : steps // EVERY]
    return whole._replace(found=cut, median=float(np.median(cut[:, -1])))


def end(found: Mapping[str, Any], way: str, steps: int) -> Array:
    """Return the test losses at the end of a training of so many steps, one a seed."""
    return np.asarray(planned(found, way, steps).found[:, -1])


def rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each length: the steps, and median test losses there.

    Of a cosine planned for it, of the longest cosine stopped there, of the step size that has not fallen yet, and of a late fall.
    """
    out: list[list[Any]] = []
    for steps in lengths(found):
        last = steps == lengths(found)[-1]
        cut = ["-", "-"] if last else [float(np.median(stopped(found, way, steps))) for way in ("cosine", "late")]
        out.append([steps, planned(found, "cosine", steps).median, *cut, planned(found, "late", steps).median])
    return out


def free_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each length: the steps, and the median test losses there of each of NAMES."""
    return [[steps, *(planned(found, way, steps).median for way in NAMES)] for steps in lengths(found)]


def means(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each of MEANS: its name, its best step size, and the median test losses at each length."""
    tops = {name: planned(found, f"mean {average}", lengths(found)[-1]) for average, name in MEANS.items()}
    return [[name, top.lr, *(float(np.median(top.found[:, steps // EVERY - 1])) for steps in lengths(found))] for name, top in tops.items()]


def stopped(found: Mapping[str, Any], way: str, steps: int) -> Array:
    """Return the test losses of a training planned for the longest length after so many steps, one a seed."""
    return np.asarray(planned(found, way, lengths(found)[-1]).found[:, steps // EVERY - 1])


def verdict(found: Mapping[str, Any], way: str, other: str, steps: int) -> str:
    """Return how the test losses at the end of one way compare with those of another."""
    return compared(end(found, way, steps), end(found, other, steps))


def way_of(name: str, steps: int) -> Array:
    """Return the share of the step size at the steps 1 to `steps`, of a "cosine" or a "late" fall."""
    t = np.arange(1, steps + 1)
    cosine = (1 + np.cos(np.pi * (t - 1 - WARMUP) / (steps - WARMUP))) / 2
    return np.where(t <= WARMUP, t / (WARMUP + 1), cosine if name == "cosine" else np.minimum(1, (steps - t) / (LATE * steps)))


def show_shares(found: Mapping[str, Any]) -> None:
    """Show the step size over the steps: a cosine for each length, and a constant one with a late fall before each length."""
    figure = new_figure(8.6, 3.2)
    panels = figure.subplots(1, 2, sharey=True)
    for ax, name, title in zip(panels, ("cosine", "late"), ("Cosine: four trainings", "Late fall: one training, four ends"), strict=True):
        style = LOOKS[name]
        for steps in lengths(found):
            ax.plot(np.arange(1, steps + 1), way_of(name, steps), color=style.color, linestyle=style.dash)
        ax.set(xlabel="step", title=title, xlim=(0, lengths(found)[-1] + 10), ylim=(0, 1.05))
    panels[0].set_ylabel("share of the step size")
    show(figure, "The step size over the steps. Left, four cosines that fall from the start to 0 at 100, 200, 400 and 800 steps, no two of "
                 "them alike. Right, one level line from which four short lines fall to 0 at the same four places.")


def show_ends(found: Mapping[str, Any], ways: Sequence[str], title: str, cut: int | None = None) -> None:
    """Show the test loss over the steps of some of NAMES, medians: each planned length of cosine and late fall, the one run of an average.

    cut: where the longest cosine is marked too, as one that was stopped there.
    """
    figure = new_figure(7.4, 3.7)
    ax = figure.add_subplot(xlabel="step", ylabel="test loss, nats a character", xlim=(40, 830), ylim=_span(found), title=title)
    for way in ways:
        style = LOOKS[way]
        for steps in lengths(found) if way in ("cosine", "late") else lengths(found)[-1:]:
            path = np.median(planned(found, way, steps).found, axis=0)
            ax.plot(np.arange(1, len(path) + 1) * EVERY, path, color=style.color, linestyle=style.dash,
                    linewidth=1.6 if steps == lengths(found)[-1] else 1.0)
        for steps in lengths(found):
            ends = end(found, way, steps)
            beside = steps + 18 * (list(ways).index(way) - (len(ways) - 1) / 2)  # so that the bars can be told apart
            ax.vlines(beside, ends.min(), ends.max(), color=style.color, lw=3, alpha=0.5)
            ax.plot(beside, np.median(ends), color=style.color, marker=style.marker, markersize=6, linestyle=style.dash,
                    label=NAMES[way] if steps == lengths(found)[0] else None)
    told = "; ".join(f"after {steps} steps " + ", ".join(f"{NAMES[way]} {planned(found, way, steps).median:.2f}" for way in ways)
                     for steps in lengths(found))
    if cut is not None:
        here = float(np.median(stopped(found, "cosine", cut)))
        ax.plot(cut, here, color=LOOKS["cosine"].color, marker="^", markersize=8, linestyle="none", markerfacecolor="white",
                markeredgewidth=2, zorder=7, label=f"the cosine of {lengths(found)[-1]}, stopped at {cut}")
        told += f"; the cosine of {lengths(found)[-1]} stopped at {cut}, hollow, {here:.2f}"
    ax.legend()
    show(figure, f"Test loss over the steps, medians of the seeds, an end marked beside each planned length with a bar for seeds: {told}.")


def _span(found: Mapping[str, Any]) -> tuple[float, float]:
    """The losses that the pictures show: from below the lowest end to above the highest median."""
    ends = [end(found, way, steps) for way in NAMES for steps in lengths(found)]
    return float(np.min(ends)) - 0.05, float(np.median(ends, axis=1).max()) + 0.15


@cache
def distances(lr: float, begin: float = 3.0, runs: int = 1000, steps: int = 200) -> dict[str, Array]:
    """Return how far from the minimum each is in the second half of many runs on the noisy parabola: root of the mean square, by run."""
    x = z = plain = np.full(runs, begin)
    mean, squares = np.zeros(runs), np.zeros((4, runs))
    for t, noise in enumerate(np.random.default_rng(0).standard_normal((steps, runs)), 1):
        x, z = free_step(x, z, t, lambda y: y + noise, lr, 0.9)  # type: ignore[arg-type,assignment]  # noqa: B023 - called at once
        plain = plain - lr * (plain + noise)
        mean = mean + (plain - mean) / t
        squares += np.array([plain, z, x, mean]) ** 2 * (t > steps // 2)
    names = ("gradient descent", "z", "x", "mean of gradient descent")
    return dict(zip(names, np.sqrt(squares / (steps - steps // 2)), strict=True))


def nearer(lr: float, begin: float = 3.0) -> float:
    """Return the share of runs in which the mean of gradient descent is nearer to the minimum than x."""
    far = distances(lr, begin)
    return float((far["mean of gradient descent"] < far["x"]).mean())


def distance_rows() -> list[list[Any]]:
    """Return a row for each of PARABOLA: the step size, the median distances of x and of the mean of gradient descent, and two shares.

    Those of the runs in which the mean is nearer, from 3 and from the minimum.
    """
    return [[lr, *(float(np.median(distances(lr)[name])) for name in ("x", "mean of gradient descent")), nearer(lr), nearer(lr, 0.0)]
            for lr in PARABOLA]


def show_average(step: Callable[..., tuple[float, float]], lr: float = 0.5, steps: int = 200) -> None:
    """Show x and z of a step of Schedule-Free, from 3, on a noisy parabola; beside gradient descent and its mean."""
    noise = np.random.default_rng(17).standard_normal(steps)  # one whose distances are near those of `distances`
    x = z = plain = 3.0
    mean, paths = 0.0, [(x, z, plain, plain)]
    for t in range(1, steps + 1):
        x, z = step(x, z, t, lambda y: y + noise[t - 1], lr, 0.9)  # noqa: B023 - called at once
        plain -= lr * (plain + noise[t - 1])
        mean += (plain - mean) / t
        paths.append((x, z, plain, mean))
    figure = new_figure(7.4, 3.7)
    ax = figure.add_subplot(xlabel="step", ylabel="where it is", title="A constant step size on a noisy parabola, minimum at 0")
    ax.axhline(0, color="black", linewidth=0.8)
    for k, (color, dash, width, name) in {2: ("#353536", ":", 1.3, "gradient descent"), 1: ("#9e5210", "--", 1.3, "z"),
                                          3: ("#b5357a", (0, (6, 2)), 2.0, "mean of gradient descent"),
                                          0: (LOOKS["free"].color, "-", 2.4, "x")}.items():
        ax.plot(np.array(paths)[:, k], color=color, linestyle=dash, linewidth=width, label=name)
    ax.plot(0, 3, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    late = np.array(paths)[steps // 2:]
    far = np.sqrt((late**2).mean(0))
    show(figure, f"Over {steps} steps, from a square at 3: gradient descent hops around 0, z hops too, x and the mean of gradient "
                 "descent move less and less. "
                 f"In the second half the typical distances are {far[2]:.2f}, {far[1]:.2f}, {far[0]:.2f} and {far[3]:.2f}.")
