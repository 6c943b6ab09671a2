"""`bnncl_flatten_bits`: the channels of all pixels as those of one, without gaps."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.numerics.bits import WORD_BITS
from bnncl.ops.flatten import Flatten
from bnncl.targets import Target

_PER_WORD = 16


def has_gaps(x: TensorType) -> bool:
    """Whether tail bits stand between the channels of neighbouring pixels."""
    return x.domain == Binary() and x.channels % WORD_BITS != 0 and x.elements != x.channels


class FlattenBits(Kernel):
    """Closes the gaps that tail bits leave in a binary map."""

    symbol = "bnncl_flatten_bits"
    header = "bnncl/elementwise.h"
    constant_time = True
    includes = ("bnncl/epilogue.h",)

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Binary maps with gaps."""
        return isinstance(op, Flatten) and has_gaps(types[0])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The sizes."""
        height, width, channels = types[0].shape
        return Binding((), (), (INPUT, OUTPUT, height * width, channels))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each word."""
        return types[0].shape[0] * types[0].shape[1] * types[0].words_per_pixel * _PER_WORD
