"""Convolutions; a linear layer is one with a 1x1 window (or one as large as its input map)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bnncl.ir.op import TRACED_AND_INTEGER, TRACED_ONLY, Array, Stage, UnaryOp, as_float
from bnncl.ir.types import Binary, Float, Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.numerics.linear import exact_matmul
from bnncl.ops.epilogue import Epilogue
from bnncl.ops.window import BorderClasses, Window

UNSEEN_DENSITY: Final = 0.5
"""The share of -1 that is taken where none was measured."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv(UnaryOp):
    """What all convolutions share: `filter` is (out_channels, filter_h, filter_w, in_channels)."""

    filter: Constant
    window: Window = field(default_factory=Window)

    @property
    def out_channels(self) -> int:
        """Number of filters."""
        return int(self.filter.data.shape[0])

    def _out_type(self, x: TensorType, domain: Binary | Int | Float) -> TensorType:
        assert self.filter.data.shape[1:] == (self.window.filter_h, self.window.filter_w, x.channels)
        return TensorType((*self.window.out_size(x.shape), self.out_channels), domain)

    def _columns(self, x: Array, pad_value: float) -> tuple[Array, tuple[int, ...]]:
        windows = self.window.gather(x, pad_value)
        return windows.reshape(-1, int(np.prod(windows.shape[3:]))), windows.shape[:3]


@dataclass(frozen=True, eq=False, kw_only=True)
class RealConv(Conv):
    """Convolution in real numbers, as traced: float or binary input, float filter and `bias` (O,).

    `pad_value` is the real number that stands on padding.
    """

    stages = TRACED_ONLY
    bias: Constant | None = None
    pad_value: float = 0.0

    def infer(self, *types: TensorType) -> TensorType:
        """Float maps of the window's output size."""
        return self._out_type(types[0], Float())

    def evaluate(self, *arrays: Array) -> Array:
        """Sum over the window in float64."""
        columns, lead = self._columns(as_float(arrays[0]), self.pad_value)
        sums = columns @ as_float(self.filter.data).reshape(self.out_channels, -1).T
        if self.bias is not None:
            sums = sums + self.bias.data
        return np.asarray(sums.reshape(*lead, -1))


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerConv(Conv):
    """A convolution whose accumulator is an integer, with an optional epilogue on it."""

    epilogue: Epilogue | None = None

    def _finish(self, acc: Array) -> Array:
        return acc if self.epilogue is None else self.epilogue.apply(acc)

    @abstractmethod
    def accumulator(self, x: TensorType) -> Int:
        """The range that the accumulator provably stays in."""

    def infer(self, *types: TensorType) -> TensorType:
        """Accumulators as int32, or what the epilogue makes of them."""
        domain = self.accumulator(types[0]) if self.epilogue is None else self.epilogue.domain()
        return self._out_type(types[0], domain)

    def constants(self) -> Iterator[tuple[str, Constant]]:
        """The op's own constants, then those of its epilogue."""
        yield from super().constants()
        if self.epilogue is not None:
            for name, held in vars(self.epilogue).items():
                if isinstance(held, Constant):
                    yield name, held


