"""`bnncl_sumpool_bits`: sum pool of bits to int32."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.families.pooling import SumPoolKernel
from bnncl.ops.pool import SumPool
from bnncl.targets import Target

_PER_WORD, _PER_OUTPUT, _PER_PIXEL = (14, 6), (16, 7), 150
"""Instructions of a word under a tap and of an output, each with those for a bit of the counter."""


class SumpoolBits(SumPoolKernel):
    """Sum pool of bits to int32, 32 channels in the bits of a word."""

    symbol = "bnncl_sumpool_bits"
    includes = tuple(sorted(("bnncl/bits.h", "bnncl/internal/planes.h", *SumPoolKernel.includes)))
    input_type = "uint32_t"

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each word under a tap, each output, their bits of a counter, and each pixel."""
        assert isinstance(op, SumPool)
        height, width, channels = op.infer(*types).shape
        planes = op.window.taps.bit_length()
        word, output = (each + planes * more for each, more in (_PER_WORD, _PER_OUTPUT))
        taps = types[0].words_per_pixel * op.window.taps
        return height * width * (taps * word + channels * output + _PER_PIXEL)
