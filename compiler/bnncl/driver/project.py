"""A compiled model: its files, and the integer reference that the C equals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.driver.agreement import Agreement
from bnncl.driver.checking import differing_files
from bnncl.emit import ProjectSpec, render, write
from bnncl.interp.learner import Learner
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.types import Int, TensorType
from bnncl.kernels.learned_head import head_of
from bnncl.kernels.selection import Policy
from bnncl.ops.learned_head import HeadConfig
from bnncl.passes.input_format import InputFormat
from bnncl.plan import Report
from bnncl.plan.explain import OpChoice, explain
from bnncl.verification.compare import reference_scores


@dataclass(frozen=True, eq=False)
class Project:
    """The result of a compilation. `agreement` is None where there was no calibration data.

    Kernels were chosen by `policy`, whose scratch limit is that of the RAM where it is `short_of_ram`.
    """

    spec: ProjectSpec
    input_format: InputFormat
    agreement: Agreement | None
    policy: Policy
    short_of_ram: bool

    @property
    def report(self) -> Report:
        """What the model needs and how true it is to PyTorch."""
        return self.spec.report

    def files(self) -> dict[str, bytes]:
        """Content of every file of the generated project by its path; the same for the same model."""
        return render(self.spec)

    def write(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the project into `folder`, all of it or nothing.

        Never overwrites files that the tool did not write; `force` allows those edited by hand since.
        """
        path = Path(folder)
        write(self.files(), path, force=force)
        return path

    def check(self, folder: str | Path) -> list[str]:
        """Paths of the files in `folder` that differ from what `write` would write.

        Thresholds and scales that the project stores count as right; see `driver.checking`.
        """
        return differing_files(self.spec, Path(folder))

    def explain(self) -> tuple[OpChoice, ...]:
        """For each op of inference the kernels that could compute it, and why one of them was taken."""
        target = self.spec.targets[0]
        return explain(self.spec.graph, target, self.policy, short_of_ram=self.short_of_ram)

    def run(self, x: ArrayLike) -> Array:
        """Scores (N, classes), int16, of the integer reference for real inputs in torch's layout."""
        graph = self.spec.graph
        return reference_scores(self.spec.program, stored_inputs(x, graph)).astype(np.int16)

    def learner(self, seed: int = 1) -> Learner:
        """A device after `<name>_init` with `seed`; UsageError (`not-learning`) without --train."""
        if head_of(self.spec.graph) is None:
            message, hint = "the model was compiled without learning", 'Compile it with train="head".'
            raise UsageError(Problem("not-learning", message, self.spec.name, hint=hint))
        return Learner(self.spec.program, seed)

    def learn(self, x: ArrayLike, y: ArrayLike, seed: int = 1) -> Learner:
        """A device that has learned one experience of real inputs in torch's layout and labels (N,).

        UsageError (`labels-range`, `experience-full`) where there is no room for the classes or the samples.
        """
        device = self.learner(seed)
        inputs, labels = labelled(x, np.asarray(y), self.spec.graph)
        assert labels is not None
        _require_room(device.head.config, labels)
        device.learn(inputs, labels)
        return device


def _require_room(config: HeadConfig, labels: Array) -> None:
    problems = Collector()
    if labels.min() < 0 or labels.max() >= config.max_classes:
        message = f"labels {labels.min()}..{labels.max()}, and there is room for {config.max_classes} classes"
        problems.add(Problem("labels-range", message, "labels", hint="Compile it with more max_classes."))
    if len(labels) > config.experience:
        message = f"{len(labels)} samples, and an experience holds {config.experience}"
        hint = "Compile it with a larger experience, or learn the samples in parts: project.learner()."
        problems.add(Problem("experience-full", message, "samples", hint=hint))
    problems.raise_as(UsageError)


