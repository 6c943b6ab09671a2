"""`bnncl_bconv_depthwise_rescale`: depthwise binary convolution to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.depthwise import DepthwiseConv
from bnncl.ops.epilogue import Rescale


class BconvDepthwiseRescale(DepthwiseConv):
    """Depthwise binary convolution to rescaled integers."""

    symbol = "bnncl_bconv_depthwise_rescale"
    epilogue_kind = Rescale
