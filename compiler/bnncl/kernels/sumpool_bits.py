"""`bnncl_sumpool_bits`: sum pool of bits to int32."""

from __future__ import annotations

from bnncl.kernels.families.pooling import SumPoolKernel


class SumpoolBits(SumPoolKernel):
    """Sum pool of bits to int32."""

    symbol = "bnncl_sumpool_bits"
    includes = ("bnncl/bits.h", *SumPoolKernel.includes)
    input_type = "uint32_t"
