"""Graphs, and programs made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from bnncl.ir.op import Op, Stage
from bnncl.ir.types import TensorType
from bnncl.ir.values import StateArray, Storage, Value


@dataclass(frozen=True, eq=False)
class Graph:
    """Ops in order of execution over named values.

    Every value has a unique name and is either an input or the output of exactly one op that stands
    before all its readers. `values` holds them all, in order of appearance.
    """

    name: str
    stage: Stage
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ops: tuple[Op, ...]
    values: Mapping[str, Value]

    def type_of(self, name: str) -> TensorType:
        """Type of the value `name`."""
        return self.values[name].type

    def input_types(self, op: Op) -> tuple[TensorType, ...]:
        """Types of what `op` reads."""
        return tuple(self.type_of(name) for name in op.inputs)

    def readers(self, name: str) -> tuple[Op, ...]:
        """The ops that read the value `name`, in order."""
        return tuple(op for op in self.ops if name in op.inputs)

    def producer(self, name: str) -> Op | None:
        """The op that makes the value `name`; None for an input."""
        return next((op for op in self.ops if op.output == name), None)

    def with_ops(self, ops: Iterable[Op], values: Iterable[Value] = ()) -> Graph:
        """The graph with other ops; `values` adds or replaces some, unused ones are dropped."""
        ops = tuple(ops)
        known = {**self.values, **{value.name: value for value in values}}
        order = dict.fromkeys([*self.inputs, *(op.output for op in ops)])
        return replace(self, ops=ops, values={name: known[name] for name in order})

    def at_stage(self, stage: Stage) -> Graph:
        """The graph, declared to have reached `stage`."""
        return replace(self, stage=stage)


@dataclass(frozen=True, eq=False)
class Program:
    """What is compiled: named graphs, and the arrays that learning changes.

    The first graph is inference, from the model's input to scores; further inputs of it are states. Where
    more than the head learns, `sample` takes a latent forward and a gradient of the logits back, `update`
    ends a minibatch, `commit` keeps what was trained, `abort` goes back to what was kept, and `rebuild`
    makes all caches anew.
    """

    name: str
    graphs: tuple[Graph, ...]
    states: tuple[StateArray, ...] = ()

    def graph(self, name: str) -> Graph:
        """The graph called `name`."""
        return next(graph for graph in self.graphs if graph.name == name)

    def map(self, change: Callable[[Graph], Graph]) -> Program:
        """The program with `change` applied to each graph."""
        return replace(self, graphs=tuple(change(graph) for graph in self.graphs))


class GraphBuilder:
    """Builds a graph op by op; types are inferred."""

    def __init__(self, name: str, stage: Stage, *inputs: Value) -> None:
        self._name, self._stage, self._inputs = name, stage, inputs
        self._values: dict[str, Value] = {value.name: value for value in inputs}
        self._ops: list[Op] = []

    def add(self, op: Op, **about: object) -> str:
        """Append `op`; `about` sets fields of the value it makes (meaning, storage). Returns its name."""
        assert op.output not in self._values, f"{op.output} is made twice"
        types = [self._values[name].type for name in op.inputs]
        value = Value(op.output, op.infer(*types), module=op.module)
        self._values[op.output] = replace(value, **about)  # type: ignore[arg-type]
        self._ops.append(op)
        return op.output

    def value(self, name: str) -> Value:
        """The value called `name`."""
        return self._values[name]

    def finish(self, *outputs: str) -> Graph:
        """The graph; its outputs get storage class OUTPUT."""
        for name in outputs:
            self._values[name] = replace(self._values[name], storage=Storage.OUTPUT)
        names = tuple(value.name for value in self._inputs)
        return Graph(self._name, self._stage, names, outputs, tuple(self._ops), self._values)
