"""Vertical binary convolutions: 32 output channels in the bits of a word, counters bit-sliced.

The algebra stands in `bnncl/internal/bconv_vertical.h`: with n1 = 2h + p activations of -1 inside the
window, the counters start at C - h, C = 2**(planes - 1), and end at V with
acc = 4 * V - 2 * p + (B - 4 * C), B being the sum of the weights, padding included.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, ConstArray, Kernel, Ref
from bnncl.kernels.families.measured import VERTICAL, Work, instruction_set
from bnncl.kernels.packing import bit_words, flat_index, pad_to_words
from bnncl.kernels.params import (
    INPUT,
    OUTPUT,
    SCRATCH,
    WINDOW,
    Bound,
    EpilogueKind,
    border,
    border_fits,
    epilogue_fits,
    window_fits,
    window_struct,
)
from bnncl.numerics.bits import WORD_BITS, words_for
from bnncl.ops.conv import BinaryConv
from bnncl.ops.window import BorderClasses
from bnncl.targets import Target

_MAX_PLANES = 25
_MAX_CHANNELS = 2**16 - 1


class VerticalConv(Kernel):
    """A binary convolution on 32 output channels at once; unused lanes hold zeros.

    The rows are stored as [group][filter_h][filter_w][in_channel], output channels in the bits, with one row
    of zeros behind each tap.
    """

    family = "vertical"
    header = "bnncl/bconv.h"
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/internal/bconv_vertical.h",
        "bnncl/internal/lists.h",
        "bnncl/internal/planes.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    epilogue_kind: ClassVar[EpilogueKind]

    def rows(self, op: BinaryConv, x: TensorType) -> ConstArray:
        """The filter as rows of weights, for an input `x`."""
        return _rows(op.filter.data)

    @abstractmethod
    def finish(self, op: BinaryConv, weight_sums: NDArray[np.int64], planes: int) -> Bound:
        """What turns counters of `planes` bits into output, given B (row classes, column classes, O)."""

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields, the border tables and the counters, on every target."""
        if not isinstance(op, BinaryConv) or not epilogue_fits(op.epilogue, self.epilogue_kind):
            return False
        x = types[0]
        fits = window_fits(op.window, x.shape, op.window.out_size(x.shape)) and x.channels <= _MAX_CHANNELS
        return fits and border_fits(self.classes(op, x)) and self.plane_count(op, x) <= _MAX_PLANES

    def classes(self, op: BinaryConv, x: TensorType) -> BorderClasses:
        """The border classes; just one where a padded tap counts as +1, as an activation inside may do."""
        classes = BorderClasses.of(op.window, x.shape)
        if op.pad_value != 1:
            return classes
        rows, columns = tuple(range(op.window.filter_h)), tuple(range(op.window.filter_w))
        first = (0,) * len(classes.row_class), (0,) * len(classes.column_class)
        return BorderClasses(*first, (rows,), (columns,))

    def plane_count(self, op: BinaryConv, x: TensorType) -> int:
        """Bits of a counter: odd, with ceil(K / 2) <= 2**(bits - 1) - 2."""
        half = -(-op.window.taps * x.channels // 2)
        return next(bits for bits in range(3, 64, 2) if half <= (1 << (bits - 1)) - 2)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Rows, what finishes the counters, border classes and window."""
        assert isinstance(op, BinaryConv)
        classes = self.classes(op, types[0])
        after = self.finish(op, _weight_sums(op, classes), self.plane_count(op, types[0]))
        edges = border(classes)
        window = window_struct(op.window, types[0], op.infer(*types), op.pad_value)
        return Binding(
            (self.rows(op, types[0]), *after.arrays, *edges.arrays),
            (*after.structs, *edges.structs, window),
            (INPUT, Ref("array", "rows"), OUTPUT, SCRATCH, *after.args, *edges.args, WINDOW),
        )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """Carries of one pixel, and the lists of the rows that one window covers."""
        assert isinstance(op, BinaryConv)
        in_h, in_w, channels = types[0].shape
        carries = 3 + op.window.taps * ((-(-channels // 4) + 1) // 2)
        ring = min(in_h, (op.window.filter_h - 1) * op.window.dilation_h + 1)
        return 4 * carries + 2 * ring * in_w * (6 + channels // 4 * 4)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each row added, at the op's density, tap, group, pixel and listed channel."""
        assert isinstance(op, BinaryConv)
        work, rates = Work.of(op, types[0], op.infer(*types)), VERTICAL[instruction_set(target)]
        ones = work.in_channels * op.expected_density
        listed = ones + min(2, ones)
        each = work.taps * (listed * rates.row + rates.tap) + work.pixels * rates.group
        sums = work.outputs * rates.output if self.epilogue_kind is None else 0
        return round(work.groups * each + work.pixels * rates.pixel + work.channels * rates.channel + sums)


def _weight_sums(op: BinaryConv, classes: BorderClasses) -> NDArray[np.int64]:
    """B (row classes, column classes, O): weights inside, plus `pad_value` times those on padding."""
    per_tap = op.filter.data.astype(np.int64).sum(3)
    inside = np.moveaxis(classes.sums_inside(per_tap), 0, -1)
    return np.asarray(inside + op.pad_value * (per_tap.sum((1, 2)) - inside))


def _rows(filter_: NDArray[Any]) -> ConstArray:
    out_channels, height, width, in_channels = filter_.shape
    groups = words_for(out_channels)
    lanes = np.full((groups * WORD_BITS, height, width, in_channels + 1), -1, np.int64)
    lanes[:out_channels, :, :, :in_channels] = flat_index(filter_.shape)
    index = np.moveaxis(lanes.reshape(groups, WORD_BITS, height, width, in_channels + 1), 1, -1)
    axes = ("out_channel", "filter_h", "filter_w", "in_channel")
    return bit_words("rows", filter_ < 0, axes, index.reshape(-1, WORD_BITS))


def limit_planes(thresholds: NDArray[Any], weight_sums: NDArray[np.int64], planes: int) -> ConstArray:
    """The counter values that reach `thresholds` (O,), bit-sliced, for each class and parity p.

    acc >= t exactly where V >= C + ceil((t - B + 2p) / 4); lanes beyond the last channel hold 0,
    which every counter reaches, so that their sign is the one from the step on.
    """
    parity = np.arange(2)[:, None]
    wanted = thresholds.astype(np.int64) - weight_sums[:, :, None, :] + 2 * parity
    limits = np.clip((1 << (planes - 1)) - (-wanted // 4), 0, (1 << planes) - 1)
    bits = limits[..., None] >> np.arange(planes) & 1
    by_plane = pad_to_words(np.moveaxis(flat_index(bits.shape), -2, -1))
    index = by_plane.reshape(-1, planes, words_for(limits.shape[-1]), WORD_BITS).swapaxes(1, 2)
    axes = ("row_class", "column_class", "parity", "out_channel", "plane")
    return bit_words("planes", bits, axes, index.reshape(-1, WORD_BITS))
