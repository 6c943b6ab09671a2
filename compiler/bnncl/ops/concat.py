"""The channels of two values side by side, and some of the channels of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, TRACED_ONLY, Array, PairOp, UnaryOp, as_float
from bnncl.ir.types import Binary, Float, Int, TensorType


@dataclass(frozen=True, eq=False, kw_only=True)
class RealConcat(PairOp):
    """The channels of x, then those of y, in real numbers."""

    stages = TRACED_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Maps of one size; the channels of both, float."""
        return TensorType(_shape(*types), Float())

    def evaluate(self, *arrays: Array) -> Array:
        """Both along the channels."""
        return np.concatenate([as_float(array) for array in arrays], axis=-1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(PairOp):
    """The channels of x, then those of y: bits, or integers of one width; channels keep their meanings."""

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Maps of one size; the channels of both, and a range that holds both."""
        one, other = (type_.domain for type_ in types)
        if isinstance(one, Binary):
            assert one == other, types
            return TensorType(_shape(*types), one)
        assert isinstance(one, Int)
        assert isinstance(other, Int)
        assert (one.bits, one.signed) == (other.bits, other.signed), types
        domain = Int(min(one.lo, other.lo), max(one.hi, other.hi), one.bits)
        return TensorType(_shape(*types), domain)

    def evaluate(self, *arrays: Array) -> Array:
        """Both along the channels."""
        return np.concatenate(arrays, axis=-1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Select(UnaryOp):
    """The channels `first` .. `first + count - 1` of x."""

    stages = INTEGER_ONLY
    first: int
    count: int

    def infer(self, *types: TensorType) -> TensorType:
        """A map of the same size."""
        (x,) = types
        assert 0 <= self.first < self.first + self.count <= x.channels, (self.first, self.count, x)
        return TensorType((*x.shape[:2], self.count), x.domain)

    def evaluate(self, *arrays: Array) -> Array:
        """A slice."""
        return arrays[0][..., self.first : self.first + self.count]


def _shape(x: TensorType, y: TensorType) -> tuple[int, int, int]:
    assert x.shape[:2] == y.shape[:2], (x, y)
    return (*x.shape[:2], x.channels + y.channels)
