"""Integer square root: the twin of `bnncl/roots.h`."""

from __future__ import annotations

import math


def isqrt(x: int) -> int:
    """floor(sqrt(x)) for 0 <= x < 2**32."""
    return math.isqrt(x)


def weight_of_past(past: int, current: int) -> int:
    """sqrt(past / current) in units of 2**-8, at most 2**16 - 1; current >= 1.

    floor(sqrt(floor(past * 2**16 / current))), the quotient saturated to 32 bits.
    """
    return isqrt(min((past << 16) // current, 2**32 - 1))
