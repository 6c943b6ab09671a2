"""Gradients of parameters, summed up over a minibatch, and what they do to the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, Array, Op, PairOp, UnaryOp
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.numerics.fixed import saturate, shift_right_floor
from bnncl.numerics.gradients import shift_saturate
from bnncl.numerics.linear import exact_matmul
from bnncl.numerics.prng import hash32
from bnncl.ops.tail.backward import reach, wide
from bnncl.ops.window import Window

MOST = 2**31 - 2
"""The largest magnitude of an accumulator of a parameter's gradient."""

MOST_NARROW = 2**15 - 1
"""The same of one in int16."""

MOST_ADDED = 2**30
WIDE_SUM, NARROW_SUM = Int(-MOST, MOST, 32), Int(-MOST_NARROW, MOST_NARROW, 16)

BLOCK = 32
"""Positions of a map whose gradients are added up before they are rounded to a sum in int16."""

CURSOR = TensorType((1, 1, 3), Int(0, 2**31 - 2, 32))
"""What an update knows of the minibatch: seed, step (both modulo 2**32 in C) and its number of samples."""

Rule = Literal["accumulate", "sign"]
Part = Literal["all", "negative", "positive"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelSum(UnaryOp):
    """Sum of `x` over all positions, channel by channel: the gradient of an offset."""

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """One wide number for each channel."""
        height, width, channels = types[0].shape
        return wide((1, 1, channels), reach(types[0]) * height * width)

    def evaluate(self, *arrays: Array) -> Array:
        """The sum."""
        return np.asarray(arrays[0].astype(np.int64).sum((1, 2), keepdims=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelDot(PairOp):
    """Sum over all positions of floor((x * y + half) / 2**shift): the gradient of a scale or a slope.

    `part` "negative" takes the positions where y < 0 only, "positive" those where y >= 0. `half` is
    2**(shift - 1), 0 for shift 0; a shift keeps sums over large maps within int32.
    """

    stages = INTEGER_ONLY
    shift: int = 0
    part: Part = "all"

    def infer(self, *types: TensorType) -> TensorType:
        """One wide number for each channel."""
        assert types[0].shape == types[1].shape, types
        height, width, channels = types[0].shape
        product = (reach(types[0]) * reach(types[1]) >> self.shift) + (self.shift > 0)
        return wide((1, 1, channels), product * height * width)

    def evaluate(self, *arrays: Array) -> Array:
        """The sum of products."""
        x, y = (array.astype(np.int64) for array in arrays)
        products = shift_right_floor(x * y + (1 << self.shift >> 1), self.shift)
        if self.part != "all":
            products = np.where((y < 0) == (self.part == "negative"), products, 0)
        return np.asarray(products.sum((1, 2), keepdims=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class Accumulate(Op):
    """State `acc` plus the gradient `x` of exponent x_exponent + bias, brought to the fixed `exponent`.

    What is added saturates at `limit`; samples of a minibatch times limit is less than 2**31.
    """

    stages = INTEGER_ONLY
    changes_state = True
    acc: str
    x: str
    x_exponent: str
    bias: int
    exponent: int
    limit: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The sum so far, the gradient and its exponent."""
        return (self.acc, self.x, self.x_exponent)

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the state."""
        assert types[0].shape == types[1].shape, types
        return types[0]

    def evaluate(self, *arrays: Array) -> Array:
        """The sum, over all samples of a batch."""
        acc, x, exponent = (array.astype(np.int64) for array in arrays)
        added = shift_saturate(x, self.exponent - exponent - self.bias, self.limit)
        return np.asarray(acc + added.sum(0, keepdims=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class FilterSum(Op):
    """State `acc` (O, taps, I) plus the filter gradient of a FilterConv: sum over positions of d * x.

    d is `gradient`, of exponent gradient_exponent + bias; x are the conv's inputs, binary or 8-bit, padded
    taps `pad_value`. The sum has the fixed `exponent`.
    """

    acc: str
    x: str
    gradient: str
    gradient_exponent: str
    bias: int
    exponent: int
    limit: int
    window: Window = field(default_factory=Window)
    pad_value: int = 0

    @property
    def inputs(self) -> tuple[str, ...]:
        """The sum so far, the conv's input, and the gradient of its output with its exponent."""
        return (self.acc, self.x, self.gradient, self.gradient_exponent)

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the state."""
        acc, x, gradient, _ = types
        assert acc.shape == (gradient.channels, self.window.taps, x.channels), types
        return acc

    def total(self, x: Array, d: Array) -> Array:
        """The sum over all positions of all samples, (1, O, taps, I)."""
        columns = self.window.gather(x, self.pad_value)
        flat = columns.reshape(-1, int(np.prod(columns.shape[3:])))
        made = exact_matmul(d.reshape(-1, d.shape[3]).T, flat).astype(np.int64)
        return made.reshape(1, d.shape[3], self.window.taps, x.shape[3])

    def shift(self, exponent: Array) -> Array:
        """The bits that gradients of `exponent` lose."""
        return self.exponent - exponent - self.bias


@dataclass(frozen=True, eq=False, kw_only=True)
class AccumulateFilter(FilterSum):
    """The sum of a whole minibatch: each d is brought to `exponent`, saturated at `limit`, and added up."""

    stages = INTEGER_ONLY
    changes_state = True

    def evaluate(self, *arrays: Array) -> Array:
        """The sum, over all samples of a batch."""
        acc, x, gradient, exponent = arrays
        d = shift_saturate(gradient.astype(np.int64), self.shift(exponent), self.limit)
        return np.asarray(acc + self.total(x, d))


@dataclass(frozen=True, eq=False, kw_only=True)
class AccumulateFilterNarrow(FilterSum):
    """The sum of a few samples in int16: what BLOCK positions add up to is brought to `exponent`, then added.

    Positions are taken in row-major order, the last block may have fewer. Its sum of d * x, exact in int32,
    is shifted to nearest, halves up, within +-2**30; with that added the state saturates at `limit`.
    """

    stages = INTEGER_ONLY
    changes_state = True

    def evaluate(self, *arrays: Array) -> Array:
        """The sum, sample by sample of a batch."""
        sums, x, gradient, exponent = arrays
        for added in self.added(x, gradient, exponent):
            sums = saturate(sums + added, -self.limit, self.limit)
        return np.asarray(sums)

    def added(self, x: Array, gradient: Array, exponent: Array) -> Iterator[Array]:
        """What each block of each sample adds, (1, O, taps, I)."""
        columns = self.window.gather(x, self.pad_value)
        shape = (1, gradient.shape[3], self.window.taps, x.shape[3])
        flat = columns.reshape(len(x), -1, shape[2] * shape[3])
        d = gradient.reshape(len(x), -1, shape[1])
        for sample, shift in enumerate(self.shift(exponent).reshape(-1)):
            for first in range(0, d.shape[1], BLOCK):
                at = slice(first, first + BLOCK)
                made = exact_matmul(d[sample, at].T, flat[sample, at]).astype(np.int64)
                yield shift_saturate(made, shift, MOST_ADDED).reshape(shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class Update(Op):
    """State `x` after a minibatch: x - floor((acc * r + term) / 2**shift), saturated at -limit..limit.

    r = floor((multiplier + floor(n / 2)) / n) for the n samples of `cursor`. `term` is 2**(shift - 1), or
    with `stochastic` the upper `shift` bits of hash32(seed, stream, step, index of the element). With the
    rule "sign" only the sign of a latent weight is kept: the result is limit where it is >= 0, else -limit.
    """

    stages = INTEGER_ONLY
    changes_state = True
    x: str
    acc: str
    cursor: str
    multiplier: int
    shift: int
    limit: int
    stochastic: bool
    stream: int
    rule: Rule = "accumulate"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The parameter, the sum of its gradients, and the cursor."""
        return (self.x, self.acc, self.cursor)

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the state."""
        assert types[0].shape == types[1].shape, types
        return types[0]

    def evaluate(self, *arrays: Array) -> Array:
        """The step of SGD."""
        x, acc, cursor = (array.astype(np.int64) for array in arrays)
        seed, step, samples = (int(each) for each in cursor.reshape(-1))
        rate = (self.multiplier + samples // 2) // samples
        term: Array = np.full(x.shape, 1 << (self.shift - 1), np.int64)
        if self.stochastic:
            noise = hash32(seed, self.stream, step, np.arange(x.size)).astype(np.int64)
            term = (noise >> (32 - self.shift)).reshape(x.shape)
        made = saturate(x - shift_right_floor(acc * rate + term, self.shift), -self.limit, self.limit)
        return made if self.rule == "accumulate" else np.where(made < 0, -self.limit, self.limit)


@dataclass(frozen=True, eq=False, kw_only=True)
class SignBits(PairOp):
    """The signs of latent weights `y` (O, taps, I), +1 where >= 0: a cache `x` that kernels read.

    With `transposed` they are (taps, I, O).
    """

    stages = INTEGER_ONLY
    changes_state = True
    transposed: bool = False

    def infer(self, *types: TensorType) -> TensorType:
        """Binary; the type of the cache."""
        out, taps, channels = types[1].shape
        made = TensorType((taps, channels, out) if self.transposed else (out, taps, channels), Binary())
        assert made == types[0], types
        return made

    def evaluate(self, *arrays: Array) -> Array:
        """The signs."""
        signs = np.where(arrays[1] >= 0, 1, -1).astype(np.int8)
        return signs.transpose(0, 2, 3, 1) if self.transposed else signs


@dataclass(frozen=True, eq=False, kw_only=True)
class Clear(UnaryOp):
    """State `x` set to 0: what a minibatch's gradients are summed up from."""

    stages = INTEGER_ONLY
    changes_state = True

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the state."""
        return types[0]

    def evaluate(self, *arrays: Array) -> Array:
        """Zeros."""
        return np.zeros_like(arrays[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Copy(PairOp):
    """State `x` overwritten with the state `y`: a commit or an abort."""

    stages = INTEGER_ONLY
    changes_state = True

    def infer(self, *types: TensorType) -> TensorType:
        """The type of both."""
        assert types[0] == types[1], types
        return types[0]

    def evaluate(self, *arrays: Array) -> Array:
        """The other state."""
        return arrays[1].copy()
