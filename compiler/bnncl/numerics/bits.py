"""Packing of ±1 into words: the twin of `bnncl/bits.h`.

Bit 1 means -1, least significant bit first, channels innermost, tail bits 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 32


def words_for(count: int) -> int:
    """Words that hold `count` bits."""
    return (count + WORD_BITS - 1) // WORD_BITS


def pack(signs: NDArray[Any]) -> NDArray[np.uint32]:
    """±1 of shape (..., C) as words (..., words_for(C))."""
    channels = signs.shape[-1]
    bits = np.zeros((*signs.shape[:-1], words_for(channels) * WORD_BITS), np.uint8)
    bits[..., :channels] = signs < 0
    return np.packbits(bits, axis=-1, bitorder="little").view("<u4").astype(np.uint32)


def unpack(words: NDArray[np.uint32], channels: int) -> NDArray[np.int8]:
    """Words (..., words_for(channels)) as ±1 of shape (..., channels)."""
    octets = np.ascontiguousarray(words.astype("<u4")).view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")[..., :channels]
    return (1 - 2 * bits.astype(np.int8)).astype(np.int8)
