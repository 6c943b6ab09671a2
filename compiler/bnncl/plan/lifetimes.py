"""Which values share a buffer, and how long each buffer is in use."""

from __future__ import annotations

from bnncl.ir.graph import Graph
from bnncl.kernels.base import KernelCall, calls
from bnncl.plan.memory import Buffer

ALIGNMENT = 4


def aligned(size: int) -> int:
    """`size` rounded up to whole 32-bit words."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def alias_roots(graph: Graph) -> dict[str, str]:
    """The first value that lies where each does: itself, unless an alias or a state's new version."""
    roots = {name: name for name in graph.inputs}
    for call in calls(graph):
        stays = call.kernel.is_alias or call.op.changes_state
        roots[call.output] = roots[call.inputs[0]] if stays else call.output
    return roots


def arena_buffers(graph: Graph) -> tuple[Buffer, ...]:
    """The buffers that need a place in the arena, in order of first use.

    What shares bytes with an input or an output of the graph lies where that does and is left out.
    A kernel that may work in place does so where its first input is not needed afterwards and the
    output is no larger.
    """
    roots = alias_roots(graph)
    outside = {roots[name] for name in (*graph.inputs, *graph.outputs)}
    owner = _work_in_place(graph, roots, outside)
    sharing: dict[str, list[str]] = {}
    for name in graph.values:
        if roots[name] not in outside:
            sharing.setdefault(owner[roots[name]], []).append(name)
    return tuple(_buffer(graph, names) for names in sharing.values())


def _work_in_place(graph: Graph, roots: dict[str, str], outside: set[str]) -> dict[str, str]:
    """For each alias root the root whose buffer it takes over."""
    owner = {root: root for root in dict.fromkeys(roots.values())}
    last = last_reads(graph)
    for index, call in enumerate(calls(graph)):
        if not call.kernel.in_place:
            continue
        source, target = roots[call.inputs[0]], roots[call.output]
        if source == target or {source, target} & outside:
            continue
        shared = [name for name in roots if owner[roots[name]] == owner[source]]
        dies = all(last.get(name, -1) <= index for name in shared)
        alone = all(owner[roots[name]] != owner[source] for name in call.inputs[1:])
        fits = _stored(graph, call.output) <= max(_stored(graph, name) for name in shared)
        if dies and alone and fits:
            owner[target] = owner[source]
    return owner


def last_reads(graph: Graph) -> dict[str, int]:
    """Index of the last op that reads each value; the graph's outputs are read after the last op."""
    last = {name: index for index, call in enumerate(calls(graph)) for name in call.inputs}
    return {**last, **dict.fromkeys(graph.outputs, len(graph.ops))}


def _buffer(graph: Graph, names: list[str]) -> Buffer:
    made = {call.output: index for index, call in enumerate(calls(graph))}
    last = last_reads(graph)
    ends = [max(last.get(name, 0), made[name]) for name in names]
    size = max(aligned(_stored(graph, name)) for name in names)
    return Buffer(tuple(names), size, min(made[name] for name in names), max(ends))


def _stored(graph: Graph, name: str) -> int:
    return graph.type_of(name).stored_bytes


def scratch_of(graph: Graph, call: KernelCall) -> int:
    """Bytes of scratch that `call` needs, in whole words."""
    return aligned(call.kernel.scratch_bytes(call.op, graph.input_types(call)))
