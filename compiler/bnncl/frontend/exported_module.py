"""Runs the graph of a `torch.export` archive, one operator of the allow-list after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import cast

import torch
from torch import nn
from torch._ops import OpOverload

from bnncl.diagnostics import Collector, Problem
from bnncl.frontend.allowed import allowed_operator
from bnncl.frontend.exported_types import DTYPES, MEMORY_FORMATS, MalformedError, Obj, field, objects
from bnncl.frontend.location import SOURCE_LINE

_SET_GRAD = "torch.ops.higher_order.wrap_with_set_grad_enabled"
_SYM_SIZE = "torch.ops.aten.sym_size.int"
_CHECKS = frozenset(
    {
        "torch.ops.aten._assert_scalar.default",
        "torch.ops.aten._assert_tensor_metadata.default",
        "torch.ops.aten.sym_constrain_range_for_size.default",
    }
)
_PLAIN = ("as_int", "as_float", "as_string", "as_bool", "as_ints", "as_floats", "as_strings", "as_bools")
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True)
class ExportedGraph:
    """A checked graph as the archive's JSON has it, and the names of its input and output."""

    document: Obj
    input: str
    output: str


@dataclass(frozen=True)
class Names:
    """Graph name to qualified name of each stored tensor, and the kind of each by qualified name.

    Kinds are `parameter`, `buffer` and `tensor_constant`, as the archive's signature has them.
    """

    bound: dict[str, str]
    kinds: dict[str, str]


class _Part(nn.Module):
    """Stands for a module of the exported model, so that what runs in it is known by its path."""

    def forward(self, step: Callable[[], object]) -> object:
        return step()


