"""`bnncl_bconv_wide256_sign`: binary convolution over active rows of 256 lanes to packed signs."""

from __future__ import annotations

from bnncl.kernels.bconv_vertical_sign import BconvVerticalSign
from bnncl.kernels.families.wide import WideConv


class BconvWide256Sign(WideConv, BconvVerticalSign):
    """Binary convolution over active rows of 256 lanes to packed signs, one step for each channel."""

    symbol = "bnncl_bconv_wide256_sign"
    includes = tuple(sorted((*WideConv.includes, "bnncl/internal/wide_to_signs.h")))
    helpers = ("bnncl_add_wide256", "bnncl_list_wide256")
    words = 8
