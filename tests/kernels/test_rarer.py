"""Kernels over the rarer rows: what they count, and that half of the rows is the most that they add."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.bconv_rarer_i32 import BconvRarerI32
from bnncl.kernels.bconv_rarer_sign import BconvRarerSign
from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.ops.window import Window
from bnncl.targets import TARGETS
from tests.kernels.cases import HOST, WINDOWS, binary_conv, shape_for, signs
from tests.kernels.emulated import Run, run_on
from tests.tools import require_target

KERNELS: tuple[tuple[Kernel, str], ...] = ((BconvRarerSign(), "sign1"), (BconvRarerI32(), "i32"))
PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
_TOLERANCE = 0.12


def _run(kernel: Kernel, kind: str, shape: tuple[int, int, int], density: float) -> Run:
    x = TensorType(shape, Binary())
    op = binary_conv(PADDED, x, 64, kind, 0, np.random.default_rng(3))
    array = signs(shape, density, np.random.default_rng(4))
    return Run(kernel, replace(op, density=density), (x,), (array,))


@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_uses_are_the_windows_that_cover_a_pixel(window: Window) -> None:
    x = TensorType(shape_for(window, 20, np.random.default_rng(1)), Binary())
    op = binary_conv(window, x, 5, "sign1", 0, np.random.default_rng(2))
    if not KERNELS[0][0].accepts(op, (x,), HOST):
        return
    binding = KERNELS[0][0].bind(op, (x,))
    held = {array.name: array.data.astype(int) for array in binding.arrays}
    places = np.arange(x.shape[0] * x.shape[1]).reshape(1, *x.shape[:2], 1)
    seen = window.gather(places, -1)
    covered = np.bincount(seen[seen >= 0], minlength=places.size).reshape(x.shape[:2])
    assert np.array_equal(np.outer(held["row_uses"], held["column_uses"]), covered)
    half = dict(binding.structs[0].fields)["half"]
    assert half == int(covered.sum()) * x.channels // 2


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "rv32imac"])
def test_neither_sign_costs_more_than_the_other(core: str, tmp_path: Path) -> None:
    target = TARGETS[core]
    require_target(target)
    densities = (0.0, 0.1, 0.5, 0.9, 1.0)
    runs = tuple(_run(kernel, kind, (8, 8, 64), each) for kernel, kind in KERNELS for each in densities)
    ran = run_on(target, runs, target, tmp_path)
    assert all(each.is_right for each in ran)
    predicted = [run.kernel.cost(run.op, run.types, target) for run in runs]
    for at, each in enumerate(ran):
        if densities[at % len(densities)] not in (0.0, 1.0):
            assert predicted[at] == pytest.approx(each.instructions, rel=_TOLERANCE), runs[at].kernel
    for at in (0, len(densities)):
        none, few, half, many, every = (each.instructions for each in ran[at : at + len(densities)])
        worst = runs[at].kernel.worst_cost(runs[at].op, runs[at].types, target)
        assert max(none, few, half, many, every) < (1 + _TOLERANCE) * worst
        assert max(none, few, many, every) < half


def test_what_windows_read_often_counts_often(tmp_path: Path) -> None:
    """Fewer than half of the pixels are -1, yet most of what windows read: signs are turned."""
    target = TARGETS["cortex-m4"]
    require_target(target)
    shape = (10, 10, 64)
    array = np.ones(shape, np.int8)
    array[1:8, 1:8] = -1
    assert (array < 0).mean() < 0.5
    runs = tuple(
        replace(_run(kernel, "sign1", shape, 0.5), arrays=(array,))
        for kernel in (BconvRarerSign(), BconvRowsSign())
    )
    rarer, rows = run_on(target, runs, target, tmp_path)
    assert rarer.is_right
    assert rarer.instructions < rows.instructions
