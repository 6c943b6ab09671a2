"""Compiles C for a target with the compiler that belongs to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bnncl.diagnostics import Problem, UsageError, VerificationFailed
from bnncl.targets import TOOLCHAINS, Target, Toolchain
from bnncl.targets.flags import LANGUAGE, WARNINGS, core_flags, link_flags

_COMPILE_SECONDS: Final = 300


def toolchain_of(target: Target) -> Toolchain:
    """The toolchain that compiles for `target`."""
    return TOOLCHAINS[target.toolchain]


def install_command(packages: Sequence[str]) -> str:
    """The line that installs Debian `packages`."""
    return f"apt-get install {' '.join(packages)}"


def find_compiler(target: Target) -> Path:
    """Where the compiler of `target` is; `UsageError` with the slug `missing-toolchain` if nowhere."""
    toolchain = toolchain_of(target)
    found = shutil.which(toolchain.cc)
    if found is None:
        raise UsageError(
            Problem(
                slug="missing-toolchain",
                message=f"the compiler {toolchain.cc} is not installed",
                where=target.name,
                why=f"Code for {target.title} is compiled with it.",
                hint=f"On Debian: {install_command(toolchain.apt_packages)}",
            )
        )
    return Path(found)


def compiler_version(target: Target) -> str:
    """Name and version of the compiler of `target`, such as `arm-none-eabi-gcc 12.2.1`."""
    compiler = find_compiler(target)
    command = [str(compiler), "-dumpfullversion", "-dumpversion"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return f"{compiler.name} {done.stdout.strip()}".strip()


def compile_elf(
    target: Target,
    sources: Sequence[Path],
    include_dirs: Sequence[Path],
    defines: Mapping[str, str | int],
    out: Path,
    *,
    extra: Sequence[str] = (),
) -> Path:
    """Compile and link `sources` into the program `out`, with all warnings as errors.

    `extra` comes after everything else on the command line, libraries included. Raises `UsageError`
    (`missing-toolchain`) and `VerificationFailed` (`compile-failed`, with the compiler's words).
    """
    command = [
        *(str(find_compiler(target)), *LANGUAGE, *WARNINGS, *core_flags(target)),
        *(f"-D{name}={value}" for name, value in defines.items()),
        *(f"-I{path}" for path in include_dirs),
        *(str(path) for path in sources),
        *(*link_flags(target), *extra, "-o", str(out)),
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMPILE_SECONDS, check=False
    )
    if done.returncode != 0:
        raise VerificationFailed(
            Problem(
                slug="compile-failed",
                message=f"{command[0]} refuses the C code (exit code {done.returncode})",
                where=str(sources[0]) if len(sources) == 1 else target.name,
                why=done.stderr.decode(errors="replace").strip(),
                hint="If the code is unchanged since bnncl wrote it, this is a fault of bnncl's.",
            )
        )
    return out
