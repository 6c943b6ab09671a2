"""Runs test files once more with every access and every operation of the C checked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.tools import ROOT, require_tool, skip_unless_strict


def run_sanitized(files: Iterable[Path]) -> None:
    """Run the tests of `files` with C built under GCC's address and undefined-behaviour sanitizers."""
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
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, files)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
