"""Vectors of active rows, 16 of which are added at a time: every rest of 16, one block of lanes and more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.bconv_wide128_i32 import BconvWide128I32
from bnncl.kernels.bconv_wide128_sign import BconvWide128Sign
from bnncl.ops.window import Window
from bnncl.targets import TARGETS
from tests.kernels.cases import binary_conv, signs
from tests.kernels.emulated import Run, run_on
from tests.tools import require_target

CHANNELS = (64, 200, 5, 300, 70)
DENSITIES = (0.5, 1.0, 0.2)


@pytest.mark.parametrize("name", ["aarch64", "cortex-m55"])
def test_no_row_is_lost_or_counted_twice(name: str, tmp_path: Path) -> None:
    core, rng, runs = TARGETS[name], np.random.default_rng(6), []
    require_target(core)
    for count in range(3, 19):
        x = TensorType((4, 7, count), Binary())
        for kernel, kind in ((BconvWide128Sign(), "sign1"), (BconvWide128I32(), "i32")):
            op = binary_conv(Window(3, 3), x, CHANNELS[count % 5], kind, 0, rng)
            runs.append(Run(kernel, op, (x,), (signs(x.shape, DENSITIES[count % 3], rng),)))
    ran = run_on(core, tuple(runs), core, tmp_path)
    assert [at for at, each in enumerate(ran) if not each.is_right] == []
