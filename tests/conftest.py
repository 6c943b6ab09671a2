"""Fixtures of every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bnncl.targets import TARGETS, Target
from tests.tools import require_target


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
