"""Kernels of gradients of values against the ops' meaning."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest

from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.registry import candidates
from bnncl.ops.tail.backward import (
    ChannelMultiple,
    ChannelProduct,
    HeadInputGradient,
    Masked,
    MaxPoolGradient,
    Product,
    SumPoolGradient,
    Unflatten,
)
from bnncl.ops.tail.parameters import ChannelDot, ChannelSum, Part
from bnncl.ops.window import Window
from tests.kernels.cases import HOST, WINDOWS, sample, shape_for
from tests.kernels.tail_cases import (
    I8,
    I32,
    MANTISSAS,
    MAPS,
    POOLED,
    SLOPES,
    as_shape,
    compare,
    of_channels,
    slope_gradient,
)

POOL_CHANNELS = (1, 31, 33, 40)
NARROW = Int(-127, 127, 16)


@pytest.mark.parametrize(("q_forward", "q_backward"), [(8, 16), (2, 16), (8, 9), (8, 8), (2, 2)])
def test_head_input_gradient(library: ctypes.CDLL, q_forward: int, q_backward: int) -> None:
    rng = np.random.default_rng([q_forward, q_backward])
    top = 2 ** (q_backward - 1)
    masters = Int(-top, top - 1, 16)
    for classes, features in ((1, 1), (2, 31), (7, 33), (50, 40)):
        for bias_features in (0, 1)[:features]:
            op = HeadInputGradient(
                output="y",
                x="d",
                y="w",
                q_forward=q_forward,
                q_backward=q_backward,
                bias_features=bias_features,
            )
            types = (TensorType((1, 1, classes), MANTISSAS), TensorType((1, classes, features), masters))
            compare(library, op, types, rng, "bnncl_head_input_gradient")
            sparse = sample(types[0], 0.5, rng) * (rng.random(types[0].shape) < 0.2)
            compare(library, op, types, rng, "bnncl_head_input_gradient", sparse)


def test_products_by_channel(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for shape in MAPS:
        x = TensorType(shape, MANTISSAS)
        symbol = "bnncl_channel_product"
        compare(library, ChannelProduct(output="y", x="x", y="s"), (x, of_channels(x)), rng, symbol)
        factor = rng.integers(-(2**15), 2**15, x.channels).astype(np.int16)
        factor[0] = -(2**15)
        compare(library, ChannelMultiple(output="y", x="x", factor=Constant(factor)), (x,), rng, symbol)


@pytest.mark.parametrize("shift", [0, 8, 15])
def test_slope_gradients(library: ctypes.CDLL, shift: int) -> None:
    rng = np.random.default_rng(shift)
    for shape in MAPS:
        x = TensorType(shape, MANTISSAS)
        types = (x, as_shape(x, I8), of_channels(x), of_channels(x))
        compare(library, slope_gradient(shift, False), types[:3], rng, "bnncl_slope_gradient_i8")
        compare(library, slope_gradient(shift, True), types, rng, "bnncl_two_slopes_gradient_i8")


@pytest.mark.parametrize("name", ["i16", "i32"])
def test_masked(library: ctypes.CDLL, name: str) -> None:
    rng = np.random.default_rng(0)
    for shape in MAPS:
        x = TensorType(shape, {"i16": MANTISSAS, "i32": I32}[name])
        op = Masked(output="y", x="x", y="m")
        compare(library, op, (x, as_shape(x, Binary())), rng, f"bnncl_masked_{name}")


def test_product(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for shape in MAPS:
        for domain in (SLOPES, POOLED["u8"]):
            x = TensorType(shape, MANTISSAS)
            op = Product(output="y", x="x", y="t")
            compare(library, op, (x, as_shape(x, domain)), rng, "bnncl_product_u8")


def pools(window: Window, rng: np.random.Generator) -> Iterator[tuple[TensorType, TensorType]]:
    """Gradients of a pool's output, and maps that it reads."""
    for channels in POOL_CHANNELS:
        shape = shape_for(window, channels, rng)
        yield TensorType((*window.out_size(shape), channels), MANTISSAS), TensorType(shape, I8)


@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_sum_pool_gradient(library: ctypes.CDLL, window: Window) -> None:
    rng = np.random.default_rng(WINDOWS.index(window))
    for x, pooled in pools(window, rng):
        in_h, in_w, _ = pooled.shape
        op = SumPoolGradient(output="y", x="x", window=window, in_h=in_h, in_w=in_w)
        compare(library, op, (x,), rng, "bnncl_sumpool_gradient")


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_max_pool_gradient(library: ctypes.CDLL, window: Window, name: str) -> None:
    """Of any numbers, and of few different ones, so that many windows have several largest elements."""
    rng = np.random.default_rng([WINDOWS.index(window), list(POOLED).index(name)])
    symbol = f"bnncl_maxpool_gradient_{name}"
    op = MaxPoolGradient(output="y", x="x", y="of", window=window)
    for x, pooled in pools(window, rng):
        types = (x, as_shape(pooled, POOLED[name]))
        compare(library, op, types, rng, symbol)
        few = rng.integers(0, 3, pooled.shape) + (-1 if types[1].domain != POOLED["u8"] else 0)
        compare(library, op, types, rng, symbol, None, few)


def test_unflatten_is_an_alias() -> None:
    op = Unflatten(output="y", x="x", height=3, width=2)
    (kernel,) = candidates(op, (TensorType((1, 1, 30), MANTISSAS),), HOST)
    assert kernel.is_alias
    assert kernel.in_place
    assert kernel.bind(op, (TensorType((1, 1, 30), MANTISSAS),)).args == ()
    assert candidates(op, (TensorType((1, 1, 30), Binary()),), HOST) == ()


def test_channel_sum(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for shape in MAPS:
        x = TensorType(shape, MANTISSAS)
        compare(library, ChannelSum(output="y", x="x"), (x,), rng, "bnncl_channel_sum")


@pytest.mark.parametrize("part", ["all", "negative", "positive"])
@pytest.mark.parametrize("name", ["i8", "u8", "i16"])
def test_channel_dot(library: ctypes.CDLL, name: str, part: Part) -> None:
    rng = np.random.default_rng(len(part))
    symbol = f"bnncl_channel_dot_{name}"
    for shape in MAPS:
        x = TensorType(shape, MANTISSAS)
        types = (x, as_shape(x, POOLED[name]))
        for shift in (7, 8, 15, 30):
            compare(
                library, ChannelDot(output="y", x="x", y="of", shift=shift, part=part), types, rng, symbol
            )
        exact = ChannelDot(output="y", x="x", y="of", part=part)
        compare(library, exact, (as_shape(x, NARROW), types[1]), rng, symbol)


def test_products_beyond_32_bits_have_no_kernel() -> None:
    x = TensorType((1, 1, 3), Int(-(2**15), 2**15 - 1, 16))
    assert candidates(ChannelDot(output="y", x="x", y="of", shift=30), (x, x), HOST) != ()
    wide = as_shape(x, I32)
    assert candidates(ChannelDot(output="y", x="x", y="of", shift=30), (x, wide), HOST) == ()
