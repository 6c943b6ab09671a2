"""Brings what a device has learned back into the PyTorch model that its firmware was compiled from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bnncl.diagnostics import Collector, Problem, UnsupportedModel, UsageError
from bnncl.driver.project import stored_inputs
from bnncl.driver.real_head import RealHead, separate
from bnncl.emit.folder import owned_files
from bnncl.emit.manifest import MANIFEST
from bnncl.frontend.load import Loaded
from bnncl.frontend.model import ModelSource, load_source
from bnncl.frontend.new_head import OpenHead
from bnncl.interp.learner import Learner
from bnncl.interp.restored import restored
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.types import Binary
from bnncl.ir.values import Value
from bnncl.kernels.learned_head import head_of
from bnncl.numerics.heads import forward_copy
from bnncl.ops.learned_head import LearnedHead
from bnncl.plan.stored_state import layout_number
from bnncl.state import FINGERPRINT_BYTES, Blob, Expected, arrays, expected_state, read_state
from bnncl.verification.opened import open_project

Weights = Literal["forward", "stored"]

_MOST_SAMPLES = 512
_UNKNOWN = -(2**15)


@dataclass(frozen=True)
class BroughtBack:
    """The model in `path`: its head has `classes` rows, those in `unknown` of classes nobody has learned.

    `module` is torch's path of the head, `sequence` the number of the save. `agreement` is the share of
    `samples` calibration samples for which torch has the device's top class, None where there are none.
    """

    path: str
    module: str
    sequence: int
    classes: int
    unknown: tuple[int, ...]
    samples: int
    agreement: float | None


def bring_back(
    dump: Path, folder: Path, source: ModelSource, path: Path, weights: Weights = "forward"
) -> BroughtBack:
    """Write the model of `source` to `path`, as `bnncl.save` does, with the head that `dump` holds.

    `folder` is the project that the firmware came from. The head becomes one linear layer with float32
    weights; what stood behind it (batch norm, a softmax) is in it or changes no answer, and is left out. A
    class below the last one that nobody has learned gets the logit of the score that a device gives it.
    `weights` are those that the device scores with ("forward", of few bits: torch gives the same answers), or
    those that learning goes on from ("stored", of all bits).
    Raises UsageError for files that do not belong together or are damaged, where `path` is one of those that
    are read (`output-is-input`), and where more than a head learns (`state-of-a-tail`); UnsupportedModel
    (`feature-without-scale`).
    """
    expected = expected_state(folder)
    blob, loaded = _read(dump, expected, source, _overwritten(path, dump, folder, source))
    held = arrays(blob, expected.layout, str(dump))
    program = open_project(folder).program
    if program.states:
        raise UsageError(_of_a_tail(folder))
    graph, head = program.graphs[0], head_of(program.graphs[0])
    if head is None or layout_number(program) != expected.version:
        raise UsageError(_no_unit(folder))
    model = OpenHead.of(loaded)
    integers = held["cw"].astype(np.int64)
    if weights == "forward":
        config = head.config
        dropped = config.q_backward - config.q_forward
        integers = forward_copy(integers, config.q_backward, config.q_forward) << dropped
    rows, bias = _torch_rows(integers, head, graph.values[head.x], separate(model.probe())[1])
    known = np.flatnonzero(held["past"] > 0)
    count = int(known[-1]) + 1 if len(known) else 1
    unknown = np.setdiff1d(np.arange(count), known)
    meaning = graph.values[graph.outputs[0]].meaning
    assert meaning is not None, head.module
    rows[unknown], bias[unknown] = 0.0, _UNKNOWN * float(meaning.scale[0])
    learned = model.save(rows[:count], bias[:count], path)
    samples, agreement = _agreement(learned, restored(program, held), graph)
    module = learned.node.module
    return BroughtBack(str(path), module, blob.sequence, count, tuple(unknown.tolist()), samples, agreement)


def _of_a_tail(folder: Path) -> Problem:
    return Problem(
        "state-of-a-tail",
        "a tail has learned beside the head, and only heads are brought back",
        str(folder),
        "With the learned head on the tail of before, the model would answer as no device does.",
        "Read the arrays of the tail with `bnncl state show --report json`.",
    )


def _overwritten(path: Path, dump: Path, folder: Path, source: ModelSource) -> list[Problem]:
    """The problem `output-is-input` where `path` is the model, the dump or a file of the project."""
    inputs = {dump: "the dump"}
    if isinstance(source.model, Path):
        inputs[source.model] = "the model that the project came from"
    inputs |= {folder / name: "a file of the project" for name in (*(owned_files(folder) or ()), MANIFEST)}
    for each, what in inputs.items():
        if path.resolve() == each.resolve() or (path.exists() and each.exists() and path.samefile(each)):
            message, why = f"the file to write is {what}", "What is in that file would be lost."
            return [Problem("output-is-input", message, str(path), why, "Name a new file with -o.")]
    return []


def _read(dump: Path, expected: Expected, source: ModelSource, found: list[Problem]) -> tuple[Blob, Loaded]:
    """State and model; UsageError with `found` and what is wrong with either or with both as a pair."""
    problems = Collector()
    problems.extend(found)
    blob = loaded = None
    try:
        blob = read_state(dump, expected)
    except UsageError as error:
        problems.extend(error.problems)
    try:
        loaded = load_source(source)
    except UsageError as error:
        problems.extend(error.problems)
    if loaded is not None and bytes.fromhex(loaded.sha256)[:FINGERPRINT_BYTES] != expected.fingerprint:
        problems.add(_other_model(loaded, expected, source))
    problems.raise_as(UsageError)
    assert blob is not None
    assert loaded is not None
    return blob, loaded


def _torch_rows(integers: Array, head: LearnedHead, features: Value, probe: RealHead) -> tuple[Array, Array]:
    """The learned rows (classes, features) as weights (classes, I) and bias (classes,) on torch's features.

    `driver.head_rows.Rows` made integers of W and b on the device's features q, logits = W @ q + b. The
    probe says how torch's features follow from these, t = A @ q + o, with one number in each row and
    column of A. So W @ q + b = (W @ A**-1) @ t + b - (W @ A**-1) @ o.
    """
    binary = isinstance(features.type.domain, Binary)
    assert binary or features.meaning is not None, head.x
    scale = 1.0 if features.meaning is None or binary else float(features.meaning.scale[0])
    real = integers.astype(np.float64) * 2.0**-head.config.weight_exponent
    probe = probe.on(features)
    place = np.abs(probe.weights).argmax(1)
    factor = probe.weights[np.arange(len(place)), place]
    if not factor.all():
        raise UnsupportedModel(_no_scale(head.module, np.flatnonzero(factor == 0)))
    weights = real[:, place] / factor
    bias = real[:, -1] * (head.bias_feature * scale) - weights @ probe.bias
    return weights, bias


def _agreement(learned: OpenHead, device: Learner, graph: Graph) -> tuple[int, float | None]:
    x = learned.loaded.calibration
    if x is None:
        return 0, None
    x = x[:_MOST_SAMPLES]
    scores = device.infer(stored_inputs(x, graph))
    same = learned.logits(x).argmax(1) == scores.argmax(1)
    return len(x), float(same.mean())


def _other_model(loaded: Loaded, expected: Expected, source: ModelSource) -> Problem:
    return Problem(
        "other-model",
        "this is not the model that the project was compiled from",
        str(source.model) if isinstance(source.model, Path) else "model",
        f"Its SHA-256 begins with {loaded.sha256[:32]}, the project's with {expected.fingerprint.hex()}.",
        "Name the very file; a model that was saved anew, with other calibration data say, is another.",
    )


def _no_unit(folder: Path) -> Problem:
    return Problem(
        "state-layout",
        "the project's manifest and its stored program do not belong together",
        str(folder),
        "The manifest gives a number for the layout of learned state that the program does not have.",
        "Take the folder as `bnncl compile` wrote it.",
    )


def _no_scale(module: str, features: Array) -> Problem:
    return Problem(
        "feature-without-scale",
        f"{len(features)} features of the head are always the same number in torch, {int(features[0])} first",
        module,
        "Something in front of the head multiplies them with 0, but the device has learned from their bits.",
        "Take them out of the model, or their factors of 0.",
    )
