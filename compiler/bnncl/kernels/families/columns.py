"""Convolutions with a filter of 16 bits by columns: two products in one instruction where a core has one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import ConstArray
from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.kernels.packing import bit_words, flat_index, pad_to_words
from bnncl.ops.conv import FixedConv
from bnncl.targets import Target

Rates = tuple[float, float, float, float]
"""Instructions of two products, of an output, of an element of the column, and of a pixel."""

_OTHERS = ""


class ColumnConv(FixedConvKernel):
    """A fixed convolution of numbers with weights of 16 bits; its scratch is one window's column of int16_t.

    Weights stand two in a word, each filter filled up to whole words.
    """

    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/fixed.h",
        "bnncl/internal/column_sums.h",
        "bnncl/internal/columns.h",
        "bnncl/internal/dot_columns.h",
        "bnncl/internal/sink.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    helpers = ("bnncl_dot_columns",)
    weight_bits = 16
    rates: ClassVar[dict[str, Rates]] = {
        "mve": (0.78, 19.0, 4.0, 150),
        "dsp": (2.78, 22.0, 3.6, 188),
        "thumb2": (7.5, 23.0, 4.0, 156),
        "v6m": (11.5, 36.0, 6.0, 140),
        _OTHERS: (12.0, 19.0, 5.0, 130),
    }

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the family accepts, unless the filter has 8 bits and a kernel that stores it so."""
        if not super().accepts(op, types, target):
            return False
        assert isinstance(op, FixedConv)
        stored_in_8 = op.filter_bits <= 8 and self.input_type != "int16_t" and self.epilogue_kind is not None
        return not stored_in_8

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The column: a word for each two weights of a filter."""
        assert isinstance(op, FixedConv)
        return 4 * -(-op.window.taps * types[0].channels // 2)

    def filter(self, weights: NDArray[np.int64]) -> ConstArray:
        """The weights (O, filter_h, filter_w, I), two in a word."""
        bits = weights.astype(np.int16).view(np.uint16)[..., None] >> np.arange(16) & 1
        axes = ("out_channel", "filter_h", "filter_w", "in_channel", "bit")
        return bit_words("filter", bits, axes, pad_to_words(flat_index((len(weights), bits[0].size))))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each pair of products, output, element of a column and pixel."""
        assert isinstance(op, FixedConv)
        height, width, channels = op.infer(*types).shape
        products = op.window.taps * types[0].channels
        of_core = (rates for name, rates in self.rates.items() if name in target.features)
        pair, output, element, pixel = next(of_core, self.rates[_OTHERS])
        each = channels * (-(-products // 2) * pair + output) + products * element + pixel
        return round(height * width * each)
