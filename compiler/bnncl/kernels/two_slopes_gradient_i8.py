"""`bnncl_two_slopes_gradient_i8`: gradient of the input of a unit with two slopes."""

from __future__ import annotations

from bnncl.kernels.families.backward import SlopeGradientKernel


class TwoSlopesGradientI8(SlopeGradientKernel):
    """Gradient of the input of a unit with two slopes."""

    symbol = "bnncl_two_slopes_gradient_i8"
    input_types = ("int16_t", "int8_t", "int16_t", "int16_t")
