"""`bnncl_fconv_u8_w16_sign`: convolution of uint8 with 16-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Steps


class FconvU8W16Sign(ColumnConv):
    """Convolution of uint8 with 16-bit weights to packed signs."""

    symbol = "bnncl_fconv_u8_w16_sign"
    input_type = "uint8_t"
    epilogue_kind = Steps
