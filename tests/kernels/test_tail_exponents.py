"""Kernels of exponents, and of what is brought to them, against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, TensorType
from bnncl.ops.tail.exponents import EXPONENT, BlockExponent, FixedExponent, SumExponent, mantissa
from tests.kernels.tail_cases import I16, I32, MAPS, accumulate, aligned_sum, compare, normalise

SHIFTS = range(-40, 41)
WIDE = {"i16": I16, "i32": I32}


def exponent(number: int) -> Array:
    """The value of an exponent."""
    return np.full((1, 1, 1), number)


@pytest.mark.parametrize("bits", [2, 8, 16])
@pytest.mark.parametrize("name", WIDE)
def test_block_exponent(library: ctypes.CDLL, name: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    op = BlockExponent(output="e", x="x", y="xe", bias=-17, bits=bits)
    symbol = f"bnncl_block_exponent_{name}"
    for shape in MAPS:
        types = (TensorType(shape, WIDE[name]), EXPONENT)
        compare(library, op, types, rng, symbol)
        for place in range(WIDE[name].bits - 1):
            for peak in (1 << place, (1 << place) - 1, -(1 << place), 1 - (1 << place)):
                x = rng.integers(-abs(peak), abs(peak), shape, endpoint=True)
                x.flat[rng.integers(x.size)] = peak
                compare(library, op, types, None, symbol, x, exponent(-3))


def test_fixed_exponent(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for name, fixed in (("i16", -30000), ("i32", 12)):
        op = BlockExponent(output="e", x="x", y="xe", bias=-17, bits=8, fixed=fixed)
        types = (TensorType((2, 3, 33), WIDE[name]), EXPONENT)
        compare(library, op, types, rng, "bnncl_fixed_exponent")
        compare(library, FixedExponent(output="e", value=fixed), (), None, "bnncl_fixed_exponent")


@pytest.mark.parametrize("bits", [2, 8, 16])
@pytest.mark.parametrize("name", WIDE)
def test_normalise(library: ctypes.CDLL, name: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    for shape in MAPS:
        types = (TensorType(shape, WIDE[name]), EXPONENT, EXPONENT)
        for shift in SHIFTS:
            given = (exponent(-100), exponent(shift - 100 - 5))
            compare(library, normalise(-5, bits), types, rng, f"bnncl_normalise_{name}", None, *given)
        compare(library, normalise(-5, bits), types, rng, f"bnncl_normalise_{name}")


def test_normalise_of_halves_and_of_the_ends_of_int32(library: ctypes.CDLL) -> None:
    near = [base + step for base in (0, 2**15, 2**30, INT32_MAX - 3) for step in (-3, -2, -1, 0, 1, 2)]
    numbers = np.array([sign * number for number in near for sign in (1, -1)])
    types = (TensorType((1, 1, numbers.size), I32), EXPONENT, EXPONENT)
    for shift in SHIFTS:
        given = (numbers.reshape(types[0].shape), exponent(7), exponent(7 + shift))
        compare(library, normalise(0, 16), types, None, "bnncl_normalise_i32", *given)


def test_sum_exponent(library: ctypes.CDLL) -> None:
    op = SumExponent(output="e", x="xe", y="ye", x_bias=-3, y_bias=4, bits=8)
    for x, y in ((0, 0), (7, 0), (6, 0), (8, 0), (-(2**15), 2**15), (2**15, -(2**15)), (-20, -30)):
        types = (EXPONENT, EXPONENT)
        compare(library, op, types, None, "bnncl_sum_exponent", exponent(x), exponent(y))


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_aligned_sum(library: ctypes.CDLL, bits: int) -> None:
    """Of exponents that lie far apart, brought to that of their sum, and to any other one."""
    rng = np.random.default_rng(bits)
    op = aligned_sum(-3, 4, bits)
    total = SumExponent(output="e", x="xe", y="ye", x_bias=-3, y_bias=4, bits=bits)
    for shape in MAPS:
        x = TensorType(shape, mantissa(bits))
        types = (x, EXPONENT, x, EXPONENT, EXPONENT)
        for apart in SHIFTS:
            both = exponent(-50 + apart), exponent(-50)
            for made in (total.evaluate(*both), exponent(-50 + apart // 2)):
                given = (None, both[0], None, both[1], made)
                compare(library, op, types, rng, "bnncl_aligned_sum", *given)


@pytest.mark.parametrize("limit", [1, 1000, 2**30])
def test_accumulate(library: ctypes.CDLL, limit: int) -> None:
    rng = np.random.default_rng(limit)
    op = accumulate(-9, -40, limit)
    for shape in MAPS:
        x = TensorType(shape, I32)
        most = INT32_MAX - limit
        for shift in SHIFTS:
            acc = rng.integers(-most, most, shape, endpoint=True)
            acc.flat[0] = most
            at = exponent(-40 + 9 - shift)
            compare(library, op, (x, x, EXPONENT), rng, "bnncl_accumulate", acc, None, at)
            few = rng.integers(-2, 2, shape, endpoint=True)
            compare(library, op, (x, x, EXPONENT), None, "bnncl_accumulate", acc, few, at)
