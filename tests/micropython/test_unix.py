"""Generated modules in MicroPython's unix port: they give what the reference gives, and never crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnncl.driver.project import Project
from bnncl.emit import ProjectSpec, render, write
from bnncl.emit.stored import stored
from bnncl.interp.learner import Learner
from bnncl.ir.op import Array
from bnncl.state import read_blob, write_slot
from tests.e2e.tails import tail_program
from tests.emit.models import spec, spec_of
from tests.micropython import scripts
from tests.micropython.unix import Firmware, build_unix, checkout
from tests.state.devices import compiled, dump

COUNT = 13
FORMS = ("micropython",)


@pytest.fixture(scope="module")
def project() -> Project:
    return compiled(emit=FORMS)


@pytest.fixture(scope="module")
def others() -> list[ProjectSpec]:
    """Models of binary and of signed inputs that do not learn, and a tail that an abort loses."""
    found = [spec("mlp"), spec("quantised"), spec_of(tail_program(storage=True), "tail")]
    return [replace(each, emit=FORMS) for each in found]


@pytest.fixture(scope="module")
def firmware(
    project: Project, others: list[ProjectSpec], tmp_path_factory: pytest.TempPathFactory
) -> Firmware:
    """MicroPython with four models."""
    checkout()
    folder = tmp_path_factory.mktemp("micropython")
    project.write(folder / "modules" / "net")
    for each in others:
        write(render(each), folder / "modules" / each.name)
    return build_unix(folder / "modules", folder / "build")


@pytest.fixture(scope="module")
def inputs() -> Array:
    """Inputs of three experiences as the model stores them, (39, 8, 8, 1)."""
    return np.random.default_rng(8).integers(0, 256, (3 * COUNT, 8, 8, 1))


@pytest.fixture(scope="module")
def labels() -> Array:
    """Old classes, and two new ones: 11 in the first experience, 10 in the second."""
    return np.array([(11, 10, 3)[i // COUNT] if i % 2 else i % 7 for i in range(3 * COUNT)])


@pytest.fixture(scope="module")
def here(inputs: Array, labels: Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    (folder / "inputs").write_bytes(inputs.astype(np.uint8).tobytes())
    (folder / "labels").write_bytes(labels.astype(np.uint8).tobytes())
    return folder


class Devices:
    """What the reference makes of the same calls."""

    def __init__(self, project: Project, inputs: Array, labels: Array, folder: Path) -> None:
        self.project, self.inputs, self.labels, self.folder = project, inputs, labels, folder

    def device(self, seed: int, *experiences: int) -> Learner:
        learner = Learner(self.project.spec.program, seed)
        for each in experiences:
            part = slice(each * COUNT, (each + 1) * COUNT)
            learner.learn(self.inputs[part], self.labels[part])
        return learner

    def scores(self, learner: Learner) -> list[list[int]]:
        return [[int(score) for score in row] for row in learner.infer(self.inputs[:8])]

    def saved(self, learner: Learner) -> bytes:
        """The one slot that holds the state, no longer than it has to be."""
        blob = read_blob(dump(learner, self.project, self.folder / "reference").read_bytes())
        return write_slot(replace(blob, slot_bytes=64 + len(blob.payload)))


@pytest.fixture(scope="module")
def devices(project: Project, inputs: Array, labels: Array, here: Path) -> Devices:
    return Devices(project, inputs, labels, here)


@pytest.fixture(scope="module")
def learned(firmware: Firmware, here: Path) -> list[list[list[int]]]:
    """The scores that LEARN printed; its states lie in `here`."""
    found: list[list[list[int]]] = firmware.run(scripts.LEARN, here)
    return found


def test_scores_are_those_of_the_reference(learned: list[list[list[int]]], devices: Devices) -> None:
    factory, first, second = devices.device(7), devices.device(7, 0), devices.device(7, 0, 1)
    wanted = [devices.scores(each) for each in (factory, factory, first, second)]
    assert learned == wanted
    assert wanted[0] != wanted[2] != wanted[3]


def test_states_are_those_of_the_reference(
    learned: list[list[list[int]]], devices: Devices, here: Path
) -> None:
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
    firmware: Firmware, learned: list[list[list[int]]], devices: Devices, here: Path
) -> None:
    assert learned
    before, after = firmware.run(scripts.RESET, here)
    device = devices.device(7, 0, 1)
    assert before == devices.scores(devices.device(99))[0]
    assert after == devices.scores(device)[0]
    assert (here / "resumed").read_bytes() == devices.saved(device)


def test_models_of_words_and_of_signed_numbers(
    firmware: Firmware, others: list[ProjectSpec], tmp_path: Path
) -> None:
    wanted: list[list[list[int]]] = []
    for each, forms in zip(others, (3, 2), strict=False):
        source, out = each.graph.inputs[0], each.graph.outputs[0]
        packed = [stored(one, each.graph.type_of(source)) for one in each.golden.inputs]
        (tmp_path / each.name).write_bytes(b"".join(one.tobytes() for one in packed))
        wanted += [[row.ravel().tolist()] * forms for row in each.golden.values[out]]
    found, learns, info = firmware.run(scripts.OTHERS, tmp_path)
    assert found == wanted
    assert not learns
    assert info["name"] == "mlp"
    assert info["labels"] == list(others[0].labels)
    assert info["ram_bytes"] == others[0].report.ram_bytes


UNDER_WAY = "an experience is under way"
DAMAGED = "this is no saved state of this model, or it is damaged"
REFUSED = (
    ("net.Model().predict()", "TypeError", ""),
    ("net.Model().predict(5)", "TypeError", "bytes, bytearray, array or memoryview"),
    ("net.Model().predict('x' * 64)", "TypeError", "bytes, bytearray, array or memoryview"),
    ("net.Model().predict([0] * 64)", "TypeError", "bytes, bytearray, array or memoryview"),
    ("net.Model().predict(array.array('h', bytes(64)))", "TypeError", "must be bytes without sign"),
    ("net.Model().predict(array.array('b', x))", "TypeError", "must be bytes without sign"),
    ("net.Model().predict(memoryview(array.array('f', [0.0] * 16)))", "TypeError", "without sign"),
    ("quantised.Model().predict(array.array('H', bytes(192)))", "TypeError", "bytes or of type 'b'"),
    ("mlp.Model().predict(array.array('i', bytes(12)))", "TypeError", "32-bit words without sign"),
    ("mlp.Model().predict(bytes(11))", "ValueError", "the input has 11 bytes, not 12"),
    ("net.Model().predict(bytes(63))", "ValueError", "the input has 63 bytes, not 64"),
    ("net.Model().predict(b'')", "ValueError", "the input has 0 bytes, not 64"),
    ("net.Model.predict(mlp.Model(), x)", "TypeError", ""),
    ("net.Model.predict(5, x)", "TypeError", ""),
    ("net.Model.predict(Unrelated(), x)", "TypeError", ""),
    ("net.Model('a')", "TypeError", "seed must be an int"),
    ("net.Model(-1)", "ValueError", "seed must be from 0 to 4294967295"),
    ("net.Model(1 << 32)", "ValueError", "seed must be from 0 to 4294967295"),
    ("net.Model(1, 2)", "TypeError", ""),
    ("learning('begun').sample(x, 12)", "ValueError", "label must be from 0 to 11"),
    ("learning('begun').sample(x, -1)", "ValueError", "label must be from 0 to 11"),
    ("learning('begun').sample(x, 1 << 70)", "ValueError", "label must be from 0 to 11"),
    ("learning('begun').sample(x, 1.0)", "TypeError", "label must be an int"),
    ("learning('begun').sample(x, None)", "TypeError", "label must be an int"),
    ("learning('begun').sample(bytes(65), 1)", "ValueError", "the input has 65 bytes, not 64"),
    ("learning('idle').sample(x, 1)", "RuntimeError", "no experience is open: begin() one"),
    ("learning('stepped').sample(x, 1)", "RuntimeError", UNDER_WAY),
    ("learning('full').sample(x, 1)", "RuntimeError", "the experience is full"),
    ("learning('begun').begin()", "RuntimeError", UNDER_WAY),
    ("learning('done').begin()", "RuntimeError", UNDER_WAY),
    ("learning('idle').step()", "RuntimeError", "no experience is open: begin() one"),
    ("learning('begun').step()", "RuntimeError", "the experience has no sample"),
    ("learning('stepped').step(0)", "ValueError", "budget must be from 1 to 4294967295"),
    ("learning('stepped').step(1 << 32)", "ValueError", "budget must be from 1 to 4294967295"),
    ("learning('stepped').step('1')", "TypeError", "budget must be an int"),
    ("learning('idle').commit()", "RuntimeError", "nothing is ready: step() until it returns True"),
    ("learning('stepped').commit()", "RuntimeError", "nothing is ready: step() until it returns True"),
    ("learning('begun').save(io.BytesIO())", "RuntimeError", UNDER_WAY),
    ("learning('stepped').load(io.BytesIO(saved()))", "RuntimeError", UNDER_WAY),
    ("learning('lost', tail).begin()", "RuntimeError", "what was learned is lost"),
    ("learning('lost', tail).save(io.BytesIO())", "RuntimeError", "what was learned is lost"),
    ("net.Model().save(5)", "OSError", ""),
    ("net.Model().save(x)", "OSError", ""),
    ("net.Model().load(None)", "OSError", ""),
    ("net.Model().save(Full())", "OSError", ""),
    ("net.Model().save(Broken())", "OSError", "28"),
    ("net.Model().load(io.BytesIO(saved()[:-1]))", "ValueError", "the stream ends after"),
    ("net.Model().load(io.BytesIO(b''))", "ValueError", "the stream ends after 0 of"),
    ("net.Model().load(io.BytesIO(bytes(len(saved()))))", "ValueError", DAMAGED),
    ("net.Model().load(io.BytesIO(b'\\xff' * len(saved())))", "ValueError", DAMAGED),
    ("net.Model().load(damaged(3))", "ValueError", DAMAGED),
    ("net.Model().load(damaged(-1))", "ValueError", DAMAGED),
    ("net.Model().load(io.BytesIO((saved(tail) + saved())[: len(saved())]))", "ValueError", DAMAGED),
    ("net.Model().load(foreign(16))", "ValueError", "this is the state of another model"),
    ("net.Model().load(foreign(32))", "ValueError", "this is the state of another model"),
    ("net.Model().load(foreign(64 + 8))", "ValueError", "out of range: the model begins anew"),
)
ALLOWED = (
    "Bare().predict(x)",
    "Bare().begin()",
    "Derived(5).predict(x)",
    "learning('idle').abort()",
    "learning('done').step()",
    "learning('done').commit()",
    "learning('lost', tail).load(io.BytesIO(saved(tail)))",
    "learning('lost', tail).predict(bytes(tail.Model().info()['input_bytes']))",
    "net.Model(seed=0xffffffff)",
    "net.Model().load(io.BytesIO(saved() + b'more'))",
)


def test_wrong_calls_raise_what_was_wrong(firmware: Firmware, tmp_path: Path) -> None:
    calls = [*(call for call, _, _ in REFUSED), *ALLOWED]
    cases = "".join(f"    lambda: {call},\n" for call in calls)
    said = firmware.run(scripts.ERRORS.replace("CASES\n", cases), tmp_path)
    assert said[len(REFUSED) :] == [None] * len(ALLOWED)
    for (call, kind, text), found in zip(REFUSED, said, strict=False):
        assert found is not None, call
        assert (found[0], text in found[1]) == (kind, True), (call, found)


def test_heaps_that_run_full(firmware: Firmware, project: Project, devices: Devices, tmp_path: Path) -> None:
    seen, scores, size = firmware.run(scripts.MEMORY, tmp_path, "-X", "heapsize=60k")
    assert 2 < seen < 60_000 // project.report.ram_bytes
    zeros = np.zeros((1, 8, 8, 1), np.int64)
    assert scores == devices.device(1999).infer(zeros)[0].tolist()
    assert size == len(devices.saved(devices.device(1)))


def test_a_task_of_asyncio_learns(firmware: Firmware, tmp_path: Path) -> None:
    turns, before, after = firmware.run(scripts.TASK, tmp_path)
    assert turns > 3
    assert before == -(2**15)
    assert after > before
