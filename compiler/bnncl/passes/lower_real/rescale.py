"""From a real factor and offset per channel to the integers of a `Rescale`."""

from __future__ import annotations

import math

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Int, element_range
from bnncl.ir.values import Constant, Meaning, Value
from bnncl.ops.epilogue import Rescale

_MULTIPLIER_BITS = 31
_MAX_SHIFT = 62
_WIDE_LIMIT = 2**62


def make_rescale(
    factor: Array, offset: Array, span: tuple[int, int], clamp: tuple[int, int], bits: int
) -> Rescale:
    """The rescale q -> clamp(round(q * factor[c] + offset[c])) for q in `span`, both ends included.

    round() is to nearest, halves upwards: floor((q * m + b) / 2**s) with m = factor * 2**s and
    b = offset * 2**s + 2**(s-1). The largest shift s is taken for which m fits 31 bits and the sum
    stays below 2**62, so |error| < |q| * 2**-(s+1) + 2**-s. Where even s = 0 cannot hold the sum, every
    q is far outside the clamp; factor and offset are then halved until it does, which only q = 0 can show.
    """
    largest = max(*map(abs, span), 1)
    columns = [_channel(float(f), float(o), largest) for f, o in zip(factor, offset, strict=True)]
    multiplier, bias, shift = (list(column) for column in zip(*columns, strict=True))
    return Rescale(
        Constant(np.array(multiplier, np.int32)),
        Constant(np.array(bias, np.int64)),
        Constant(np.array(shift, np.uint8)),
        clamp[0],
        clamp[1],
        bits,
    )


def _channel(factor: float, offset: float, largest: int) -> tuple[int, int, int]:
    while max(abs(factor), (largest * abs(factor) + abs(offset)) / 2**30) >= 2**_MULTIPLIER_BITS - 1:
        factor, offset = factor / 2, offset / 2
    shift = _MAX_SHIFT
    while shift > 0 and not _fits(factor, offset, largest, shift):
        shift -= 1
    half = 1 << (shift - 1) if shift > 0 else 0
    return round(math.ldexp(factor, shift)), round(math.ldexp(offset, shift)) + half, shift


def _fits(factor: float, offset: float, largest: int, shift: int) -> bool:
    multiplier = abs(math.ldexp(factor, shift))
    wide = multiplier * largest + abs(math.ldexp(offset, shift)) + math.ldexp(1, max(shift - 1, 0))
    return multiplier < 2**_MULTIPLIER_BITS - 1 and wide < _WIDE_LIMIT


def identity(channels: int, domain: Int) -> Rescale:
    """The rescale that copies int32 numbers of a narrow `domain` into 16 bits."""
    return Rescale(
        Constant(np.ones(channels, np.int32)),
        Constant(np.zeros(channels, np.int64)),
        Constant(np.zeros(channels, np.uint8)),
        domain.lo,
        domain.hi,
        16,
    )


def is_common(meaning: Meaning) -> bool:
    """Whether all channels share one positive scale and real zero is q = 0."""
    scale, offset = meaning.scale, meaning.offset
    return bool(np.all(scale == scale.flat[0]) and scale.flat[0] > 0 and not offset.any())


def is_never_negative(source: Value, meaning: Meaning) -> bool:
    """Whether `source` can stand for no real number below 0, as behind a ReLU."""
    ends = [meaning.scale * end + meaning.offset for end in element_range(source.type.domain)]
    return bool(np.min(ends) >= 0)


def real_bound(source: Value, meaning: Meaning) -> float:
    """Largest magnitude of a real number that `source` can stand for."""
    low, high = element_range(source.type.domain)
    ends = [meaning.scale * low + meaning.offset, meaning.scale * high + meaning.offset]
    return float(np.abs(ends).max())


def to_common_scale(
    source: Value,
    meaning: Meaning,
    limits: tuple[float, float],
    bits: int,
    *,
    unsigned: bool = False,
) -> tuple[Rescale, Meaning]:
    """The rescale of `source` to one scale with zero at q = 0, covering and clamped to real `limits`.

    With `unsigned`, where limits start at 0, all `bits` bits hold the magnitude.
    """
    low, high = limits
    assert low >= 0 or not unsigned, limits
    top = (1 << (bits if unsigned else bits - 1)) - 1
    scale = max(abs(low), abs(high), float(np.finfo(np.float32).tiny)) / top
    channels = source.type.channels
    factor: Array = np.broadcast_to(meaning.scale / scale, channels)
    offset: Array = np.broadcast_to(meaning.offset / scale, channels)
    clamp = (max(int(np.rint(low / scale)), -top), min(int(np.rint(high / scale)), top))
    return make_rescale(factor, offset, element_range(source.type.domain), clamp, bits), Meaning.of(scale)
