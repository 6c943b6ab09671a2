"""Convolutions with filters that learn: every kernel against the op's meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, Binary, Int, TensorType, element_range
from bnncl.ops.tail.backward import reach
from bnncl.ops.tail.parameters import MOST
from bnncl.ops.window import Window
from tests.kernels.cases import INPUTS, WINDOWS, Random, assert_all_equal, sample, shape_for, signs, symbols
from tests.kernels.filters import Specimen, accumulation, exponent_for, forward, input_gradient

SAME = WINDOWS[1]
SHAPES = [(1, 1), (2, 3), (4, 4), (8, 8)]
CHANNELS = (1, 3, 31, 32, 33, 40, 64)
INTEGERS = ("i8", "u8")
DOMAINS: dict[str, Binary | Int] = {"bits": Binary(), **{name: INPUTS[name] for name in INTEGERS}}
FORWARD = {
    "bits": ("bnncl_bconv_xnor_i32", "bnncl_filter_conv_rows"),
    **{name: (f"bnncl_filter_conv_{name}",) for name in INTEGERS},
}
ACCUMULATE = {
    "bits": ("bnncl_filter_accumulate_bits_pairs", "bnncl_filter_accumulate_bits"),
    **{name: (f"bnncl_filter_accumulate_{name}",) for name in INTEGERS},
}
INPUT_GRADIENT = ("bnncl_filter_input_gradient_pairs", "bnncl_filter_input_gradient")
FAR = (-40, -31, -17, -3, 0, 1, 9, 15, 16, 17, 31, 32, 33, 70, 30_000, -30_000)


def drawn(specimen: Specimen, rng: Random) -> list[Array]:
    """A sample for each input."""
    return [sample(type_, 0.5, rng) for type_ in specimen[1]]


def limit_for(window: Window, x: TensorType) -> int:
    """The largest limit with which sums of one sample fit the accumulator."""
    height, width = window.out_size(x.shape)
    return MOST // (2 * height * width * reach(x))


def start_for(specimen: Specimen, rng: Random) -> Array:
    """Sums so far that leave room for one sample."""
    return rng.integers(-(2**30) + 1, 2**30, specimen[1][0].shape)


def accumulated(library: ctypes.CDLL, specimen: Specimen, shift: int, rng: Random) -> tuple[str, ...]:
    """Compare an accumulation of random gradients that are shifted right by `shift` bits."""
    op, types = specimen
    _, x, gradient, _ = drawn(specimen, rng)
    start = start_for(specimen, rng)
    return assert_all_equal(library, op, types, start, x, gradient, exponent_for(op, shift))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_every_window(library: ctypes.CDLL, window: Window, domain: str) -> None:
    rng = np.random.default_rng([WINDOWS.index(window), list(DOMAINS).index(domain)])
    for pad_value in (0, 1, -1) if domain == "bits" else (0,):
        for channels in CHANNELS:
            x = TensorType(shape_for(window, channels, rng), DOMAINS[domain])
            out_channels = int(rng.choice(CHANNELS))
            specimen = forward(window, x, out_channels, pad_value)
            ran = assert_all_equal(library, *specimen, *drawn(specimen, rng))
            assert ran == FORWARD[domain][: 1 if window.dilation_w > 1 else None]
            specimen = accumulation(window, x, out_channels, pad_value, limit_for(window, x))
            ran = accumulated(library, specimen, int(rng.integers(-4, 8)), rng)
            assert ran == ACCUMULATE[domain]
            specimen = input_gradient(window, x, out_channels)
            ran = assert_all_equal(library, *specimen, *drawn(specimen, rng))
            assert ran == INPUT_GRADIENT


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("size", SHAPES)
def test_maps_of_a_tail(library: ctypes.CDLL, size: tuple[int, int], domain: str) -> None:
    rng = np.random.default_rng([*size, list(DOMAINS).index(domain)])
    strided = Window(3, 3, stride_h=2, stride_w=2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
    for window in (Window(), SAME, strided, Window(stride_h=2, stride_w=2)):
        for channels, out_channels in zip(CHANNELS, reversed(CHANNELS), strict=True):
            x = TensorType((*size, channels), DOMAINS[domain])
            for pad_value in (0, 1) if domain == "bits" else (0,):
                specimen = forward(window, x, out_channels, pad_value)
                assert assert_all_equal(library, *specimen, *drawn(specimen, rng))
                specimen = accumulation(window, x, out_channels, pad_value, limit_for(window, x))
                assert accumulated(library, specimen, int(rng.integers(-2, 3)), rng)
            specimen = input_gradient(window, x, out_channels)
            assert assert_all_equal(library, *specimen, *drawn(specimen, rng))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("shift", FAR)
def test_exponents_far_apart(library: ctypes.CDLL, domain: str, shift: int) -> None:
    rng = np.random.default_rng([abs(shift), shift < 0, list(DOMAINS).index(domain)])
    x = TensorType((5, 7, 33), DOMAINS[domain])
    for limit in (0, 1, 32767, limit_for(SAME, x)):
        assert accumulated(library, accumulation(SAME, x, 10, 0, limit), shift, rng)


@pytest.mark.parametrize("domain", DOMAINS)
def test_sums_that_fill_the_accumulator(library: ctypes.CDLL, domain: str) -> None:
    """Every gradient and every input at an end: sums reach the proven bound, in between also beyond."""
    x = TensorType((6, 6, 20), DOMAINS[domain])
    limit = limit_for(SAME, x)
    op, types = accumulation(SAME, x, 5, 0, limit)
    top = reach(types[2])
    for d in (-top, top):
        for end in element_range(x.domain):
            start = np.full(types[0].shape, -np.sign(d * end) * (2**30 - 1))
            held = (start, np.full(x.shape, end), np.full(types[2].shape, d), exponent_for(op, -31))
            assert assert_all_equal(library, op, types, *held)


@pytest.mark.parametrize("domain", DOMAINS)
def test_one_position_at_the_end_of_int32(library: ctypes.CDLL, domain: str) -> None:
    """Twice the gradient is beyond int32: tables are exact all the same."""
    x = TensorType((1, 1, 3), DOMAINS[domain])
    rng = np.random.default_rng(3)
    op, types = accumulation(Window(), x, 9, 0, MOST // reach(x))
    for d in (-1, 1):
        zeros = np.zeros(types[0].shape, np.int64)
        held = (zeros, sample(x, 0.5, rng), np.full(types[2].shape, d), exponent_for(op, -31))
        assert assert_all_equal(library, op, types, *held)


def test_gradients_at_their_ends(library: ctypes.CDLL) -> None:
    """All gradients at an end with all signs alike: sums reach the bound that the op infers."""
    rng = np.random.default_rng(4)
    x = TensorType((5, 5, 33), Binary())
    for out_channels in (40, 64):
        op, types = input_gradient(SAME, x, out_channels)
        bound = element_range(op.infer(*types).domain)[1]
        assert bound == 32767 * 9 * out_channels <= INT32_MAX
        for end in element_range(types[0].domain):
            gradient = np.full(types[0].shape, end)
            for density in (0.0, 0.5, 1.0):
                assert assert_all_equal(library, op, types, gradient, signs(types[1].shape, density, rng))


def test_gradients_that_are_mostly_zero(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(5)
    for domain in DOMAINS.values():
        x = TensorType((6, 7, 33), domain)
        for make in (input_gradient(SAME, x, 70), accumulation(SAME, x, 70, 0, 1000)):
            op, types = make
            held = drawn(make, rng)
            at = 0 if len(types) == 2 else 2
            held[at] = np.where(rng.random(types[at].shape) < 0.01, held[at], 0)
            if at == 2:
                held[0], held[3] = start_for(make, rng), exponent_for(op, 0)
            assert assert_all_equal(library, op, types, *held)


def test_each_kernel_was_compared() -> None:
    assert symbols("bnncl_filter") == {
        *INPUT_GRADIENT,
        "bnncl_filter_conv_rows",
        *(f"bnncl_filter_conv_{name}" for name in INTEGERS),
        *(each for kernels in ACCUMULATE.values() for each in kernels),
        "bnncl_filter_accumulate_bits_i16_pairs",
        *(f"bnncl_filter_accumulate_{name}_i16" for name in DOMAINS),
    }
