"""A tail that learns equals the reference after every call, in C on the host and on emulated cores."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bnncl.emit import ProjectSpec, render, write
from bnncl.ir.op import Array
from bnncl.targets import Target
from bnncl.verification.train import Rehearsal, rehearse
from bnncl.verification.verify import verify
from tests.e2e.tails import tail_program
from tests.emit.models import samples, spec_of

SETTINGS = (("kernels", "xnor"), ("scratch limit", "none"))
KINDS = ("ram", "storage", "accumulate")
Rehearse = Callable[[str], Rehearsal]


@cache
def tail_spec(kind: str, target: str = "host") -> ProjectSpec:
    program = tail_program(storage=kind == "storage", accumulate=4 if kind == "accumulate" else 0)
    return replace(spec_of(program, "net", (target,)), settings=SETTINGS)


def inputs_of(count: int = 24) -> Array:
    return samples(tail_spec("ram").graph, count, seed=9)


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """`rehearsed(kind)`: a run of a project in Python, made once."""
    made: dict[str, Rehearsal] = {}

    def run(kind: str) -> Rehearsal:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind) / "net"
            write(render(tail_spec(kind)), folder)
            labels = np.arange(24) % 4
            made[kind] = rehearse(folder, inputs_of(), labels, 100)
        return made[kind]

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_equals_the_reference(rehearsed: Rehearse, host_target: Target, kind: str) -> None:
    result = rehearsed(kind).on(host_target)
    assert result.findings == ()
    assert result.minibatches >= 100
    assert min(result.flips, result.weight_saturations, result.weight_round_ups) > 0
    assert min(result.commits, result.new_classes, result.changed_bytes) > 0
    assert result.changed_weight_bytes > result.weight_bytes // 2


def test_inference_equals_the_reference(rehearsed: Rehearse, host_target: Target) -> None:
    result = verify(rehearsed("ram").project.folder, host_target, measure=False)
    assert result.findings == ()


def test_every_core_learns_the_same(rehearsed: Rehearse, any_isa: Target) -> None:
    assert rehearsed("ram").on(any_isa).findings == ()


def test_the_folder_is_the_same_each_time(rehearsed: Rehearse) -> None:
    folder: Path = rehearsed("ram").project.folder
    again = render(tail_spec("ram"))
    assert {path: (folder / path).read_bytes() for path in again} == again


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("bnncl_clear(memory->at_g", "minibatch "),
        ("bnncl_sign_bits_i16(memory->conv_w_ks", "conv_w_ks["),
    ],
    ids=["a gradient that is not cleared", "signs that are not kept"],
)
def test_a_missing_op_is_found_and_named(
    rehearsed: Rehearse, host_target: Target, tmp_path: Path, call: str, found: str
) -> None:
    made = rehearsed("ram")
    folder = tmp_path / "net"
    shutil.copytree(made.project.folder, folder)
    path = folder / "src" / "net_tail.c"
    text = path.read_text()
    assert call in text
    path.write_text(re.sub(rf" *{re.escape(call)}[^;]*;\n", "", text))
    broken = replace(made, project=replace(made.project, folder=folder))
    (finding,) = broken.on(host_target).findings
    assert found in finding
    assert "expected" in finding
