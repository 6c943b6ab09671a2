"""Gradients of values: from that of an op's output to that of its input."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.ir.op import INTEGER_ONLY, Array, Op, PairOp, UnaryOp
from bnncl.ir.types import INT32_MAX, Binary, Int, Shape, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.numerics.heads import forward_copy
from bnncl.numerics.linear import exact_matmul
from bnncl.ops.window import Window


def reach(type_: TensorType) -> int:
    """The largest magnitude of an element."""
    return max(map(abs, element_range(type_.domain)))


def wide(shape: Shape, bound: int) -> TensorType:
    """A wide gradient within -bound..bound; UsageError (`learning-overflow`) where that is beyond 32 bits."""
    if bound > INT32_MAX:
        raise UsageError(
            Problem(
                "learning-overflow",
                f"a gradient may be as large as {bound}",
                f"a sum that gives {' x '.join(map(str, shape))} of them",
                "The largest numbers that this sum can reach do not fit its C variable of 32 bits.",
                "Lower --qb or --max-classes, or name a later module.",
            )
        )
    return TensorType(shape, Int(-bound, bound, 32))


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadInputGradient(PairOp):
    """Gradient of the features of a head: sum over classes of delta[c] * copy(weights[c][f]).

    `x` is the gradient of the logits (1, 1, classes), `y` the master weights (1, classes, features), of which
    the forward copies of `q_forward` bits count. The last `bias_features` (0 or 1) features have none.
    """

    stages = INTEGER_ONLY
    q_forward: int
    q_backward: int
    bias_features: int

    def infer(self, *types: TensorType) -> TensorType:
        """One wide number for each feature."""
        delta, weights = types
        assert weights.shape[:2] == (1, delta.channels), types
        bound = reach(delta) * ((1 << (self.q_forward - 1)) - 1) * delta.channels
        return wide((1, 1, weights.channels - self.bias_features), bound)

    def evaluate(self, *arrays: Array) -> Array:
        """The product."""
        delta, weights = arrays
        copy = forward_copy(weights[0, 0].astype(np.int64), self.q_backward, self.q_forward)
        made = exact_matmul(delta.reshape(len(delta), -1), copy[:, : copy.shape[1] - self.bias_features])
        return made[:, None, None, :].astype(np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelProduct(PairOp):
    """x * y[c], `y` an int16 state (1, 1, C): the gradient of a scale's input."""

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, wide."""
        assert types[1].shape == (1, 1, types[0].channels), types
        return wide(types[0].shape, reach(types[0]) * reach(types[1]))

    def evaluate(self, *arrays: Array) -> Array:
        """The product."""
        return np.asarray(arrays[0].astype(np.int64) * arrays[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelMultiple(UnaryOp):
    """x * factor[c], `factor` an int16 constant (C,): the gradient of a frozen scale's input."""

    stages = INTEGER_ONLY
    factor: Constant

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, wide."""
        assert self.factor.data.shape == (types[0].channels,), types
        return wide(types[0].shape, reach(types[0]) * int(np.abs(self.factor.data.astype(np.int64)).max()))

    def evaluate(self, *arrays: Array) -> Array:
        """The product."""
        return np.asarray(arrays[0].astype(np.int64) * self.factor.data.astype(np.int64))


@dataclass(frozen=True, eq=False, kw_only=True)
class SlopeGradient(Op):
    """Gradient of the input `of` of a SlopedUnit: x * slope[c] where of < 0, else * 2**shift or positive."""

    stages = INTEGER_ONLY
    x: str
    of: str
    slope: str
    shift: int
    positive: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The gradient, the unit's input and its slopes."""
        slopes = (self.slope,) if self.positive is None else (self.slope, self.positive)
        return (self.x, self.of, *slopes)

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, wide."""
        assert types[0].shape == types[1].shape, types
        slopes = max(1 << self.shift, *(reach(type_) for type_ in types[2:]))
        return wide(types[0].shape, reach(types[0]) * slopes)

    def evaluate(self, *arrays: Array) -> Array:
        """The slope that was taken."""
        x, of, *slopes = (array.astype(np.int64) for array in arrays)
        above = slopes[1] if slopes[1:] else np.int64(1 << self.shift)
        return np.asarray(x * np.where(of < 0, slopes[0], above))


@dataclass(frozen=True, eq=False, kw_only=True)
class Masked(PairOp):
    """x where the binary `y` is +1, else 0."""

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """The type of x."""
        assert types[1] == TensorType(types[0].shape, Binary()), types
        return types[0]

    def evaluate(self, *arrays: Array) -> Array:
        """The choice."""
        return np.where(arrays[1] > 0, arrays[0], 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Product(PairOp):
    """x * y, element by element; `y` a uint8 value of the same shape, such as a TentSlope."""

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, wide."""
        assert types[0].shape == types[1].shape, types
        return wide(types[0].shape, reach(types[0]) * reach(types[1]))

    def evaluate(self, *arrays: Array) -> Array:
        """The product."""
        return np.asarray(arrays[0].astype(np.int64) * arrays[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class FilterInputGradient(PairOp):
    """Gradient of a FilterConv's input (in_h, in_w, I): the transposed convolution of `x` with its signs.

    `y` are the signs as (taps, I, O), a binary state. What falls on padding is dropped.
    """

    stages = INTEGER_ONLY
    window: Window = field(default_factory=Window)
    in_h: int
    in_w: int

    def infer(self, *types: TensorType) -> TensorType:
        """Maps of the size of the convolution's input, wide."""
        x, signs = types
        assert signs.shape[0] == self.window.taps, types
        assert signs.shape[2] == x.channels, types
        shape = (self.in_h, self.in_w, signs.shape[1])
        assert self.window.out_size(shape) == x.shape[:2], types
        return wide(shape, reach(x) * self.window.taps * x.channels)

    def evaluate(self, *arrays: Array) -> Array:
        """Each output's gradient goes to all inputs that it read."""
        x, signs = arrays[0], arrays[1][0]
        each = np.stack([exact_matmul(x.reshape(-1, x.shape[3]), tap.T) for tap in signs], 1)
        parts = each.astype(np.int64).reshape(*x.shape[:3], self.window.filter_h, self.window.filter_w, -1)
        return scatter(self.window, parts, (self.in_h, self.in_w))


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPoolGradient(UnaryOp):
    """Gradient of a SumPool's input (in_h, in_w, C): that of each window goes to all its elements."""

    stages = INTEGER_ONLY
    window: Window = field(default_factory=Window)
    in_h: int
    in_w: int

    def infer(self, *types: TensorType) -> TensorType:
        """Maps of the size of the pool's input, wide."""
        shape = (self.in_h, self.in_w, types[0].channels)
        assert self.window.out_size(shape) == types[0].shape[:2], types
        return wide(shape, reach(types[0]) * self.window.taps)

    def evaluate(self, *arrays: Array) -> Array:
        """The same number for every element of a window."""
        x = arrays[0].astype(np.int64)[:, :, :, None, None, :]
        parts = np.broadcast_to(x, (*x.shape[:3], self.window.filter_h, self.window.filter_w, x.shape[5]))
        return scatter(self.window, parts, (self.in_h, self.in_w))


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPoolGradient(PairOp):
    """Gradient of the input `y` of a MaxPool: that of each window goes to the first largest element of it.

    First: by rows, then by columns. Padded taps take no part.
    """

    stages = INTEGER_ONLY
    window: Window = field(default_factory=Window)

    def infer(self, *types: TensorType) -> TensorType:
        """The shape of y, wide."""
        x, of = types
        assert self.window.out_size(of.shape) == x.shape[:2], types
        assert isinstance(of.domain, Int), types
        return wide(of.shape, reach(x) * self.window.taps)

    def evaluate(self, *arrays: Array) -> Array:
        """The first of the largest ones."""
        x, of = (array.astype(np.int64) for array in arrays)
        windows = self.window.gather(of, np.iinfo(np.int64).min)
        flat = windows.reshape(*windows.shape[:3], self.window.taps, -1)
        chosen = np.arange(self.window.taps)[:, None] == flat.argmax(3)[:, :, :, None, :]
        parts = np.where(chosen, x[:, :, :, None, :], 0).reshape(windows.shape)
        return scatter(self.window, parts, of.shape[1:3])


@dataclass(frozen=True, eq=False, kw_only=True)
class Unflatten(UnaryOp):
    """(1, 1, H*W*C) as `shape` (H, W, C): the gradient of a Flatten's input."""

    stages = INTEGER_ONLY
    height: int
    width: int

    def infer(self, *types: TensorType) -> TensorType:
        """The same elements."""
        channels = types[0].elements // (self.height * self.width)
        return TensorType((self.height, self.width, channels), types[0].domain)

    def evaluate(self, *arrays: Array) -> Array:
        """A reshape."""
        return arrays[0].reshape(len(arrays[0]), self.height, self.width, -1)


def scatter(window: Window, parts: Array, size: tuple[int, int]) -> Array:
    """Add (N, out_h, out_w, filter_h, filter_w, C) up where the window took them from: (N, *size, C)."""
    height = size[0] + window.pad_top + window.pad_bottom
    width = size[1] + window.pad_left + window.pad_right
    made = np.zeros((len(parts), height, width, parts.shape[5]), np.int64)
    out_h, out_w = parts.shape[1:3]
    for tap_y in range(window.filter_h):
        for tap_x in range(window.filter_w):
            rows = tap_y * window.dilation_h + window.stride_h * np.arange(out_h)
            columns = tap_x * window.dilation_w + window.stride_w * np.arange(out_w)
            made[:, rows[:, None], columns[None, :]] += parts[:, :, :, tap_y, tap_x]
    return made[:, window.pad_top : window.pad_top + size[0], window.pad_left : window.pad_left + size[1]]
