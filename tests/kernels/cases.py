"""Ops with random parameters, seeded, that the kernels are compared on."""

from __future__ import annotations

import ctypes

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import INT32_MAX, INT32_MIN, Binary, Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.kernels.registry import KERNELS, candidates
from bnncl.ops.add import Add
from bnncl.ops.conv import BinaryConv, FixedConv, GroupedConv
from bnncl.ops.epilogue import NEVER, Rescale, Steps
from bnncl.ops.window import BorderClasses, Window
from bnncl.targets import target
from tests.kernels.native import run_kernel

HOST = target("host")
Random = np.random.Generator

WINDOWS = (
    Window(),
    Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1),
    Window(2, 2, stride_h=2, stride_w=2),
    Window(3, 3, stride_h=2, stride_w=2, pad_top=0, pad_bottom=1, pad_left=0, pad_right=1),
    Window(5, 4, stride_h=1, stride_w=3, pad_top=2, pad_bottom=0, pad_left=1, pad_right=3),
    Window(3, 2, dilation_h=2, dilation_w=3, pad_top=2, pad_bottom=2, pad_left=3, pad_right=0),
    Window(1, 5, stride_h=3, pad_left=4, pad_right=4),
    Window(3, 1, dilation_h=2, pad_top=3, pad_bottom=3),
    Window(2, 3, stride_w=4, dilation_h=3, pad_top=3, pad_bottom=3, pad_left=2, pad_right=2),
)
CHANNELS = (1, 31, 32, 33, 64, 100)
INPUTS: dict[str, Int] = {
    "u8": Int(0, 255, 8),
    "i8": Int(-128, 127, 8),
    "i16": Int(-32768, 32767, 16),
    "i32": Int(-(2**20), 2**20, 32),
}


def shape_for(window: Window, channels: int, rng: Random) -> tuple[int, int, int]:
    """A small map with room for the window."""
    tall = window.dilation_h * (window.filter_h - 1) + 1
    wide = window.dilation_w * (window.filter_w - 1) + 1
    return tall + int(rng.integers(0, 4)), wide + int(rng.integers(0, 5)), channels


def signs(shape: tuple[int, ...], density: float, rng: Random) -> Array:
    """±1, a fraction `density` of them -1."""
    return np.where(rng.random(shape) < density, -1, 1).astype(np.int8)


def sample(type_: TensorType, density: float, rng: Random) -> Array:
    """One value of `type_`; integers hit both ends of their range."""
    if isinstance(type_.domain, Binary):
        return signs(type_.shape, density, rng)
    assert isinstance(type_.domain, Int)
    low, high = type_.domain.lo, type_.domain.hi
    drawn = rng.integers(low, high, type_.shape, dtype=np.int64, endpoint=True)
    ends = rng.random(type_.shape)
    return np.where(ends < 0.1, low, np.where(ends > 0.9, high, drawn))


def steps(channels: int, count: int, spread: int, rng: Random) -> Steps:
    """Steps around 0, some at the ends of int32: always passed, or never."""
    at = np.sort(rng.integers(-spread, spread, (count, channels), dtype=np.int64, endpoint=True), axis=0)
    ends = rng.random((count, channels))
    at = np.where(ends < 0.1, INT32_MIN, np.where(ends > 0.9, NEVER, at))
    first = signs((channels,), 0.5, rng)
    return Steps(Constant(np.sort(at, axis=0).astype(np.int32)), Constant(first))


