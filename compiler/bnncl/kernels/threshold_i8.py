"""`bnncl_threshold_i8`: packed signs of int8."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import ThresholdKernel


class ThresholdI8(ThresholdKernel):
    """Packed signs of int8."""

    symbol = "bnncl_threshold_i8"
    input_type = "int8_t"
