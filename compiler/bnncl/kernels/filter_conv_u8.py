"""`bnncl_filter_conv_u8`: convolution of uint8 with signs that learn."""

from __future__ import annotations

from bnncl.kernels.families.filters import FilterConvKernel


class FilterConvU8(FilterConvKernel):
    """Convolution of uint8 with signs that learn."""

    symbol = "bnncl_filter_conv_u8"
    x_type = "uint8_t"
