"""`bnncl_sum_exponent`: exponent of the sum of two gradients."""

from __future__ import annotations

from bnncl.kernels.families.exponents import SumExponentKernel


class SumExponent(SumExponentKernel):
    """Exponent of the sum of two gradients."""

    symbol = "bnncl_sum_exponent"
