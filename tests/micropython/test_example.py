"""The script that teaches the model, in CPython in every run and in MicroPython where there is a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bnncl.driver.project import Project, stored_inputs
from examples.data import load_digits_split
from examples.digits import train
from examples.digits.course import BASE_CLASSES, ROOM
from examples.micropython.__main__ import make
from examples.training import Recipe
from tests.micropython.native import build_native
from tests.micropython.unix import build_unix


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("teach")
    data = load_digits_split().below(BASE_CLASSES)
    train.save(train.train(data, Recipe(epochs=3, threads=1)), data, made)
    return made


@pytest.fixture(scope="module")
def project(folder: Path) -> Project:
    return make(folder, folder)


@pytest.fixture(scope="module")
def wanted(project: Project) -> list[str]:
    """The lines that the reference would print, but for the answers meanwhile."""
    data = load_digits_split()
    learner = project.learner(seed=1)
    test = stored_inputs(data.test.x, project.spec.graph)

    def right() -> str:
        predicted = learner.infer(test).argmax(1)
        return str(np.bincount(data.test.y[predicted == data.test.y], minlength=ROOM).tolist())

    lines = [f"at first {right()}"]
    for label in range(BASE_CLASSES, ROOM):
        lesson = data.train.of([label])
        learner.learn(stored_inputs(lesson.x, project.spec.graph), lesson.y)
        lines.append(f"learned {label} {right()}")
    return [*lines, f"loaded {right()}"]


def taught(words: list[str], folder: Path, **environment: str) -> list[str]:
    done = subprocess.run(
        words, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.partition(" answers")[0] for line in done.stdout.splitlines()]


def test_on_a_desk(folder: Path, project: Project, wanted: list[str]) -> None:
    desk = str(folder / "digits-cortex-m7" / "desk")
    assert taught([sys.executable, "teach.py"], folder, PYTHONPATH=desk) == wanted
    assert project.report.learning is not None
    assert (folder / "digits.state").stat().st_size == project.report.learning.saved_bytes


def test_in_micropython(folder: Path, wanted: list[str], tmp_path: Path) -> None:
    firmware = build_unix(None, tmp_path / "build")
    build_native(folder / "digits-cortex-m7", "x64", folder)
    path = ":".join([".", *map(str, firmware.folders)])
    assert taught([str(firmware.program), "teach.py"], folder, MICROPYPATH=path) == wanted
