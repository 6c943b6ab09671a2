"""`bnncl_bconv_vertical_i32`: vertical binary convolution to accumulators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnncl.kernels.base import ParamStruct, Ref
from bnncl.kernels.families.vertical import VerticalConv
from bnncl.kernels.packing import dense
from bnncl.kernels.params import Bound
from bnncl.ops.conv import BinaryConv


class BconvVerticalI32(VerticalConv):
    """Vertical binary convolution to accumulators."""

    symbol = "bnncl_bconv_vertical_i32"
    epilogue_kind = None

    def finish(self, op: BinaryConv, weight_sums: NDArray[np.int64], planes: int) -> Bound:
        """B - 4 * C for each class and channel."""
        axes = ("row_class", "column_class", "out_channel")
        base = dense("base", "int32_t", (weight_sums - (4 << (planes - 1))).astype(np.int32), axes)
        fields: tuple[tuple[str, int | Ref], ...] = (
            ("base", Ref("array", base.name)),
            ("plane_count", planes),
        )
        struct = ParamStruct("sums", "bnncl_vertical_sums", fields)
        return Bound((base,), (struct,), (Ref("struct", struct.name),))
