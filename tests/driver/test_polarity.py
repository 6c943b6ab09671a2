"""Polarity in a whole compilation: what learning stores keeps its signs, a check accepts another choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bnncl
from bnncl.driver.checking import _with_graph
from bnncl.driver.project import stored_inputs
from bnncl.emit import check
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.kernels.base import calls
from bnncl.kernels.learned_head import head_of
from bnncl.ops.conv import BinaryConv, FixedConv
from bnncl.ops.epilogue import Steps
from bnncl.passes.choose_polarity import ChoosePolarity
from tests.e2e.zoo import build, images


def compiled(name: str, **options: Any) -> bnncl.Project:
    x, module = images(64), build(name)
    return bnncl.compile(module, example=x[:1], calibration=x, labels=module(x).argmax(1), **options)


def negated(graph: Graph) -> set[str]:
    """Values that are stored negated in part."""
    values = graph.values.items()
    return {name for name, value in values if value.meaning and (value.meaning.scale < 0).any()}


@pytest.mark.parametrize(
    ("name", "train", "before", "behind"),
    [("relu_of_bits", "head", set(), set()), ("strides", "7", {"layer_0_sign"}, {"layer_4_sign"})],
)
def test_latents_and_what_stands_behind_them_keep_their_signs(
    name: str, train: str, before: set[str], behind: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inferring = negated(compiled(name).spec.graph)
    project = compiled(name, train=train, replay=8)
    graph = project.spec.graph
    head = head_of(graph)
    assert head is not None
    assert negated(graph) == before
    assert inferring >= before | behind | {head.cut}
    monkeypatch.setattr(ChoosePolarity, "run", lambda self, graph: graph)
    plain = compiled(name, train=train, replay=8)
    inputs = stored_inputs(images(16, seed=4), graph)
    assert np.array_equal(project.learner().latents(inputs), plain.learner().latents(inputs))
    assert np.array_equal(project.learner().infer(inputs), plain.learner().infer(inputs))


def test_a_check_accepts_another_polarity_and_no_other_weights(tmp_path: Path) -> None:
    project = compiled("strides")
    graph = project.spec.graph
    sign = np.ones(20, np.int8)
    sign[3] = -1

    def turned(op: Op) -> Op:
        if isinstance(op, FixedConv) and isinstance(op.epilogue, Steps):
            first = replace(op.epilogue.first, data=op.epilogue.first.data * sign)
            return replace(op, epilogue=replace(op.epilogue, first=first))
        if isinstance(op, BinaryConv) and op.x == "layer_0_sign":
            return replace(op, filter=replace(op.filter, data=op.filter.data * sign))
        return op

    other = graph.with_ops([replace(call, op=turned(call.op)) for call in calls(graph)])
    folder = replace(project, spec=_with_graph(project.spec, other)).write(tmp_path / "out")
    assert "src/model_weights.c" in check(project.files(), folder)
    assert project.check(folder) == []


def test_the_report_says_what_was_measured_and_what_is_the_worst_that_can_be() -> None:
    project = compiled("strides")
    report = project.report
    assert project.agreement is not None
    for op, call in zip(report.ops, calls(project.spec.graph), strict=True):
        assert (op.density is None) == (not isinstance(call.op, BinaryConv))
        assert op.worst_instructions >= op.instructions
        meaning = project.spec.graph.values[op.output].meaning
        assert op.negated == (0 if meaning is None else int((meaning.scale < 0).sum()))
    first = next(op for op in report.ops if op.density is not None)
    seen = project.agreement.densities["layer_0_sign"]
    assert first.density == pytest.approx(np.minimum(seen, 1 - seen).mean(), abs=1e-4)
    assert first.worst_instructions > first.instructions
    text = project.files()["report/report.txt"].decode()
    turned = [op for op in report.ops if op.negated]
    channels = sum(op.negated for op in turned), sum(op.out_shape[2] for op in turned)
    assert f"stored negated           {channels[0]} of {channels[1]} channels of {len(turned)} layers" in text
    totals = report.as_json()["totals"]
    assert totals["instructions"] == sum(op.instructions for op in report.ops)
    assert totals["worst_instructions"] == sum(op.worst_instructions for op in report.ops)


def test_without_calibration_half_is_taken() -> None:
    module = build("strides")
    project = bnncl.compile(module, example=images(1))
    assert all(op.density is None and op.negated == 0 for op in project.report.ops)
    assert "half of all bits are taken to be -1" in project.report.warnings[0]
    assert "stored negated" not in project.files()["report/report.txt"].decode()
