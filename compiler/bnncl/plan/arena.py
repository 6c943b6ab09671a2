"""Places buffers in the arena so that no two that are in use together overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bnncl.ir.graph import Graph
from bnncl.kernels.base import calls
from bnncl.kernels.learned_head import Parts, head_of, parts
from bnncl.plan.check_plan import check_plan
from bnncl.plan.lifetimes import alias_roots, aligned, arena_buffers, scratch_of
from bnncl.plan.memory import Buffer, Location, MemoryPlan, Place


def plan_memory(graph: Graph) -> MemoryPlan:
    """A checked memory plan of the SELECTED `graph`, which has one input and one output."""
    return _plan_graph(graph) if head_of(graph) is None else _plan_parts(parts(graph))


def _plan_parts(cut: Parts) -> MemoryPlan:
    """Before and behind the cut share arena and scratch, since the one is done when the other begins."""
    plans = [(_plan_graph(graph), ends) for graph, ends in _graphs(cut) if graph.ops]
    locations = {
        name: replace(location, place=ends.get(location.place, location.place))
        for plan, ends in plans
        for name, location in plan.locations.items()
    }
    features = cut.features.stored_bytes if cut.tail.ops else 0
    return MemoryPlan(
        locations={**locations, cut.head.output: Location(Place.SCORES)},
        arena_bytes=max(plan.arena_bytes for plan, _ in plans),
        scratch=(*(size for plan, _ in plans for size in plan.scratch), 0),
        live=(*(size for plan, _ in plans for size in plan.live), 0),
        latent_bytes=aligned(cut.latent.stored_bytes),
        feature_bytes=aligned(features),
    )


def _graphs(cut: Parts) -> tuple[tuple[Graph, Mapping[Place, Place]], ...]:
    """Both graphs, with the places that their ends have in the whole."""
    return (
        (cut.encode, {Place.SCORES: Place.LATENT}),
        (cut.tail, {Place.INPUT: Place.LATENT, Place.SCORES: Place.FEATURES}),
    )


def _plan_graph(graph: Graph) -> MemoryPlan:
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
