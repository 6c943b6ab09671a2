"""`bnncl_bconv_rows_sign`: binary convolution over active rows to packed signs."""

from __future__ import annotations

from bnncl.kernels.bconv_vertical_sign import BconvVerticalSign
from bnncl.kernels.families.rows import RowsConv


class BconvRowsSign(RowsConv, BconvVerticalSign):
    """Binary convolution over active rows to packed signs, one step for each channel."""

    symbol = "bnncl_bconv_rows_sign"
    constant_time = True
    includes = tuple(sorted((*RowsConv.includes, "bnncl/internal/rows_to_signs.h")))
