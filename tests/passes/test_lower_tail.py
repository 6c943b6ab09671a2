"""Tails lowered to integers: the same features, signs that agree with filters, states that learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.printer import print_graph
from bnncl.ir.types import INT32_MAX, Int
from bnncl.ir.values import Constant
from bnncl.ir.verify import verify
from bnncl.numerics.softmax import ONE
from bnncl.ops.conv import BinaryConv
from bnncl.ops.elementwise import RealAffine
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, PassMask
from bnncl.ops.tail.parameters import Update
from bnncl.passes.tail.forward import lower_forward, merged_affines, signs_before_pools
from bnncl.passes.tail.program import NOW, kept
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.units import affine_units

from .integer_tails import Learned, States, change, cursor, example_program, learned
from .tails import TAILS, Layers, latents


def block() -> Graph:
    """One Bi-Real block behind the cut, and the mean of it."""
    make = Layers(0, channels=4, size=4)
    x = make.norm(make.conv("cut", "conv1", 4), "norm1", 36)
    return make.finish(make.slopes(make.add(x, make.shortcut(), "sum1"), "slopes1", positive=True))


# Printed without the ranges of numbers: output, shape, op, what it reads.
BLOCK = {
    "forward": """\
conv1 4x4x4 = FilterConv(cut, conv1_w_signs)
norm1_normal 4x4x4 = Requantize(conv1)
norm1 4x4x4 = ChannelAffine(norm1_normal, norm1_scale, norm1_offset)
cut_shortcut_wide 4x4x4 = SumPool(cut)
cut_shortcut_q 4x4x4 = Requantize(cut_shortcut_wide)
sum1 4x4x4 = Add(norm1, cut_shortcut_q)
slopes1 4x4x4 = SlopedUnit(sum1, slopes1_slope, slopes1_positive)
mean_sum 1x1x4 = SumPool(slopes1)
mean_q 1x1x4 = Requantize(mean_sum)
""",
    "back": """\
delta_e 1x1x1 = FixedExponent()
features_g 1x1x4 = HeadInputGradient(delta, tw)
features_g_e 1x1x1 = BlockExponent(features_g, delta_e)
features_g_m 1x1x4 = Normalise(features_g, delta_e, features_g_e)
mean_sum_g_x 4x4x4 = SumPoolGradient(features_g_m)
mean_sum_g_x_e 1x1x1 = BlockExponent(mean_sum_g_x, features_g_e)
mean_sum_g_x_m 4x4x4 = Normalise(mean_sum_g_x, features_g_e, mean_sum_g_x_e)
slopes1_slope_g 1x1x4 = ChannelDot(mean_sum_g_x_m, sum1)
slopes1_slope_sum_new 1x1x4 = Accumulate(slopes1_slope_sum, slopes1_slope_g, mean_sum_g_x_e)
slopes1_positive_g 1x1x4 = ChannelDot(mean_sum_g_x_m, sum1)
slopes1_positive_sum_new 1x1x4 = Accumulate(slopes1_positive_sum, slopes1_positive_g, mean_sum_g_x_e)
slopes1_g_x 4x4x4 = SlopeGradient(mean_sum_g_x_m, sum1, slopes1_slope, slopes1_positive)
slopes1_g_x_e 1x1x1 = BlockExponent(slopes1_g_x, mean_sum_g_x_e)
slopes1_g_x_m 4x4x4 = Normalise(slopes1_g_x, mean_sum_g_x_e, slopes1_g_x_e)
norm1_scale_g 1x1x4 = ChannelDot(slopes1_g_x_m, norm1_normal)
norm1_scale_sum_new 1x1x4 = Accumulate(norm1_scale_sum, norm1_scale_g, slopes1_g_x_e)
norm1_offset_g 1x1x4 = ChannelSum(slopes1_g_x_m)
norm1_offset_sum_new 1x1x4 = Accumulate(norm1_offset_sum, norm1_offset_g, slopes1_g_x_e)
norm1_g_x 4x4x4 = ChannelProduct(slopes1_g_x_m, norm1_scale)
norm1_g_x_e 1x1x1 = BlockExponent(norm1_g_x, slopes1_g_x_e)
norm1_g_x_m 4x4x4 = Normalise(norm1_g_x, slopes1_g_x_e, norm1_g_x_e)
norm1_normal_g_x 4x4x4 = ChannelMultiple(norm1_g_x_m)
norm1_normal_g_x_e 1x1x1 = BlockExponent(norm1_normal_g_x, norm1_g_x_e)
norm1_normal_g_x_m 4x4x4 = Normalise(norm1_normal_g_x, norm1_g_x_e, norm1_normal_g_x_e)
conv1_w_sum_new 4x9x4 = AccumulateFilter(conv1_w_sum, cut, norm1_normal_g_x_m, norm1_normal_g_x_e)
""",
    "update": """\
