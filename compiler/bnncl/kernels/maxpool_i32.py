"""`bnncl_maxpool_i32`: max pool of int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import MaxPoolKernel


class MaxpoolI32(MaxPoolKernel):
    """Max pool of int32."""

    symbol = "bnncl_maxpool_i32"
    input_type = "int32_t"
