"""Reads `torch.export` archives (.pt2) without unpickling anything or evaluating any expression.

Torch's own loader unpickles sample inputs and some weights, and evaluates symbolic expressions, so a
crafted file runs code. Here an archive is JSON and raw tensor bytes, its operators come from an
allow-list, and whatever needs more is refused. The result is a module that runs the archive's graph, to
be captured like any other.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from bnncl.diagnostics import Collector, Problem, UnsupportedModel, UsageError
from bnncl.frontend.archive import Archive, open_archive, truncated
from bnncl.frontend.exported_module import ExportedGraph, ExportedModule, Names, check_graph
from bnncl.frontend.exported_types import DTYPES, MalformedError, Obj, field, objects, static_sizes

_MAJOR = 8
_SYMBOLIC = 1
_INPUTS = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}


@dataclass(frozen=True, eq=False)
class Exported:
    """A module that runs an archive's graph, and the shape of its one input, batch of 1 first."""

    module: ExportedModule
    input_shape: tuple[int, ...]
    input_dtype: torch.dtype


def read_exported(path: Path) -> Exported:
    """The model in the archive `path`.

    Raises UsageError for a damaged archive and UnsupportedModel, with every reason at once, for one that
    cannot be read without running code or whose graph has no meaning here.
    """
    with open_archive(path) as archive:
        name = _model_name(archive)
        try:
            document = _json(archive, f"models/{name}.json")
            _check_version(document, path)
            weights = _tensors(archive, f"data/weights/{name}_weights_config.json", "data/weights/")
            constants = _tensors(archive, f"data/constants/{name}_constants_config.json", "data/constants/")
            return _assemble(document, {**weights, **constants}, path)
        except (MalformedError, RecursionError) as error:
            raise truncated(path, str(error)) from error


def _model_name(archive: Archive) -> str:
    models = [name for name in archive.names() if name.startswith("models/") and name.endswith(".json")]
    if len(models) != 1:
        raise UnsupportedModel(
            Problem(
                "unsupported-export",
                f"the archive holds {len(models)} graphs, not one",
                str(archive.path),
                hint="save it with torch.export.save of torch 2.8 or newer, or use bnncl.save",
            )
        )
    return models[0].removeprefix("models/").removesuffix(".json")


def _json(archive: Archive, name: str) -> Obj:
    try:
        document = json.loads(archive.read(name))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedError(f"{name} is not an object")
    return document


def _check_version(document: Obj, path: Path) -> None:
    version = field(document, "schema_version", dict).get("major")
    if version != _MAJOR:
        raise UnsupportedModel(
            Problem(
                "unsupported-export",
                f"the archive has schema version {version}, understood is {_MAJOR}",
                str(path),
                hint="save it with a torch version near 2.13, or use bnncl.save",
            )
        )


def _tensors(archive: Archive, config: str, folder: str) -> dict[str, torch.Tensor]:
    if config not in archive:
        return {}
    problems = Collector()
    tensors = {}
    for name, payload in field(_json(archive, config), "config", dict).items():
        if not isinstance(payload, dict):
            raise MalformedError(f"the payload {name} is not an object")
        if payload.get("use_pickle") is not False or not isinstance(payload.get("tensor_meta"), dict):
            problems.add(
                Problem(
                    "export-needs-pickle",
                    f"{name} is stored as a pickle",
                    str(archive.path),
                    "reading a pickle can run any code that is in it",
                    "use bnncl.save",
                )
            )
            continue
        entry = folder + field(payload, "path_name", str)
        tensors[name] = _tensor(archive.read(entry), cast(Obj, payload["tensor_meta"]), name)
    problems.raise_as(UnsupportedModel)
    return tensors


