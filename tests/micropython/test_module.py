"""Generated modules give what the reference gives, and never crash, in every interpreter that they are for.

CPython's runs everywhere; the others need a checkout of MicroPython, and say so where there is none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnncl.emit.stored import stored
from tests.micropython import scripts
from tests.micropython.calls import ALLOWED, REFUSED
from tests.micropython.conftest import Interpreter, Kind, other_specs
from tests.micropython.reference import Devices

Scores = list[list[list[int]]]


@pytest.fixture(scope="module")
def learned(interpreter: Interpreter, here: Path) -> Scores:
    """The scores that LEARN printed; its states lie in `here`."""
    found: Scores = interpreter.run(scripts.LEARN, here)
    return found


def test_scores_are_those_of_the_reference(learned: Scores, devices: Devices) -> None:
    factory, first, second = devices.device(7), devices.device(7, 0), devices.device(7, 0, 1)
    wanted = [devices.scores(each) for each in (factory, factory, first, second)]
    assert learned == wanted
    assert wanted[0] != wanted[2] != wanted[3]


def test_states_are_those_of_the_reference(learned: Scores, devices: Devices, here: Path) -> None:
    assert learned
    for name, device in (
        ("factory", devices.device(7)),
        ("first", devices.device(7, 0)),
        ("aborted", devices.device(7, 0)),
        ("other", devices.device(1, 2)),
        ("second", devices.device(7, 0, 1)),
    ):
        assert (here / name).read_bytes() == devices.saved(device), name


def test_learning_goes_on_after_a_reset(
    interpreter: Interpreter, learned: Scores, devices: Devices, here: Path
) -> None:
    assert learned
    before, after = interpreter.run(scripts.RESET, here)
    device = devices.device(7, 0, 1)
    assert before == devices.scores(devices.device(99))[0]
    assert after == devices.scores(device)[0]
    assert (here / "resumed").read_bytes() == devices.saved(device)


def test_models_of_words_and_of_signed_numbers(interpreter: Interpreter, tmp_path: Path) -> None:
    wanted: Scores = []
    for each, forms in zip(other_specs(), (3, 2), strict=False):
        source, out = each.graph.inputs[0], each.graph.outputs[0]
        packed = [stored(one, each.graph.type_of(source)) for one in each.golden.inputs]
        (tmp_path / each.name).write_bytes(b"".join(one.tobytes() for one in packed))
        wanted += [[row.ravel().tolist()] * forms for row in each.golden.values[out]]
    found, learns, info = interpreter.run(scripts.OTHERS, tmp_path)
    assert found == wanted
    assert not learns
    assert info["name"] == "mlp"
    assert info["labels"] == list(other_specs()[0].labels)
    assert info["ram_bytes"] == other_specs()[0].report.ram_bytes


def test_wrong_calls_raise_what_was_wrong(interpreter: Interpreter, tmp_path: Path) -> None:
    calls = [*(call for call, _, _ in REFUSED), *ALLOWED]
    cases = "".join(f"    lambda: {call},\n" for call in calls)
    said = interpreter.run(scripts.ERRORS.replace("CASES\n", cases), tmp_path)
    assert said[len(REFUSED) :] == [None] * len(ALLOWED)
    wrong = [
        (call, found)
        for (call, kind, text), found in zip(REFUSED, said, strict=False)
        if found is None or found[0] != kind or text not in found[1]
    ]
    assert wrong == []


def test_models_come_and_go(kind: Kind, interpreter: Interpreter, devices: Devices, tmp_path: Path) -> None:
    most = 1000 if kind.small_heap else 3
    script = scripts.MEMORY.replace("MOST", str(most))
    seen, scores, size = interpreter.run(script, tmp_path, *kind.small_heap)
    assert 2 < seen < 1000
    zeros = np.zeros((1, 8, 8, 1), np.int64)
    assert scores == devices.device(499).infer(zeros)[0].tolist()
    assert size == len(devices.saved(devices.device(1)))


def test_a_task_of_asyncio_learns(interpreter: Interpreter, tmp_path: Path) -> None:
    turns, before, after = interpreter.run(scripts.TASK, tmp_path)
    assert turns > 3
    assert before == -(2**15)
    assert after > before


SHAPES = ((8, 512), (2, 2048), (64, 64), (120, 32))
"""Blocks of a device, and bytes of each."""


def test_block_devices_hold_two_saves(interpreter: Interpreter, devices: Devices, here: Path) -> None:
    logs = interpreter.run(scripts.SAVES.replace("SHAPES", str(SHAPES)), here)
    learners = [devices.device(7, *range(count)) for count in range(4)]
    written = len(devices.saved(learners[0]))
    for (blocks, size), taken in zip(SHAPES, logs, strict=True):
        shape = {"blocks": blocks, "block_bytes": size, "unwritten": 0xA5}
        for count, log in enumerate(taken):
            region = devices.region(*learners[: count + 1], **shape)
            assert (here / f"region_{blocks}_{size}_{count}").read_bytes() == region
            first = count % 2 * blocks // 2
            assert log[-3:] == ["sync", first, "sync"]
            assert sorted(log[:-3]) == list(range(first + 1, first - (-written // size)))


def test_power_goes_between_and_in_blocks(interpreter: Interpreter, here: Path) -> None:
    found = interpreter.run(scripts.CUTS.replace("SHAPES", "((8, 512), (2, 2048), (24, 128))"), here)
    assert set(found) == {"old", "new", "whole"}
    assert found.count("whole") == 15


def test_damaged_saves_leave_the_one_before(interpreter: Interpreter, here: Path) -> None:
    found = interpreter.run(scripts.DAMAGED, here)
    assert found == [True] * 18
