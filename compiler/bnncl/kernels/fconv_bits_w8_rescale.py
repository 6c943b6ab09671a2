"""`bnncl_fconv_bits_w8_rescale`: convolution of bits with 8-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Rescale


class FconvBitsW8Rescale(FixedConvKernel):
    """Convolution of bits with 8-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_bits_w8_rescale"
    input_type = "uint32_t"
    weight_bits = 8
    epilogue_kind = Rescale
