"""`bnncl_fconv_bits_w16_i32`: convolution of bits with 16-bit weights to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel


class FconvBitsW16I32(FixedConvKernel):
    """Convolution of bits with 16-bit weights to accumulators."""

    symbol = "bnncl_fconv_bits_w16_i32"
    input_type = "uint32_t"
    weight_bits = 16
    epilogue_kind = None
