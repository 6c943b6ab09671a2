"""`bnncl_fconv_i8_w8_sign`: convolution of int8 with 8-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Steps


class FconvI8W8Sign(FixedConvKernel):
    """Convolution of int8 with 8-bit weights to packed signs."""

    symbol = "bnncl_fconv_i8_w8_sign"
    input_type = "int8_t"
    weight_bits = 8
    epilogue_kind = Steps
