"""Power is cut before and inside every prog and erase: see power_cuts.c."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from tests.state.native import RUNTIME, SANITIZERS, STORE
from tests.tools import require_target, require_tool

SOURCES = (Path(__file__).parent / "power_cuts.c", RUNTIME / "port/ram/bnncl_storage_ram.c", *STORE)
INCLUDES = (RUNTIME / "include", RUNTIME / "port/ram")
_SAID = re.compile(r"cuts (\d+) old (\d+) new (\d+)\n")


def run(folder: Path, target: str, defines: dict[str, str | int], extra: tuple[str, ...] = ()) -> list[int]:
    """Cuts made, and how often the old and the new state stood afterwards."""
    require_target(TARGETS[target])
    elf = compile_elf(TARGETS[target], SOURCES, INCLUDES, defines, folder / "cuts.elf", extra=extra)
    result = run_elf(TARGETS[target], elf, timeout_s=300)
    said = _SAID.fullmatch(result.stdout)
    assert result.exit_code == 0, result.stdout
    assert said, result.stdout
    return [int(each) for each in said.groups()]


def test_old_or_new_at_every_byte(tmp_path: Path) -> None:
    cuts, old, new = run(tmp_path, "host", {})
    assert cuts == old + new
    assert cuts > 300_000
    assert new >= 7 * 5 * 4


def test_no_access_leaves_its_memory(tmp_path: Path) -> None:
    require_tool("gcc")
    cuts, old, new = run(tmp_path, "host", {"CUT_STRIDE": "7u"}, SANITIZERS)
    assert cuts == old + new > 50_000


@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m0plus", "rv32imac"])
def test_old_or_new_on_an_emulated_core(tmp_path: Path, target: str) -> None:
    cuts, old, new = run(tmp_path, target, {"CUT_MAX_REGION": 2048, "CUT_STRIDE": "5u"})
    assert cuts == old + new > 2_000
    assert new >= 4 * 5 * 4
