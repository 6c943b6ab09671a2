"""`bnncl_fconv_bits_w16_sign`: convolution of bits with 16-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Steps


class FconvBitsW16Sign(FixedConvKernel):
    """Convolution of bits with 16-bit weights to packed signs."""

    symbol = "bnncl_fconv_bits_w16_sign"
    input_type = "uint32_t"
    weight_bits = 16
    epilogue_kind = Steps
