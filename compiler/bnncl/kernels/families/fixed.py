"""Convolutions with an integer filter: one kernel for each type of input, filter and epilogue."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, ConstArray, Kernel, ParamStruct, Ref
from bnncl.kernels.packing import dense
from bnncl.kernels.params import (
    INPUT,
    OUTPUT,
    SCRATCH,
    WINDOW,
    Bound,
    EpilogueKind,
    border,
    border_fits,
    epilogue,
    epilogue_fits,
    window_fits,
    window_struct,
)
from bnncl.ops.conv import FixedConv
from bnncl.ops.window import BorderClasses
from bnncl.targets import Target

_PER_PRODUCT, _PER_OUTPUT, _PER_PIXEL = 5, 70, 300


class FixedConvKernel(Kernel):
    """A fixed convolution of `input_type` (C type, `uint32_t` for bits) with weights of `weight_bits`.

    The filter is stored as [out_channel][filter_h][filter_w][in_channel]; a kernel for 16-bit weights also
    takes a filter that would fit 8. Where the input is binary the bias holds the sum of the weights inside.
    """

    header = "bnncl/fconv.h"
    constant_time = True
    includes: ClassVar[tuple[str, ...]] = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/fixed.h",
        "bnncl/internal/dot.h",
        "bnncl/internal/fconv.h",
        "bnncl/internal/sink.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    input_type: ClassVar[str]
    weight_bits: ClassVar[int]
    epilogue_kind: ClassVar[EpilogueKind]

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields and the border tables, on every target."""
        if not isinstance(op, FixedConv) or not epilogue_fits(op.epilogue, self.epilogue_kind):
            return False
        shape = types[0].shape
        if not window_fits(op.window, shape, op.window.out_size(shape)):
            return False
        fits = border_fits(BorderClasses.of(op.window, shape)) and op.filter_bits <= self.weight_bits
        return fits and types[0].ctype == self.input_type

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Filter, bias for each border class, epilogue, border classes and window."""
        assert isinstance(op, FixedConv)
        classes = BorderClasses.of(op.window, types[0].shape)
        weights = self.filter(op.filter.data)
        bias, after = bias_struct(border_biases(op, types[0], classes), classes), epilogue(op.epilogue)
        return Binding(
            (weights, *bias.arrays, *after.arrays),
            (*bias.structs, *after.structs, window_struct(op.window, types[0], op.infer(*types))),
            (INPUT, Ref("array", "filter"), OUTPUT, SCRATCH, *bias.args, *after.args, WINDOW),
        )

    def filter(self, weights: NDArray[np.int64]) -> ConstArray:
        """The weights (O, filter_h, filter_w, I) as the function reads them."""
        weight_type = f"int{self.weight_bits}_t"
        axes = ("out_channel", "filter_h", "filter_w", "in_channel")
        return dense("filter", weight_type, weights.astype(weight_type[:-2]), axes)

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The pixels under one window."""
        assert isinstance(op, FixedConv)
        height, width, _ = types[0].shape
        return -(-op.window.taps * (types[0].stored_bytes // (height * width)) // 4) * 4

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each product, output and pixel; wider weights break ties."""
        assert isinstance(op, FixedConv)
        height, width, channels = op.infer(*types).shape
        products = op.window.taps * types[0].channels
        pixel = channels * (products * _PER_PRODUCT + _PER_OUTPUT) + _PER_PIXEL
        return height * width * pixel + self.weight_bits


def bias_struct(values: NDArray[np.int32], classes: BorderClasses) -> Bound:
    """The `bnncl_bias` of `values` (row classes, column classes, O)."""
    bias = dense("bias", "int32_t", values, ("row_class", "column_class", "out_channel"))
    edges = border(classes)
    fields = (("values", Ref("array", bias.name)), *edges.structs[0].fields)
    struct = ParamStruct("bias", "bnncl_bias", fields)
    return Bound((bias, *edges.arrays), (struct,), (Ref("struct", struct.name),))


def border_biases(op: FixedConv, x: TensorType, classes: BorderClasses) -> NDArray[np.int32]:
    """What the accumulators of each border class start at, (row classes, column classes, O)."""
    bias = op.bias.data.astype(np.int64)
    if x.domain == Binary():
        inside = classes.sums_inside(op.filter.data.astype(np.int64).sum(3))
        bias = bias + np.moveaxis(inside, 0, -1)
    assert np.array_equal(bias, bias.astype(np.int32)), "the compiler's interval proof does not hold"
    return bias.astype(np.int32)
