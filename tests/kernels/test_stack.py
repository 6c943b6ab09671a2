"""How much stack kernels take where there is least of it: what docs/c_api.md promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bnncl.kernels.registry import KERNELS
from bnncl.resources import runtime_dir
from tests.tools import ROOT, require_tool

_OF_TRAINING = re.compile(r"bnncl_filter_(accumulate|input_gradient)")
_ARM = ("arm-none-eabi-gcc", "--specs=picolibc.specs", "-mcpu=cortex-m0plus", "-mthumb", "-std=c99")


@pytest.mark.parametrize("level", ["-Os", "-O2"])
def test_no_kernel_takes_more_stack_than_documented(level: str, tmp_path: Path):
    require_tool(_ARM[0])
    promised = re.findall(r"(\d+) bytes of stack", (ROOT / "docs" / "c_api.md").read_text())
    inference, training = map(int, promised)
    kernels = [kernel for kernel in KERNELS if not kernel.is_alias]
    sources = sorted({runtime_dir() / path for kernel in kernels for path in kernel.sources()})
    command = [*_ARM, level, "-fstack-usage", f"-I{runtime_dir() / 'include'}", "-c", *map(str, sources)]
    subprocess.run(command, cwd=tmp_path, check=True)
    lines = [line.split("\t") for path in tmp_path.glob("*.su") for line in path.read_text().splitlines()]
    assert len(lines) >= len(sources)
    assert {kind for _, _, kind in lines} == {"static"}
    deepest = {where: int(size) for where, size, _ in lines}
    trains = {where for where in deepest if _OF_TRAINING.search(where)}
    assert max(deepest[where] for where in trains) + 150 <= training
    assert max(deepest[where] for where in deepest if where not in trains) + 150 <= inference
