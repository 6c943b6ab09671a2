"""`bnncl_sumpool_u8`: sum pool of uint8 to int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import SumPoolKernel


class SumpoolU8(SumPoolKernel):
    """Sum pool of uint8 to int32."""

    symbol = "bnncl_sumpool_u8"
    input_type = "uint8_t"
