"""The arithmetic of learning: each C function equals its twin in bnncl.numerics on many inputs."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.interp.head import divide_round
from bnncl.numerics.prng import below, hash32, mix, permuted
from bnncl.numerics.roots import isqrt, weight_of_past
from bnncl.numerics.softmax import exp2_negative, logit_gradient, softmax

EDGES = (0, 1, 2, 3, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def words(seed: int, count: int) -> np.ndarray:
    """Random words of every size, and the edges."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 2**32, count, np.uint64) >> rng.integers(0, 32, count, np.uint64)
    return np.concatenate([np.array(EDGES, np.uint64), drawn]).astype(np.uint32)


def test_mix_and_hash(learning: ctypes.CDLL) -> None:
    x = words(1, 4_000)
    out = np.zeros(len(x), np.uint32)
    learning.test_mix(pointer(x), pointer(out), len(x))
    assert np.array_equal(out, mix(x))
    learning.test_hash32(pointer(x), pointer(out), len(x) // 4)
    for at, each in enumerate(x[: len(x) // 4 * 4].reshape(-1, 4)):
        assert out[at] == hash32(*map(int, each))[0]


def test_below(learning: ctypes.CDLL) -> None:
    learning.test_below.restype = ctypes.c_uint32
    for count, word in zip(words(2, 500), words(3, 500)[::-1], strict=True):
        got = learning.test_below(ctypes.c_uint32(count), ctypes.c_uint32(word))
        assert got == below(int(count), int(word))


def test_permutations_are_permutations(learning: ctypes.CDLL) -> None:
    function = learning.bnncl_learn_permuted
    function.restype = ctypes.c_uint32
    for count in (1, 2, 3, 4, 5, 15, 16, 17, 63, 100, 257):
        found = [function(ctypes.c_uint32(99 + count), i, count) for i in range(count)]
        assert sorted(found) == list(range(count))
        assert found == [permuted(99 + count, i, count) for i in range(count)]
    for count in (65535, 2**16 + 1, 2**31, 2**32 - 1):
        for key, index in ((0, 0), (2**32 - 1, count - 1), (2**32 - 3, count // 3)):
            got = function(ctypes.c_uint32(key), ctypes.c_uint32(index), ctypes.c_uint32(count))
            assert got == permuted(key, index, count)


def test_exponential(learning: ctypes.CDLL) -> None:
    out = np.zeros((31 << 10) + 1, np.uint32)
    learning.test_exp2(pointer(out), len(out))
    assert np.array_equal(out, exp2_negative(np.arange(len(out))))
    real = 2.0 ** -(np.arange(len(out)) / 1024)
    assert np.all(abs(out / 2**15 - real) < real * 0.0033 + 2**-15)


@pytest.mark.parametrize("bits", range(2, 17))
def test_gradients_of_all_differences(learning: ctypes.CDLL, bits: int) -> None:
    out = np.zeros(2**16 + 1, np.int32)
    learning.test_gradients(-(2**15), pointer(out), len(out), bits)
    one = 2**15
    others = logit_gradient(np.append(np.arange(one + 1), 0), one + 1, bits)[:-1]
    assert np.array_equal(out[one:], others)
    labels = [int(logit_gradient(np.array([p]), 0, bits)[0]) for p in range(0, one + 1, 37)]
    assert list(out[: one + 1 : 37]) == labels
    assert out.min() == -(2 ** (bits - 1))
    assert out.max() == 2 ** (bits - 1) - 1


@pytest.mark.parametrize("reach", [0, 5, 300, 70_000, 2**31 - 1])
def test_softmax(learning: ctypes.CDLL, reach: int) -> None:
    rng = np.random.default_rng(reach)
    for classes in (1, 2, 3, 10, 200):
        for multiplier, shift in ((1, 1), (40_000, 10), (2**32 - 1, 62), (2**30, 25)):
            logits = rng.integers(-reach, reach + 1, classes)
            active = rng.random(classes) < 0.7
            active[rng.integers(classes)] = True
            values, chosen = logits.astype(np.int32), active.astype(np.uint32) * 77
            learning.bnncl_learn_softmax(
                pointer(values), pointer(chosen), classes, ctypes.c_uint32(multiplier), shift
            )
            if 2 * reach * multiplier + 2 ** (shift - 1) < 2**63:
                assert np.array_equal(values, softmax(logits, multiplier, shift, active))
            assert not values[~active].any()


def test_roots(learning: ctypes.CDLL) -> None:
    learning.test_isqrt.restype = ctypes.c_uint32
    squares = [n * n + d for n in range(2, 65536, 777) for d in (-1, 0, 1)]
    for x in [*map(int, words(4, 2_000)), *squares, 65535**2, 65535**2 - 1]:
        assert learning.test_isqrt(ctypes.c_uint32(x)) == isqrt(x)
    function = learning.bnncl_learn_weight_of_past
    function.restype = ctypes.c_uint32
    for past, current in zip(map(int, words(5, 2_000)), map(int, words(6, 2_000)[::-1]), strict=True):
        if current > 0:
            got = function(ctypes.c_uint32(past), ctypes.c_uint32(current))
            assert got == weight_of_past(past, current)
            assert function(ctypes.c_uint32(past), 1) == weight_of_past(past, 1)


def test_divisions(learning: ctypes.CDLL) -> None:
    long, rounded = learning.bnncl_learn_divide, learning.test_divide_round
    long.restype, rounded.restype = ctypes.c_uint64, ctypes.c_int64
    rest = ctypes.c_uint32()
    high, low = words(7, 2_000), words(8, 2_000)[::-1]
    for top, bottom in zip(map(int, high), map(int, low), strict=True):
        for divisor in (1, max(bottom, 1), 2**32 - 1):
            n = top << 32 | bottom
            got = long(ctypes.c_uint64(n), ctypes.c_uint32(divisor), ctypes.byref(rest))
            assert (got, rest.value) == divmod(n, divisor)
        divisor = max(bottom % 2**31, 1)
        for n in (top, -top, divisor // 2, -(divisor // 2), 3 * divisor // 2, -(3 * divisor // 2)):
            if abs(n) < 2**32:
                assert rounded(ctypes.c_int64(n), ctypes.c_uint32(divisor)) == divide_round(n, divisor)
