"""What is done to a traced tail before it is lowered; none of it changes what the tail computes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.values import Constant, Value
from bnncl.ops.conv import Conv
from bnncl.ops.elementwise import RealAffine, RealClamp
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold


def merged_affines(tail: Graph) -> Graph:
    """The TRACED graph with two affine maps in a row, the first read by nothing else, made one."""
    made: dict[str, Op] = {}
    for op in tail.ops:
        before = made.get(op.x) if isinstance(op, RealAffine) else None
        if isinstance(op, RealAffine) and isinstance(before, RealAffine) and len(tail.readers(op.x)) == 1:
            del made[op.x]
            made[op.output] = _merged(before, op)
        else:
            made[op.output] = op
    return tail.with_ops(made.values())


def _merged(first: RealAffine, second: RealAffine) -> RealAffine:
    scale = Constant(second.scale.data * first.scale.data, first.scale.origins + second.scale.origins)
    offset = second.scale.data * first.offset.data + second.offset.data
    return RealAffine(
        output=second.output,
        module=second.module,
        x=first.x,
        scale=scale,
        offset=Constant(offset, first.offset.origins + second.offset.origins),
    )


def signs_before_pools(tail: Graph) -> Graph:
    """The TRACED graph with a max pool of signs made a sign of the max: signs rise, so it is the same.

    The gradient then goes to the largest number, not to the first of many equal signs. Where more than the
    pool reads the signs, they stay beside it; each learns an offset of its own.
    """
    made: dict[str, Op] = {}
    for op in tail.ops:
        before = made.get(op.x) if isinstance(op, MaxPool) else None
        if isinstance(op, MaxPool) and isinstance(before, RealThreshold):
            if len(tail.readers(op.x)) == 1:
                del made[op.x]
            pooled = replace(op, output=f"{op.output}_before_sign", x=before.x)
            made[pooled.output] = pooled
            made[op.output] = replace(before, output=op.output, x=pooled.output)
        else:
            made[op.output] = op
    return _typed(tail, made.values())


def _typed(tail: Graph, ops: Iterable[Op]) -> Graph:
    """The graph with other ops, whose outputs have the types that follow from them."""
    values, ops = dict(tail.values), tuple(ops)
    for op in ops:
        type_ = op.infer(*(values[name].type for name in op.inputs))
        if op.output not in values or values[op.output].type != type_:
            values[op.output] = Value(op.output, type_, module=op.module)
    return tail.with_ops(ops, values.values())


def behind_convolutions(tail: Graph) -> frozenset[str]:
    """Affine maps of a convolution, perhaps clamped or max-pooled: what they read is normalised first."""
    found = set()
    for op in tail.ops:
        before = tail.producer(op.x) if isinstance(op, RealAffine) else None
        while isinstance(before, MaxPool | RealClamp):
            before = tail.producer(before.x)
        if isinstance(before, Conv):
            found.add(op.output)
    return frozenset(found)
