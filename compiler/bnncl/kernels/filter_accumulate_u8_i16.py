"""`bnncl_filter_accumulate_u8_i16`: gradient of a filter over uint8, added up in int16."""

from __future__ import annotations

from bnncl.kernels.families.filters import AccumulateFilterIntegers


class FilterAccumulateU8I16(AccumulateFilterIntegers):
    """Gradient of a filter over uint8, added up in int16."""

    symbol = "bnncl_filter_accumulate_u8_i16"
    x_type = "uint8_t"
    sum_type = "int16_t"
    includes = tuple(
        sorted(
            (
                *AccumulateFilterIntegers.includes,
                "bnncl/internal/filter_accumulate_i16.h",
                "bnncl/internal/narrow_sum.h",
            )
        )
    )
