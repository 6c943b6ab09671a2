"""Text of a graph, for tests and for people."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.values import Constant

_NOT_PRINTED = {"output", "module", "x", "y"}


def print_graph(graph: Graph) -> str:
    """One line an op: `%out:type = Op(%in, field=...) @module`; large constants by shape and type only."""
    inputs = ", ".join(f"%{name}: {graph.type_of(name)}" for name in graph.inputs)
    lines = [f"graph {graph.name}({inputs}) [{graph.stage.name}]"]
    lines += [f"  {_line(graph, op)}" for op in graph.ops]
    lines.append(f"  return {', '.join('%' + name for name in graph.outputs)}")
    return "\n".join(lines)


def _line(graph: Graph, op: Op) -> str:
    args = [f"%{name}" for name in op.inputs]
    args += [
        f"{field.name}={_text(getattr(op, field.name))}"
        for field in fields(op)
        if field.name not in _NOT_PRINTED and getattr(op, field.name) is not None
    ]
    at = f" @{op.module}" if op.module else ""
    return f"%{op.output}: {graph.type_of(op.output)} = {type(op).__name__}({', '.join(args)}){at}"


def _text(held: object) -> str:
    if isinstance(held, Constant):
        return _array(held.data)
    if is_dataclass(held) and not isinstance(held, type):
        changed = [
            f"{f.name}={_text(getattr(held, f.name))}"
            for f in fields(held)
            if getattr(held, f.name) != f.default
        ]
        return f"{type(held).__name__}({', '.join(changed)})"
    return f"{held:g}" if isinstance(held, float) else str(held)


def _array(data: np.ndarray[Any, Any]) -> str:
    shape = "x".join(map(str, data.shape))
    if data.size <= 4:
        return f"{data.dtype}[{shape}]{data.ravel().tolist()}"
    return f"{data.dtype}[{shape}]"
