"""`bnncl_fconv_i8_w16_i32`: convolution of int8 with 16-bit weights to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv


class FconvI8W16I32(ColumnConv):
    """Convolution of int8 with 16-bit weights to accumulators."""

    symbol = "bnncl_fconv_i8_w16_i32"
    input_type = "int8_t"
    epilogue_kind = None
