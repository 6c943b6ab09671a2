"""`bnncl_bconv_depthwise_i32`: depthwise binary convolution to accumulators."""

from __future__ import annotations

from bnncl.kernels.families.depthwise import DepthwiseConv


class BconvDepthwiseI32(DepthwiseConv):
    """Depthwise binary convolution to accumulators."""

    symbol = "bnncl_bconv_depthwise_i32"
    epilogue_kind = None
