"""Fixed-point arithmetic: the twin of `bnncl/fixed.h`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def shift_right_floor(x: NDArray[np.int64], shift: NDArray[Any] | int) -> NDArray[np.int64]:
    """floor(x / 2**shift) for shift in 0..62; numpy's >> on int64 is arithmetic."""
    return np.right_shift(x, np.asarray(shift, np.int64))


def saturate(x: NDArray[np.int64], lo: int, hi: int) -> NDArray[np.int64]:
    """`x` clipped into lo..hi."""
    return np.clip(x, lo, hi)


def rescale(
    q: NDArray[np.int64],
    multiplier: NDArray[Any],
    bias: NDArray[Any],
    shift: NDArray[Any],
    limits: tuple[int, int],
) -> NDArray[np.int64]:
    """saturate(floor((q * multiplier[c] + bias[c]) / 2**shift[c])) over the last axis c.

    `q` within int32, `multiplier` within int32, `bias` int64 holding offset and rounding term; the
    caller has proven |q * multiplier + bias| < 2**63.
    """
    wide = q.astype(np.int64) * multiplier.astype(np.int64) + bias.astype(np.int64)
    return saturate(shift_right_floor(wide, shift), *limits)
