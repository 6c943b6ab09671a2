"""Memory of a tail that learns: its arena, its states, what is saved, and that a broken plan is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from bnncl.ir.graph import Graph, Program
from bnncl.ir.values import Meaning
from bnncl.ir.verify import verify
from bnncl.kernels.base import calls
from bnncl.kernels.learned_head import CURSOR, DELTA, ROWS, forward_ops, parts
from bnncl.passes.select_kernels import SelectKernels
from bnncl.plan import BrokenPlanError, Location, MemoryPlan, Place, Plans, check_plan, plan_program
from bnncl.plan.learning import (
    CURSOR_BYTES,
    ELEMENT_BYTES,
    FEW_SAMPLES,
    held_arrays,
    learning_report,
    state_bytes,
)
from bnncl.plan.lifetimes import arena_buffers
from bnncl.plan.report import learning_constants, ram_bytes
from bnncl.plan.stored_state import layout_number, stored_state, trained
from bnncl.targets import TARGETS
from tests.learning.tail_programs import CLASSES, NEW, REPLAYED, TAILS, program


@cache
def selected(kind: str, target: str = "host", **settings: object) -> tuple[Program, Plans]:
    chosen = SelectKernels(TARGETS[target])
    made = program(kind, **settings).map(lambda graph: verify(chosen.run(graph)))
    return made, plan_program(made)


def planned(kind: str = "bireal") -> tuple[Graph, MemoryPlan]:
    """Of the graph of a sample."""
    made, plans = selected(kind)
    return made.graph("sample"), plans.learning["sample"]


@pytest.mark.parametrize("kind", TAILS)
@pytest.mark.parametrize("target", ["host", "cortex-m7", "cortex-m0plus"])
def test_every_value_has_a_place(kind: str, target: str) -> None:
    made, plans = selected(kind, target)
    states = {state.name for state in made.states}
    assert set(plans.learning) == {graph.name for graph in made.graphs[1:]}
    for graph in made.graphs[1:]:
        plan = plans.learning[graph.name]
        check_plan(graph, plan)
        assert set(plan.locations) == set(graph.values)
        for name in graph.inputs:
            assert plan.locations[name] == expected(made, name, states)
        for call in calls(graph):
            if call.op.changes_state:
                assert plan.locations[call.output] == plan.locations[call.inputs[0]]
        assert plan.least_arena_bytes <= plan.arena_bytes < 1.3 * plan.least_arena_bytes + 1
    head = parts(made.graphs[0]).head
    assert plans.learning["sample"].locations[head.x].place is Place.FEATURES
    kept = made.graphs[0].inputs[1:]
    assert {plans.main.locations[name] for name in kept} == {Location(Place.STATE, 0, each) for each in kept}


def expected(made: Program, name: str, states: set[str]) -> Location:
    """Where an input of a graph lies."""
    if name in (*states, DELTA, ROWS):
        return Location(Place.STATE, 0, name)
    return Location(Place.CURSOR if name == CURSOR else Place.LATENT)


@pytest.mark.parametrize("kind", TAILS)
def test_what_the_backward_half_reads_of_the_forward_half_is_still_there(kind: str) -> None:
    graph, plan = planned(kind)
    half = forward_ops(graph)
    made = [call.output for call in calls(graph)[:half]]
    backward = calls(graph)[half:]
    saved = [name for name in made if any(name in call.inputs for call in backward)]
    assert saved
    for name in saved:
        written = made.index(name)
        assert all(not overlap(graph, plan, name, other) for other in made[written + 1 :] if other in saved)


def overlap(graph: Graph, plan: MemoryPlan, one: str, other: str) -> bool:
    a, b = plan.locations[one], plan.locations[other]
    ends = a.offset + graph.type_of(one).stored_bytes, b.offset + graph.type_of(other).stored_bytes
    return a.place is b.place is Place.ARENA and a.offset < ends[1] and b.offset < ends[0]


def collisions(graph: Graph, plan: MemoryPlan) -> Iterator[MemoryPlan]:
    """Plans in which one value is written where another one waits for its last reader."""
    buffers = arena_buffers(graph)
    for early in buffers:
        for late in buffers:
            if early.first < late.first < early.last:
                at = plan.locations[early.values[0]]
                moved = {**plan.locations, **dict.fromkeys(late.values, at)}
                yield replace(plan, locations=moved, arena_bytes=plan.arena_bytes + late.size)


@pytest.mark.parametrize("kind", TAILS)
def test_a_value_written_over_one_that_a_gradient_needs_is_found(kind: str) -> None:
    graph, plan = planned(kind)
    broken = list(collisions(graph, plan))
    assert len(broken) > 100
    for each in broken:
        with pytest.raises(BrokenPlanError, match=r"overwr|elsewhere"):
            check_plan(graph, each)


def test_a_state_is_changed_only_where_it_lies_and_by_ops_that_may() -> None:
    graph, plan = planned()
    by_change = {call.op.changes_state: call for call in calls(graph)}
    change, plain = by_change[True], by_change[False]
    with pytest.raises(BrokenPlanError, match="writes the new version of a state elsewhere"):
        check_plan(graph, moved(plan, change.output, Location(Place.ARENA)))
    for name in (DELTA, ROWS, graph.inputs[0], change.inputs[0]):
        with pytest.raises(BrokenPlanError, match=f"writes the caller's input {name}"):
            check_plan(graph, moved(plan, plain.output, plan.locations[name]))


def moved(plan: MemoryPlan, name: str, to: Location) -> MemoryPlan:
    return replace(plan, locations={**plan.locations, name: to})


def test_reading_a_state_that_has_been_replaced_is_found() -> None:
    made, plans = selected("bireal")
    graph = made.graph("update")
    first = next(call for call in calls(graph) if call.op.changes_state)
    again = replace(first, output="again", op=replace(first.op, output="again"))
    values = [replace(graph.values[first.output], name="again")]
    twice = graph.with_ops([first, again], values)
    plan = plans.learning["update"]
    locations = {**plan.locations, "again": plan.locations[first.output]}
    with pytest.raises(BrokenPlanError, match=f"of which '{first.output}' has overwritten a part"):
        check_plan(twice, replace(plan, locations=locations))


@pytest.mark.parametrize("kind", TAILS)
def test_scratch_of_learning_is_the_workspace_and_its_arena_is_not(kind: str) -> None:
    made, plans = selected(kind)
    main = plans.main
    most = max(plan.scratch_bytes for plan in plans.learning.values())
    assert main.learning_scratch == most > 0
    inference = main.arena_bytes + main.scratch_bytes + main.latent_bytes + main.feature_bytes
    assert main.workspace_bytes == max(inference, most)
    arrays = {each.name: each for each in held_arrays(made, plans.learning)}
    assert arrays["arena"].bytes == max(plan.arena_bytes for plan in plans.learning.values())
    assert ram_bytes(made, plans) == 24 + main.workspace_bytes + state_bytes(made, plans.learning)


@pytest.mark.parametrize(
    "settings", [{}, {"q_latent": 8}, {"keep_latents": False}, {"accumulate": 3}], ids=str
)
def test_the_arrays_of_the_memory(settings: dict[str, object]) -> None:
    made, plans = selected("pooled", **settings)
    held = held_arrays(made, plans.learning)
    sizes = [ELEMENT_BYTES[each.ctype] for each in held if each.name != "padding"]
    assert sizes == sorted(sizes, reverse=True)
    assert all(each.bytes == ELEMENT_BYTES[each.ctype] * int(np.prod(each.sizes)) for each in held)
    assert sum(each.bytes for each in held) % 4 == 0
    by_name = {each.name: each for each in held}
    for state in made.states:
        assert by_name[state.name].ctype == state.type.ctype
        assert by_name[state.name].bytes == state.type.stored_bytes
    head = parts(made.graphs[0]).head
    room = head.config.accumulate or NEW + REPLAYED
    assert by_name["deltas"].sizes == (CLASSES, room)
    assert by_name["delta"].sizes == (CLASSES,)
    assert by_name["inputs"].bytes == -(-room * made.graphs[0].type_of(head.x).stored_bytes // 4) * 4


def test_the_report_has_every_part() -> None:
    for settings in ({}, {"keep_latents": False}):
        made, plans = selected("bireal", **settings)
        found = learning_report(made, plans)
        of_roles = {
            role: sum(state.type.stored_bytes for state in made.states if state.role in role.split())
            for role in ("latent parameter", "kept", "gradient", "signs")
        }
        assert found.weight_bytes == of_roles["latent parameter"]
        assert found.abort_bytes == of_roles["kept"]
        assert found.gradient_bytes == of_roles["gradient"]
        assert found.cache_bytes == of_roles["signs"]
        assert found.arena_bytes == plans.learning["sample"].arena_bytes
        assert found.weights == sum(state.type.elements for state in trained(made))
        every = (
            found.replay_bytes + found.experience_bytes + found.head_bytes + found.batch_bytes,
            found.counter_bytes + found.weight_bytes + found.abort_bytes + found.gradient_bytes,
            found.cache_bytes + found.arena_bytes,
        )
        assert sum(every) == found.state_bytes == state_bytes(made, plans.learning)
        assert found.counter_bytes >= CURSOR_BYTES
        assert 0 <= found.padding_bytes < 4


def test_copies_of_filters_cost_what_an_abort_from_storage_saves() -> None:
    with_copy, without = (
        learning_report(*selected("chain", **settings)) for settings in ({}, {"keep_latents": False})
    )
    made, _ = selected("chain")
    filters = sum(state.type.stored_bytes for state in made.states if state.role == "latent")
    assert with_copy.abort_bytes - without.abort_bytes == filters
    assert with_copy.state_bytes - without.state_bytes == filters


def test_fewer_samples_between_updates_take_less_memory() -> None:
    full, few = (learning_report(*selected("chain", accumulate=each)) for each in (0, 3))
    assert few.batch_bytes < full.batch_bytes
    assert few.gradient_bytes < 0.55 * full.gradient_bytes
    assert (full.accumulate, few.accumulate) == (0, 3)
    assert few.units_of_a_minibatch > full.units_of_a_minibatch


@pytest.mark.parametrize("kind", ["chain", "bireal"])
def test_the_report_tells_what_the_other_mode_takes(kind: str) -> None:
    full, few = (learning_report(*selected(kind, accumulate=each)) for each in (0, FEW_SAMPLES))
    ram, sums = ((full.state_bytes, few.state_bytes), (full.gradient_bytes, few.gradient_bytes))
    print(f"{kind}: bytes of RAM {ram}, of sums {sums}")
    assert (full.other_accumulate, few.other_accumulate) == (FEW_SAMPLES, 0)
    assert (full.other_state_bytes, few.other_state_bytes) == (few.state_bytes, full.state_bytes)
    assert few.gradient_bytes < 0.55 * full.gradient_bytes


def test_what_is_saved() -> None:
    made, _ = selected("bireal", q_latent=8)
    names = {each.name: each for each in stored_state(made)}
    for state in made.states:
        assert (state.name in names) == (state.role in ("latent", "parameter"))
    for state in trained(made):
        assert names[state.name].dtype == ("int8" if state.role == "latent" else "int16")
        assert names[state.name].shape == state.type.shape


def test_the_layout_of_a_saved_state_says_what_its_numbers_mean() -> None:
    made, _ = selected("bireal")
    number = layout_number(made)
    assert layout_number(replace(made, name="other")) == number == layout_number(program("bireal"))
    at = next(index for index, state in enumerate(made.states) if state.role == "parameter")
    state = made.states[at]
    unit = 2.0 if state.meaning is None else 2 * state.meaning.scale
    others = {
        "another unit": replace(state, meaning=Meaning.of(np.atleast_1d(unit).tolist())),
        "another name": replace(state, name="other"),
    }
    for what, other in others.items():
        states = (*made.states[:at], other, *made.states[at + 1 :])
        assert layout_number(replace(made, states=states)) != number, what
    slower, _ = selected("bireal", rate=0.01)
    assert layout_number(slower) == number, "the rate changes no meaning"
    begun = replace(state, initial=None)
    states = (*made.states[:at], begun, *made.states[at + 1 :])
    assert layout_number(replace(made, states=states)) == number, "nor does what learning starts from"
    assert layout_number(selected("chain")[0]) != number


def test_constants_that_only_learning_reads() -> None:
    made, _ = selected("chain")
    initial = sum(state.type.stored_bytes for state in trained(made))
    assert learning_constants(made) >= initial
    assert learning_constants(Program("alone", made.graphs[:1])) == 0
