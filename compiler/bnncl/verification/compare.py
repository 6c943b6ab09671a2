"""Holds a generated project's every intermediate against the Python reference."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bnncl.emit.stored import stored
from bnncl.interp import given, run
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array
from bnncl.kernels.base import KernelCall, calls
from bnncl.targets import Target
from bnncl.verification.harness import Digests, Sources, digests, dump
from bnncl.verification.stored import from_bytes

_BATCH = 64


@dataclass(frozen=True)
class Difference:
    """Where C and reference part: one op's output, at one channel and position of one sample."""

    op: int
    value: str
    module: str
    sample: int
    channel: int
    y: int
    x: int
    expected: int
    actual: int
    count: int
    kernel: str

    def __str__(self) -> str:
        place = f"channel {self.channel}, position y={self.y} x={self.x}"
        if self.count == 0:
            place = f"the unused bits after channel {self.channel - 1}"
        return (
            f"op {self.op} ({self.value}, module {self.module or '-'}): sample {self.sample}, {place}: "
            f"expected {self.expected}, was {self.actual} "
            f"({self.count} elements of this sample differ; computed by {self.kernel})"
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a run over all samples showed: the first difference, if any, and the scores C gave."""

    samples: int
    ops: int
    elements: int
    difference: Difference | None
    scores: Array


def reference_scores(program: Program, inputs: Array) -> Array:
    """The scores of inference for stored inputs (S, H, W, C), as (S, classes)."""
    output = program.graphs[0].outputs[0]
    parts = [values[output].reshape(len(values[output]), -1) for values in _batches(program, inputs)]
    return np.concatenate(parts)


def compare(program: Program, sources: Sources, target: Target, inputs: Array) -> Comparison:
    """Infer `inputs` (S, H, W, C) in Python and in C; the first op that differs is looked into."""
    graph = program.graphs[0]
    flat = inputs.reshape(len(inputs), -1)
    got = digests(sources, target, flat)
    steps = calls(graph)
    output = graph.outputs[0]
    wanted: list[list[int]] = []
    scores = []
    for values in _batches(program, inputs):
        wanted += [[_crc(graph, values, call, s) for call in steps] for s in range(len(values[output]))]
        scores.append(values[output].reshape(len(values[output]), -1))
    place = _first(np.array(wanted, np.uint32).reshape(got.crc.shape) != got.crc)
    if place is None:
        difference = _score_difference(graph, np.concatenate(scores), got)
    else:
        op, sample = place
        name = steps[op].output
        actual = from_bytes(dump(sources, target, flat[sample], op), graph.type_of(name))
        (values,) = _batches(program, inputs[sample : sample + 1])
        difference = locate(op, steps[op], sample, values[name][0], actual)
    elements = sum(graph.type_of(call.output).elements for call in steps) * len(inputs)
    return Comparison(len(inputs), len(steps), elements, difference, got.scores)


def _batches(program: Program, inputs: Array) -> Iterator[Mapping[str, Array]]:
    """Every value for a few samples at a time: all values of all samples may not fit into memory."""
    for start in range(0, len(inputs), _BATCH):
        yield run(program.graphs[0], given(program, inputs[start : start + _BATCH]))


def _crc(graph: Graph, expected: Mapping[str, Array], call: KernelCall, sample: int) -> int:
    if call.kernel.is_alias:
        return 0
    return zlib.crc32(stored(expected[call.output][sample], graph.type_of(call.output)).tobytes())


def _first(differs: Array) -> tuple[int, int] | None:
    """The first op that differs on any sample, and the first sample on which it does."""
    if not differs.any():
        return None
    op = int(np.argmax(differs.any(0)))
    return op, int(np.argmax(differs[:, op]))


def locate(op: int, call: KernelCall, sample: int, expected: Array, actual: Array) -> Difference:
    """The first element (H, W, C) at which `actual` is not `expected`; tail bits where all are equal."""
    places = np.argwhere(expected != actual)
    y, x, channel = (int(at) for at in places[0]) if len(places) else (-1, -1, expected.shape[-1])
    values = (int(expected[y, x, channel]), int(actual[y, x, channel])) if len(places) else (0, 1)
    return Difference(
        op, call.output, call.op.module, sample, channel, y, x, *values, len(places), call.kernel.symbol
    )


def _score_difference(graph: Graph, wanted: Array, got: Digests) -> Difference | None:
    places = np.argwhere(wanted != got.scores)
    if not len(places):
        return None
    sample, channel = (int(at) for at in places[0])
    values = int(wanted[sample, channel]), int(got.scores[sample, channel])
    last = calls(graph)[-1]
    index = len(graph.ops) - 1
    return Difference(
        index, last.output, last.op.module, sample, channel, 0, 0, *values, len(places), last.kernel.symbol
    )
