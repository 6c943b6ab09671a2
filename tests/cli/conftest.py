"""A saved model, and the command line run inside the test's own folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import bnncl
from bnncl.cli.main import compile_main, main
from tests.e2e.zoo import build, images

SHAPE = "1,8,8"


@dataclass(frozen=True)
class Ran:
    """How a command ended: exit code and both streams."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What bnncl.save wrote of a small CNN, calibration and labels included."""
    path = tmp_path_factory.mktemp("saved") / "model.pt"
    x = images(96)
    module = build("cnn")
    bnncl.save(module, path, x[:1], calibration=x, labels=module(x).argmax(1))
    return path


@pytest.fixture(scope="session")
def uncalibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same CNN without calibration data."""
    path = tmp_path_factory.mktemp("uncalibrated") / "model.pt"
    bnncl.save(build("cnn"), path, images(1))
    return path


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An npz file of samples with the classes that torch gives them."""
    path = tmp_path_factory.mktemp("data") / "data.npz"
    x = images(24, seed=4)
    np.savez(path, x=x.numpy(), y=build("cnn")(x).argmax(1).numpy())
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _command(entry: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*words: object) -> Ran:
        try:
            code = entry([str(word) for word in words])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(code, said.out, said.err)

    return call


@pytest.fixture
def bnncl_(here: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`bnncl <verb> ...`."""
    return _command(main, capsys)


@pytest.fixture
def compile_(here: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`bnncl-compile ...`."""
    return _command(compile_main, capsys)


@pytest.fixture(scope="session")
def project(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled project; not to be changed."""
    return bnncl.compile(saved).write(tmp_path_factory.mktemp("project") / "model-cortex-m7")


def content(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
