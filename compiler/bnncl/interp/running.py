"""Runs a graph of any stage in numpy."""

from __future__ import annotations

from collections.abc import Mapping

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array


def run(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of `graph` by name, for a batch of inputs, each (N, height, width, channels)."""
    values: dict[str, Array] = {name: inputs[name] for name in graph.inputs}
    for op in graph.ops:
        values[op.output] = op.evaluate(*(values[name] for name in op.inputs))
    return values