slopes1_slope_new 1x1x4 = Update(slopes1_slope, slopes1_slope_sum, cursor)
slopes1_positive_new 1x1x4 = Update(slopes1_positive, slopes1_positive_sum, cursor)
norm1_scale_new 1x1x4 = Update(norm1_scale, norm1_scale_sum, cursor)
norm1_offset_new 1x1x4 = Update(norm1_offset, norm1_offset_sum, cursor)
conv1_w_new 4x9x4 = Update(conv1_w, conv1_w_sum, cursor)
conv1_w_signs_new 4x9x4 = SignBits(conv1_w_signs, conv1_w_new)
slopes1_slope_sum_new 1x1x4 = Clear(slopes1_slope_sum)
slopes1_positive_sum_new 1x1x4 = Clear(slopes1_positive_sum)
norm1_scale_sum_new 1x1x4 = Clear(norm1_scale_sum)
norm1_offset_sum_new 1x1x4 = Clear(norm1_offset_sum)
conv1_w_sum_new 4x9x4 = Clear(conv1_w_sum)
""",
}


def test_a_block_forward_and_back():
    of = learned(block())
    sample = of.graph("sample")
    behind = [op.output for op in sample.ops].index("delta_e")
    halves = (replace(sample, ops=sample.ops[:behind]), replace(sample, ops=sample.ops[behind:]))
    for graph, wanted in zip((*halves, of.graph("update")), BLOCK.values(), strict=True):
        assert text(graph) == wanted


def text(graph: Graph) -> str:
    """One line for each op: `output shape = Op(inputs)`."""
    lines = []
    for op in graph.ops:
        shape = "x".join(map(str, graph.type_of(op.output).shape))
        lines.append(f"{op.output} {shape} = {type(op).__name__}({', '.join(op.inputs)})\n")
    return "".join(lines)


def features(of: Learned) -> np.ndarray:
    graph = of.forward.graph
    given = {graph.inputs[0]: of.samples, **of.states}
    value = graph.values[graph.outputs[0]]
    assert value.meaning is not None
    return value.meaning.real(run(graph, {name: given[name] for name in graph.inputs})[value.name])


@pytest.mark.parametrize("name", TAILS)
def test_features_are_those_of_the_traced_tail(name: str):
    tail = TAILS[name](0)
    of = learned(tail)
    wanted = run(tail, {tail.inputs[0]: of.samples})[tail.outputs[0]]
    got = features(of)
    assert got.shape == wanted.shape
    assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.99
    assert isinstance(of.forward.graph.type_of(of.forward.graph.outputs[0]).domain, Int)


def test_before_the_first_sign_only_rounding_differs():
    tail = TAILS["bireal"](0)
    of = learned(tail)
    graph = verify(of.forward.graph)
    given = {graph.inputs[0]: of.samples, **of.states}
    got = run(graph, {name: given[name] for name in graph.inputs})
    wanted = run(tail, {tail.inputs[0]: of.samples})
    assert np.array_equal(got["conv1"], wanted["conv1"])
    for name, units in (("norm1", 1.5), ("sum1", 2.5), ("slopes1", 3.5)):
        meaning = graph.values[name].meaning
        assert meaning is not None
        error = np.abs(meaning.real(got[name]) - wanted[name]) / meaning.scale[0]
        assert np.quantile(error, 0.999) < units, name


def test_units_are_powers_of_two_and_zero_is_zero():
    for build in TAILS.values():
        graph = learned(build(0)).forward.graph
        for value in graph.values.values():
            if value.meaning is not None:
                assert np.frexp(value.meaning.scale)[0] == 0.5
                assert not value.meaning.offset.any()


@pytest.mark.parametrize("bits", [8, 16])
def test_latent_weights_have_the_signs_of_their_filters(bits: int):
    make = Layers(0)
    x = make.conv("cut", "conv1", 8)
    tail = make.finish(x)
    conv = tail.ops[0]
    assert isinstance(conv, BinaryConv)
    latent = np.asarray(conv.filter.latent).copy()
    latent[0, 0, 0, :4] = [-1e-9, 0.0, 1e-9, -2.0]
    signs = np.where(latent >= 0, 1, -1).astype(np.int8)
    tiny = replace(conv, filter=Constant(signs, (), latent))
    forward = lower_forward(tail.with_ops([tiny, *tail.ops[1:]]), latents(tail), TailSettings(q_latent=bits))
    state = forward.states[0]
    numbers = state.initial.data.reshape(latent.shape)  # type: ignore[union-attr]
    assert np.array_equal(numbers >= 0, latent >= 0)
    assert numbers[0, 0, 0, 0] == -1
    assert numbers.min() == -(2 ** (bits - 1)) + 1
    assert numbers.dtype == {8: np.int8, 16: np.int16}[bits]


@pytest.mark.parametrize(
    ("largest", "reach"), [(3.0, 1.0), (0.6, 1.0), (0.3, 1.0), (0.2, 0.5), (0.01, 2**-5)]
)
def test_small_latent_weights_have_a_small_unit(largest: float, reach: float):
    make = Layers(0)
    tail = make.finish(make.conv("cut", "conv1", 8))
    held = tail.ops[0].filter  # type: ignore[attr-defined]
    latent = held.latent * np.float32(largest / np.abs(held.latent).max())
    op = replace(tail.ops[0], filter=Constant(held.data, (), latent))
    state = lower_forward(tail.with_ops([op, *tail.ops[1:]]), latents(tail), TailSettings()).states[0]
    assert state.meaning is not None
    assert state.meaning.scale[0] * 2**15 == reach


def test_inference_reads_what_was_kept_and_computes_no_mask():
    of = learned(TAILS["bireal"](0))
    graph = verify(of.tail.forward)
    assert set(graph.inputs[1:]) <= {state.name for state in of.tail.states if state.name.endswith("_kept")}
    assert not [op for op in graph.ops if isinstance(op, PassMask)]
    assert [op for op in of.graph("sample").ops if isinstance(op, PassMask)]
    states = of.states | {kept(name): array for name, array in of.states.items()}
    states[graph.inputs[0]] = of.samples
    made = run(graph, {name: states[name] for name in graph.inputs})[graph.outputs[0]]
    training = of.sample(of.states, of.samples, of.delta)[graph.outputs[0]]
    assert np.array_equal(made, training)


def test_affine_maps_in_a_row_are_one():
    make = Layers(0)
    x = make.norm(make.conv("cut", "conv1", 8), "norm1", 180)
    tail = make.finish(make.shift(make.norm(x, "norm2", 1), "shift"))
    merged = merged_affines(tail)
    assert sum(isinstance(op, RealAffine) for op in merged.ops) == 1
    x = latents(tail)
    want, got = (run(graph, {"cut": x})[tail.outputs[0]] for graph in (tail, merged))
    assert np.allclose(want, got)


def test_the_sign_of_a_pool_is_the_pool_of_signs():
    tail = TAILS["pooled"](0)
    moved = signs_before_pools(tail)
    kinds = [type(op).__name__ for op in moved.ops]
    assert kinds.index("RealThreshold") > max(at for at, kind in enumerate(kinds) if kind == "MaxPool")
    x = latents(tail)
    want, got = (run(graph, {"cut": x})[tail.outputs[0]] for graph in (tail, moved))
    assert np.array_equal(want, got)


def test_units_of_scales_and_offsets_keep_the_ops_promises():
    rng = np.random.default_rng(5)
    for _ in range(300):
        settings = TailSettings(q_forward=int(rng.integers(2, 9)), q_backward=int(rng.integers(8, 17)))
        scale, offset = (rng.normal(0, 10.0 ** rng.uniform(-5, 3), 6) for _ in range(2))
        x, out = int(rng.integers(-8, 13)), int(rng.integers(-8, 13))
        units = affine_units(settings, x, out, (scale, offset), 2.0**-out * settings.top)
        assert 0 <= units.offset_shift <= 15
        assert 1 <= units.shift <= 30
        assert np.abs(scale).max() * 2.0**units.scale <= settings.parameter_limit
        assert np.abs(offset).max() * 2.0**units.offset <= settings.parameter_limit


def test_every_tail_is_proven_to_fit_32_bits():
    for build in TAILS.values():
        of = learned(build(0))
        for op in of.forward.graph.ops:
            if isinstance(op, ChannelAffine | FilterConv):
                types = of.forward.graph.input_types(op)
                read = types if isinstance(op, ChannelAffine) else types[:1]
                assert op.accumulator(*read).hi < INT32_MAX


def loss(of: Learned, states: States, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of the fixed head, and the gradients of its logits in integers."""
    values = of.sample(states, of.samples, np.zeros_like(of.delta))
    graph = of.forward.graph
    meaning = graph.values[graph.outputs[0]].meaning
    assert meaning is not None
    logits = meaning.real(values[graph.outputs[0]])[:, 0, 0] @ of.weights().T
    odds = np.exp(logits - logits.max(1, keepdims=True))
    odds /= odds.sum(1, keepdims=True)
    at = np.arange(len(labels)), labels
    mean = float(-np.log(odds[at]).mean())
    odds[at] -= 1
    half = ONE >> (16 - of.head.q_backward)
    return mean, np.clip(np.rint(odds * half), -half, half - 1).astype(np.int64)[:, None, None]


