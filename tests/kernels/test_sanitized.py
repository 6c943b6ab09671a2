"""The comparisons of this folder once more, with every access and every operation of the C checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.native import SANITIZED
from tests.tools import ROOT, require_tool, skip_unless_strict

HERE = Path(__file__).parent
COMPARISONS = ("test_bconv.py", "test_fconv.py", "test_pool.py", "test_elementwise.py")


@pytest.mark.skipif(SANITIZED, reason="this is the sanitized run")
def test_no_kernel_leaves_its_buffers_or_the_language() -> None:
    require_tool("gcc")
    found = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        skip_unless_strict("gcc has no address sanitizer here")
    environment = {
        **os.environ,
        "CC": "gcc",
        "LD_PRELOAD": found,
        "ASAN_OPTIONS": "detect_leaks=0",
        "BNNCL_SANITIZED_KERNELS": "1",
    }
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    options = ["-q", "-x", "-s", "-p", "no:cacheprovider", "-p", "no:xdist"]
    files = [str(HERE / name) for name in COMPARISONS]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
