"""Folds a flattening of bits into the filters that read it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import Binary
from bnncl.ir.values import Constant
from bnncl.numerics.bits import WORD_BITS
from bnncl.ops.conv import IntegerConv
from bnncl.ops.flatten import Flatten
from bnncl.ops.window import Window
from bnncl.passes.base import Pass


@dataclass(frozen=True)
class FoldFlatten(Pass):
    """Turns a 1x1 convolution of flattened bits into one whose window is the whole map.

    A flattened value whose channels fill whole words is the same words, so it stays. With tail bits
    it would have to be repacked; the filter takes the shape of the map instead, which costs nothing.
    """

    name = "fold-flatten"
    needs = Stage.INTEGER
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph without the foldable flattenings."""
        folded = {op.output: op for op in graph.ops if isinstance(op, Flatten) and _foldable(graph, op)}
        ops = [
            _over_map(graph, op, folded[op.x]) if isinstance(op, IntegerConv) and op.x in folded else op
            for op in graph.ops
            if op.output not in folded
        ]
        return graph.with_ops(ops)


def _foldable(graph: Graph, op: Flatten) -> bool:
    source = graph.type_of(op.x)
    has_tail = isinstance(source.domain, Binary) and source.channels % WORD_BITS != 0
    readers: tuple[Op, ...] = graph.readers(op.output)
    plain = all(isinstance(reader, IntegerConv) and reader.window == Window() for reader in readers)
    return has_tail and plain and op.output not in graph.outputs


def _over_map(graph: Graph, op: IntegerConv, flatten: Flatten) -> IntegerConv:
    height, width, channels = graph.type_of(flatten.x).shape
    shape = (op.out_channels, height, width, channels)
    latent = None if op.filter.latent is None else op.filter.latent.reshape(shape)
    folded = Constant(op.filter.data.reshape(shape), op.filter.origins, latent, op.filter.frozen_because)
    return replace(op, x=flatten.x, filter=folded, window=Window(height, width))
