"""Proves a memory plan right by running the graph over labelled bytes.

Independent of how the plan was found: every byte of the arena and of the caller's buffers remembers
which value was written there last. An op may only read bytes that still belong to what it reads.
"""

from __future__ import annotations

from bnncl.ir.graph import Graph
from bnncl.kernels.base import KernelCall, calls
from bnncl.plan.memory import Location, MemoryPlan, Place

_Bytes = dict[Place, list[str]]


class BrokenPlanError(AssertionError):
    """A plan lets two values in use overlap: a defect of the compiler, never of the user."""


def check_plan(graph: Graph, plan: MemoryPlan) -> None:
    """Raise BrokenPlanError naming the op at which `plan` would compute something else than `graph`."""
    (source,), (result,) = graph.inputs, graph.outputs
    memory: _Bytes = {
        Place.INPUT: [source] * graph.type_of(source).stored_bytes,
        Place.ARENA: [""] * plan.arena_bytes,
        Place.SCORES: [""] * graph.type_of(result).stored_bytes,
    }
    content = {source: source}
    for index, call in enumerate(calls(graph)):
        where = f"op {index} ({call.output})"
        for name in call.inputs:
            _read(memory, graph, plan, (name, content[name]), where)
        if call.kernel.is_alias:
            content[call.output] = content[call.inputs[0]]
            same = plan.locations[call.output] == plan.locations[call.inputs[0]]
            _require(same, f"{where}: an alias lies elsewhere")
            continue
        _check_write(graph, plan, call, where)
        content[call.output] = call.output
        start, stop = _span(graph, plan, call.output)
        memory[plan.locations[call.output].place][start:stop] = [call.output] * (stop - start)
    _read(memory, graph, plan, (result, content[result]), "the caller")


def _read(memory: _Bytes, graph: Graph, plan: MemoryPlan, what: tuple[str, str], where: str) -> None:
    name, content = what
    start, stop = _span(graph, plan, name)
    held = memory[plan.locations[name].place][start:stop]
    lost = next((other for other in held if other != content), None)
    _require(lost is None, f"{where} reads {name}, of which '{lost}' has overwritten a part")
    _require(len(held) == stop - start, f"{where} reads {name} beyond the end of its memory")


def _check_write(graph: Graph, plan: MemoryPlan, call: KernelCall, where: str) -> None:
    at = plan.locations[call.output]
    _require(at.place is not Place.INPUT, f"{where} writes the caller's input")
    _require(at.offset % 4 == 0, f"{where} writes at an offset that is no multiple of 4")
    size = plan.arena_bytes if at.place is Place.ARENA else graph.type_of(graph.outputs[0]).stored_bytes
    _require(_span(graph, plan, call.output)[1] <= size, f"{where} writes beyond the end of its memory")
    for position, name in enumerate(call.inputs):
        same_start = position == 0 and call.kernel.in_place and plan.locations[name] == at
        apart = not _overlap(graph, plan, name, call.output)
        _require(apart or same_start, f"{where} overwrites {name} while reading it")


def _overlap(graph: Graph, plan: MemoryPlan, one: str, other: str) -> bool:
    a, b = _span(graph, plan, one), _span(graph, plan, other)
    places: list[Location] = [plan.locations[one], plan.locations[other]]
    return places[0].place is places[1].place and a[0] < b[1] and b[0] < a[1]


def _span(graph: Graph, plan: MemoryPlan, name: str) -> tuple[int, int]:
    start = plan.locations[name].offset
    return start, start + graph.type_of(name).stored_bytes


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BrokenPlanError(message)
