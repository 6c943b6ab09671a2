"""Pooling: one kernel for each type of input."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, ConstArray, Kernel, Ref
from bnncl.kernels.packing import bit_words, dense
from bnncl.kernels.params import INPUT, OUTPUT, WINDOW, window_fits, window_struct
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.window import BorderClasses, Window
from bnncl.targets import Target

_HEADERS: tuple[str, ...] = (
    "bnncl/fixed.h",
    "bnncl/internal/element.h",
    "bnncl/internal/pool.h",
    "bnncl/internal/window.h",
    "bnncl/types.h",
)
_PER_TAP, _PER_OUTPUT = 8, 25


class PoolKernel(Kernel):
    """A pool over an input of `input_type` (C type, `uint32_t` for bits)."""

    header = "bnncl/pool.h"
    constant_time = True
    input_type: ClassVar[str]

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each tap and each output element or word."""
        assert isinstance(op, MaxPool | SumPool)
        height, width, channels = op.infer(*types).shape
        whole_words = isinstance(op, MaxPool) and types[0].domain == Binary()
        depth = types[0].words_per_pixel if whole_words else channels
        return height * width * depth * (op.window.taps * _PER_TAP + _PER_OUTPUT)

    def _fits(self, window: Window, x: TensorType) -> bool:
        return x.ctype == self.input_type and window_fits(window, x.shape, window.out_size(x.shape))


class MaxPoolKernel(PoolKernel):
    """The largest element of each window; `minimum` is one bit (bits) or byte for each channel."""

    includes = _HEADERS

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every window that has at least one tap inside everywhere."""
        if not isinstance(op, MaxPool) or not self._fits(op.window, types[0]):
            return False
        classes = BorderClasses.of(op.window, types[0].shape)
        return all(classes.row_taps) and all(classes.column_taps)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The marked channels and the window."""
        assert isinstance(op, MaxPool)
        window = window_struct(op.window, types[0], op.infer(*types))
        args = (INPUT, Ref("array", "minimum"), OUTPUT, WINDOW)
        return Binding((_minimum(op, types[0]),), (window,), args)


class SumPoolKernel(PoolKernel):
    """The sum of each window, as int32."""

    includes = _HEADERS

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every window."""
        return isinstance(op, SumPool) and self._fits(op.window, types[0])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The window."""
        assert isinstance(op, SumPool)
        window = window_struct(op.window, types[0], op.infer(*types))
        return Binding((), (window,), (INPUT, OUTPUT, WINDOW))


def _minimum(op: MaxPool, x: TensorType) -> ConstArray:
    marked = np.zeros(x.channels, bool) if op.minimum is None else op.minimum.data.astype(bool)
    if x.domain == Binary():
        return bit_words("minimum", marked, ("channel",))
    return dense("minimum", "uint8_t", marked.astype(np.uint8), ("channel",))
