"""Wrong calls to a generated project: see bad_calls.c."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from bnncl.driver.project import labelled
from bnncl.resources import runtime_dir
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, rows_of
from tests.kernels.native import SANITIZERS
from tests.state.devices import compiled
from tests.tools import require_target, require_tool

from .zoo import images

HERE = Path(__file__).parent
LABELS = (10, 0, 3, 10, 11, 2, 5, 11, 10, 9, 9, 1, 7)


@pytest.mark.parametrize("target", ["host", "cortex-m0plus"])
def test_wrong_calls_are_answered_and_change_nothing(tmp_path, target):
    require_target(TARGETS[target])
    project = compiled()
    folder = project.write(tmp_path / "net")
    inputs, _ = labelled(images(len(LABELS), seed=8), None, project.spec.graph)
    (tmp_path / "samples.h").write_text(
        f"static const net_input samples[][NET_INPUT_LEN] = {{{rows_of(inputs.reshape(len(inputs), -1))}}};\n"
        f"static const uint16_t labels[] = {{{', '.join(map(str, LABELS))}}};\n"
    )
    sources = Sources(folder, "net", 0)
    own = (HERE / "bad_calls.c", runtime_dir() / "src" / "bnncl_learn_canonical.c")
    extra = ()
    if target == "host":
        require_tool("gcc")
        extra = SANITIZERS
    elf = compile_elf(
        TARGETS[target],
        (*own, *sources.c_files()),
        (tmp_path, *sources.include_dirs()),
        {},
        tmp_path / "bad.elf",
        extra=extra,
    )
    said = run_elf(TARGETS[target], elf, timeout_s=60)
    wanted = []
    device = project.learner(1)
    for count in (13, 3, 12):
        device.learn(inputs[:count], LABELS[:count])
        wanted.append(f"{zlib.crc32(device.head.canonical()):08x}")
    assert said.stdout.splitlines() == [*wanted, "failures 0"]
    assert said.exit_code == 0
