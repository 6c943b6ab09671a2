"""`bnncl_bconv_rarer_i32`: binary convolution over the rarer rows to accumulators."""

from __future__ import annotations

from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.families.rarer import RarerConv


class BconvRarerI32(RarerConv, BconvRowsI32):
    """Binary convolution over the rarer rows to accumulators."""

    symbol = "bnncl_bconv_rarer_i32"
    includes = tuple(sorted((*BconvRowsI32.includes, "bnncl/internal/rarer.h")))
    struct = "sums"
    doubled = ("base",)
