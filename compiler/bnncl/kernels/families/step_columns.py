"""Convolutions by columns to signs of one step: filters of four channels side by side, steps in the bias."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import INT32_MAX, Int, TensorType
from bnncl.kernels.base import Binding, ConstArray, Ref
from bnncl.kernels.families.columns import ColumnConv, Rates
from bnncl.kernels.families.fixed import bias_struct, border_biases
from bnncl.kernels.packing import bit_words, flat_index, pad_to_words
from bnncl.kernels.params import INPUT, OUTPUT, SCRATCH, WINDOW, window_struct
from bnncl.ops.conv import FixedConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.window import BorderClasses
from bnncl.targets import Target

_BLOCK = 4


class StepColumnConv(ColumnConv):
    """A fixed convolution of numbers with weights of 16 bits to the signs of one step for each channel.

    What is compared is a sign only: the bias holds the step, which lies at the ends of the accumulator's
    range where it is never or always reached.
    """

    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/epilogue.h",
        "bnncl/internal/column_step.h",
        "bnncl/internal/columns.h",
        "bnncl/internal/dot_columns.h",
        "bnncl/internal/step_columns.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    helpers = ("bnncl_step_columns",)
    epilogue_kind = Steps
    rates: ClassVar[dict[str, Rates]] = {
        "mve": (0.63, 7.0, 3.6, 130),
        "dsp": (1.75, 5.5, 3.6, 130),
        "thumb2": (6.0, 9.0, 4.0, 147),
        "v6m": (7.75, 9.5, 6.0, 148),
        "rv32": (7.25, 8.0, 5.0, 144),
        "": (8.0, 8.0, 8.0, 120),
    }

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the family accepts, with one step and sums that stay in int32 with the step subtracted."""
        if not super().accepts(op, types, target):
            return False
        assert isinstance(op, FixedConv)
        sums = op.accumulator(types[0])
        one_step = isinstance(op.epilogue, Steps) and op.epilogue.count == 1
        return one_step and sums.hi - sums.lo < INT32_MAX

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Filter, bias less the step for each border class, signs from the step on, and the window."""
        assert isinstance(op, FixedConv)
        assert isinstance(op.epilogue, Steps)
        classes = BorderClasses.of(op.window, types[0].shape)
        weights = self.filter(op.filter.data)
        missing = -op.out_channels % _BLOCK
        less = border_biases(op, types[0], classes) - _clipped(op.epilogue, op.accumulator(types[0]))
        bias = bias_struct(np.pad(less, ((0, 0), (0, 0), (0, missing))).astype(np.int32), classes)
        reached = bit_words("reached", op.epilogue.first.data > 0, ("out_channel",))
        return Binding(
            (weights, *bias.arrays, reached),
            (*bias.structs, window_struct(op.window, types[0], op.infer(*types))),
            (INPUT, Ref("array", "filter"), OUTPUT, SCRATCH, *bias.args, Ref("array", "reached"), WINDOW),
        )

    def filter(self, weights: NDArray[np.int64]) -> ConstArray:
        """The weights (O, filter_h, filter_w, I), two in a word, four channels to each word of a column."""
        bits = weights.astype(np.int16).view(np.uint16)[..., None] >> np.arange(16) & 1
        axes = ("out_channel", "filter_h", "filter_w", "in_channel", "bit")
        index = pad_to_words(flat_index((len(weights), bits[0].size)))
        by_channel = index.reshape(len(weights), -1, index.shape[-1])
        filled = np.pad(by_channel, ((0, -len(weights) % _BLOCK), (0, 0), (0, 0)), constant_values=-1)
        blocks = filled.reshape(-1, _BLOCK, *filled.shape[1:]).swapaxes(1, 2)
        return bit_words("filter", bits, axes, blocks.reshape(-1, index.shape[-1]))


def _clipped(steps: Steps, sums: Int) -> NDArray[np.int64]:
    """The steps (C,), those beyond the sums at their ends."""
    clipped: NDArray[np.int64] = np.clip(steps.at.data[0].astype(np.int64), sums.lo, sums.hi + 1)
    return clipped
