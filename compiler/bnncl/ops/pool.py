"""Pooling over windows, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.ir.op import TRACED_AND_INTEGER, TRACED_ONLY, Array, UnaryOp, as_float
from bnncl.ir.types import Float, Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.ops.window import Window


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(UnaryOp):
    """Largest element of each window; padded taps do not take part.

    `minimum`, a bool (C,) constant, marks channels that take the smallest element instead: where a
    max pool was moved behind a falling staircase.
    """

    stages = TRACED_AND_INTEGER
    window: Window = field(default_factory=Window)
    minimum: Constant | None = None

    def infer(self, *types: TensorType) -> TensorType:
        """The window's output size, the input's domain."""
        return TensorType((*self.window.out_size(types[0].shape), types[0].channels), types[0].domain)

    def evaluate(self, *arrays: Array) -> Array:
        """Maximum or minimum over the window's axes."""
        x = arrays[0]
        if self.minimum is None:
            return self._maximum(x)
        sign = np.where(self.minimum.data, -1, 1).astype(x.dtype)
        return np.asarray(self._maximum(x * sign) * sign)

    def _maximum(self, x: Array) -> Array:
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        return np.asarray(self.window.gather(x, lowest).max((3, 4)))


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragePool(UnaryOp):
    """Sum over each window divided by `divisor`, in real numbers; padded taps count as 0."""

    stages = TRACED_ONLY
    window: Window = field(default_factory=Window)
    divisor: float = 1.0

    def infer(self, *types: TensorType) -> TensorType:
        """The window's output size, float."""
        return TensorType((*self.window.out_size(types[0].shape), types[0].channels), Float())

    def evaluate(self, *arrays: Array) -> Array:
        """The mean over the window's axes."""
        return np.asarray(self.window.gather(as_float(arrays[0]), 0.0).sum((3, 4)) / self.divisor)


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPool(UnaryOp):
    """Sum over each window of integers or ±1; padded taps count as 0. The divisor is in the meaning."""

    stages = TRACED_AND_INTEGER
    window: Window = field(default_factory=Window)

    def infer(self, *types: TensorType) -> TensorType:
        """The window's output size, int32 with the sum's range."""
        low, high = element_range(types[0].domain)
        taps = self.window.taps
        least = min(low * taps, 0) if self.window.pads else low * taps
        most = max(high * taps, 0) if self.window.pads else high * taps
        shape = (*self.window.out_size(types[0].shape), types[0].channels)
        return TensorType(shape, Int(least, most, 32))

    def evaluate(self, *arrays: Array) -> Array:
        """The sum over the window's axes."""
        return np.asarray(self.window.gather(arrays[0].astype(np.int64), 0).sum((3, 4)))
