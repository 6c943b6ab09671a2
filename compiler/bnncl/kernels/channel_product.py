"""`bnncl_channel_product`: a gradient times a number of each channel, which learns or not."""

from __future__ import annotations

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Ref
from bnncl.kernels.families.tail import TailKernel, inputs, plain, sizes
from bnncl.kernels.packing import dense
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.ops.tail.backward import ChannelMultiple
from bnncl.ops.tail.backward import ChannelProduct as ChannelProductOp
from bnncl.targets import Target


class ChannelProduct(TailKernel):
    """A gradient times a number of each channel."""

    symbol = "bnncl_channel_product"
    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 7
    input_types = ("int16_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Numbers that are states or constants."""
        if isinstance(op, ChannelMultiple):
            return types[0].ctype == "int16_t"
        return isinstance(op, ChannelProductOp) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The constants, where there are any, and the sizes."""
        if not isinstance(op, ChannelMultiple):
            return plain(*inputs(2), OUTPUT, *sizes(types[0]))
        factor = dense("factor", "int16_t", op.factor.data.astype(np.int16), ("channel",))
        return Binding((factor,), (), (INPUT, Ref("array", "factor"), OUTPUT, *sizes(types[0])))
