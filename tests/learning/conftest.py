"""The compiled learning sources."""

from __future__ import annotations

import ctypes

import pytest

from tests.learning.native import build_library


@pytest.fixture(scope="session")
def learning(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The C of learning, built once for the host."""
    return build_library(tmp_path_factory.mktemp("learning"))
