"""Element-by-element kernels against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import INT32_MAX, INT32_MIN, Binary, Int, TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.registry import candidates
from bnncl.ops.elementwise import PRelu, Requantize
from bnncl.ops.epilogue import NEVER, Rescale, Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.threshold import Threshold
from tests.kernels.cases import CHANNELS, HOST, INPUTS, assert_equal, rescale, sample, signs, steps

ANY_INT32 = Int(INT32_MIN, INT32_MAX - 1, 32)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize("name", INPUTS)
def test_threshold(library: ctypes.CDLL, name: str, count: int) -> None:
    rng = np.random.default_rng([list(INPUTS).index(name), count])
    for channels in CHANNELS:
        x = TensorType((3, 2, channels), INPUTS[name])
        op = Threshold(x="x", output="y", steps=steps(channels, count, INPUTS[name].hi // 2, rng))
        assert assert_equal(library, op, x, sample(x, 0.5, rng)) == (f"bnncl_threshold_{name}",)


def test_threshold_at_both_ends_of_int32(library: ctypes.CDLL) -> None:
    x = TensorType((1, 1, 4), ANY_INT32)
    at = np.array([[INT32_MIN, INT32_MIN + 1, INT32_MAX - 1, NEVER]], np.int32)
    op = Threshold(x="x", output="y", steps=Steps(Constant(at), Constant(np.full(4, -1, np.int8))))
    for value in (INT32_MIN, INT32_MIN + 1, INT32_MAX - 2, INT32_MAX - 1):
        assert_equal(library, op, x, np.full(x.shape, value))


@pytest.mark.parametrize(("bits", "unsigned"), [(8, False), (8, True), (16, False)])
@pytest.mark.parametrize("name", INPUTS)
def test_requantize(library: ctypes.CDLL, name: str, bits: int, unsigned: bool) -> None:
    rng = np.random.default_rng([list(INPUTS).index(name), bits, unsigned])
    domain = INPUTS[name] if name != "i32" else ANY_INT32
    for channels in CHANNELS:
        x = TensorType((3, 2, channels), domain)
        op = Requantize(x="x", output="y", rescale=rescale(channels, bits, unsigned, domain.hi, rng))
        assert assert_equal(library, op, x, sample(x, 0.5, rng)) == (f"bnncl_requantize_{name}",)


def test_requantize_at_the_ends_of_shift_and_saturation(library: ctypes.CDLL) -> None:
    rows = [
        (1, 0, 0),
        (-1, 0, 0),
        (INT32_MAX, 0, 62),
        (INT32_MIN, -1, 62),
        (INT32_MIN, 2**62 - 1, 62),
        (0, -(2**62) - 1, 62),
        (0, -1, 1),
        (3, 1 << 7, 8),
    ]
    multiplier, bias, shift = (np.array(column) for column in zip(*rows, strict=True))
    op = Requantize(
        x="x",
        output="y",
        rescale=Rescale(
            Constant(multiplier.astype(np.int32)),
            Constant(bias.astype(np.int64)),
            Constant(shift.astype(np.uint8)),
            -100,
            90,
            8,
        ),
    )
    x = TensorType((1, 1, len(rows)), ANY_INT32)
    for value in (INT32_MIN, -129, -101, -100, -1, 0, 1, 90, 91, INT32_MAX - 1):
        assert_equal(library, op, x, np.full(x.shape, value))


@pytest.mark.parametrize("shift", [1, 8, 15])
@pytest.mark.parametrize("name", ["i8", "i16"])
def test_prelu(library: ctypes.CDLL, name: str, shift: int) -> None:
    rng = np.random.default_rng(shift)
    domain = INPUTS[name]
    for channels in CHANNELS:
        slope = rng.integers(-32768, 32767, channels, endpoint=True).astype(np.int16)
        slope[0] = -32768
        x = TensorType((3, 2, channels), domain)
        op = PRelu(x="x", output="y", slope=Constant(slope), shift=shift, lo=domain.lo, hi=domain.hi)
        assert assert_equal(library, op, x, sample(x, 0.5, rng)) == (f"bnncl_prelu_{name}",)
        assert_equal(library, op, x, np.full(x.shape, domain.lo))


@pytest.mark.parametrize("shift", [1, 8, 15])
@pytest.mark.parametrize("name", ["i8", "i16"])
def test_two_slopes(library: ctypes.CDLL, name: str, shift: int) -> None:
    rng = np.random.default_rng(shift)
    domain = INPUTS[name]
    for channels in CHANNELS:
        slopes = rng.integers(-32768, 32767, (2, channels), endpoint=True).astype(np.int16)
        slopes[:, 0] = -32768
        x = TensorType((3, 2, channels), domain)
        op = PRelu(
            x="x",
            output="y",
            slope=Constant(slopes[0]),
            positive=Constant(slopes[1]),
            shift=shift,
            lo=domain.lo,
            hi=domain.hi,
        )
        assert assert_equal(library, op, x, sample(x, 0.5, rng)) == (f"bnncl_two_slopes_{name}",)
        for end in (domain.lo, domain.hi, 0):
            assert_equal(library, op, x, np.full(x.shape, end))


def test_flatten_closes_the_gaps(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for channels in (1, 7, 31, 33, 50, 63, 100):
        for height, width in ((1, 2), (2, 2), (5, 7)):
            x = TensorType((height, width, channels), Binary())
            for density in (0.0, 0.5, 1.0):
                ran = assert_equal(library, Flatten(x="x", output="y"), x, signs(x.shape, density, rng))
                assert ran == ("bnncl_flatten_bits",)


@pytest.mark.parametrize(
    "x",
    [
        TensorType((4, 4, 64), Binary()),
        TensorType((1, 1, 33), Binary()),
        TensorType((4, 4, 3), INPUTS["i16"]),
    ],
)
def test_flatten_without_gaps_is_an_alias(x: TensorType) -> None:
    (kernel,) = candidates(Flatten(x="x", output="y"), (x,), HOST)
    assert kernel.is_alias
    assert kernel.in_place
    assert kernel.symbol == ""
    assert kernel.bind(Flatten(x="x", output="y"), (x,)).args == ()
