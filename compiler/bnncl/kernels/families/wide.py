"""Binary convolutions over active rows with the output channels in vectors of 128 or 256 lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import ConstArray
from bnncl.kernels.families.measured import PORTABLE_WIDE, WIDE, Work
from bnncl.kernels.families.rows import RowsConv
from bnncl.kernels.packing import bit_words, flat_index
from bnncl.numerics.bits import WORD_BITS, words_for
from bnncl.ops.conv import BinaryConv
from bnncl.ops.window import Window
from bnncl.targets import Target

_MAX_OFFSET = 2**25
"""Rows of weights of one block, and of one row of the map, at most: distances in bytes are below 2**31."""
_MAX_SUM_PLANES = 14
"""Of accumulators: four times a counter fits 16 bits."""
_EXTRA_WORDS = 48
"""Scratch in which 32 counters become numbers."""
_SPARE_ENTRIES = 8
"""Of each list: a core may write eight at a time."""


class WideConv(RowsConv):
    """A binary convolution over active rows that are vectors of `words` words.

    Where the output channels of several neighbouring pixels of a row fit one vector these are folded: rows
    are stored as [block][filter_h][column][in_channel] vectors, with a column for each that one of the pixels
    covers, and one row of zeros behind each column.
    """

    header = "bnncl/bconv_wide.h"
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bconv.h",
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/internal/add_wide.h",
        "bnncl/internal/bconv_wide.h",
        "bnncl/internal/list_rows.h",
        "bnncl/internal/planes.h",
        "bnncl/internal/row_lists.h",
        "bnncl/internal/rows.h",
        "bnncl/internal/wide.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    words: ClassVar[int]

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the kernels over active rows accept, on cores with such vectors and on those of 64 bits."""
        if not self._suits(target) or not super().accepts(op, types, target):
            return False
        assert isinstance(op, BinaryConv)
        x = types[0]
        if self.keeps_planes and self.plane_count(op, x) > _MAX_SUM_PLANES:
            return False
        columns = max(op.window.filter_h * self.fold(op, x).span, x.shape[1])
        return columns * (x.channels + 1) < _MAX_OFFSET

    def _suits(self, target: Target) -> bool:
        return target.word_bits >= 64 or ("mve" in target.features and self.words == 4)

    def fold(self, op: BinaryConv, x: TensorType) -> Fold:
        """How the output pixels of `op` on `x` share vectors."""
        return Fold.of(op.window, op.infer(x), self.words)

    def rows(self, op: BinaryConv, x: TensorType) -> ConstArray:
        """A vector for each block, filter row, column of a fold and input channel, or zeros."""
        shape = op.filter.data.shape
        axes = ("out_channel", "filter_h", "filter_w", "in_channel")
        index = _places(shape, self.fold(op, x), op.window.stride_w, self.words)
        return bit_words("rows", op.filter.data < 0, axes, index.reshape(-1, WORD_BITS))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """Parts of one fold, its start and its limits, carries, planes, and the lists."""
        assert isinstance(op, BinaryConv)
        window, (in_h, in_w, channels), out = op.window, types[0].shape, op.infer(*types)
        fold = self.fold(op, types[0])
        parts = 5 * (window.filter_h + out.shape[1]) + 4 + in_w
        vectors = 3 * fold.blocks
        vectors += 2 * (3 + window.filter_h + window.filter_h * fold.span * channels // 16)
        vectors += self.plane_count(op, types[0]) * (fold.blocks if self.keeps_planes else 1)
        ring = min(in_h, (window.filter_h - 1) * window.dilation_h + 1)
        lists = ring * (in_w * (channels + 1) + 1 + _SPARE_ENTRIES)
        return 4 * (parts + self.words * vectors + _EXTRA_WORDS + lists)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each row added, line, vector, pixel, listed channel, group of sums and call."""
        assert isinstance(op, BinaryConv)
        work, fold = Work.of(op, types[0], op.infer(*types)), self.fold(op, types[0])
        own = (rates for name, rates in WIDE[self.words].items() if name in target.features)
        rates = next(own, PORTABLE_WIDE[self.words])
        lines = sum(map(len, op.window.row_taps(types[0].shape[0])))
        columns = fold.covered(op.window, types[0].shape[1])
        folds = len(columns) * op.infer(*types).shape[0]
        added = lines * sum(columns) * work.in_channels * op.expected_density
        each = added * rates.row + lines * sum(map(bool, columns)) * rates.line + folds * rates.vector
        listed = work.channels * (rates.channel + op.expected_density * rates.listed)
        sums = work.pixels * work.groups * rates.sums if self.keeps_planes else 0
        return round(fold.blocks * each + work.pixels * rates.pixel + listed + sums + rates.call)


@dataclass(frozen=True)
class Fold:
    """`pixels` neighbours of an output row in one vector, or 1 in `blocks` of them; of `groups` words each.

    `span` columns of the input are what the pixels cover together.
    """

    pixels: int
    groups: int
    blocks: int
    span: int

    @staticmethod
    def of(window: Window, out: TensorType, words: int) -> Fold:
        """As many pixels as there is room for, unless windows leave columns of the input out."""
        groups = words_for(out.channels)
        most = words // groups if window.stride_w <= window.filter_w else 1
        pixels = max(1, min(most, out.shape[1]))
        return Fold(pixels, groups, -(-groups // words), window.filter_w + (pixels - 1) * window.stride_w)

    def covered(self, window: Window, in_w: int) -> list[int]:
        """The columns inside the input that each fold of an output row covers."""
        taps = window.column_taps(in_w)
        columns = [{x * window.stride_w + tap for tap in inside} for x, inside in enumerate(taps)]
        return [len(set().union(*columns[x : x + self.pixels])) for x in range(0, len(columns), self.pixels)]


def _places(shape: tuple[int, ...], fold: Fold, stride: int, words: int) -> NDArray[np.int64]:
    """Which weight of a filter (O, H, W, I) each bit holds: (blocks, H, span, I + 1, words, 32), or -1."""
    out_channels, height, width, in_channels = shape
    lanes = np.full((fold.groups * WORD_BITS, height, width, in_channels), -1, np.int64)
    lanes[:out_channels] = flat_index(shape)
    by_group = lanes.reshape(fold.groups, WORD_BITS, height, width, in_channels).transpose(2, 3, 4, 0, 1)
    held = np.full((height, fold.span, in_channels + 1, fold.blocks * words, WORD_BITS), -1, np.int64)
    for pixel in range(fold.pixels):
        columns = slice(pixel * stride, pixel * stride + width)
        held[:, columns, :in_channels, pixel * fold.groups : (pixel + 1) * fold.groups] = by_group
    blocks = held.reshape(height, fold.span, in_channels + 1, fold.blocks, words, WORD_BITS)
    return np.moveaxis(blocks, 3, 0)
