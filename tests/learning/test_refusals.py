"""Wrong calls in every phase: the documented status, in C and in the reference, and nothing changed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from bnncl.interp.head import Phase, Refused
from tests.learning.native import STATUSES, Native
from tests.learning.program import CASES, Learns, answer

CASE = CASES[0]
EXPERIENCE, CLASSES, BATCH = CASE.config.experience, CASE.config.max_classes, CASE.config.batch


def idle(_: Learns) -> None:
    pass


def again(head: Learns) -> None:
    """Idle, with something learned."""
    trained(head)
    head.commit()


def opened(head: Learns) -> None:
    head.begin()


def full(head: Learns) -> None:
    head.begin()
    for number in range(EXPERIENCE):
        head.sample(CASE.latent(number % 3, number), number % 3)


def forward(head: Learns) -> None:
    full(head)
    head.step(1)


def update(head: Learns) -> None:
    full(head)
    head.step(CASE.config.new_per_step + 2)


def trained(head: Learns) -> None:
    full(head)
    assert head.step(10**6)


PHASES: dict[Callable[[Learns], None], Phase] = {
    idle: Phase.IDLE,
    again: Phase.IDLE,
    opened: Phase.OPEN,
    full: Phase.OPEN,
    forward: Phase.FORWARD,
    update: Phase.UPDATE,
    trained: Phase.TRAINED,
}
REFUSED = (
    (idle, ("sample", 0, 0), "BAD_STATE"),
    (idle, ("step", 1, 0), "BAD_STATE"),
    (idle, ("step", 0, 0), "BAD_ARGUMENT"),
    (idle, ("commit", 0, 0), "BAD_STATE"),
    (again, ("sample", 0, 0), "BAD_STATE"),
    (again, ("step", 1, 0), "BAD_STATE"),
    (again, ("commit", 0, 0), "BAD_STATE"),
    (opened, ("begin", 0, 0), "BUSY"),
    (opened, ("sample", CLASSES, 0), "BAD_LABEL"),
    (opened, ("sample", 65535, 0), "BAD_LABEL"),
    (opened, ("step", 1, 0), "EMPTY"),
    (opened, ("step", 0, 0), "BAD_ARGUMENT"),
    (opened, ("commit", 0, 0), "BAD_STATE"),
    (full, ("begin", 0, 0), "BUSY"),
    (full, ("sample", 0, 0), "FULL"),
    (full, ("sample", CLASSES, 0), "BAD_LABEL"),
    (full, ("step", 0, 0), "BAD_ARGUMENT"),
    (full, ("commit", 0, 0), "BAD_STATE"),
    (forward, ("begin", 0, 0), "BUSY"),
    (forward, ("sample", 0, 0), "BUSY"),
    (forward, ("step", 0, 0), "BAD_ARGUMENT"),
    (forward, ("commit", 0, 0), "BAD_STATE"),
    (update, ("begin", 0, 0), "BUSY"),
    (update, ("sample", CLASSES, 0), "BUSY"),
    (update, ("step", 0, 0), "BAD_ARGUMENT"),
    (update, ("commit", 0, 0), "BAD_STATE"),
    (trained, ("begin", 0, 0), "BUSY"),
    (trained, ("sample", 0, 0), "BUSY"),
    (trained, ("step", 0, 0), "BAD_ARGUMENT"),
)


@pytest.mark.parametrize(("prepare", "call", "status"), REFUSED)
def test_a_wrong_call_changes_nothing(
    learning: ctypes.CDLL, prepare: Callable[[Learns], None], call: tuple[str, int, int], status: str
) -> None:
    native, reference = Native(learning, CASE), CASE.learner()
    for learner in (native, reference):
        prepare(learner)
        before = learner.canonical()
        assert before[0] == PHASES[prepare]
        assert answer(learner, CASE, call) == status
        assert learner.canonical() == before
    assert native.canonical() == reference.canonical()
    native.finish()


def test_every_phase_is_tried() -> None:
    assert {PHASES[prepare] for prepare, *_ in REFUSED} == set(Phase) - {Phase.LOST}, (
        "a head alone is never lost"
    )


@pytest.mark.parametrize("prepare", PHASES)
def test_null_is_refused(learning: ctypes.CDLL, prepare: Callable[[Learns], None]) -> None:
    native = Native(learning, CASE)
    prepare(native)
    before = native.canonical()
    config, head = ctypes.byref(native.config), ctypes.byref(native.head)
    assert STATUSES[learning.bnncl_learn_sample(config, head, None, 0)] == "BAD_ARGUMENT"
    assert STATUSES[learning.bnncl_learn_step(config, head, 1, None)] == "BAD_ARGUMENT"
    assert native.canonical() == before
    native.finish()


@pytest.mark.parametrize("prepare", PHASES)
def test_abort_restores_the_last_commit(learning: ctypes.CDLL, prepare: Callable[[Learns], None]) -> None:
    native, reference = Native(learning, CASE), CASE.learner()
    for learner in (native, reference):
        again(learner)
        before = learner.canonical()
        if prepare is not again:
            prepare(learner)
        learner.abort()
        if prepare is not again:
            assert learner.canonical() == before
        trained(learner)
        learner.commit()
    assert native.canonical() == reference.canonical()
    native.finish()


def test_training_again_after_an_abort_is_the_same(learning: ctypes.CDLL) -> None:
    once, twice = Native(learning, CASE), Native(learning, CASE)
    update(twice)
    twice.abort()
    for head in (once, twice):
        again(head)
    assert once.canonical() == twice.canonical()


def test_scores_read_only_what_was_committed(learning: ctypes.CDLL) -> None:
    native = Native(learning, CASE)
    again(native)
    x = CASE.features(CASE.latent(0, 0))
    before = native.scores16(x)
    assert (before == -(2**15)).tolist() == [False] * 3 + [True] * (CLASSES - 3)
    full(native)
    done = False
    while not done:
        done = native.step(1)
        assert np.array_equal(native.scores16(x), before)
    native.commit()
    assert not np.array_equal(native.scores16(x), before)


def test_counters_stop_instead_of_wrapping(learning: ctypes.CDLL) -> None:
    native, reference = Native(learning, CASE), CASE.learner()
    reference.past[:] = reference.replay.met[:] = 2**32 - 3
    reference.steps = native.state.steps = 2**32 - 4
    for name in ("past", "met"):
        at = getattr(native.head, name)
        (ctypes.c_uint32 * CLASSES).from_address(at)[:] = [2**32 - 3] * CLASSES
    for learner in (native, reference):
        again(learner)
    assert reference.past.max() == reference.replay.met.max() == 2**32 - 1
    assert reference.steps < 2**31
    assert native.canonical() == reference.canonical()


def test_refused_tells_its_status() -> None:
    with pytest.raises(Refused, match="BAD_STATE"):
        CASE.learner().commit()
