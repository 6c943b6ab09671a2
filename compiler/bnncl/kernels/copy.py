"""`bnncl_copy`: a state overwritten with another."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, inputs, plain
from bnncl.ops.tail.parameters import Copy as CopyOp
from bnncl.targets import Target


class Copy(TailKernel):
    """A state overwritten with another."""

    symbol = "bnncl_copy"
    header = "bnncl/update.h"
    per_element = 8

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """States of every type."""
        return isinstance(op, CopyOp)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The size."""
        return plain(*inputs(2), types[0].stored_bytes)
