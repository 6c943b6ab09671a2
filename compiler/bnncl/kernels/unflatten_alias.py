"""No code: a row of numbers that is stored as a map of them is."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Int, TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain
from bnncl.ops.tail.backward import Unflatten
from bnncl.targets import Target


class UnflattenAlias(TailKernel):
    """Unflatten of integers: the output is the input's own buffer."""

    symbol = ""
    header = ""
    works_in_place = True
    per_element = 0

    @property
    def is_alias(self) -> bool:
        """There is no C function."""
        return True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Integers of every width."""
        return isinstance(op, Unflatten) and isinstance(types[0].domain, Int)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Nothing."""
        return plain()
