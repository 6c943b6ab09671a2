"""Checks a written project against the model, with the thresholds and scales that the project stores.

PyTorch's float arithmetic is not the same on every machine, so tabulating a chain again can move a
threshold by one. What a project was made with stands in its stored program; a check on another machine
takes thresholds, scales and biases from there, and everything else from the model.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bnncl.diagnostics import UsageError
from bnncl.emit import ProjectSpec, check, render, restore
from bnncl.emit.manifest import PROGRAM
from bnncl.interp import given, run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.kernels.base import KernelCall, calls
from bnncl.ops.conv import BinaryConv


def differing_files(spec: ProjectSpec, folder: Path) -> list[str]:
    """Paths of the files in `folder` that neither the model as tabulated here nor its stored form gives."""
    differing = check(render(spec), folder)
    stored = _stored_graph(spec, folder) if differing else None
    if stored is not None:
        differing = min(differing, check(render(_with_graph(spec, stored)), folder), key=len)
    return list(differing)


def _stored_graph(spec: ProjectSpec, folder: Path) -> Graph | None:
    """The graph stored in `folder` with the kernels of `spec`, if it is the same but for numbers."""
    try:
        graph = restore((folder / PROGRAM).read_bytes()).graph("infer")
    except (OSError, UsageError, StopIteration):
        return None
    ours = calls(spec.graph)
    if len(ours) != len(graph.ops) or not all(map(_alike, ours, graph.ops)):
        return None
    selected = [replace(call, op=op) for call, op in zip(ours, graph.ops, strict=True)]
    return spec.graph.with_ops(selected, graph.values.values())


def _alike(call: KernelCall, stored: Op) -> bool:
    """Whether two ops differ at most in thresholds, scales, biases, quantised real filters and polarity."""
    same = type(call.op) is type(stored) and call.output == stored.output and call.inputs == stored.inputs
    ours, theirs = dict(call.op.constants()), dict(stored.constants())
    shapes = {name: held.data.shape for name, held in ours.items()}
    if not same or shapes != {name: held.data.shape for name, held in theirs.items()}:
        return False
    return not isinstance(stored, BinaryConv) or _same_but_for_polarity(
        ours["filter"].data, theirs["filter"].data
    )


def _same_but_for_polarity(ours: Array, theirs: Array) -> bool:
    """Whether two filters of ±1 are equal, or opposite in whole input channels.

    A channel that is -1 about half the time may be stored negated on one machine and not on another.
    """
    product = ours * theirs
    return bool((product == product[:1, :1, :1]).all())


def _with_graph(spec: ProjectSpec, graph: Graph) -> ProjectSpec:
    program = spec.program.map(lambda old: graph if old.name == graph.name else old)
    values = run(graph, given(program, spec.golden.inputs))
    return replace(spec, program=program, golden=replace(spec.golden, values=values))
