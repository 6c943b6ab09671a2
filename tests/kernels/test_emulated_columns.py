"""Convolutions by columns to the signs of one step, with what a core has of its own, on instruction sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import INT32_MAX, Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.kernels.families.step_columns import StepColumnConv
from bnncl.kernels.registry import candidates
from bnncl.ops.conv import FixedConv
from bnncl.ops.epilogue import NEVER, Steps
from bnncl.ops.window import Window
from bnncl.targets import TARGETS, Target
from tests.kernels.cases import INPUTS, WINDOWS, fixed_conv, sample
from tests.kernels.emulated import Run, run_on
from tests.tools import require_target

PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
MAPS = {"pixels": (28, 28, 1), "colours": (16, 16, 3), "many": (8, 8, 16), "small": (8, 8, 1)}
_TOLERANCE = 0.08


def _kernel(op: FixedConv, x: TensorType, target: Target) -> StepColumnConv:
    (kernel,) = (each for each in candidates(op, (x,), target) if isinstance(each, StepColumnConv))
    return kernel


def _runs(target: Target) -> Iterator[Run]:
    """Columns of one word and more, odd and even; blocks of channels that are full and not, words too."""
    rng = np.random.default_rng(8)
    for window in WINDOWS:
        for channels, out_channels in ((1, 1), (2, 3), (3, 4), (5, 31), (4, 32), (1, 33), (2, 70)):
            for name in ("u8", "i8", "i16"):
                x = TensorType((6, 7, channels), INPUTS[name])
                op = _with_ends(fixed_conv(window, x, out_channels, "sign1", 16, rng), rng)
                kernel = _kernel(op, x, target)
                yield Run(kernel, op, (x,), (sample(x, 0.5, rng),))
                yield Run(kernel, op, (x,), (np.full(x.shape, element_range(x.domain)[channels % 2]),))


def _with_ends(op: FixedConv, rng: np.random.Generator) -> FixedConv:
    """Some steps are never reached, some always, and some lie at the ends of int32."""
    assert isinstance(op.epilogue, Steps)
    at = op.epilogue.at.data.copy()
    for end in (NEVER, -INT32_MAX - 1, -INT32_MAX, NEVER - 1):
        at[:, rng.random(at.shape[1]) < 0.1] = end
    return replace(op, epilogue=replace(op.epilogue, at=Constant(at)))


def _wrong(core: Target, runs: tuple[Run, ...], chosen: Target | None, folder: Path) -> list[int]:
    return [at for at, each in enumerate(run_on(core, runs, chosen, folder)) if not each.is_right]


@pytest.mark.parametrize("pure_c", [False, True])
def test_a_core_compares_with_the_step(any_isa: Target, pure_c: bool, tmp_path: Path) -> None:
    assert _wrong(any_isa, tuple(_runs(any_isa)), None if pure_c else any_isa, tmp_path) == []


def test_vectors_of_eight_numbers(tmp_path: Path) -> None:
    core = TARGETS["cortex-m55"]
    require_target(core)
    assert _wrong(core, tuple(_runs(core))[::5], core, tmp_path) == []
    rng = np.random.default_rng(10)
    runs = []
    for kind in ("i32", "i16", "sign2"):
        for channels, out_channels in ((1, 1), (2, 3), (4, 4), (5, 9), (8, 37)):
            x = TensorType((6, 7, channels), INPUTS["i16"])
            op = fixed_conv(PADDED, x, out_channels, kind, 16, rng)
            (kernel,) = (
                each for each in candidates(op, (x,), core) if each.helpers == ("bnncl_dot_columns",)
            )
            runs.append(Run(kernel, op, (x,), (sample(x, 0.5, rng),)))
    assert _wrong(core, tuple(runs), core, tmp_path) == []


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m55", "rv32imac"])
def test_the_cost_model_is_near_what_is_counted(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    runs = []
    for size in MAPS.values():
        rng = np.random.default_rng(9)
        x = TensorType(size, INPUTS["u8"])
        op = fixed_conv(PADDED, x, 32, "sign1", 16, rng)
        runs.append(Run(_kernel(op, x, target), op, (x,), (sample(x, 0.5, rng),)))
    ran = run_on(target, tuple(runs), target, tmp_path)
    errors = [
        run.kernel.cost(run.op, run.types, target) / each.instructions - 1
        for run, each in zip(runs, ran, strict=True)
    ]
    assert max(map(abs, errors)) < _TOLERANCE, errors


def test_sums_that_would_leave_int32_with_the_step_are_left_to_others() -> None:
    x = TensorType((1, 1, 2), Int(-(2**15), 2**15 - 1, 16))
    rng = np.random.default_rng(1)
    op = fixed_conv(Window(), x, 4, "sign1", 16, rng)
    wide = replace(op, filter=Constant(np.full((4, 1, 1, 2), 20000, np.int16)))
    sums = wide.accumulator(x)
    assert sums.hi - sums.lo >= INT32_MAX
    assert not any(isinstance(kernel, StepColumnConv) for kernel in candidates(wide, (x,), TARGETS["host"]))
    assert _kernel(op, x, TARGETS["host"])
