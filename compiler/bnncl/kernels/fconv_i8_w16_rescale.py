"""`bnncl_fconv_i8_w16_rescale`: convolution of int8 with 16-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Rescale


class FconvI8W16Rescale(ColumnConv):
    """Convolution of int8 with 16-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_i8_w16_rescale"
    input_type = "int8_t"
    epilogue_kind = Rescale
