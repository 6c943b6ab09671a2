"""Projects whose head learns save and load it: see generated.c."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import bnncl
from bnncl.driver.project import Project
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from tests.e2e.zoo import build, images
from tests.state.native import RUNTIME, SANITIZERS
from tests.tools import require_target, require_tool

HERE = Path(__file__).parent
_SAID = re.compile(r"cuts (\d+) old (\d+) new (\d+)\n")


def compiled(name: str = "mlp", **options: Any) -> Project:
    """A small network of ten classes with room for two more, one minibatch of an experience incomplete."""
    x = images(96)
    y = build(name)(x).argmax(1)
    given: dict[str, Any] = {
        "name": "net",
        "train": "head",
        "replay": 7,
        "max_classes": 12,
        "rounding": "stochastic",
        "replay_init": (x[:24], y[:24].numpy()),
        "experience": 13,
        "minibatch": (4, 4),
        "epochs": 2,
    }
    return bnncl.compile(build(name), example=x[:1], calibration=x, labels=y, **{**given, **options})


@pytest.fixture(scope="module")
def project() -> Project:
    return compiled()


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.write(tmp_path_factory.mktemp("state") / "net")


def run(folder: Path, out: Path, target: str, extra: tuple[str, ...] = (), **defines: str | int) -> list[int]:
    """Cuts made, and how often the old and the new state stood afterwards."""
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
    result = run_elf(TARGETS[target], elf, timeout_s=300)
    said = _SAID.fullmatch(result.stdout)
    assert result.exit_code == 0, result.stdout
    assert said, result.stdout
    return [int(each) for each in said.groups()]


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


def test_the_latent_of_a_cut_before_a_tail(tmp_path: Path) -> None:
    folder = compiled("strides").write(tmp_path / "net")
    cuts, old, new = run(folder, tmp_path, "host", CUT_STRIDE="97u")
    assert cuts == old + new > 1_000
