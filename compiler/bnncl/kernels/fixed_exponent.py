"""`bnncl_fixed_exponent`: an exponent that was calibrated at compile time."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain
from bnncl.kernels.params import OUTPUT
from bnncl.ops.tail.exponents import BlockExponent
from bnncl.targets import Target


class FixedExponent(TailKernel):
    """An exponent that was calibrated at compile time."""

    symbol = "bnncl_fixed_exponent"
    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 0

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Exponents that do not depend on the numbers."""
        return isinstance(op, BlockExponent) and op.fixed is not None

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The exponent."""
        assert isinstance(op, BlockExponent)
        assert op.fixed is not None
        return plain(OUTPUT, op.fixed)
