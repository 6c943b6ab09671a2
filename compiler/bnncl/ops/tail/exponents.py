"""Exponents of gradients, and mantissas brought to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, Array, Op, PairOp
from bnncl.ir.types import Int, TensorType
from bnncl.numerics.gradients import bit_length, shift_saturate

EXPONENT = TensorType((1, 1, 1), Int(-(2**15), 2**15, 32))
"""The type of an exponent."""

WIDE_BITS = 30
"""Bits that the sum of two gradients is computed in, sign included, one to spare."""


def mantissa(bits: int) -> Int:
    """The domain of mantissas of `bits` bits."""
    top = (1 << (bits - 1)) - 1
    return Int(-top, top, 16)


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedExponent(Op):
    """An exponent known at compile time."""

    stages = INTEGER_ONLY
    value: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def infer(self, *types: TensorType) -> TensorType:
        """One exponent."""
        return EXPONENT

    def evaluate(self, *arrays: Array) -> Array:
        """The same for every sample."""
        return np.full((1, 1, 1, 1), self.value, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class BlockExponent(PairOp):
    """The exponent with which the wide gradient `x` of exponent y + bias uses all `bits` bits.

    y + bias + (bits of the largest magnitude) - (bits - 1). With `fixed` it is that number, whatever x is: an
    exponent calibrated at compile time.
    """

    stages = INTEGER_ONLY
    bias: int
    bits: int
    fixed: int | None = None

    def infer(self, *types: TensorType) -> TensorType:
        """One exponent."""
        assert types[1].shape == (1, 1, 1), types
        return EXPONENT

    def evaluate(self, *arrays: Array) -> Array:
        """One exponent for each sample."""
        found = arrays[1] + self.bias + bit_length(arrays[0].astype(np.int64)) - (self.bits - 1)
        return found if self.fixed is None else np.full_like(found, self.fixed)


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalise(Op):
    """Mantissas of `bits` bits with `exponent`, of the wide gradient `x` of exponent x_exponent + bias."""

    stages = INTEGER_ONLY
    x: str
    x_exponent: str
    exponent: str
    bias: int
    bits: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The gradient, its exponent and the one it shall have."""
        return (self.x, self.x_exponent, self.exponent)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, mantissas."""
        return TensorType(types[0].shape, mantissa(self.bits))

    def evaluate(self, *arrays: Array) -> Array:
        """The shift, to nearest and saturating."""
        x, before, after = arrays
        top = (1 << (self.bits - 1)) - 1
        return shift_saturate(x.astype(np.int64), after - before - self.bias, top)


@dataclass(frozen=True, eq=False, kw_only=True)
class SumExponent(PairOp):
    """The exponent of the sum of two gradients of `bits` bits: max(x + x_bias, y + y_bias) - (30 - bits).

    The one of greater exponent is shifted left by 30 - bits bits, the other one by less, or right.
    """

    stages = INTEGER_ONLY
    x_bias: int
    y_bias: int
    bits: int

    def infer(self, *types: TensorType) -> TensorType:
        """One exponent."""
        assert types[0].shape == types[1].shape == (1, 1, 1), types
        return EXPONENT

    def evaluate(self, *arrays: Array) -> Array:
        """The greater one, less the bits of headroom."""
        greater = np.maximum(arrays[0] + self.x_bias, arrays[1] + self.y_bias)
        return np.asarray(greater - (WIDE_BITS - self.bits))


@dataclass(frozen=True, eq=False, kw_only=True)
class AlignedSum(Op):
    """The sum of the mantissas `x` and `y`, of `bits` bits, brought to `exponent`, that of their SumExponent.

    Where a value is read twice, the gradients of both readers add up.
    """

    stages = INTEGER_ONLY
    x: str
    x_exponent: str
    y: str
    y_exponent: str
    exponent: str
    x_bias: int
    y_bias: int
    bits: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """Both gradients with their exponents, and the exponent of the sum."""
        return (self.x, self.x_exponent, self.y, self.y_exponent, self.exponent)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape as both, wide."""
        assert types[0].shape == types[2].shape, types
        bound = 2 << (WIDE_BITS - 1)
        return TensorType(types[0].shape, Int(-bound, bound, 32))

    def evaluate(self, *arrays: Array) -> Array:
        """Both shifted, to nearest, and added."""
        x, x_exponent, y, y_exponent, exponent = (array.astype(np.int64) for array in arrays)
        limit = 1 << (WIDE_BITS - 1)
        return shift_saturate(x, exponent - x_exponent - self.x_bias, limit) + shift_saturate(
            y, exponent - y_exponent - self.y_bias, limit
        )
