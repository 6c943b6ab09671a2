"""`bnncl_two_slopes_i16`: parametric ReLU of int16 with a slope on either side of 0."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import TwoSlopesKernel


class TwoSlopesI16(TwoSlopesKernel):
    """Parametric ReLU of int16 with a slope on either side of 0."""

    symbol = "bnncl_two_slopes_i16"
    input_type = "int16_t"
