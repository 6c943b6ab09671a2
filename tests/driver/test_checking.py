"""A project made where PyTorch rounds otherwise is still up to date; one with other weights is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bnncl
from bnncl.driver.checking import _with_graph
from bnncl.ir.graph import Graph
from bnncl.ir.values import Constant
from bnncl.kernels.base import KernelCall
from tests.e2e.zoo import build, images


@pytest.fixture(scope="module")
def project() -> bnncl.Project:
    x = images(32)
    return bnncl.compile(build("cnn"), example=x[:1], calibration=x)


def changed(graph: Graph, output: str, change) -> Graph:
    ops = [replace(op, op=change(op.op)) if op.output == output else op for op in graph.ops]
    assert all(isinstance(op, KernelCall) for op in ops)
    return graph.with_ops(ops)


def write_changed(project: bnncl.Project, folder: Path, output: str, change) -> Path:
    spec = _with_graph(project.spec, changed(project.spec.graph, output, change))
    return replace(project, spec=spec).write(folder)


def moved_steps(op):
    at = op.epilogue.at.data.copy()
    at[0, 3] += 1
    return replace(op, epilogue=replace(op.epilogue, at=Constant(at)))


def flipped_filter(op):
    flipped = op.filter.data.copy()
    flipped[0, 0, 0, 0] *= -1
    return replace(op, filter=replace(op.filter, data=flipped))


def test_stored_thresholds_are_taken_over(project, tmp_path):
    folder = write_changed(project, tmp_path / "out", "layer_0_sign", moved_steps)
    assert project.check(folder) == []


def test_an_edit_beside_stored_thresholds_is_still_seen(project, tmp_path):
    folder = write_changed(project, tmp_path / "out", "layer_0_sign", moved_steps)
    (folder / "src" / "model.c").write_text("int x;\n")
    assert project.check(folder) == ["src/model.c"]


def test_other_binary_weights_are_another_model(project, tmp_path):
    folder = write_changed(project, tmp_path / "out", "layer_3_sign", flipped_filter)
    assert "src/model_weights.c" in project.check(folder)


def test_a_damaged_stored_program_is_seen(project, tmp_path):
    folder = project.write(tmp_path / "out")
    (folder / "report" / "program.safetensors").write_bytes(np.zeros(64, np.uint8).tobytes())
    assert project.check(folder) == ["report/program.safetensors"]
