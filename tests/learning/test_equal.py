"""The C of learning equals the reference byte for byte after every call, however the work is sliced."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.learning.native import Config, Head, Native, State
from tests.learning.program import CASES, Case, answer, program

BATCHES = 200


def test_structs_are_those_of_the_header(learning: ctypes.CDLL) -> None:
    sizes = (ctypes.c_uint32 * 6)()
    learning.test_sizes(sizes)
    config = (ctypes.sizeof(Config), Config.stochastic.offset, Config.features_of.offset)
    assert tuple(sizes) == (*config, ctypes.sizeof(Head), Head.workspace.offset, ctypes.sizeof(State))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_state_is_equal_after_every_call(learning: ctypes.CDLL, case: Case) -> None:
    reference, native = case.learner(), Native(learning, case)
    refused = set()
    for at, call in enumerate(program(case, BATCHES)):
        status = answer(reference, case, call)
        refused.add(status)
        assert answer(native, case, call) == status, (at, call)
        assert native.canonical() == reference.canonical(), (at, call)
        if call[0] == "commit" or at % 50 == 0:
            x = case.features(case.latent(at % case.config.max_classes, at))
            assert np.array_equal(native.scores16(x), reference.scores16(x)), (at, call)
    assert reference.steps >= BATCHES
    assert refused <= {"OK", "FULL"}
    native.finish()
