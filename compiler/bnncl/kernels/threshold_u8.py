"""`bnncl_threshold_u8`: packed signs of uint8."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import ThresholdKernel


class ThresholdU8(ThresholdKernel):
    """Packed signs of uint8."""

    symbol = "bnncl_threshold_u8"
    input_type = "uint8_t"
