"""Moves thresholds and rescales into the convolution before them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ops.conv import IntegerConv
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Epilogue
from bnncl.ops.threshold import Threshold
from bnncl.passes.base import Pass


@dataclass(frozen=True)
class FuseEpilogues(Pass):
    """Lets a convolution end in the threshold or rescale that alone reads it.

    The accumulators then never reach memory: one bit or one narrow integer is stored for each.
    """

    name = "fuse-epilogues"
    needs = Stage.INTEGER
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph with each such pair as one op, which makes the second one's value."""
        ops: list[Op] = []
        for op in graph.ops:
            epilogue = _epilogue(op)
            conv = None if epilogue is None else _only_source(graph, op)
            if conv is None:
                ops.append(op)
                continue
            ops[ops.index(conv)] = replace(conv, output=op.output, epilogue=epilogue)
        return graph.with_ops(ops)


def _epilogue(op: Op) -> Epilogue | None:
    if isinstance(op, Threshold):
        return op.steps
    return op.rescale if isinstance(op, Requantize) else None


def _only_source(graph: Graph, op: Op) -> IntegerConv | None:
    source = graph.producer(op.inputs[0])
    plain = isinstance(source, IntegerConv) and source.epilogue is None
    alone = graph.readers(op.inputs[0]) == (op,) and op.inputs[0] not in graph.outputs
    return source if plain and alone and isinstance(source, IntegerConv) else None
