"""Board environments build unchanged, fit their board, and their program runs the self-test.

The vendors' platforms are replaced by those of `stand_ins`: same names and board identifiers, the memory that
the vendor's linker script gives to a program, the vendor's way of adding flags, the system's compilers.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from bnncl.targets import BOARDS, TARGETS, TOOLCHAINS, Board
from bnncl.targets.flags import WARNINGS
from bnncl.toolchain.elf import section_sizes
from bnncl.toolchain.platformio import run_pio
from tests.emit.build import project, run
from tests.emit.models import spec
from tests.target.stand_ins import place_vendors
from tests.tools import ROOT, require_tool

PASSED, FAILED = 1, 2
MACHINES = {
    "nucleo_f446re": ("qemu-system-arm", "netduinoplus2"),
    "hifive1-revb": ("qemu-system-riscv32", "sifive_e,revb=true"),
}
"""Machines of QEMU with the memories of a board where its program looks for them."""


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PlatformIO core folder with all stand-ins."""
    for board in BOARDS.values():
        require_tool(TOOLCHAINS[TARGETS[board.target].toolchain].cc)
    folder = tmp_path_factory.mktemp("core")
    subprocess.run([sys.executable, ROOT / "scripts" / "platformio_core.py", folder], check=True, timeout=60)
    place_vendors(folder)
    return folder


def for_boards(folder: Path, *boards: str) -> Path:
    """A project for all `boards`, as it is generated."""
    targets = dict.fromkeys(BOARDS[each].target for each in boards)
    return project(spec("cnn", *targets, boards=boards), folder)


@pytest.fixture(scope="module")
def built(core: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project with every board, built for all of them at once."""
    folder = for_boards(tmp_path_factory.mktemp("boards") / "out", *BOARDS)
    done = run_pio("run", folder, list(BOARDS), core=core)
    assert done.exit_code == 0, done.stdout
    return folder


def elf_of(folder: Path, board: str) -> Path:
    return folder / ".pio" / "build" / board / "firmware.elf"


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_unchanged_environment_links_and_fits_the_board(built: Path, board: Board):
    sizes = section_sizes(elf_of(built, board.id))
    report = spec("cnn", board.target).report
    assert report.weight_bytes < sizes.flash <= board.flash_bytes
    assert report.context_bytes + report.workspace_bytes <= sizes.ram <= board.ram_bytes


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_board_program_needs_no_output_and_no_heap(built: Path, board: Board):
    with elf_of(built, board.id).open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        names = {symbol.name for symbol in table.iter_symbols()}
    assert "main" in names
    assert not names & {"printf", "puts", "vfprintf", "malloc", "_write", "write", "sys_semihost"}


@pytest.mark.parametrize("compiler", ["gcc", "clang", "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"])
def test_program_of_a_board_compiles_without_a_warning(tmp_path: Path, compiler: str):
    require_tool(compiler)
    folder = for_boards(tmp_path / "out", "nucleo_f446re")
    libc = [] if compiler in ("gcc", "clang") else ["--specs=picolibc.specs"]
    words = [compiler, "-std=c99", "-O2", *WARNINGS, *libc, "-Iinclude", "-c", "board/main.c"]
    compiled = run(words, folder)
    assert compiled.code == 0, compiled.text


def test_environment_of_a_single_board_names_core_platform_and_compiler(tmp_path: Path):
    folder = for_boards(tmp_path / "out", "nucleo_h743zi")
    assert """
[env:nucleo_h743zi]
platform = ststm32
platform_packages = platformio/toolchain-gccarmnoneeabi@~1.120301.0
board = nucleo_h743zi
framework = cmsis
""" in (folder / "platformio.ini").read_text()


def test_program_larger_than_the_board_does_not_link(core: Path, tmp_path: Path):
    folder = for_boards(tmp_path / "out", "nucleo_f103rb")
    main = folder / "board" / "main.c"
    main.write_text(
        main.read_text().replace("int main(void)\n{", "char big[20480];\nint main(void)\n{\n    big[0] = 1;")
    )
    done = run_pio("run", folder, ["nucleo_f103rb"], core=core)
    assert done.exit_code != 0
    assert "region `ram' overflowed" in done.stdout


def outcome(board: str, elf: Path, seconds: float = 20) -> int:
    """What `elf` leaves in `selftest_outcome` when it runs in the emulator, 0 if nothing in time."""
    with elf.open("rb") as file:
        found = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("selftest_outcome")
        address = found[0]["st_value"]
    qemu, machine = MACHINES[board]
    words = [
        qemu,
        "-M",
        machine,
        "-display",
        "none",
        "-serial",
        "none",
        "-monitor",
        "stdio",
        "-kernel",
        str(elf),
    ]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            return _poll(process, address, time.monotonic() + seconds)
        finally:
            process.kill()


def _poll(process: subprocess.Popen[bytes], address: int, deadline: float) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    said = b""
    while time.monotonic() < deadline:
        process.stdin.write(f"xp /1wx {address:#x}\n".encode())
        process.stdin.flush()
        time.sleep(0.1)
        while select.select([process.stdout], [], [], 0)[0] and process.poll() is None:
            said += os.read(process.stdout.fileno(), 65536)
        values = [int(each, 16) for each in re.findall(rb"[0-9a-f]{16}: 0x([0-9a-f]{8})", said)]
        if any(values):
            return max(values)
    return 0


@pytest.mark.parametrize("board", MACHINES)
def test_board_program_passes_its_self_test(built: Path, board: str):
    require_tool(MACHINES[board][0])
    assert outcome(board, elf_of(built, board)) == PASSED


def test_board_program_says_that_its_self_test_failed(core: Path, tmp_path: Path):
    require_tool(MACHINES["nucleo_f446re"][0])
    folder = for_boards(tmp_path / "out", "nucleo_f446re")
    selftest = folder / "src" / "cnn_selftest.c"
    text, changed = re.subn(
        r"(known_scores\[\w+\] = {\n    )(-?\d+)",
        lambda found: f"{found[1]}1 + {found[2]}",
        selftest.read_text(),
    )
    assert changed == 1
    selftest.write_text(text)
    done = run_pio("run", folder, ["nucleo_f446re"], core=core)
    assert done.exit_code == 0, done.stdout
    assert outcome("nucleo_f446re", elf_of(folder, "nucleo_f446re")) == FAILED


def test_tests_are_not_run_where_nobody_reads_their_output(core: Path, tmp_path: Path):
    folder = for_boards(tmp_path / "out", "nucleo_f446re")
    done = run_pio("test", folder, ["nucleo_f446re"], core=core)
    assert done.exit_code == 0, done.stdout
    assert " 0 test cases: " in done.stdout
