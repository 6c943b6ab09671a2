"""`bnncl_maxpool_i16`: max pool of int16."""

from __future__ import annotations

from bnncl.kernels.families.pooling import MaxPoolKernel


class MaxpoolI16(MaxPoolKernel):
    """Max pool of int16."""

    symbol = "bnncl_maxpool_i16"
    input_type = "int16_t"
