"""Kernels of constant time, with the code that stands in place of the general, against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.ops.elementwise import Requantize
from bnncl.ops.window import Window
from bnncl.targets import CONSTANT_TIME as FEATURE
from tests.kernels.cases import HOST, WINDOWS, binary_conv, rescale, sample, shape_for, signs
from tests.kernels.native import build_library, run_kernel
from tests.kernels.specimens import specimens
from tests.kernels.timing import CONSTANT_TIME, extremes

BOUND = tuple(each for each in specimens() if each[0] in CONSTANT_TIME)
ROWS: tuple[tuple[Kernel, str], ...] = ((BconvRowsSign(), "sign1"), (BconvRowsI32(), "i32"))


@pytest.fixture(scope="module")
def constant(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All kernels, as a project of constant time has them."""
    return build_library(tmp_path_factory.mktemp("constant"), (FEATURE,))


@pytest.mark.parametrize(("kernel", "op", "types"), BOUND, ids=lambda each: getattr(each, "symbol", ""))
def test_they_compute_what_the_op_means(
    constant: ctypes.CDLL, kernel: Kernel, op: Op, types: tuple[TensorType, ...]
) -> None:
    for arrays in extremes(types):
        wanted = op.evaluate(*(array[None] for array in arrays))[0]
        assert np.array_equal(run_kernel(constant, kernel, op, types, *arrays), wanted)


@pytest.mark.parametrize(("kernel", "kind"), ROWS, ids=str)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_all_rows_are_added_right(constant: ctypes.CDLL, kernel: Kernel, kind: str, window: Window) -> None:
    rng = np.random.default_rng(WINDOWS.index(window))
    for channels, pad in ((1, 0), (31, 1), (64, -1), (100, 0)):
        x = TensorType(shape_for(window, channels, rng), Binary())
        op = binary_conv(window, x, 40, kind, pad, rng)
        for density in (0.0, 0.4, 1.0):
            if kernel.accepts(op, (x,), HOST):
                array = signs(x.shape, density, rng)
                wanted = op.evaluate(array[None])[0]
                assert np.array_equal(run_kernel(constant, kernel, op, (x,), array), wanted)


@pytest.mark.parametrize("domain", [Int(0, 255, 8), Int(-(2**31) + 1, 2**31 - 1, 32)], ids=str)
def test_every_rescale(constant: ctypes.CDLL, domain: Int) -> None:
    rng = np.random.default_rng(domain.bits)
    x = TensorType((4, 4, 300), domain)
    for bits, unsigned in ((8, True), (8, False), (16, False)):
        op = Requantize(x="x", output="y", rescale=rescale(300, bits, unsigned, domain.hi, rng))
        array = sample(x, 0.5, rng)
        wanted = op.evaluate(array[None])[0]
        able = [kernel for kernel in CONSTANT_TIME if kernel.accepts(op, (x,), HOST)]
        assert len(able) == 1
        assert np.array_equal(run_kernel(constant, able[0], op, (x,), array), wanted)
