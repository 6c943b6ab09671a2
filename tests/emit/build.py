"""Writes projects to folders, compiles and runs them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bnncl.emit import ProjectSpec, render, write
from bnncl.targets.flags import WARNINGS

README_LINE = "cc -std=c99 -Iinclude -Isrc src/*.c src/bnncl/*.c -o selftest && ./selftest"
HOOKS = ("-DBNNCL_TRACE_HOOK", "-DPIO_UNIT_TESTING")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Ran:
    """How a program ended, and both its streams."""

    code: int
    text: str


def run(words: Sequence[str] | str, folder: Path, seconds: float = 120) -> Ran:
    done = subprocess.run(
        words,
        cwd=folder,
        shell=isinstance(words, str),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def project(spec: ProjectSpec, folder: Path) -> Path:
    write(render(spec), folder)
    return folder


def sources(folder: Path, *more: str) -> list[str]:
    patterns = ("src/*.c", "src/bnncl/*.c", *more)
    return [str(path.relative_to(folder)) for each in patterns for path in sorted(folder.glob(each))]


def golden_test(folder: Path, compiler: str = "gcc", *flags: str) -> Ran:
    """Compile the golden test with every warning an error, and run it."""
    flags = flags or SANITIZERS
    files = sources(folder, "test/test_golden/*.c")
    words = [compiler, "-std=c99", "-O1", *WARNINGS, *flags, *HOOKS, "-Iinclude", "-Isrc", *files]
    built = run([*words, "-o", "golden"], folder)
    assert built.code == 0, built.text
    return run(["./golden"], folder)
