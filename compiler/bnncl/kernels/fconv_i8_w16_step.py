"""`bnncl_fconv_i8_w16_step`: convolution of int8 with 16-bit weights to packed signs of one step."""

from __future__ import annotations

from bnncl.kernels.families.step_columns import StepColumnConv


class FconvI8W16Step(StepColumnConv):
    """Convolution of int8 with 16-bit weights to packed signs, one step for each channel."""

    symbol = "bnncl_fconv_i8_w16_step"
    input_type = "int8_t"
