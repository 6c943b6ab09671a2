"""A tail that learns, in the reference: slices, what inference reads, and that it is not vacuous."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from bnncl.interp.counting import CountingTail
from bnncl.interp.head import Phase
from bnncl.kernels.learned_head import forward_ops
from bnncl.ops.tail.parameters import Update
from bnncl.plan.learning import units_of_a_minibatch
from tests.learning.tail_devices import ALL, SEED, Device, device, fill, learn, units
from tests.learning.tail_programs import CLASSES, EXPERIENCE, NEW, REPLAYED, TAILS, inputs_of, program


@pytest.mark.parametrize("kind", TAILS)
@pytest.mark.parametrize("accumulate", [0, 3])
def test_slices_do_not_change_what_is_learned(kind: str, accumulate: int) -> None:
    one, other = device(kind, accumulate=accumulate), device(kind, accumulate=accumulate)
    total = units(one.program)
    done, rng = 0, random.Random(1)
    for each in (one, other):
        fill(each, kind)
    while done < total:
        budget = min(total - done, rng.choice((1, 2, 7, 40, 300)))
        done += budget
        assert one.step(budget) == (done == total)
        for _ in range(budget):
            other.step(1)
        assert one.head.canonical() == other.head.canonical()
        assert one.tail.packed_caches() == other.tail.packed_caches()
    one.commit()
    learn(whole := device(kind, accumulate=accumulate), kind)
    assert one.head.canonical() == whole.head.canonical()


def test_a_unit_is_one_op_and_the_cursor_counts_them() -> None:
    learner = device()
    fill(learner)
    head, made = learner.tail, learner.program
    sample, update = made.graph("sample"), made.graph("update")
    learner.step(1)
    assert (head.phase, head.item, head.op) == (Phase.FORWARD, 0, 1)
    learner.step(forward_ops(sample))
    assert (head.op, len(head._deltas)) == (forward_ops(sample) + 1, 1)
    learner.step(len(sample.ops) - head.op + 1)
    assert (head.phase, head.item, head.op) == (Phase.FORWARD, 1, 0)
    learner.step((NEW + REPLAYED - 1) * (len(sample.ops) + 1))
    assert (head.phase, head.item, head.op) == (Phase.UPDATE, NEW + REPLAYED, 0)
    learner.step(CLASSES + len(update.ops) - 1)
    assert (head.phase, head.op, head.steps) == (Phase.UPDATE, CLASSES + len(update.ops) - 1, 0)
    learner.step(1)
    assert (head.phase, head.item, head.op, head.steps) == (Phase.FORWARD, 0, 0, 1)
    assert units_of_a_minibatch(made) == (NEW + REPLAYED) * (len(sample.ops) + 1) + CLASSES + len(update.ops)


@pytest.mark.parametrize("kind", TAILS)
def test_inference_reads_what_was_kept(kind: str) -> None:
    learner = device(kind)
    inputs = inputs_of(kind, 8, 3)
    first = learner.infer(inputs)
    fill(learner, kind)
    learner.step(ALL)
    assert np.array_equal(learner.infer(inputs), first)
    kept = {state.of: state.name for state in learner.program.states if state.role == "kept"}
    states = learner.tail.states
    assert any(not np.array_equal(states[name], states[copy]) for name, copy in kept.items())
    learner.commit()
    assert all(np.array_equal(states[name], states[copy]) for name, copy in kept.items())
    assert not np.array_equal(learner.infer(inputs), first)


def test_updates_within_a_minibatch() -> None:
    """As many samples as a minibatch has are a minibatch; the rate is that of all of it."""
    full, same, few = device(), device(accumulate=NEW + REPLAYED, narrow=False), device(accumulate=3)
    for learner in (full, same, few):
        learn(learner)
    assert full.head.canonical() == same.head.canonical() != few.head.canonical()
    assert full.head.steps == few.head.steps
    fill(few)
    sample = len(few.program.graph("sample").ops) + 1
    few.step(3 * sample)
    assert (few.head.phase, few.head.item, len(few.head._deltas)) == (Phase.UPDATE, 3, 3)
    few.step(CLASSES + len(few.program.graph("update").ops))
    assert (few.head.phase, few.head.item, len(few.head._deltas)) == (Phase.FORWARD, 3, 0)
    steps = few.head.steps
    assert few.tail._minibatch().reshape(-1).tolist() == [SEED, steps, NEW + REPLAYED]
    few.step(3 * sample)
    assert few.tail._minibatch().reshape(-1).tolist() == [SEED, steps + 2**24, NEW + REPLAYED]


def test_the_head_of_a_tail_takes_the_rate_of_the_whole_minibatch() -> None:
    full, few = device(), device(accumulate=3)
    changes = []
    for learner in (full, few):
        fill(learner)
        sample = len(learner.program.graph("sample").ops) + 1
        count = 3 if learner is few else NEW + REPLAYED
        learner.step(count * sample)
        head = learner.head
        deltas, inputs = np.array(head._deltas), np.array(head._inputs)
        rate = (head.config.rate_multiplier + (NEW + REPLAYED) // 2) // (NEW + REPLAYED)
        exact = deltas.T @ inputs * rate / 2.0**head.config.rate_shift
        before = head.tw.copy()
        learner.step(CLASSES)
        limit = head.config.weight_limit
        free = (abs(before - exact) < limit - 1) & head._active()[:, None]
        assert free.any()
        assert (abs(head.tw - (before - exact))[free] <= 1).all()
        changes.append(int(free.sum()))
    assert min(changes) > 0


@pytest.mark.parametrize("kind", TAILS)
@pytest.mark.parametrize("settings", [{}, {"q_latent": 8}, {"gradient_scale": "static"}], ids=str)
def test_it_is_not_vacuous(kind: str, settings: dict[str, object]) -> None:
    learner = device(kind, counted=True, **settings)
    assert isinstance(learner.head, CountingTail)
    for seed in range(2):
        learn(learner, kind, seed=seed)
        assert learner.tail.caches_hold()
    counts = learner.head.counts
    assert min(counts.flips, counts.gradient_saturations, counts.weight_round_ups, counts.round_ups) > 0
    assert counts.commits == 2
    assert {state.name for state in learner.program.states if moved(learner, state.name)} >= {
        op.x for op in learner.program.graph("update").ops if isinstance(op, Update)
    }


def test_where_only_signs_last_weights_stay_at_their_ends() -> None:
    learner = device("chain", rule="sign")
    learn(learner, "chain")
    assert learner.tail.caches_hold()
    for op in learner.program.graph("update").ops:
        if isinstance(op, Update) and op.rule == "sign":
            assert (abs(learner.tail.states[op.x]) == op.limit).all()


def moved(learner: Device, name: str) -> bool:
    """Whether a state is no longer what it began as."""
    return not np.array_equal(learner.tail.states[name], Device(learner.program, 1).tail.states[name])


def test_saturated_weights_are_counted_and_stay_within_their_limits() -> None:
    learner = device("quicknet", counted=True, rate=0.5)
    assert isinstance(learner.head, CountingTail)
    for seed in range(3):
        learn(learner, "quicknet", seed=seed)
    assert learner.head.counts.weight_saturations > 0
    for op in learner.program.graph("update").ops:
        if isinstance(op, Update):
            assert abs(learner.tail.states[op.x]).max() <= op.limit


def test_a_cache_that_is_wrong_is_found() -> None:
    learner = device()
    learn(learner)
    for state in learner.program.states:
        if state.role == "signs":
            learner.tail.states[state.name] = -learner.tail.states[state.name]
            assert not learner.tail.caches_hold()
            learner.tail.states[state.name] = -learner.tail.states[state.name]
    assert learner.tail.caches_hold()


def test_other_seeds_round_otherwise() -> None:
    made = program("chain")
    one, other = Device(made, 1), Device(made, 2)
    nearest = program("chain", stochastic=False)
    for learner in (one, other):
        learn(learner, "chain")
    assert one.head.canonical() != other.head.canonical()
    same = [Device(replace(nearest, name="again"), 1), Device(nearest, 1)]
    for learner in same:
        learn(learner, "chain")
    assert same[0].head.canonical() == same[1].head.canonical()


@pytest.mark.parametrize("keep_latents", [True, False])
def test_canonical_bytes_are_the_documented_ones(keep_latents: bool) -> None:
    learner = device(keep_latents=keep_latents)
    head, states = learner.tail, learner.program.states
    lasting = [each for each in states if each.role in ("latent", "parameter", "kept")]
    open_ones = [each for each in states if each.role == "gradient"]
    idle = head.canonical()
    fill(learner)
    learner.step(units(learner.program) // 3)
    held = head.canonical()
    cursor = np.frombuffer(held[:28], "<u4").tolist()
    assert cursor == [head.phase, head.steps, head.epoch, head.batch, head.item, EXPERIENCE, head.op]
    at = len(held)
    for state in reversed([*lasting, *open_ones]):
        dtype = {"int8_t": "<i1", "int16_t": "<i2", "int32_t": "<i4"}[state.type.ctype]
        at -= state.type.stored_bytes
        found = np.frombuffer(held[at : at + state.type.stored_bytes], dtype)
        assert np.array_equal(found, head.states[state.name].reshape(-1)), state.name
    assert all(head.states[state.name].any() for state in open_ones)
    lasting_bytes = sum(state.type.stored_bytes for state in lasting)
    assert len(idle) == 28 + len(idle[28:-lasting_bytes]) + lasting_bytes
    assert len(held) - len(idle) == (
        sum(state.type.stored_bytes for state in open_ones)
        + EXPERIENCE * (2 + head.config.latent_bytes)
        + 2 * CLASSES * head.config.features
    )
