"""Projects whose head learns save and load it: see generated.c."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnncl.driver.project import Project
from bnncl.interp.learner import Learner
from bnncl.interp.restored import restored
from bnncl.ir.op import Array
from bnncl.state import arrays, expected_state, read_state
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import RunResult, run_elf
from tests.state.devices import compiled
from tests.state.native import RUNTIME, SANITIZERS
from tests.tools import require_target, require_tool

HERE = Path(__file__).parent
_SAID = re.compile(r"cuts (\d+) old (\d+) new (\d+)\n")


@pytest.fixture(scope="module")
def project() -> Project:
    return compiled()


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.write(tmp_path_factory.mktemp("state") / "net")


def run(folder: Path, out: Path, target: str, extra: tuple[str, ...] = (), **defines: str | int) -> list[int]:
    """Cuts made, and how often the old and the new state stood afterwards."""
    result = started(folder, out, target, extra, **defines)
    said = _SAID.fullmatch(result.stdout)
    assert result.exit_code == 0, result.stdout
    assert said, result.stdout
    return [int(each) for each in said.groups()]


def started(
    folder: Path, out: Path, target: str, extra: tuple[str, ...] = (), **defines: str | int
) -> RunResult:
    """generated.c, built with the project in `folder` and run."""
    require_target(TARGETS[target])
    generated = [*sorted(folder.glob("src/*.c")), *sorted(folder.glob("src/bnncl/*.c"))]
    sources = [
        HERE / "generated.c",
        RUNTIME / "src/bnncl_learn_canonical.c",
        RUNTIME / "port/ram/bnncl_storage_ram.c",
        *(path for path in generated if path.name != "main.c"),
    ]
    includes = [folder / "include", folder / "src", RUNTIME / "port/ram"]
    elf = compile_elf(TARGETS[target], sources, includes, defines, out / "state.elf", extra=extra)
    return run_elf(TARGETS[target], elf, timeout_s=300)


def test_old_or_new_wherever_power_goes(folder: Path, tmp_path: Path) -> None:
    cuts, old, new = run(folder, tmp_path, "host")
    assert cuts == old + new > 150_000
    assert new >= 3 * 4 * 4


def test_no_access_leaves_its_memory(folder: Path, tmp_path: Path) -> None:
    require_tool("gcc")
    cuts, old, new = run(folder, tmp_path, "host", SANITIZERS, CUT_STRIDE="31u")
    assert cuts == old + new > 4_000


@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m0plus", "rv32imac"])
def test_an_emulated_core_saves_and_loads(folder: Path, tmp_path: Path, target: str) -> None:
    cuts, old, new = run(folder, tmp_path, target, CUT_STRIDE="211u", CUT_SHAPES=1)
    assert cuts == old + new > 200
    assert new >= 4 * 4


@pytest.mark.parametrize(
    ("name", "options"),
    [("strides", {}), ("real_tail", {"replay_bits": 6}), ("mlp", {"replay": 0, "replay_init": None})],
    ids=["frozen ops behind the cut", "packed numbers", "no replay"],
)
def test_other_heads(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    folder = compiled(name, **options).write(tmp_path / "net")
    cuts, old, new = run(folder, tmp_path, "host", CUT_STRIDE="97u")
    assert cuts == old + new > 500


@pytest.mark.parametrize("segment", range(8))
def test_every_segment_is_needed(folder: Path, tmp_path: Path, segment: int) -> None:
    broken = tmp_path / "net"
    shutil.copytree(folder, broken)
    path = broken / "src/net_state.c"
    pieces = re.findall(r"    \{offsetof\(net_memory, (.*?)\), (sizeof.*)\},\n", path.read_text())
    assert len(pieces) == 8
    name, size = pieces[segment]
    text = path.read_text().replace(f"    {{offsetof(net_memory, {name}), {size}}},\n", "")
    text, count = re.subn(rf" *\+ {re.escape(size)}\n", "", text)
    assert count == 1
    path.write_text(text.replace("== NET_SAVED_BYTES", "< NET_SAVED_BYTES"))
    result = started(broken, tmp_path, "host", CUT_SHAPES=0)
    assert result.exit_code == 1
    assert "is(&after[e + 1])" in result.stdout


def learned(device: Learner, e: int) -> None:
    """What `learn` of generated.c does with the project of `compiled`."""
    device.begin()
    for i in range(13):
        label = e if i % 2 else 0 if e < 2 else 10 + e - 2
        device.sample(made_input(e * 13 + i), label)
    while not device.step(5 + e):
        pass
    device.commit()


def made_input(number: int) -> Array:
    random, found = (number * 2654435761 + 1) % 2**32, []
    for _ in range(64):
        random = (random * 1664525 + 1013904223) % 2**32
        found.append(random >> 24)
    return np.array(found, np.int64).reshape(8, 8, 1)


def test_the_reference_reads_what_a_device_saves_and_goes_on_from_it(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    run(folder, tmp_path, "host", DUMP_FOLDER=f'"{tmp_path}"', CUT_SHAPES=0)
    expected = expected_state(folder)
    device = Learner(project.spec.program, 7)
    for e in range(4):
        blob = read_state(tmp_path / f"{e}.bin", expected)
        saved = restored(project.spec.program, arrays(blob, expected.layout))
        learned(device, e)
        assert blob.sequence == e + 1
        assert saved.head.canonical() == device.head.canonical()
        assert saved.head.seed == 7
        device = saved
