"""Forward kernels of layers that learn: their parameters are states."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import INT32_MAX, INT32_MIN, TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, fits_int32, inputs, plain, sizes, with_struct
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.ops.tail.backward import reach
from bnncl.ops.tail.forward import ChannelAffine, PassMask, SignAt, SlopedUnit, TentSlope
from bnncl.targets import Target

_MOST_SHIFT = 14
_NONE = (INT32_MAX, INT32_MAX)
"""A range that no number of a graph lies in."""


class AffineKernel(TailKernel):
    """An affine map to int8; input and output may be the same buffer."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    works_in_place = True
    per_element = 16
    input_types = ("int8_t", "int16_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Results of 8 bits with a sign, sums within 32 bits."""
        if not isinstance(op, ChannelAffine) or not self._reads(types):
            return False
        x, scale, offset = map(reach, types)
        bound = x * scale + (offset << op.offset_shift) + (1 << (op.shift - 1))
        return op.infer(*types).ctype == "int8_t" and fits_int32(bound) and 1 <= op.shift <= 30

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The numbers that all channels share, and the sizes."""
        assert isinstance(op, ChannelAffine)
        fields = (("lo", op.lo), ("hi", op.hi), ("shift", op.shift), ("offset_shift", op.offset_shift))
        return with_struct(3, "bnncl_channel_affine", fields, *sizes(types[0]))


class SlopedKernel(TailKernel):
    """A unit with one or two slopes; input and output may be the same buffer."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    works_in_place = True
    per_element = 14

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every unit with as many slopes as are read."""
        return isinstance(op, SlopedUnit) and self._reads(types) and 1 <= op.shift <= 15

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The limits, the shift and the sizes."""
        assert isinstance(op, SlopedUnit)
        fields = (("lo", op.lo), ("hi", op.hi), ("shift", op.shift))
        return with_struct(len(types), "bnncl_sloped_unit", fields, *sizes(types[0]))


class SignKernel(TailKernel):
    """Packed signs."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    per_element = 10
    input_types = ("int8_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every shift that there is."""
        return isinstance(op, SignAt) and self._reads(types) and 0 <= op.shift <= _MOST_SHIFT

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The shift and the sizes."""
        assert isinstance(op, SignAt)
        return plain(*inputs(2), OUTPUT, op.shift, *sizes(types[0]))


class PassKernel(TailKernel):
    """Packed comparisons of numbers with an offset."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    per_element = 14
    input_types = ("int8_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Masks with an offset."""
        return isinstance(op, PassMask) and self._reads(types) and 0 <= op.shift <= _MOST_SHIFT

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """What passes, and the sizes."""
        assert isinstance(op, PassMask)
        lo, hi = _within(op.lo, op.hi)
        fields = (("lo", lo), ("hi", hi), ("shift", op.shift))
        return with_struct(2, "bnncl_pass", fields, *sizes(types[0]))


class ClampKernel(TailKernel):
    """Packed comparisons of numbers alone."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    per_element = 10

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Masks without an offset."""
        return isinstance(op, PassMask) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """What passes as numbers without a shift: lo <= x * 2**s is ceil(lo / 2**s) <= x; and the sizes."""
        assert isinstance(op, PassMask)
        lo, hi = _within(-(-op.lo >> op.shift), op.hi >> op.shift)
        return plain(INPUT, OUTPUT, lo, hi, *sizes(types[0]))


class TentKernel(TailKernel):
    """Slopes of ApproxSign."""

    header = "bnncl/forward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/forward.h")
    per_element = 18
    input_types = ("int8_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every width of the tent that there is."""
        if not isinstance(op, TentSlope) or not self._reads(types):
            return False
        return 0 <= op.shift <= _MOST_SHIFT and 6 <= op.one <= 14

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The shift, the width and the sizes."""
        assert isinstance(op, TentSlope)
        return plain(*inputs(2), OUTPUT, op.shift, op.one, *sizes(types[0]))


def _within(lo: int, hi: int) -> tuple[int, int]:
    """lo..hi as far as 32 bits reach."""
    lo, hi = max(lo, INT32_MIN), min(hi, INT32_MAX)
    return (lo, hi) if lo <= hi else _NONE
