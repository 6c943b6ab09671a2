"""`bnncl_fconv_i16_w16_sign`: convolution of int16 with 16-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Steps


class FconvI16W16Sign(ColumnConv):
    """Convolution of int16 with 16-bit weights to packed signs."""

    symbol = "bnncl_fconv_i16_w16_sign"
    input_type = "int16_t"
    epilogue_kind = Steps
