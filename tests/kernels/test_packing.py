"""Where each stored bit of a constant comes from."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.base import ConstArray, Kernel
from bnncl.kernels.registry import KERNELS
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.window import Window
from tests.kernels.cases import WINDOWS, binary_conv
from tests.kernels.native import run_kernel
from tests.kernels.specimens import specimens

BY_SYMBOL = {kernel.symbol: kernel for kernel in KERNELS}


@pytest.mark.parametrize(("kernel", "op", "types"), specimens(), ids=lambda each: getattr(each, "symbol", ""))
def test_every_element_has_a_place(kernel: Kernel, op: Op, types: tuple[TensorType, ...]) -> None:
    for array in kernel.bind(op, types).arrays:
        index = array.places.index
        assert array.data.ndim == 1
        assert index.shape[0] == array.data.size, array.name
        size = int(np.prod([size for _, size in array.places.axes]))
        held, times = np.unique(index[index >= 0], return_counts=True)
        assert held.tolist() == list(range(size)), f"{array.name} lacks an element"
        assert set(times) == {times[0]}, f"{array.name} holds some elements more often than others"
        assert times[0] == 1 or "wide" in kernel.symbol, f"{array.name} is not one to one"
        assert array.data.dtype == np.dtype(array.ctype.removesuffix("_t"))
        if index.ndim == 2:
            bits = array.data[:, None] >> np.arange(32, dtype=np.uint32) & 1
            assert not bits[index < 0].any(), f"{array.name}: filler is not 0"
            assert array.places.locate(*map(int, np.argwhere(index == index.max())[0])) != "filler"


def test_locate_names_the_axes() -> None:
    x = TensorType((4, 4, 40), Binary())
    rng = np.random.default_rng(0)
    op = binary_conv(Window(2, 3), x, 70, "sign1", 0, rng)
    filter_, *_ = BY_SYMBOL["bnncl_bconv_xnor_sign"].bind(op, (x,)).arrays
    word = ((3 * 2 + 1) * 3 + 2) * 2 + 1
    assert filter_.places.locate(word, 5) == "out_channel 3, filter_h 1, filter_w 2, in_channel 37"
    assert filter_.places.locate(word, 8) == "filler"
    rows, planes, reached, *_ = BY_SYMBOL["bnncl_bconv_vertical_sign"].bind(op, (x,)).arrays
    word = ((1 * 2 + 1) * 3 + 2) * 41 + 37
    assert rows.places.locate(word, 4) == "out_channel 36, filter_h 1, filter_w 2, in_channel 37"
    assert rows.places.locate(((1 * 2 + 1) * 3 + 2) * 41 + 40, 4) == "filler"
    assert reached.places.locate(2, 5) == "out_channel 69"
    assert reached.places.locate(2, 6) == "filler"
    count = planes.places.axes[-1][1]
    expected = "row_class 0, column_class 0, parity 1, out_channel 33, plane 2"
    assert planes.places.locate((1 * 3 + 1) * count + 2, 1) == expected


def _flipped(array: ConstArray, element: int, bit: int) -> Constant:
    data = array.data.copy()
    data[element] ^= np.uint32(1 << bit)
    return Constant(data)


@pytest.mark.parametrize(
    "symbol", ["bnncl_bconv_xnor_sign", "bnncl_bconv_vertical_sign", "bnncl_bconv_rows_sign"]
)
def test_a_flipped_bit_is_the_filter_element_it_is_located_at(library: ctypes.CDLL, symbol: str) -> None:
    """Changing the logical element that a place names gives the stored bit that was flipped."""
    kernel, x, rng = BY_SYMBOL[symbol], TensorType((4, 5, 40), Binary()), np.random.default_rng(5)
    op = binary_conv(WINDOWS[1], x, 40, "sign1", 0, rng)
    packed = kernel.bind(op, (x,)).arrays[0]
    held = np.argwhere(packed.places.index >= 0)
    for element, bit in held[rng.choice(len(held), 10)]:
        changed = op.filter.data.copy()
        changed.reshape(-1)[packed.places.index[element, bit]] *= -1
        again = BinaryConv(
            x="x", output="y", filter=Constant(changed), window=op.window, epilogue=op.epilogue
        )
        assert np.array_equal(
            kernel.bind(again, (x,)).arrays[0].data, _flipped(packed, int(element), int(bit)).data
        )
        sample = np.where(rng.random(x.shape) < 0.5, -1, 1).astype(np.int8)
        assert np.array_equal(
            run_kernel(library, kernel, again, (x,), sample), again.evaluate(sample[None])[0]
        )


def test_thresholds_on_both_sides_of_every_sum(library: ctypes.CDLL) -> None:
    """Every threshold that matters, for every sum that K products can have."""
    for channels in (1, 2, 5, 8):
        x = TensorType((1, 1, channels), Binary())
        thresholds = np.arange(-channels - 2, channels + 3)
        for first in (-1, 1):
            how = Steps(
                Constant(thresholds[None].astype(np.int32)),
                Constant(np.full(thresholds.size, first, np.int8)),
            )
            filter_ = Constant(np.ones((thresholds.size, 1, 1, channels), np.int8))
            op = BinaryConv(x="x", output="y", filter=filter_, epilogue=how)
            for ones in range(channels + 1):
                sample = np.ones(x.shape, np.int8)
                sample[..., :ones] = -1
                for stem in ("xnor", "vertical", "rows"):
                    kernel = BY_SYMBOL[f"bnncl_bconv_{stem}_sign"]
                    got = run_kernel(library, kernel, op, (x,), sample)
                    assert np.array_equal(got, op.evaluate(sample[None])[0])
