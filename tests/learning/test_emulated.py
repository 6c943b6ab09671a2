"""Emulated cores learn as the reference does: the same state after every call of a program."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import pytest

from bnncl.resources import runtime_dir
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from tests.learning.cases import cases_text
from tests.learning.native import STATUSES, learning_sources
from tests.learning.program import CASES, Call, answer, program
from tests.tools import require_target

HERE = Path(__file__).parent
CHOSEN = tuple(case for case in CASES if case.name in ("bits 8 16", "i8 8 12", "wide rate"))
BATCHES = 200


@cache
def _programs() -> tuple[tuple[Call, ...], ...]:
    return tuple(tuple(program(case, BATCHES)) for case in CHOSEN)


@cache
def _expected() -> str:
    """What run.c prints, by the reference."""
    lines = []
    for case, calls in zip(CHOSEN, _programs(), strict=True):
        reference = case.learner()
        for call in calls:
            status = STATUSES.index(answer(reference, case, call))
            lines.append(f"{status} {zlib.crc32(reference.canonical()):08x}\n")
        assert reference.steps >= BATCHES
    return "".join(lines)


def test_a_core_with_dsp_instructions_has_its_own_row_of_bits() -> None:
    assert runtime_dir() / "port/dsp/bnncl_learn_row_bits.c" in learning_sources(
        TARGETS["cortex-m7"].features
    )
    assert runtime_dir() / "src/bnncl_learn_row_bits.c" in learning_sources(TARGETS["cortex-m3"].features)


@pytest.mark.parametrize("name", ["cortex-m7", "cortex-m0plus", "rv32imac", "host"])
def test_a_core_learns_as_the_reference(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    require_target(target)
    (tmp_path / "cases.h").write_text(cases_text(CHOSEN, _programs()))
    elf = compile_elf(
        target,
        [HERE / "run.c", *learning_sources(target.features)],
        [runtime_dir() / "include", HERE, tmp_path],
        {},
        tmp_path / "run.elf",
    )
    result = run_elf(target, elf)
    assert result.exit_code == 0
    said, wanted = result.stdout.splitlines(), _expected().splitlines()
    assert len(said) == len(wanted)
    wrong = [at for at in range(len(wanted)) if said[at] != wanted[at]]
    assert not wrong, (wrong[:5], said[wrong[0]], wanted[wrong[0]])
