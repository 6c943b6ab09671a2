"""MicroPython on emulated boards with generated modules in it, from the checkout that $MICROPY_DIR names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.micropython_cost.ports import Board, Firmware, build
from tests.micropython.unix import checkout
from tests.tools import require_target, require_tool


@dataclass(frozen=True)
class Emulated:
    """A board that runs Python files, with modules in its firmware."""

    firmware: Firmware

    def run(self, script: str, folder: Path, *options: str) -> Any:
        """What `script` printed last, as JSON, after a start of the board; `options` are the emulator's.

        The script reads the files in `folder`, modules among them; those that it writes are there after it.
        """
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        said = self.firmware.run(files, script, *options)
        for name, data in said.files.items():
            (folder / name).write_bytes(data)
        return json.loads(said.lines[-1])


def build_qemu(board: Board, modules: Path | None, folder: Path) -> Emulated:
    """The port for `board` with every module in the folder `modules`, built in `folder`."""
    micropython = checkout()
    require_tool("make")
    require_target(board.target)
    return Emulated(build(micropython, board, modules, folder))
