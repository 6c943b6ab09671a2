"""The ports beside the store: each compiles without a warning; the one over a file keeps a state."""

from __future__ import annotations

import ctypes
import re
import subprocess
from pathlib import Path

import pytest

from bnncl.targets import TARGETS
from bnncl.targets.flags import WARNINGS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from tests.state.native import RUNTIME, File, RamFlash, Status, Store
from tests.tools import require_target, require_tool

PORTS = sorted(path for name in ("file", "ram", "stm32h7") for path in (RUNTIME / "port" / name).glob("*"))
SIZES = (1024, 256, 4)
_M7 = ("arm-none-eabi-gcc", "--specs=picolibc.specs", "-mthumb", "-mcpu=cortex-m7")
_COMPILERS = {"file": ("gcc",), "ram": ("gcc",), "stm32h7": _M7}


@pytest.mark.parametrize(
    "source", [path for path in PORTS if path.suffix == ".c"], ids=lambda path: path.stem
)
def test_a_port_compiles_and_names_only_its_own(source: Path, tmp_path: Path) -> None:
    compiler = _COMPILERS[source.parent.name]
    require_tool(compiler[0], "nm")
    made = tmp_path / "port.o"
    options = ["-std=c99", "-O2", *WARNINGS, f"-I{RUNTIME / 'include'}", "-c", str(source), "-o", str(made)]
    subprocess.run([*compiler, *options], check=True)
    listed = subprocess.run(["nm", "-g", "--defined-only", made], check=True, capture_output=True, text=True)
    names = [line.split()[-1] for line in listed.stdout.splitlines()]
    assert names
    assert all(name.startswith(source.stem) for name in names)


