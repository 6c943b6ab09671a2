"""Kernels of gradients of values, element by element."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.exponents import HEADERS
from bnncl.kernels.families.tail import TailKernel, fits_int32, inputs, plain, sizes, with_struct
from bnncl.kernels.params import OUTPUT
from bnncl.ops.tail.backward import Masked, SlopeGradient, reach
from bnncl.ops.tail.parameters import ChannelDot
from bnncl.targets import Target


class SlopeGradientKernel(TailKernel):
    """The gradient of the input of a unit with slopes."""

    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 11

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every unit with as many slopes as are read."""
        return isinstance(op, SlopeGradient) and self._reads(types) and 0 <= op.shift <= 15

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The shift, where there is one slope, and the sizes."""
        assert isinstance(op, SlopeGradient)
        shift = (op.shift,) if op.positive is None else ()
        return plain(*inputs(len(types)), OUTPUT, *shift, *sizes(types[0]))


class MaskedKernel(TailKernel):
    """Numbers where a mask lets them pass; input and output may be the same buffer."""

    header = "bnncl/backward.h"
    includes = HEADERS
    works_in_place = True
    per_element = 9

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every mask."""
        return isinstance(op, Masked) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The sizes."""
        return plain(*inputs(2), OUTPUT, *sizes(types[0]))


class ChannelDotKernel(TailKernel):
    """Sums of products over all pixels."""

    header = "bnncl/backward.h"
    includes = HEADERS
    per_element = 14

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Products that fit 32 bits with the half that rounds."""
        if not isinstance(op, ChannelDot) or not self._reads(types):
            return False
        half = 1 << op.shift >> 1
        return 0 <= op.shift <= 30 and fits_int32(reach(types[0]) * reach(types[1]) + half)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Limits of y, since a product with 0 rounds to 0 and so is left out; the shift and the sizes."""
        assert isinstance(op, ChannelDot)
        most = 2**15
        lo, hi = {"all": (-most, most), "negative": (-most, 0), "positive": (0, most)}[op.part]
        fields = (("lo", lo), ("hi", hi), ("shift", op.shift))
        return with_struct(2, "bnncl_channel_dot", fields, *sizes(types[0]))
