"""Pooling: every kernel against the op's meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.registry import candidates
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.window import Window
from tests.kernels.cases import CHANNELS, HOST, INPUTS, WINDOWS, assert_equal, sample, shape_for, symbols

DOMAINS: dict[str, Binary | Int] = {"bits": Binary(), **INPUTS}
_NARROW_PADDING = (*WINDOWS[:4], WINDOWS[5], Window(2, 3, stride_w=4, pad_top=1, pad_left=2, pad_right=2))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("window", _NARROW_PADDING, ids=range(len(_NARROW_PADDING)))
def test_max_pool(library: ctypes.CDLL, window: Window, domain: str) -> None:
    rng = np.random.default_rng([_NARROW_PADDING.index(window), list(DOMAINS).index(domain)])
    for channels in CHANNELS:
        x = TensorType(shape_for(window, channels, rng), DOMAINS[domain])
        minimum = Constant(rng.random(channels) < 0.5)
        for density in (0.0, 0.5, 1.0):
            array = sample(x, density, rng)
            for marked in (None, minimum):
                op = MaxPool(x="x", output="y", window=window, minimum=marked)
                assert assert_equal(library, op, x, array) == (f"bnncl_maxpool_{domain}",)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_sum_pool(library: ctypes.CDLL, window: Window, domain: str) -> None:
    rng = np.random.default_rng([WINDOWS.index(window), list(DOMAINS).index(domain)])
    for channels in CHANNELS:
        x = TensorType(shape_for(window, channels, rng), DOMAINS[domain])
        for density in (0.0, 0.5, 1.0):
            array = sample(x, density, rng)
            op = SumPool(x="x", output="y", window=window)
            assert assert_equal(library, op, x, array) == (f"bnncl_sumpool_{domain}",)


def test_a_window_wholly_on_padding_has_no_maximum() -> None:
    x = TensorType((4, 4, 8), Binary())
    op = MaxPool(x="x", output="y", window=Window(2, 2, pad_top=2))
    assert candidates(op, (x,), HOST) == ()


def test_each_kernel_was_compared() -> None:
    pools = {each for each in symbols("bnncl_") if "pool_" in each and "gradient" not in each}
    assert pools == {f"bnncl_{kind}pool_{domain}" for domain in DOMAINS for kind in ("max", "sum")}
