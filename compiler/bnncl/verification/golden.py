"""Runs a project's own golden test."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources

_RUN_SECONDS = 300


def golden_failures(sources: Sources, target: Target) -> tuple[str, ...]:
    """The failing lines of `test/test_golden`, run on `target`; empty where all pass."""
    tests = tuple(sorted((sources.folder / "test" / "test_golden").glob("*.c")))
    with tempfile.TemporaryDirectory() as folder:
        elf = compile_elf(
            target,
            (*sources.c_files(), *tests),
            sources.include_dirs(),
            {"BNNCL_TRACE_HOOK": 1, "PIO_UNIT_TESTING": 1},
            Path(folder) / "golden.elf",
        )
        result = run_elf(target, elf, _RUN_SECONDS)
    failing = [line.split(":", 3)[-1] for line in result.stdout.splitlines() if ":FAIL" in line]
    if result.exit_code != 0 and not failing:
        failing.append(f"the golden test ended with exit code {result.exit_code}")
    return tuple(text.removeprefix("FAIL: ") for text in failing)
