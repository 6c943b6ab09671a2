"""Lowers a sum of two real values: both are brought to one scale inside the integer op."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, Int, element_range
from bnncl.ir.values import Constant, Meaning, Value
from bnncl.ops.add import Add, RealAdd
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.passes.lower_real.rescale import is_common
from bnncl.passes.lower_real.scope import Scope

_MAX_SHIFT = 30
_WIDE = 2**17
"""Largest magnitude of an accumulator that is added as it is: more would leave its multiplier few bits."""


def lower_add(scope: Scope, op: RealAdd) -> None:
    """An `Add`, which takes in the affine map and the clamp behind it where nothing else reads the sum."""
    bits = scope.widths.activation
    first, second = _operands(scope, op)
    x, y = scope.value_of(first), scope.value_of(second)
    after = _what_follows(scope, op)
    mx, my = (_times(scope.meaning_of(name), after) for name in (first, second))
    scale = _scale(after.largest(scope, bits) / ((1 << (bits - 1)) - 1), (x, mx), (y, my))
    offset = (mx.offset + my.offset + after.offset) / scale
    clamp = after.clamp(scale, (1 << (bits - 1)) - 1)
    spans = (element_range(x.type.domain), element_range(y.type.domain))
    numbers = _Numbers.of(mx.scale / scale, my.scale / scale, offset, spans, x.type.channels)
    lowered = Add(
        output=after.traced,
        module=op.module,
        x=x.name,
        y=y.name,
        x_multiplier=Constant(numbers.x),
        y_multiplier=Constant(numbers.y),
        bias=Constant(numbers.bias),
        shift=Constant(numbers.shift),
        lo=clamp[0],
        hi=clamp[1],
        bits=bits,
    )
    scope.add(lowered, Meaning.of(scale), traced=after.traced)


def _operands(scope: Scope, op: RealAdd) -> tuple[str, str]:
    """Traced names of both: narrow ones, but the second may be an accumulator, the one made last of two."""
    made = {each.output: at for at, each in enumerate(scope.ops)}
    first, second = sorted((op.x, op.y), key=lambda name: made.get(scope.name_of(name), -1))
    if _is_accumulator(scope, first) and not _is_accumulator(scope, second):
        first, second = second, first
    scope.narrow_signed(first)
    if not _is_accumulator(scope, second):
        scope.narrow_signed(second)
    return first, second


def _is_accumulator(scope: Scope, traced: str) -> bool:
    """Whether 32-bit numbers carry the traced value, few enough to be added as they are."""
    domain = scope.value_of(traced).type.domain
    return isinstance(domain, Int) and domain.bits == 32 and max(-domain.lo, domain.hi) <= _WIDE


@dataclass(frozen=True, eq=False)
class _After:
    """What the op computes beside the sum: factor[c] * sum + offset[c], then a clamp; `traced` is its result.

    `reach` are the traced values whose numbers the result must be able to hold.
    """

    traced: str
    factor: Array
    offset: Array
    lo: float
    hi: float
    reach: tuple[str, ...]

    def largest(self, scope: Scope, bits: int) -> float:
        """The largest magnitude that must be held."""
        ends = [abs(end) for name in self.reach for end in scope.span(name, bits)]
        return max(*ends, float(np.finfo(np.float32).tiny))

    def clamp(self, scale: float, top: int) -> tuple[int, int]:
        """The clamp in units of `scale`, within -top..top."""
        low = -top if math.isinf(self.lo) else int(np.clip(np.rint(self.lo / scale), -top, top))
        high = top if math.isinf(self.hi) else int(np.clip(np.rint(self.hi / scale), -top, top))
        return low, high


def _what_follows(scope: Scope, op: RealAdd) -> _After:
    after = _After(op.output, np.ones(1), np.zeros(1), -np.inf, np.inf, (op.output,))
    reader = scope.only_reader(after.traced)
    if isinstance(reader, RealAffine):
        scope.take_in(after.traced)
        after = replace(after, traced=reader.output, factor=reader.scale.data, offset=reader.offset.data)
        after = replace(after, reach=(after.traced,))
        reader = scope.only_reader(after.traced)
    if isinstance(reader, RealClamp) and (reader.lo < 0 or scope.widths.activation > 8):
        scope.take_in(after.traced)
        return replace(after, traced=reader.output, lo=reader.lo, hi=reader.hi, reach=(reader.output,))
    if isinstance(reader, RealPRelu):
        return replace(after, reach=(*after.reach, reader.output))
    return after


def _times(meaning: Meaning, after: _After) -> Meaning:
    return Meaning(meaning.scale * after.factor, meaning.offset * after.factor)


def _scale(needed: float, *operands: tuple[Value, Meaning]) -> float:
    """At least `needed`, and a power of two times the scale of an operand that has one for all channels.

    That one is then shifted, which is exact: a stream that goes through many sums does not drift.
    """
    for value, meaning in operands:
        domain, scale = value.type.domain, meaning.scale
        if isinstance(domain, Int) and domain.bits <= 16 and is_common(Meaning(scale, np.zeros(1))):
            common = float(scale.flat[0])
            return math.ldexp(common, math.ceil(math.log2(needed / common)))
    return needed


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Multipliers, bias (int32) and shift (uint8) of an `Add`, (C,) each."""

    x: Array
    y: Array
    bias: Array
    shift: Array

    @staticmethod
    def of(
        x: Array, y: Array, offset: Array, spans: tuple[tuple[int, int], tuple[int, int]], channels: int
    ) -> _Numbers:
        """For real factors and offset in units of the result, to nearest, halves up.

        The largest shift is taken with which the sum and each of its parts fit int32 for all numbers in
        `spans`.
        """
        most = tuple(max(map(abs, span)) for span in spans)
        parts = (np.broadcast_to(part, channels) for part in (x, y, offset))
        rows = [_channel((float(a), float(b), float(o)), most) for a, b, o in zip(*parts, strict=True)]
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        multiplier_x, multiplier_y, bias = (column.astype(np.int32) for column in columns[:3])
        return _Numbers(multiplier_x, multiplier_y, bias, columns[3].astype(np.uint8))


def _channel(numbers: tuple[float, float, float], most: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Multipliers, bias and shift of one channel; where none fits, all saturates, halved or not."""
    while True:
        for shift in range(_MAX_SHIFT, -1, -1):
            x, y, offset = (round(math.ldexp(number, shift)) for number in numbers)
            bias = offset + (1 << shift >> 1)
            if most[0] * abs(x) + most[1] * abs(y) + abs(bias) <= INT32_MAX - 1:
                return x, y, bias, shift
        numbers = (numbers[0] / 2, numbers[1] / 2, numbers[2] / 2)
