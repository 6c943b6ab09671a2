"""Verifies a generated project: constants, every intermediate, known answers; and measures it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.emit.manifest import PROGRAM
from bnncl.ir.op import Array
from bnncl.ir.types import element_range
from bnncl.targets import TARGETS, Target
from bnncl.toolchain.compilers import find_compiler
from bnncl.toolchain.emulate import find_emulator
from bnncl.verification.compare import Comparison, compare
from bnncl.verification.constants import differing_constants
from bnncl.verification.golden import golden_failures
from bnncl.verification.harness import Sources, build_model, footprint, instructions
from bnncl.verification.opened import Opened, open_project

NOISE_SAMPLES = 32
_NOISE_SEED = 77
_COUNTED_SAMPLES = 4


@dataclass(frozen=True, eq=False)
class Data:
    """Samples to verify on: stored inputs (S, H, W, C), and labels (S,) where they are known.

    `clipped` is the share of real numbers that were saturated to become stored ones, None where none were.
    """

    inputs: Array
    labels: Array | None
    source: str
    clipped: float | None = None


@dataclass(frozen=True, eq=False)
class Verification:
    """What one run of `verify` found and measured, on one environment.

    `findings` is empty where everything is equal; `notes` say what could not be measured. `accuracy` is
    that of the C code, None without labels; `clipped` is as in `Data`. `instructions` are those of one
    inference on a few samples; `flash` and `ram` are bytes of the smallest firmware that infers.
    """

    environment: str
    findings: tuple[str, ...]
    edited: tuple[str, ...]
    notes: tuple[str, ...]
    comparison: Comparison
    data: str
    clipped: float | None
    accuracy: float | None
    instructions: tuple[int, ...]
    flash: int
    ram: int

    @property
    def passed(self) -> bool:
        """Whether C and reference are equal everywhere."""
        return not self.findings


def environment(name: str) -> Target:
    """The target whose PlatformIO environment is `name`; UsageError (`unknown-environment`)."""
    known = {each.pio_env: each for each in TARGETS.values()}
    if name not in known:
        raise UsageError(
            Problem(
                "unknown-environment",
                f"'{name}' is no environment that code can be run in",
                "--env",
                hint=f"One of: {', '.join(known)}.",
            )
        )
    return known[name]


def require_tools(target: Target) -> None:
    """Raise UsageError where compiler or emulator of `target` is missing, both if so."""
    problems = Collector()
    for find in (find_compiler, find_emulator) if target.emulator else (find_compiler,):
        try:
            find(target)
        except UsageError as error:
            problems.extend(error.problems)
    problems.raise_as(UsageError)


def verify(folder: Path, target: Target, data: Data | None = None, *, measure: bool = True) -> Verification:
    """Hold the project in `folder` against its reference on `target`; without `data` on seeded noise."""
    project = open_project(folder)
    data = data or noise(project)
    sources = Sources(folder, project.name, len(project.graph.ops))
    comparison = compare(project.program, sources, target, data.inputs)
    findings = [*_stored_program(project), *_constants(project, sources, target)]
    if comparison.difference is not None:
        findings.append(str(comparison.difference))
    findings += [f"golden test: {line}" for line in golden_failures(sources, target)]
    counted, notes = _counted(sources, target, data) if measure else ((), ())
    sizes = footprint(sources, target)
    return Verification(
        target.pio_env,
        tuple(findings),
        project.edited,
        notes,
        comparison,
        data.source,
        data.clipped,
        _accuracy(comparison, data),
        counted,
        sizes.flash,
        sizes.ram,
    )


def noise(project: Opened, samples: int = NOISE_SAMPLES) -> Data:
    """Seeded random inputs over the whole range of the stored input."""
    type_ = project.graph.type_of(project.graph.inputs[0])
    low, high = element_range(type_.domain)
    draw = np.random.Generator(np.random.PCG64(_NOISE_SEED))
    inputs = draw.integers(low, high + 1, (samples, *type_.shape), np.int64)
    return Data(inputs, None, f"{samples} samples of seeded noise")


def _counted(sources: Sources, target: Target, data: Data) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Instructions on a few samples, or a note on what is missing to count them."""
    flat = data.inputs[:_COUNTED_SAMPLES].reshape(-1, int(np.prod(data.inputs.shape[1:])))
    try:
        return instructions(sources, target, flat), ()
    except UsageError as error:
        return (), tuple(
            f"instructions were not counted: {problem.message}. {problem.hint}" for problem in error.problems
        )


def _stored_program(project: Opened) -> list[str]:
    if PROGRAM not in project.edited:
        return []
    return [f"{PROGRAM} was changed, which says what the C must compute: generate the project again"]


def _constants(project: Opened, sources: Sources, target: Target) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        elf = build_model(sources, target, Path(folder) / "model.elf")
        return [str(each) for each in differing_constants(project.program, project.name, elf)]


def _accuracy(comparison: Comparison, data: Data) -> float | None:
    if data.labels is None or not len(comparison.scores):
        return None
    return float((comparison.scores.argmax(1) == data.labels).mean())
