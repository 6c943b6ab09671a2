"""Lowers what joins several values: sums, where a shortcut ends, and channels side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem
from bnncl.frontend.atoms import Atom
from bnncl.frontend.layout import Order
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, Refused, unsupported
from bnncl.frontend.recognised import Lowered, merged
from bnncl.ops.add import RealAdd
from bnncl.ops.concat import RealConcat


def lower_sum(ctx: Context, terms: list[tuple[Lowered, float]], module: str) -> Lowered:
    """The sum of values times factors; functions of one value of the graph are joined without an op."""
    joined: dict[str, Lowered] = {}
    for lowered, factor in terms:
        part = lowered.mapped(factor, 0.0)
        known = joined.get(part.name)
        _check(part, known or next(iter(joined.values()), part), module)
        joined[part.name] = part if known is None else _joined(known, part)
    total, *others = joined.values()
    for other in others:
        total = _added(ctx, total, other, module)
    return total


def concatenated(atom: Atom) -> tuple[LinComb, ...]:
    """The values whose channels `atom` puts side by side; refused if it joins them otherwise."""
    parts = atom.operands[0]
    dim = atom.operands[1] if len(atom.operands) > 1 else atom.named.get("dim", 0)
    assert isinstance(dim, int)
    assert isinstance(parts, tuple)
    found = tuple(part for part in parts if isinstance(part, LinComb) and part.terms)
    if dim % len(atom.shape) != 1 or len(found) != len(parts):
        why = "only the channels of several values can be put side by side"
        raise unsupported(atom, f"{atom.op} along dimension {dim}", why)
    return found


def lower_concat(ctx: Context, parts: list[Lowered], module: str) -> Lowered:
    """The channels of all parts, in order."""
    plain = [ctx.real(part) for part in parts]
    for part in plain:
        _check(part, plain[0], module)
        if part.order is not None:
            message = "a flattened map beside other channels"
            raise Refused(Problem("unsupported-op", message, module, "its elements are in another order"))
    total, *others = plain
    for other in others:
        stem = module or ctx.builder.value(total.name).module
        op = RealConcat(output=ctx.name(f"{stem}_cat"), module=module, x=total.name, y=other.name)
        total = Lowered.plain(ctx.add(op), len(total.scale) + len(other.scale))
    return total


def _joined(one: Lowered, other: Lowered) -> Lowered:
    origins = merged(one.origins, other.origins)
    return replace(one, scale=one.scale + other.scale, offset=one.offset + other.offset, origins=origins)


def _added(ctx: Context, one: Lowered, other: Lowered, module: str) -> Lowered:
    first, second = ctx.real(one), ctx.real(other)
    stem = module or ctx.builder.value(first.name).module
    op = RealAdd(output=ctx.name(f"{stem}_sum"), module=module, x=first.name, y=second.name)
    return Lowered.plain(ctx.add(op), len(first.scale), first.order)


def _equal(one: Order | None, other: Order | None) -> bool:
    return one is not None and other is not None and np.array_equal(one, other)


def _check(one: Lowered, other: Lowered, module: str) -> None:
    if one.padding is not None or other.padding is not None:
        message = "constant padding that no convolution follows, but a sum"
        raise Refused(Problem("unsupported-padding", message, module))
    orders = one.order, other.order
    if not (orders[0] is orders[1] or _equal(*orders)):
        message = "a sum of a flattened map and a vector that is none"
        why = "their elements are stored in different orders"
        raise Refused(Problem("unsupported-op", message, module, why))
