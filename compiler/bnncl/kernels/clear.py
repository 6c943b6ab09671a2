"""`bnncl_clear`: a state set to 0."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain
from bnncl.kernels.params import INPUT
from bnncl.ops.tail.parameters import Clear as ClearOp
from bnncl.targets import Target


class Clear(TailKernel):
    """A state set to 0."""

    symbol = "bnncl_clear"
    header = "bnncl/update.h"
    includes: ClassVar[tuple[str, ...]] = ("bnncl/internal/zeros.h",)
    per_element = 2
    input_types = ("int32_t",)

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Sums of gradients."""
        return isinstance(op, ClearOp) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The number of elements."""
        return plain(INPUT, types[0].elements)
