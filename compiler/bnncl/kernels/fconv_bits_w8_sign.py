"""`bnncl_fconv_bits_w8_sign`: convolution of bits with 8-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Steps


class FconvBitsW8Sign(FixedConvKernel):
    """Convolution of bits with 8-bit weights to packed signs."""

    symbol = "bnncl_fconv_bits_w8_sign"
    input_type = "uint32_t"
    weight_bits = 8
    epilogue_kind = Steps
