"""`bnncl_fconv_u8_w16_i32`: convolution of uint8 with 16-bit weights to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.columns import ColumnConv


class FconvU8W16I32(ColumnConv):
    """Convolution of uint8 with 16-bit weights to accumulators."""

    symbol = "bnncl_fconv_u8_w16_i32"
    input_type = "uint8_t"
    epilogue_kind = None
