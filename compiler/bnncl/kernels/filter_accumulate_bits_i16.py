"""`bnncl_filter_accumulate_bits_i16`: gradient of a filter over binary inputs, added up in int16."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterBits


class FilterAccumulateBitsI16(AccumulateFilterBits):
    """Gradient of a filter over binary inputs, added up in int16."""

    symbol = "bnncl_filter_accumulate_bits_i16"
    sum_type = "int16_t"
    includes = tuple(sorted((*AccumulateFilterBits.includes, "bnncl/internal/narrow_sum.h")))
