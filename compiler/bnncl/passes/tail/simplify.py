"""What is done to a traced tail before it is lowered; none of it changes what the tail computes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import Binary
from bnncl.ir.values import Constant, Value
from bnncl.ops.conv import Conv
from bnncl.ops.elementwise import RealAffine, RealClamp
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold

_OWN = re.compile(r"(delta|delta_e|tw|features_g(_.*)?)$")
"""Names of what the graphs of learning begin with."""

_MADE = re.compile(
    r"(w|g\d*|q|wide|normal|scale|offset|slope|positive|at|passes|tent|inside|replayed|narrow)(_|$)"
)
"""How the names go on of states and values that are made beside a traced one."""


def merged_affines(tail: Graph) -> Graph:
    """The TRACED graph with two affine maps in a row, the first read by nothing else, made one.

    Not where the first one makes real numbers of bits and the second has parameters of its own: what reads
    bits stays as it is, and they learn.
    """
    made: dict[str, Op] = {}
    for op in tail.ops:
        before = made.get(op.x) if isinstance(op, RealAffine) else None
        if isinstance(op, RealAffine) and isinstance(before, RealAffine) and _is_one(tail, before, op):
            del made[op.x]
            made[op.output] = _merged(before, op)
        else:
            made[op.output] = op
    return tail.with_ops(made.values())


def _is_one(tail: Graph, first: RealAffine, second: RealAffine) -> bool:
    learns = bool(second.scale.origins or second.offset.origins)
    of_bits = isinstance(tail.type_of(first.x).domain, Binary)
    return len(tail.readers(second.x)) == 1 and not (of_bits and learns)


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


def distinct_names(tail: Graph) -> Graph:
    """The TRACED graph with values renamed whose names are those of what learning makes beside others.

    Behind a layer `conv` there are states `conv_w`, `conv_w_sum` and more: a layer of that name gives way.
    """
    renamed: dict[str, str] = {}
    for op in tail.ops:
        name = op.output
        while _is_made(name, tail.values):
            name = f"own_{name}"
        if name != op.output:
            renamed[op.output] = name

    def free(name: str) -> str:
        return renamed.get(name, name)

    if not renamed:
        return tail
    ops = tuple(
        replace(
            op, output=free(op.output), **{at: free(getattr(op, at)) for at in ("x", "y") if hasattr(op, at)}
        )
        for op in tail.ops
    )
    values = {free(name): replace(value, name=free(name)) for name, value in tail.values.items()}
    return replace(tail, ops=ops, values=values, outputs=tuple(map(free, tail.outputs)))


def _is_made(name: str, others: Iterable[str]) -> bool:
    """Whether a value of learning may have this name, which begins with that of another value."""
    return bool(_OWN.match(name)) or any(
        name.startswith(f"{other}_") and _MADE.match(name, len(other) + 1) for other in others
    )


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
