"""Fixtures of every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnncl.targets import TARGETS, Target
from tests import compile_once
from tests.tools import require_target


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compilers that keep what they made, for all workers of a run and for what they start."""
    if compile_once.VARIABLE in os.environ:
        yield
        return
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    launchers = compile_once.install(str(folder / "compiled_once"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(compile_once.VARIABLE, launchers)
        patch.setenv("PATH", launchers, prepend=os.pathsep)
        yield


@pytest.fixture(params=list(TARGETS))
def any_target(request: pytest.FixtureRequest) -> Target:
    """Each target in turn, where its compiler and emulator are installed."""
    target = TARGETS[request.param]
    require_target(target)
    return target


@pytest.fixture(params=("host", "cortex-m7", "cortex-m0plus", "rv32imac"))
def any_isa(request: pytest.FixtureRequest) -> Target:
    """One target of each instruction set, for what is the same on cores of one set."""
    target = TARGETS[request.param]
    require_target(target)
    return target


@pytest.fixture
def host_target() -> Target:
    """The machine that compiles."""
    require_target(TARGETS["host"])
    return TARGETS["host"]


@pytest.fixture(scope="session")
def data_dir() -> Path | None:
    """The folder of real data sets that $BNNCL_DATA names, or None."""
    named = os.environ.get("BNNCL_DATA")
    return Path(named) if named else None
