"""Constants in a kernel's own layout, each stored bit with the place it came from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnncl.kernels.base import ConstArray, Places
from bnncl.numerics.bits import WORD_BITS, words_for

Axes = tuple[str, ...]


def pack_bits(index: NDArray[np.int64], bits: NDArray[Any]) -> NDArray[np.uint32]:
    """Words of shape (E,) with bit b of word e equal to `bits.flat[index[e, b]]`, 0 where that is -1."""
    chosen = np.where(index >= 0, bits.reshape(-1)[index], 0).astype(np.uint64)
    weights = np.left_shift(np.uint64(1), np.arange(WORD_BITS, dtype=np.uint64))
    words: NDArray[np.uint32] = (chosen * weights).sum(1).astype(np.uint32)
    return words


def pad_to_words(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices (..., N) as (E, 32): the last axis cut into words, filled up with -1."""
    count = index.shape[-1]
    padded = np.full((*index.shape[:-1], words_for(count) * WORD_BITS), -1, np.int64)
    padded[..., :count] = index
    return padded.reshape(-1, WORD_BITS)


def flat_index(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The flat index of every element of an array of `shape`, in that shape."""
    return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)


def dense(name: str, ctype: str, data: NDArray[Any], axes: Axes) -> ConstArray:
    """`data` element by element in C order; `axes` names its axes, outermost first."""
    return ConstArray(name, ctype, data.reshape(-1), Places(flat_index((data.size,)), _named(axes, data)))


def bit_words(
    name: str, bits: NDArray[Any], axes: Axes, index: NDArray[np.int64] | None = None
) -> ConstArray:
    """Logical `bits` (0 or 1) as words; by default the last axis runs along the bits of the words.

    `index` (words, 32) says otherwise: which flat element of `bits` each stored bit holds, or -1.
    """
    if index is None:
        index = pad_to_words(flat_index(bits.shape))
    return ConstArray(name, "uint32_t", pack_bits(index, bits), Places(index, _named(axes, bits)))


def _named(axes: Axes, data: NDArray[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(axes, data.shape, strict=True))
