"""Checks that a graph is well formed and holds only what its stage allows."""

from __future__ import annotations

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import INT32_MAX, INT32_MIN, Float, Int
from bnncl.ir.values import Storage


class MalformedGraphError(AssertionError):
    """A pass made a graph that breaks a rule: a defect of the compiler, never of the user."""


def verify(graph: Graph) -> Graph:
    """Return `graph`; raise MalformedGraphError naming the first op or value that breaks a rule."""
    made = set(graph.inputs)
    for op in graph.ops:
        where = f"{graph.name}/{op.output} ({type(op).__name__}, module '{op.module}')"
        missing = [name for name in op.inputs if name not in made]
        _require(not missing, f"{where} reads {missing} before they are made")
        _require(op.output not in made, f"{where} makes a value that exists")
        _require(graph.stage in op.stages, f"{where} is not allowed in stage {graph.stage.name}")
        inferred = op.infer(*graph.input_types(op))
        _require(inferred == graph.type_of(op.output), f"{where}: {inferred} != {graph.type_of(op.output)}")
        _require(not op.changes_state or _overwrites(graph, op), f"{where} changes what is no state, or old")
        made.add(op.output)
    _require(made == set(graph.values), f"{graph.name}: values {sorted(made ^ set(graph.values))}")
    _require(set(graph.outputs) <= made, f"{graph.name}: an output is not made")
    if graph.stage is not Stage.TRACED:
        _verify_integers(graph)
    return graph


def _overwrites(graph: Graph, op: Op) -> bool:
    """Whether input 0 and output are states of one type, and nothing reads the former afterwards."""
    before, after = graph.values[op.inputs[0]], graph.values[op.output]
    later = graph.ops[graph.ops.index(op) + 1 :]
    states = before.storage is after.storage is Storage.STATE
    return states and before.type == after.type and not any(before.name in each.inputs for each in later)


def _verify_integers(graph: Graph) -> None:
    for value in graph.values.values():
        domain = value.type.domain
        _require(not isinstance(domain, Float), f"{graph.name}/{value.name} is still float")
        if isinstance(domain, Int):
            fits = domain.lo >= INT32_MIN and domain.hi < INT32_MAX
            _require(fits, f"{graph.name}/{value.name} may overflow int32")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise MalformedGraphError(message)