def minibatch(of: Learned, states: States, delta: np.ndarray, step: int) -> None:
    values = of.sample(states, of.samples, delta)
    for op in of.graph("sample").ops:
        if op.changes_state:
            states[op.inputs[0]] = values[op.output]
    change(of.graph("update"), states, **{NOW: cursor(step, len(of.samples))})


@pytest.mark.parametrize(
    "settings", [{}, {"stochastic": True}, {"q_latent": 8, "stochastic": True}, {"gradient_scale": "static"}]
)
@pytest.mark.parametrize("name", TAILS)
def test_steps_lower_the_loss(name: str, settings: dict[str, object]):
    of = learned(TAILS[name](0), rate=0.02, **settings)
    labels = np.arange(len(of.samples)) % of.head.max_classes
    states = of.states
    first, _ = loss(of, states, labels)
    for step in range(8):
        _, delta = loss(of, states, labels)
        minibatch(of, states, delta, step)
        check_caches(of, states)
    last, _ = loss(of, states, labels)
    print(f"{name} {settings}: {first:.3f} -> {last:.3f}")
    assert last < 0.8 * first
    flips = sum(
        int((of.states[state.name] != states[state.name]).sum())
        for state in of.forward.states
        if state.role == "signs"
    )
    assert flips > 0


def check_caches(of: Learned, states: States) -> None:
    """Signs are those of the latent weights, sums are empty, and numbers are within their types."""
    for state in of.tail.states:
        array = states[state.name]
        if state.role == "gradient":
            assert not array.any(), state.name
        elif state.role in ("latent", "parameter"):
            assert isinstance(state.type.domain, Int)
            assert state.type.domain.lo <= array.min() <= array.max() <= state.type.domain.hi
        elif state.role == "signs" and not state.name.endswith("_kept"):
            signs = np.where(states[state.of] >= 0, 1, -1)
            turned = state.type.shape != signs.shape[1:] or state.name.endswith("_t")
            assert np.array_equal(array, signs.transpose(0, 2, 3, 1) if turned else signs), state.name


