"""The memory planner: no two values in use overlap, and nothing is wasted where that is easy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnncl.ir.graph import Graph
from bnncl.kernels.base import calls
from bnncl.plan import BrokenPlanError, Location, MemoryPlan, Place, check_plan, plan_memory
from bnncl.plan.lifetimes import arena_buffers
from tests.plan.random_graphs import MoveKernel, builder, graphs, move

IN_PLACE = MoveKernel(in_place=True)
ALIAS = MoveKernel(in_place=True, is_alias=True)


def chain(*sizes: int) -> Graph:
    """in -> v0 -> v1 -> ... -> out."""
    made, last = builder(), "in"
    for index, size in enumerate(sizes):
        last = move(made, f"v{index}", (last,), size)
    return made.finish(move(made, "out", (last,), 4))


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_every_plan_of_a_random_graph_is_proven_and_needs_no_less_than_what_is_live(graph: Graph):
    plan = plan_memory(graph)
    check_plan(graph, plan)
    assert plan.arena_bytes >= plan.least_arena_bytes
    assert plan.arena_bytes <= sum(buffer.size for buffer in arena_buffers(graph))
    assert plan.scratch_bytes == max(plan.scratch)
    assert all(at.offset % 4 == 0 for at in plan.locations.values())


def moved(plan: MemoryPlan, name: str, to: Location, arena_bytes: int | None = None) -> MemoryPlan:
    """`plan` with one value elsewhere."""
    return replace(plan, locations={**plan.locations, name: to}, arena_bytes=arena_bytes or plan.arena_bytes)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_a_value_put_onto_one_that_is_read_later_is_found(graph: Graph, data: st.DataObject):
    plan = plan_memory(graph)
    buffers = arena_buffers(graph)
    pairs = [
        (early, late)
        for early in buffers
        for late in buffers
        if early.first < late.first < early.last
    ]  # fmt: skip
    if not pairs:
        return
    early, late = data.draw(st.sampled_from(pairs))
    locations = {**plan.locations, **dict.fromkeys(late.values, plan.locations[early.values[0]])}
    broken = replace(plan, locations=locations, arena_bytes=plan.arena_bytes + late.size)
    with pytest.raises(BrokenPlanError, match=r"overwr|elsewhere"):
        check_plan(graph, broken)


def test_input_of_an_op_must_not_be_its_output():
    graph = chain(16, 8)
    plan = plan_memory(graph)
    with pytest.raises(BrokenPlanError, match=r"op 1 \(v1\) overwrites v0 while reading it"):
        check_plan(graph, moved(plan, "v1", plan.locations["v0"]))


def test_writing_beyond_the_arena_or_unaligned_or_to_the_input_is_found():
    graph = chain(16, 8)
    plan = plan_memory(graph)
    with pytest.raises(BrokenPlanError, match="beyond the end"):
        check_plan(graph, moved(plan, "v1", Location(Place.ARENA, 20)))
    with pytest.raises(BrokenPlanError, match="multiple of 4"):
        check_plan(graph, moved(plan, "v1", Location(Place.ARENA, 18), 64))
    with pytest.raises(BrokenPlanError, match="writes the caller's input"):
        check_plan(graph, moved(plan, "v1", Location(Place.INPUT)))


def test_chain_uses_two_ends_of_an_arena_as_large_as_its_widest_pair():
    plan = plan_memory(chain(100, 20, 60, 40, 8))
    assert plan.arena_bytes == 120
    assert plan.live == (100, 120, 80, 100, 48, 8)
    assert plan.peak_op == 1


def test_input_is_read_where_it_is_and_output_written_where_it_is_wanted():
    plan = plan_memory(chain(8))
    assert plan.locations["in"] == Location(Place.INPUT)
    assert plan.locations["out"] == Location(Place.SCORES)


def test_workspace_is_never_empty():
    plan = plan_memory(chain())
    assert (plan.arena_bytes, plan.scratch_bytes, plan.workspace_bytes) == (0, 0, 4)


def test_scratch_is_one_region_as_large_as_the_greediest_op():
    made = builder()
    move(made, "a", ("in",), 4, MoveKernel(scratch=12))
    plan = plan_memory(made.finish(move(made, "out", ("a",), 4, MoveKernel(scratch=30))))
    assert plan.scratch == (12, 32)
    assert plan.workspace_bytes == 4 + 32


def test_op_works_in_place_where_its_input_is_not_needed_again():
    made = builder()
    move(made, "a", ("in",), 16)
    move(made, "b", ("a",), 16, IN_PLACE)
    plan = plan_memory(made.finish(move(made, "out", ("b",), 4)))
    assert plan.locations["a"] == plan.locations["b"]
    assert plan.arena_bytes == 16


@pytest.mark.parametrize("why", ["read later", "larger output", "read twice"])
def test_op_does_not_work_in_place_where_that_would_lose_something(why: str):
    made = builder()
    move(made, "a", ("in",), 16)
    move(made, "c", ("in",), 4)
    reads = ("c", "a") if why == "read twice" else ("a",)
    move(made, "b", reads, 20 if why == "larger output" else 4, IN_PLACE)
    rest = ("a", "b") if why == "read later" else ("b",)
    plan = plan_memory(made.finish(move(made, "out", rest, 4)))
    assert plan.locations["a"] != plan.locations["b"]


def test_alias_shares_its_inputs_bytes_for_as_long_as_either_is_read():
    made = builder()
    move(made, "a", ("in",), 16)
    move(made, "flat", ("a",), 16, ALIAS)
    move(made, "b", ("in",), 16)
    plan = plan_memory(made.finish(move(made, "out", ("flat", "b"), 4)))
    assert plan.locations["a"] == plan.locations["flat"] != plan.locations["b"]


def test_aliases_of_input_and_output_lie_in_the_callers_buffers():
    made = builder()
    move(made, "flat", ("in",), 8, ALIAS)
    move(made, "a", ("flat",), 4)
    plan = plan_memory(made.finish(move(made, "out", ("a",), 4, ALIAS)))
    assert plan.locations["flat"] == Location(Place.INPUT)
    assert plan.locations["a"] == Location(Place.SCORES)
    assert plan.arena_bytes == 0


def test_names_of_random_graphs_are_all_placed():
    graph = chain(4, 4)
    assert set(plan_memory(graph).locations) == set(graph.values)
    assert len(calls(graph)) == 3
