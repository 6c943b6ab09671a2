"""Convolutions with filters that learn: forward over integers, gradient of the filter."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.params import INPUT, OUTPUT, SCRATCH, WINDOW, window_fits, window_struct
from bnncl.ops.tail.forward import FilterConv
from bnncl.ops.tail.parameters import (
    BLOCK,
    MOST_NARROW,
    AccumulateFilter,
    AccumulateFilterNarrow,
    FilterSum,
)
from bnncl.targets import Target

SIGNS = Ref("input", "1")
BYTE_TABLE, NIBBLE_TABLE = 256, 16
"""Words of a table of the signed sums of eight numbers, and of four."""

PER_ENTRY = 3
"""Instructions for each entry of a table."""

PAIR_HELPERS = ("bnncl_add_pairs", "bnncl_pair_table")
"""What kernels call that make tables of two rows of numbers at a time."""

_PER_SUM, _PER_CHOICE, _PER_COLUMN, _PER_ROUNDED = 7, 4, 35, 16
_PER_PAIR, _PER_PLACE, _PER_TURNED = 5, 5, 10


def tables_for(numbers: int, each: int) -> int:
    """How many tables of `each` numbers it takes for at most 32 of `numbers`."""
    return -(-min(numbers, 32) // each)


class FilterConvKernel(Kernel):
    """Convolution of `x_type` (a C type) with signs that are a state."""

    header = "bnncl/filter.h"
    includes = (
        "bnncl/bits.h",
        "bnncl/internal/element.h",
        "bnncl/internal/filter_conv.h",
        "bnncl/internal/sign_tables.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    x_type: ClassVar[str]

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields; padding counts as 0."""
        if not isinstance(op, FilterConv) or types[0].ctype != self.x_type or op.pad_value != 0:
            return False
        return window_fits(op.window, types[0].shape, op.window.out_size(types[0].shape))

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The window; the signs are the second input."""
        assert isinstance(op, FilterConv)
        window = window_struct(op.window, types[0], op.infer(*types))
        return Binding((), (window,), (INPUT, SIGNS, OUTPUT, SCRATCH, WINDOW))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The tables of up to 32 input channels."""
        return 4 * NIBBLE_TABLE * tables_for(types[0].channels, 4)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Tables for each word under the window, and a few instructions for each word of each output."""
        assert isinstance(op, FilterConv)
        height, width, channels = op.infer(*types).shape
        tables = tables_for(types[0].channels, 4)
        word = tables * NIBBLE_TABLE * PER_ENTRY + channels * (8 + 4 * tables)
        return height * width * op.window.taps * types[0].words_per_pixel * word


class AccumulateFilterKernel(Kernel):
    """Gradient of a filter over inputs of `x_type`, added to a state of `sum_type` (C types)."""

    header = "bnncl/filter.h"
    x_type: ClassVar[str]
    sum_type: ClassVar[str] = "int32_t"

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields; padding of integers counts as 0."""
        narrow = self.sum_type == "int16_t"
        if not isinstance(op, AccumulateFilterNarrow if narrow else AccumulateFilter):
            return False
        if [each.ctype for each in types] != [self.sum_type, self.x_type, "int16_t", "int32_t"]:
            return False
        if op.pad_value != 0 and self.x_type != "uint32_t":
            return False
        if narrow and not 0 < op.limit <= MOST_NARROW:
            return False
        return window_fits(op.window, types[1].shape, types[2].shape[:2])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The window and the alignment; the first input is what is added to."""
        assert isinstance(op, FilterSum)
        fields = (("exponent", op.exponent - op.bias), ("limit", op.limit))
        window = window_struct(op.window, types[1], types[2], op.pad_value)
        alignment = ParamStruct("alignment", "bnncl_alignment", fields)
        inputs = tuple(Ref("input", str(at)) for at in range(4))
        return Binding((), (alignment, window), (*inputs, SCRATCH, Ref("struct", "alignment"), WINDOW))

    def rounding(self, types: tuple[TensorType, ...]) -> int:
        """Instructions that it takes to round what a block gives and to add it to a narrow sum."""
        height, width, _ = types[2].shape
        blocks = -(-height * width // BLOCK)
        return _PER_ROUNDED * blocks * types[0].elements if self.sum_type == "int16_t" else 0


class AccumulateFilterBits(AccumulateFilterKernel):
    """The gradient over binary inputs: tables of the signed sums of eight gradients."""

    x_type = "uint32_t"
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/fixed.h",
        "bnncl/gradient.h",
        "bnncl/internal/filter_accumulate_bits.h",
        "bnncl/internal/position.h",
        "bnncl/internal/sign_tables.h",
        "bnncl/types.h",
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The inputs and the padding of 32 positions, and the tables of their gradients."""
        _, taps, channels = types[0].shape
        return 4 * ((channels + 1) * taps + BYTE_TABLE * self._tables(types))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """For each 32 positions the inputs turned round, tables for each channel, a choice for each sum."""
        out, taps, channels = types[0].shape
        height, width, _ = types[2].shape
        tables = self._tables(types)
        each = taps * channels * (_PER_SUM + _PER_CHOICE * tables) + tables * BYTE_TABLE * PER_ENTRY
        blocks = -(-height * width // BLOCK)
        return blocks * (out * each + taps * channels * _PER_COLUMN) + self.rounding(types)

    def _tables(self, types: tuple[TensorType, ...]) -> int:
        height, width, _ = types[2].shape
        return tables_for(height * width, 8)


class AccumulateFilterBitsPairs(AccumulateFilterBits):
    """The same with tables of two output channels at a time."""

    helpers = PAIR_HELPERS
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/fixed.h",
        "bnncl/gradient.h",
        "bnncl/internal/filter_accumulate_pairs.h",
        "bnncl/internal/pair_tables.h",
        "bnncl/internal/pairs.h",
        "bnncl/internal/position.h",
        "bnncl/types.h",
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The tables of 32 positions, their padding, and the places that the inputs choose."""
        _, taps, channels = types[0].shape
        tables = self._tables(types)
        return 4 * (2 * BYTE_TABLE * tables + taps + -(-taps * channels * tables // 2))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """For each 32 positions their places, tables for each two channels, a choice for each two sums."""
        out, taps, channels = types[0].shape
        height, width, _ = types[2].shape
        tables = self._tables(types)
        each = taps * channels * (_PER_PAIR + _PER_PLACE * tables) + tables * BYTE_TABLE * PER_ENTRY
        blocks = -(-height * width // BLOCK)
        return blocks * ((out + 1) // 2 * each + taps * channels * _PER_TURNED * tables)


class AccumulateFilterIntegers(AccumulateFilterKernel):
    """The gradient over 8-bit integers: 32 positions at a time."""

    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/fixed.h",
        "bnncl/gradient.h",
        "bnncl/internal/filter_accumulate.h",
        "bnncl/internal/position.h",
        "bnncl/types.h",
    )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The inputs of 32 positions under one tap, channels in pairs."""
        return 64 * -(-types[1].channels // 2)

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each product, and some for each gradient."""
        height, width, channels = types[2].shape
        return height * width * (types[0].elements * 4 + channels * 30) + self.rounding(types)
