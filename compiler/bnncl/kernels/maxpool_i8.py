"""`bnncl_maxpool_i8`: max pool of int8."""

from __future__ import annotations

from bnncl.kernels.families.pooling import MaxPoolKernel


class MaxpoolI8(MaxPoolKernel):
    """Max pool of int8."""

    symbol = "bnncl_maxpool_i8"
    input_type = "int8_t"
