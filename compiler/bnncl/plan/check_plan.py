"""Proves a memory plan right by running the graph over labelled bytes.

Independent of how the plan was found: every byte of the arena, of the caller's buffers and of states
remembers which value was written there last. An op may only read bytes that still belong to what it reads,
and may change no input but a state, where that lies.
"""

from __future__ import annotations

from bnncl.ir.graph import Graph
from bnncl.kernels.base import KernelCall, calls
from bnncl.plan.memory import MemoryPlan, Place

_Region = tuple[Place, str]
_Bytes = dict[_Region, list[str]]


class BrokenPlanError(AssertionError):
    """A plan lets two values in use overlap: a defect of the compiler, never of the user."""


def check_plan(graph: Graph, plan: MemoryPlan) -> None:
    """Raise BrokenPlanError naming the op at which `plan` would compute something else than `graph`."""
    memory = _memory(graph, plan)
    content = {name: name for name in graph.inputs}
    for index, call in enumerate(calls(graph)):
        where = f"op {index} ({call.output})"
        for name in call.inputs:
            _read(memory, graph, plan, (name, content[name]), where)
        if call.kernel.is_alias:
            content[call.output] = content[call.inputs[0]]
            same = plan.locations[call.output] == plan.locations[call.inputs[0]]
            _require(same, f"{where}: an alias lies elsewhere")
            continue
        _check_write(memory, graph, plan, call, where)
        content[call.output] = call.output
        start, stop = _span(graph, plan, call.output)
        memory[_region(plan, call.output)][start:stop] = [call.output] * (stop - start)
    for name in graph.outputs:
        _read(memory, graph, plan, (name, content[name]), "the caller")


def _memory(graph: Graph, plan: MemoryPlan) -> _Bytes:
    """All bytes that the graph may touch, as its caller leaves them."""
    memory: _Bytes = {(Place.ARENA, ""): [""] * plan.arena_bytes}
    for name in (*graph.outputs, *graph.inputs):
        held = name if name in graph.inputs else ""
        memory[_region(plan, name)] = [held] * graph.type_of(name).stored_bytes
    return memory


def _region(plan: MemoryPlan, name: str) -> _Region:
    at = plan.locations[name]
    return at.place, at.name


def _read(memory: _Bytes, graph: Graph, plan: MemoryPlan, what: tuple[str, str], where: str) -> None:
    name, content = what
    start, stop = _span(graph, plan, name)
    held = memory.get(_region(plan, name), [])[start:stop]
    lost = next((other for other in held if other != content), None)
    _require(lost is None, f"{where} reads {name}, of which '{lost}' has overwritten a part")
    _require(len(held) == stop - start, f"{where} reads {name} beyond the end of its memory")


def _check_write(memory: _Bytes, graph: Graph, plan: MemoryPlan, call: KernelCall, where: str) -> None:
    at, region = plan.locations[call.output], _region(plan, call.output)
    changes = call.op.changes_state
    callers = next((name for name in graph.inputs if _region(plan, name) == region), "")
    _require(changes or not callers, f"{where} writes the caller's input {callers}")
    stays = bool(call.inputs) and plan.locations[call.inputs[0]] == at
    _require(stays or not changes, f"{where} writes the new version of a state elsewhere")
    _require(at.offset % 4 == 0, f"{where} writes at an offset that is no multiple of 4")
    end = _span(graph, plan, call.output)[1]
    _require(end <= len(memory.get(region, [])), f"{where} writes beyond the end of its memory")
    for position, name in enumerate(call.inputs):
        same_start = position == 0 and stays and (changes or call.kernel.in_place)
        apart = not _overlap(graph, plan, name, call.output)
        _require(apart or same_start, f"{where} overwrites {name} while reading it")


def _overlap(graph: Graph, plan: MemoryPlan, one: str, other: str) -> bool:
    a, b = _span(graph, plan, one), _span(graph, plan, other)
    return _region(plan, one) == _region(plan, other) and a[0] < b[1] and b[0] < a[1]


def _span(graph: Graph, plan: MemoryPlan, name: str) -> tuple[int, int]:
    start = plan.locations[name].offset
    return start, start + graph.type_of(name).stored_bytes


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BrokenPlanError(message)
