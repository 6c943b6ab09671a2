"""What a head of CWR* computes from its master weights; the twin of parts of `bnncl/learn.h`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnncl.numerics.fixed import saturate, shift_right_floor

Integers = NDArray[np.int64]


def forward_copy(master: Integers, q_backward: int, q_forward: int) -> Integers:
    """The highest `q_forward` of the `q_backward` bits of master weights, rounded, halves up."""
    drop = q_backward - q_forward
    if drop == 0:
        return master
    top = (1 << (q_forward - 1)) - 1
    return saturate(shift_right_floor(master + (1 << (drop - 1)), drop), -top, top)


def scores16(accumulators: Integers, shift: int, known: NDArray[np.bool_]) -> Integers:
    """Scores (..., classes) in 16 bits: accumulators / 2**shift to nearest; -2**15 for a class not known."""
    scaled = shift_right_floor(accumulators + (1 << shift >> 1), shift)
    return np.where(known, saturate(scaled, -(2**15 - 1), 2**15 - 1), -(2**15))
