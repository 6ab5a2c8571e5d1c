"""The recorded trainings of lesson 12 that end in four ways, read and drawn; and the average of Schedule-Free on a noisy parabola."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.records import Best, best, compared
from lessonlib.play.experiment import new_figure
from lessonlib.plots import Look, show

__all__ = ["EVERY", "LATE", "LOOKS", "MEANS", "NAMES", "between", "end", "lengths", "much_longer", "planned", "show_average", "show_ends",
           "show_shares", "stopped", "verdict", "way_of"]

Array = np.ndarray[Any, Any]
EVERY, LATE, WARMUP = 20, 0.2, 20  # as in endings, which knows torch
SWEPT = np.geomspace(0.01, 100, 41)  # step sizes on the ravine
APART = 1.07  # from one bar to the next, as a share of the steps
NAMES = {"cosine": "cosine", "late": "late fall", "free": "Schedule-Free", "mean fifth": "mean of AdamW, last fifth",
         "mean none": "no fall"}
LOOKS = {"cosine": Look("#2b569c", "^", "--"), "late": Look("#9e5210", "D", "-"), "free": Look("#0b6e3b", "o", (0, (1, 1))),
         "mean fifth": Look("#b5357a", "s", (0, (6, 2))), "mean none": Look("#6b6b6b", "v", "-.")}
MEANS = ("none", "all", "free", "fifth")  # of AdamW's weights, as in endings


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


def stopped(found: Mapping[str, Any], way: str, steps: int) -> Array:
    """Return the test losses of a training planned for the longest length after so many steps, one a seed."""
    return np.asarray(planned(found, way, lengths(found)[-1]).found[:, steps // EVERY - 1])


def verdict(found: Mapping[str, Any], way: str, other: str, steps: int) -> str:
    """Return how the test losses at the end of one way compare with those of another."""
    return compared(end(found, way, steps), end(found, other, steps))


def much_longer(found: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    """Return the steps of the longer trainings, and where a "cosine" and "none", no fall, end: medians at the best step size."""
    swept = {way: [row for row in found["longer"] if row["way"] == way] for way in ("cosine", "none")}
    return found["longer"][0]["steps"], {way: best(rows, "test", by=np.mean).median for way, rows in swept.items()}


def between(betas: Sequence[float], noise: float = 0.1, steps: int = 200, seeds: int = 20) -> list[list[float]]:
    """Return a row for each beta: it, and the mean loss of x after a run of Schedule-Free on a noisy ravine, at the best step size."""
    curvature, lrs = np.array([1.0, 0.02])[:, None, None], SWEPT[:, None]
    rows = []
    for beta in betas:
        rng = np.random.default_rng(1)  # the same noise for each beta
        x = z = np.full((2, len(lrs), seeds), 3.0)
        for t in range(1, steps + 1):
            y = (1 - beta) * z + beta * x
            grad = curvature * y + noise * rng.standard_normal((2, 1, seeds))
            z = np.clip(z - lrs * min(1, t / WARMUP) * grad, -1e9, 1e9)  # for step sizes that run away
            x = x + (z - x) / t
        rows.append([beta, float((curvature * x**2 / 2).sum(0).mean(-1).min())])
    return rows


def way_of(name: str, steps: int) -> Array:
    """Return the share of the step size at the steps 1 to `steps`, of a "cosine" or a "late" fall."""
    t = np.arange(1, steps + 1)
    cosine = (1 + np.cos(np.pi * (t - 1 - WARMUP) / (steps - WARMUP))) / 2
    return np.where(t <= WARMUP, t / (WARMUP + 1), cosine if name == "cosine" else np.minimum(1, (steps - t + 1) / (LATE * steps)))


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


def show_ends(found: Mapping[str, Any], ways: Sequence[str], title: str, cut: bool = False) -> None:
    """Show the test loss at the end of each length for some of NAMES: medians with a bar for the seeds, side by side.

    cut: whether the longest cosine is shown too, as one that was stopped at the shorter lengths.
    """
    figure = new_figure(7.4, 4.2)
    each, aside = lengths(found), APART ** ((len(ways) + cut - 1) / 2)
    ax = figure.add_subplot(xlabel="steps of the training", ylabel="test loss at its end, nats a character", title=title, xscale="log",
                            xlim=(0.93 * each[0] / aside, (4.7 if "mean fifth" in ways else 1.9) * each[-1]))
    shown = [(NAMES[way], LOOKS[way], {steps: end(found, way, steps) for steps in each}) for way in ways]
    if cut:
        name = f"cosine of {each[-1]}, stopped"
        shown.insert(1, (name, LOOKS["cosine"], {steps: stopped(found, "cosine", steps) for steps in each[:-1]}))
    told, height = [], -np.inf
    for k, (name, style, ends) in enumerate(shown):
        medians = [float(np.median(found)) for found in ends.values()]
        beyond = [[abs(edge(found) - np.median(found)) for found in ends.values()] for edge in (np.min, np.max)]
        places = np.array([*ends]) * APART ** (k - (len(shown) - 1) / 2)
        ax.errorbar(places, medians, beyond, color=style.color, linestyle="none", marker=style.marker, markersize=7,
                    markerfacecolor="white" if "stopped" in name else style.color, elinewidth=2, capsize=5, capthick=2)
        told.append(f"{name} " + ", ".join(f"{median:.2f}" for median in medians))
    for name, style, ends in sorted(shown, key=lambda one: float(np.median([*one[2].values()][-1]))):
        last = [*ends][-1]
        if last < each[-1]:  # below all points, where there is room
            place, middle = last * APART ** (1 - (len(shown) - 1) / 2), float(np.median(ends[last]))
            ax.annotate(name, (place, middle), (0.43 * last, middle - 0.17), color=style.color, va="center", fontsize=11,
                        arrowprops={"arrowstyle": "-", "color": style.color, "shrinkB": 6})
            continue
        height = max(float(np.median(ends[last])), height + 0.045)
        ax.text(last * 1.09 * aside, height, name, color=style.color, weight="bold", va="center", fontsize=11)
    ax.set_xticks(each, [str(steps) for steps in each])
    ax.minorticks_off()
    show(figure, f"Test loss at the end of trainings of {', '.join(map(str, each))} steps, medians with a bar for the seeds: "
                 f"{'; '.join(told)}.")


def show_average(step: Callable[..., tuple[float, float]], lr: float = 0.5, steps: int = 200) -> None:
    """Show x and z of a step of Schedule-Free, from 3, on a noisy parabola."""
    noise = np.random.default_rng(17).standard_normal(steps)
    x = z = 3.0
    paths = [(x, z)]
    for t in range(1, steps + 1):
        x, z = step(x, z, t, lambda y: y + noise[t - 1], lr, 0.9)  # noqa: B023 - called at once
        paths.append((x, z))
    figure = new_figure(7.4, 3.4)
    ax = figure.add_subplot(xlabel="step", ylabel="where it is", title="z hops to the end, and its mean x comes to rest",
                            xlim=(0, 1.08 * steps))
    ax.axhline(0, color="black", linewidth=0.8)
    for k, (color, width, name) in {1: ("#c98a4b", 1.2, "z"), 0: (LOOKS["free"].color, 3.0, "x")}.items():
        ax.plot(np.array(paths)[:, k], color=color, linewidth=width)
        ax.text(1.02 * steps, paths[-1][k], name, color=color, weight="bold", fontsize=13, va="center")
    ax.plot(0, 3, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
    far = np.sqrt((np.array(paths)[steps // 2:] ** 2).mean(0))
    show(figure, f"Over {steps} steps, from a square at 3, z hops around the minimum at 0, and x moves less and less. In the second half "
                 f"the typical distances are {far[1]:.2f} and {far[0]:.2f}.")
