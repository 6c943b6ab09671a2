"""`bnncl_concat`: the channels of two values of one width, side by side."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, Kernel, Ref
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.numerics.bits import WORD_BITS
from bnncl.ops.concat import Concat as ConcatOp
from bnncl.targets import Target

_PER_PIXEL = 40
_PER_WORD = 2


class Concat(Kernel):
    """Bytes copied, pixel by pixel."""

    symbol = "bnncl_concat"
    header = "bnncl/concat.h"
    constant_time = True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Integers of every width, and bits where the first value's fill their last word."""
        if not isinstance(op, ConcatOp):
            return False
        return types[0].domain != Binary() or types[0].channels % WORD_BITS == 0

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The bytes of a pixel of each."""
        pixels = types[0].shape[0] * types[0].shape[1]
        sizes = [type_.stored_bytes // pixels for type_ in types]
        return Binding((), (), (INPUT, Ref("input", "1"), OUTPUT, pixels, *sizes))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Two calls for each pixel, and the words they copy."""
        height, width, _ = types[0].shape
        words = sum(type_.stored_bytes for type_ in types) // 4
        return height * width * _PER_PIXEL + words * _PER_WORD
