"""`bnncl_bconv_xnor_sign`: word-parallel binary convolution to packed signs."""

from __future__ import annotations

from bnncl.kernels.families.xnor import XnorConv
from bnncl.ops.epilogue import Steps


class BconvXnorSign(XnorConv):
    """Word-parallel binary convolution to packed signs."""

    symbol = "bnncl_bconv_xnor_sign"
    epilogue_kind = Steps
