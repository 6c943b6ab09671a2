"""Binary convolutions: every kernel against the op's meaning, and thereby against each other."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.ops.window import Window
from tests.kernels.cases import (
    CHANNELS,
    EPILOGUES,
    WINDOWS,
    assert_equal,
    binary_conv,
    shape_for,
    signs,
    symbols,
)


@pytest.mark.parametrize("pad_value", [0, 1, -1])
@pytest.mark.parametrize("kind", EPILOGUES)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_every_window_padding_and_epilogue(
    library: ctypes.CDLL, window: Window, kind: str, pad_value: int
) -> None:
    rng = np.random.default_rng([WINDOWS.index(window), EPILOGUES.index(kind), pad_value + 1])
    for channels in CHANNELS:
        x = TensorType(shape_for(window, channels, rng), Binary())
        op = binary_conv(window, x, int(rng.choice(CHANNELS)), kind, pad_value, rng)
        for density in (0.0, 0.5, 1.0):
            assert assert_equal(library, op, x, signs(x.shape, density, rng))


@pytest.mark.parametrize("channels", [256, 1000, 4099])
def test_long_sums(library: ctypes.CDLL, channels: int) -> None:
    rng = np.random.default_rng(channels)
    x = TensorType((1, 1, channels), Binary())
    for kind in EPILOGUES:
        op = binary_conv(Window(), x, 70, kind, 0, rng)
        for density in (0.0, 0.1, 0.5, 1.0):
            assert_equal(library, op, x, signs(x.shape, density, rng))


def test_each_kernel_was_compared(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    x = TensorType((2, 2, 64), Binary())
    ran = {
        symbol
        for kind in EPILOGUES
        for symbol in assert_equal(
            library, binary_conv(Window(), x, 64, kind, 0, rng), x, signs(x.shape, 0.5, rng)
        )
    }
    assert ran == symbols("bnncl_bconv") - symbols("bnncl_bconv_depthwise")
