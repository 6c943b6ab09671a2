"""Binary convolutions that kernels over active rows are compared on, core by core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Kernel
from bnncl.ops.window import Window
from bnncl.targets import Target
from tests.kernels.cases import WINDOWS, binary_conv, shape_for, signs
from tests.kernels.emulated import Run

DENSITIES = (0.0, 0.03, 0.2, 0.5, 1.0)


def row_runs(kernel: Kernel, channels: tuple[int, ...], target: Target) -> Iterator[Run]:
    """Windows with every padding, empty lines, sums of every number of planes and every rest of a block.

    Outputs have one after the other of `channels`. What `kernel` does not accept on `target` is left out.
    """
    rng = np.random.default_rng(5)
    windows = [(window, 0) for window in WINDOWS] + [(WINDOWS[1], 1), (WINDOWS[4], -1)]
    cases = [(window, shape_for(window, 70, rng), pad) for window, pad in windows]
    cases += [(Window(), (1, 1, count), 0) for count in (1, 20, 64, 300, 4099)]
    cases += [(Window(), (5, 4, 31), 0), (WINDOWS[1], (6, 5, 3), 0)]
    kind = kernel.symbol.rpartition("_")[2]
    for at, (window, shape, pad) in enumerate(cases):
        x = TensorType(shape, Binary())
        op = binary_conv(window, x, channels[at % len(channels)], kind.replace("sign", "sign1"), pad, rng)
        if kernel.accepts(op, (x,), target):
            sample = signs(shape, DENSITIES[(at + (kind == "i32")) % len(DENSITIES)], rng)
            yield Run(kernel, op, (x,), (sample,))
