"""`bnncl_threshold_i16`: packed signs of int16."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import ThresholdKernel


class ThresholdI16(ThresholdKernel):
    """Packed signs of int16."""

    symbol = "bnncl_threshold_i16"
    input_type = "int16_t"
