"""What the study compares: data sets, columns of the table, and the settings that are searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

BASE = 5
"""Classes that the backbone is trained on; the others arrive one by one."""

EACH = 500
"""Samples of a class that are learned, at most."""

SLOTS = 200
SEEDS = (0, 1, 2)
SEARCH_SEEDS = (0, 1)
SEARCH_TEST = 100
"""Validation samples of a class, at most."""

HOLDOUT = 6
"""One of so many training samples is kept for the search, and no backbone is trained on it."""


@dataclass(frozen=True)
class Task:
    """A data set: epochs of the backbone's training, and test samples of a class, at most."""

    name: str
    title: str
    epochs: int
    test_each: int = 500


TASKS = (
    Task("spoken_digits", "Spoken digits", 30),
    Task("fashion_mnist", "Fashion-MNIST", 20),
    Task("cifar10", "CIFAR-10 (12,000 images)", 20),
)
BY_NAME = {task.name: task for task in TASKS}


@dataclass(frozen=True)
class Column:
    """One line of the table: a method of `bnncl simulate`, and the bits of the integers.

    `like` names the column whose settings it takes; None: it is searched for itself.
    """

    name: str
    title: str
    method: str
    qf: int = 8
    qb: int = 16
    rounding: Literal["nearest", "stochastic"] = "nearest"
    like: str | None = None


FLOAT, DEVICE, NAIVE = "float", "device-8-16", "naive"
EQUAL_BYTES = "float-32-bytes"
COLUMNS = (
    Column(NAIVE, "fine-tuning, float", "naive"),
    Column("float-plain", "CWR*, float, no replay", "cwr-plain"),
    Column(EQUAL_BYTES, "CWR*, float, float latents, equal bytes", "cwr-32-bytes"),
    Column("float-8-bytes", "CWR*, float, 8-bit latents, equal bytes", "cwr-8-bytes"),
    Column(FLOAT, "CWR*, float, equal slots", "cwr"),
    Column(DEVICE, "device (8, 16)", "device"),
    Column("device-8-8", "device (8, 8)", "device", 8, 8, "stochastic"),
    Column("device-4-16", "device (4, 16)", "device", 4, 16),
    Column("device-8-16-plain", "device (8, 16), no replay", "device-plain", like="float-plain"),
    Column(
        "device-8-8-plain", "device (8, 8), no replay", "device-plain", 8, 8, "stochastic", like="float-plain"
    ),
    Column("device-4-16-plain", "device (4, 16), no replay", "device-plain", 4, 16, like="float-plain"),
    Column("joint", "joint training, float", "joint", like=FLOAT),
)


@dataclass(frozen=True)
class Point:
    """Settings of learning that are searched for."""

    rate: float
    minibatch: tuple[int, int]
    epochs: int

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.rate:g}_{self.minibatch[0]}:{self.minibatch[1]}_{self.epochs}"


RATES = (0.003, 0.01, 0.03)
MINIBATCHES = ((8, 32), (16, 64))
EPOCHS = (4, 8)


def grid() -> Iterator[Point]:
    """The same points for every column that is searched."""
    return (Point(*each) for each in product(RATES, MINIBATCHES, EPOCHS))


GRID = {point.key: point for point in grid()}
