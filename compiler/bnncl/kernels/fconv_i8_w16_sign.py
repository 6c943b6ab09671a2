"""`bnncl_fconv_i8_w16_sign`: convolution of int8 with 16-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Steps


class FconvI8W16Sign(FixedConvKernel):
    """Convolution of int8 with 16-bit weights to packed signs."""

    symbol = "bnncl_fconv_i8_w16_sign"
    input_type = "int8_t"
    weight_bits = 16
    epilogue_kind = Steps
