"""Depthwise binary convolutions: 32 channels in the bits of a word."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, Ref
from bnncl.kernels.packing import bit_words
from bnncl.kernels.params import (
    INPUT,
    OUTPUT,
    WINDOW,
    EpilogueKind,
    epilogue,
    epilogue_fits,
    window_fits,
    window_struct,
)
from bnncl.ops.conv import GroupedConv
from bnncl.targets import Target

_MOST_TAPS = 255
_PER_TAP, _PER_PLANE, _PER_OUTPUT, _PER_PIXEL = 22, 5, 24, 120


class DepthwiseConv(Kernel):
    """A convolution in groups of one channel with one output each, whose epilogue is of `epilogue_kind`.

    The filter is stored as [filter_h][filter_w][word], channels in the bits.
    """

    header = "bnncl/bconv_depthwise.h"
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/fixed.h",
        "bnncl/internal/bconv_depthwise.h",
        "bnncl/internal/planes.h",
        "bnncl/internal/sink.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    constant_time = True
    epilogue_kind: ClassVar[EpilogueKind]

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Groups of one channel to one, windows of at most 255 taps, on every target."""
        if not isinstance(op, GroupedConv) or not epilogue_fits(op.epilogue, self.epilogue_kind):
            return False
        (x,) = types
        depthwise = op.group_channels == 1 and op.out_channels == x.channels
        fits = op.window.taps <= _MOST_TAPS and window_fits(op.window, x.shape, op.window.out_size(x.shape))
        return depthwise and fits

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The packed filter, bits of a counter, the epilogue and the window."""
        assert isinstance(op, GroupedConv)
        axes = ("filter_h", "filter_w", "channel")
        bits = np.moveaxis(op.filter.data[..., 0] < 0, 0, -1)
        window = window_struct(op.window, types[0], op.infer(*types), op.pad_value)
        after = epilogue(op.epilogue)
        return Binding(
            (bit_words("filter", bits, axes), *after.arrays),
            (*after.structs, window),
            (INPUT, Ref("array", "filter"), OUTPUT, _planes(op), *after.args, WINDOW),
        )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each tap of each word and plane, each output and its bits, and each pixel."""
        assert isinstance(op, GroupedConv)
        height, width, channels = op.infer(*types).shape
        words = types[0].words_per_pixel
        taps = words * op.window.taps * (_PER_TAP + _planes(op) * _PER_PLANE)
        return height * width * (taps + channels * (_PER_OUTPUT + _planes(op) * _PER_PLANE) + _PER_PIXEL)


def _planes(op: GroupedConv) -> int:
    """Bits of a counter."""
    return op.window.taps.bit_length()
