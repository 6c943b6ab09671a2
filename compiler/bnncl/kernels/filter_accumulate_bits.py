"""`bnncl_filter_accumulate_bits`: gradient of a filter over binary inputs, added up."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.families.filters import BYTE_TABLE, PER_ENTRY, AccumulateFilterKernel, tables_for
from bnncl.targets import Target

_PER_SUM, _PER_CHOICE, _PER_COLUMN = 7, 4, 35


class FilterAccumulateBits(AccumulateFilterKernel):
    """Gradient of a filter over binary inputs: tables of the signed sums of eight gradients."""

    symbol = "bnncl_filter_accumulate_bits"
    x_type = "uint32_t"
    includes = (
        "bnncl/bits.h",
        "bnncl/fixed.h",
        "bnncl/gradient.h",
        "bnncl/internal/position.h",
        "bnncl/internal/sign_tables.h",
        "bnncl/types.h",
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The inputs and the padding of 32 positions, and the tables of their gradients."""
        _, taps, channels = types[0].shape
        return 4 * ((channels + 1) * taps + BYTE_TABLE * self._tables(types))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """For each 32 positions the inputs turned round, tables for each channel, a choice for each sum."""
        out, taps, channels = types[0].shape
        height, width, _ = types[2].shape
        tables = self._tables(types)
        each = taps * channels * (_PER_SUM + _PER_CHOICE * tables) + tables * BYTE_TABLE * PER_ENTRY
        return -(-height * width // 32) * (out * each + taps * channels * _PER_COLUMN)

    def _tables(self, types: tuple[TensorType, ...]) -> int:
        height, width, _ = types[2].shape
        return tables_for(height * width, 8)
