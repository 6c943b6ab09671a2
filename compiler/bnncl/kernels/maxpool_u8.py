"""`bnncl_maxpool_u8`: max pool of uint8."""

from __future__ import annotations

from bnncl.kernels.families.pooling import MaxPoolKernel


class MaxpoolU8(MaxPoolKernel):
    """Max pool of uint8."""

    symbol = "bnncl_maxpool_u8"
    input_type = "uint8_t"
