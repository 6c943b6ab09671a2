"""What a layer that learns computes from its parameters, and what is kept for its gradient."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, Array, Op, PairOp
from bnncl.ir.types import Binary, Int, TensorType, element_range
from bnncl.numerics.fixed import saturate, shift_right_floor
from bnncl.numerics.linear import exact_matmul
from bnncl.ops.window import Window

TENT_BITS = 6
"""Slopes of ApproxSign count in units of 2**-6."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FilterConv(PairOp):
    """Convolution of `x`, binary or 8-bit integers, with the signs `y` (O, taps, I), a binary state.

    acc = sum of x * w. Padded taps count as `pad_value`: 0, +1 or -1, and 0 where x is no binary value.
    """

    stages = INTEGER_ONLY
    window: Window = field(default_factory=Window)
    pad_value: int = 0

    def accumulator(self, x: TensorType) -> Int:
        """-K..K, K = taps * channels * the largest magnitude of x."""
        bound = self.window.taps * x.channels * max(map(abs, element_range(x.domain)))
        return Int(-bound, bound, 32)

    def infer(self, *types: TensorType) -> TensorType:
        """Accumulators of the window's output size."""
        x, signs = types
        assert signs.domain == Binary(), signs
        assert signs.shape[1:] == (self.window.taps, x.channels), (signs, x)
        return TensorType((*self.window.out_size(x.shape), signs.shape[0]), self.accumulator(x))

    def evaluate(self, *arrays: Array) -> Array:
        """The sum of products over the window."""
        x, signs = arrays[0], arrays[1][0]
        windows = self.window.gather(x, self.pad_value)
        columns = windows.reshape(-1, int(np.prod(windows.shape[3:])))
        acc = exact_matmul(columns, signs.reshape(len(signs), -1).T)
        return acc.reshape(*windows.shape[:3], -1).astype(np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelAffine(Op):
    """saturate(floor((x * scale[c] + offset[c] * 2**offset_shift + 2**(shift - 1)) / 2**shift), lo, hi).

    `scale` and `offset` are int16 states (1, 1, C); shift in 1..30. The sum and its parts fit int32 for all
    parameters that their types allow.
    """

    stages = INTEGER_ONLY
    x: str
    scale: str
    offset: str
    shift: int
    offset_shift: int
    lo: int
    hi: int
    bits: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The value and its parameters."""
        return (self.x, self.scale, self.offset)

    def accumulator(self, x: TensorType, scale: TensorType, offset: TensorType) -> Int:
        """The range of the sum and of every part of it, around 0."""
        reach = [max(map(abs, element_range(type_.domain))) for type_ in (x, scale, offset)]
        bound = reach[0] * reach[1] + (reach[2] << self.offset_shift) + (1 << (self.shift - 1))
        return Int(-bound, bound, 32)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, lo..hi."""
        assert types[1].shape == types[2].shape == (1, 1, types[0].channels), types
        return TensorType(types[0].shape, Int(self.lo, self.hi, self.bits))

    def evaluate(self, *arrays: Array) -> Array:
        """The affine map of each channel."""
        x, scale, offset = (array.astype(np.int64) for array in arrays)
        wide = x * scale + (offset << self.offset_shift) + (1 << (self.shift - 1))
        return saturate(shift_right_floor(wide, self.shift), self.lo, self.hi)


@dataclass(frozen=True, eq=False, kw_only=True)
class SlopedUnit(Op):
    """PReLU with slopes that learn: saturate(floor((x * slope[c] + 2**(shift - 1)) / 2**shift)) where x < 0.

    Where x >= 0 it is x, or with `positive` the same by that slope. Slopes are int16 states (1, 1, C) in
    units of 2**-shift, shift in 1..15; lo..hi holds the range of x.
    """

    stages = INTEGER_ONLY
    x: str
    slope: str
    shift: int
    lo: int
    hi: int
    positive: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The value and one or two slopes."""
        return (self.x, self.slope) if self.positive is None else (self.x, self.slope, self.positive)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, lo..hi."""
        domain = types[0].domain
        assert isinstance(domain, Int)
        assert self.lo <= domain.lo <= domain.hi <= self.hi, types
        assert all(type_.shape == (1, 1, types[0].channels) for type_ in types[1:]), types
        return TensorType(types[0].shape, Int(self.lo, self.hi, domain.bits))

    def evaluate(self, *arrays: Array) -> Array:
        """The slope of each element."""
        x, *slopes = (array.astype(np.int64) for array in arrays)
        return np.where(x < 0, self._scaled(x, slopes[0]), self._scaled(x, slopes[1]) if slopes[1:] else x)

    def _scaled(self, x: Array, slope: Array) -> Array:
        scaled = shift_right_floor(x * slope + (1 << (self.shift - 1)), self.shift)
        return saturate(scaled, self.lo, self.hi)


@dataclass(frozen=True, eq=False, kw_only=True)
class SignAt(PairOp):
    """+1 where x * 2**shift + y[c] >= 0, else -1; `y` is an int16 state (1, 1, C), shift in 0..14."""

    stages = INTEGER_ONLY
    shift: int = 0

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, binary."""
        assert types[1].shape == (1, 1, types[0].channels), types
        return TensorType(types[0].shape, Binary())

    def evaluate(self, *arrays: Array) -> Array:
        """The comparison."""
        return np.where(shifted(self.shift, *arrays) >= 0, 1, -1).astype(np.int8)


@dataclass(frozen=True, eq=False, kw_only=True)
class PassMask(Op):
    """Where a gradient passes: +1 where lo <= x * 2**shift + offset[c] <= hi, else -1.

    The straight-through estimator "clip" of a `SignAt`, or, without `offset`, the gradient of a clamp.
    """

    stages = INTEGER_ONLY
    x: str
    offset: str | None = None
    shift: int = 0
    lo: int
    hi: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The value and, if there is one, the offset."""
        return (self.x,) if self.offset is None else (self.x, self.offset)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, binary."""
        return TensorType(types[0].shape, Binary())

    def evaluate(self, *arrays: Array) -> Array:
        """The two comparisons."""
        at = shifted(self.shift, *arrays)
        return np.where((at >= self.lo) & (at <= self.hi), 1, -1).astype(np.int8)


@dataclass(frozen=True, eq=False, kw_only=True)
class TentSlope(PairOp):
    """Slope of ApproxSign (Bi-Real): 2 * (1 - |v|), 0 beyond |v| = 1, in units of 2**-6, as uint8.

    With v * 2**one = x * 2**shift + y[c], one in 6..14, it is
    min(127, floor(max(0, 2**one - |v * 2**one|) / 2**(one - 7))).
    """

    stages = INTEGER_ONLY
    shift: int = 0
    one: int

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, 0..127."""
        return TensorType(types[0].shape, Int(0, 127, 8))

    def evaluate(self, *arrays: Array) -> Array:
        """The tent."""
        height = np.maximum(0, (1 << self.one) - np.abs(shifted(self.shift, *arrays)))
        return np.asarray(np.minimum(127, (height << 7) >> self.one))


def shifted(shift: int, x: Array, offset: Array | None = None) -> Array:
    """The number x * 2**shift + offset[c], which all that looks at a sign compares."""
    wide: Array = np.left_shift(x.astype(np.int64), shift)
    return wide if offset is None else np.asarray(wide + offset, np.int64)
