"""`bnncl_channel_sum`: sums of a gradient over all pixels."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain, sizes
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.ops.tail.parameters import ChannelSum as ChannelSumOp
from bnncl.targets import Target


class ChannelSum(TailKernel):
    """Sums of a gradient over all pixels."""

    symbol = "bnncl_channel_sum"
    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 5
    input_types = ("int16_t",)

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every map."""
        return isinstance(op, ChannelSumOp) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The sizes."""
        return plain(INPUT, OUTPUT, *sizes(types[0]))
