"""Softmax and its gradient in integers: the twin of `bnncl/softmax.h`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnncl.numerics.fixed import shift_right_floor

Integers = NDArray[np.int64]
ONE = 1 << 15
"""A probability of 1."""

LOG_BITS = 10
_DEEPEST = 31 << LOG_BITS
_LINEAR, _SQUARE = 22006, 5622


def exp2_negative(t: Integers) -> Integers:
    """2**-(t / 2**10) in units of 2**-15, for 0 <= t <= 31 * 2**10.

    The fraction x is taken by 1 - 0.67157 x + 0.17157 x**2, which is exact at 0, 1/2 and 1 and off by
    less than 0.33 % between; the integer part is a shift.
    """
    x = t & ((1 << LOG_BITS) - 1)
    y = ONE - ((_LINEAR * x) >> LOG_BITS) + ((_SQUARE * x * x) >> (2 * LOG_BITS))
    return np.asarray(np.right_shift(y, t >> LOG_BITS), np.int64)


def softmax(logits: Integers, multiplier: int, shift: int, active: NDArray[np.bool_]) -> Integers:
    """Probabilities, in units of 2**-15, of the `active` classes (O,); the others get 0.

    `logits` are int32; logit * multiplier / 2**shift is the logit in units of 2**-10 of a factor of 2,
    that is ln(2)/1024. At least one class is active.
    """
    peak = int(logits[active].max())
    distance = peak - logits
    t = shift_right_floor(distance * multiplier + (1 << (shift - 1)), shift)
    weights = np.where(active, exp2_negative(np.clip(t, 0, _DEEPEST)), 0)
    total = int(weights.sum())
    return (weights * ONE + total // 2) // total


def logit_gradient(probabilities: Integers, label: int, bits: int) -> Integers:
    """dLoss/dlogits of the cross-entropy in `bits` bits: p - onehot in units of 2**-(bits-1), saturated."""
    delta = probabilities.copy()
    delta[label] -= ONE
    drop = 16 - bits
    if drop > 0:
        delta = shift_right_floor(delta + (1 << (drop - 1)), drop)
    top = (1 << (bits - 1)) - 1
    return np.clip(delta, -top - 1, top)
