"""Integer filters and biases for a convolution of real numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, TensorType, element_range
from bnncl.ir.values import Meaning
from bnncl.ops.conv import RealConv
from bnncl.ops.window import BorderClasses

_ACC_LIMIT = INT32_MAX - 2
_EQUAL = 1e-6
_WHOLE = 2**-8


@dataclass(frozen=True, eq=False)
class IntegerFilter:
    """Filter (O, h, w, I) and bias (row classes, column classes, O) as integers; a unit is scale[o]."""

    filter: Array
    bias: Array
    scale: Array


def quantise_filter(op: RealConv, x: TensorType, meaning: Meaning, bits: int) -> IntegerFilter:
    """The integer form of `op` for an input of type `x` whose numbers stand for `meaning`.

    With input i holding real = s_i * q + o_i, a window gives
    b + sum_inside w * (s_i * q + o_i) + sum_padding w * pad = sum_inside (w * s_i) * q + bias[class].
    Each output channel gets the finest scale that keeps its filter in `bits` bits and its accumulator
    provably in int32. A filter that is one magnitude with signs (and zeros) is exact as ±1; where the
    bias is no whole number of that magnitude, as ±127, so that rounding it changes little either.
    """
    weights = op.filter.data.astype(np.float64) * meaning.scale
    bias = _real_bias(op, x, meaning)
    largest = max(map(abs, element_range(x.domain)))
    scale = np.array([_scale(weights[o], bias[..., o], largest, bits) for o in range(op.out_channels)])
    integers = np.rint(weights / scale[:, None, None, None]).astype(np.int64)
    return IntegerFilter(integers.astype(np.int16), np.rint(bias / scale).astype(np.int32), scale)


def _real_bias(op: RealConv, x: TensorType, meaning: Meaning) -> Array:
    """Real bias of each border class: (row classes, column classes, O)."""
    weights = op.filter.data.astype(np.float64)
    inside = (weights * meaning.offset).sum(-1)
    padding = (weights * op.pad_value).sum(-1)
    classes = BorderClasses.of(op.window, x.shape)
    total = classes.sums_inside(inside - padding) + padding.sum((1, 2))[:, None, None]
    bias = 0.0 if op.bias is None else op.bias.data.astype(np.float64)
    return np.asarray(np.moveaxis(total, 0, -1) + bias)


def _scale(weights: Array, bias: Array, largest: int, bits: int) -> float:
    magnitudes = np.abs(weights[weights != 0])
    most = float(np.abs(bias).max())
    if not magnitudes.size:
        return max(most, 1.0) / 2**24
    peak = float(magnitudes.max())
    needed = (float(np.abs(weights).sum()) * largest + most) / (_ACC_LIMIT - largest * weights.size)
    if float(magnitudes.min()) >= peak * (1 - _EQUAL):
        one = float(magnitudes.mean())
        unit = one if np.abs(bias / one - np.rint(bias / one)).max() <= _WHOLE else one / 127
        if unit >= needed:
            return unit
    return max(peak / ((1 << (bits - 1)) - 1), needed)


def effective_bits(filter_: Array) -> int:
    """8 where every entry fits int8, else 16."""
    return 8 if int(np.abs(filter_.astype(np.int64)).max(initial=0)) <= 127 else 16
