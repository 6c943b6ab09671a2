"""The compiled kernels."""

from __future__ import annotations

import ctypes

import pytest

from tests.kernels.native import build_library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All kernels, built once for the host."""
    return build_library(tmp_path_factory.mktemp("kernels"))
