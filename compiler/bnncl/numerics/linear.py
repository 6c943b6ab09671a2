"""Exact integer products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT_IN_FLOAT32 = 2**24
_EXACT_IN_FLOAT64 = 2**53


def exact_matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """Integer matrix product of `a` (M, K) and `b` (K, N), exact, as int64.

    Every partial sum is an integer of at most K * max|a| * max|b|. Below 2**24 (2**53) float32
    (float64) holds all of them exactly in any order of summation, so the fast routine for floats
    gives the integers; above, int64 is used.
    """
    if a.size == 0 or b.size == 0:
        return np.zeros((a.shape[0], b.shape[1]), np.int64)
    bound = a.shape[1] * _magnitude(a) * _magnitude(b)
    if bound < _EXACT_IN_FLOAT32:
        return (a.astype(np.float32) @ b.astype(np.float32)).astype(np.int64)
    if bound < _EXACT_IN_FLOAT64:
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    return a.astype(np.int64) @ b.astype(np.int64)


def _magnitude(a: NDArray[Any]) -> int:
    return max(-int(a.min()), int(a.max()))
