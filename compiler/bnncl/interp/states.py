"""The arrays that learning changes, and straight lines of ops over them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array, Op
from bnncl.kernels.base import KernelCall

States = dict[str, Array]
"""The arrays by name, each (1, height, width, channels)."""


class Line:
    """One run of a straight line of ops, op by op, in which states change where they lie.

    Inputs of the graph are `states`, or else stand in `values`, where what ops make of them is added.
    """

    def __init__(self, graph: Graph, states: States, values: Mapping[str, Array] | None = None) -> None:
        self.values = dict(values or {})
        self._states = states
        self._state_of = {name: name for name in graph.inputs if name in states}

    def do(self, op: Op) -> Array:
        """Evaluate one op, all before it done; what it makes."""
        made = op.evaluate(*(self.value(name) for name in op.inputs))
        if changes_state(op):
            state = self._state_of[op.inputs[0]]
            self._state_of[op.output] = state
            self._states[state] = made
        else:
            self.values[op.output] = made
        return made

    def value(self, name: str) -> Array:
        """What the value `name` is now."""
        return self._states[self._state_of[name]] if name in self._state_of else self.values[name]


def changes_state(op: Op) -> bool:
    """Whether an INTEGER or SELECTED op overwrites a state."""
    return (op.op if isinstance(op, KernelCall) else op).changes_state


def change(graph: Graph, states: States) -> None:
    """Run all ops of `graph`, whose inputs are states."""
    line = Line(graph, states)
    for op in graph.ops:
        line.do(op)


def initial(program: Program) -> States:
    """What learning starts from: latent weights and parameters, copies and signs of them, gradients of 0."""
    states = {state.name: np.zeros((1, *state.type.shape), np.int64) for state in program.states}
    for state in program.states:
        if state.initial is not None:
            states[state.name] = state.initial.data.astype(np.int64).reshape(1, *state.type.shape)
    for state in program.states:
        if state.role == "kept":
            states[state.name] = states[state.of].copy()
    if program.states:
        change(program.graph("rebuild"), states)
    return states


def given(program: Program, inputs: Array, states: Mapping[str, Array] | None = None) -> dict[str, Array]:
    """What inference of stored `inputs` (N, H, W, C) reads: them, and of `states` what was kept.

    Without `states`, what learning starts from.
    """
    source, *kept = program.graphs[0].inputs
    held = initial(program) if kept and states is None else states or {}
    return {source: inputs, **{name: held[name] for name in kept}}
