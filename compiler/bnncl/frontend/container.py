"""The file that `bnncl.save` writes: one safetensors file, with the captured graph as JSON in its header.

Nothing in it is code: tensors are raw bytes, the graph names operators of an allow-list. The same model,
example and calibration give the same bytes.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import safetensors
import safetensors.torch
import torch
from torch import nn

from bnncl.diagnostics import Problem, UnsupportedModel, UsageError
from bnncl.frontend.calibration import check_calibration, widened
from bnncl.frontend.capture import capture
from bnncl.frontend.captured import Captured, dtype_name
from bnncl.frontend.check import check_replay
from bnncl.frontend.graph_json import BadDocumentError, Json, from_json, to_json, unknown_operators
from bnncl.frontend.inputs import example_tensor
from bnncl.frontend.replay import replay_values

METADATA = "bnncl"
"""The one metadata key of our files; files with several keys would not always have the same bytes."""


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file of ours holds. `calibration` is (N, ...) like `example`; `labels` are int64 (N,)."""

    captured: Captured
    example: torch.Tensor
    calibration: torch.Tensor | None
    labels: torch.Tensor | None


def save(
    module: nn.Module,
    path: str | os.PathLike[str],
    example: object,
    calibration: object = None,
    labels: object = None,
) -> None:
    """Write `module`, captured on `example`, to the file `path` for `bnncl-compile` to read.

    `example` is a batch (N, ...) of inputs in torch's layout, `calibration` a larger one (a few hundred
    samples of the training set), `labels` their classes (N,); tensors or numpy arrays. The captured graph
    is replayed against `module` first. A module in training mode is captured in eval mode
    too: batch norm with its running statistics, no dropout. `module` stays as it was, its mode included.
    The file appears whole or not at all. Raises UsageError for unusable arrays or a folder that cannot be
    written, UnsupportedModel for a model that cannot be captured.
    """
    sample = example_tensor(example)
    captured = capture(module, sample)
    x, y = check_calibration(captured, calibration, labels)
    captured = replace(captured, facts=widened(captured.facts, x))
    refuse_unknown_operators(captured)
    check_replay(captured, module)
    write(captured, Path(path), sample, x, y)


def write(
    captured: Captured,
    path: Path,
    example: torch.Tensor,
    calibration: torch.Tensor | None,
    labels: torch.Tensor | None,
) -> None:
    """Write a captured model, arrays as `check_calibration` gave them; errors as `save` for the folder."""
    document, tensors = to_json(captured)
    tensors["example"] = example.contiguous()
    if calibration is not None:
        tensors["calibration"] = calibration.contiguous()
    if labels is not None:
        tensors["labels"] = labels.contiguous()
    copies = {name: tensor.detach().clone() for name, tensor in sorted(tensors.items())}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    _write(path, safetensors.torch.save(copies, {METADATA: text}))


def read(path: Path) -> Contents:
    """The contents of a file that `save` wrote; UsageError, slug `damaged-model`, where it is damaged."""
    text, tensors = read_safetensors(path)
    if text is None:
        raise damaged(path, "it holds tensors but no graph")
    try:
        document = cast(Json, json.loads(text))
        captured = from_json(document, tensors)
        example = _like_input(tensors.get("example"), captured, "example")
    except (BadDocumentError, json.JSONDecodeError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    refuse_unknown_operators(captured)
    _check_runs(captured, example, path)
    x, y = check_calibration(captured, tensors.get("calibration"), tensors.get("labels"))
    return Contents(captured, example, x, y)


def read_safetensors(path: Path) -> tuple[str | None, dict[str, torch.Tensor]]:
    """Our metadata (None in files of others) and all tensors of a safetensors file.

    The tensors are copies at addresses that torch chose: some kernels round differently where data is
    not aligned to a cache line.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name).clone() for name in sorted(file.keys())}
    except safetensors.SafetensorError as error:
        raise damaged(path, str(error)) from error
    return metadata.get(METADATA), tensors


def refuse_unknown_operators(captured: Captured) -> None:
    """Raise UnsupportedModel listing every call that a graph in a file may not hold."""
    unknown = unknown_operators(captured)
    if unknown:
        raise UnsupportedModel(
            *(
                Problem(
                    "unknown-operator",
                    f"calls {node.op}" + (f" ({node.line})" if node.line else ""),
                    node.module,
                    "only arithmetic and layout operators of a fixed list are understood",
                )
                for node in unknown
            )
        )


def damaged(path: Path, why: str) -> UsageError:
    """The error for a file of ours with unreadable contents."""
    return UsageError(
        Problem("damaged-model", "the file cannot be read", str(path), why, "write it again with bnncl.save")
    )


def _check_runs(captured: Captured, example: torch.Tensor, path: Path) -> None:
    """Run one sample through the graph, and compare every shape and type with what the file says."""
    outputs = [value for node in captured.nodes for value in node.outputs]
    try:
        values = replay_values(captured, example[:1], outputs)
    except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError, MemoryError) as error:
        raise damaged(path, f"its graph does not run: {error}") from error
    for node in captured.nodes:
        for value, shape, dtype in zip(node.outputs, node.shapes, node.dtypes, strict=True):
            got = values[value]
            if tuple(got.shape) != (shape or (1,)) or dtype_name(got.dtype) != dtype:
                raise damaged(
                    path, f"{node.op} gives {tuple(got.shape)} {dtype_name(got.dtype)}, not {shape} {dtype}"
                )
    shapes = {captured.input: captured.input_shape}
    shapes.update((v, s) for node in captured.nodes for v, s in zip(node.outputs, node.shapes, strict=True))
    if shapes[captured.output] != captured.output_shape:
        raise damaged(path, "the output does not have the shape that the file says")


def _like_input(tensor: torch.Tensor | None, captured: Captured, name: str) -> torch.Tensor:
    if tensor is None or tuple(tensor.shape[1:]) != captured.input_shape[1:] or not len(tensor):
        raise BadDocumentError(f"{name} does not have the shape of the input")
    if dtype_name(tensor.dtype) != captured.input_dtype:
        raise BadDocumentError(f"{name} does not have the type of the input")
    return tensor


def _write(path: Path, data: bytes) -> None:
    """Write `data` to a file beside `path` and rename it, so that no half-written file is ever seen."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        hint = "Name a file in a folder that is there and that you may write to."
        message = "the model cannot be written"
        raise UsageError(Problem("cannot-write", message, str(path), reason, hint)) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
