"""`bnncl_fconv_u8_w16_step`: convolution of uint8 with 16-bit weights to packed signs of one step."""

from __future__ import annotations

from bnncl.kernels.families.step_columns import StepColumnConv


class FconvU8W16Step(StepColumnConv):
    """Convolution of uint8 with 16-bit weights to packed signs, one step for each channel."""

    symbol = "bnncl_fconv_u8_w16_step"
    input_type = "uint8_t"
