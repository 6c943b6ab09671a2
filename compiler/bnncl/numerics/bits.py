"""Packing of ±1 and of small integers into words: the twin of `bnncl/bits.h` and `bnncl/pack.h`.

±1: bit 1 means -1, least significant bit first, channels innermost, tail bits 0. Integers of 1..8 bits
stand one behind the other, across the ends of words, least significant bit first, unused bits 0.
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


def pack_numbers(numbers: NDArray[Any], bits: int) -> NDArray[np.uint32]:
    """The lowest `bits` bits (1..8) of each of the integers (..., n) as words (..., words_for(n * bits))."""
    lead, count = numbers.shape[:-1], numbers.shape[-1]
    low = (numbers.astype(np.int64) & 0xFF).astype(np.uint8)[..., None]
    each = np.unpackbits(low, axis=-1, bitorder="little")[..., :bits]
    row = np.zeros((*lead, words_for(count * bits) * WORD_BITS), np.uint8)
    row[..., : count * bits] = each.reshape(*lead, -1)
    return np.packbits(row, axis=-1, bitorder="little").view("<u4").astype(np.uint32)


def unpack_numbers(words: NDArray[np.uint32], count: int, bits: int, *, signed: bool) -> NDArray[np.int64]:
    """The `count` integers of `bits` bits (..., count) in words (..., W); two's complement where `signed`."""
    octets = np.ascontiguousarray(words.astype("<u4")).view(np.uint8)
    row = np.unpackbits(octets, axis=-1, bitorder="little")[..., : count * bits]
    weights = 1 << np.arange(bits, dtype=np.int64)
    numbers = row.reshape(*words.shape[:-1], count, bits).astype(np.int64) @ weights
    sign = (1 << (bits - 1)) if signed else 0
    return np.asarray((numbers ^ sign) - sign, np.int64)
