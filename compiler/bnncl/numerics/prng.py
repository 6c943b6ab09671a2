"""Counter-based random numbers: the twin of `bnncl/prng.h`.

Every number is a function of what it is for (seed, stream, step, index), so results do not depend on
traversal, slicing or layout. All arithmetic is modulo 2**32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
_GOLDEN = 0x9E3779B9


def words(values: Any) -> Words:  # noqa: ANN401
    """`values`, taken modulo 2**32, as an array."""
    return np.atleast_1d(np.asarray(values)).astype(np.int64).astype(np.uint32)


def mix(x: Words) -> Words:
    """A bijection of 32-bit words whose output bits each depend on all input bits ("lowbias32")."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def hash32(seed: int, stream: int, step: int, index: Any) -> Words:  # noqa: ANN401
    """The random word number `index` (a number or an array) of step `step` of the stream `stream`."""
    h = mix(words(seed) ^ np.uint32(_GOLDEN))
    h = mix(h ^ words(stream))
    h = mix(h ^ words(step))
    return mix(h ^ words(index))


def below(count: int, word: int) -> int:
    """A number in 0..count-1 from a random word: floor(word * count / 2**32)."""
    return (int(word) * count) >> 32


def permuted(key: int, index: int, count: int) -> int:
    """Element `index` of the permutation of 0..count-1 that `key` names; no table is kept.

    Four rounds of a balanced Feistel network over the smallest power of 4 that holds `count`, walked
    along until the result is below `count` (Black, Rogaway 2002: ciphers with arbitrary finite domains).
    """
    half = 0
    while (1 << (2 * half)) < count:
        half += 1
    mask = (1 << half) - 1
    x = index
    while True:
        left, right = x >> half, x & mask
        for turn in range(4):
            word = int(mix(mix(words(key + turn)) ^ words(right))[0])
            left, right = right, left ^ (word & mask)
        x = left << half | right
        if x < count:
            return x
