"""Loads `model.pt`, whatever it is: recognised by content, and read without running code unless told to."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from bnncl.diagnostics import Problem, UsageError
from bnncl.frontend.archive import Archive, open_archive, truncated
from bnncl.frontend.calibration import widened
from bnncl.frontend.capture import capture
from bnncl.frontend.captured import Captured
from bnncl.frontend.check import check_replay
from bnncl.frontend.checkpoint import build_module, state_dict_of
from bnncl.frontend.container import METADATA, read, read_safetensors
from bnncl.frontend.exported import read_exported
from bnncl.frontend.pickled import (
    load_scripted,
    load_tensors_only,
    load_trusted,
    named_globals,
    needs_consent,
)

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_HINT = "give a file that bnncl.save, torch.export.save or torch.save wrote"
_KINDS = {"bnncl", "export", "state-dict", "pickle", "torchscript"}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model from a file, captured.

    `calibration` (N, ...) and int64 `labels` (N,) are what the file held. `kind` is one of `bnncl`,
    `export`, `state-dict`, `pickle`, `torchscript`. `sha256` is that of the file, in hex. `module` is the
    eager module where there is one (not for `bnncl`). `example` (N, ...) is what the file held or random.
    """

    captured: Captured
    calibration: torch.Tensor | None
    labels: torch.Tensor | None
    sha256: str
    kind: str
    module: nn.Module | None
    example: torch.Tensor


@dataclass(frozen=True)
class _Request:
    path: Path
    model: str | None
    input_shape: tuple[int, ...] | None
    trust_pickle: bool
    samples: torch.Tensor | None


def load(
    path: str | Path,
    *,
    model: str | None = None,
    input_shape: tuple[int, ...] | None = None,
    trust_pickle: bool = False,
    samples: torch.Tensor | None = None,
) -> Loaded:
    """Load and capture the model in `path`.

    `model` names the factory `package.module:name` of a state dict's module. `input_shape` is the shape of
    one sample, without the batch, for files that do not tell it; `samples` (N, ...), calibration inputs
    say, serve as well. `trust_pickle` allows files whose loading runs the code they name. Raises UsageError
    for files and options, UnsupportedModel for models that cannot be captured.
    """
    request = _Request(Path(path), model, input_shape, trust_pickle, samples)
    if not request.path.is_file():
        what = "it is a folder" if request.path.is_dir() else "there is no such file"
        raise UsageError(Problem("file-not-found", what, str(path), hint=_HINT))
    try:
        with request.path.open("rb") as file:
            head = file.read(9)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            Problem("file-not-found", f"it cannot be read: {error.strerror}", str(path))
        ) from error
    return replace(_by_content(request, head), sha256=sha256)


def _by_content(request: _Request, head: bytes) -> Loaded:
    if head[6:] == b"\x00\x00{":
        return _from_safetensors(request, struct.unpack("<Q", head[:8])[0])
    if head.startswith(_ZIP):
        return _from_zip(request)
    if head.startswith(_PICKLE):
        return _from_pickle(request, request.path.read_bytes())
    raise UsageError(
        Problem(
            "not-a-model", "the file is of no kind that holds a torch model", str(request.path), hint=_HINT
        )
    )


def _from_safetensors(request: _Request, header: int) -> Loaded:
    path = request.path
    if header + 8 > path.stat().st_size:
        raise truncated(path, "its header is longer than the file")
    if not _has_our_metadata(path, header):
        _, tensors = read_safetensors(path)
        return _from_state_dict(request, tensors)
    contents = read(path)
    return Loaded(
        contents.captured, contents.calibration, contents.labels, "", "bnncl", None, contents.example
    )


def _has_our_metadata(path: Path, header: int) -> bool:
    with path.open("rb") as file:
        file.seek(8)
        try:
            document = json.loads(file.read(header))
        except (ValueError, RecursionError) as error:
            message = "the file looks like safetensors, but its header is not JSON"
            raise UsageError(Problem("not-a-model", message, str(path), hint=_HINT)) from error
    metadata = document.get("__metadata__")
    return isinstance(metadata, dict) and METADATA in metadata


def _from_zip(request: _Request) -> Loaded:
    with open_archive(request.path) as archive:
        if _is_export(archive):
            exported = read_exported(request.path)
            example = _random_example(exported.input_shape[1:], exported.input_dtype)
            return _captured(request, exported.module, "export", example)
        if "serialized_exported_program.json" in archive:
            raise UsageError(
                Problem(
                    "old-export",
                    "the archive has the layout of torch 2.7 and older",
                    str(request.path),
                    "it keeps its weights as pickles",
                    "save it with torch.export.save of torch 2.8 or newer, or use bnncl.save",
                )
            )
        if "constants.pkl" in archive:
            return _from_torchscript(request, archive)
        if "data.pkl" in archive:
            return _from_pickle(request, archive.read("data.pkl"))
    message = "the file is a zip archive, but not one of torch"
    raise UsageError(Problem("not-a-model", message, str(request.path), hint=_HINT))


def _is_export(archive: Archive) -> bool:
    return "archive_format" in archive and archive.read("archive_format") == b"pt2"


def _from_torchscript(request: _Request, archive: Archive) -> Loaded:
    if not request.trust_pickle:
        code = [name for name in archive.names() if name.startswith("code/") and name.endswith(".py")]
        raise needs_consent(request.path, "a TorchScript module", code)
    module = load_scripted(request.path)
    assert isinstance(module, nn.Module)
    return _captured(request, module, "torchscript", None)


def _from_pickle(request: _Request, pickled: bytes) -> Loaded:
    tensors = load_tensors_only(request.path)
    if tensors is None:
        if not request.trust_pickle:
            raise needs_consent(request.path, "a pickle", named_globals(pickled))
        tensors = load_trusted(request.path)
        if isinstance(tensors, nn.Module):
            return _captured(request, tensors, "pickle", None)
    state = state_dict_of(tensors)
    if state is None:
        message = f"the file holds a {type(tensors).__name__} without the tensors of a model"
        raise UsageError(Problem("not-a-model", message, str(request.path), hint=_HINT))
    return _from_state_dict(request, state)


def _from_state_dict(request: _Request, state: dict[str, torch.Tensor]) -> Loaded:
    return _captured(request, build_module(request.path, state, request.model), "state-dict", None)


def _captured(request: _Request, module: nn.Module, kind: str, example: torch.Tensor | None) -> Loaded:
    assert kind in _KINDS
    if request.samples is not None:
        example = request.samples[:4]
    elif example is None:
        example = _random_example(_sample_shape(request), torch.float32)
    captured = capture(module, example)
    captured = replace(captured, facts=widened(captured.facts, request.samples))
    check_replay(captured, module)
    return Loaded(captured, None, None, "", kind, module, example)


def _sample_shape(request: _Request) -> tuple[int, ...]:
    shape = request.input_shape
    if shape is None:
        raise UsageError(
            Problem(
                "input-shape-missing",
                "the file does not say what the model's input looks like",
                str(request.path),
                hint="give the shape of one sample, such as --input-shape 1,28,28, or --calibration",
            )
        )
    if not shape or min(shape) < 1:
        message = f"{shape} is not the shape of a sample"
        raise UsageError(
            Problem("input-shape", message, "--input-shape", hint="such as --input-shape 1,28,28")
        )
    return shape


def _random_example(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand((2, *shape), generator=generator) * 2 - 1
    return drawn if dtype.is_floating_point else (drawn * 127).abs().to(dtype)
