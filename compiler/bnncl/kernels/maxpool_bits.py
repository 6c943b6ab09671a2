"""`bnncl_maxpool_bits`: max pool of bits."""

from __future__ import annotations

from bnncl.kernels.families.pooling import MaxPoolKernel


class MaxpoolBits(MaxPoolKernel):
    """Max pool of bits."""

    symbol = "bnncl_maxpool_bits"
    includes = ("bnncl/bits.h", *MaxPoolKernel.includes)
    input_type = "uint32_t"
