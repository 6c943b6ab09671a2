"""`bnncl_bconv_wide128_sign`: binary convolution over active rows of 128 lanes to packed signs."""

from __future__ import annotations

from bnncl.kernels.bconv_vertical_sign import BconvVerticalSign
from bnncl.kernels.families.wide import WideConv


class BconvWide128Sign(WideConv, BconvVerticalSign):
    """Binary convolution over active rows of 128 lanes to packed signs, one step for each channel."""

    symbol = "bnncl_bconv_wide128_sign"
    includes = tuple(sorted((*WideConv.includes, "bnncl/internal/wide_to_signs.h")))
    helpers = ("bnncl_add_wide128", "bnncl_list_wide128")
    words = 4
