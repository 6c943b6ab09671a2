"""`bnncl_select`: some of the channels of a value."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.numerics.bits import WORD_BITS
from bnncl.ops.concat import Select as SelectOp
from bnncl.targets import Target

_PER_PIXEL = 22
_PER_WORD = 2


class Select(Kernel):
    """Bytes copied, pixel by pixel."""

    symbol = "bnncl_select"
    header = "bnncl/select.h"
    constant_time = True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Integers of every width, and bits from the first of a word on."""
        if not isinstance(op, SelectOp):
            return False
        bits = types[0].domain == Binary()
        whole = op.count % WORD_BITS == 0 or op.first + op.count == types[0].channels
        return not bits or (op.first % WORD_BITS == 0 and whole)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The bytes of a pixel, of what stands before and of what is taken."""
        assert isinstance(op, SelectOp)
        before = TensorType((1, 1, op.first), types[0].domain)
        one, taken = (TensorType((1, 1, each.channels), each.domain) for each in (types[0], op.infer(*types)))
        height, width, _ = types[0].shape
        sizes = (one.stored_bytes, before.stored_bytes, taken.stored_bytes)
        return Binding((), (), (INPUT, OUTPUT, height * width, *sizes))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A call for each pixel, and the words it copies."""
        made = op.infer(*types)
        height, width, _ = made.shape
        return height * width * _PER_PIXEL + made.stored_bytes // 4 * _PER_WORD
