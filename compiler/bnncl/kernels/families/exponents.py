"""Kernels of exponents, and of mantissas brought to them."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, inputs, plain, with_struct
from bnncl.kernels.params import OUTPUT
from bnncl.ops.tail.exponents import WIDE_BITS, AlignedSum, BlockExponent, Normalise, SumExponent
from bnncl.targets import Target

HEADERS: tuple[str, ...] = (
    "bnncl/fixed.h",
    "bnncl/gradient.h",
    "bnncl/internal/backward.h",
    "bnncl/internal/element.h",
    "bnncl/types.h",
)


class BlockExponentKernel(TailKernel):
    """The exponent of a tensor."""

    header = "bnncl/backward.h"
    includes = HEADERS
    per_element = 7

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Exponents that follow from the numbers."""
        return isinstance(op, BlockExponent) and op.fixed is None and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """What is added to the bits, and their number."""
        assert isinstance(op, BlockExponent)
        return plain(*inputs(2), OUTPUT, op.bias - (op.bits - 1), types[0].elements)


class NormaliseKernel(TailKernel):
    """Mantissas of a tensor; input and output may be the same buffer."""

    header = "bnncl/backward.h"
    includes = HEADERS
    works_in_place = True
    per_element = 12

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Mantissas of up to 16 bits."""
        return isinstance(op, Normalise) and 2 <= op.bits <= 16 and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The bias, the bits and the number of elements."""
        assert isinstance(op, Normalise)
        return plain(*inputs(3), OUTPUT, op.bias, op.bits, types[0].elements)


class SumExponentKernel(TailKernel):
    """The exponent of a sum."""

    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 20
    input_types = ("int32_t", "int32_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every sum."""
        return isinstance(op, SumExponent) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Both biases, less the headroom."""
        assert isinstance(op, SumExponent)
        headroom = WIDE_BITS - op.bits
        return plain(*inputs(2), OUTPUT, op.x_bias - headroom, op.y_bias - headroom)


class AlignedSumKernel(TailKernel):
    """The sum of two tensors of mantissas."""

    header = "bnncl/backward.h"
    includes = ("bnncl/fixed.h", "bnncl/gradient.h", "bnncl/types.h")
    per_element = 20
    input_types = ("int16_t", "int32_t", "int16_t", "int32_t", "int32_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every sum."""
        return isinstance(op, AlignedSum) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Both biases and the number of elements."""
        assert isinstance(op, AlignedSum)
        fields = (("x_bias", op.x_bias), ("y_bias", op.y_bias), ("count", types[0].elements))
        return with_struct(5, "bnncl_sum", fields)
