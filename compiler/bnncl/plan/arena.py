"""Places buffers in the arena so that no two that are in use together overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bnncl.ir.graph import Graph, Program
from bnncl.kernels.base import calls
from bnncl.kernels.learned_head import CURSOR, DELTA, ROWS, Parts, head_of, parts
from bnncl.plan.check_plan import check_plan
from bnncl.plan.lifetimes import alias_roots, aligned, arena_buffers, scratch_of
from bnncl.plan.memory import Buffer, Location, MemoryPlan, Place, Plans


def plan_memory(graph: Graph) -> MemoryPlan:
    """A checked memory plan of the SELECTED `graph` of inference, which has one output.

    Its first input is the caller's; further ones are states.
    """
    if head_of(graph) is not None:
        return _plan_parts(parts(graph))
    (source,), (result,) = graph.inputs, graph.outputs
    return plan_graph(graph, {source: Location(Place.INPUT), result: Location(Place.SCORES)})


def _plan_parts(cut: Parts) -> MemoryPlan:
    """Before and behind the cut share arena and scratch, since the one is done when the other begins."""
    source, *_ = cut.encode.inputs
    latent, *states = cut.tail.inputs
    behind = {latent: Location(Place.LATENT), **{name: _state(name) for name in states}}
    ends = (
        (cut.encode, {source: Location(Place.INPUT), latent: Location(Place.LATENT)}),
        (cut.tail, {**behind, cut.head.x: Location(Place.FEATURES)}),
    )
    plans = [plan_graph(graph, outside) for graph, outside in ends if graph.ops]
    locations = {name: location for plan in plans for name, location in plan.locations.items()}
    features = cut.features.stored_bytes if cut.tail.ops else 0
    return MemoryPlan(
        locations={**locations, cut.head.output: Location(Place.SCORES)},
        arena_bytes=max(plan.arena_bytes for plan in plans),
        scratch=(*(size for plan in plans for size in plan.scratch), 0),
        live=(*(size for plan in plans for size in plan.live), 0),
        latent_bytes=aligned(cut.latent.stored_bytes),
        feature_bytes=aligned(features),
    )


def _state(name: str) -> Location:
    return Location(Place.STATE, name=name)


def plan_program(program: Program) -> Plans:
    """Checked memory plans of all graphs of a SELECTED program.

    Those of a tail that learns lie in an arena of their own, which only their values share: an inference may
    come between two ops.
    """
    main = plan_memory(program.graphs[0])
    learning = {graph.name: _plan_learning(program, graph) for graph in program.graphs[1:]}
    scratch = max((plan.scratch_bytes for plan in learning.values()), default=0)
    return Plans(replace(main, learning_scratch=scratch), learning)


def _plan_learning(program: Program, graph: Graph) -> MemoryPlan:
    """A plan of a further graph: its inputs are states, or what the step of an experience is at."""
    head = parts(program.graphs[0]).head
    states = {name: _state(name) for name in (*(state.name for state in program.states), DELTA, ROWS)}
    known = {**states, head.cut: Location(Place.LATENT), CURSOR: Location(Place.CURSOR)}
    outside = {name: known[name] for name in graph.inputs}
    return plan_graph(graph, {**outside, **dict.fromkeys(graph.outputs, Location(Place.FEATURES))})


def plan_graph(graph: Graph, outside: Mapping[str, Location]) -> MemoryPlan:
    """A checked plan of one graph, of which inputs and outputs lie `outside` its arena."""
    buffers = arena_buffers(graph)
    offsets = place(buffers)
    found = {
        name: Location(Place.ARENA, offset)
        for buffer, offset in zip(buffers, offsets, strict=True)
        for name in buffer.values
    }
    locations = {**found, **_with_aliases(graph, outside)}
    plan = MemoryPlan(
        locations={name: locations[name] for name in graph.values},
        arena_bytes=_extent(buffers, offsets),
        scratch=tuple(scratch_of(graph, call) for call in calls(graph)),
        live=tuple(_live(buffers, index) for index in range(len(graph.ops))),
    )
    check_plan(graph, plan)
    return plan


def _with_aliases(graph: Graph, outside: Mapping[str, Location]) -> dict[str, Location]:
    """Where the values lie that share bytes with those `outside`."""
    roots = alias_roots(graph)
    assert all(roots[name] not in graph.inputs for name in graph.outputs), "an output is an input"
    places = {roots[name]: location for name, location in outside.items()}
    return {name: places[root] for name, root in roots.items() if root in places}


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
