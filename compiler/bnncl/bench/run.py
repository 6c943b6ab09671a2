"""Measures layers on targets: model, project, program, count, one row after the other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Protocol

import numpy as np

from bnncl.bench.bounds import bound
from bnncl.bench.choices import CHOICES, Choice
from bnncl.bench.learning import SAMPLES, counted_minibatch
from bnncl.bench.measure import Counted, code_bytes, measured
from bnncl.bench.models import LAYER, activations, one_layer
from bnncl.bench.results import Bench, Row
from bnncl.bench.shapes import CLASSES, Layer
from bnncl.diagnostics import Problem, VerificationFailed
from bnncl.driver.options import Options
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project, stored_inputs
from bnncl.frontend.model import ModelSource
from bnncl.ir.op import Array
from bnncl.kernels.base import calls
from bnncl.ops.conv import BinaryConv, Conv
from bnncl.plan.op_report import OpReport
from bnncl.targets import Target
from bnncl.toolchain.compilers import compiler_version
from bnncl.toolchain.count import resolution
from bnncl.verification.harness import Sources

_NAME = "bench"
_HALF = 0.5


@dataclass(frozen=True)
class Settings:
    """What is measured: every layer on every target with every choice of kernels, at every density.

    `kernels` are names of CHOICES.
    """

    layers: tuple[Layer, ...]
    targets: tuple[Target, ...]
    densities: tuple[float, ...]
    kernels: tuple[str, ...]


class Progress(Protocol):
    """Told of what is done."""

    def __call__(self, done: int, of: int, what: str) -> None:
        """`done` of all programs ran, `what` is the last one."""


@dataclass(frozen=True)
class _Part:
    """One program: a layer for one target."""

    layer: Layer
    kernels: str
    target: Target

    @property
    def choice(self) -> Choice:
        """The options that `kernels` names."""
        return CHOICES[self.kernels]

    def __str__(self) -> str:
        return f"{self.layer.name} on {self.target.name}, kernels {self.kernels}"


def bench(settings: Settings, progress: Progress | None = None) -> Bench:
    """Count everything that `settings` name, on all cores of this machine.

    A row that was computed wrong is left out and named in `problems` (`bench-wrong-result`), as is a program
    that does not compile or does not end. Where two choices of kernels lead to the same one, the first has
    the row; learning is measured with the first.
    """
    parts = [
        _Part(*each)
        for each in product(settings.layers, settings.kernels, settings.targets)
        if each[0].learns == "no" or each[1] == settings.kernels[0]
    ]
    rows: dict[tuple[object, ...], Row] = {}
    problems: list[Problem] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda part: _measured(part, settings.densities), parts)
        for at, (part, (found, failed)) in enumerate(zip(parts, results, strict=True)):
            for row in found:
                constant = part.choice.timing == "constant"
                rows.setdefault((row.shape, row.target, row.density, row.kernel, constant), row)
            problems += failed
            if progress is not None:
                progress(at + 1, len(parts), str(part))
    versions = {target.name: compiler_version(target) for target in settings.targets}
    return Bench(tuple(rows.values()), versions, tuple(problems))


def _measured(part: _Part, densities: Sequence[float]) -> tuple[list[Row], list[Problem]]:
    """Rows and problems of one program."""
    try:
        return _counted(part, densities)
    except VerificationFailed as error:
        return [], [replace(each, where=f"{part}: {each.where}") for each in error.problems]


def _counted(part: _Part, densities: Sequence[float]) -> tuple[list[Row], list[Problem]]:
    layer = part.layer
    if layer.learns != "no":
        return _learned(part)
    shares: tuple[float | None, ...] = (None,) if layer.reads == "pixels" else tuple(densities)
    inputs = np.concatenate([activations(layer, share).numpy() for share in shares])
    both = inputs if shares == (None,) else np.concatenate([inputs, -inputs])
    source = ModelSource(one_layer(layer), activations(layer, shares[0]), calibration=both)
    options = Options(
        targets=(part.target.name,), name=_NAME, kernels=part.choice.kernels, timing=part.choice.timing
    )
    project = compile_model(source, options)
    op = _measured_op(project)
    with tempfile.TemporaryDirectory() as name:
        folder = project.write(Path(name) / _NAME)
        sources = Sources(folder, _NAME, len(project.report.ops))
        x = stored_inputs(inputs, project.spec.graph)
        counted = measured(project.spec.program, sources, part.target, op.index, x)
        code = code_bytes(sources, part.target, op.kernel)
    pairs = list(zip(shares, counted, strict=True))
    wrong = [_wrong(part, share, op.kernel, each) for share, each in pairs if not each.is_right]
    rows = [_row(part, share, project, each, code) for share, each in pairs if each.is_right]
    return rows, wrong


def _learned(part: _Part) -> tuple[list[Row], list[Problem]]:
    """The row of one minibatch of learning."""
    labels = [at % CLASSES for at in range(2 * SAMPLES)]
    inputs = np.concatenate([activations(part.layer, _HALF, at).numpy() for at in range(len(labels))])
    project = _learning_project(part, inputs, labels)
    with tempfile.TemporaryDirectory() as name:
        folder = project.write(Path(name) / _NAME)
        sources = Sources(folder, _NAME, len(project.report.ops))
        x = stored_inputs(inputs, project.spec.graph)
        counted = counted_minibatch(project.spec.program, sources, part.target, x, labels)
        files = [path.stem for path in sources.c_files() if path.stem in (f"{_NAME}_learn", f"{_NAME}_tail")]
        code = code_bytes(sources, part.target, *files)
    if not counted.is_right:
        return [], [_wrong(part, None, "learn_step", counted)]
    learning = project.report.learning
    assert learning is not None
    row = Row(
        shape=part.layer.name,
        target=part.target.name,
        density=None,
        kernels=part.kernels,
        kernel="learn_step",
        instructions=counted.instructions,
        resolution=resolution(part.target),
        flash_bytes=code,
        ram_bytes=learning.state_bytes,
    )
    return [row], []


def _learning_project(part: _Part, inputs: Array, labels: Sequence[int]) -> Project:
    layer = part.layer
    source = ModelSource(
        one_layer(layer), activations(layer, _HALF), calibration=inputs, labels=np.array(labels)
    )
    options = Options(
        targets=(part.target.name,),
        name=_NAME,
        kernels=part.choice.kernels,
        train=layer.learns,
        experience=SAMPLES,
        replay=SAMPLES,
        epochs=1,
    )
    return compile_model(source, options)


def _measured_op(project: Project) -> OpReport:
    (op,) = [each for each in project.report.ops if each.module == LAYER]
    return op


def _row(part: _Part, share: float | None, project: Project, counted: Counted, code: int) -> Row:
    graph = project.spec.graph
    op = _measured_op(project)
    call = calls(graph)[op.index]
    assert isinstance(call.op, Conv)
    type_ = graph.input_types(call)[0]
    rows = sum(map(len, call.op.window.row_taps(type_.shape[0])))
    columns = sum(map(len, call.op.window.column_taps(type_.shape[1])))
    macs = rows * columns * type_.channels * call.op.out_channels
    least = None if share is None or not op.binary_macs else bound(part.target.name, macs, share)
    seen = replace(call.op, density=share) if isinstance(call.op, BinaryConv) else call.op
    predicted = call.kernel.cost(seen, graph.input_types(call), project.spec.targets[0])
    return Row(
        shape=part.layer.name,
        target=part.target.name,
        density=share,
        kernels=part.kernels,
        kernel=op.kernel,
        instructions=counted.instructions,
        resolution=resolution(part.target),
        flash_bytes=code + op.parameter_bytes,
        constant_bytes=op.parameter_bytes,
        ram_bytes=type_.stored_bytes + op.output_bytes + op.scratch_bytes,
        scratch_bytes=op.scratch_bytes,
        macs=macs,
        binary=op.binary_macs > 0,
        bound=None if least is None else least.instructions,
        bound_cycles=None if least is None else least.cycles,
        predicted=predicted,
        error=round(predicted / counted.instructions - 1, 4),
    )


def _wrong(part: _Part, share: float | None, kernel: str, counted: Counted) -> Problem:
    density = "" if share is None else f" at density {share:g}"
    return Problem(
        "bench-wrong-result",
        f"{kernel} computed something else than the reference{density}",
        str(part),
        f"The CRC-32 of its output is {counted.digest:08x}, not {counted.expected:08x}.",
        "This is a fault of bnncl's, of the compiler or of the emulator: bnncl verify finds the element.",
    )
