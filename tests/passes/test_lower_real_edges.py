"""Real arithmetic at its edges: {0, 1} activations, sums that would leave int32."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Stage
from bnncl.ir.types import INT32_MAX, Float, Int, TensorType
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.ops.conv import FixedConv, RealConv
from bnncl.ops.elementwise import RealClamp, RealPRelu
from bnncl.ops.pool import AveragePool, SumPool
from bnncl.ops.threshold import RealThreshold
from bnncl.ops.window import Window
from bnncl.passes.base import run_passes
from bnncl.passes.input_format import from_calibration
from bnncl.passes.lower_real import LowerReal, RealWidths
from bnncl.passes.ranges import observed_ranges

from .builders import real, signs


def started(*shape: int) -> GraphBuilder:
    value = Value("input", TensorType(shape, Float()), Storage.INPUT)
    return GraphBuilder("infer", Stage.TRACED, value)


def lowered(graph: Graph, x: np.ndarray) -> tuple[Graph, np.ndarray]:
    """The integer graph, and the scores' errors relative to the largest of them."""
    fmt = from_calibration(x)
    integer = run_passes(graph, (LowerReal(fmt, observed_ranges(graph, x), RealWidths()),))
    got, wanted = run(integer, {"input": fmt.quantise(x)}), run(graph, {"input": x})["scores"]
    error = np.abs(integer.values["scores"].meaning.real(got["scores"]) - wanted)
    return integer, error / np.abs(wanted).max()


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape) / 255


def test_the_meaning_of_thresholded_bits_is_applied_once():
    """The frontend's filters are for ±1; that the bits stand for 0 and 1 is for readers of the report."""
    rng = np.random.default_rng(0)
    builder = started(1, 1, 6)
    x = builder.add(RealConv(output="first", x="input", filter=real(rng, 9, 1, 1, 6)))
    x = builder.add(
        RealThreshold(output="bits", x=x, at=real(rng, 1, 9, scale=0.1), first=signs(rng, 9)),
        meaning=Meaning.of(0.5, 0.5),
    )
    graph = builder.finish(builder.add(RealConv(output="scores", x=x, filter=real(rng, 4, 1, 1, 9))))
    _, error = lowered(graph, pixels(50, 1, 1, 6))
    assert np.median(error) < 1e-3


@pytest.mark.parametrize(("size", "bits"), [(30, 16), (300, 8)])
def test_the_sum_of_an_average_is_proven_to_fit(size, bits):
    rng = np.random.default_rng(0)
    builder = started(size, size, 2)
    x = builder.add(RealConv(output="first", x="input", filter=real(rng, 3, 1, 1, 2)))
    pool = AveragePool(output="mean", x=x, window=Window(size, size), divisor=float(size * size))
    graph = builder.finish(
        builder.add(RealConv(output="scores", x=builder.add(pool), filter=real(rng, 4, 1, 1, 3)))
    )
    integer, error = lowered(graph, pixels(3, size, size, 2))
    (pool,) = [op for op in integer.ops if isinstance(op, SumPool)]
    domain = integer.type_of(pool.x).domain
    assert isinstance(domain, Int)
    assert domain.bits == bits
    assert domain.hi * size * size <= INT32_MAX
    assert error.max() < (1e-3 if bits == 16 else 3e-2)


def test_the_bias_beside_weights_of_one_magnitude_keeps_its_precision():
    rng = np.random.default_rng(0)
    builder = started(1, 1, 1)
    bits = builder.add(
        RealThreshold(output="bits", x="input", at=Constant(np.array([[0.5]])), first=signs(rng, 1))
    )
    filter_, bias = Constant(np.array([0.9, -0.4]).reshape(2, 1, 1, 1)), Constant(np.array([0.3, 0.11]))
    graph = builder.finish(builder.add(RealConv(output="scores", x=bits, filter=filter_, bias=bias)))
    _, error = lowered(graph, pixels(20, 1, 1, 1))
    assert error.max() < 4e-3


@pytest.mark.parametrize(("bias", "size"), [(3.0, 1), (3.5, 127), (0.0, 1)])
def test_weights_of_one_magnitude_stay_one_byte(bias, size):
    rng = np.random.default_rng(0)
    builder = started(1, 1, 40)
    filter_ = Constant(0.25 * signs(rng, 2, 1, 1, 40).data)
    graph = builder.finish(
        builder.add(
            RealConv(output="scores", x="input", filter=filter_, bias=Constant(np.full(2, bias * 0.25 / 255)))
        )
    )
    integer, _ = lowered(graph, pixels(20, 1, 1, 40))
    (conv,) = [op for op in integer.ops if isinstance(op, FixedConv)]
    assert set(np.abs(conv.filter.data).flat) == {size}
    assert conv.filter_bits == 8


def test_inputs_beyond_the_calibrated_range_do_not_saturate_inner_layers():
    rng = np.random.default_rng(0)
    builder = started(1, 1, 4)
    x = builder.add(RealConv(output="first", x="input", filter=real(rng, 6, 1, 1, 4)))
    x = builder.add(RealPRelu(output="prelu", x=x, slope=Constant(np.full(6, 0.3))))
    x = builder.add(RealConv(output="second", x=x, filter=real(rng, 5, 1, 1, 6)))
    x = builder.add(RealClamp(output="relu", x=x, lo=0.0, hi=np.inf))
    graph = builder.finish(builder.add(RealConv(output="scores", x=x, filter=real(rng, 3, 1, 1, 5))))
    x = pixels(100, 1, 1, 4)
    fmt = from_calibration(x)
    integer = run_passes(graph, (LowerReal(fmt, observed_ranges(graph, 0.6 * x), RealWidths()),))
    got, wanted = run(integer, {"input": fmt.quantise(x)}), run(graph, {"input": x})["scores"]
    error = np.abs(integer.values["scores"].meaning.real(got["scores"]) - wanted)
    assert error.max() < 1e-3 * np.abs(wanted).max()