def stored_inputs(x: ArrayLike, graph: Graph, where: str = "") -> Array:
    """Real inputs in torch's layout as the stored numbers of the INTEGER or SELECTED `graph`'s input.

    Errors of `to_map` name `where` they come from.
    """
    value = graph.values[graph.inputs[0]]
    assert isinstance(value.type.domain, Int)
    assert value.meaning is not None
    stored = InputFormat(value.type.domain, value.meaning, exact=False, source="")
    return stored.quantise(to_map(x, value.type, where))


def clipped_share(x: ArrayLike, graph: Graph) -> float:
    """The share of the numbers in `x`, real inputs in torch's layout, that the stored input cannot hold."""
    value = graph.values[graph.inputs[0]]
    assert isinstance(value.type.domain, Int)
    assert value.meaning is not None
    steps = np.rint((to_map(x, value.type) - value.meaning.offset) / value.meaning.scale)
    return float(((steps < value.type.domain.lo) | (steps > value.type.domain.hi)).mean())


def labelled(
    x: ArrayLike, labels: ArrayLike | None, graph: Graph, where: str = ""
) -> tuple[Array, Array | None]:
    """`stored_inputs`, and labels (N,) checked against them; UsageError (`labels-shape`, `labels-dtype`)."""
    inputs = stored_inputs(x, graph, where)
    place = f"{where}: labels" if where else "labels"
    if labels is None:
        return inputs, None
    given = np.asarray(labels)
    if given.shape != (len(inputs),):
        message = f"the labels have shape {given.shape}, not ({len(inputs)},)"
        hint = "Give one whole number for each sample."
        raise UsageError(Problem("labels-shape", message, place, hint=hint))
    if given.dtype.kind not in "iu":
        hint = "Give class numbers from 0: y.astype('int64'), of one-hot rows y.argmax(1)."
        message = f"the labels are {given.dtype}, not integers"
        raise UsageError(Problem("labels-dtype", message, place, hint=hint))
    return inputs, given.astype(np.int64)


_AXES = ("channels", "height", "width")


def to_map(x: ArrayLike, type_: TensorType, where: str = "") -> Array:
    """Real inputs in torch's layout, (N, C, H, W), (N, C, L) or (N, F), as (N, H, W, C)."""
    given = np.asarray(x)
    if given.dtype.kind not in "fiub":
        raise UsageError(Problem("wrong-input-type", f"inputs of type {given.dtype} are not numbers", where))
    array = given.astype(np.float64)
    height, width, channels = type_.shape
    layouts = {
        4: ((channels, height, width), (0, 2, 3, 1)),
        3: ((channels, width), (0, 2, 1)),
        2: ((channels,), (0, 1)),
    }
    wanted, order = layouts.get(array.ndim, ((), ()))
    if not wanted or array.shape[1:] != wanted or not len(array):
        raise UsageError(_wrong_shape(array, [shape for shape, _ in layouts.values()], type_, where))
    if not np.isfinite(array).all():
        hint = "Take these samples out: x[np.isfinite(x.reshape(len(x), -1)).all(1)]."
        raise UsageError(Problem("non-finite-input", "the inputs hold NaN or infinity", where, hint=hint))
    return array.transpose(order).reshape(len(array), height, width, channels)


def _wrong_shape(array: Array, known: list[tuple[int, ...]], type_: TensorType, where: str) -> Problem:
    """The problem of inputs that have none of the `known` shapes of a sample."""
    shapes = " or ".join(
        f"{_times(('N', *shape))} ({', '.join(('batch', *_axes(len(shape))))})"
        for shape in known
        if np.prod(shape) == type_.elements
    )
    message = f"inputs of shape {_times(array.shape) or 'none'}"
    hint = "Bring them into torch's layout, channels before height and width: images.transpose(0, 3, 1, 2)."
    return Problem("wrong-input-shape", message, where, f"The model takes {shapes}, N at least 1.", hint)


def _axes(count: int) -> tuple[str, ...]:
    return {1: ("features",), 2: ("channels", "length")}.get(count, _AXES)


def _times(shape: tuple[object, ...]) -> str:
    return " x ".join(map(str, shape))
