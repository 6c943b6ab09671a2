"""Ops of layers that learn, with the types that their kernels read."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import INT32_MAX, Binary, Int, Shape, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.ops.tail.backward import (
    ChannelMultiple,
    ChannelProduct,
    HeadInputGradient,
    Masked,
    MaxPoolGradient,
    Product,
    SlopeGradient,
    SumPoolGradient,
    Unflatten,
)
from bnncl.ops.tail.exponents import EXPONENT, AlignedSum, BlockExponent, Normalise, SumExponent
from bnncl.ops.tail.forward import ChannelAffine, PassMask, SignAt, SlopedUnit, TentSlope
from bnncl.ops.tail.parameters import (
    CURSOR,
    Accumulate,
    ChannelDot,
    ChannelSum,
    Clear,
    Copy,
    Rule,
    SignBits,
    Update,
)
from bnncl.ops.window import Window
from tests.kernels.cases import assert_all_equal, sample

Specimen = tuple[Op, tuple[TensorType, ...]]

I8, U8 = Int(-128, 127, 8), Int(0, 255, 8)
I16, I32 = Int(-32768, 32767, 16), Int(-INT32_MAX, INT32_MAX - 1, 32)
"""Every number that a value of a graph can have."""

MANTISSAS = Int(-32767, 32767, 16)
SLOPES = Int(0, 127, 8)
MAPS: tuple[Shape, ...] = ((1, 1, 1), (1, 1, 40), (2, 3, 31), (5, 7, 32), (3, 1, 33))
POOLED = {"u8": U8, "i8": I8, "i16": I16, "i32": I32}


def of_channels(x: TensorType, domain: Int = I16) -> TensorType:
    """A parameter of the channels of `x`."""
    return TensorType((1, 1, x.channels), domain)


def as_shape(x: TensorType, domain: Binary | Int) -> TensorType:
    """A value of the shape of `x`."""
    return TensorType(x.shape, domain)


def affine(shift: int, offset_shift: int = 0, lo: int = -128, hi: int = 127) -> ChannelAffine:
    """An affine map to 8 bits."""
    return ChannelAffine(
        output="y", x="x", scale="s", offset="o", shift=shift, offset_shift=offset_shift, lo=lo, hi=hi, bits=8
    )


def sloped(shift: int, positive: bool) -> SlopedUnit:
    """A unit of int8."""
    both = "p" if positive else None
    return SlopedUnit(output="y", x="x", slope="s", positive=both, shift=shift, lo=-128, hi=127)


def slope_gradient(shift: int, positive: bool) -> SlopeGradient:
    """Its gradient."""
    return SlopeGradient(
        output="y", x="x", of="of", slope="s", positive="p" if positive else None, shift=shift
    )


def normalise(bias: int, bits: int) -> Normalise:
    """Mantissas of `bits` bits."""
    return Normalise(output="y", x="x", x_exponent="xe", exponent="e", bias=bias, bits=bits)


def aligned_sum(x_bias: int, y_bias: int, bits: int) -> AlignedSum:
    """A sum of mantissas of `bits` bits."""
    names = {"x": "x", "x_exponent": "xe", "y": "y", "y_exponent": "ye", "exponent": "e", "output": "z"}
    return AlignedSum(**names, x_bias=x_bias, y_bias=y_bias, bits=bits)


def accumulate(bias: int, exponent: int, limit: int) -> Accumulate:
    """A gradient added up."""
    names = {"output": "z", "acc": "acc", "x": "x", "x_exponent": "xe"}
    return Accumulate(**names, bias=bias, exponent=exponent, limit=limit)


def update(shift: int, limit: int, stochastic: bool, rule: Rule, multiplier: int = 2**30) -> Update:
    """A step of SGD."""
    return Update(
        output="z",
        x="x",
        acc="acc",
        cursor="cursor",
        multiplier=multiplier,
        shift=shift,
        limit=limit,
        stochastic=stochastic,
        stream=77,
        rule=rule,
    )


def tail_ops() -> Iterator[Specimen]:
    """For every kernel of layers that learn an op that it accepts."""
    x = TensorType((5, 6, 33), I8)
    yield from _forward(x)
    yield from _exponents(as_shape(x, MANTISSAS))
    yield from _backward(as_shape(x, MANTISSAS))
    yield from _parameters()


def _forward(x: TensorType) -> Iterator[Specimen]:
    of = of_channels(x)
    yield sloped(8, False), (x, of)
    yield sloped(8, True), (x, of, of)
    for domain in (I8, U8):
        number = as_shape(x, domain)
        yield affine(8), (number, of, of)
        yield SignAt(output="y", x="x", y="o", shift=3), (number, of)
        yield PassMask(output="y", x="x", offset="o", shift=3, lo=-300, hi=300), (number, of)
        yield TentSlope(output="y", x="x", y="o", shift=6, one=13), (number, of)
    for domain in (I8, U8, I16, I32):
        yield PassMask(output="y", x="x", lo=-100, hi=99), (as_shape(x, domain),)


def _exponents(x: TensorType) -> Iterator[Specimen]:
    for source in (x, as_shape(x, I32)):
        yield BlockExponent(output="e", x="x", y="xe", bias=-9, bits=8), (source, EXPONENT)
        yield normalise(-9, 8), (source, EXPONENT, EXPONENT)
    yield BlockExponent(output="e", x="x", y="xe", bias=-9, bits=8, fixed=-12), (x, EXPONENT)
    yield SumExponent(output="e", x="xe", y="ye", x_bias=-3, y_bias=4, bits=16), (EXPONENT, EXPONENT)
    yield aligned_sum(-3, 4, 16), (x, EXPONENT, x, EXPONENT, EXPONENT)


def _backward(x: TensorType) -> Iterator[Specimen]:
    of, pool, flat = of_channels(x), Window(2, 2, 2, 2), TensorType((1, 1, 990), MANTISSAS)
    delta, rows = TensorType((1, 1, 50), Int(-255, 255, 16)), TensorType((1, 50, 34), I16)
    yield (
        HeadInputGradient(output="y", x="d", y="w", q_forward=8, q_backward=16, bias_features=1),
        (delta, rows),
    )
    yield ChannelMultiple(output="y", x="x", factor=Constant(np.full(33, -3, np.int16))), (x,)
    yield ChannelProduct(output="y", x="x", y="s"), (x, of)
    yield slope_gradient(8, False), (x, as_shape(x, I8), of)
    yield slope_gradient(8, True), (x, as_shape(x, I8), of, of)
    for source in (x, as_shape(x, I32)):
        yield Masked(output="y", x="x", y="m"), (source, as_shape(x, Binary()))
    yield Product(output="y", x="x", y="t"), (x, as_shape(x, SLOPES))
    small = TensorType((2, 3, 33), MANTISSAS)
    yield SumPoolGradient(output="y", x="x", window=pool, in_h=5, in_w=6), (small,)
    for domain in POOLED.values():
        yield MaxPoolGradient(output="y", x="x", y="of", window=pool), (small, as_shape(x, domain))
    yield Unflatten(output="y", x="x", height=5, width=6), (flat,)
    yield ChannelSum(output="y", x="x"), (x,)
    for domain in (I8, U8, I16):
        yield ChannelDot(output="y", x="x", y="of", shift=8), (x, as_shape(x, domain))


def _parameters() -> Iterator[Specimen]:
    sums, weights = TensorType((33, 9, 40), I32), TensorType((33, 9, 40), I16)
    yield accumulate(-9, -20, 2**20), (sums, sums, EXPONENT)
    for domain, limit in ((I16, 32767), (I8, 127)):
        held = as_shape(weights, domain)
        yield update(32, limit, True, "accumulate"), (held, sums, CURSOR)
        yield SignBits(output="z", x="s", y="w"), (as_shape(weights, Binary()), held)
        turned = TensorType((9, 40, 33), Binary())
        yield SignBits(output="z", x="s", y="w", transposed=True), (turned, held)
        yield update(32, limit, True, "accumulate"), (held, as_shape(sums, I16), CURSOR)
    yield Clear(output="z", x="acc"), (sums,)
    yield Clear(output="z", x="acc"), (as_shape(sums, I16),)
    yield Copy(output="z", x="kept", y="w"), (weights, weights)


def compare(
    library: ctypes.CDLL,
    op: Op,
    types: tuple[TensorType, ...],
    rng: np.random.Generator | None,
    symbol: str,
    *arrays: Array | None,
) -> None:
    """Hold the kernel `symbol`, the only one for `op`, to the op's meaning.

    With `rng` numbers are drawn, then are 0, and all at one end: `arrays` overrides those it holds.
    """
    kinds = ("drawn", "zero", "lo", "hi") if rng else ("given",)
    for kind in kinds:
        made = [
            array if array is not None else _numbers(kind, type_, rng)
            for array, type_ in zip_longest(arrays, types)
        ]
        assert assert_all_equal(library, op, types, *made) == (symbol,)


def _numbers(kind: str, type_: TensorType, rng: np.random.Generator | None) -> Array:
    low, high = element_range(type_.domain)
    if kind == "drawn":
        assert rng is not None
        return sample(type_, 0.5, rng)
    zero = 0 if isinstance(type_.domain, Int) and low <= 0 else 1
    return np.full(type_.shape, {"zero": zero, "lo": low, "hi": high}[kind])
