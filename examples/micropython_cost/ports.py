"""MicroPython's own emulated boards (its `ports/qemu`) with generated modules in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bnncl.targets import TARGETS, Target
from bnncl.targets.flags import core_flags
from bnncl.toolchain.compilers import find_compiler
from bnncl.toolchain.emulate import find_emulator
from examples.micropython_cost.romfs import image

HEAP_BYTES = 1 << 20
COUNTING = ("-icount", "shift=0")
"""Options of the emulator with which each instruction takes 1 ns."""

_BUILD_SECONDS = 900
_RUN_SECONDS = 300
_MADE = "made "
_REPL = b"raw REPL; CTRL-B to exit\r\n>OK"
_RUN = b"\x01import given\ngiven.open_here()\nimport script\ngiven.show()\x04"
_END = b"import machine\nmachine.reset()\x04"
"""What is typed into the raw REPL; it ends the emulator whatever came of the script."""

GIVEN = """
import binascii, io, os, vfs

class Made(io.IOBase):
    def __init__(self, files, name):
        self.files, self.name, self.held = files, name, io.BytesIO()

    def write(self, data):
        return self.held.write(data)

    def ioctl(self, request, argument):
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.files[self.name] = self.held.getvalue()

class Here:
    def __init__(self):
        self.files = {}

    def mount(self, readonly, mkfs):
        pass

    def chdir(self, path):
        pass

    def stat(self, path):
        raise OSError(2)

    def open(self, path, mode):
        name = path.strip("/")
        if "w" in mode:
            return Made(self.files, name)
        if name in self.files:
            return io.BytesIO(self.files[name])
        return open("/rom/" + name, mode)

here = Here()

def open_here():
    vfs.mount(here, "/here")
    os.chdir("/here")

def show():
    for name in here.files:
        print("made", name, binascii.hexlify(here.files[name]).decode())
"""
"""On the device: files are read from ROMFS, those that are written stay in RAM and are printed at the end."""


@dataclass(frozen=True)
class Board:
    """A board of `ports/qemu`: its name there, the target of its core, where its ROMFS lies."""

    name: str
    target: Target
    romfs: int


BOARDS = (
    Board("MPS2_AN500", TARGETS["cortex-m7"], 0x60C0_0000),
    Board("VIRT_RV32", TARGETS["rv32imac"], 0x8061_0000),
)


@dataclass(frozen=True)
class Said:
    """What a script printed, line by line, and the files that it made."""

    lines: tuple[str, ...]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Firmware:
    """MicroPython for a board."""

    board: Board
    elf: Path

    def run(self, files: Mapping[str, bytes], script: str, *options: str) -> Said:
        """Start the board with `files`, run `script`; `options` are the emulator's.

        The script finds the files in its folder, and modules among them. Fails where the script raised.
        """
        stored = {**files, "script.py": script.encode(), "given.py": GIVEN.encode()}
        with tempfile.TemporaryDirectory() as work:
            rom = Path(work) / "romfs"
            rom.write_bytes(image(stored))
            said = subprocess.run(
                [*self._command(rom), *options],
                input=_RUN + _END,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_RUN_SECONDS,
                check=False,
            ).stdout
        printed, _, rest = said.partition(_REPL)[2].partition(b"\x04")
        error = rest.partition(b"\x04")[0].decode()
        assert rest, said.decode(errors="replace")[-2000:]
        assert not error, error
        lines = printed.decode().splitlines()
        made = [line.split(" ") for line in lines if line.startswith(_MADE)]
        return Said(
            tuple(line for line in lines if not line.startswith(_MADE)),
            {name: bytes.fromhex(data) for _, name, data in made},
        )

    def _command(self, rom: Path) -> tuple[str, ...]:
        emulator = self.board.target.emulator
        assert emulator is not None
        return (
            *(str(find_emulator(self.board.target)), "-M", emulator.machine, *emulator.arguments),
            *("-display", "none", "-monitor", "none", "-serial", "stdio"),
            *("-semihosting-config", "enable=on,target=native", "-kernel", str(self.elf)),
            *("-device", f"loader,file={rom},addr={self.board.romfs:#x},force-raw=on"),
        )


def build(micropython: Path, board: Board, modules: Path | None, folder: Path, *options: str) -> Firmware:
    """MicroPython of the checkout `micropython` for `board`, with each module in the folder `modules`.

    All that the build makes lies in `folder`; `options` are variables of make. Frozen code is left out, since
    it needs a submodule.
    """
    words = [f"BOARD={board.name}", f"BUILD={folder}", "FROZEN_MANIFEST=", f"MICROPY_HEAP_SIZE={HEAP_BYTES}"]
    if modules is not None:
        words.append(f"USER_C_MODULES={modules}")
    _make(micropython / "ports" / "qemu", *words, f"LIBS={_libgcc(board.target)}", *options)
    return Firmware(board, folder / "firmware.elf")


def native_module(micropython: Path, board: Board, project: Path, *options: str) -> Path:
    """The native module of the generated `project` for `board`; `options` are variables of make.

    The linker of MicroPython needs the Python packages pyelftools and ar.
    """
    folder, arch = project / "micropython", board.target.mpy_arch
    _make(folder, f"MPY_DIR={micropython}", f"ARCH={arch}", f"PYTHON={sys.executable}", *options)
    (found,) = folder.glob("*.mpy")
    return found


def _make(folder: Path, *words: str) -> None:
    make = shutil.which("make")
    assert make is not None, "make is not installed"
    done = subprocess.run(
        [make, "-j2", "-C", str(folder), *words],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def _libgcc(target: Target) -> str:
    """The compiler's own library for `target`: GCC 12 finds none for the port's `rv32imac_zicsr`."""
    words = [str(find_compiler(target)), *core_flags(target), "-print-libgcc-file-name"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
