"""The loop that a learner completes: every line that can be left out is missed."""
from __future__ import annotations

import pytest
from torch import nn, optim

from lessonlib.lessons.lesson09 import training
from lessonlib.lessons.lesson09.training import what_a_loop_does


def loop(*lines, once=False):
    """A training loop of these lines, in order."""
    def train(model, optimizer, dataloader, epochs=1):
        criterion = nn.CrossEntropyLoss()
        for _ in range(epochs):
            for x, y in dataloader:
                loss = criterion(model(x), y)
                for line in lines:
                    {"clear": optimizer.zero_grad, "back": loss.backward, "step": optimizer.step}[line]()
                if once:
                    break
    return train


@pytest.mark.parametrize(("attempt", "found"), [
    (training.train, "right"), (loop("clear", "back", "step"), "right"), (loop("back", "step", "clear"), "right"), (loop(), "nothing"),
    (training.as_found, "as found"), (loop("step", "back"), "step first"),
    (loop("clear", "back"), "no step"), (loop("clear", "step"), "no backward"), (loop("back", "step"), "no zero_grad"),
    (loop("step", "clear", "back"), "step first"), (loop("clear", "step", "back"), "step first"), (loop("back", "clear", "step"), "cleared early"), (loop("clear", "back", "step", once=True), "other count"),
    (lambda model, optimizer, dataloader, epochs: 1 / 0, "raises"), (lambda model: None, "raises"),
    (loop("clear", "back", "step", "step"), "twice"), (loop("clear", "back", "step", "step", "step"), "other count")])
def test_what_is_left_out_is_found(attempt, found):
    assert what_a_loop_does(attempt)["found"] == found


def test_the_network_learns_and_the_seed_outside_is_left_alone():
    from torch import random

    before = random.get_rng_state()
    accuracy = training.accuracy_after(lambda *args: training.train(*args, epochs=3), lambda params: optim.Adam(params, lr=0.01))
    assert accuracy > 0.9
    assert bool((random.get_rng_state() == before).all())


def test_each_rule_reads_best_in_the_middle_of_its_step_sizes_and_there_they_read_alike():
    makers = {"momentum": (lambda lr: lambda params: optim.SGD(params, lr=lr, momentum=0.9), (0.01, 0.1, 1)),
              "adam": (lambda lr: lambda params: optim.Adam(params, lr=lr), (0.001, 0.01, 0.1))}
    best = {}
    for name, (make, lrs) in makers.items():
        low, best[name], high = (training.accuracy_after(training.train, make(lr), starts) for lr, starts in zip(lrs, (1, 2, 1), strict=True))
        assert max(low, high) < best[name]
    assert abs(best["momentum"] - best["adam"]) < 0.006
