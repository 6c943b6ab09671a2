"""`bnncl_fconv_i8_w16_sign`: convolution of int8 with 16-bit weights to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Steps


class FconvI8W16Sign(ColumnConv):
    """Convolution of int8 with 16-bit weights to packed signs."""

    symbol = "bnncl_fconv_i8_w16_sign"
    input_type = "int8_t"
    epilogue_kind = Steps
