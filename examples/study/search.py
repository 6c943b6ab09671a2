"""Chooses how each method learns, on a part of the training data; everything found is kept in a file."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from bnncl.learn.backbone import Computed
from bnncl.learn.data import DataSet, load
from bnncl.learn.methods import BY_NAME
from bnncl.learn.run import Bench, Silent, prepare
from bnncl.learn.settings import Settings
from examples.pretrain import pretrain
from examples.study.plan import (
    BASE,
    COLUMNS,
    EACH,
    GRID,
    HOLDOUT,
    SEARCH_SEEDS,
    SEARCH_TEST,
    SEEDS,
    SLOTS,
    Column,
    Point,
    Task,
)

_LOG = logging.getLogger(__name__)
_SPLIT_SEED = 2024


def split(data: DataSet) -> DataSet:
    """The training data less one sample of six of each class, which take the place of the test data."""
    rng = np.random.default_rng(_SPLIT_SEED)
    held = np.zeros(len(data.y_train), np.bool_)
    for label in np.unique(data.y_train):
        own = rng.permutation(np.flatnonzero(data.y_train == label))
        held[own[: len(own) // HOLDOUT]] = True
    x, y = data.x_train, data.y_train
    return DataSet(data.name, x[~held], y[~held], x[held], y[held])


def tested(data: DataSet, task: Task) -> DataSet:
    """The samples of the study proper: all training samples are there to learn from, and the test samples."""
    return data.limited(EACH, task.test_each)


def settings_of(column: Column, point: Point, model: Path, task: Task) -> Settings:
    """What `bnncl simulate` is asked for."""
    return Settings(
        model,
        task.name,
        methods=(column.method,),
        seeds=SEEDS,
        train_each=EACH,
        test_each=task.test_each,
        replay=SLOTS,
        qf=column.qf,
        qb=column.qb,
        rounding=column.rounding,
        rate=point.rate,
        minibatch=point.minibatch,
        epochs=point.epochs,
    )


@dataclass(eq=False)
class Search:
    """The search of one task in `folder`: the backbone, and accuracies by column and point.

    `found[column][point]` holds the accuracy (0..1) on the validation samples, a number for each seed.
    """

    task: Task
    folder: Path

    def __post_init__(self) -> None:
        self.model = self.folder / "base.pt"
        self._path = self.folder / "search.json"
        self._computed = Computed()
        self._benches: dict[tuple[int, int, str], Bench] = {}
        self.found: dict[str, dict[str, list[float]]] = {}
        if self._path.is_file():
            self.found = json.loads(self._path.read_text(encoding="utf-8"))

    def run(self) -> None:
        """Do what is missing."""
        data = split(load(self.task.name))
        if not self.model.is_file():
            share = pretrain(data, self.model, base=BASE, epochs=self.task.epochs)
            _LOG.warning("%s: backbone, %.1f %% on validation samples", self.task.title, 100 * share)
        fewer = data.limited(EACH, SEARCH_TEST)
        for column in COLUMNS:
            known = self.found.setdefault(column.name, {})
            for key in GRID if column.like is None else ():
                if key not in known:
                    known[key] = self._accuracies(column, GRID[key], fewer)
                    self._write()
            if known:
                best = self.best(column)
                _LOG.warning("%s, %s: %s, %.1f %%", self.task.title, column.title, *best)

    def best(self, column: Column) -> tuple[str, float]:
        """The point that is best on the validation samples, of equals the first; its accuracy in percent."""
        means = {key: 100 * fmean(shares) for key, shares in self.found[column.like or column.name].items()}
        key = max((key for key in GRID if key in means), key=means.__getitem__)
        return key, means[key]

    def _accuracies(self, column: Column, point: Point, data: DataSet) -> list[float]:
        wanted = settings_of(column, point, self.model, self.task)
        bits = (column.qf, column.qb, column.rounding)
        if bits not in self._benches:
            self._benches[bits] = prepare(wanted, data, Silent(), self._computed)
        bench = replace(self._benches[bits], settings=replace(wanted, engine="features"))
        runs = [bench.run(BY_NAME[column.method], seed, Silent()) for seed in SEARCH_SEEDS]
        return [run.rows[-1].seen or 0.0 for run in runs]

    def _write(self) -> None:
        part = self._path.with_name(".search.json.part")
        part.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
        part.replace(self._path)
