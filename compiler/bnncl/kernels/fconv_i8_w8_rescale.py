"""`bnncl_fconv_i8_w8_rescale`: convolution of int8 with 8-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Rescale


class FconvI8W8Rescale(FixedConvKernel):
    """Convolution of int8 with 8-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_i8_w8_rescale"
    input_type = "int8_t"
    weight_bits = 8
    epilogue_kind = Rescale
