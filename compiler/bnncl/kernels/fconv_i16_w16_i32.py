"""`bnncl_fconv_i16_w16_i32`: convolution of int16 with 16-bit weights to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv


class FconvI16W16I32(ColumnConv):
    """Convolution of int16 with 16-bit weights to accumulators."""

    symbol = "bnncl_fconv_i16_w16_i32"
    input_type = "int16_t"
    epilogue_kind = None
