"""`bnncl_filter_accumulate_i8`: gradient of a filter over int8, added up."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterIntegers


class FilterAccumulateI8(AccumulateFilterIntegers):
    """Gradient of a filter over int8, added up."""

    symbol = "bnncl_filter_accumulate_i8"
    x_type = "int8_t"
