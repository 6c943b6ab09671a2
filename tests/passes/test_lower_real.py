from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Float, Int
from bnncl.ir.values import Constant, Meaning
from bnncl.ops.threshold import RealThreshold
from bnncl.passes.base import run_passes
from bnncl.passes.fold_flatten import FoldFlatten
from bnncl.passes.fuse_epilogues import FuseEpilogues
from bnncl.passes.input_format import InputFormat, from_calibration
from bnncl.passes.lower_real import LowerReal, RealWidths
from bnncl.passes.lower_real.rescale import make_rescale
from bnncl.passes.lower_real.rules import integer_steps
from bnncl.passes.ranges import interval_ranges, observed_ranges

from .builders import binary_cnn, real_cnn


def pixels(graph: Graph, count: int = 40, seed: int = 1) -> tuple[InputFormat, np.ndarray]:
    shape = graph.type_of("input").shape
    raw = np.random.default_rng(seed).integers(0, 256, (count, *shape))
    mean, std = np.linspace(0.3, 0.5, shape[2]), np.linspace(0.2, 0.4, shape[2])
    real = (raw / 255 - mean) / std
    return from_calibration(real), real


def lowered(graph: Graph, widths: RealWidths, real: np.ndarray, fmt: InputFormat) -> Graph:
    return run_passes(graph, (LowerReal(fmt, observed_ranges(graph, real), widths),))


def relative_error(integer: Graph, before: dict, after: dict) -> np.ndarray:
    real = integer.values["scores"].meaning.real(after["scores"])
    return np.abs(real - before["scores"]).max((1, 2, 3)) / np.abs(before["scores"]).max()


@pytest.mark.parametrize("seed", range(4))
def test_real_layers_lose_less_than_a_thousandth(seed):
    graph = real_cnn(seed)
    fmt, real = pixels(graph)
    integer = lowered(graph, RealWidths(), real, fmt)
    before, after = run(graph, {"input": real}), run(integer, {"input": fmt.quantise(real)})
    assert relative_error(integer, before, after).max() < 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_first_layer_bits_agree_and_what_follows_is_exact(seed):
    graph = binary_cnn(seed)
    fmt, real = pixels(graph)
    integer = lowered(graph, RealWidths(), real, fmt)
    before, after = run(graph, {"input": real}), run(integer, {"input": fmt.quantise(real)})
    same = before["sign1"] == after["sign1"]
    assert same.mean() > 0.9995
    alike = same.all((1, 2, 3))
    assert alike.sum() > 10
    np.testing.assert_array_equal(before["pool2"][alike], after["pool2"][alike])
    assert relative_error(integer, before, after)[alike].max() < 1e-3


def test_printed_form_of_the_binary_cnn():
    graph = binary_cnn()
    fmt, real = pixels(graph)
    text = print_graph(lowered(graph, RealWidths(), real, fmt))
    assert "%input: 8x8x3:int8[0..255]" in text
    assert "%conv1: 8x8x20:int32" in text
    assert "%sign1: 8x8x20:binary = Threshold(%conv1" in text
    assert "%scores: 1x1x5:int16" in text
    assert "float" not in text.replace("float32", "")


def test_later_passes_change_the_form_and_not_the_numbers():
    graph = binary_cnn()
    fmt, real = pixels(graph)
    integer = lowered(graph, RealWidths(), real, fmt)
    final = run_passes(integer, (FoldFlatten(), FuseEpilogues()))
    assert [type(op).__name__ for op in final.ops] == ["FixedConv", "BinaryConv", "MaxPool", "FixedConv"]
    assert final.ops[-1].window.filter_h == 4
    before, after = (run(g, {"input": fmt.quantise(real)}) for g in (integer, final))
    for name in after:
        np.testing.assert_array_equal(before[name], after[name])


def test_flatten_of_whole_words_stays_an_alias():
    final = run_passes(_lowered_words(), (FoldFlatten(),))
    assert "Flatten" in print_graph(final)


