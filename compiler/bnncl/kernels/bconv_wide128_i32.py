"""`bnncl_bconv_wide128_i32`: binary convolution over active rows of 128 lanes to accumulators."""

from __future__ import annotations

from bnncl.kernels.bconv_vertical_i32 import BconvVerticalI32
from bnncl.kernels.families.wide import WideConv


class BconvWide128I32(WideConv, BconvVerticalI32):
    """Binary convolution over active rows of 128 lanes to accumulators."""

    symbol = "bnncl_bconv_wide128_i32"
    includes = tuple(
        sorted((*WideConv.includes, "bnncl/internal/transpose.h", "bnncl/internal/wide_to_sums.h"))
    )
    helpers = ("bnncl_add_transposed", "bnncl_add_wide128", "bnncl_list_wide128")
    words = 4
    keeps_planes = True
