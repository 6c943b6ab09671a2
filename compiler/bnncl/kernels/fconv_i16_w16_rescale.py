"""`bnncl_fconv_i16_w16_rescale`: convolution of int16 with 16-bit weights to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv
from bnncl.ops.epilogue import Rescale


class FconvI16W16Rescale(ColumnConv):
    """Convolution of int16 with 16-bit weights to rescaled integers."""

    symbol = "bnncl_fconv_i16_w16_rescale"
    input_type = "int16_t"
    epilogue_kind = Rescale
