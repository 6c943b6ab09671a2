"""The accuracy study, from data to its table, on data of seconds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bnncl.learn.data import load
from examples.study import __main__ as study
from examples.study import plan, search, table

CLASSES = 7
POINTS = {key: plan.GRID[key] for key in list(plan.GRID)[-2:]}
COLUMNS = tuple(
    each for each in plan.COLUMNS if each.name in {"naive", "float-32-bytes", "float", "device-8-16"}
)


@pytest.fixture
def task(tmp_path, monkeypatch) -> plan.Task:
    """Images around the pattern of their class; a grid of two points and four columns."""
    rng = np.random.default_rng(1)
    patterns = rng.integers(0, 17, (CLASSES, 1, 8, 8))
    arrays = {}
    for part, each in (("train", 24), ("test", 6)):
        labels = rng.permutation(np.repeat(np.arange(CLASSES), each))
        x = np.clip(patterns[labels] + rng.integers(-4, 5, (len(labels), 1, 8, 8)), 0, 16) / 16
        arrays |= {f"x_{part}": x.astype(np.float32), f"y_{part}": labels}
    np.savez(tmp_path / "data.npz", **arrays)
    for module in (study, search):
        monkeypatch.setattr(module, "GRID", POINTS)
        monkeypatch.setattr(module, "COLUMNS", COLUMNS)
    monkeypatch.setattr(table, "COLUMNS", COLUMNS)
    made = plan.Task(str(tmp_path / "data.npz"), "Patterns", 1, 6)
    monkeypatch.setattr(study, "BY_NAME", {"patterns": made})
    monkeypatch.setattr(study, "TASKS", (replace(made, name="patterns"),))
    return made


def test_the_study_ends_with_a_table_and_is_not_done_twice(task, tmp_path, capsys, monkeypatch):
    words = ["--tasks", "patterns", "-o", str(tmp_path / "out")]
    study.main(words)
    first = capsys.readouterr().out
    assert first == (tmp_path / "out" / "study.md").read_text(encoding="utf-8")
    assert "| device (8, 16) | **" in first
    found = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))["tasks"]["patterns"]
    assert list(found["columns"]) == [column.name for column in COLUMNS]
    assert found["columns"]["device-8-16"]["slots"] == plan.SLOTS
    assert (
        found["columns"]["float-32-bytes"]["replay_bytes"] <= found["columns"]["device-8-16"]["replay_bytes"]
    )
    for name in ("pretrain", "prepare"):
        monkeypatch.setattr(search, name, None)
    monkeypatch.setattr("bnncl.learn.run.prepare", None)
    study.main(words)
    assert capsys.readouterr().out == first


def test_nothing_is_chosen_on_test_samples(task):
    data = load(task.name)
    kept = search.split(data)
    assert len(kept.y_train) + len(kept.y_test) == len(data.y_train)
    assert np.bincount(kept.y_test).tolist() == [24 // plan.HOLDOUT] * CLASSES
    rows = [part.reshape(len(part), -1) for part in (kept.x_train, kept.x_test)]
    assert not {row.tobytes() for row in rows[0]} & {row.tobytes() for row in rows[1]}


def test_the_goal_by_hand():
    def column(*shares: float) -> table.Json:
        return {"accuracy": list(shares)}

    columns = {
        "naive": column(20, 20, 20),
        "float": column(80, 82, 84),
        "device-8-16": column(79, 83, 82.5),
        "float-32-bytes": column(60, 60, 60),
    }
    found = table.verdict(columns)
    assert found["loss_mean"] == pytest.approx(0.5)
    assert found["loss_worst_seed"] == pytest.approx(1.5)
    assert found["counts"]
    assert found["met"]
    assert not table.verdict(columns | {"device-8-16": column(77, 85, 84)})["met"]
    assert not table.verdict(columns | {"naive": column(70, 70, 70)})["counts"]


def test_data_that_are_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("BNNCL_DATA", raising=False)
    with pytest.raises(SystemExit) as stopped:
        study.main(["--tasks", "cifar10", "-o", str(tmp_path)])
    assert stopped.value.code == 2
    assert "[data-not-found]" in capsys.readouterr().err
