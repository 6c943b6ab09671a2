"""Predicted instructions of binary convolutions against what cores take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.registry import KERNELS
from bnncl.ops.window import Window
from bnncl.targets import TARGETS, Target
from tests.kernels.cases import binary_conv, signs
from tests.kernels.emulated import Run, run_on
from tests.tools import require_target

PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
WIDE = Window(5, 5, pad_top=2, pad_bottom=2, pad_left=2, pad_right=2)
SHAPES: dict[str, tuple[tuple[int, int, int], int, Window]] = {
    "A": ((16, 16, 64), 64, PADDED),
    "B": ((8, 8, 256), 256, PADDED),
    "FC": ((1, 1, 1024), 1024, Window()),
    "small": ((4, 4, 32), 32, PADDED),
    "1x1": ((8, 8, 128), 32, Window()),
    "5x5": ((7, 7, 96), 96, WIDE),
    "odd": ((6, 6, 3), 8, PADDED),
    "linear": ((1, 1, 200), 100, Window()),
}
KINDS = {"sign": "sign1", "i32": "i32"}
CONVOLUTIONS = tuple(
    kernel
    for kernel in KERNELS
    if kernel.symbol
    in {f"bnncl_bconv_{family}_{kind}" for family in ("rows", "vertical", "xnor") for kind in KINDS}
)
OF_VECTORS = tuple(kernel for kernel in KERNELS if kernel.symbol.startswith("bnncl_bconv_wide128"))
_TOLERANCE = 0.12
"""A tenth, and the counter's ticks on small maps."""


def _run(kernel: Kernel, shape: str, density: float | None = None) -> Run:
    size, channels, window = SHAPES[shape]
    x = TensorType(size, Binary())
    kind = KINDS[kernel.symbol.rpartition("_")[2]]
    op = binary_conv(window, x, channels, kind, 0, np.random.default_rng(3))
    ones = 0.5 if density is None else density
    return Run(kernel, replace(op, density=density), (x,), (signs(size, ones, np.random.default_rng(4)),))


def _counted(core: Target, runs: tuple[Run, ...], chosen: Target, folder: Path) -> list[int]:
    ran = run_on(core, runs, chosen, folder)
    assert all(each.is_right for each in ran)
    return [each.instructions for each in ran]


@pytest.mark.parametrize("pure_c", [False, True])
@pytest.mark.parametrize("name", ["cortex-m4", "cortex-m0plus", "rv32imac"])
def test_predictions_are_within_a_tenth(name: str, pure_c: bool, tmp_path: Path) -> None:
    require_target(TARGETS[name])
    core = TARGETS[name]
    chosen = core.portable() if pure_c else core
    kernels = [kernel for kernel in CONVOLUTIONS if kernel.helpers or not pure_c]
    assert len(kernels) == (2 if pure_c else 6)
    runs = tuple(_run(kernel, shape) for kernel in kernels for shape in SHAPES)
    counted = _counted(core, runs, chosen, tmp_path)
    wrong = [
        (run.kernel.symbol, shape, run.kernel.cost(run.op, run.types, chosen), count)
        for run, count, shape in zip(runs, counted, list(SHAPES) * len(kernels), strict=True)
        if abs(run.kernel.cost(run.op, run.types, chosen) / count - 1) > _TOLERANCE
    ]
    assert wrong == []


@pytest.mark.parametrize("kernel", OF_VECTORS, ids=str)
@pytest.mark.parametrize("name", ["cortex-m55", "aarch64"])
def test_predictions_of_vectors_are_within_a_tenth(name: str, kernel: Kernel, tmp_path: Path) -> None:
    core = TARGETS[name]
    require_target(core)
    runs = tuple(_run(kernel, shape) for shape in SHAPES)
    predicted = {shape: kernel.cost(run.op, run.types, core) for shape, run in zip(SHAPES, runs, strict=True)}
    counted = dict(zip(SHAPES, _counted(core, runs, core, tmp_path), strict=True))
    assert predicted == {shape: pytest.approx(count, rel=_TOLERANCE) for shape, count in counted.items()}


def test_predictions_follow_the_density_of_the_input(tmp_path: Path) -> None:
    core = TARGETS["cortex-m4"]
    require_target(core)
    runs = tuple(
        _run(kernel, "A", density)
        for kernel in CONVOLUTIONS
        if kernel.family != "xnor" and kernel.symbol.endswith("sign")
        for density in (0.1, 1.0)
    )
    predicted = [run.kernel.cost(run.op, run.types, core) for run in runs]
    counted = _counted(core, runs, core, tmp_path)
    assert predicted == [pytest.approx(count, rel=_TOLERANCE) for count in counted]
    worst = [run.kernel.worst_cost(run.op, run.types, core) for run in runs]
    assert worst[0::2] == worst[1::2] == predicted[1::2]


def test_a_kernel_of_words_costs_the_same_at_every_density() -> None:
    core = TARGETS["cortex-m4"]
    for kernel in CONVOLUTIONS:
        runs = [_run(kernel, "A", density) for density in (None, 0.1, 0.5)]
        costs = [kernel.cost(run.op, run.types, core) for run in runs]
        assert costs[0] == costs[2]
        assert (costs[0] == costs[1]) == (kernel.family == "xnor")
        assert kernel.worst_cost(runs[0].op, runs[0].types, core) >= costs[0]
