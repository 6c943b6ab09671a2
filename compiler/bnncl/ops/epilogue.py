"""What is done to an integer accumulator: steps to ±1, or a rescale to fewer bits.

Both are arithmetic with parameters per channel. They stand as ops of their own (`Threshold`,
`Requantize`) or at the end of a convolution, which then never stores its accumulators.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, Binary, Int
from bnncl.ir.values import Constant
from bnncl.numerics.fixed import rescale

NEVER = INT32_MAX
"""A step that no accumulator reaches: accumulators stay below it by proof."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A staircase of ±1 over the integers, channel by channel.

    The output starts at `first[c]` (±1, int8, shape (C,)) for very small accumulators and changes
    sign at each of `at[0][c] <= at[1][c] <= ...` (int32, shape (S, C)): acc >= at[s][c] has passed
    step s. One step upwards is the usual threshold, `first` = -1; a negative batch-norm scale gives
    `first` = +1. `NEVER` marks a step that is not there.
    """

    at: Constant
    first: Constant

    @property
    def count(self) -> int:
        """Number of steps S, the same for each channel."""
        return int(self.at.data.shape[0])

    def domain(self) -> Binary:
        """Domain of the result."""
        return Binary()

    def apply(self, acc: Array) -> Array:
        """±1 of shape (..., C) for accumulators (..., C)."""
        turned = np.zeros(acc.shape, np.bool_)
        for step in self.at.data:
            turned ^= acc >= step
        return np.where(turned, -self.first.data, self.first.data).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Rescale:
    """An affine map to fewer bits: saturate(floor((acc * multiplier[c] + bias[c]) / 2**shift[c])).

    `multiplier` int32, `bias` int64 (holds the offset and the half that rounds), `shift` uint8 in
    0..62, all of shape (C,); lo..hi is where it saturates (a ReLU or a hardtanh is a narrower one),
    `bits` the storage. |acc * multiplier + bias| < 2**63 for every accumulator the op can see.
    """

    multiplier: Constant
    bias: Constant
    shift: Constant
    lo: int
    hi: int
    bits: int

    def domain(self) -> Int:
        """Domain of the result."""
        return Int(self.lo, self.hi, self.bits)

    def apply(self, acc: Array) -> Array:
        """Integers of shape (..., C) for accumulators (..., C)."""
        return rescale(acc, self.multiplier.data, self.bias.data, self.shift.data, (self.lo, self.hi))


Epilogue = Steps | Rescale
