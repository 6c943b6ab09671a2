"""`bnncl_bconv_xnor_rescale`: word-parallel binary convolution to rescaled integers."""

from __future__ import annotations

from bnncl.kernels.families.xnor import XnorConv
from bnncl.ops.epilogue import Rescale


class BconvXnorRescale(XnorConv):
    """Word-parallel binary convolution to rescaled integers."""

    symbol = "bnncl_bconv_xnor_rescale"
    epilogue_kind = Rescale
