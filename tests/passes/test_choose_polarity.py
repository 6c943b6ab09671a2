"""Polarity: the printed graph, the same scores before and after, and values that keep their signs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from bnncl.driver.options import Options
from bnncl.driver.pipeline import passes
from bnncl.frontend.model import ModelSource, open_model
from bnncl.interp import run
from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Array, Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Int, TensorType
from bnncl.ir.values import Constant, Value
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window
from bnncl.passes.base import run_passes
from bnncl.passes.choose_polarity import ChoosePolarity, binary_densities, negated_channels
from bnncl.passes.input_format import from_calibration
from bnncl.passes.ranges import observed_ranges
from tests.e2e.zoo import ZOO, build, images

from .builders import SAME, signs

Random = np.random.Generator
_NUMBERS = Int(-50, 50, 8)


def steps(rng: Random, channels: int, reach: int, count: int = 1) -> Steps:
    at = np.sort(rng.integers(-reach, reach + 1, (count, channels)), axis=0)
    return Steps(Constant(at.astype(np.int32)), signs(rng, channels))


class Net:
    """A graph that begins with the signs of integers, with random parameters."""

    def __init__(self, rng: Random, shape: tuple[int, int, int]) -> None:
        self.rng = rng
        self.builder = GraphBuilder("infer", Stage.INTEGER, Value("x", TensorType(shape, _NUMBERS)))
        count = int(rng.integers(1, 3))
        self.at = self.builder.add(Threshold(output="s0", x="x", steps=steps(rng, shape[2], 50, count)))

    def conv(self, channels: int, window: Window, pad_value: int = 0, *, ends: bool = False) -> str:
        made = self.builder.value(self.at).type
        filter_ = signs(self.rng, channels, window.filter_h, window.filter_w, made.channels)
        name = "scores" if ends else f"{self.at}c"
        epilogue = None if ends else steps(self.rng, channels, 4)
        op = BinaryConv(
            output=name, x=self.at, filter=filter_, window=window, pad_value=pad_value, epilogue=epilogue
        )
        self.at = self.builder.add(op)
        return name

    def flatten(self) -> None:
        self.at = self.builder.add(Flatten(output=f"{self.at}f", x=self.at))

    def pool(self, *, marked: bool = False) -> None:
        channels = self.builder.value(self.at).type.channels
        minimum = Constant(self.rng.random(channels) < 0.5) if marked else None
        window = Window(2, 2, 2, 2)
        self.at = self.builder.add(MaxPool(output=f"{self.at}p", x=self.at, window=window, minimum=minimum))

    def finish(self, *more: str) -> Graph:
        return self.builder.finish(self.at, *more)


def numbers(rng: Random, graph: Graph, count: int = 12) -> dict[str, Array]:
    shape = graph.type_of("x").shape
    return {"x": rng.integers(_NUMBERS.lo, _NUMBERS.hi + 1, (count, *shape))}


def chosen(graph: Graph, inputs: dict[str, Array]) -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    """The graph after the pass, and all values before and after; what stayed or was turned is checked."""
    before = run(graph, inputs)
    after = run_passes(graph, (ChoosePolarity(binary_densities(graph, before)),))
    values = run(after, inputs)
    for name in graph.outputs:
        assert np.array_equal(values[name], before[name]), name
    for name, value in after.values.items():
        sign = 1 if value.meaning is None else value.meaning.scale
        kept = value if value.meaning is None else replace(value, meaning=graph.values[name].meaning)
        assert kept == graph.values[name]
        assert np.array_equal(values[name] * sign, before[name]), name
    for op in after.ops:
        if isinstance(op, BinaryConv):
            assert op.density == pytest.approx((values[op.x] < 0).mean(), abs=1e-4)
    return after, before, values


def three_layers(pads: tuple[int, int]) -> Net:
    rng = np.random.default_rng(3)
    net = Net(rng, (6, 6, 8))
    net.conv(33, SAME, pads[0])
    net.conv(32, Window(2, 2, 2, 2), pads[1])
    net.flatten()
    net.conv(5, Window(), ends=True)
    return net


def test_the_printed_graph() -> None:
    graph = three_layers((0, 1)).finish()
    after, _, _ = chosen(graph, numbers(np.random.default_rng(1), graph))
    lines = print_graph(after).splitlines()
    was = print_graph(graph).splitlines()
    assert len(lines) == len(was)
    for line, old in zip(lines, was, strict=True):
        assert (line == old) == ("BinaryConv" not in line), line
        assert line.partition(", density=0.")[0] == old.removesuffix(")") or line == old
    assert negated_channels(graph, after).keys() == {"s0", "s0c", "s0cc"}
    assert negated_channels(graph, graph) == {}


def test_every_channel_is_mostly_plus_one_afterwards() -> None:
    graph = three_layers((0, 0)).finish()
    after, before, values = chosen(graph, numbers(np.random.default_rng(1), graph))
    for name in ("s0", "s0c", "s0cc"):
        assert (binary_densities(after, values)[name] <= 0.5).all()
        assert (binary_densities(graph, before)[name] > 0.5).any()
        meaning = after.values[name].meaning
        assert meaning is not None
        assert int((meaning.scale < 0).sum()) == negated_channels(graph, after)[name]


def test_a_filter_that_reads_negated_channels_does_not_keep_latent_weights() -> None:
    graph = three_layers((0, 0)).finish()
    op = graph.ops[1]
    assert isinstance(op, BinaryConv)
    held = replace(op.filter, latent=op.filter.data.astype(np.float32), origins=("conv.weight",))
    graph = graph.with_ops([graph.ops[0], replace(op, filter=held), *graph.ops[2:]])
    after, _, _ = chosen(graph, numbers(np.random.default_rng(1), graph))
    changed = after.ops[1]
    assert isinstance(changed, BinaryConv)
    assert changed.filter.latent is None
    assert changed.filter.frozen_because
    assert changed.filter.origins == ("conv.weight",)


def test_a_padded_plus_one_leaves_all_channels() -> None:
    graph = three_layers((1, 0)).finish()
    after, _, _ = chosen(graph, numbers(np.random.default_rng(1), graph))
    assert negated_channels(graph, after).keys() == {"s0c", "s0cc"}


@pytest.mark.parametrize("falling", [False, True])
def test_with_a_padded_minus_one_all_channels_turn_or_none(falling: bool) -> None:
    graph = three_layers((-1, 0)).finish()
    sign = graph.ops[0]
    assert isinstance(sign, Threshold)
    high = Steps(Constant(np.full((1, 8), -20 if falling else 20, np.int32)), Constant(-np.ones(8, np.int8)))
    graph = graph.with_ops([replace(sign, steps=high), *graph.ops[1:]])
    after, _, _ = chosen(graph, numbers(np.random.default_rng(1), graph))
    assert negated_channels(graph, after).get("s0", 0) == (0 if falling else 8)
    conv = after.ops[1]
    assert isinstance(conv, BinaryConv)
    assert conv.pad_value == (-1 if falling else 1)


@pytest.mark.parametrize("marked", [False, True])
def test_a_max_pool_takes_the_other_end_of_negated_channels(marked: bool) -> None:
    rng = np.random.default_rng(5)
    net = Net(rng, (6, 6, 8))
    net.conv(32, SAME)
    net.pool(marked=marked)
    net.conv(4, SAME, ends=True)
    graph = net.finish()
    after, before, values = chosen(graph, numbers(rng, graph))
    assert negated_channels(graph, after).keys() == {"s0", "s0c"}
    assert (binary_densities(graph, before)["s0cp"] > 0.5).any()
    assert (binary_densities(after, values)["s0cp"] <= 0.5).all()
    pool = after.ops[2]
    assert isinstance(pool, MaxPool)
    assert pool.minimum is not None
    was = graph.ops[2].minimum if isinstance(graph.ops[2], MaxPool) else None
    changed = pool.minimum.data if was is None else pool.minimum.data != was.data
    assert int(changed.sum()) == negated_channels(graph, after)["s0c"]


def test_what_counts_is_what_readers_add() -> None:
    rng = np.random.default_rng(5)
    net = Net(rng, (6, 6, 8))
    net.pool()
    net.conv(4, SAME, ends=True)
    graph = net.finish()
    high = Steps(Constant(np.full((1, 8), 15, np.int32)), Constant(-np.ones(8, np.int8)))
    sign = graph.ops[0]
    assert isinstance(sign, Threshold)
    graph = graph.with_ops([replace(sign, steps=high), *graph.ops[1:]])
    after, before, _ = chosen(graph, numbers(rng, graph))
    measured = binary_densities(graph, before)
    assert (measured["s0"] > 0.5).all()
    assert (measured["s0p"] < 0.5).all()
    assert negated_channels(graph, after) == {}


@pytest.mark.parametrize("other", ["output", "sum"])
def test_a_value_that_something_else_reads_keeps_its_signs(other: str) -> None:
    rng = np.random.default_rng(6)
    net = Net(rng, (4, 4, 32))
    second = net.conv(32, SAME)
    if other == "sum":
        net.builder.add(SumPool(output="mean", x=second, window=Window(4, 4)))
    net.conv(3, SAME, ends=True)
    graph = net.finish(second if other == "output" else "mean")
    after, _, _ = chosen(graph, numbers(rng, graph))
    assert negated_channels(graph, after).keys() == {"s0"}


def test_what_was_not_measured_keeps_its_signs() -> None:
    graph = three_layers((0, 0)).finish()
    after = run_passes(graph, (ChoosePolarity({}),))
    assert print_graph(after) == print_graph(graph)
    assert negated_channels(graph, after) == {}


@settings(deadline=None, max_examples=40)
@for_all(st.integers(0, 2**32 - 1))
def test_any_chain_gives_the_same_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = Net(rng, (6, 6, int(rng.integers(1, 40))))
    for _ in range(int(rng.integers(1, 4))):
        window = SAME if rng.random() < 0.6 else Window()
        net.conv(int(rng.choice([1, 7, 32, 40])), window, int(rng.integers(-1, 2)))
        shape = net.builder.value(net.at).type.shape
        if shape[0] > 1 and rng.random() < 0.3:
            net.pool()
    if net.builder.value(net.at).type.channels % 32 == 0 and rng.random() < 0.5:
        net.flatten()
    net.conv(4, Window(), ends=True)
    graph = net.finish()
    chosen(graph, numbers(rng, graph))


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_gives_the_same_scores(name: str) -> None:
    x = images(64)
    model = open_model(ModelSource(build(name), x))
    maps = np.moveaxis(x.numpy().astype(np.float64), 1, -1)
    fmt = from_calibration(maps)
    graph = run_passes(model.graph, passes(Options(), fmt, observed_ranges(model.graph, maps)))
    inputs = {graph.inputs[0]: fmt.quantise(maps)}
    before = run(graph, inputs)
    after = run_passes(graph, (ChoosePolarity(binary_densities(graph, before)),))
    others = {graph.inputs[0]: fmt.quantise(np.moveaxis(images(64, seed=8).numpy().astype(float), 1, -1))}
    for given in (inputs, others):
        assert np.array_equal(run(after, given)[after.outputs[0]], run(graph, given)[graph.outputs[0]])
