"""`bnncl_bconv_rows_i32`: binary convolution over active rows to accumulators."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.bconv_vertical_i32 import BconvVerticalI32
from bnncl.kernels.families.rows import RowsConv
from bnncl.ops.conv import BinaryConv
from bnncl.targets import Target

_MAX_PLANES = 14
"""Four times a counter fits 16 bits."""


class BconvRowsI32(RowsConv, BconvVerticalI32):
    """Binary convolution over active rows to accumulators."""

    symbol = "bnncl_bconv_rows_i32"
    constant_time = True
    includes = tuple(
        sorted((*RowsConv.includes, "bnncl/internal/rows_to_sums.h", "bnncl/internal/transpose.h"))
    )
    helpers = (*RowsConv.helpers, "bnncl_add_transposed")
    keeps_planes = True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the kernels over active rows accept, of sums of at most 16,380 products."""
        if not super().accepts(op, types, target):
            return False
        return isinstance(op, BinaryConv) and self.plane_count(op, types[0]) <= _MAX_PLANES
