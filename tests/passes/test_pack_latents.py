"""Packing latents: the printed graph, and the same numbers before and after."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Int, TensorType
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.ir.verify import verify
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Rescale
from bnncl.passes.pack_latents import PackLatents


def features(low: int, high: int) -> Graph:
    """Three features of low..high, halves of an input."""
    x = Value("x", TensorType((1, 1, 3), Int(-512, 511, 16)), Storage.INPUT)
    ones, halves = np.ones(3, np.int32), np.full(3, 1, np.int64)
    rescale = Rescale(Constant(ones), Constant(halves), Constant(np.ones(3, np.uint8)), low, high, 8)
    op = Requantize(output="f", x="x", rescale=rescale)
    made = Value("f", op.infer(x.type), Storage.OUTPUT, Meaning.of(0.25))
    return Graph("infer", Stage.INTEGER, ("x",), ("f",), (op,), {"x": x, "f": made})


INPUTS = np.arange(-512, 511, 11).reshape(-1, 1, 1, 3)


@pytest.mark.parametrize(("low", "high", "bits"), [(0, 127, 7), (-127, 127, 8), (0, 63, 6), (-31, 31, 6)])
def test_numbers_stay_the_same(low: int, high: int, bits: int) -> None:
    graph = features(low, high)
    packed = verify(PackLatents(bits, 8).run(graph))
    values = run(packed, {"x": INPUTS})
    wanted = run(graph, {"x": INPUTS})["f"]
    assert np.array_equal(values["f_latent"], wanted)
    assert np.array_equal(values[packed.outputs[0]], wanted)
    assert packed.outputs == ("f_replayed",)
    assert packed.values["f_replayed"].meaning is graph.values["f"].meaning
    assert packed.type_of("f_latent").stored_bytes == 4


def test_the_printed_graph() -> None:
    text = print_graph(PackLatents(7, 8).run(features(0, 127)))
    assert "f_latent: 1x1x3:packed7[0..127] = Pack(%f, bits=7)" in text
    assert "f_replayed: 1x1x3:int8[0..127] = Unpack(%f_latent)" in text


@pytest.mark.parametrize(("low", "high", "top"), [(0, 255, 15), (-127, 127, 7)])
def test_a_head_of_fewer_bits_reads_them_rescaled(low: int, high: int, top: int) -> None:
    graph = verify(PackLatents(8, 4).run(features(low, high)))
    values = run(graph, {"x": INPUTS})
    narrow = values[graph.outputs[0]]
    exact = values["f"] * (top / high)
    assert np.abs(narrow - exact).max() <= 0.5 + 1e-9
    assert (narrow.min(), narrow.max()) == (0 if low == 0 else -top, top)
    meaning = graph.values[graph.outputs[0]].meaning
    assert meaning is not None
    assert meaning.scale[0] == pytest.approx(0.25 * high / top)


def test_without_bits_nothing_changes() -> None:
    graph = features(0, 127)
    assert PackLatents(None, 8).run(graph) is graph
