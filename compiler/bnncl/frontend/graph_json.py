"""Captured graphs as JSON and back, with every field checked on the way back.

Tensors stay outside: a document names them, and holds what a tensor file cannot (the order of a
constant's dimensions in memory, which decides how a library sums it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch

from bnncl.frontend.allowed import allowed_operator
from bnncl.frontend.captured import Arg, Captured, Const, Constant, Node, TracerFacts, Value, dtype_name

FORMAT = "bnncl.captured"
VERSION = 1

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Tensors = Mapping[str, torch.Tensor]


class BadDocumentError(Exception):
    """A document is not what `to_json` writes; the text says where it is not."""


def to_json(captured: Captured) -> tuple[dict[str, Json], dict[str, torch.Tensor]]:
    """`captured` as a document and the contiguous tensors that it names."""
    tensors = {f"parameter.{name}": tensor.contiguous() for name, tensor in captured.parameters}
    constants: list[Json] = []
    for constant in captured.constants:
        name, stored, order = _store(constant, captured)
        tensors.setdefault(name, stored)
        constants.append(
            {
                "tensor": name,
                "order": list(order),
                "origins": list(constant.origins),
                "latent": constant.latent,
                "module": constant.module,
            }
        )
    facts = captured.facts
    document: dict[str, Json] = {
        "format": FORMAT,
        "version": VERSION,
        "input": captured.input,
        "output": captured.output,
        "input_shape": list(captured.input_shape),
        "output_shape": list(captured.output_shape),
        "input_dtype": captured.input_dtype,
        "parameters": [name for name, _ in captured.parameters],
        "constants": constants,
        "nodes": [_node_to_json(node) for node in captured.nodes],
        "facts": {
            "torch_version": facts.torch_version,
            "scalar_reads": list(facts.scalar_reads),
            "input_low": facts.input_low.hex(),
            "input_high": facts.input_high.hex(),
        },
    }
    return document, tensors


def from_json(document: Json, tensors: Tensors) -> Captured:
    """The graph that `document` describes; raises BadDocumentError naming the first field that is wrong."""
    top = _Fields(document, "graph")
    if top.text("format") != FORMAT:
        raise BadDocumentError("format is not that of a captured graph")
    if top.integer("version") != VERSION:
        raise BadDocumentError(f"format version {top.integer('version')} is not {VERSION}")
    parameters = tuple((name, _tensor(tensors, f"parameter.{name}")) for name in top.texts("parameters"))
    constants = tuple(_constant(i, item, tensors) for i, item in enumerate(top.items("constants")))
    nodes = tuple(_node_from_json(i, item) for i, item in enumerate(top.items("nodes")))
    facts = _Fields(top.get("facts"), "facts")
    captured = Captured(
        input=top.integer("input"),
        output=top.integer("output"),
        input_shape=top.integers("input_shape"),
        output_shape=top.integers("output_shape"),
        nodes=nodes,
        constants=constants,
        parameters=parameters,
        input_dtype=top.text("input_dtype"),
        facts=TracerFacts(
            facts.text("torch_version"),
            facts.texts("scalar_reads"),
            facts.hexadecimal("input_low"),
            facts.hexadecimal("input_high"),
        ),
    )
    _check_references(captured)
    return captured


def unknown_operators(captured: Captured) -> tuple[Node, ...]:
    """The nodes whose operator a graph in a file may not name, or that write to their arguments."""
    found = []
    for node in captured.nodes:
        func = allowed_operator(node.op)
        if func is None or func._schema.is_mutable:
            found.append(node)
    return tuple(found)


def _store(constant: Constant, captured: Captured) -> tuple[str, torch.Tensor, tuple[int, ...]]:
    """Name, contiguous tensor and dimension order under which `constant` is kept."""
    tensor = constant.tensor
    strides = tuple(int(stride) for stride in tensor.stride())
    order = tuple(sorted(range(tensor.dim()), key=lambda dim: (-strides[dim], -tensor.shape[dim], dim)))
    if not tensor.permute(order).is_contiguous():
        order = tuple(range(tensor.dim()))
    stored = tensor.permute(order).contiguous()
    parameters = dict(captured.parameters)
    for name in constant.origins:
        same = parameters.get(name)
        if same is not None and same.dtype == stored.dtype and torch.equal(same.contiguous(), stored):
            return f"parameter.{name}", stored, order
    return f"constant.{constant.id}", stored, order


def _constant(index: int, item: Json, tensors: Tensors) -> Constant:
    fields = _Fields(item, f"constant {index}")
    stored = _tensor(tensors, fields.text("tensor"))
    order = fields.integers("order")
    if sorted(order) != list(range(stored.dim())):
        raise BadDocumentError(f"constant {index}: order {order} is no permutation")
    tensor = stored.permute([order.index(dim) for dim in range(len(order))]) if order else stored
    latent = fields.get("latent")
    if latent is not None and not isinstance(latent, str):
        raise BadDocumentError(f"constant {index}: latent is not a name")
    return Constant(index, tensor, fields.texts("origins"), latent, fields.text("module"))


def _tensor(tensors: Tensors, name: str) -> torch.Tensor:
    if name not in tensors:
        raise BadDocumentError(f"tensor {name} is missing")
    return tensors[name]


def _node_to_json(node: Node) -> Json:
    return {
        "op": node.op,
        "args": [_arg_to_json(arg) for arg in node.args],
        "kwargs": [[name, _arg_to_json(arg)] for name, arg in node.kwargs],
        "outputs": list(node.outputs),
        "shapes": [list(shape) for shape in node.shapes],
        "dtypes": list(node.dtypes),
        "module": node.module,
        "line": node.line,
    }


def _node_from_json(index: int, item: Json) -> Node:
    where = f"node {index}"
    fields = _Fields(item, where)
    kwargs = []
    for pair in fields.items("kwargs"):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise BadDocumentError(f"{where}: a named argument is not a pair")
        kwargs.append((pair[0], _arg_from_json(pair[1], where)))
    shapes = tuple(_Fields({"shape": shape}, where).integers("shape") for shape in fields.items("shapes"))
    outputs, dtypes = fields.integers("outputs"), fields.texts("dtypes")
    if not len(outputs) == len(shapes) == len(dtypes):
        raise BadDocumentError(f"{where}: outputs, shapes and dtypes differ in number")
    args = tuple(_arg_from_json(arg, where) for arg in fields.items("args"))
    op, module, line = fields.text("op"), fields.text("module"), fields.text("line")
    return Node(op, args, tuple(kwargs), outputs, shapes, dtypes, module, line)


def _arg_to_json(arg: Arg) -> Json:
    if isinstance(arg, Value):
        return {"value": arg.id}
    if isinstance(arg, Const):
        return {"constant": arg.id}
    if isinstance(arg, tuple):
        return [_arg_to_json(item) for item in arg]
    if isinstance(arg, float):
        return {"float": arg.hex()}
    return arg


def _arg_from_json(item: Json, where: str) -> Arg:
    if isinstance(item, list):
        return tuple(_arg_from_json(part, where) for part in item)
    if isinstance(item, dict):
        fields = _Fields(item, where)
        if "value" in item:
            return Value(fields.integer("value"))
        if "constant" in item:
            return Const(fields.integer("constant"))
        return fields.hexadecimal("float")
    if isinstance(item, float):
        raise BadDocumentError(f"{where}: a float stands where a hexadecimal one is written")
    return item


def _check_references(captured: Captured) -> None:
    known = {captured.input}
    for index, node in enumerate(captured.nodes):
        for reference in node.references():
            missing = (
                reference.id not in known
                if isinstance(reference, Value)
                else not 0 <= reference.id < len(captured.constants)
            )
            if missing:
                raise BadDocumentError(f"node {index} reads {reference}, which is not there yet")
        if known.intersection(node.outputs) or len(set(node.outputs)) != len(node.outputs):
            raise BadDocumentError(f"node {index} gives a value that is there already")
        known.update(node.outputs)
    if captured.output not in known:
        raise BadDocumentError("the output is no value of the graph")
    if captured.input_dtype not in (dtype_name(dtype) for dtype in (torch.float32, torch.uint8, torch.int8)):
        raise BadDocumentError(f"input_dtype {captured.input_dtype} is not a type of inputs")


class _Fields:
    """Reads the fields of a JSON object, each with its type, or raises BadDocumentError."""

    def __init__(self, item: Json, where: str) -> None:
        if not isinstance(item, dict):
            raise BadDocumentError(f"{where} is not an object")
        self._item = item
        self._where = where

    def get(self, name: str) -> Json:
        if name not in self._item:
            raise BadDocumentError(f"{self._where} has no {name}")
        return self._item[name]

    def text(self, name: str) -> str:
        return cast(str, self._typed(self.get(name), name, str))

    def integer(self, name: str) -> int:
        return cast(int, self._typed(self.get(name), name, int))

    def items(self, name: str) -> list[Json]:
        return cast("list[Json]", self._typed(self.get(name), name, list))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(cast(str, self._typed(item, name, str)) for item in self.items(name))

    def integers(self, name: str) -> tuple[int, ...]:
        return tuple(cast(int, self._typed(item, name, int)) for item in self.items(name))

    def hexadecimal(self, name: str) -> float:
        try:
            return float.fromhex(self.text(name))
        except ValueError as error:
            raise BadDocumentError(f"{self._where}: {name} is not a hexadecimal float") from error

    def _typed(self, item: Json, name: str, wanted: type) -> Json:
        if not isinstance(item, wanted) or (isinstance(item, bool) and wanted is int):
            raise BadDocumentError(f"{self._where}: {name} is not of type {wanted.__name__}")
        if wanted is int and cast(int, item) < 0:
            raise BadDocumentError(f"{self._where}: {name} is negative")
        return item
