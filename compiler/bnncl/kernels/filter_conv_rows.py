"""`bnncl_filter_conv_rows`: convolution of bits with signs that learn, over active rows."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.families.measured import PER_COPIED, PORTABLE_ROWS, ROWS, Work, instruction_set
from bnncl.kernels.families.rows import plane_count, scratch_words
from bnncl.kernels.params import (
    INPUT,
    OUTPUT,
    SCRATCH,
    WINDOW,
    border,
    border_fits,
    window_fits,
    window_struct,
)
from bnncl.numerics.bits import WORD_BITS, words_for
from bnncl.ops.tail.forward import FilterConv
from bnncl.ops.window import BorderClasses
from bnncl.targets import Target

_MAX_PLANES = 14
_MAX_OFFSET = 2**28
_PER_TURNED, _PER_POPCOUNT, _PER_CLASS = 60, 16, 30
"""Instructions for each row turned round, each word of signs counted, each channel of a border class."""


class FilterConvRows(Kernel):
    """Convolution of bits with signs that learn, over active rows that are made of the signs first."""

    symbol = "bnncl_filter_conv_rows"
    family = "vertical"
    header = "bnncl/filter.h"
    includes = tuple(
        sorted(
            {
                *BconvRowsI32.includes,
                "bnncl/bconv.h",
                "bnncl/internal/filter_accumulate_bits.h",
                "bnncl/internal/position.h",
                "bnncl/internal/sign_tables.h",
            }
        )
    )
    helpers = (*BconvRowsI32.helpers, BconvRowsI32.symbol)

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Binary inputs that the border tables hold, columns not dilated, sums of at most 16,380 products."""
        if not isinstance(op, FilterConv) or types[0].domain != Binary() or op.window.dilation_w != 1:
            return False
        _, in_w, channels = types[0].shape
        near = max(op.window.taps, in_w) * (channels + 1) < _MAX_OFFSET
        fits = window_fits(op.window, types[0].shape, op.window.out_size(types[0].shape))
        return (
            near
            and fits
            and border_fits(_classes(op, types[0]))
            and plane_count(op.window, types[0]) <= _MAX_PLANES
        )

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Counters, border classes and window; the signs are the second input."""
        assert isinstance(op, FilterConv)
        classes = _classes(op, types[0])
        edges = border(classes)
        window = window_struct(op.window, types[0], op.infer(*types), op.pad_value)
        rows, columns = classes.count
        fields = (("plane_count", plane_count(op.window, types[0])), ("classes", rows * columns))
        planned = ParamStruct("planned", "bnncl_planned", fields)
        return Binding(
            edges.arrays,
            (planned, *edges.structs, window),
            (INPUT, Ref("input", "1"), OUTPUT, SCRATCH, Ref("struct", "planned"), *edges.args, WINDOW),
        )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """Rows and constants of the filter, then what the convolution takes, or the sums of the weights."""
        assert isinstance(op, FilterConv)
        x, out, window = types[0], op.infer(*types), op.window
        convolution = scratch_words(window, x, out, plane_count(window, x), keeps_planes=True)
        rows, columns = _classes(op, x).count
        made = words_for(out.channels) * window.taps * (x.channels + 1) + rows * columns * out.channels
        return 4 * (made + max(32, window.taps * out.channels, convolution))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """That of the convolution, and some instructions for each word of the signs and each constant."""
        assert isinstance(op, FilterConv)
        out = op.infer(*types)
        work, name = Work.of(op, types[0], out), instruction_set(target)
        rates = (ROWS if name in target.features else PORTABLE_ROWS)[name]
        each = work.taps * work.in_channels / 2 * rates.row + work.lines * rates.line
        groups = work.groups * (each + work.pixels * (rates.group + rates.sums))
        pixels = work.pixels * rates.pixel + work.channels * rates.channel + work.rest * PER_COPIED
        rows, columns = _classes(op, types[0]).count
        words = op.window.taps * types[0].words_per_pixel
        turned = words * WORD_BITS * work.groups * _PER_TURNED
        counted = words * out.channels * _PER_POPCOUNT
        return round(groups + pixels + turned + counted + rows * columns * out.channels * _PER_CLASS)


def _classes(op: FilterConv, x: TensorType) -> BorderClasses:
    return BorderClasses.of(op.window, x.shape)
