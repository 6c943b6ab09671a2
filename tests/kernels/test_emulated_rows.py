"""Kernels over active rows, with the functions that a core has of its own, on each instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.ops.window import Window
from bnncl.targets import Target
from tests.kernels.cases import WINDOWS, binary_conv, shape_for, signs
from tests.kernels.emulated import Run, run_on

KERNELS: tuple[tuple[Kernel, str], ...] = ((BconvRowsSign(), "sign1"), (BconvRowsI32(), "i32"))
DENSITIES = (0.0, 0.03, 0.2, 0.5, 1.0)


def _runs(target: Target) -> Iterator[Run]:
    """Windows with every padding, then sums that need every number of planes and every rest of a block."""
    rng = np.random.default_rng(5)
    windows = [(window, 0) for window in WINDOWS] + [(WINDOWS[1], 1), (WINDOWS[4], -1)]
    cases = [(window, shape_for(window, 70, rng), pad) for window, pad in windows]
    cases += [(Window(), (1, 1, channels), 0) for channels in (1, 20, 64, 300, 4099)]
    cases += [(Window(), (5, 4, 31), 0)]
    for kernel, kind in KERNELS:
        for at, (window, shape, pad) in enumerate(cases):
            x = TensorType(shape, Binary())
            op = binary_conv(window, x, (5, 64, 70)[at % 3], kind, pad, rng)
            if kernel.accepts(op, (x,), target):
                sample = signs(shape, DENSITIES[(at + (kind == "i32")) % len(DENSITIES)], rng)
                yield Run(kernel, op, (x,), (sample,))


@pytest.mark.parametrize("pure_c", [False, True])
def test_a_core_adds_the_rows_that_are_active(any_isa: Target, pure_c: bool, tmp_path: Path) -> None:
    runs = tuple(_runs(any_isa))
    assert len(runs) >= 2 * 15
    ran = run_on(any_isa, runs, None if pure_c else any_isa, tmp_path)
    assert [at for at, each in enumerate(ran) if not each.is_right] == []
