"""MicroPython's unix port with generated modules, built from the checkout that $MICROPY_DIR names."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tools import require_tool

HOW = "MICROPY_DIR is not set: see docs/micropython.md for the checkout of MicroPython that it has to name"
WITHOUT = ("FROZEN_MANIFEST=", "MICROPY_PY_SSL=0", "MICROPY_PY_BTREE=0", "MICROPY_PY_FFI=0")
"""What needs no submodule of MicroPython's repository."""


def checkout() -> Path:
    """The checkout; skips the test where none is named, fails it where what is named is none."""
    named = os.environ.get("MICROPY_DIR")
    if not named:
        pytest.skip(HOW)
    folder = Path(named)
    if not (folder / "ports" / "unix" / "Makefile").exists():
        pytest.fail(f"MICROPY_DIR={named} is no checkout of MicroPython")
    return folder


@dataclass(frozen=True)
class Firmware:
    """A program that runs Python files, with modules in it or in one of `folders`."""

    program: Path
    folders: tuple[Path, ...]

    def run(self, script: str, folder: Path, *options: str) -> Any:
        """What `script` printed last, as JSON; it runs in `folder`."""
        (folder / "script.py").write_text(script)
        done = subprocess.run(
            [self.program, *options, "script.py"],
            cwd=folder,
            env={"MICROPYPATH": ":".join(map(str, self.folders)), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])


def build_unix(modules: Path | None, build: Path) -> Firmware:
    """The unix port with every module in the folder `modules`, if it is named, built in `build`."""
    require_tool("make", "gcc")
    micropython = checkout()
    words = ["make", "-j1", "-C", str(micropython / "ports" / "unix"), *WITHOUT]
    words += ["VARIANT=standard", f"BUILD={build}"]
    words += [] if modules is None else [f"USER_C_MODULES={modules}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return Firmware(build / "micropython", (micropython / "extmod",))
