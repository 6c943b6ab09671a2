"""`bnncl_fixed_exponent`: an exponent that was calibrated at compile time."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, plain
from bnncl.kernels.params import OUTPUT
from bnncl.ops.tail.exponents import BlockExponent
from bnncl.ops.tail.exponents import FixedExponent as FixedExponentOp
from bnncl.targets import Target


class FixedExponent(TailKernel):
    """An exponent that was calibrated at compile time."""

    symbol = "bnncl_fixed_exponent"
    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 0

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Exponents that do not depend on the numbers."""
        return _fixed(op) is not None

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The exponent."""
        fixed = _fixed(op)
        assert fixed is not None
        return plain(OUTPUT, fixed)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """One number written."""
        return 4


def _fixed(op: Op) -> int | None:
    if isinstance(op, FixedExponentOp):
        return op.value
    return op.fixed if isinstance(op, BlockExponent) else None
