"""`bnncl_filter_accumulate_bits_pairs`: gradient of a filter over binary inputs, two channels at a time."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterBitsPairs


class FilterAccumulateBitsPairs(AccumulateFilterBitsPairs):
    """Gradient of a filter over binary inputs, two output channels at a time."""

    symbol = "bnncl_filter_accumulate_bits_pairs"
