"""`bnncl_sumpool_i8`: sum pool of int8 to int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import SumPoolKernel


class SumpoolI8(SumPoolKernel):
    """Sum pool of int8 to int32."""

    symbol = "bnncl_sumpool_i8"
    input_type = "int8_t"
