"""Counts the instructions that a program's measured region executes.

A measured program links `bnncl_count.h` and the one C file that belongs to the target's core, and
passes what is to be measured to `bnncl_count_instructions`. On emulated cores that function returns
the count (SysTick, RISC-V's minstret or the 64-bit Arm's cycles, under QEMU's `-icount shift=0`); on the
host it returns 0 and callgrind counts what runs inside it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bnncl.diagnostics import Problem, UsageError, VerificationFailed
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.targets.flags import counter_defines
from bnncl.toolchain.compilers import install_command

COUNTED_FUNCTION: Final = "bnncl_count_instructions"
COUNT_OVERFLOW: Final = 0xFFFF_FFFF


@dataclass(frozen=True)
class CounterFiles:
    """What a measured program adds to its compiler's command line."""

    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...]
    defines: dict[str, str | int]


def counter_files(target: Target) -> CounterFiles:
    """The C file, include folder and macros that count instructions on `target`."""
    folder = runtime_dir() / "port" / "qemu"
    defines: dict[str, str | int] = dict(counter_defines(target))
    return CounterFiles((folder / target.counter.source,), (folder,), defines)


def resolution(target: Target) -> int:
    """By how many instructions a count on `target` may be off: one tick, rounded up."""
    return -(-target.counter.numerator // target.counter.denominator)


def count_on_host(elf: Path, function: str = COUNTED_FUNCTION, timeout_s: float = 300) -> int:
    """Instructions that the host program `elf` executes inside `function`, by callgrind.

    Everything that `function` calls is included, and all its calls are added up. Raises `UsageError`
    (`missing-valgrind`) and `VerificationFailed` (`count-failed`).
    """
    return count_and_output(elf, function, timeout_s)[0]


def count_and_output(elf: Path, function: str, timeout_s: float = 300) -> tuple[int, str]:
    """`count_on_host`, and what the program printed in between valgrind's own words."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise UsageError(
            Problem(
                slug="missing-valgrind",
                message="valgrind is not installed",
                where="host",
                why="Instructions on the host are counted with its tool callgrind.",
                hint=f"On Debian: {install_command(('valgrind',))}",
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        command = [
            *(valgrind, "--tool=callgrind", f"--callgrind-out-file={out}"),
            *(f"--toggle-collect={function}", str(elf.resolve())),
        ]
        said = _run(command, elf, timeout_s)
        text = out.read_text() if out.exists() else ""
    totals = [int(line.split()[1]) for line in text.splitlines() if line.startswith("totals:")]
    if len(totals) != 1 or totals[0] == 0:
        raise _count_failed(elf, said)
    return totals[0], said


def _run(command: list[str], elf: Path, timeout_s: float) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _count_failed(elf, f"It did not end within {timeout_s:g} s.") from error
    return done.stdout


def _count_failed(elf: Path, why: str) -> VerificationFailed:
    return VerificationFailed(
        Problem(
            slug="count-failed",
            message="callgrind gave no count for this program",
            where=str(elf),
            why=why.strip()[-400:],
        )
    )
