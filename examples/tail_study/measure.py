"""One row of the study, with all its seeds."""

from __future__ import annotations

from pathlib import Path

import torch

from bnncl.learn.data import DataSet, load
from bnncl.learn.run import simulate
from examples.tail_study import table
from examples.tail_study.plan import Row, Task, settings_of
from examples.tail_study.tails import like_cifar, split_again

SPLIT_AGAIN = ("spoken_digits",)


def measure(row: Row, task: Task, place: Path, model: Path) -> table.Json:
    """One row with all its seeds, on one core."""
    torch.set_num_threads(1)
    simulate(settings_of(row, task, model), samples_of(task), place / row.name)
    return table.figures(row, place / row.name, task)


def samples_of(task: Task) -> DataSet:
    """Images of 3x32x32 numbers; of spoken digits, log-mel spectrograms, a third is tested."""
    data = load(task.data)
    if data.name in SPLIT_AGAIN:
        data = split_again(data)
    return like_cifar(data.limited(task.train_each, task.test_each))
