"""Random networks: C equals the reference, the reference agrees with torch, bytes do not vary.

A few seeds run with every test run. Many more:
`BNNCL_FUZZ=2000:4000 pytest -m study tests/e2e/test_fuzz.py` (seeds from:to, default 1000:1200).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch

import bnncl
from bnncl.driver.agreement import near_threshold
from bnncl.driver.project import Project, stored_inputs
from bnncl.frontend.model import ModelSource, TracedModel, open_model
from bnncl.interp import run
from bnncl.ir.op import Array
from bnncl.ir.types import Binary
from bnncl.ir.values import Value
from bnncl.kernels.base import calls
from bnncl.ops.add import Add
from bnncl.targets import TARGETS
from bnncl.verification.compare import compare
from bnncl.verification.harness import Sources
from tests.frontend.networks import Conv, Conv1, Linear

from .random_networks import Case, random_network

_SMALL_SHARE = 1e-3


def check_case(seed: int, folder: Path) -> None:
    """Compile the network of `seed` in one of the possible ways and check everything about it."""
    case = random_network(seed)
    choose = random.Random(-seed - 1)
    calibration = case.inputs(64) if choose.random() < 0.6 else None
    kernels = choose.choice(("auto", "auto", "xnor", "vertical"))
    options = {"kernels": kernels, "first_bits": choose.choice((8, 16, 16)), "real_bits": 16}

    def compiled() -> Project:
        return bnncl.compile(case.module, "host", example=case.inputs(1), calibration=calibration, **options)

    project = compiled()
    assert project.files() == compiled().files()
    graph = project.spec.graph
    stored = stored_inputs(case.inputs(40, seed=1), graph)
    sources = Sources(project.write(folder / "project"), "model", len(graph.ops))
    result = compare(project.spec.program, sources, TARGETS["host"], stored)
    assert result.difference is None, f"{case}\n{result.difference}"
    model = open_model(ModelSource(case.module, case.inputs(1), calibration=calibration))
    seen = stored if calibration is None else stored_inputs(calibration, graph)
    _check_torch(case, project, model, seen)


def _turned_back(value: Value, stored: Array) -> Array:
    """Bits as the model means them, where some channels are stored negated."""
    if value.meaning is None or value.type.domain != Binary():
        return stored
    return np.asarray(stored * np.sign(value.meaning.scale))


def _check_torch(case: Case, project: Project, model: TracedModel, stored: Array) -> None:
    graph = project.spec.graph
    meaning = graph.values[graph.inputs[0]].meaning
    assert meaning is not None
    wanted, scores = model.torch_run(meaning.real(stored))
    scores = scores.reshape(len(scores), -1)
    got = {
        name: _turned_back(graph.values[name], value)
        for name, value in run(graph, {graph.inputs[0]: stored}).items()
    }
    near = near_threshold(model.graph, wanted)
    inexact = any(
        isinstance(layer, Conv | Conv1 | Linear)
        and (layer.bias is not None or getattr(layer, "scaled", False))
        for layer in case.module.modules()
    )
    for each in near:
        assert inexact, f"{case}\n{each}"
        assert each.bits <= 3 + _SMALL_SHARE * each.of, f"{case}\n{each}"
    same = np.ones(len(stored), bool)
    for name, truth in wanted.items():
        if name in got:
            same &= (got[name] == truth).reshape(len(truth), -1).all(1)
    output = graph.values[graph.outputs[0]]
    assert output.meaning is not None
    real = output.meaning.real(got[output.name]).reshape(scores.shape)
    resolution = float(np.abs(output.meaning.scale).max())
    error = np.abs(real - scores)[same]
    # Interval bounds grow with every shortcut, and what integers can tell apart with them.
    rough = not project.spec.calibrated and any(isinstance(op.op, Add) for op in calls(graph))
    allowed = (0.05 if rough else 0.01) * np.abs(scores).max() + 2 * resolution
    assert (error <= allowed).all(), (
        f"{case}\nscores differ by {error.max()}, {resolution=}, {np.abs(scores).max()=}"
    )
    alike = [float((got[name] == truth).mean()) for name, truth in wanted.items() if name in got]
    if project.spec.calibrated and alike:
        assert alike[0] >= 0.98, f"{case}\n{alike}"


@pytest.mark.parametrize("seed", range(16))
def test_random_network(seed: int, tmp_path: Path):
    check_case(seed, tmp_path)


@pytest.mark.study
def test_many_random_networks(tmp_path: Path):
    torch.set_num_threads(1)
    first, end = (int(part) for part in os.environ.get("BNNCL_FUZZ", "1000:1200").split(":"))
    for seed in range(first, end):
        check_case(seed, tmp_path / str(seed))
