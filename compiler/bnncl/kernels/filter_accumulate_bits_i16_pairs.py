"""`bnncl_filter_accumulate_bits_i16_pairs`: the same with sums in int16, two channels at a time."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.families.filters import AccumulateFilterBitsPairs
from bnncl.targets import Target


class FilterAccumulateBitsI16Pairs(AccumulateFilterBitsPairs):
    """Gradient of a filter over binary inputs with sums in int16, two output channels at a time."""

    symbol = "bnncl_filter_accumulate_bits_i16_pairs"
    sum_type = "int16_t"
    includes = tuple(
        sorted((*AccumulateFilterBitsPairs.includes, "bnncl/internal/narrow_sum.h", "bnncl/internal/zeros.h"))
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """As with wide sums, and what two filters get under one tap."""
        return super().scratch_bytes(op, types) + 8 * types[1].channels

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """As with wide sums, and the rounding of what a block gives."""
        return super().cost(op, types, target) + self.rounding(types)
