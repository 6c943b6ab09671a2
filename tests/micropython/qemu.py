"""MicroPython on emulated boards with generated modules in it, from the checkout that $MICROPY_DIR names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.micropython_cost.ports import BOARDS, Board, Firmware, build
from tests.micropython.native import build_native
from tests.micropython.unix import checkout
from tests.tools import require_target, require_tool

__all__ = ["BOARDS", "Board", "Emulated", "build_qemu"]


@dataclass(frozen=True)
class Emulated:
    """A board that runs Python files; `files`, by their paths, are on it beside those of each run."""

    firmware: Firmware
    files: Mapping[str, bytes] = field(repr=False)

    def run(self, script: str, folder: Path, *options: str) -> Any:
        """What `script` printed last, as JSON, after a start of the board; `options` are the emulator's.

        The script reads the files in `folder`, modules among them; those that it writes are there after it.
        """
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        said = self.firmware.run({**self.files, **files}, script, *options)
        for name, data in said.files.items():
            (folder / name).write_bytes(data)
        return json.loads(said.lines[-1])


def build_qemu(board: Board, modules: Path, folder: Path, native: bool = False) -> Emulated:
    """The port for `board` with every module in the folder `modules`, built in `folder`.

    The modules are in the firmware, or where `native` they are .mpy files beside the scripts. The port has no
    asyncio, so that of the checkout is beside them.
    """
    micropython = checkout()
    require_tool("make")
    require_target(board.target)
    asyncio = micropython / "extmod" / "asyncio"
    files = {f"asyncio/{path.name}": path.read_bytes() for path in asyncio.glob("*.py")}
    if native:
        for module in sorted(modules.iterdir()):
            made = build_native(module, board.target.mpy_arch, folder / "mpy")
            files[made.name] = made.read_bytes()
    firmware = build(micropython, board, None if native else modules, folder / "build")
    return Emulated(firmware, files)
