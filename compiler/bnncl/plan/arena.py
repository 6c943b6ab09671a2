"""Places buffers in the arena so that no two that are in use together overlap."""

from __future__ import annotations

from collections.abc import Sequence

from bnncl.ir.graph import Graph
from bnncl.kernels.base import calls
from bnncl.plan.check_plan import check_plan
from bnncl.plan.lifetimes import alias_roots, arena_buffers, scratch_of
from bnncl.plan.memory import Buffer, Location, MemoryPlan, Place


def plan_memory(graph: Graph) -> MemoryPlan:
    """A checked memory plan of the SELECTED `graph`, which has one input and one output."""
    assert len(graph.inputs) == 1, graph.inputs
    assert len(graph.outputs) == 1, graph.outputs
    buffers = arena_buffers(graph)
    offsets = place(buffers)
    found = {
        name: Location(Place.ARENA, offset)
        for buffer, offset in zip(buffers, offsets, strict=True)
        for name in buffer.values
    }
    locations = {**found, **_callers_buffers(graph)}
    plan = MemoryPlan(
        locations={name: locations[name] for name in graph.values},
        arena_bytes=_extent(buffers, offsets),
        scratch=tuple(scratch_of(graph, call) for call in calls(graph)),
        live=tuple(_live(buffers, index) for index in range(len(graph.ops))),
    )
    check_plan(graph, plan)
    return plan


def _callers_buffers(graph: Graph) -> dict[str, Location]:
    """Where the values lie that share bytes with the graph's input or output."""
    roots = alias_roots(graph)
    (source,), (result,) = graph.inputs, graph.outputs
    assert roots[source] != roots[result], "the output is the input"
    places = {roots[source]: Place.INPUT, roots[result]: Place.SCORES}
    return {name: Location(places[root]) for name, root in roots.items() if root in places}


def place(buffers: Sequence[Buffer]) -> tuple[int, ...]:
    """Offsets of `buffers` in bytes: the smaller arena of two greedy orders, by size and by first use.

    Each buffer goes into the tightest gap that the already placed ones it meets leave open, or behind
    them.
    """
    orders = (
        sorted(range(len(buffers)), key=lambda i: (-buffers[i].size, buffers[i].first)),
        sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size)),
    )
    return min((_best_fit(buffers, order) for order in orders), key=lambda offsets: _extent(buffers, offsets))


def _best_fit(buffers: Sequence[Buffer], order: Sequence[int]) -> tuple[int, ...]:
    offsets: dict[int, int] = {}
    for index in order:
        taken = sorted(
            (offset, offset + buffers[other].size)
            for other, offset in offsets.items()
            if buffers[other].meets(buffers[index])
        )
        offsets[index] = _tightest_gap(taken, buffers[index].size)
    return tuple(offsets[index] for index in range(len(buffers)))


def _tightest_gap(taken: Sequence[tuple[int, int]], size: int) -> int:
    best: tuple[int, int] | None = None
    end = 0
    for start, stop in taken:
        if start - end >= size and (best is None or start - end < best[0]):
            best = (start - end, end)
        end = max(end, stop)
    return end if best is None else best[1]


def _extent(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    return max((offset + each.size for each, offset in zip(buffers, offsets, strict=True)), default=0)


def _live(buffers: Sequence[Buffer], index: int) -> int:
    return sum(buffer.size for buffer in buffers if buffer.first <= index <= buffer.last)
