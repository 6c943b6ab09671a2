"""No sum of a tail that learns overflows: the proofs hold, cover the ops, bound what happens, can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.interp.states import initial
from bnncl.ir.graph import Program
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Int
from bnncl.kernels.learned_head import DELTA, ROWS, parts
from bnncl.ops.tail.backward import reach
from bnncl.ops.tail.exponents import EXPONENT, BlockExponent, FixedExponent, SumExponent
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, SignAt, SlopedUnit
from bnncl.ops.tail.parameters import (
    BLOCK,
    MOST,
    Accumulate,
    AccumulateFilter,
    AccumulateFilterNarrow,
    ChannelDot,
    Update,
)
from bnncl.plan.bounds import Bound, accumulator_bound, macs
from bnncl.plan.tail_bounds import overflowing_tail, tail_proofs
from tests.learning.tail_programs import NEW, REPLAYED, TAILS, inputs_of, program
from tests.passes.integer_tails import CLASSES


@pytest.mark.parametrize("kind", TAILS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"q_latent": 8},
        {"q_backward": 8},
        {"q_forward": 4, "q_backward": 12},
        {"ste": "approxsign"},
        {"gradient_scale": "static"},
        {"accumulate": 3},
    ],
    ids=str,
)
def test_every_proof_holds(kind: str, settings: dict[str, Any]) -> None:
    made = program(kind, **settings)
    assert overflowing_tail(made) == ()
    proven = [name for name, *_ in tail_proofs(made)]
    assert len(proven) == len({*proven})
    wanted = {f"update{at}_rate_products" for at in places(made, "update", Update)}
    sums = Accumulate | AccumulateFilter
    wanted |= {f"sample{at}_minibatch" for at in places(made, "sample", sums)}
    narrow = places(made, "sample", AccumulateFilterNarrow)
    wanted |= {
        f"sample{at}_{what}" for at in narrow for what in ("block", "block_from_base", "before_saturation")
    }
    assert bool(narrow) is ("accumulate" in settings)
    exponents = FixedExponent | BlockExponent | SumExponent
    wanted |= {f"sample{at}_exponent" for at in places(made, "sample", exponents)}
    assert wanted <= {*proven}


def places(made: Program, graph: str, kinds: Any) -> list[int]:
    return [index for index, op in enumerate(made.graph(graph).ops) if isinstance(op, kinds)]


def test_a_head_alone_has_none() -> None:
    assert tail_proofs(Program("head", program("chain").graphs[:1])) == ()


def extremes(made: Program, seed: int) -> dict[str, Array]:
    """Every value of some samples whose gradients and parameters are as large as they may be."""
    graph, rng = made.graph("sample"), np.random.default_rng(seed)
    states = initial(made)
    given: dict[str, Array] = {}
    for name in graph.inputs:
        type_ = graph.type_of(name)
        if name == graph.inputs[0]:
            given[name] = inputs_of(made.name, NEW + REPLAYED)
        elif isinstance(type_.domain, Int) and (name in states or name in (DELTA, ROWS)):
            ends = rng.choice([type_.domain.lo, type_.domain.hi], (1, *type_.shape))
            given[name] = np.zeros_like(ends) if is_sum(made, name) else ends
        else:
            given[name] = states[name]
    given[DELTA] = np.repeat(given[DELTA], NEW + REPLAYED, 0)
    return run(graph, given)


def is_sum(made: Program, name: str) -> bool:
    return any(state.name == name and state.role == "gradient" for state in made.states)


@pytest.mark.parametrize("kind", TAILS)
def test_the_largest_numbers_stay_within_what_was_proven(kind: str) -> None:
    made = program(kind)
    found = {name: (low, high) for name, low, high, _ in tail_proofs(made)}
    checked = 0
    for seed in range(3):
        values = extremes(made, seed)
        for index, op in enumerate(made.graph("sample").ops):
            for what in ("sum", "exponent", "minibatch"):
                if f"sample{index}_{what}" in found:
                    low, high = found[f"sample{index}_{what}"]
                    assert low <= values[op.output].min(), op.output
                    assert values[op.output].max() <= high, op.output
                    checked += 1
    assert checked > 3 * 20


def test_the_largest_minibatch_is_reached() -> None:
    """A sum whose every part is cut off at the limit is what was proven, no less."""
    made = program("chain", accumulate=3, narrow=False)
    at = places(made, "sample", AccumulateFilter)[0]
    op = made.graph("sample").ops[at]
    assert isinstance(op, AccumulateFilter)
    acc, x, gradient, _ = (made.graph("sample").type_of(name) for name in op.inputs)
    ones = np.ones((3, *x.shape), np.int64)
    huge = np.full((3, *gradient.shape), reach(gradient), np.int64)
    exponent = np.full((3, 1, 1, 1), op.exponent + 20)
    total = op.evaluate(np.zeros((1, *acc.shape), np.int64), ones, huge, exponent)
    proven = {name: high for name, _, high, _ in tail_proofs(made)}
    assert total.max() == proven[f"sample{at}_minibatch"]


def test_the_largest_block_is_reached() -> None:
    """What the positions of a block add up to before it is rounded is what was proven, no less."""
    made = program("chain", accumulate=3)
    at = places(made, "sample", AccumulateFilterNarrow)[0]
    op = made.graph("sample").ops[at]
    assert isinstance(op, AccumulateFilterNarrow)
    _, x, gradient, _ = (made.graph("sample").type_of(name) for name in op.inputs)
    assert gradient.shape[0] * gradient.shape[1] > BLOCK
    ones, huge = np.ones((1, *x.shape), np.int64), np.full((1, *gradient.shape), reach(gradient), np.int64)
    exponent = np.full((1, 1, 1, 1), op.exponent - op.bias)
    largest = max(added.max() for added in op.added(ones, huge, exponent))
    assert largest == {name: high for name, _, high, _ in tail_proofs(made)}[f"sample{at}_block"]


def test_a_narrow_limit_that_int16_does_not_hold_is_named() -> None:
    made = program("chain", accumulate=3)
    graph = made.graph("sample")
    at = places(made, "sample", AccumulateFilterNarrow)[0]
    ops = [replace(op, limit=2**15) if index == at else op for index, op in enumerate(graph.ops)]
    broken = made.map(lambda each: graph.with_ops(ops) if each.name == "sample" else each)
    assert overflowing_tail(broken) == (f"sample{at}_limit",)


CHANGES: dict[str, tuple[str, type[Op], Callable[[Any], Op]]] = {
    "sample{}_minibatch": ("sample", AccumulateFilter, lambda op: replace(op, limit=2**27)),
    "sample{}_minibatch ": ("sample", Accumulate, lambda op: replace(op, limit=MOST // (NEW + REPLAYED) + 1)),
    "sample{}_exponent": ("sample", BlockExponent, lambda op: replace(op, bias=-40_000)),
    "sample{}_sum": ("sample", ChannelAffine, lambda op: replace(op, offset_shift=18)),
    "sample{}_product": ("sample", SlopedUnit, lambda op: replace(op, shift=33)),
    "sample{}_compared": ("sample", SignAt, lambda op: replace(op, shift=25)),
    "update{}_rate_to_be_divided": ("update", Update, lambda op: replace(op, multiplier=2**31 - 1)),
    "update{}_limit": ("update", Update, lambda op: replace(op, limit=2**15)),
}


@pytest.mark.parametrize("proof", CHANGES)
def test_what_would_overflow_is_named(proof: str) -> None:
    name, kind, change = CHANGES[proof]
    made = program("bireal")
    at = places(made, name, kind)[-1]
    graph = made.graph(name)
    changed = graph.with_ops([change(op) if index == at else op for index, op in enumerate(graph.ops)])
    broken = made.map(lambda each: changed if each.name == name else each)
    assert proof.strip().format(at) in overflowing_tail(broken)


def test_an_exponent_that_nothing_is_known_of_has_its_types_range() -> None:
    made = program("chain")
    graph = made.graph("sample")
    start = next(index for index, op in enumerate(graph.ops) if isinstance(op, FixedExponent))
    name = graph.ops[start].output
    outside = replace(graph, inputs=(*graph.inputs, name)).with_ops(
        [op for index, op in enumerate(graph.ops) if index != start]
    )
    found = made.map(lambda each: outside if each.name == "sample" else each)
    assert outside.type_of(name) == EXPONENT
    assert any(name.endswith("exponent") for name in overflowing_tail(found))


def test_dots_are_bounded_before_and_behind_their_shift() -> None:
    made = program("bireal")
    proven = {name: high for name, _, high, _ in tail_proofs(made)}
    graph = made.graph("sample")
    for at in places(made, "sample", ChannelDot):
        op = graph.ops[at]
        x, y = (graph.type_of(name) for name in op.inputs)
        assert proven[f"sample{at}_product"] >= reach(x) * reach(y)
        assert proven[f"sample{at}_sum"] >= x.shape[0] * x.shape[1]
    assert parts(made.graphs[0]).head.config.max_classes == CLASSES


def test_filters_that_learn_count_as_the_others_do() -> None:
    graph = program("bireal").graphs[0]
    of_bits, _, of_numbers = ((op, graph.input_types(op)) for op in graph.ops if isinstance(op, FilterConv))
    size, channels = graph.type_of(of_bits[0].output).shape[:2], graph.type_of(of_bits[0].x).channels
    assert macs(*of_bits) == (size[0] * size[1] * of_bits[1][1].shape[0] * 9 * channels, 0)
    assert accumulator_bound(*of_bits) == Bound(-9 * channels, 9 * channels, 32)
    out = graph.type_of(of_numbers[0].output)
    assert macs(*of_numbers) == (0, out.elements * of_numbers[1][0].channels)
