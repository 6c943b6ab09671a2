"""The store, built once."""

from __future__ import annotations

import ctypes

import pytest

from tests.state.native import build_library
from tests.tools import require_tool


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Store and ports of the runtime."""
    require_tool("cc")
    return build_library(tmp_path_factory.mktemp("store"))
