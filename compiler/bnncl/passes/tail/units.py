"""Units of parameters: powers of two that leave them room to learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Array
from bnncl.passes.tail.scope import floor_log2
from bnncl.passes.tail.settings import TailSettings

_ROOM = 4.0
"""How much larger than the largest at first a parameter may grow."""

_LEAST = 2.0**-6
_SUM_BITS = 15
_SIGN_UNITS = (6, 14)


@dataclass(frozen=True)
class AffineUnits:
    """Exponents of a ChannelAffine's scale, offset and output, and the shifts that follow from them."""

    scale: int
    offset: int
    out: int
    shift: int
    offset_shift: int


def affine_units(
    settings: TailSettings, x: int, out: int, numbers: tuple[Array, Array], largest: float
) -> AffineUnits:
    """For real scales and offsets, of values in units of 2**-x to 2**-out; results are up to `largest`."""
    limit = settings.parameter_limit
    scale_peak = max(float(np.abs(numbers[0]).max()), _LEAST)
    offset_peak = max(float(np.abs(numbers[1]).max()), largest / 16, _LEAST)
    offset = floor_log2(limit / (_ROOM * offset_peak))
    scale = min(floor_log2(limit / (_ROOM * scale_peak)), offset + _SUM_BITS - x, 30 - x + out)
    offset = min(offset, x + scale)
    out = min(out, x + scale - 1)
    return AffineUnits(scale, offset, out, x + scale - out, x + scale - offset)


def slope_unit(settings: TailSettings, slopes: Sequence[Array]) -> int:
    """The exponent of slopes, 1..15."""
    peak = max(1.0, *(float(np.abs(each).max()) for each in slopes))
    return int(np.clip(floor_log2(settings.parameter_limit / (_ROOM * peak)), 1, 15))


def sign_unit(settings: TailSettings, x: int, offsets: Array) -> int:
    """The exponent of the offsets of a sign of values in units of 2**-x; not coarser than those."""
    peak = max(1.0, _ROOM * float(np.abs(offsets).max()))
    unit = floor_log2(settings.parameter_limit / peak)
    return max(x, min(int(np.clip(unit, *_SIGN_UNITS)), x + _SIGN_UNITS[1]))


def latent_unit(latent: Array, bits: int) -> int:
    """The exponent of latent weights of `bits` bits, real ones within -1..1.

    All bits hold 1, the clip (PAPERS 4); or, where all weights are far smaller, as behind usual initial
    values, the power of two from twice the largest on: else most would be rounded away. Where a weight is
    clipped changes neither its sign nor its gradient, but how many steps it takes to flip.
    """
    largest = 2 * float(np.abs(latent).max(initial=0.0))
    reach = math.ceil(math.log2(largest)) if 0 < largest < 1 else 0
    return bits - 1 - reach