def _widened(op: Op, rng: np.random.Generator) -> Op:
    """The ops of `binary_cnn` with 32 channels in front of the flattening instead of 10."""
    if op.output == "conv2":
        return replace(op, filter=Constant(rng.choice([-1, 1], (32, 3, 3, 20)).astype(np.int8)))
    if op.output == "sign2":
        at, first = Constant(np.zeros((1, 32), np.int32)), Constant(-np.ones(32, np.int8))
        return replace(op, steps=replace(op.steps, at=at, first=first))
    if op.output == "scores_acc":
        return replace(op, filter=Constant(rng.integers(-9, 9, (5, 1, 1, 512)).astype(np.int16)))
    return op


def _lowered_words() -> Graph:
    graph = binary_cnn()
    fmt, real = pixels(graph)
    integer = lowered(graph, RealWidths(), real, fmt)
    rng = np.random.default_rng(0)
    wide = [_widened(op, rng) for op in integer.ops]
    values = []
    known = dict(integer.values)
    for op in wide:
        value = replace(known[op.output], type=op.infer(*(known[name].type for name in op.inputs)))
        known[op.output] = value
        values.append(value)
    return integer.with_ops(wide, values)


def test_interval_ranges_hold_what_is_observed():
    for graph in (binary_cnn(), real_cnn()):
        _, real = pixels(graph)
        wide = interval_ranges(graph, (float(real.min()), float(real.max())))
        for name, (low, high) in observed_ranges(graph, real).items():
            assert wide[name][0] <= low + 1e-9
            assert high <= wide[name][1] + 1e-9


def test_eight_bit_first_filter_is_coarser():
    graph = real_cnn()
    fmt, real = pixels(graph)
    narrow = lowered(graph, RealWidths(first_filter=8), real, fmt)
    first = next(op for op in narrow.ops if op.output == "conv1")
    assert first.filter_bits == 8
    assert np.abs(first.filter.data).max() == 127
    assert not any(isinstance(value.type.domain, Float) for value in narrow.values.values())


def test_accumulators_are_proven_in_int32_for_extreme_filters():
    graph = real_cnn()
    fmt, real = pixels(graph)
    huge = [
        replace(op, filter=Constant(op.filter.data * 1e6), bias=Constant(np.full(6, 1e9)))
        if op.output == "conv1"
        else op
        for op in graph.ops
    ]
    integer = lowered(graph.with_ops(huge), RealWidths(), real, fmt)
    domain = integer.type_of("conv1").domain
    assert isinstance(domain, Int)
    assert domain.lo > -(2**31)
    assert domain.hi < 2**31 - 1


@pytest.mark.parametrize("scale", [0.037, -0.037, 0.0, 1e-9, -250.0])
def test_integer_steps_equal_real_steps_everywhere(scale):
    at = np.array([[-1.3, 0.0, 0.02, np.inf], [2.0, 0.0, 0.03, np.inf]])
    op = RealThreshold(output="y", x="x", at=Constant(at), first=Constant(np.array([-1, 1, -1, 1], np.int8)))
    meaning = Meaning.of(scale, 0.02)
    steps = integer_steps(op, 4, meaning, (-128, 127))
    q = np.broadcast_to(np.arange(-128, 128)[:, None], (256, 4))
    np.testing.assert_array_equal(steps.apply(q), op.evaluate(meaning.real(q)))


@pytest.mark.parametrize("factor", [0.0, 1.0, -1.0, 3.7e-6, -0.7, 123.456, 1e9])
@pytest.mark.parametrize("offset", [0.0, 0.5, -17.3, 1e11])
def test_rescale_rounds_to_nearest(factor, offset):
    span = (-(2**31) + 1, 2**31 - 2)
    rescale = make_rescale(np.array([factor]), np.array([offset]), span, (-32767, 32767), 16)
    q = np.concatenate([np.linspace(*span, 1001).astype(np.int64), np.arange(-40, 40)])[:, None]
    wanted = np.clip(np.floor(q * factor + offset + 0.5), -32767, 32767)
    bound = np.abs(q.astype(object) * int(rescale.multiplier.data[0]) + int(rescale.bias.data[0])).max()
    assert bound < 2**63
    assert np.abs(rescale.apply(q) - wanted).max() <= 1
