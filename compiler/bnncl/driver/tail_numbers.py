"""A replay cut of numbers: the real ones that the bits of a module are the signs of."""

from __future__ import annotations

from dataclasses import replace

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.tail_shortcut import by_element
from bnncl.ir.graph import Graph
from bnncl.ir.types import Float
from bnncl.ir.values import Storage
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold
from bnncl.passes.tail.simplify import signs_before_pools


def numbers_of(graph: Graph, bits: str, module: str) -> tuple[str, ...]:
    """The real numbers that can be cut at instead of the value `bits`, from the sign towards the input.

    The first is what the sign reads that makes `bits`, perhaps pooled afterwards. UsageError
    (`latents-are-bits`) where that is no real number: where sums of a binary filter are compared with
    integers, their signs are all that follows from them.
    """
    op = graph.producer(bits)
    while isinstance(op, MaxPool):
        bits, op = op.x, graph.producer(op.x)
    _, *above = by_element(graph, bits)
    reals = [name for name in above if isinstance(graph.type_of(name).domain, Float)]
    if not isinstance(op, RealThreshold) or not reals:
        message = f"in front of {module} there are bits, and no real number that they are the sign of"
        why = "More than one bit for each would hold nothing more."
        hint = "Leave --replay-bits out, set it to 1, or name a block that adds what its sign reads."
        raise UsageError(Problem("latents-are-bits", message, "--replay-bits", why, hint))
    return tuple(reals)


def pooled_in_front(encode: Graph, tail: Graph) -> tuple[Graph, Graph]:
    """Both graphs with the cut moved behind max pools that alone read it, so that fewer numbers are stored.

    A max pool of signs is the sign of a max pool.
    """
    tail = signs_before_pools(tail)
    while len(readers := tail.readers(tail.inputs[0])) == 1 and isinstance(pool := readers[0], MaxPool):
        inner = replace(encode.values[pool.x], storage=Storage.ARENA)
        made = replace(tail.values[pool.output], storage=Storage.OUTPUT)
        encode = replace(encode.with_ops([*encode.ops, pool], [inner, made]), outputs=(pool.output,))
        taken = replace(made, storage=Storage.INPUT)
        rest = [op for op in tail.ops if op is not pool]
        tail = replace(tail, inputs=(pool.output,)).with_ops(rest, [taken])
    return encode, tail
