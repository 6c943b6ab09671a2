"""Fixed-point arithmetic of gradients: mantissas with a block exponent; the twin of `bnncl/gradient.h`.

A gradient tensor is integers m that share an exponent e: it stands for m * 2**e. One sample has one
exponent for each tensor, so that its largest mantissa uses all bits, however small the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnncl.numerics.fixed import saturate, shift_right_floor

Integers = NDArray[np.int64]


def shift_saturate(x: Integers, shift: NDArray[Any] | int, limit: int) -> Integers:
    """The quotient x / 2**shift to nearest, halves up, clipped to -limit..limit; a negative shift multiplies.

    `x` within int32. From a shift of 32 on the result is 0, and one of less than -31 counts as -31: what is
    not 0 is out of every int32's range then.
    """
    amount = np.asarray(shift, np.int64)
    left, right = np.clip(-amount, 0, 31), np.clip(amount, 0, 40)
    half = np.left_shift(np.int64(1), right) >> 1
    return saturate(shift_right_floor(np.left_shift(x, left) + half, right), -limit, limit)


def bit_length(x: Integers) -> Integers:
    """Bits of the largest magnitude of each sample (N, ...): 0 where all are 0; shape (N, 1, 1, 1)."""
    peak = np.abs(x).reshape(len(x), -1).max(1)
    found = np.zeros(len(x), np.int64)
    for bit in range(32):
        found[peak >> bit > 0] = bit + 1
    return found.reshape(-1, 1, 1, 1)