def rescale(channels: int, bits: int, unsigned: bool, bound: int, rng: Random) -> Rescale:
    """Affine maps of every kind: negative, saturating, shifted by 0 and by 62."""
    kind = rng.integers(0, 5, channels)
    multiplier = rng.integers(INT32_MIN, INT32_MAX, channels, dtype=np.int64, endpoint=True)
    shift = rng.integers(16, 40, channels)
    multiplier = np.where(kind == 0, np.sign(multiplier), multiplier)
    shift = np.where(kind == 0, 0, np.where(kind == 1, 62, shift))
    span = (1 << bits) // 2
    near = np.clip(np.left_shift(np.int64(span), shift) // max(bound, 1), 1, INT32_MAX)
    multiplier = np.where(kind >= 3, near * np.sign(multiplier), multiplier)
    room = 2**63 - 1 - max(bound, 1) * 2**31
    bias = np.clip(
        rng.integers(-span, span, channels) * np.left_shift(np.int64(1), np.minimum(shift, 50)), -room, room
    )
    lo, hi = (0, 255) if unsigned else (-span, span - 1)
    return Rescale(
        Constant(multiplier.astype(np.int32)),
        Constant(bias.astype(np.int64)),
        Constant(shift.astype(np.uint8)),
        lo,
        hi,
        bits,
    )


def epilogue(kind: str, channels: int, bound: int, rng: Random) -> Steps | Rescale | None:
    """An epilogue of `kind`: sign1, sign2, i8, u8, i16 or i32."""
    if kind == "i32":
        return None
    if kind.startswith("sign"):
        return steps(channels, int(kind[4:]), bound, rng)
    return rescale(channels, int(kind[1:]), kind[0] == "u", bound, rng)


EPILOGUES = ("i32", "sign1", "sign2", "i8", "u8", "i16")


def binary_conv(
    window: Window, x: TensorType, out_channels: int, kind: str, pad_value: int, rng: Random
) -> BinaryConv:
    """A binary convolution with thresholds spread as widely as its sums."""
    filter_ = signs((out_channels, window.filter_h, window.filter_w, x.channels), 0.5, rng)
    bound = window.taps * x.channels
    likely = 2 * int(bound**0.5) + 1
    how = epilogue(kind, out_channels, likely, rng)
    return BinaryConv(
        x="x", output="y", filter=Constant(filter_), window=window, epilogue=how, pad_value=pad_value
    )


def grouped_conv(
    window: Window,
    x: TensorType,
    group_channels: int,
    group_outputs: int,
    kind: str,
    pad_value: int,
    rng: Random,
) -> GroupedConv:
    """The same in groups."""
    out_channels = x.channels // group_channels * group_outputs
    filter_ = signs((out_channels, window.filter_h, window.filter_w, group_channels), 0.5, rng)
    likely = int((window.taps * group_channels) ** 0.5) + 1
    how = epilogue(kind, out_channels, likely, rng)
    return GroupedConv(
        x="x", output="y", filter=Constant(filter_), window=window, epilogue=how, pad_value=pad_value
    )


def fixed_conv(
    window: Window, x: TensorType, out_channels: int, kind: str, bits: int, rng: Random
) -> FixedConv:
    """A convolution with an integer filter and another bias for each border class."""
    limit = (1 << (bits - 1)) - 1
    size = (out_channels, window.filter_h, window.filter_w, x.channels)
    worst = max(map(abs, element_range(x.domain)))
    most = min(limit, 2**30 // (worst * window.taps * x.channels))
    weights = rng.integers(-most, most, size, dtype=np.int64, endpoint=True).astype(f"int{bits}")
    counts = BorderClasses.of(window, x.shape).count
    bias = rng.integers(-(2**20), 2**20, (*counts, out_channels)).astype(np.int32)
    likely = worst * most * int((window.taps * x.channels) ** 0.5) + 1
    how = epilogue(kind, out_channels, likely, rng)
    return FixedConv(
        x="x",
        output="y",
        filter=Constant(weights),
        window=window,
        epilogue=how,
        bias=Constant(bias),
        filter_bits=bits,
    )


def addition(channels: int, domains: tuple[Int, Int], bits: int, rng: Random) -> Add:
    """A sum of every kind: shifted by 0 and by 30, negative, saturating; its parts fill int32."""
    most = [max(-domain.lo, domain.hi) for domain in domains]
    shares = rng.dirichlet(np.ones(3), channels) * (2**31 - 1)
    multipliers = [
        (rng.choice((-1, 1), channels) * shares[:, at] / most[at]).astype(np.int32) for at in (0, 1)
    ]
    bias = (rng.choice((-1, 1), channels) * shares[:, 2]).astype(np.int32)
    shift = np.clip(31 - bits + rng.integers(-6, 6, channels), 0, 30)
    shift[:2] = (0, 30)[:channels]
    span = (1 << bits) // 2
    lo, hi = int(rng.integers(-span, 0)), int(rng.integers(0, span))
    held = [Constant(each) for each in (*multipliers, bias, shift.astype(np.uint8))]
    return Add(
        x="x",
        y="y",
        output="z",
        x_multiplier=held[0],
        y_multiplier=held[1],
        bias=held[2],
        shift=held[3],
        lo=lo,
        hi=hi,
        bits=bits,
    )


def assert_equal(library: ctypes.CDLL, op: Op, type_: TensorType, array: Array) -> tuple[str, ...]:
    """Every kernel that accepts `op` makes of one sample what the op means; returns their symbols."""
    return assert_all_equal(library, op, (type_,), array)


def assert_all_equal(
    library: ctypes.CDLL, op: Op, types: tuple[TensorType, ...], *arrays: Array
) -> tuple[str, ...]:
    """The same for an op of several inputs."""
    expected = op.evaluate(*(array[None] for array in arrays))[0]
    able = [kernel for kernel in candidates(op, types, HOST) if not kernel.is_alias]
    for kernel in able:
        for in_place in (False, True)[: 1 + kernel.in_place]:
            got = run_kernel(library, kernel, op, types, *arrays, in_place=in_place)
            wrong = np.argwhere(got != expected)
            assert not wrong.size, f"{kernel.symbol}: {wrong[:5].tolist()}, in place: {in_place}"
    return tuple(kernel.symbol for kernel in able)


def symbols(prefix: str) -> set[str]:
    """Symbols of the kernels whose name starts with `prefix`."""
    return {kernel.symbol for kernel in KERNELS if kernel.symbol.startswith(prefix)}
