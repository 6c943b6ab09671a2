"""How much arithmetic an op does, and how far its sums stay from overflow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ops.add import Add
from bnncl.ops.conv import BinaryConv, FixedConv, GroupedConv, IntegerConv
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Rescale
from bnncl.ops.learned_head import LearnedHead
from bnncl.ops.pool import SumPool
from bnncl.ops.tail.forward import FilterConv

ACCUMULATOR_BITS = 32
PRODUCT_BITS = 64


@dataclass(frozen=True)
class Bound:
    """Integers lo..hi that a C variable of `bits` bits provably stays in."""

    lo: int
    hi: int
    bits: int

    @property
    def headroom(self) -> int:
        """Bits that the variable has to spare: how often the range could double."""
        needed = max(self.hi.bit_length(), (-self.lo - 1).bit_length() if self.lo < 0 else 0) + 1
        return self.bits - needed


def accumulator_bound(op: Op, types: tuple[TensorType, ...]) -> Bound | None:
    """The range of the 32-bit sum that `op` builds, partial sums included; None where it builds none."""
    if isinstance(op, IntegerConv | FilterConv | LearnedHead):
        domain = op.accumulator(types[0])
    elif isinstance(op, Add):
        domain = op.accumulator(*types)
    elif isinstance(op, SumPool):
        summed = op.infer(*types).domain
        assert isinstance(summed, Int)
        domain = summed
    else:
        return None
    return Bound(min(domain.lo, 0), max(domain.hi, 0), ACCUMULATOR_BITS)


def product_bound(op: Op, types: tuple[TensorType, ...]) -> Bound | None:
    """The range of the 64-bit `q * multiplier + bias` of a rescale; None where `op` has none."""
    if not types:
        return None
    scale, domain = _rescale(op, types)
    if scale is None or domain is None:
        return None
    ends: list[int] = []
    for multiplier, bias in zip(
        scale.multiplier.data.astype(object), scale.bias.data.astype(object), strict=True
    ):
        ends += [int(bias), int(domain.lo * multiplier + bias), int(domain.hi * multiplier + bias)]
    return Bound(min(ends), max(ends), PRODUCT_BITS)


def _rescale(op: Op, types: tuple[TensorType, ...]) -> tuple[Rescale | None, Int | None]:
    domain = types[0].domain
    if isinstance(op, Requantize) and isinstance(domain, Int):
        return op.rescale, domain
    if isinstance(op, IntegerConv) and isinstance(op.epilogue, Rescale):
        return op.epilogue, op.accumulator(types[0])
    return None, None


def macs(op: Op, types: tuple[TensorType, ...]) -> tuple[int, int]:
    """Binary and integer multiply-accumulates of `op` for one sample; padded taps count too."""
    if isinstance(op, LearnedHead):
        return 0, op.config.features * int(np.count_nonzero(op.past.data))
    if isinstance(op, FilterConv):
        each = op.infer(*types).elements * op.window.taps * types[0].channels
        return (each, 0) if isinstance(types[0].domain, Binary) else (0, each)
    if not isinstance(op, IntegerConv):
        return 0, 0
    height, width, channels = op.infer(*types).shape
    count = height * width * channels * int(np.prod(op.filter.data.shape[1:]))
    if isinstance(op, BinaryConv | GroupedConv):
        return count, 0
    assert isinstance(op, FixedConv)
    return 0, count
