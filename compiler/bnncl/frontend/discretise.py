"""Tabulates the chain between a value and its sign, and emits it as a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from bnncl.diagnostics import Problem
from bnncl.frontend.captured import Node
from bnncl.frontend.chains import Chain, NotPerChannelError
from bnncl.frontend.lower_moves import lower_move, pooled
from bnncl.frontend.lowering import Context, Refused
from bnncl.frontend.operators import BATCH_NORMS, Kind, base_of, kind_of
from bnncl.frontend.recognised import Accumulator, Lowered, merged
from bnncl.frontend.staircase import Direction, Levels, Signs, chunks, integer_steps
from bnncl.frontend.windows import max_pool_window
from bnncl.ir.types import Int
from bnncl.ir.values import Constant
from bnncl.ops.epilogue import Steps
from bnncl.ops.threshold import RealThreshold, Threshold


@dataclass(frozen=True)
class Pair:
    """The two numbers that a discretised value takes."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """What separates them; a tie of a sign lies here and counts as the higher one."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, eq=False)
class IntegerTable:
    """Signs (T, C) of a chain for the integers low..low+T-1, and the two numbers that they stand for.

    `rises` and `falls` say for each max pool on the way, in order, in which channels the signs do so with
    what is pooled; `pad` is the number that padding on the way becomes, NaN if the channels differ.
    """

    low: int
    signs: Signs
    pair: Pair
    rises: tuple[Signs, ...]
    falls: tuple[Signs, ...]
    pad: float


def where_of(ctx: Context, chain: Chain, source: Lowered) -> str:
    """The module to name for a chain: its batch norm, or what it starts from.

    At a replay cut and behind it, the module that takes the sign.
    """
    sign = ctx.expressions.atoms[chain.target.atoms[-1]]
    if sign.module and ctx.touches(chain.target):
        return sign.module
    norms = [node.module for node in chain.nodes if base_of(node.op) in BATCH_NORMS and node.module]
    return norms[-1] if norms else ctx.builder.value(source.name).module


def tabulate_integers(ctx: Context, chain: Chain, source: Lowered) -> IntegerTable:
    """Run `chain` on every integer that the accumulator `source` can be."""
    domain = ctx.domain(source)
    assert isinstance(domain, Int)
    accumulator = ctx.accumulators[source.name]
    integers = np.arange(domain.lo, domain.hi + 1)
    levels, codes, pad = Levels(), [], np.zeros(1)
    channels = len(source.scale)
    width = max(channels, ctx.expressions.shape(chain.target)[1])
    for part in chunks(len(integers), width):
        target, _ = _run(chain, accumulator, integers[part])
        codes.append(levels.codes(target[:-1]))
        pad = target[-1]
    code = np.concatenate(codes)
    reachable = np.isin(integers % 2, list(accumulator.parities))
    pair = _pair(ctx, chain, source, levels, code[reachable])
    signs = np.append(np.array(levels.seen) >= pair.middle, False)[code]
    directions = [Direction(channels) for _ in chain.pools]
    if chain.pools and signs.shape[1] == channels:
        for part in chunks(len(integers), width):
            _, pools = _run(chain, accumulator, integers[part])
            for direction, table in zip(directions, pools, strict=True):
                direction.feed(table[:-1], signs[part])
    return IntegerTable(
        domain.lo,
        signs,
        pair,
        tuple(direction.rises for direction in directions),
        tuple(direction.falls for direction in directions),
        float(pad[0]) if bool((pad == pad[0]).all()) else float("nan"),
    )


Floats = NDArray[np.float64]


def _run(chain: Chain, accumulator: Accumulator, integers: NDArray[np.int64]) -> tuple[Floats, list[Floats]]:
    """Target and pooled tables for `integers`, with one more row for what stands on padding."""
    rows = accumulator.table(integers)
    target, pooled_tables = chain.run(torch.cat((rows, rows[-1:])), pad_row=True)
    pools = [pooled_tables[node.outputs[0]].double().numpy() for node in chain.pools]
    return target.numpy(), pools


