"""The demo's firmware: it learns, saves, and loads after a reset, as the reference does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bnncl
from bnncl.targets import TARGETS
from examples.data import load_digits_split
from examples.digits import learning, train
from examples.digits.course import BASE_CLASSES, OPTIONS, SEED
from examples.training import Recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model trained for a moment and the project of it that learns."""
    made = tmp_path_factory.mktemp("demo")
    data = load_digits_split().below(BASE_CLASSES)
    train.save(train.train(data, Recipe(epochs=3, threads=1)), data, made)
    project = bnncl.compile(made / "model.pt", replay_init=made / "train.npz", **OPTIONS)
    project.write(made / "learner")
    return made


def test_the_firmware_learns_saves_and_loads(folder: Path) -> None:
    result = learning.learn(folder, folder / "learner", TARGETS["host"])
    accuracy = {when: np.array(shares) for when, shares in result["accuracy"].items()}
    assert list(accuracy) == ["factory", "6", "7", "8", "9", "reloaded"]
    assert not accuracy["factory"][BASE_CLASSES:].any()
    assert (accuracy["reloaded"] == accuracy["9"]).all()
    assert accuracy["reloaded"][BASE_CLASSES:].mean() > 0.5
    assert result["replay_bytes"] == 300 * (256 // 8 + 2)
    assert result["replay_bytes_float32"] == 300 * (256 * 4 + 2)
    assert result["steps"] > 200


def test_a_flash_with_another_state_is_found(folder: Path) -> None:
    flash = folder / "flash.bin"
    if not flash.exists():
        learning.learn(folder, folder / "learner", TARGETS["host"])
    project = bnncl.compile(folder / "model.pt", replay_init=folder / "train.npz", **OPTIONS)
    device = project.learner(SEED)
    given = learning.course(project)
    for lesson in given.lessons:
        device.learn(lesson.x, lesson.y)
    learning.compare_flash(flash, folder / "learner", device)
    device.head.cw[3, 5] += 1
    with pytest.raises(learning.LearningError, match=r"reference: cw$"):
        learning.compare_flash(flash, folder / "learner", device)


def test_other_answers_than_the_references_are_found(folder: Path) -> None:
    learner = folder / "learner" / "src" / "model_learn.c"
    text = learner.read_text()
    learner.write_text(text.replace(".epochs = 4,", ".epochs = 1,"))
    try:
        with pytest.raises(learning.LearningError, match="in the reference"):
            learning.learn(folder, folder / "learner", TARGETS["host"])
    finally:
        learner.write_text(text)
