"""`bnncl_fconv_bits_w16_rescale`: convolution of bits with 16-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.fixed import FixedConvKernel
from bnncl.ops.epilogue import Rescale


class FconvBitsW16Rescale(FixedConvKernel):
    """Convolution of bits with 16-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_bits_w16_rescale"
    input_type = "uint32_t"
    weight_bits = 16
    epilogue_kind = Rescale
