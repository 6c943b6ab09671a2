"""Helpers of the tests: the checkout's root, and skips that strict runs turn into failures."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bnncl.targets import TOOLCHAINS, Target

ROOT = Path(__file__).resolve().parent.parent


def skip_unless_strict(reason: str) -> None:
    """Skip the test because of `reason`; fail it where BNNCL_STRICT=1 forbids skips."""
    if os.environ.get("BNNCL_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def require_tool(*programs: str) -> None:
    """Skip the test where one of `programs` is not installed; fail it with BNNCL_STRICT=1."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        skip_unless_strict(f"not installed: {', '.join(missing)}")


def require_target(target: Target) -> None:
    """`require_tool` for the compiler and the emulator of `target`."""
    emulator = (target.emulator.qemu,) if target.emulator else ()
    require_tool(TOOLCHAINS[target.toolchain].cc, *emulator)
