"""`bnncl_bconv_vertical_sign`: vertical binary convolution to packed signs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import ParamStruct, Ref
from bnncl.kernels.families.vertical import VerticalConv, limit_planes
from bnncl.kernels.packing import bit_words
from bnncl.kernels.params import Bound
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Steps
from bnncl.targets import Target


class BconvVerticalSign(VerticalConv):
    """Vertical binary convolution to packed signs, one step for each channel."""

    symbol = "bnncl_bconv_vertical_sign"
    epilogue_kind = Steps

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the family accepts, with exactly one step."""
        if not super().accepts(op, types, target):
            return False
        return isinstance(op, BinaryConv) and isinstance(op.epilogue, Steps) and op.epilogue.count == 1

    def finish(self, op: BinaryConv, weight_sums: NDArray[np.int64], planes: int) -> Bound:
        """The thresholds in terms of the counters, bit-sliced."""
        assert isinstance(op.epilogue, Steps)
        limits = limit_planes(op.epilogue.at.data[0], weight_sums, planes)
        reached = bit_words("reached", op.epilogue.first.data > 0, ("out_channel",))
        fields: tuple[tuple[str, int | Ref], ...] = (
            ("planes", Ref("array", limits.name)),
            ("reached", Ref("array", reached.name)),
            ("plane_count", planes),
        )
        struct = ParamStruct("steps", "bnncl_vertical_steps", fields)
        return Bound((limits, reached), (struct,), (Ref("struct", struct.name),))
