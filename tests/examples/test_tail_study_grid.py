"""The study of tails in integers: its grid, its verdict, and that it goes on where it was."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bnncl.learn.data import DataSet
from examples.tail_study import __main__ as command
from examples.tail_study import measure, pretrain, table
from examples.tail_study.plan import ALL, GRIDS, SEEDS, SMALL, Row, Task, settings_of
from examples.training import Recipe
from tests.tools import ROOT

TASK = Task("made up", 6, 3, (0,))


def images(classes: int, each: int) -> DataSet:
    """Noise around one colour for each class."""
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(classes), each).astype(np.int64)
    x = np.clip(rng.random((classes, 3, 1, 1))[y] + 0.1 * rng.standard_normal((len(y), 3, 32, 32)), 0, 1)
    return DataSet("made up", x.astype(np.float32), y, x[::2].astype(np.float32), y[::2])


def test_the_small_grid_is_of_thirty_runs_and_every_name_is_unique():
    assert len(SMALL) * len(SEEDS) == 30
    names = [row.name for row in ALL]
    assert len(names) == len(set(names)) == sum(len(rows) for name, rows in GRIDS.items() if name != "large")


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.name)
def test_every_row_is_a_simulation_that_can_be_asked_for(row, tmp_path):
    model = tmp_path / "backbone.pt"
    model.touch()
    settings = settings_of(row, Task(), model)
    settings.check()
    assert settings.minibatch == (50, 128)
    assert settings.replay == 300


def test_the_verdict_by_hand():
    rows = {
        name: {"accuracy": shares}
        for name, shares in {
            "device": [70.0, 72.0, 71.0],
            "tail-32": [71.0, 71.0, 73.5],
            "head": [66.0, 66.0, 66.0],
            "naive": [20.0, 20.0, 20.0],
            "equal-bytes": [40.0, 41.0, 42.0],
        }.items()
    }
    assert list(table.verdict(rows).values()) == [0.83, 2.5, 5.0, 30.0, 51.83]
    assert table.verdict({"device": rows["device"]}) == {}


def test_a_study_ends_with_a_table_and_is_not_done_twice(tmp_path, monkeypatch):
    data = images(4, 6)
    short = Recipe(epochs=1, threads=1)
    monkeypatch.setattr(pretrain, "pretrained", None)
    monkeypatch.setattr(command, "pretraining_data", lambda: images(3, 6))
    made = pretrain._train(short, images(3, 6))[0]
    pretrain._save(made, images(3, 6), tmp_path / "backbone.pt")
    monkeypatch.setattr(command, "pretrained", lambda folder, source: made)
    monkeypatch.setattr(measure, "load", lambda name: data)
    monkeypatch.setattr(command, "ProcessPoolExecutor", InThisProcess)
    rows = [
        Row(row.name, row.title, row.method, {**row.changes, "epochs": 1, "minibatch": (6, 6)})
        for row in SMALL
        if row.name in ("tail", "device")
    ]
    text = command.study(tmp_path, rows, TASK, 1)
    found = json.loads((tmp_path / "made up" / "study.json").read_text(encoding="utf-8"))
    assert list(found["rows"]) == ["tail", "device"]
    assert found["rows"]["device"]["slots"] == 300
    assert found["rows"]["device"]["replay_bytes"] == 300 * 256
    assert (
        text
        == (tmp_path / "made up" / "study.md").read_text(encoding="utf-8")
        == table.markdown(found["rows"])
    )
    monkeypatch.setattr("bnncl.learn.run.prepare", None)
    assert command.study(tmp_path, rows, TASK, 1) == text


class InThisProcess:
    """A pool of one, in this process."""

    def __init__(self, jobs: int, context: object) -> None:
        """Nothing is begun."""

    def __enter__(self) -> InThisProcess:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left."""

    def submit(self, function, *arguments):
        """What `function` returns, as a future that is done."""
        from concurrent.futures import Future  # noqa: PLC0415

        future = Future()
        future.set_result(function(*arguments))
        return future


def test_the_document_holds_what_was_measured():
    held = (ROOT / "docs" / "tail_results.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "docs" / "tail_results.json").read_text(encoding="utf-8"))["tasks"]
    for task in found.values():
        assert table.markdown(task["rows"]) in held
        assert table.verdict(task["rows"]) == task["verdict"]