def _tensor(data: bytes, meta: Obj, name: str) -> torch.Tensor:
    """The tensor that `meta` describes over `data`, a copy; every element must lie inside `data`."""
    dtype = DTYPES.get(field(meta, "dtype", int))
    sizes, strides = static_sizes(meta, "sizes"), static_sizes(meta, "strides")
    offset = field(field(meta, "storage_offset", dict), "as_int", int)
    if dtype is None or len(sizes) != len(strides) or min((*sizes, *strides, offset)) < 0:
        raise MalformedError(f"{name} has no type or shape that can be read")
    count = len(data) // dtype.itemsize
    if math.prod(sizes) > count:
        raise MalformedError(f"{name} has {math.prod(sizes)} elements but {count} are stored")
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if math.prod(sizes) == 0:
        return torch.empty(sizes, dtype=dtype)
    if last >= count:
        raise MalformedError(f"{name} reaches beyond its {count} stored elements")
    flat = torch.frombuffer(bytearray(data[: count * dtype.itemsize]), dtype=dtype)
    return flat.as_strided(sizes, strides, offset).clone()


def _assemble(document: Obj, tensors: dict[str, torch.Tensor], path: Path) -> Exported:
    inner = field(document, "graph_module", dict)
    graph, signature = field(inner, "graph", dict), field(inner, "signature", dict)
    names, users = _input_names(signature, tensors, path)
    outputs = objects(signature, "output_specs")
    results = [field(spec, "user_output", dict) for spec in outputs if "user_output" in spec]
    if len(users) != 1 or len(results) != 1:
        slug = "several-inputs" if len(users) != 1 else "several-outputs"
        message = f"the archive has {len(users)} inputs and {len(results)} outputs, a model has one of each"
        raise UnsupportedModel(Problem(slug, message, str(path)))
    problems = Collector()
    check_graph(graph, problems)
    problems.raise_as(UnsupportedModel)
    output = field(field(field(results[0], "arg", dict), "as_tensor", dict), "name", str)
    meta = field(field(graph, "tensor_values", dict), users[0], dict)
    shape, dtype = _input_shape(meta, path)
    kinds = {name: kind for kind, name in names.values()}
    bound = {graph_name: name for graph_name, (_, name) in names.items()}
    module = ExportedModule(ExportedGraph(graph, users[0], output), Names(bound, kinds), tensors)
    return Exported(module, shape, dtype)


def _input_names(
    signature: Obj, tensors: dict[str, torch.Tensor], path: Path
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Graph name to (kind, qualified name) of each stored tensor, and the graph names of true inputs."""
    names: dict[str, tuple[str, str]] = {}
    users: list[str] = []
    for spec in objects(signature, "input_specs"):
        kind = next(iter(spec), "nothing")
        if kind == "user_input":
            arg = field(field(spec, kind, dict), "arg", dict)
            users.append(
                field(arg["as_tensor"], "name", str) if isinstance(arg.get("as_tensor"), dict) else ""
            )
            continue
        if kind not in _INPUTS:
            message = f"the graph reads a {kind.replace('_', ' ')}"
            raise UnsupportedModel(Problem("unsupported-export", message, str(path), hint="use bnncl.save"))
        inner = field(spec, kind, dict)
        name = field(inner, _INPUTS[kind], str)
        if name not in tensors:
            raise MalformedError(f"the {kind} {name} is missing")
        names[field(field(inner, "arg", dict), "name", str)] = (kind, name)
    return names, users


def _input_shape(meta: Obj, path: Path) -> tuple[tuple[int, ...], torch.dtype]:
    """Shape of the input with a batch of 1, and its type; only the batch may be symbolic."""
    sizes = objects(meta, "sizes")
    batch = sizes[0] if sizes else {}
    rest = static_sizes({"sizes": sizes[_SYMBOLIC:]}, "sizes")
    if not sizes or batch.get("as_int", 1) != 1:
        raise UnsupportedModel(
            Problem(
                "export-batch",
                f"the graph was exported for a batch of {batch.get('as_int')}",
                str(path),
                "the device sees one sample at a time",
                "export it with an example of one sample, or with a dynamic batch",
            )
        )
    dtype = DTYPES.get(field(meta, "dtype", int))
    if dtype is None:
        raise UsageError(Problem("example-dtype", "the input's type is unknown", str(path)))
    return (1, *rest), dtype
