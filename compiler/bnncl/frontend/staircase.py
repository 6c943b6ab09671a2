"""Reads the steps of a two-valued function off a table of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from bnncl.ops.epilogue import NEVER

Signs = NDArray[np.bool_]
_CELLS = 1 << 21
_LEVELS_KEPT = 16
_SAME = 1e-6

Rows = Callable[[NDArray[np.int64]], torch.Tensor]
"""Source values (rows, channels), float32, that integers stand for."""


@dataclass
class Levels:
    """The distinct numbers seen so far, equal up to rounding, in order of appearance."""

    seen: list[float] = field(default_factory=list)

    def codes(self, table: NDArray[np.float64]) -> NDArray[np.int8]:
        """For each number of `table` its index in `seen`, which grows as needed; -1 beyond the limit."""
        near = _SAME * float(np.nanmax(np.abs(table), initial=0.0))
        for extreme in (np.nanmin(table, initial=np.inf), np.nanmax(table, initial=-np.inf)):
            self._number_of(float(extreme), near)
        codes = np.full(table.shape, -1, np.int8)
        for number, level in enumerate(self.seen):
            codes[table == level] = number
        if not bool((rest := codes < 0).any()):
            return codes
        for level in np.unique(table[rest]):
            number = self._number_of(float(level), near)
            codes[np.abs(table - level) <= near] = number
            if number < 0:
                break
        return codes

    def _number_of(self, level: float, near: float) -> int:
        for number, other in enumerate(self.seen):
            if abs(level - other) <= near:
                return number
        if not np.isfinite(level) or len(self.seen) == _LEVELS_KEPT:
            return -1
        self.seen.append(level)
        return len(self.seen) - 1


def chunks(rows: int, channels: int) -> Iterator[slice]:
    """Slices of rows, each of at most about two million cells."""
    step = max(1, _CELLS // max(channels, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def integer_steps(signs: Signs, low: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """`at` (S, C) and `first` (C,) of `Steps` for `signs` (T, C): row t is the integer low + t."""
    row, column = np.nonzero((signs[1:] != signs[:-1]).T)[::-1]
    at = _ranked(row + low + 1, column, signs.shape[1], NEVER).astype(np.int32)
    return at, _plus_minus(signs[0])


def _ranked(
    values: NDArray[np.generic], column: NDArray[np.int64], channels: int, absent: float
) -> NDArray[np.float64]:
    """Values grouped by ascending `column` as (S, channels), in order, filled up with `absent`."""
    counts = np.bincount(column, minlength=channels)
    depth = max(1, int(counts.max(initial=0)))
    rank = np.arange(len(column)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.full((depth, channels), absent, np.float64)
    out[rank, column] = values
    return out


def _plus_minus(positive: Signs) -> NDArray[np.int8]:
    return np.where(positive, 1, -1).astype(np.int8)


@dataclass
class Direction:
    """Whether a two-valued function rises or falls with a number it is computed from, channel by channel.

    Fed with tables of both; knows the largest and smallest number on either side.
    """

    channels: int

    def __post_init__(self) -> None:
        self._highest = {side: np.full(self.channels, -np.inf) for side in (False, True)}
        self._lowest = {side: np.full(self.channels, np.inf) for side in (False, True)}

    def feed(self, numbers: NDArray[np.float64], signs: Signs) -> None:
        """Take in rows of both, (rows, channels)."""
        for side in (False, True):
            there = signs == side
            high = np.where(there, numbers, -np.inf).max(0)
            low = np.where(there, numbers, np.inf).min(0)
            self._highest[side] = np.maximum(self._highest[side], high)
            self._lowest[side] = np.minimum(self._lowest[side], low)

    @property
    def rises(self) -> Signs:
        """Channels where all numbers that give +1 lie above all that give -1."""
        return np.asarray(self._highest[False] < self._lowest[True])

    @property
    def falls(self) -> Signs:
        """Channels where all numbers that give +1 lie below all that give -1."""
        return np.asarray(self._highest[True] < self._lowest[False])


def float_key(x: NDArray[np.float32]) -> NDArray[np.int64]:
    """Integers in the order of the float32 numbers, neighbours one apart; both zeros are 0."""
    bits = x.astype(np.float32).view(np.int32).astype(np.int64)
    return np.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))


def key_float(key: NDArray[np.int64]) -> NDArray[np.float32]:
    """The float32 numbers of `float_key`."""
    bits = np.where(key >= 0, key, (-key) | 0x80000000).astype(np.uint32)
    return bits.view(np.float32)


HIGHEST_KEY = int(float_key(np.array([2.0**64], np.float32))[0])
"""Key of the largest magnitude that a real value is looked at."""


def real_grid() -> NDArray[np.float32]:
    """Ascending float32 numbers from -2**64 to 2**64, dense in every binade, with 0."""
    count = 16 * 192 + 1
    keys = np.unique(np.linspace(-HIGHEST_KEY, HIGHEST_KEY, count).round().astype(np.int64))
    return key_float(keys)


def real_step(
    sign_at: Callable[[NDArray[np.float32]], Signs], low: NDArray[np.float32], high: NDArray[np.float32]
) -> NDArray[np.float64]:
    """For each channel the smallest float32 above `low`, up to `high`, whose sign is that of `high`.

    `sign_at` gives the signs (C,) of one number for each channel; the signs at `low` and `high` must
    differ. Bisection over the float32 numbers themselves.
    """
    below, above = float_key(low), float_key(high)
    wanted = sign_at(high)
    while bool((above - below > 1).any()):
        middle = (above + below) // 2
        reached = sign_at(key_float(middle)) == wanted
        above = np.where(reached, middle, above)
        below = np.where(reached, below, middle)
    return key_float(above).astype(np.float64)
