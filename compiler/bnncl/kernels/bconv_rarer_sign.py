"""`bnncl_bconv_rarer_sign`: binary convolution over the rarer rows to packed signs."""

from __future__ import annotations

from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.kernels.families.rarer import RarerConv


class BconvRarerSign(RarerConv, BconvRowsSign):
    """Binary convolution over the rarer rows to packed signs, one step for each channel."""

    symbol = "bnncl_bconv_rarer_sign"
    includes = tuple(sorted((*RarerConv.includes, "bnncl/internal/rows_to_signs.h")))
    struct = "steps"
    doubled = ("planes", "reached")
