"""`bnncl_bconv_depthwise_sign`: depthwise binary convolution to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.depthwise import DepthwiseConv
from bnncl.ops.epilogue import Steps


class BconvDepthwiseSign(DepthwiseConv):
    """Depthwise binary convolution to packed signs."""

    symbol = "bnncl_bconv_depthwise_sign"
    epilogue_kind = Steps