def _pair(ctx: Context, chain: Chain, source: Lowered, levels: Levels, codes: NDArray[np.int8]) -> Pair:
    """The two numbers of a chain; a sign that can be 0, or more numbers, is a problem of the user's."""
    present = np.unique(codes)
    numbers = sorted(levels.seen[code] for code in present if code >= 0)
    if -1 not in present and len(numbers) <= 2:
        return two_valued(numbers)
    where = where_of(ctx, chain, source)
    signed = chain.uses("sign") or chain.uses("sgn")
    if -1 in present or len(numbers) != 3 or not signed or abs(sum(numbers)) > 1e-5 * numbers[2]:
        raise Refused(too_many_levels(where, numbers))
    middle = levels.seen.index(numbers[1])
    ctx.problems.add(sign_tie(where, (codes == middle).any(0)))
    return Pair(numbers[0], numbers[2])


def sign_tie(where: str, tied: Signs) -> Problem:
    """The problem of a sign that gives 0 in the channels `tied`."""
    return Problem(
        "sign-tie",
        f"the input of a sign can be exactly 0 in {int(tied.sum())} of {len(tied)} channels",
        where,
        "torch.sign(0) is 0, a third value that a bit cannot hold",
        "use a sign that is +1 at 0, such as torch.where(x >= 0, 1.0, -1.0)",
    )


def two_valued(numbers: list[float]) -> Pair:
    """The pair behind one or two numbers; of one number the other is guessed, and never taken."""
    if len(numbers) == 2:
        return Pair(*numbers)
    only = numbers[0]
    return Pair(-abs(only), abs(only)) if only else Pair(0.0, 1.0)


def too_many_levels(where: str, numbers: list[float]) -> Problem:
    """The problem of an activation with more than two values."""
    shown = ", ".join(f"{number:g}" for number in numbers[:6])
    return Problem(
        "unsupported-levels",
        f"an activation takes {len(numbers)} or more different values ({shown}), not two",
        where,
        "binary layers need inputs of two values",
        "binarize with a sign, or a step between two numbers",
    )


def emit_integer(ctx: Context, chain: Chain, source: Lowered, table: IntegerTable) -> Lowered:
    """The steps on the accumulator, with pooling and the like behind them; or, failing that, before them."""
    channels = len(source.scale)
    signs = table.signs.reshape(len(table.signs), channels, -1)
    same = bool((signs == signs[:, :, :1]).all())
    directed = [rises | falls for rises, falls in zip(table.rises, table.falls, strict=True)]
    if same and all(bool(known.all()) for known in directed):
        result = _threshold(ctx, chain, source, replace(table, signs=signs[:, :, 0]))
        return moved(
            ctx, chain, result, [f & ~r for f, r in zip(table.falls, table.rises, strict=True)], table.pad
        )
    return _after_moves(ctx, chain, source, table)


def moved(ctx: Context, chain: Chain, x: Lowered, minima: list[Signs], pad: float) -> Lowered:
    """The chain's pooling, views and padding on its two-valued result."""
    waiting = list(minima)
    for node in chain.moves:
        minimum = waiting.pop(0) if kind_of(node.op) is Kind.MAX_POOL else np.zeros(1, bool)
        x = lower_move(ctx, node, x, minimum)
        if kind_of(node.op) is Kind.PAD and x.padding is not None:
            x = replace(x, padding=replace(x.padding, value=pad))
    return x


def _threshold(ctx: Context, chain: Chain, source: Lowered, table: IntegerTable) -> Lowered:
    signs = source.ordered(table.signs.T).T
    at, first = integer_steps(signs, table.low)
    origins = merged(source.origins, chain.origins)
    key = (source.name, at.tobytes(), first.tobytes())
    scale = np.full(at.shape[1], (table.pair.high - table.pair.low) / 2)
    offset = np.full(at.shape[1], table.pair.middle)
    if key not in ctx.thresholds:
        op = Threshold(
            output=ctx.derived(source.name, "sign"),
            module=where_of(ctx, chain, source),
            x=source.name,
            steps=Steps(Constant(at, origins), Constant(first, origins)),
        )
        ctx.thresholds[key] = ctx.add(op, scale, offset)
    return Lowered(ctx.thresholds[key], scale, offset, source.order)