@dataclass(frozen=True, eq=False, kw_only=True)
class BinaryConv(IntegerConv):
    """Convolution of ±1 with ±1: acc = sum of x * w, an integer in -K..K for K = taps * channels.

    `filter` holds ±1 (int8). `pad_value` 0 leaves padded taps out of the sum, +1 and -1 count as
    that activation. `density` is the share of -1 that was seen in the input, 0..1, None where none was:
    it changes no number, only what the op is expected to cost.
    """

    stages = TRACED_AND_INTEGER
    pad_value: int = 0
    density: float | None = None

    @property
    def expected_density(self) -> float:
        """The share of -1 in the input: as it was seen, else one half."""
        return UNSEEN_DENSITY if self.density is None else self.density

    def accumulator(self, x: TensorType) -> Int:
        """-K..K."""
        bound = self.window.taps * x.channels
        return Int(-bound, bound, 32)

    def infer(self, *types: TensorType) -> TensorType:
        """Accumulators or the epilogue's domain; the input must be binary."""
        assert types[0].domain == Binary(), "binary convolution of a value that is not binary"
        return super().infer(*types)

    def evaluate(self, *arrays: Array) -> Array:
        """The sum of products over the window."""
        columns, lead = self._columns(arrays[0], self.pad_value)
        acc = exact_matmul(columns, self.filter.data.reshape(self.out_channels, -1).T)
        return self._finish(acc.reshape(*lead, -1))


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedConv(IntegerConv):
    """Binary convolution in groups: output channels read the input channels of their group only.

    `filter` (out_channels, filter_h, filter_w, channels of a group) says by its last axis how many groups
    there are; a group's output channels stand next to each other, as its input channels do. Groups of one
    channel with one output each are a depthwise convolution. Otherwise as `BinaryConv`.
    """

    stages = TRACED_AND_INTEGER
    pad_value: int = 0

    @property
    def group_channels(self) -> int:
        """Input channels of a group."""
        return int(self.filter.data.shape[3])

    def accumulator(self, x: TensorType) -> Int:
        """-K..K for K = taps * channels of a group."""
        bound = self.window.taps * self.group_channels
        return Int(-bound, bound, 32)

    def infer(self, *types: TensorType) -> TensorType:
        """Accumulators or the epilogue's domain; the input must be binary and cut into whole groups."""
        (x,) = types
        assert x.domain == Binary(), "binary convolution of a value that is not binary"
        assert x.channels % self.group_channels == 0, (x, self.group_channels)
        assert self.out_channels % (x.channels // self.group_channels) == 0, (x, self.out_channels)
        domain = self.accumulator(x) if self.epilogue is None else self.epilogue.domain()
        return TensorType((*self.window.out_size(x.shape), self.out_channels), domain)

    def evaluate(self, *arrays: Array) -> Array:
        """The sum of products over the window, group by group."""
        (x,) = arrays
        groups = x.shape[-1] // self.group_channels
        filters = np.split(self.filter.data, groups)
        sums = []
        for part, filter_ in zip(np.split(x, groups, axis=-1), filters, strict=True):
            columns, lead = self._columns(part, self.pad_value)
            acc = exact_matmul(columns, filter_.reshape(len(filter_), -1).T)
            sums.append(acc.reshape(*lead, -1))
        return self._finish(np.concatenate(sums, axis=-1))


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedConv(IntegerConv):
    """Convolution with an integer filter: acc = bias[rc][cc][o] + sum of x * w over the taps inside.

    The input is binary (±1) or Int of 8 or 16 bits; `filter` holds int16 numbers (int8 ones where
    `filter_bits` is 8). `bias` is int32 of shape (row classes, column classes, O), one entry for each
    border class of the window over this input: the offset of a padded real-valued input differs there.
    """

    stages = frozenset({Stage.INTEGER})
    bias: Constant
    filter_bits: int = 16

    def accumulator(self, x: TensorType) -> Int:
        """Interval of the sum: for each filter tap the worse end of the input's range."""
        low, high = element_range(x.domain)
        weights = self.filter.data.astype(np.int64).reshape(self.out_channels, -1)
        least = np.minimum(np.minimum(weights * low, weights * high), 0).sum(1)
        most = np.maximum(np.maximum(weights * low, weights * high), 0).sum(1)
        bias = self.bias.data.astype(np.int64).reshape(-1, self.out_channels)
        return Int(int((bias.min(0) + least).min()), int((bias.max(0) + most).max()), 32)

    def evaluate(self, *arrays: Array) -> Array:
        """The sum of products over the taps inside, plus the bias of the border class."""
        x = arrays[0]
        classes = BorderClasses.of(self.window, x.shape[1:])
        columns, lead = self._columns(x, 0)
        acc = exact_matmul(columns, self.filter.data.reshape(self.out_channels, -1).T).reshape(*lead, -1)
        bias = self.bias.data.astype(np.int64)[list(classes.row_class)][:, list(classes.column_class)]
        return self._finish(acc + bias)
