"""`bnncl_filter_accumulate_u8`: gradient of a filter over uint8, added up."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterIntegers


class FilterAccumulateU8(AccumulateFilterIntegers):
    """Gradient of a filter over uint8, added up."""

    symbol = "bnncl_filter_accumulate_u8"
    x_type = "uint8_t"
