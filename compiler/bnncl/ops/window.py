"""The sliding window of convolutions and pooling: geometry, padding and border classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Shape


@dataclass(frozen=True)
class Window:
    """Filter size, strides, dilations and padding, in elements, named as torch names them."""

    filter_h: int = 1
    filter_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    pad_top: int = 0
    pad_bottom: int = 0
    pad_left: int = 0
    pad_right: int = 0

    @property
    def taps(self) -> int:
        """Number of positions in the filter."""
        return self.filter_h * self.filter_w

    @property
    def pads(self) -> bool:
        """Whether any padding is there."""
        return bool(self.pad_top or self.pad_bottom or self.pad_left or self.pad_right)

    def out_size(self, shape: Shape) -> tuple[int, int]:
        """Height and width of the output for an input of `shape`."""
        span_h = self.dilation_h * (self.filter_h - 1) + 1
        span_w = self.dilation_w * (self.filter_w - 1) + 1
        height = (shape[0] + self.pad_top + self.pad_bottom - span_h) // self.stride_h + 1
        width = (shape[1] + self.pad_left + self.pad_right - span_w) // self.stride_w + 1
        return height, width

    def row_taps(self, in_h: int) -> tuple[tuple[int, ...], ...]:
        """For each output row the filter rows that fall on the input, not on padding."""
        out_h, _ = self.out_size((in_h, self.filter_w * self.dilation_w, 1))
        first = [y * self.stride_h - self.pad_top for y in range(out_h)]
        return tuple(_inside(start, self.dilation_h, self.filter_h, in_h) for start in first)

    def column_taps(self, in_w: int) -> tuple[tuple[int, ...], ...]:
        """For each output column the filter columns that fall on the input, not on padding."""
        _, out_w = self.out_size((self.filter_h * self.dilation_h, in_w, 1))
        first = [x * self.stride_w - self.pad_left for x in range(out_w)]
        return tuple(_inside(start, self.dilation_w, self.filter_w, in_w) for start in first)

    def gather(self, x: Array, pad_value: float) -> Array:
        """All windows of a batch: (N, out_h, out_w, filter_h, filter_w, C), padding filled in."""
        pads = ((0, 0), (self.pad_top, self.pad_bottom), (self.pad_left, self.pad_right), (0, 0))
        padded = np.pad(x, pads, constant_values=pad_value)
        out_h, out_w = self.out_size(x.shape[1:])
        rows = _positions(out_h, self.stride_h, self.filter_h, self.dilation_h)
        columns = _positions(out_w, self.stride_w, self.filter_w, self.dilation_w)
        return padded[:, rows[:, None, :, None], columns[None, :, None, :], :]


def _inside(start: int, dilation: int, taps: int, size: int) -> tuple[int, ...]:
    return tuple(tap for tap in range(taps) if 0 <= start + tap * dilation < size)


def _positions(out: int, stride: int, taps: int, dilation: int) -> Array:
    return np.arange(out)[:, None] * stride + np.arange(taps)[None, :] * dilation


@dataclass(frozen=True)
class BorderClasses:
    """Output rows and columns grouped by which filter taps fall on padding.

    `row_class[y]` and `column_class[x]` index `row_taps` and `column_taps`, the distinct tuples of
    taps inside the input, in order of first appearance. A window without padding has one of each.
    """

    row_class: tuple[int, ...]
    column_class: tuple[int, ...]
    row_taps: tuple[tuple[int, ...], ...]
    column_taps: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(window: Window, shape: Shape) -> BorderClasses:
        """The classes of `window` over an input of `shape`."""
        rows, columns = window.row_taps(shape[0]), window.column_taps(shape[1])
        row_taps, column_taps = tuple(dict.fromkeys(rows)), tuple(dict.fromkeys(columns))
        return BorderClasses(
            tuple(row_taps.index(taps) for taps in rows),
            tuple(column_taps.index(taps) for taps in columns),
            row_taps,
            column_taps,
        )

    @property
    def count(self) -> tuple[int, int]:
        """Number of row classes and of column classes."""
        return len(self.row_taps), len(self.column_taps)

    def sums_inside(self, per_tap: Array) -> Array:
        """Sum of `per_tap` (..., filter_h, filter_w) over the taps inside: (..., rows, columns)."""
        return np.stack(
            [
                np.stack([per_tap[..., list(r), :][..., list(c)].sum((-2, -1)) for c in self.column_taps], -1)
                for r in self.row_taps
            ],
            -2,
        )
