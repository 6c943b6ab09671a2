"""Modules on the emulated boards of MicroPython, a Cortex-M7 and an RV32, give what the reference gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bnncl.driver.project import Project
from bnncl.emit import render, write
from bnncl.ir.op import Array
from examples.micropython_cost.ports import BOARDS, Board
from tests.e2e.tails import tail_program
from tests.emit.models import spec, spec_of
from tests.micropython import scripts
from tests.micropython.qemu import Emulated, build_qemu
from tests.micropython.test_unix import ALLOWED, FORMS, REFUSED, Devices, here, inputs, labels
from tests.micropython.unix import checkout
from tests.state.devices import compiled

__all__ = ["here", "inputs", "labels"]


@pytest.fixture(scope="module", params=BOARDS, ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> Board:
    found: Board = request.param
    return found


@pytest.fixture(scope="module")
def project(board: Board) -> Project:
    checkout()
    return compiled(emit=FORMS, target=board.target.name)


@pytest.fixture(scope="module")
def emulated(board: Board, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Emulated:
    """The board with four models in its firmware."""
    folder = tmp_path_factory.mktemp(board.name)
    project.write(folder / "modules" / "net")
    for each in (spec("mlp"), spec("quantised"), spec_of(tail_program(storage=True), "tail")):
        write(render(replace(each, emit=FORMS)), folder / "modules" / each.name)
    return build_qemu(board, folder / "modules", folder / "build")


@pytest.fixture(scope="module")
def devices(project: Project, inputs: Array, labels: Array, here: Path) -> Devices:
    return Devices(project, inputs, labels, here)


def test_scores_and_states_are_those_of_the_reference(
    emulated: Emulated, devices: Devices, here: Path
) -> None:
    learned = emulated.run(scripts.LEARN, here)
    factory, first, second = devices.device(7), devices.device(7, 0), devices.device(7, 0, 1)
    assert learned == [devices.scores(each) for each in (factory, factory, first, second)]
    states = {"factory": factory, "first": first, "aborted": first, "second": second}
    for name, device in {**states, "other": devices.device(1, 2)}.items():
        assert (here / name).read_bytes() == devices.saved(device), name


def test_learning_goes_on_after_a_reset(emulated: Emulated, devices: Devices, here: Path) -> None:
    (here / "first").write_bytes(devices.saved(devices.device(7, 0)))
    before, after = emulated.run(scripts.RESET, here)
    device = devices.device(7, 0, 1)
    assert before == devices.scores(devices.device(99))[0]
    assert after == devices.scores(device)[0]
    assert (here / "resumed").read_bytes() == devices.saved(device)


def test_wrong_calls_raise_what_was_wrong(emulated: Emulated, tmp_path: Path) -> None:
    calls = [*(call for call, _, _ in REFUSED), *ALLOWED]
    cases = "".join(f"    lambda: {call},\n" for call in calls)
    said = emulated.run(scripts.ERRORS.replace("CASES\n", cases), tmp_path)
    assert said[len(REFUSED) :] == [None] * len(ALLOWED)
    for (call, kind, text), found in zip(REFUSED, said, strict=False):
        assert found is not None, call
        assert (found[0], text in found[1]) == (kind, True), (call, found)
