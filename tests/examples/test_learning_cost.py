"""The float32 head that learning is held against computes what it should, and the figures are there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bnncl.targets import TARGETS
from examples.data import load_digits_split
from examples.digits.train import DigitsNet, save
from examples.learning_cost.__main__ import main
from examples.learning_cost.measure import Case, case_of, counted_float
from tests.tools import require_target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cost")
    torch.manual_seed(0)
    save(DigitsNet(6).eval(), load_digits_split().below(6), made)
    return made


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return case_of(folder)


def trained(case: Case) -> np.ndarray:
    """The weights after all minibatches, in float64 by numpy."""
    bits = np.unpackbits(case.latents, axis=1, bitorder="little")[:, : case.weights.shape[1] - 1]
    x = np.concatenate([1.0 - 2.0 * bits, np.ones((len(bits), 1))], axis=1)
    weights = case.weights * case.unit
    for _ in range(case.config.epochs):
        logits = x @ weights.T
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(x)), case.labels] -= 1
        weights = weights - case.rate / len(x) * p.T @ x
    return weights


@pytest.mark.parametrize("name", ["host", "cortex-m7", "cortex-m0plus"])
def test_the_float_head_learns_as_numpy_does(case: Case, name: str) -> None:
    target = TARGETS[name]
    require_target(target)
    _, weights = counted_float(case, target)
    wanted = trained(case)
    got = np.array(weights).reshape(wanted.shape) / 256 * case.unit
    moved = abs(wanted - case.weights * case.unit).max()
    assert abs(got - wanted).max() < 1e-3 * moved


def test_float_and_integers_start_from_the_same_head(case: Case) -> None:
    assert sorted(set(case.labels[: case.config.new_per_step])) == [6, 7, 8, 9]
    assert len(case.labels) == case.config.batch
    assert case.weights[:6].any(1).all()
    assert not case.weights[6:].any()


def test_what_learning_costs(folder: Path, tmp_path: Path) -> None:
    for name in ("cortex-m7", "cortex-m0plus"):
        require_target(TARGETS[name])
    main([str(folder), "-o", str(tmp_path / "cost.json")])
    said = json.loads((tmp_path / "cost.json").read_text())
    assert (said["inputs"], said["classes"], said["minibatch"]) == (256, 10, [8, 8])
    for name, most in (("cortex-m7", 1.5), ("cortex-m0plus", 0.1)):
        core = said["cores"][name]
        for kind in ("integer", "float32"):
            assert core[kind]["sample"] == core[kind]["forward"] + core[kind]["update"]
        assert 0.03 < core["integer_by_float32"] < most
        assert 0 <= core["ram_bytes"]["added"] - said["state_bytes"] < 64
        assert said["replay_filled_bytes"] < core["flash_bytes"]["added"] < 24_000
