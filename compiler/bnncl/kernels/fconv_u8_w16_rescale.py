"""`bnncl_fconv_u8_w16_rescale`: convolution of uint8 with 16-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Rescale


class FconvU8W16Rescale(ColumnConv):
    """Convolution of uint8 with 16-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_u8_w16_rescale"
    input_type = "uint8_t"
    epilogue_kind = Rescale
