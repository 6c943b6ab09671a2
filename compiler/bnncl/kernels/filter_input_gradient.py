"""`bnncl_filter_input_gradient`: gradient of the input of a convolution with signs that learn."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.families.filters import BYTE_TABLE, PER_ENTRY, SIGNS, tables_for
from bnncl.kernels.params import INPUT, OUTPUT, SCRATCH, WINDOW, window_fits, window_struct
from bnncl.ops.tail.backward import FilterInputGradient
from bnncl.targets import Target

_PER_SUM, _PER_CHOICE = 6, 4


class FilterInputGradientKernel(Kernel):
    """Transposed convolution of int16 gradients: tables of the signed sums of eight channels."""

    symbol = "bnncl_filter_input_gradient"
    header = "bnncl/filter.h"
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/internal/sign_tables.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields."""
        if not isinstance(op, FilterInputGradient) or types[0].ctype != "int16_t":
            return False
        return window_fits(op.window, op.infer(*types).shape, types[0].shape[:2])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The convolution's own window; the signs are the second input."""
        assert isinstance(op, FilterInputGradient)
        window = window_struct(op.window, op.infer(*types), types[0])
        return Binding((), (window,), (INPUT, SIGNS, OUTPUT, SCRATCH, WINDOW))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The tables of up to 32 output channels."""
        return 4 * BYTE_TABLE * tables_for(types[0].channels, 8)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Tables for each 32 channels of each position, a choice for each tap and input channel."""
        height, width, channels = types[0].shape
        taps, in_channels, _ = types[1].shape
        tables = tables_for(channels, 8)
        word = tables * BYTE_TABLE * PER_ENTRY + taps * in_channels * (_PER_SUM + _PER_CHOICE * tables)
        return height * width * types[0].words_per_pixel * word
