"""`bnncl_filter_conv_i8`: convolution of int8 with signs that learn."""

from __future__ import annotations

from bnncl.kernels.families.filters import FilterConvKernel


class FilterConvI8(FilterConvKernel):
    """Convolution of int8 with signs that learn."""

    symbol = "bnncl_filter_conv_i8"
    x_type = "int8_t"