def _after_moves(ctx: Context, chain: Chain, source: Lowered, table: IntegerTable) -> Lowered:
    """Pooling and flattening of the accumulators themselves, then the steps."""
    if chain.pads:
        raise Refused(_not_monotone(ctx, chain, source))
    x = source
    for node in chain.moves:
        falls = np.zeros(1, bool)
        if kind_of(node.op) is Kind.MAX_POOL:
            if len(x.scale) != len(source.scale):
                raise Refused(_not_monotone(ctx, chain, source))
            falls = _falling(ctx, chain, source, node)
        x = _on_accumulators(ctx, node, x, falls)
    ctx.accumulators.setdefault(x.name, ctx.accumulators[source.name])
    return _threshold(ctx, chain, x, table)


def _on_accumulators(ctx: Context, node: Node, x: Lowered, falls: Signs) -> Lowered:
    if kind_of(node.op) is Kind.MAX_POOL:
        before = ctx.expressions.value_shape(next(node.references()).id)
        return pooled(ctx, x, max_pool_window(node, before, node.shapes[0]), falls)
    return lower_move(ctx, node, x, falls)


def _falling(ctx: Context, chain: Chain, source: Lowered, node: Node) -> Signs:
    """Channels in which what `node` pools falls as the accumulator rises; refused if it does both."""
    domain = ctx.domain(source)
    assert isinstance(domain, Int)
    integers = np.arange(domain.lo, domain.hi + 1)
    rises = falls = np.ones(len(source.scale), bool)
    number = chain.pools.index(node)
    for part in chunks(len(integers), len(source.scale)):
        wider = slice(max(part.start - 1, 0), part.stop)
        _, pools = _run(chain, ctx.accumulators[source.name], integers[wider])
        change = np.diff(pools[number][:-1], axis=0)
        rises, falls = rises & (change >= 0).all(0), falls & (change <= 0).all(0)
    if not bool((rises | falls).all()):
        raise Refused(_not_monotone(ctx, chain, source))
    return np.asarray(falls & ~rises)


def _not_monotone(ctx: Context, chain: Chain, source: Lowered) -> Problem:
    return Problem(
        "pool-not-monotone",
        "a max pool stands inside a function that neither rises nor falls with its input",
        where_of(ctx, chain, source),
        "the pool can then not be moved before or behind the sign",
        "pool the convolution's own output, or the binary activations",
    )


@dataclass(frozen=True, eq=False)
class RealSteps:
    """Steps (S, C) of a real number, the sign (C,) below them, and the two numbers they stand for."""

    at: Floats
    first: NDArray[np.int8]
    pair: Pair


def emit_real(ctx: Context, chain: Chain, source: Lowered, steps: RealSteps) -> Lowered:
    """A threshold on a real value."""
    at, first, pair = steps.at, steps.first, steps.pair
    scale = np.full(at.shape[1], (pair.high - pair.low) / 2)
    offset = np.full(at.shape[1], pair.middle)
    key = (source.name, at.tobytes(), first.tobytes())
    if key not in ctx.thresholds:
        origins = merged(source.origins, chain.origins)
        op = RealThreshold(
            output=ctx.derived(source.name, "sign"),
            module=where_of(ctx, chain, source),
            x=source.name,
            at=Constant(at, origins),
            first=Constant(first, origins),
        )
        ctx.thresholds[key] = ctx.add(op, scale, offset)
    return Lowered(ctx.thresholds[key], scale, offset, source.order)


def refuse_chain(error: NotPerChannelError) -> Refused:
    """The problem of a chain that is no function of one element."""
    node = error.node
    line = f" ({node.line})" if node.line else ""
    return Refused(
        Problem("unsupported-op", f"{node.op} in front of a sign{line}", node.module, error.why.capitalize())
    )