@pytest.mark.parametrize("path", PORTS, ids=lambda path: path.name)
def test_a_port_says_its_licence_and_is_short(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("/* SPDX-License-Identifier: 0BSD */\n")
    assert len(text.splitlines()) <= 300
    assert not re.search(r"\b(float|double|malloc)\b", text)


class FileFlash(Store):
    """The store over a file."""

    def __init__(self, library: ctypes.CDLL, path: Path) -> None:
        self.file = File()
        assert open_file(library, self.file, path) == Status.OK
        super().__init__(library, library.bnncl_storage_file_port(ctypes.byref(self.file)))

    def close(self) -> None:
        assert self.library.bnncl_storage_file_close(ctypes.byref(self.file)) == Status.OK


def open_file(library: ctypes.CDLL, file: File, path: Path) -> Status:
    return Status(library.bnncl_storage_file_open(ctypes.byref(file), str(path).encode(), *SIZES))


def test_a_file_holds_what_flash_would(library: ctypes.CDLL, tmp_path: Path) -> None:
    path = tmp_path / "region.bin"
    flash = RamFlash(library, *SIZES)
    for save in range(4):
        store = FileFlash(library, path)
        data = bytes([save]) * (100 + save)
        assert store.load(10)[0] == (Status.BAD_FINGERPRINT if save else Status.NO_STATE)
        assert store.save(data) == flash.save(data) == Status.OK
        store.close()
        assert path.read_bytes() == flash.dump
        store = FileFlash(library, path)
        assert store.load(len(data)) == (Status.OK, data)
        store.close()


def test_a_file_is_written_before_a_save_returns(library: ctypes.CDLL, tmp_path: Path) -> None:
    path = tmp_path / "region.bin"
    store = FileFlash(library, path)
    assert store.save(b"state") == Status.OK
    assert b"state" in path.read_bytes()
    store.close()


def test_a_file_refuses_to_write_what_is_not_erased(library: ctypes.CDLL, tmp_path: Path) -> None:
    store = FileFlash(library, tmp_path / "region.bin")
    word = (ctypes.c_uint8 * 4)(1, 2, 3, 4)
    assert store.port.prog(store.port.context, 8, word, 4) == Status.OK
    assert store.port.prog(store.port.context, 8, word, 4) == Status.STORAGE_ERROR
    assert store.port.erase(store.port.context, 0) == Status.OK
    assert store.port.prog(store.port.context, 8, word, 4) == Status.OK
    store.close()


def test_a_file_refuses_what_is_outside_or_no_block(library: ctypes.CDLL, tmp_path: Path) -> None:
    path = tmp_path / "region.bin"
    store = FileFlash(library, path)
    port, data = store.port, (ctypes.c_uint8 * 64)()
    for offset, size in ((1024, 4), (1020, 8), (2**32 - 4, 8), (2, 4), (4, 2)):
        assert port.prog(port.context, offset, data, size) == Status.STORAGE_ERROR
    for offset in (1024, 4, 2**32 - 256):
        assert port.erase(port.context, offset) == Status.STORAGE_ERROR
    for offset, size in ((1024, 1), (1023, 2), (2**32 - 1, 2)):
        assert port.read(port.context, offset, data, size) == Status.STORAGE_ERROR
    assert port.read(port.context, 1023, data, 1) == Status.OK
    store.close()
    assert path.read_bytes() == b"\xff" * 1024


def test_a_file_that_cannot_be_written_is_not_made_anew(tmp_path: Path) -> None:
    """Opening for update fails, as of a file on a read-only medium; a truncated file would be seen."""
    require_tool("gcc")
    program, path = tmp_path / "open.c", tmp_path / "region.bin"
    path.write_bytes(bytes(1024))
    program.write_text(
        "#include <stdio.h>\n"
        "static FILE *refusing(const char *path, const char *mode)\n"
        "{\n"
        "    return mode[0] == 'r' && mode[1] == '+' ? NULL : fopen(path, mode);\n"
        "}\n"
        "#define fopen refusing\n"
        '#include "bnncl_storage_file.c"\n'
        "int main(int count, char **given)\n"
        "{\n"
        "    bnncl_storage_file region;\n"
        "    return count == 2 && bnncl_storage_file_open(&region, given[1], 1024, 256, 4) == BNNCL_OK;\n"
        "}\n"
    )
    port = RUNTIME / "port" / "file"
    made, includes = str(tmp_path / "open"), [f"-I{RUNTIME / 'include'}", f"-I{port}"]
    subprocess.run(["gcc", "-std=c99", *includes, str(program), "-o", made], check=True)
    assert subprocess.run([made, path], check=False).returncode == 0, "opened"
    assert path.read_bytes() == bytes(1024)
    assert subprocess.run([made, tmp_path / "new.bin"], check=False).returncode == 1, "not made"
    assert (tmp_path / "new.bin").read_bytes() == b"\xff" * 1024


def test_a_file_of_other_size_or_nowhere_is_refused(library: ctypes.CDLL, tmp_path: Path) -> None:
    (tmp_path / "short.bin").write_bytes(bytes(1000))
    for path in (tmp_path / "short.bin", tmp_path / "none" / "region.bin"):
        file = File()
        assert open_file(library, file, path) == Status.STORAGE_ERROR
        assert library.bnncl_storage_file_close(ctypes.byref(file)) == Status.STORAGE_ERROR
    assert (tmp_path / "short.bin").read_bytes() == bytes(1000)


def test_internal_flash_on_an_emulated_core(tmp_path: Path) -> None:
    """With RAM in the place of flash and of the controller's registers: see internal_flash.c."""
    target = TARGETS["cortex-m7"]
    require_target(target)
    port = RUNTIME / "port" / "stm32h7"
    text = (port / "bnncl_storage_stm32h7.c").read_text()
    text, regions = re.subn(r"0x081C0000u", "((uint32_t)flash)", text)
    text, registers = re.subn(r"0x520021([0-9A-F]{2})u", r"((uint32_t)registers + 0x\1u)", text)
    text, masks = re.subn(r'(__asm__ volatile\("cpsid f" ::: "memory"\);)', r"\1 masked++;", text)
    assert (regions, registers, masks) == (1, 4, 1)
    (tmp_path / "port.c").write_text(text)
    sources, includes = [Path(__file__).parent / "internal_flash.c"], [RUNTIME / "include", port, tmp_path]
    elf = compile_elf(target, sources, includes, {}, tmp_path / "port.elf")
    result = run_elf(target, elf, timeout_s=60)
    assert result.exit_code == 0, result.stdout


def test_emulated_flash_refuses_what_flash_forbids(library: ctypes.CDLL) -> None:
    flash = RamFlash(library, *SIZES)
    port, word = flash.port, (ctypes.c_uint32 * 20)(1)
    data = ctypes.cast(word, ctypes.POINTER(ctypes.c_uint8))
    odd = ctypes.cast(ctypes.byref(word, 1), ctypes.POINTER(ctypes.c_uint8))
    assert port.prog(port.context, 8, data, 4) == Status.OK
    wrong = [(8, data, 4), (12, odd, 4), (13, data, 4), (12, data, 3), (12, data, 0), (12, data, 68)]
    for arguments in [*wrong, (1024, data, 4), (2**32 - 4, data, 4)]:
        assert port.prog(port.context, *arguments) == Status.STORAGE_ERROR
    assert port.erase(port.context, 100) == port.erase(port.context, 1024) == Status.STORAGE_ERROR
    assert port.read(port.context, 1020, data, 8) == Status.STORAGE_ERROR
    assert flash.flash.violations == 11
    assert list(flash.wear) == [0, 0, 0, 0]
    assert flash.dump[8:12] == bytes([1, 0, 0, 0])
