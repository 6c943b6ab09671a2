"""Differences are said so that a firmware engineer finds them."""

from __future__ import annotations

import numpy as np
import pytest

import bnncl
from bnncl.diagnostics import UsageError, VerificationFailed
from bnncl.kernels.base import calls
from bnncl.targets import TARGETS
from bnncl.verification.compare import compare, locate
from bnncl.verification.harness import Sources, dump
from bnncl.verification.opened import open_project
from bnncl.verification.verify import environment, noise, verify
from tests.e2e.zoo import build, images
from tests.tools import require_target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    project = bnncl.compile(build("mlp"), example=images(1), name="mlp")
    return project.write(tmp_path_factory.mktemp("mlp") / "mlp")


def test_the_first_element_is_named(folder) -> None:
    call = calls(open_project(folder).graph)[1]
    expected = np.ones((2, 3, 5), np.int8)
    actual = expected.copy()
    actual[1, 0, 4] = actual[1, 2, 0] = -1
    said = str(locate(0, call, 7, expected, actual))
    assert said.startswith(f"op 0 ({call.output}, module {call.op.module}): sample 7, channel 4, ")
    assert (
        "position y=1 x=0: expected 1, was -1 (2 elements of this sample differ; computed by bnncl_" in said
    )


def test_unused_bits_are_named(folder) -> None:
    call = calls(open_project(folder).graph)[1]
    same = np.ones((1, 1, 33), np.int8)
    assert "the unused bits after channel 32: expected 0, was 1" in str(locate(0, call, 0, same, same))


def test_noise_is_the_same_every_time(folder) -> None:
    project = open_project(folder)
    first, again = noise(project), noise(project)
    assert (first.inputs == again.inputs).all()
    assert len(noise(project, 3).inputs) == 3


def test_any_environment_serves(folder) -> None:
    """The project was made for a Cortex-M7; its C runs anywhere."""
    for name in ("native", "qemu_cortex_m0plus", "qemu_rv32imac"):
        target = environment(name)
        require_target(target)
        result = verify(folder, target, noise(open_project(folder), 4), measure=False)
        assert result.passed
        assert result.environment == name


def test_unknown_environment() -> None:
    with pytest.raises(UsageError) as caught:
        environment("esp32")
    assert [problem.slug for problem in caught.value.problems] == ["unknown-environment"]


def test_an_op_that_is_not_there(folder) -> None:
    project = open_project(folder)
    sources = Sources(folder, project.name, len(project.graph.ops))
    sample = noise(project, 1).inputs.reshape(-1)
    with pytest.raises(VerificationFailed) as caught:
        dump(sources, TARGETS["host"], sample, 99)
    assert [problem.slug for problem in caught.value.problems] == ["run-failed"]
    assert compare(project.program, sources, TARGETS["host"], noise(project, 2).inputs).difference is None
