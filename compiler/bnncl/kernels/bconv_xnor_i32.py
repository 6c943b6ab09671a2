"""`bnncl_bconv_xnor_i32`: word-parallel binary convolution to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.xnor import XnorConv


class BconvXnorI32(XnorConv):
    """Word-parallel binary convolution to accumulators."""

    symbol = "bnncl_bconv_xnor_i32"
    epilogue_kind = None
