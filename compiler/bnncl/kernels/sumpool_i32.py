"""`bnncl_sumpool_i32`: sum pool of int32 to int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import SumPoolKernel


class SumpoolI32(SumPoolKernel):
    """Sum pool of int32 to int32."""

    symbol = "bnncl_sumpool_i32"
    input_type = "int32_t"
