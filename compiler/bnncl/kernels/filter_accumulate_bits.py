"""`bnncl_filter_accumulate_bits`: gradient of a filter over binary inputs, added up."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterBits


class FilterAccumulateBits(AccumulateFilterBits):
    """Gradient of a filter over binary inputs, added up."""

    symbol = "bnncl_filter_accumulate_bits"
