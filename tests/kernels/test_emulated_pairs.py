"""Kernels that take two rows at a time, with what a core has of its own, on each instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.families.filters import PAIR_HELPERS
from bnncl.kernels.registry import candidates
from bnncl.ops.window import Window
from bnncl.targets import Target
from tests.kernels.cases import WINDOWS, sample
from tests.kernels.emulated import Run, run_on
from tests.kernels.filters import accumulation, exponent_for, input_gradient, narrow_accumulation

MAPS = ((1, 1), (3, 4), (5, 4), (8, 4), (7, 7))
"""Of 1, 2, 3 and 4 tables, and of a block of 4 and one of 3."""
CHANNELS = ((1, 2), (2, 17), (33, 9), (7, 64), (40, 33))


def _runs(target: Target) -> Iterator[Run]:
    rng = np.random.default_rng(6)
    for window, pad_value in ((Window(), 0), (WINDOWS[1], 0), (WINDOWS[1], -1)):
        for size, (channels, out_channels) in zip(MAPS, CHANNELS, strict=True):
            x = TensorType((*size, channels), Binary())
            specimens = [
                accumulation(window, x, out_channels, pad_value, 2**20),
                narrow_accumulation(window, x, out_channels, pad_value),
            ]
            if pad_value == 0:
                specimens.append(input_gradient(window, x, out_channels))
            for op, types in specimens:
                arrays = [sample(type_, 0.5, rng) for type_ in types]
                if len(types) == 4:
                    arrays[0] = rng.integers(-(2**13), 2**13, types[0].shape)
                    arrays[3] = exponent_for(op, int(rng.integers(-2, 4)))
                for kernel in candidates(op, types, target):
                    if set(kernel.helpers) >= set(PAIR_HELPERS):
                        yield Run(kernel, op, types, tuple(arrays))


@pytest.mark.parametrize("pure_c", [False, True])
def test_a_core_takes_two_rows_at_a_time(any_isa: Target, pure_c: bool, tmp_path: Path) -> None:
    runs = tuple(_runs(any_isa))
    assert len(runs) == 40
    ran = run_on(any_isa, runs, None if pure_c else any_isa, tmp_path)
    assert [at for at, each in enumerate(ran) if not each.is_right] == []
