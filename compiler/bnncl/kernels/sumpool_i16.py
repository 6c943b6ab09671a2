"""`bnncl_sumpool_i16`: sum pool of int16 to int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import SumPoolKernel


class SumpoolI16(SumPoolKernel):
    """Sum pool of int16 to int32."""

    symbol = "bnncl_sumpool_i16"
    input_type = "int16_t"
