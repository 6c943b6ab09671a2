"""`bnncl_two_slopes_i8`: parametric ReLU of int8 with a slope on either side of 0."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import TwoSlopesKernel


class TwoSlopesI8(TwoSlopesKernel):
    """Parametric ReLU of int8 with a slope on either side of 0."""

    symbol = "bnncl_two_slopes_i8"
    input_type = "int8_t"
