"""The proof that no sum of a tail that learns overflows, through forward, backward and update.

Intervals of values are those that the ops infer; those of exponents are followed from op to op, and sums over
a minibatch come from what one sample adds at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Op
from bnncl.ir.types import Int, TensorType, element_range
from bnncl.kernels.base import KernelCall
from bnncl.kernels.learned_head import parts
from bnncl.ops.learned_head import HeadConfig
from bnncl.ops.tail.backward import (
    ChannelMultiple,
    ChannelProduct,
    FilterInputGradient,
    HeadInputGradient,
    MaxPoolGradient,
    Product,
    SlopeGradient,
    SumPoolGradient,
    reach,
)
from bnncl.ops.tail.exponents import WIDE_BITS, AlignedSum, BlockExponent, FixedExponent, SumExponent
from bnncl.ops.tail.forward import ChannelAffine, PassMask, SignAt, SlopedUnit, TentSlope
from bnncl.ops.tail.parameters import (
    BLOCK,
    MOST_ADDED,
    Accumulate,
    AccumulateFilter,
    AccumulateFilterNarrow,
    ChannelDot,
    ChannelSum,
    Update,
)
from bnncl.plan.bounds import accumulator_bound, product_bound
from bnncl.plan.learn_bounds import Proof, failing

Types = tuple[TensorType, ...]
_WIDE: Final = (
    AlignedSum,
    ChannelMultiple,
    ChannelProduct,
    ChannelSum,
    FilterInputGradient,
    HeadInputGradient,
    MaxPoolGradient,
    Product,
    SlopeGradient,
    SumPoolGradient,
)
"""Ops that build up the 32-bit integers that they give."""


def tail_proofs(program: Program) -> tuple[Proof, ...]:
    """Intervals of what the further graphs of a program compute, named after graph and op."""
    if not program.states:
        return ()
    config = parts(program.graphs[0]).head.config
    return tuple(
        (f"{graph.name}{index}_{what}", low, high, bits)
        for graph in program.graphs[1:]
        for index, what, low, high, bits in _graph_proofs(graph, config)
    )


def overflowing_tail(program: Program) -> tuple[str, ...]:
    """Names of the proofs that fail, in order; empty where the program is safe."""
    return failing(tail_proofs(program))


def _graph_proofs(graph: Graph, config: HeadConfig) -> Iterator[tuple[int, str, int, int, int]]:
    exponents: dict[str, tuple[int, int]] = {}
    for index, call in enumerate(graph.ops):
        op = call.op if isinstance(call, KernelCall) else call
        types = graph.input_types(op)
        for what, low, high, bits in _op_proofs(op, types, config):
            yield index, what, low, high, bits
        found = _exponent(op, types, exponents)
        if found is not None:
            exponents[op.output] = found
            yield index, "exponent", *found, 16


def _op_proofs(op: Op, types: Types, config: HeadConfig) -> Iterator[Proof]:
    """What one op computes, partial sums included."""
    if isinstance(op, _WIDE):
        yield _around("sum", reach(op.infer(*types)), 32)
    for kind, proofs in _RULES.items():
        if isinstance(op, kind):
            yield from proofs(op, types, config)
    if types:
        for what, bound in (("sum", accumulator_bound(op, types)), ("product", product_bound(op, types))):
            if bound is not None:
                yield what, bound.lo, bound.hi, bound.bits


def _around(name: str, bound: int, bits: int) -> Proof:
    return name, -bound, bound, bits


def _affine(op: ChannelAffine, types: Types, _: HeadConfig) -> Iterator[Proof]:
    x, scale, offset = map(reach, types)
    yield _around("sum", x * scale + (offset << op.offset_shift) + (1 << op.shift >> 1), 32)


def _sloped(op: SlopedUnit, types: Types, _: HeadConfig) -> Iterator[Proof]:
    slope = max(map(reach, types[1:]))
    yield _around("product", reach(types[0]) * slope + (1 << op.shift >> 1), 32)


def _compared(op: SignAt | PassMask | TentSlope, types: Types, _: HeadConfig) -> Iterator[Proof]:
    offset = max(map(reach, types[1:]), default=0)
    yield _around("compared", (reach(types[0]) << op.shift) + offset, 32)
    if isinstance(op, TentSlope):
        yield "slope", 0, 1 << op.one + 7, 32
    if isinstance(op, PassMask):
        yield "limits", op.lo, op.hi, 32


def _dot(op: ChannelDot, types: Types, _: HeadConfig) -> Iterator[Proof]:
    yield _around("product", reach(types[0]) * reach(types[1]) + (1 << op.shift >> 1), 32)
    yield _around("sum", reach(op.infer(*types)), 32)


def _most_samples(config: HeadConfig) -> int:
    """Samples that are summed up: an update ends every minibatch, however short."""
    return min(config.between_updates, config.batch)


def _accumulated(op: Accumulate, types: Types, config: HeadConfig) -> Iterator[Proof]:
    """A sample adds at most `limit`."""
    yield _around("minibatch", _most_samples(config) * op.limit, 32)


def _filter_sums(op: AccumulateFilter, types: Types, config: HeadConfig) -> Iterator[Proof]:
    """A sample adds a product at each position of the gradient."""
    _, x, gradient, _ = types
    positions = gradient.shape[0] * gradient.shape[1]
    each = positions * op.limit * max(reach(x), abs(op.pad_value))
    yield _around("minibatch", _most_samples(config) * each, 32)


def _narrow_sums(op: AccumulateFilterNarrow, types: Types, __: HeadConfig) -> Iterator[Proof]:
    """A block adds what its positions add up to, which is shifted counted from -2**30; the sum saturates."""
    acc, x, gradient, _ = types
    positions = min(gradient.shape[0] * gradient.shape[1], BLOCK)
    block = positions * reach(gradient) * max(reach(x), abs(op.pad_value))
    yield _around("block", block, 32)
    yield "block_from_base", MOST_ADDED - block, MOST_ADDED + MOST_ADDED // 2 + block, -32
    yield _around("before_saturation", reach(acc) + MOST_ADDED, 32)
    yield _around("limit", op.limit, _bits(acc))


def _updated(op: Update, types: Types, config: HeadConfig) -> Iterator[Proof]:
    """At the rate of a minibatch of one sample; one of n has 1 / n of it."""
    x, acc, _ = types
    rate = op.multiplier + config.batch // 2
    products = reach(acc) * rate
    yield "rate_to_be_divided", 0, rate, 32
    yield "rate_products", -products, products + (1 << op.shift), 64
    yield _around("changed", reach(x) + (products >> op.shift) + 1, 64)
    yield "random_index", 0, x.elements - 1, -32
    yield _around("limit", op.limit, _bits(x))


def _bits(type_: TensorType) -> int:
    assert isinstance(type_.domain, Int), type_
    return type_.domain.bits


_RULES: Final[
    Mapping[type[Op] | tuple[type[Op], ...], Callable[[Any, Types, HeadConfig], Iterator[Proof]]]
] = {
    ChannelAffine: _affine,
    SlopedUnit: _sloped,
    (SignAt, PassMask, TentSlope): _compared,
    ChannelDot: _dot,
    Accumulate: _accumulated,
    AccumulateFilter: _filter_sums,
    AccumulateFilterNarrow: _narrow_sums,
    Update: _updated,
}


def _exponent(op: Op, types: Types, known: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    """The least and the greatest exponent that `op` gives; None where it gives none."""
    if isinstance(op, FixedExponent):
        return op.value, op.value
    if isinstance(op, BlockExponent):
        if op.fixed is not None:
            return op.fixed, op.fixed
        low, high = known.get(op.y) or element_range(types[1].domain)
        least, most = op.bias - (op.bits - 1), op.bias + reach(types[0]).bit_length() - (op.bits - 1)
        return low + least, high + most
    if isinstance(op, SumExponent):
        ends = zip((op.x, op.y), (op.x_bias, op.y_bias), types, strict=True)
        pairs = [
            tuple(end + bias for end in known.get(name) or element_range(type_.domain))
            for name, bias, type_ in ends
        ]
        drop = WIDE_BITS - op.bits
        return max(low for low, _ in pairs) - drop, max(high for _, high in pairs) - drop
    return None
