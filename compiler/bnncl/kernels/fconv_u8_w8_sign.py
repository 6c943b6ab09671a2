"""`bnncl_fconv_u8_w8_sign`: convolution of uint8 with 8-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Steps


class FconvU8W8Sign(FixedConvKernel):
    """Convolution of uint8 with 8-bit weights to packed signs."""

    symbol = "bnncl_fconv_u8_w8_sign"
    input_type = "uint8_t"
    weight_bits = 8
    epilogue_kind = Steps
