"""Fixtures of the emitter's tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT


@pytest.fixture(scope="session")
def pio_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PlatformIO core folder with the stand-ins and nothing else."""
    folder = tmp_path_factory.mktemp("core")
    subprocess.run([sys.executable, ROOT / "scripts" / "platformio_core.py", folder], check=True, timeout=60)
    return folder
