"""`bnncl_fconv_i8_w16_i32`: convolution of int8 with 16-bit weights to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel


class FconvI8W16I32(FixedConvKernel):
    """Convolution of int8 with 16-bit weights to accumulators."""

    symbol = "bnncl_fconv_i8_w16_i32"
    input_type = "int8_t"
    weight_bits = 16
    epilogue_kind = None
