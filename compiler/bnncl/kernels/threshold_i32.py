"""`bnncl_threshold_i32`: packed signs of int32."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import ThresholdKernel


class ThresholdI32(ThresholdKernel):
    """Packed signs of int32."""

    symbol = "bnncl_threshold_i32"
    input_type = "int32_t"