def with_kept(of: Learned) -> States:
    states = of.states
    for state in of.tail.states:
        if state.role == "kept":
            states[state.name] = states[state.of].copy()
    change(of.graph("rebuild"), states)
    return states


@pytest.mark.parametrize("keep_latents", [True, False])
def test_commit_keeps_and_abort_goes_back(keep_latents: bool):
    of = learned(TAILS["reactnet"](0), rate=0.05, keep_latents=keep_latents)
    states = with_kept(of)
    before = {name: array.copy() for name, array in states.items()}
    minibatch(of, states, of.delta, 0)
    names = [state.name for state in of.forward.states]
    copies = [kept(name) for name in names if kept(name) in states]
    assert any((states[name] != before[name]).any() for name in names)
    assert all(np.array_equal(states[name], before[name]) for name in copies)
    if keep_latents:
        again = {name: array.copy() for name, array in states.items()}
        change(of.graph("abort"), again)
        assert all(np.array_equal(again[name], before[name]) for name in before)
    change(of.graph("commit"), states)
    assert all(np.array_equal(states[kept(name)], states[name]) for name in names if kept(name) in states)
    rebuilt = {name: array.copy() for name, array in states.items()}
    for state in of.tail.states:
        if state.role == "signs":
            rebuilt[state.name] = np.ones_like(rebuilt[state.name])
    change(of.graph("rebuild"), rebuilt)
    assert all(np.array_equal(rebuilt[name], states[name]) for name in states)
    latent_copies = [name for name in copies if name == "conv1_w_kept"]
    assert bool(latent_copies) is keep_latents


