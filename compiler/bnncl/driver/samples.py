"""Which calibration samples are looked at, so that large models still compile in seconds."""

from __future__ import annotations

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ops.conv import Conv

_LEAST = 32


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one sample, padded taps included."""
    return sum(
        graph.type_of(op.output).elements * int(np.prod(op.filter.data.shape[1:]))
        for op in graph.ops
        if isinstance(op, Conv)
    )


def spread(x: Array, graph: Graph, *, most: int, work: float) -> Array:
    """At most `most` samples of `x` (N, ...), evenly spaced over it, that cost about `work` MACs.

    Never fewer than 32 of them (or all, where there are fewer): the count depends on the model and on N
    alone, not on the machine.
    """
    affordable = int(work // max(1, macs(graph)))
    count = min(len(x), most, max(_LEAST, affordable))
    return x[np.linspace(0, len(x) - 1, count).round().astype(int)] if count < len(x) else x
