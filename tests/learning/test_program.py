"""The programs that the C is compared on are not vacuous: whatever can happen in learning happens."""

from __future__ import annotations

import pytest

from bnncl.interp.counting import Counts
from tests.learning.program import CASES, Case, answer, program


def driven(name: str) -> tuple[Case, Counts, float]:
    """A case, its counts after 200 minibatches, and the share of bytes of the head that have changed."""
    case = next(case for case in CASES if case.name == name)
    reference = case.learner()
    head = reference.cw.astype("<i2").tobytes()
    changed = [False] * len(head)
    for call in program(case, 200):
        answer(reference, case, call)
        if call[0] == "commit":
            now = reference.cw.astype("<i2").tobytes()
            changed = [was or a != b for was, a, b in zip(changed, head, now, strict=True)]
            head = now
    return case, reference.counts, sum(changed) / len(changed)


@pytest.mark.parametrize("name", ["bits 8 16", "i8 8 16", "wide rate"])
def test_everything_occurs(name: str) -> None:
    case, counts, changed = driven(name)
    assert counts.saturations > 0
    assert counts.round_ups > 1_000
    assert counts.replacements > 5
    assert counts.evictions >= 5
    assert counts.new_classes == case.config.max_classes
    assert counts.consolidations > 5
    assert changed > 0.9


@pytest.mark.parametrize("name", ["nearest", "i8 8 12"])
def test_rounding_to_nearest_draws_nothing(name: str) -> None:
    _, counts, changed = driven(name)
    assert counts.round_ups == 0
    assert counts.consolidations > 5
    assert changed > 0.9
