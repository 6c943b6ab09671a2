"""Native modules, linked by the tools of the checkout that $MICROPY_DIR names."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.micropython.unix import checkout
from tests.tools import require_tool

COMPILERS = {
    "armv6m": "arm-none-eabi-gcc",
    "armv7m": "arm-none-eabi-gcc",
    "armv7emsp": "arm-none-eabi-gcc",
    "armv7emdp": "arm-none-eabi-gcc",
    "rv32imc": "riscv64-unknown-elf-gcc",
    "x64": "x86_64-linux-gnu-gcc",
}
"""The architectures that modules are built for, with the compiler of each."""


def build_native(project: Path, arch: str, out: Path, *options: str) -> Path:
    """The module of the project in the folder `project`, as a .mpy in the folder `out`.

    `options` are variables of make.
    """
    micropython = checkout()
    require_tool("make", COMPILERS[arch])
    lacking = [name for name in ("elftools", "ar") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(
            f"MicroPython's linker needs the packages pyelftools and ar: no {', '.join(lacking)} here"
        )
    out.mkdir(parents=True, exist_ok=True)
    words = ["make", "-C", str(project / "micropython"), f"MPY_DIR={micropython}", f"ARCH={arch}"]
    words += [f"BUILD={out / 'build' / arch / project.name}", f"PYTHON={sys.executable}", *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    [made] = (project / "micropython").glob("*.mpy")
    return made.replace(out / made.name)
