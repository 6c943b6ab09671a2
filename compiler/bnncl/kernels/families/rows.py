"""Binary convolutions over active rows: the vertical kernels with the counting left to the core."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.families.measured import PER_COPIED, PORTABLE_ROWS, ROWS, Work, instruction_set
from bnncl.kernels.families.vertical import VerticalConv
from bnncl.numerics.bits import words_for
from bnncl.ops.conv import BinaryConv
from bnncl.ops.window import Window
from bnncl.targets import CONSTANT_TIME, Target

_MAX_OFFSET = 2**28
"""Weights of one group, and entries of one row of the map, at most: distances in bytes are below 2**31."""
_WITH_CACHES = frozenset({"cortex-m7", "cortex-m55", "aarch64", "host"})
"""Cores that have caches of data, or may have."""
_PER_CHANNEL_LISTED = {"thumb2": 9.0, "v6m": 17.0, "rv32": 10.5}
"""More instructions for each channel in constant time, where all are listed."""


class RowsConv(VerticalConv):
    """A vertical binary convolution whose lists hold, in 32 bits, where each row of weights lies."""

    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/internal/add_rows.h",
        "bnncl/internal/bconv_rows.h",
        "bnncl/internal/list_rows.h",
        "bnncl/internal/planes.h",
        "bnncl/internal/row_lists.h",
        "bnncl/internal/row_part.h",
        "bnncl/internal/rows.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    helpers: ClassVar[tuple[str, ...]] = (
        "bnncl_add_rows",
        "bnncl_bconv_rows",
        "bnncl_build_lines",
        "bnncl_list_rows",
    )
    keeps_planes = False

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the family accepts, unless columns are dilated or distances would not fit.

        Which rows are read depends on the data: where a cache would tell, not in constant time.
        """
        tells = CONSTANT_TIME in target.features and target.name in _WITH_CACHES
        if tells or not super().accepts(op, types, target):
            return False
        assert isinstance(op, BinaryConv)
        _, in_w, channels = types[0].shape
        return op.window.dilation_w == 1 and max(op.window.taps, in_w) * (channels + 1) < _MAX_OFFSET

    def plane_count(self, op: BinaryConv, x: TensorType) -> int:
        """Bits of a counter: even, 6 or more, with ceil(K / 2) <= 2**(bits - 1) - 2."""
        return plane_count(op.window, x)

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """Parts of one pixel, carries, planes, and the lists of the rows that one window covers."""
        assert isinstance(op, BinaryConv)
        planes = self.plane_count(op, types[0])
        return 4 * scratch_words(op.window, types[0], op.infer(*types), planes, self.keeps_planes)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each row added, at the op's density, line, group, pixel and listed channel."""
        assert isinstance(op, BinaryConv)
        work = Work.of(op, types[0], op.infer(*types))
        name = instruction_set(target)
        rates = (ROWS if name in target.features else PORTABLE_ROWS)[name]
        group = rates.group + (rates.sums if self.keeps_planes else 0)
        copied = work.rest * PER_COPIED if self.keeps_planes else 0
        constant = CONSTANT_TIME in target.features
        added = work.taps * work.in_channels * (1 if constant else op.expected_density)
        each = added * rates.row + work.lines * rates.line + work.pixels * group
        channel = rates.channel + (_PER_CHANNEL_LISTED[name] if constant else 0)
        return round(work.groups * each + work.pixels * rates.pixel + work.channels * channel + copied)


def plane_count(window: Window, x: TensorType) -> int:
    """Bits of a counter: even, 6 or more, with ceil(K / 2) <= 2**(bits - 1) - 2."""
    half = -(-window.taps * x.channels // 2)
    return next(bits for bits in range(6, 64, 2) if half <= (1 << (bits - 1)) - 2)


def scratch_words(window: Window, x: TensorType, out: TensorType, planes: int, keeps_planes: bool) -> int:
    """Words of scratch of a convolution over active rows, as `bnncl_rows_plan_in` cuts them up."""
    in_h, in_w, channels = x.shape
    parts = 5 * window.filter_h + 3 * (out.shape[1] + 1)
    carries = 2 * (3 + window.filter_h + window.taps * channels // 16)
    kept = 16 * words_for(out.channels) + 64 if keeps_planes else planes + 2
    ring = min(in_h, (window.filter_h - 1) * window.dilation_h + 1)
    return parts + carries + kept + ring * (in_w * (channels + 1) + 2)
