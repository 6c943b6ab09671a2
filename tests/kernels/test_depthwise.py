"""Depthwise convolutions, and channels selected and joined, against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.registry import candidates
from bnncl.ops.concat import Concat, Select
from bnncl.ops.window import Window
from tests.kernels.cases import (
    CHANNELS,
    EPILOGUES,
    HOST,
    INPUTS,
    WINDOWS,
    assert_all_equal,
    assert_equal,
    grouped_conv,
    sample,
    shape_for,
    signs,
    symbols,
)


@pytest.mark.parametrize("pad_value", [0, 1, -1])
@pytest.mark.parametrize("kind", EPILOGUES)
def test_every_window_and_padding(library: ctypes.CDLL, kind: str, pad_value: int) -> None:
    rng = np.random.default_rng([EPILOGUES.index(kind), pad_value + 1])
    for window in WINDOWS:
        for channels in CHANNELS:
            x = TensorType(shape_for(window, channels, rng), Binary())
            op = grouped_conv(window, x, 1, 1, kind, pad_value, rng)
            for density in (0.0, 0.5, 1.0):
                assert assert_equal(library, op, x, signs(x.shape, density, rng))


def test_as_many_taps_as_a_counter_holds(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(1)
    window = Window(15, 17)
    x = TensorType((16, 17, 40), Binary())
    op = grouped_conv(window, x, 1, 1, "i32", 0, rng)
    filter_ = op.filter.data
    filter_[:20] = 1
    assert assert_equal(library, op, x, np.full(x.shape, -1, np.int8))
    wider = TensorType((16, 18, 40), Binary())
    assert candidates(grouped_conv(Window(16, 16), wider, 1, 1, "i32", 0, rng), (wider,), HOST) == ()


def test_every_kernel_was_compared(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(2)
    x = TensorType((2, 2, 8), Binary())
    ran: set[str] = set()
    for kind in EPILOGUES:
        ran.update(
            assert_equal(library, grouped_conv(Window(), x, 1, 1, kind, 0, rng), x, signs(x.shape, 0.5, rng))
        )
    assert ran == symbols("bnncl_bconv_depthwise")


def test_other_groups_are_left_to_the_pass_that_splits_them() -> None:
    rng = np.random.default_rng(3)
    x = TensorType((2, 2, 64), Binary())
    assert candidates(grouped_conv(Window(), x, 32, 32, "sign1", 0, rng), (x,), HOST) == ()
    assert candidates(grouped_conv(Window(), x, 1, 2, "sign1", 0, rng), (x,), HOST) == ()


@pytest.mark.parametrize("name", ["bits", *INPUTS])
def test_channels_are_selected(library: ctypes.CDLL, name: str) -> None:
    rng = np.random.default_rng(4)
    domain = Binary() if name == "bits" else INPUTS[name]
    for channels, first, count in ((100, 0, 32), (100, 32, 64), (100, 96, 4), (33, 0, 33), (64, 32, 32)):
        x = TensorType((3, 2, channels), domain)
        op = Select(x="x", output="y", first=first, count=count)
        assert assert_equal(library, op, x, sample(x, 0.5, rng)) == ("bnncl_select",)


def test_bits_are_joined_where_words_are_whole(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(5)
    op = Concat(x="x", y="y", output="z")
    for first, second in ((32, 1), (64, 33), (32, 64)):
        types = tuple(TensorType((3, 2, count), Binary()) for count in (first, second))
        drawn = [signs(type_.shape, 0.5, rng) for type_ in types]
        assert assert_all_equal(library, op, types, *drawn) == ("bnncl_concat",)
    odd = tuple(TensorType((3, 2, count), Binary()) for count in (33, 32))
    assert candidates(op, odd, HOST) == ()
    assert candidates(Select(x="x", output="y", first=1, count=32), odd[:1], HOST) == ()
    assert candidates(Select(x="x", output="y", first=0, count=5), odd[:1], HOST) == ()
