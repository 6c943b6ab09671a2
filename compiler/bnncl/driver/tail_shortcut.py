"""Measures what real numbers the bits of a replay cut stand for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.threshold import RealThreshold, Threshold

_BATCH = 64
ELEMENTWISE = (RealAffine, RealClamp, RealPRelu, Threshold, RealThreshold)
"""What computes each number from the one at its place."""


def leading_to(graph: Graph, names: Iterable[str]) -> tuple[Op, ...]:
    """The ops of `graph` that the values `names` are computed by."""
    needed = set(names)
    for op in reversed(graph.ops):
        if op.output in needed:
            needed.update(op.inputs)
    return tuple(op for op in graph.ops if op.output in needed)


def by_element(graph: Graph, name: str) -> tuple[str, ...]:
    """`name` and all values from which it is computed element by element, from the last to the first."""
    found = [name]
    op = graph.producer(name)
    while isinstance(op, ELEMENTWISE):
        found.append(op.x)
        op = graph.producer(op.x)
    return tuple(found)


def bit_means(
    graph: Graph, cut: str, names: Iterable[str], calibration: Array
) -> dict[str, tuple[Array, Array]]:
    """Mean (C,) of each value of `names` where the bit of `cut` is -1, and where it is +1.

    Taken over samples and positions of `calibration`, inputs (N, H, W, C) of the TRACED `graph`; the
    values have the shape of `cut`. A side that never occurs in a channel takes the mean of the other one.
    """
    names = tuple(names)
    if not names:
        return {}
    part = graph.with_ops(leading_to(graph, (cut, *names)))
    sums = {name: np.zeros((2, graph.type_of(name).channels)) for name in names}
    counts = np.zeros((2, graph.type_of(cut).channels))
    for start in range(0, len(calibration), _BATCH):
        values = run(part, {graph.inputs[0]: calibration[start : start + _BATCH]})
        for side, bit in enumerate((-1, 1)):
            there = values[cut] == bit
            counts[side] += there.sum((0, 1, 2))
            for name in names:
                sums[name][side] += np.where(there, values[name], 0.0).sum((0, 1, 2))
    means = {name: total / np.maximum(counts, 1) for name, total in sums.items()}
    return {
        name: (np.where(counts[0] > 0, low, high), np.where(counts[1] > 0, high, low))
        for name, (low, high) in means.items()
    }
