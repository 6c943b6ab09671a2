"""The proofs of learning hold for what runs reach, and fail where C would overflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bnncl.interp.head import HeadConfig, HeadLearner, Integers
from bnncl.plan.learn_bounds import overflowing, proofs
from tests.learning.program import CASES, Case, answer, program

BASE = CASES[0].config


def limits(case: Case) -> dict[str, tuple[int, int, int]]:
    return {name: rest for name, *rest in proofs(case.config, case.largest, case.bias)}  # type: ignore[misc]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tested_heads_are_safe(case: Case) -> None:
    assert overflowing(case.config, case.largest, case.bias) == ()


class Watching(HeadLearner):
    """The reference, keeping the extremes of what it sums up."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.logits = self.gradients = self.products = 0

    def _forward(self) -> None:
        new, _ = self._sizes()
        latent, _ = self._pick(new)
        self.logits = max(self.logits, int(abs(self._copy(self.tw) @ self.features_of(latent)).max()))
        super()._forward()

    def _rounded(self, gradient: Integers, samples: int, row: int) -> Integers:
        rate = (self.config.rate_multiplier + samples // 2) // samples
        self.gradients = max(self.gradients, int(abs(gradient).max()))
        self.products = max(self.products, int(abs(gradient).max()) * rate)
        return super()._rounded(gradient, samples, row)


@pytest.mark.parametrize("name", ["bits 8 16", "i8 8 8", "u8 8 16", "wide rate", "q 2 2"])
def test_runs_stay_inside(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    learner, proven = Watching(case.config, case.seed, case.features), limits(case)
    for call in program(case, 60):
        answer(learner, case, call)
    reached = {
        "logits": learner.logits,
        "gradient_sums": learner.gradients,
        "rate_products": learner.products,
    }
    for what, most in reached.items():
        assert 0 < most <= proven[what][1], what


def test_the_largest_sums_are_reached_exactly() -> None:
    config = replace(BASE, features=64)
    proven = {name: hi for name, _, hi, _ in proofs(config, 1)}
    weights = np.full(64, config.weight_limit)
    learner = HeadLearner(config, 1, lambda _: np.ones(64, np.int64))
    learner.cw[0] = weights
    assert int(learner.scores(np.ones(64, np.int64))[0]) == proven["logits"] == 127 * 64
    assert int(abs(learner.scores(-np.ones(64, np.int64))[0])) == 127 * 64


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"features": 2**18}, ("logits", "logits_from_base")),
        ({"softmax_multiplier": 2**32 - 1, "features": 2**17, "softmax_shift": 62}, ("softmax_products",)),
        ({"replay_per_step": 600}, ("gradient_sums",)),
        ({"rate_multiplier": 2**31}, ("rate",)),
        ({"max_classes": 70_000, "features": 2**16}, ("labels",)),
        ({"slots": 65_536}, ("slots",)),
        ({"experience": 2**22, "epochs": 200}, ("work_units",)),
        ({"new_per_step": 2**32 - 1}, ("minibatch", "first_of_minibatch")),
        ({"replay_per_step": 2**33}, ("minibatch", "replay_draws", "rate_to_be_divided")),
        ({"slots": 65_535, "latent_bytes": 32_772}, ("replay_bytes",)),
        ({"experience": 65_535, "latent_bytes": 32_772}, ("experience_bytes",)),
        ({"q_backward": 17}, ("deltas", "weights")),
    ],
)
def test_what_would_overflow_is_named(changes: dict[str, Any], names: tuple[str, ...]) -> None:
    config: HeadConfig = replace(BASE, **changes)
    assert set(names) <= set(overflowing(config, 128, 100))
