"""`bnncl_slope_gradient_i8`: gradient of the input of a unit with one slope."""

from __future__ import annotations

from bnncl.kernels.families.backward import SlopeGradientKernel


class SlopeGradientI8(SlopeGradientKernel):
    """Gradient of the input of a unit with one slope."""

    symbol = "bnncl_slope_gradient_i8"
    input_types = ("int16_t", "int8_t", "int16_t")
