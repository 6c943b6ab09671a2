"""`bnncl_accumulate`: a gradient added to those of a minibatch."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import INT32_MAX, TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, inputs, plain
from bnncl.ops.tail.parameters import Accumulate as AccumulateOp
from bnncl.targets import Target


class Accumulate(TailKernel):
    """A gradient added to those of a minibatch."""

    symbol = "bnncl_accumulate"
    header = "bnncl/update.h"
    includes = ("bnncl/fixed.h", "bnncl/gradient.h")
    per_element = 11
    input_types = ("int32_t", "int32_t", "int32_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every limit of 32 bits."""
        return isinstance(op, AccumulateOp) and self._reads(types) and 0 < op.limit <= INT32_MAX

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The exponent of the sum less the bias, the limit and the number of elements."""
        assert isinstance(op, AccumulateOp)
        return plain(*inputs(3), op.exponent - op.bias, op.limit, types[0].elements)
