"""`bnncl_clear`: a state set to 0."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Int, TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain
from bnncl.kernels.params import INPUT
from bnncl.ops.tail.parameters import Clear as ClearOp
from bnncl.targets import Target


class Clear(TailKernel):
    """A state set to 0."""

    symbol = "bnncl_clear"
    header = "bnncl/update.h"
    per_element = 1

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Integers of every width."""
        return isinstance(op, ClearOp) and isinstance(types[0].domain, Int)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The size."""
        return plain(INPUT, types[0].stored_bytes)
