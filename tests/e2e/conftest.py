"""Compiled projects of the zoo, made once for all tests of a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import bnncl
from bnncl.driver.project import Project

from .zoo import build, images


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Project, Path]]:
    """`compiled(name)`: the project of a zoo network, and the folder it is written to."""
    made: dict[str, tuple[Project, Path]] = {}

    def of(name: str) -> tuple[Project, Path]:
        if name not in made:
            x = images(96)
            project = bnncl.compile(build(name), example=x[:1], calibration=x, name=name)
            made[name] = project, project.write(tmp_path_factory.mktemp("zoo") / name)
        return made[name]

    return of
