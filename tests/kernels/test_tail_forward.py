"""Forward kernels of layers that learn against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import TensorType
from bnncl.kernels.registry import candidates
from bnncl.ops.tail.forward import PassMask, SignAt, TentSlope
from tests.kernels.cases import HOST
from tests.kernels.tail_cases import I8, I16, I32, MAPS, U8, affine, compare, of_channels, sloped

NARROW = {"i8": I8, "u8": U8}


@pytest.mark.parametrize(("shift", "offset_shift"), [(1, 0), (8, 7), (14, 15), (23, 0), (30, 14)])
def test_channel_affine(library: ctypes.CDLL, shift: int, offset_shift: int) -> None:
    rng = np.random.default_rng([shift, offset_shift])
    for shape in MAPS:
        for name, domain in NARROW.items():
            x = TensorType(shape, domain)
            types = (x, of_channels(x), of_channels(x))
            for op in (affine(shift, offset_shift), affine(shift, offset_shift, -100, 90)):
                if candidates(op, types, HOST) or name == "i8":
                    compare(library, op, types, rng, f"bnncl_channel_affine_{name}")


def test_an_affine_map_beyond_32_bits_or_without_a_sign_has_no_kernel() -> None:
    x = TensorType((2, 2, 3), I8)
    types = (x, of_channels(x), of_channels(x))
    assert candidates(affine(8, 16), types, HOST) == ()
    assert candidates(affine(8, 0, 0, 127), types, HOST) == ()


@pytest.mark.parametrize("shift", [1, 8, 15])
def test_sloped_units(library: ctypes.CDLL, shift: int) -> None:
    rng = np.random.default_rng(shift)
    for shape in MAPS:
        x = TensorType(shape, I8)
        of = of_channels(x)
        compare(library, sloped(shift, False), (x, of), rng, "bnncl_sloped_unit_i8")
        compare(library, sloped(shift, True), (x, of, of), rng, "bnncl_two_sloped_unit_i8")


@pytest.mark.parametrize("shift", [0, 7, 14])
def test_signs_and_slopes_at_an_offset(library: ctypes.CDLL, shift: int) -> None:
    rng = np.random.default_rng(shift)
    for shape in MAPS:
        for name, domain in NARROW.items():
            x = TensorType(shape, domain)
            types = (x, of_channels(x))
            sign = SignAt(output="y", x="x", y="o", shift=shift)
            compare(library, sign, types, rng, f"bnncl_sign_at_{name}")
            for one in range(6, 15):
                op = TentSlope(output="y", x="x", y="o", shift=shift, one=one)
                compare(library, op, types, rng, f"bnncl_tent_slope_{name}")


def test_signs_on_both_sides_of_the_threshold(library: ctypes.CDLL) -> None:
    """Every x beside every offset that just makes it 0, or just does not."""
    numbers = np.arange(-128, 128)
    x = TensorType((3, 1, 256), I8)
    op = SignAt(output="y", x="x", y="o", shift=7)
    array = np.broadcast_to(numbers, x.shape)
    for nearby in (-1, 0, 1):
        offset = (-numbers * 128 + nearby).clip(-(2**15), 2**15 - 1).reshape(1, 1, -1)
        compare(library, op, (x, of_channels(x)), None, "bnncl_sign_at_i8", array, offset)
        inside = PassMask(output="y", x="x", offset="o", shift=7, lo=0, hi=0)
        compare(library, inside, (x, of_channels(x)), None, "bnncl_pass_mask_i8", array, offset)


@pytest.mark.parametrize("one", range(6, 15))
def test_slopes_at_the_foot_and_at_the_top_of_the_tent(library: ctypes.CDLL, one: int) -> None:
    top = 2**one
    offsets = np.unique([edge + step for edge in (-top, 0, top) for step in range(-9, 10)])
    x = TensorType((2, 1, offsets.size), I8)
    op = TentSlope(output="y", x="x", y="o", one=one)
    array = np.broadcast_to(np.array([0, 1]).reshape(2, 1, 1), x.shape)
    compare(library, op, (x, of_channels(x)), None, "bnncl_tent_slope_i8", array, offsets.reshape(1, 1, -1))


@pytest.mark.parametrize(("lo", "hi"), [(-300, 301), (0, 0), (-(2**31), 2**31 - 1), (5, 4), (2**40, 2**41)])
@pytest.mark.parametrize("shift", [0, 3, 14])
def test_where_gradients_pass(library: ctypes.CDLL, shift: int, lo: int, hi: int) -> None:
    rng = np.random.default_rng([shift, lo % 99, hi % 99])
    for shape in MAPS:
        for name, domain in NARROW.items():
            x = TensorType(shape, domain)
            op = PassMask(output="y", x="x", offset="o", shift=shift, lo=lo, hi=hi)
            compare(library, op, (x, of_channels(x)), rng, f"bnncl_pass_mask_{name}")
        for name, domain in (*NARROW.items(), ("i16", I16), ("i32", I32)):
            alone = PassMask(output="y", x="x", shift=shift, lo=lo, hi=hi)
            compare(library, alone, (TensorType(shape, domain),), rng, f"bnncl_clamp_mask_{name}")


def test_a_clamp_passes_its_own_limits(library: ctypes.CDLL) -> None:
    x = TensorType((1, 1, 9), I16)
    op = PassMask(output="y", x="x", shift=3, lo=-17, hi=24)
    array = np.array([[[-4, -3, -2, -1, 0, 1, 2, 3, 4]]])
    compare(library, op, (x,), None, "bnncl_clamp_mask_i16", array)