class ExportedModule(_Part):
    """A module with the archive's parameters and buffers under their own names."""

    def __init__(self, graph: ExportedGraph, names: Names, tensors: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self._graph = graph
        self._bound = names.bound
        self._plain: dict[str, torch.Tensor] = {}
        for name, tensor in tensors.items():
            self._keep(name, tensor, names.kinds.get(name, "tensor_constant"))
        for node in objects(graph.document, "nodes"):
            _part(self, _path(node))

    def _keep(self, name: str, tensor: torch.Tensor, kind: str) -> None:
        path, _, leaf = name.rpartition(".")
        if kind == "tensor_constant":
            self._plain[name] = tensor
            return
        owner = _part(self, path)
        if not re.fullmatch(r"\w+", leaf) or hasattr(owner, leaf):
            raise MalformedError(f"{name!r} is no name of a parameter")
        if kind == "parameter":
            owner.register_parameter(leaf, nn.Parameter(tensor, tensor.is_floating_point()))
        else:
            owner.register_buffer(leaf, tensor)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """The graph's output for the batch `x`."""
        stored = {**self._plain, **dict(self.named_parameters()), **dict(self.named_buffers())}
        env: dict[str, object] = {graph_name: stored[name] for graph_name, name in self._bound.items()}
        env[self._graph.input] = x
        self._run(self._graph.document, env)
        result = _lookup(env, self._graph.output)
        assert isinstance(result, torch.Tensor)
        return result

    def _run(self, graph: Obj, env: dict[str, object]) -> None:
        for node in objects(graph, "nodes"):
            target = field(node, "target", str)
            if target in _CHECKS:
                continue
            if target == _SET_GRAD:
                self._run_inner(node, env)
                continue
            token = SOURCE_LINE.set(_line(node))
            try:
                self._call(node, target, env)
            finally:
                SOURCE_LINE.reset(token)

    def _call(self, node: Obj, target: str, env: dict[str, object]) -> None:
        args, kwargs = _arguments(node, env)
        if target == _SYM_SIZE:
            viewed, dim = args
            assert isinstance(viewed, torch.Tensor)
            assert isinstance(dim, int)
            _bind(objects(node, "outputs"), viewed.shape[dim], env)
            return
        func = _operator(target)
        assert func is not None, "check_graph was not called"
        path = _path(node)

        def step() -> object:
            return func(*args, **kwargs)

        owner = self.get_submodule(path) if path else None
        _bind(objects(node, "outputs"), owner(step) if owner is not None else step(), env)

    def _run_inner(self, node: Obj, env: dict[str, object]) -> None:
        inner = _inner_graph(node)
        given = [_decode(field(argument, "arg", dict), env) for argument in objects(node, "inputs")[2:]]
        scope: dict[str, object] = {}
        _bind(objects(inner, "inputs"), tuple(given), scope)
        self._run(inner, scope)
        results = tuple(_decode(output, scope) for output in objects(inner, "outputs"))
        _bind(objects(node, "outputs"), results, env)


def check_graph(graph: Obj, problems: Collector) -> None:
    """Add to `problems` every node that a graph in a file may not hold."""
    for node in objects(graph, "nodes"):
        target = field(node, "target", str)
        if target == _SET_GRAD:
            check_graph(_inner_graph(node), problems)
        elif target not in _CHECKS and target != _SYM_SIZE and _operator(target) is None:
            line = _line(node)
            problems.add(
                Problem(
                    "unknown-operator",
                    f"calls {target}" + (f" ({line})" if line else ""),
                    _path(node),
                    "only arithmetic and layout operators of a fixed list are understood",
                )
            )


def _operator(target: str) -> OpOverload | None:
    prefix = "torch.ops."
    return allowed_operator(target.removeprefix(prefix)) if target.startswith(prefix) else None


def _inner_graph(node: Obj) -> Obj:
    inputs = objects(node, "inputs")
    if len(inputs) < 2:
        raise MalformedError("a block without gradient has no graph")
    return field(field(field(inputs[1], "arg", dict), "as_graph", dict), "graph", dict)


def _part(root: _Part, path: str) -> nn.Module:
    owner: nn.Module = root
    for name in path.split(".") if path else []:
        child = owner._modules.get(name)
        if child is None:
            if not re.fullmatch(r"\w+", name) or hasattr(owner, name):
                raise MalformedError(f"{path!r} is no path of a module")
            child = _Part()
            owner.add_module(name, child)
        owner = child
    return owner


def _metadata(node: Obj, name: str) -> str:
    metadata = node.get("metadata")
    text = metadata.get(name, "") if isinstance(metadata, dict) else ""
    return text if isinstance(text, str) else ""


def _path(node: Obj) -> str:
    """The innermost module of `nn_module_stack`, entries `key,path,class` between semicolons."""
    entry = _metadata(node, "nn_module_stack").rpartition(";")[2].split(",")
    path = re.sub(r"@\d+", "", entry[1]) if len(entry) == 3 else ""
    return path if re.fullmatch(r"\w+(\.\w+)*", path) and not path.startswith("_empty") else ""


def _line(node: Obj) -> str:
    frames = [
        (PurePath(path), number)
        for path, number in _FRAME.findall(_metadata(node, "stack_trace"))
        if "torch" not in PurePath(path).parts
    ]
    return f"{frames[-1][0].name}:{frames[-1][1]}" if frames else ""


def _arguments(node: Obj, env: dict[str, object]) -> tuple[list[object], dict[str, object]]:
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for argument in objects(node, "inputs"):
        value = _decode(field(argument, "arg", dict), env)
        if argument.get("kind") == 2:
            kwargs[field(argument, "name", str)] = value
        else:
            args.append(value)
    return args, kwargs


def _decode(argument: Obj, env: dict[str, object]) -> object:
    """The value of one JSON argument: a union with exactly one key."""
    if len(argument) != 1:
        raise MalformedError("an argument is not one of a kind")
    ((kind, value),) = argument.items()
    if kind in _PLAIN:
        return value
    if kind in ("as_none", "as_device"):
        return None
    if kind in ("as_tensor", "as_optional_tensor", "as_sym_int") and isinstance(value, dict):
        return _lookup(env, value) if "name" in value or "as_name" in value else _decode(value, env)
    if kind in ("as_tensors", "as_optional_tensors", "as_sym_ints") and isinstance(value, list):
        return [_decode({kind[:-1]: item}, env) for item in value]
    tables: dict[str, dict[int, object]] = {
        "as_scalar_type": cast("dict[int, object]", DTYPES),
        "as_memory_format": cast("dict[int, object]", MEMORY_FORMATS),
        "as_layout": {7: torch.strided},
    }
    if kind in tables and isinstance(value, int) and value in tables[kind]:
        return tables[kind][value]
    raise MalformedError(f"an argument of kind {kind} cannot be read")


def _lookup(env: dict[str, object], reference: object) -> object:
    name = reference
    if isinstance(reference, dict):
        name = reference.get("name", reference.get("as_name"))
    if not isinstance(name, str) or name not in env:
        raise MalformedError(f"the graph reads {name}, which is not there yet")
    return env[name]


def _bind(outputs: list[Obj], result: object, env: dict[str, object]) -> None:
    """Put the results of a call into `env` under the names that the JSON gives them."""
    names: list[object] = []
    for output in outputs:
        ((_, value),) = output.items()
        names.extend(value if isinstance(value, list) else [value])
    values = list(result) if isinstance(result, tuple | list) else [result]
    for reference, value in zip(names, values, strict=False):
        name = reference.get("name", reference.get("as_name")) if isinstance(reference, dict) else None
        if isinstance(name, str):
            env[name] = value
