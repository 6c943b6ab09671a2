"""A torch model as the rest of the compiler sees it: a traced graph and numpy arrays, no torch types."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bnncl.diagnostics import Problem, UsageError
from bnncl.frontend.calibration import check_calibration, load_calibration, read_npz, widened
from bnncl.frontend.captured import Captured
from bnncl.frontend.container import save
from bnncl.frontend.inputs import example_tensor
from bnncl.frontend.layout import to_nhwc
from bnncl.frontend.load import Loaded, load
from bnncl.frontend.recognise import recognise
from bnncl.frontend.recognised import Note
from bnncl.frontend.replay import replay_values
from bnncl.frontend.unfolding import check_module
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.types import Binary


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from, as the command line or the API names it.

    `model` is a path, or a torch module with `example`. `factory` is `package.module:function` for a
    state_dict, `input_shape` the shape of one sample. `calibration` is the path of an npz file,
    or an array or tensor in torch's layout with `labels` (N,).
    """

    model: Path | torch.nn.Module
    example: torch.Tensor | None = None
    factory: str | None = None
    input_shape: tuple[int, ...] | None = None
    trust_pickle: bool = False
    calibration: Path | Any = None
    labels: Any = None


@dataclass(frozen=True, eq=False)
class TracedModel:
    """A recognised model with what torch says about it.

    `calibration` is (N, H, W, C) float64 or None, `labels` (N,) or None; `sha256` identifies the
    model's file (or its captured graph, where there is no file).
    """

    graph: Graph
    notes: tuple[Note, ...]
    sha256: str
    calibration: Array | None
    labels: Array | None
    _captured: Captured
    _observed: tuple[tuple[str, int], ...]

    def torch_run(self, x: Array) -> tuple[dict[str, Array], Array]:
        """What torch computes for real inputs `x` (N, H, W, C).

        The binary values of the graph by name, as ±1, and the model's own output (N, classes).
        """
        pairs = [(name, id_) for name, id_ in self._observed if self._is_binary(name)]
        output = self._captured.output
        values = replay_values(self._captured, self._as_torch(x), [*(id_ for _, id_ in pairs), output])
        plain = {name: self._plain(name, to_nhwc(values[id_])) for name, id_ in pairs}
        return plain, values[output].reshape(len(x), -1).numpy()

    def torch_values(self, x: Array) -> dict[str, Array]:
        """The binary values of the graph that torch computes for real inputs `x` (N, H, W, C), as ±1."""
        return self.torch_run(x)[0]

    @property
    def modules(self) -> tuple[str, ...]:
        """Torch paths of the modules that compute something, each once, in order."""
        return tuple(dict.fromkeys(node.module for node in self._captured.nodes if node.module))

    def _is_binary(self, name: str) -> bool:
        return isinstance(self.graph.type_of(name).domain, Binary)

    def _plain(self, name: str, real: Array) -> Array:
        meaning = self.graph.values[name].meaning
        plain = real if meaning is None else (real - meaning.offset) / meaning.scale
        return np.where(plain >= 0, 1, -1).astype(np.int8).reshape(len(real), *self.graph.type_of(name).shape)

    def _as_torch(self, x: Array) -> torch.Tensor:
        return from_nhwc(x, self._captured.input_shape)


def from_nhwc(x: Array, input_shape: tuple[int, ...]) -> torch.Tensor:
    """Real inputs (N, H, W, C) in the layout of a torch input of `input_shape` (with a batch axis)."""
    moved = np.ascontiguousarray(np.moveaxis(x, -1, 1), dtype=np.float32)
    return torch.from_numpy(moved).reshape(len(x), *input_shape[1:])


def open_model(source: ModelSource, unfold: str | None = None) -> TracedModel:
    """Load, capture and recognise a model; raises UsageError or UnsupportedModel with all its problems.

    `unfold` is the torch path of a module that a replay cut is put before: what follows from its bits
    is not folded, so that it can be trained; UsageError (`unknown-train-module`) if there is none.
    """
    loaded = load_source(source)
    calibration, labels = loaded.calibration, loaded.labels
    if isinstance(source.calibration, Path):
        calibration, labels = load_calibration(source.calibration, loaded.captured)
    elif isinstance(source.model, Path) and (source.calibration is not None or source.labels is not None):
        calibration, labels = check_calibration(loaded.captured, source.calibration, source.labels)
    captured = replace(loaded.captured, facts=widened(loaded.captured.facts, calibration))
    if unfold is not None and (problem := check_module(captured, unfold)) is not None:
        raise UsageError(problem)
    recognised = recognise(captured, "infer", unfold)
    return TracedModel(
        recognised.graph,
        recognised.notes,
        loaded.sha256,
        None if calibration is None else recognised.lay_out(calibration).astype(np.float64),
        None if labels is None else np.asarray(labels),
        captured,
        recognised.observed,
    )


def load_source(source: ModelSource) -> Loaded:
    """Load and capture a model, whatever it is; errors as `frontend.load`."""
    if isinstance(source.model, Path):
        return load(
            source.model,
            model=source.factory,
            input_shape=source.input_shape,
            trust_pickle=source.trust_pickle,
            samples=_samples(source),
        )
    return _as_if_saved(source.model, source)


def _samples(source: ModelSource) -> torch.Tensor | None:
    """Calibration inputs, where they must show what an input looks like: for modules made anew."""
    made = source.factory is not None or source.trust_pickle
    if source.input_shape is not None or source.calibration is None or not made:
        return None
    x = read_npz(source.calibration)["x"] if isinstance(source.calibration, Path) else source.calibration
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        message = f"its elements are {array.dtype}, not numbers"
        raise UsageError(Problem("calibration-dtype", message, "calibration"))
    return example_tensor(array.astype(np.float32) if array.dtype.kind == "f" else array)


def _as_if_saved(module: torch.nn.Module, source: ModelSource) -> Loaded:
    """A module in memory goes through the same file as one that was saved, so both give the same project."""
    in_memory = None if isinstance(source.calibration, Path) else source.calibration
    example = source.example
    if example is None:
        if in_memory is None:
            raise UsageError(
                Problem(
                    "example-required",
                    "a torch module needs an example input",
                    hint="Pass example=tensor, with a batch of one, or calibration=array.",
                )
            )
        example = torch.as_tensor(in_memory)[:1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        save(module, path, example, calibration=in_memory, labels=source.labels)
        return load(path)
