"""`bnncl_bconv_rows_i32`: binary convolution over active rows to accumulators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnncl.kernels.base import ConstArray, ParamStruct, Places, Ref
from bnncl.kernels.bconv_vertical_i32 import BconvVerticalI32
from bnncl.kernels.families.rows import RowsConv
from bnncl.kernels.packing import flat_index
from bnncl.kernels.params import Bound
from bnncl.numerics.bits import WORD_BITS, words_for
from bnncl.ops.conv import BinaryConv


class BconvRowsI32(RowsConv, BconvVerticalI32):
    """Binary convolution over active rows to accumulators."""

    symbol = "bnncl_bconv_rows_i32"
    includes = tuple(sorted((*RowsConv.includes, "bnncl/internal/transpose.h")))
    per_output = 12
    keeps_planes = True

    def finish(self, op: BinaryConv, weight_sums: NDArray[np.int64], planes: int) -> Bound:
        """B - 4 * C for each class and channel, channels filled up to whole words."""
        base = (weight_sums - (4 << (planes - 1))).astype(np.int32)
        filled = (*base.shape[:2], words_for(base.shape[2]) * WORD_BITS)
        index = np.full(filled, -1, np.int64)
        index[:, :, : base.shape[2]] = flat_index(base.shape)
        data = np.where(index >= 0, base.reshape(-1)[index], 0).astype(np.int32)
        axes = tuple(zip(("row_class", "column_class", "out_channel"), base.shape, strict=True))
        array = ConstArray("base", "int32_t", data.reshape(-1), Places(index.reshape(-1), axes))
        fields: tuple[tuple[str, int | Ref], ...] = (("base", Ref("array", "base")), ("plane_count", planes))
        return Bound(
            (array,), (ParamStruct("sums", "bnncl_vertical_sums", fields),), (Ref("struct", "sums"),)
        )
