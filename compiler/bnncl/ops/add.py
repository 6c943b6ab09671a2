"""The sum of two values: where a shortcut meets the layers it goes round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, TRACED_ONLY, Array, PairOp, as_float
from bnncl.ir.types import Float, Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.numerics.fixed import saturate, shift_right_floor


@dataclass(frozen=True, eq=False, kw_only=True)
class RealAdd(PairOp):
    """x + y, element by element, in real numbers."""

    stages = TRACED_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape as both, float."""
        assert types[0].shape == types[1].shape, types
        return TensorType(types[0].shape, Float())

    def evaluate(self, *arrays: Array) -> Array:
        """The sum in float64."""
        return np.asarray(as_float(arrays[0]) + as_float(arrays[1]))


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(PairOp):
    """Two integers brought to one scale and added.

    saturate(floor((x * x_multiplier[c] + y * y_multiplier[c] + bias[c]) / 2**shift[c]), lo, hi), with
    multipliers and `bias` int32 (it holds offsets and the half that rounds) and `shift` uint8 in 0..30, all
    of shape (C,). The sum and every part of it fit int32 for all x and y that their types allow.
    """

    stages = INTEGER_ONLY
    x_multiplier: Constant
    y_multiplier: Constant
    bias: Constant
    shift: Constant
    lo: int
    hi: int
    bits: int

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape as both, lo..hi."""
        assert types[0].shape == types[1].shape, types
        return TensorType(types[0].shape, Int(self.lo, self.hi, self.bits))

    def accumulator(self, x: TensorType, y: TensorType) -> Int:
        """The range of the sum, of the two products and of each product with the bias."""
        bias = self.bias.data.astype(np.int64)
        products = [
            np.stack([end * held.data.astype(np.int64) for end in element_range(type_.domain)])
            for type_, held in ((x, self.x_multiplier), (y, self.y_multiplier))
        ]
        low = sum(np.minimum(part.min(0), 0) for part in (*products, bias[None]))
        high = sum(np.maximum(part.max(0), 0) for part in (*products, bias[None]))
        return Int(int(np.min(low)), int(np.max(high)), 32)

    def evaluate(self, *arrays: Array) -> Array:
        """The weighted sum, shifted and saturated."""
        x, y = (array.astype(np.int64) for array in arrays)
        total = x * self.x_multiplier.data + y * self.y_multiplier.data + self.bias.data
        return saturate(shift_right_floor(total, self.shift.data), self.lo, self.hi)
