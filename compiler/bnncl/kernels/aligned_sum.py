"""`bnncl_aligned_sum`: sum of two gradients of different exponents."""

from __future__ import annotations

from bnncl.kernels.families.exponents import AlignedSumKernel


class AlignedSum(AlignedSumKernel):
    """Sum of two gradients of different exponents."""

    symbol = "bnncl_aligned_sum"
