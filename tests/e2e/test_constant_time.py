"""Whole networks in constant time: every input takes the same number of instructions, on every core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.ir.op import Array
from bnncl.ir.types import Int
from bnncl.kernels.base import calls
from bnncl.targets import TARGETS
from bnncl.verification.compare import compare
from bnncl.verification.harness import Sources, instructions
from tests.tools import require_target

from .zoo import build, images


def inputs_of(project: bnncl.Project) -> Array:
    """The least and the greatest number everywhere, then numbers of every kind."""
    graph = project.spec.graph
    domain = graph.type_of(graph.inputs[0]).domain
    assert isinstance(domain, Int)
    some = stored_inputs(images(3, seed=5), graph)
    ends = [np.full_like(some[:1], end) for end in (domain.lo, domain.hi)]
    return np.concatenate([*ends, some])


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "rv32imac"])
@pytest.mark.parametrize(
    ("name", "learns"), [("cnn", False), ("react", False), ("cnn", True), ("pooled_relu", True)]
)
def test_no_input_takes_longer(name: str, learns: bool, core: str, tmp_path: Path) -> None:
    require_target(TARGETS[core])
    more: dict[str, Any] = {}
    if learns:
        more = {"train": "head", "experience": 10, "calibration": images(64, seed=3)}
    module = build(name)
    project = bnncl.compile(module, core, example=images(1), name=name, timing="constant", **more)
    project.write(tmp_path / name)
    graph = project.spec.graph
    sources, inputs = Sources(tmp_path / name, name, len(graph.ops)), inputs_of(project)
    counts = instructions(sources, TARGETS[core], inputs.reshape(len(inputs), -1))
    assert len(set(counts)) == 1, counts
    assert compare(project.spec.program, sources, TARGETS[core], inputs).difference is None


def test_where_a_cache_would_tell_no_address_depends_on_the_data() -> None:
    for core, family in (("cortex-m4", "vertical"), ("cortex-m7", "xnor"), ("cortex-m55", "xnor")):
        project = bnncl.compile(build("cnn"), core, example=images(1), timing="constant")
        families = {call.kernel.family for call in calls(project.spec.graph)} - {""}
        assert families == {family}
