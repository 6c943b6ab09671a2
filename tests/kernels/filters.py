"""Convolutions with filters that learn, their gradients, and numbers for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ops.tail.backward import FilterInputGradient
from bnncl.ops.tail.exponents import EXPONENT, mantissa
from bnncl.ops.tail.forward import FilterConv
from bnncl.ops.tail.parameters import MOST, MOST_NARROW, AccumulateFilter, AccumulateFilterNarrow, FilterSum
from bnncl.ops.window import Window

Specimen = tuple[Op, tuple[TensorType, ...]]
ACCUMULATOR = Int(-MOST, MOST, 32)


def forward(window: Window, x: TensorType, out_channels: int, pad_value: int) -> Specimen:
    """A convolution of `x` with signs."""
    signs = TensorType((out_channels, window.taps, x.channels), Binary())
    return FilterConv(x="x", y="signs", output="y", window=window, pad_value=pad_value), (x, signs)


def input_gradient(window: Window, x: TensorType, out_channels: int, bits: int = 16) -> Specimen:
    """The gradient of the input `x` of such a convolution; mantissas have `bits` bits."""
    gradient = TensorType((*window.out_size(x.shape), out_channels), mantissa(bits))
    signs = TensorType((window.taps, x.channels, out_channels), Binary())
    in_h, in_w, _ = x.shape
    op = FilterInputGradient(x="d", y="signs", output="dx", window=window, in_h=in_h, in_w=in_w)
    return op, (gradient, signs)


def accumulation(window: Window, x: TensorType, out_channels: int, pad_value: int, limit: int) -> Specimen:
    """The gradient of its filter; what is added of each output saturates at `limit`."""
    gradient = TensorType((*window.out_size(x.shape), out_channels), mantissa(16))
    op = AccumulateFilter(
        acc="acc",
        x="x",
        gradient="d",
        gradient_exponent="e",
        output="acc_new",
        bias=-9,
        exponent=-20,
        limit=limit,
        window=window,
        pad_value=pad_value,
    )
    acc = TensorType((out_channels, window.taps, x.channels), ACCUMULATOR)
    return op, (acc, x, gradient, EXPONENT)


def narrow_accumulation(
    window: Window, x: TensorType, out_channels: int, pad_value: int, limit: int = MOST_NARROW
) -> Specimen:
    """The same with sums in int16 within `limit`."""
    wide, (_, *others) = accumulation(window, x, out_channels, pad_value, limit)
    acc = TensorType((out_channels, window.taps, x.channels), Int(-limit, limit, 16))
    return AccumulateFilterNarrow(**vars(wide)), (acc, *others)


def exponent_for(op: Op, shift: int) -> Array:
    """The exponent of gradients that an accumulation shifts right by `shift` bits."""
    assert isinstance(op, FilterSum)
    return np.full((1, 1, 1), op.exponent - op.bias - shift, np.int64)


def filter_specimens() -> Iterator[Specimen]:
    """One op for each kernel."""
    window = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
    for domain in (Binary(), Int(-128, 127, 8), Int(0, 255, 8)):
        x = TensorType((5, 6, 33), domain)
        yield forward(window, x, 40, 0)
        yield accumulation(window, x, 40, 0, 1000)
        yield narrow_accumulation(window, x, 40, 0)
    yield input_gradient(window, x, 40)