def test_signs_alone_last_by_the_other_rule():
    of = learned(TAILS["chain"](0), rule="sign", rate=0.02)
    states = of.states
    first = states["conv1_w"]
    minibatch(of, states, of.delta, 0)
    for latent in (first, states["conv1_w"]):
        assert set(np.unique(np.abs(latent))) == {of.settings.latent_limit}
    assert np.array_equal(first >= 0, learned(TAILS["chain"](0)).states["conv1_w"] >= 0)
    assert np.unique(np.abs(states["norm1_scale"])).size > 2


def test_rates_that_cannot_be_had_are_refused():
    with pytest.raises(UsageError) as caught:
        learned(TAILS["chain"](0), rate=1e15)
    assert [problem.slug for problem in caught.value.problems] == ["bad-rate"]
    assert caught.value.exit_code == EXIT_USAGE


def test_latent_weights_can_have_a_rate_of_their_own():
    def steps(**settings: float) -> dict[str, float]:
        update = learned(TAILS["chain"](0), **settings).tail.training[1]
        made = [op for op in update.ops if isinstance(op, Update)]
        return {op.x: op.multiplier * 2.0**-op.shift for op in made}

    alike, apart = steps(rate=0.02), steps(rate=0.02, filter_rate=0.5)
    ratios = {name: apart[name] / alike[name] for name in alike}
    assert {name: pytest.approx(25.0 if name.endswith("_w") else 1.0) for name in ratios} == ratios
    with pytest.raises(UsageError) as caught:
        learned(TAILS["chain"](0), filter_rate=1e15)
    assert caught.value.problems[0].where == "--filter-rate"


def test_no_two_parameters_share_random_numbers():
    updates = [op for op in example_program().training[1].ops if isinstance(op, Update)]
    assert len({op.stream for op in updates}) == len(updates) > 5
    assert min(op.stream for op in updates) > 4


def test_a_program_is_the_same_each_time():
    first, second = (example_program("quicknet") for _ in range(2))
    for one, other in zip(first.training, second.training, strict=True):
        assert print_graph(one) == print_graph(other)
    assert [state.name for state in first.states] == [state.name for state in second.states]
