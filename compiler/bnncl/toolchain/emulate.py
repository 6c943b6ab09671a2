"""Runs a target's program: in its emulator, or natively on the host."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bnncl.diagnostics import Problem, UsageError, VerificationFailed
from bnncl.targets import Target
from bnncl.targets.flags import emulator_arguments
from bnncl.toolchain.compilers import install_command, toolchain_of


@dataclass(frozen=True)
class RunResult:
    """What a program said and how it ended.

    `stdout` holds both output streams in the order they came, since semihosting writes to the
    emulator's stderr. `exit_code` is the program's own; a fault on an emulated core gives 1 (on AArch64,
    whose start-up code has no handler, the program never ends), a signal on the host a negative number.
    """

    stdout: str
    exit_code: int


def find_emulator(target: Target) -> Path:
    """Where the emulator of `target` is; `UsageError` with the slug `missing-emulator` if nowhere."""
    assert target.emulator is not None, f"{target.name} needs no emulator"
    found = shutil.which(target.emulator.qemu)
    if found is None:
        raise UsageError(
            Problem(
                slug="missing-emulator",
                message=f"the emulator {target.emulator.qemu} is not installed",
                where=target.name,
                why=f"Code for {target.title} is run in it.",
                hint=f"On Debian: {install_command(toolchain_of(target).emulator_packages)}",
            )
        )
    return Path(found)


def run_command(target: Target, elf: Path, icount: bool = False) -> tuple[str, ...]:
    """The command line that runs `elf`."""
    if target.emulator is None:
        return (str(elf.resolve()),)
    return (str(find_emulator(target)), *emulator_arguments(target, icount), "-kernel", str(elf))


def run_elf(target: Target, elf: Path, timeout_s: float = 60, icount: bool = False) -> RunResult:
    """Run the program `elf` for at most `timeout_s` seconds.

    Raises `UsageError` (`missing-emulator`) and `VerificationFailed` (`emulator-timeout`).
    """
    command = run_command(target, elf, icount)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace").strip()
        raise VerificationFailed(
            Problem(
                slug="emulator-timeout",
                message=f"the program did not end within {timeout_s:g} s and was stopped",
                where=f"{target.name}: {elf.name}",
                why=f"Its last words: {said[-400:]}" if said else "It had written nothing.",
            )
        ) from error
    return RunResult(done.stdout.decode(errors="replace"), done.returncode)
