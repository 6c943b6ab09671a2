"""Kernels of gradients of pools."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.families.tail import inputs
from bnncl.kernels.params import OUTPUT, WINDOW, window_fits, window_struct
from bnncl.ops.tail.backward import MaxPoolGradient, SumPoolGradient
from bnncl.ops.window import Window
from bnncl.targets import Target

_HEADERS: tuple[str, ...] = (
    "bnncl/fixed.h",
    "bnncl/internal/element.h",
    "bnncl/internal/pool.h",
    "bnncl/internal/pool_gradient.h",
    "bnncl/internal/window.h",
    "bnncl/internal/zeros.h",
    "bnncl/types.h",
)
_PER_SUM, _PER_COMPARISON, _PER_INPUT = 7, 15, 2


class PoolGradientKernel(Kernel):
    """The gradient of a pool over an input of `pooled_type` (C type, empty where it is not read)."""

    header = "bnncl/backward.h"
    includes = _HEADERS
    pooled_type: ClassVar[str] = ""

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every window."""
        wanted = MaxPoolGradient if self.pooled_type else SumPoolGradient
        if not isinstance(op, wanted) or types[0].ctype != "int16_t":
            return False
        if types[1:] and types[1].ctype != self.pooled_type:
            return False
        return window_fits(_window(op), op.infer(*types).shape, types[0].shape[:2])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The window of the pool, whose input is as the result."""
        struct = window_struct(_window(op), op.infer(*types), types[0])
        return Binding((), (struct,), (*inputs(len(types)), OUTPUT, WINDOW))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each tap, and zeros at first."""
        per_tap = _PER_COMPARISON if self.pooled_type else _PER_SUM
        return types[0].elements * _window(op).taps * per_tap + op.infer(*types).elements * _PER_INPUT


def _window(op: Op) -> Window:
    assert isinstance(op, MaxPoolGradient | SumPoolGradient)
    return op.window
