"""Convolutions with an integer filter: every kernel against the op's meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import Binary, Int, TensorType, element_range
from bnncl.ops.window import Window
from tests.kernels.cases import (
    EPILOGUES,
    INPUTS,
    WINDOWS,
    assert_equal,
    fixed_conv,
    sample,
    shape_for,
    symbols,
)

DOMAINS: dict[str, Binary | Int] = {"bits": Binary(), **{name: INPUTS[name] for name in ("u8", "i8", "i16")}}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", EPILOGUES)
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_type_window_and_epilogue(library: ctypes.CDLL, domain: str, kind: str, bits: int) -> None:
    rng = np.random.default_rng([list(DOMAINS).index(domain), EPILOGUES.index(kind), bits])
    for window in WINDOWS:
        for channels in (1, 3, 33):
            x = TensorType(shape_for(window, channels, rng), DOMAINS[domain])
            op = fixed_conv(window, x, int(rng.choice((1, 10, 33))), kind, bits, rng)
            assert assert_equal(library, op, x, sample(x, 0.5, rng))


@pytest.mark.parametrize("domain", DOMAINS)
def test_extreme_inputs(library: ctypes.CDLL, domain: str) -> None:
    rng = np.random.default_rng(1)
    window = WINDOWS[1]
    x = TensorType((4, 5, 64), DOMAINS[domain])
    for kind in EPILOGUES:
        op = fixed_conv(window, x, 40, kind, 16, rng)
        for end in element_range(x.domain):
            assert_equal(library, op, x, np.full(x.shape, end))


def test_each_kernel_was_compared(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    ran: set[str] = set()
    for domain in DOMAINS.values():
        x = TensorType((2, 2, 8), domain)
        for kind in EPILOGUES:
            for bits in (8, 16):
                op = fixed_conv(Window(), x, 4, kind, bits, rng)
                ran.update(assert_equal(library, op, x, sample(x, 0.5, rng)))
    assert ran == symbols("bnncl_fconv")
