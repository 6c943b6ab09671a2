"""`bnncl_filter_input_gradient_pairs`: gradient of the input of a convolution with signs that learn."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.families.filters import BYTE_TABLE, PAIR_HELPERS, PER_ENTRY, tables_for
from bnncl.kernels.filter_input_gradient import FilterInputGradientKernel
from bnncl.targets import Target


class FilterInputGradientPairs(FilterInputGradientKernel):
    """Transposed convolution of int16 gradients, two positions at a time."""

    symbol = "bnncl_filter_input_gradient_pairs"
    helpers = PAIR_HELPERS
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/internal/pair_tables.h",
        "bnncl/internal/pairs.h",
        "bnncl/internal/position.h",
        "bnncl/internal/zeros.h",
        "bnncl/types.h",
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The tables of up to 32 output channels, room for what padding gets, and the places of all signs."""
        taps, in_channels, _ = types[1].shape
        tables = tables_for(types[0].channels, 8)
        return 4 * (2 * BYTE_TABLE * tables + in_channels + -(-taps * in_channels * tables // 2))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Tables for each 32 channels of each two positions, a choice for each tap and input channel."""
        height, width, channels = types[0].shape
        taps, in_channels, _ = types[1].shape
        tables = tables_for(channels, 8)
        word = tables * BYTE_TABLE * PER_ENTRY + taps * in_channels * (5 + 5 * tables)
        return types[0].words_per_pixel * (-(-height * width // 2) * word + taps * in_channels * 5 * tables)
