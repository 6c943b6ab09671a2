"""What learns and infers with the device's arithmetic: the generated C, or the reference in Python."""

from __future__ import annotations

import ctypes
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Problem, VerificationFailed
from bnncl.driver.project import Project
from bnncl.emit.stored import stored
from bnncl.interp.learner import Learner
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.ir.types import TensorType
from bnncl.learn.samples import Samples
from bnncl.resources import runtime_dir
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.verification.harness import Sources

_LOG = logging.getLogger(__name__)
_BATCH = 256
_WHOLE = 2**31 - 1
Scores = NDArray[Any]


class Engine(Protocol):
    """A head that learns, on a device or as a float reference."""

    def learn(self, samples: Samples) -> None:
        """Learn one experience, from begin to commit."""

    def scores(self, samples: Samples) -> Scores:
        """Scores (N, classes); what is not known scores lowest."""


class ReferenceEngine:
    """The integer reference: slow, and the meaning of the C."""

    def __init__(self, program: Program, seed: int) -> None:
        self.learner = Learner(program, seed)

    def learn(self, samples: Samples) -> None:
        """Learn one experience; `interp.head.Refused` with the status that C would return."""
        self.learner.begin()
        for part in _batches(samples.inputs):
            for latent, label in zip(
                self.learner.latents(samples.inputs[part].astype(np.int64)), samples.labels[part], strict=True
            ):
                self.learner.head.sample(latent, int(label))
        while not self.learner.step(_WHOLE):
            pass
        self.learner.commit()

    def scores(self, samples: Samples) -> Scores:
        """Scores (N, max_classes), int16."""
        parts = [
            self.learner.infer(samples.inputs[part].astype(np.int64)) for part in _batches(samples.inputs)
        ]
        return np.concatenate(parts).astype(np.int16)


class CEngine:
    """The generated C of a project in a shared library, with one context; `begin` starts it anew.

    `samples_per_second` is measured over everything that it has learned.
    """

    def __init__(self, project: Project) -> None:
        self._type = project.spec.graph.type_of(project.spec.graph.inputs[0])
        self._classes = project.spec.graph.type_of(project.spec.graph.outputs[0]).elements
        self._folder = tempfile.TemporaryDirectory()
        self._library = _load(project, Path(self._folder.name))
        self._learned, self._seconds = 0, 0.0

    def begin(self, seed: int) -> CEngine:
        """Factory state with `seed`."""
        self._call("bnncl_simulate_init", ctypes.c_uint32(seed))
        return self

    @property
    def samples_per_second(self) -> float:
        """Samples learned a second, all epochs included; 0 before the first."""
        return self._learned / self._seconds if self._seconds else 0.0

    def learn(self, samples: Samples) -> None:
        """Learn one experience."""
        inputs, labels = _stored(samples.inputs, self._type), samples.labels.astype(np.uint16)
        begun = time.perf_counter()
        self._call("bnncl_simulate_learn", _at(inputs), _at(labels), ctypes.c_uint32(len(labels)))
        self._seconds += time.perf_counter() - begun
        self._learned += len(labels)

    def scores(self, samples: Samples) -> Scores:
        """Scores (N, max_classes), int16."""
        inputs = _stored(samples.inputs, self._type)
        scores = np.zeros((len(samples), self._classes), np.int16)
        self._call("bnncl_simulate_infer", _at(inputs), ctypes.c_uint32(len(samples)), _at(scores))
        return scores

    def _call(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        status = int(getattr(self._library, name)(*arguments))
        if status:
            raise VerificationFailed(
                Problem(
                    "engine-refused",
                    f"{name} returned status {status}",
                    "the generated C",
                    "Its own limits had been checked before.",
                    "This is a fault of bnncl's.",
                )
            )


def _load(project: Project, folder: Path) -> ctypes.CDLL:
    """The project in `folder`, compiled to a shared library."""
    out, name = project.write(folder / "project"), project.spec.name
    upper = name.upper()
    calls = {"BEGIN": "learn_begin", "SAMPLE": "learn_sample", "STEP": "learn_step", "COMMIT": "learn_commit"}
    calls |= {"INIT": "init", "INFER": "infer"}
    lines = [
        f'#include "{name}.h"',
        f"#define CASE_DEFINE_CONTEXT {upper}_DEFINE_CONTEXT",
        f"typedef {name}_input case_input;",
        *(f"#define CASE_{macro} {name}_{function}" for macro, function in calls.items()),
        f"enum {{ CASE_INPUT_LEN = {upper}_INPUT_LEN, CASE_CLASSES = {upper}_MAX_CLASSES }};",
    ]
    (folder / "simulate_case.h").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sources = Sources(out, name, 0)
    files = (runtime_dir() / "harness" / "bnncl_simulate.c", *sources.c_files())
    library = _compiled(files, (folder, *sources.include_dirs()), folder / "simulate.so")
    _LOG.info("compiled %s to a shared library", name)
    return ctypes.CDLL(str(library))


def _compiled(files: Sequence[Path], include_dirs: Sequence[Path], out: Path) -> Path:
    """A shared library for this very machine, where the compiler can tell which that is."""
    host, shared = TARGETS["host"], ("-shared", "-fPIC")
    try:
        return compile_elf(host, files, include_dirs, {}, out, extra=(*shared, "-march=native"))
    except VerificationFailed:
        return compile_elf(host, files, include_dirs, {}, out, extra=shared)


def _stored(inputs: Array, type_: TensorType) -> NDArray[Any]:
    return np.ascontiguousarray(stored(inputs, type_))


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _batches(inputs: Array) -> Iterator[slice]:
    return (slice(start, start + _BATCH) for start in range(0, len(inputs), _BATCH))


__all__ = ["CEngine", "Engine", "ReferenceEngine", "Scores"]
