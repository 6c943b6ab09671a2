"""Kernels that store small integers densely, against the ops' meaning and the layout that is documented."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnncl.emit.stored import stored
from bnncl.ir.types import Int, Packed, TensorType
from bnncl.kernels.registry import candidates
from bnncl.numerics.bits import pack_numbers, unpack_numbers
from bnncl.ops.pack import Pack, Unpack
from bnncl.verification.stored import from_bytes
from tests.kernels.cases import HOST, assert_equal, sample

COUNTS = (1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 100, 255)


def span(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << bits >> 1), (1 << bits >> 1) - 1) if signed else (0, (1 << bits) - 1)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(1, 9))
def test_there_and_back(library: ctypes.CDLL, bits: int, signed: bool) -> None:
    rng = np.random.default_rng([bits, signed])
    low, high = span(bits, signed)
    name = "i8" if signed else "u8"
    for count in COUNTS:
        wide, dense = (
            TensorType((1, 1, count), domain) for domain in (Int(low, high, 8), Packed(low, high, bits))
        )
        numbers = sample(wide, 0.5, rng)
        there, back = Pack(x="x", output="y", bits=bits), Unpack(x="x", output="y")
        assert there.infer(wide) == dense
        assert back.infer(dense) == wide
        assert assert_equal(library, there, wide, numbers) == (f"bnncl_pack_{name}",)
        assert assert_equal(library, back, dense, numbers) == (f"bnncl_unpack_{name}",)
        for end in (low, high):
            assert_equal(library, there, wide, np.full(wide.shape, end))


@given(st.data())
def test_any_numbers_of_any_width(library: ctypes.CDLL, data: st.DataObject) -> None:
    bits, signed = data.draw(st.integers(1, 8)), data.draw(st.booleans())
    low, high = span(bits, signed)
    numbers = np.array(data.draw(st.lists(st.integers(low, high), min_size=1, max_size=80)))
    dense = TensorType((1, 1, len(numbers)), Packed(low, high, bits))
    value = numbers.reshape(dense.shape)
    assert_equal(
        library, Pack(x="x", output="y", bits=bits), TensorType(dense.shape, Int(low, high, 8)), value
    )
    assert_equal(library, Unpack(x="x", output="y"), dense, value)
    words = pack_numbers(numbers, bits)
    assert words.nbytes == dense.stored_bytes == 4 * -(-len(numbers) * bits // 32)
    assert np.array_equal(unpack_numbers(words, len(numbers), bits, signed=signed), numbers)
    assert np.array_equal(from_bytes(stored(value, dense).tobytes(), dense), value)


def test_the_layout_is_that_of_one_long_number() -> None:
    """Number i stands at bit i * bits of the words, read as one little-endian integer."""
    rng = np.random.default_rng(5)
    for bits in range(1, 9):
        numbers = rng.integers(0, 1 << bits, 41)
        whole = sum(int(number) << bits * i for i, number in enumerate(numbers))
        assert int.from_bytes(pack_numbers(numbers, bits).astype("<u4").tobytes(), "little") == whole


def test_values_of_another_kind_are_left_to_others() -> None:
    wide = TensorType((1, 1, 4), Int(0, 3, 8))
    assert [kernel.symbol for kernel in candidates(Pack(x="x", output="y", bits=2), (wide,), HOST)] == [
        "bnncl_pack_u8"
    ]


def test_what_words_may_hold_is_in_the_type() -> None:
    """Latents may be read from storage: what is proven of unpacked numbers holds for any words."""
    dense = TensorType((1, 1, 4), Packed(-31, 31, 6))
    assert Unpack(x="x", output="y").infer(dense).domain == Int(-32, 31, 8)
    assert Unpack(x="x", output="y").infer(TensorType((1, 1, 4), Packed(0, 5, 7))).domain == Int(0, 127, 8)
