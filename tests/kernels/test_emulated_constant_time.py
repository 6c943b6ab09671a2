"""Kernels of constant time execute as many instructions for one input as for another, on every core."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bnncl.resources import runtime_dir
from bnncl.targets import TARGETS
from bnncl.targets.flags import LANGUAGE, core_flags
from bnncl.toolchain.compilers import find_compiler
from tests.kernels.emulated import Run, run_on
from tests.kernels.specimens import specimens
from tests.kernels.timing import CONSTANT_TIME, extremes
from tests.tools import require_target

_REPEATS = 40
"""Instructions of one tick of the counter: one instruction of a call more is a tick more of all calls."""


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m4", "rv32imac"])
def test_instructions_do_not_depend_on_the_data(name: str, tmp_path: Path) -> None:
    core = TARGETS[name]
    require_target(core)
    runs = tuple(
        Run(kernel, op, types, arrays)
        for kernel, op, types in specimens((3, 3), 3)
        if kernel in CONSTANT_TIME
        for arrays in extremes(types)
    )
    ran = run_on(core, runs, core.constant_time(), tmp_path, _REPEATS)
    assert all(each.is_right for each in ran)
    counts: dict[str, list[int]] = {}
    for run, each in zip(runs, ran, strict=True):
        counts.setdefault(run.kernel.symbol, []).append(each.instructions)
    assert [symbol for symbol, found in counts.items() if max(found) - min(found) >= _REPEATS] == []


_OF_DATA = {
    "cortex-m0plus": r"bl\s+__",
    "cortex-m3": r"[us](div|mull|mlal)\b|bl\s+__",
    "rv32imac": r"(div|rem)u?\b|call\s+__",
}
"""Instructions that take longer for some numbers than for others on each core, and functions of libgcc."""


@pytest.mark.parametrize("name", _OF_DATA)
def test_no_instruction_takes_longer_for_some_numbers(name: str, tmp_path: Path) -> None:
    core = TARGETS[name]
    require_target(core)
    chosen = core.constant_time()
    files = sorted({path for kernel in CONSTANT_TIME for path in kernel.sources(chosen)})
    include = [f"-I{runtime_dir() / folder}" for folder in ("port/constant_time", "include")]
    flags = (*core_flags(core), *LANGUAGE, *include)
    subprocess.run(
        [find_compiler(core), *flags, "-S", *(runtime_dir() / path for path in files)],
        cwd=tmp_path,
        check=True,
    )
    texts = {path.stem: path.read_text() for path in sorted(tmp_path.glob("*.s"))}
    assert len(texts) == len(files)
    found = {stem: re.findall(rf"^\s*(?:{_OF_DATA[name]}).*", text, re.M) for stem, text in texts.items()}
    assert {stem: lines for stem, lines in found.items() if lines} == {}
