"""What a tail that learns goes back to, and what it is after a load."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bnncl.interp.head import Phase, Refused
from bnncl.interp.restored import restored
from bnncl.plan.stored_state import stored_state
from tests.learning.tail_devices import Device, device, fill, learn, units
from tests.learning.tail_programs import CLASSES, NEW, REPLAYED, TAILS, inputs_of


@pytest.mark.parametrize("kind", TAILS)
def test_an_abort_goes_back_from_every_phase(kind: str) -> None:
    learner, wanted = device(kind), device(kind)
    for each in (learner, wanted):
        learn(each, kind)
    before, scores = wanted.head.canonical(), wanted.infer(inputs_of(kind, 8, 3))
    total, sample = units(learner.program), len(learner.program.graph("sample").ops) + 1
    within_update = (NEW + REPLAYED) * sample + CLASSES + 2
    seen = set()
    for done in (0, 1, within_update, *random.Random(2).sample(range(1, total), 12), total):
        fill(learner, kind, seed=9)
        if done:
            learner.step(done)
        seen.add(learner.head.phase)
        assert np.array_equal(learner.infer(inputs_of(kind, 8, 3)), scores)
        learner.abort()
        assert learner.head.canonical() == before
        assert learner.tail.caches_hold()
        assert all(not learner.tail.states[name].any() for name in gradients(learner))
    assert seen == {Phase.OPEN, Phase.FORWARD, Phase.UPDATE, Phase.TRAINED}
    for each in (learner, wanted):
        learn(each, kind, seed=4)
    assert learner.head.canonical() == wanted.head.canonical()


def gradients(learner: Device) -> list[str]:
    return [state.name for state in learner.program.states if state.role == "gradient"]


def test_an_abort_without_a_copy_loses_what_was_trained() -> None:
    learner = device(keep_latents=False)
    learn(learner)
    saved, scores = state_of(learner), learner.infer(inputs_of("bireal", 8))
    fill(learner)
    learner.abort()
    assert learner.head.phase is Phase.IDLE
    fill(learner)
    learner.step(units(learner.program) // 2)
    assert learner.tail.caches_hold()
    learner.abort()
    assert learner.head.phase is Phase.LOST
    assert np.array_equal(learner.infer(inputs_of("bireal", 8)), scores)
    for call, status in (
        (learner.begin, "STATE_LOST"),
        (learner.commit, "BAD_STATE"),
        (lambda: learner.step(1), "BAD_STATE"),
        (lambda: learner.sample(inputs_of("bireal", 1)[0], 0), "BAD_STATE"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.status == status
    lost = learner.head.canonical()
    learner.abort()
    assert learner.head.canonical() == lost
    loaded = restored(learner.program, saved)
    assert np.array_equal(loaded.infer(inputs_of("bireal", 8)), scores)


def state_of(learner: Device) -> dict[str, np.ndarray]:
    """What a save would store."""
    head = learner.tail
    memory = head.replay
    held = {
        "seed": np.array(head.seed),
        "steps": np.array(head.steps),
        "stored": np.array(memory.stored),
        "past": head.past,
        "cw": head.cw,
        "met": memory.met,
        "replay_labels": memory.labels,
        "replay_latents": memory.latents,
        **head.states,
    }
    return {each.name: held[each.name].reshape(each.shape).copy() for each in stored_state(learner.program)}


@pytest.mark.parametrize("keep_latents", [True, False])
def test_what_is_saved_is_all_that_lasts(keep_latents: bool) -> None:
    learner = device(keep_latents=keep_latents)
    learn(learner)
    loaded = Device.__new__(Device)
    loaded.__dict__ = restored(learner.program, state_of(learner)).__dict__
    for seed in (3, 4):
        assert loaded.head.canonical() == learner.head.canonical()
        assert loaded.tail.packed_caches() == learner.tail.packed_caches()
        learn(loaded, seed=seed)
        learn(learner, seed=seed)
