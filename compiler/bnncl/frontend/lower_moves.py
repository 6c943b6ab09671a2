"""Lowers what moves elements about: pooling, views, padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Problem
from bnncl.frontend.atoms import Atom
from bnncl.frontend.captured import Node
from bnncl.frontend.layout import flatten_order, ir_shape
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, Refused
from bnncl.frontend.operators import Kind, kind_of
from bnncl.frontend.recognised import Accumulator, Lowered, Padding, Rounding
from bnncl.frontend.windows import (
    average_pool_window,
    constant_padding,
    max_pool_window,
    only_read,
    slice_window,
)
from bnncl.ir.types import Binary, Float, Int
from bnncl.ir.values import Constant
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.window import Window

_WIDEST_TABLE = 1 << 26


def lower_max_pool(ctx: Context, atom: Atom, x: Lowered) -> Lowered:
    """A max pool where the value stands; of a falling function of it, the minimum."""
    _refuse_padding(atom.module, x)
    before = ctx.expressions.shape(only_read(atom))
    if isinstance(ctx.domain(x), Float) or _apart(ctx, atom, x):
        x = ctx.real(x, only_read(atom))
    return pooled(ctx, x, max_pool_window(atom, before, atom.shape), x.scale < 0)


def pooled(ctx: Context, x: Lowered, window: Window, minimum: NDArray[np.bool_]) -> Lowered:
    """A max pool of the graph's own value, taking the smallest element in the channels of `minimum`."""
    key = (x.name, window, minimum.tobytes() if minimum.any() else b"")
    if key not in ctx.pools:
        op = MaxPool(
            output=ctx.derived(x.name, "pool"),
            module=ctx.builder.value(x.name).module,
            x=x.name,
            window=window,
            minimum=Constant(minimum) if minimum.any() else None,
        )
        ctx.pools[key] = ctx.add(op, x.scale, x.offset)
    return replace(x, name=ctx.pools[key])


def lower_average_pool(ctx: Context, atom: Atom, x: Lowered) -> Lowered:
    """The sum of integers, with the divisor in its meaning; the mean of real numbers."""
    _refuse_padding(atom.module, x)
    window, divisor = average_pool_window(atom, ctx.expressions.shape(only_read(atom)))
    _check_shape(ctx, atom, x, window)
    shifted = window.pads and bool((x.offset != 0).any())
    wide = _sums_too_wide(ctx, x, window)
    if isinstance(ctx.domain(x), Float) or shifted or wide or _apart(ctx, atom, x):
        x = ctx.real(x, only_read(atom))
        op = AveragePool(
            output=ctx.derived(x.name, "mean"),
            module=atom.module or ctx.builder.value(x.name).module,
            x=x.name,
            window=window,
            divisor=divisor,
        )
        return Lowered.plain(ctx.add(op), len(x.scale), x.order)
    return _summed(ctx, x, window, divisor, atom.noisy)


def _apart(ctx: Context, atom: Atom, x: Lowered) -> bool:
    """Whether a pool behind a replay cut must read real numbers.

    Accumulators are pooled as they are only where they were made behind the cut too, and where nothing
    that can be trained stands between.
    """
    if not ctx.touches(LinComb.atom(atom.index)) or isinstance(ctx.domain(x), Binary):
        return False
    own = ctx.accumulators.get(x.name)
    raw = own is not None and np.array_equal(own.scale, x.scale) and np.array_equal(own.offset, x.offset)
    return not (raw and ctx.unfolds(only_read(atom)))


def _sums_too_wide(ctx: Context, x: Lowered, window: Window) -> bool:
    """Whether a sign behind the sum would need too large a table."""
    domain = ctx.domain(x)
    span = domain.hi - domain.lo if isinstance(domain, Int) else 2
    return span * window.taps * len(x.scale) > _WIDEST_TABLE


def _summed(ctx: Context, x: Lowered, window: Window, divisor: float, noisy: bool) -> Lowered:
    before = ctx.accumulators.get(x.name)
    exact = x.is_plain if before is None else before.exact and before.divisor == 1.0
    taps = window.taps
    accumulator = Accumulator(
        gain=x.scale,
        shift=x.offset * taps,
        divisor=divisor,
        bias=None,
        parities=_sum_parities(ctx, x, window),
        terms=taps * (1 if before is None else before.terms),
        exact=exact and not noisy,
    )
    op = SumPool(
        output=ctx.derived(x.name, "sum"),
        module=ctx.builder.value(x.name).module,
        x=x.name,
        window=window,
    )
    name = ctx.add(op, accumulator.scale, accumulator.offset)
    ctx.accumulators[name] = accumulator
    ctx.roundings[name] = Rounding(name, accumulator.terms, accumulator.exact)
    return replace(x, name=name, scale=accumulator.scale, offset=accumulator.offset)


def _sum_parities(ctx: Context, x: Lowered, window: Window) -> frozenset[int]:
    before = ctx.accumulators.get(x.name)
    known = before.parities if before else frozenset({0, 1})
    if isinstance(ctx.domain(x), Binary):
        known = frozenset({1})
    if len(known) != 1 or window.pads:
        return frozenset({0, 1})
    return frozenset({next(iter(known)) * window.taps % 2})


def _check_shape(ctx: Context, atom: Atom, x: Lowered, window: Window) -> None:
    shape = (*window.out_size(ctx.shape(x)), len(x.scale))
    if ir_shape(atom.shape) != shape:
        _refuse_view(atom, ctx.expressions.shape(only_read(atom)))


def lower_view(ctx: Context, step: Atom | Node, before: tuple[int, ...], x: Lowered) -> Lowered:
    """A view that keeps rows, columns and channels, or flattens all of them into one vector."""
    after = step.shape if isinstance(step, Atom) else step.shapes[0]
    shape = ctx.shape(x)
    if ir_shape(after) == _padded(shape, x.padding):
        return x
    check_view(step, before, after)
    _refuse_padding(step.module, x)
    op = Flatten(output=ctx.derived(x.name, "flat"), module=ctx.builder.value(x.name).module, x=x.name)
    positions = shape[0] * shape[1]
    scale, offset = np.tile(x.scale, positions), np.tile(x.offset, positions)
    name = ctx.add(op, scale, offset)
    return replace(x, name=name, scale=scale, offset=offset, order=flatten_order(shape))


def check_view(step: Atom | Node, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """Refuse a view that is neither a flatten nor the same map."""
    first, second = ir_shape(before), ir_shape(after)
    flattened = None if first is None else (1, 1, int(np.prod(first)))
    if first is None or second not in (first, flattened):
        _refuse_view(step, before)


def _refuse_view(step: Atom | Node, before: tuple[int, ...]) -> None:
    after = step.shape if isinstance(step, Atom) else step.shapes[0]
    raise Refused(
        Problem(
            "unsupported-view",
            f"{step.op} makes shape {list(after)} of {list(before)}",
            step.module,
            "only views that keep the map, or flatten it into one vector for each sample, are known",
            "use flatten(1) in front of a linear layer, and Conv1d or Conv2d layouts elsewhere",
        )
    )


def lower_slice(ctx: Context, step: Atom | Node, before: tuple[int, ...], x: Lowered) -> Lowered:
    """Every so many rows or columns: the largest element of windows of one."""
    window = slice_window(step, before, step.shape if isinstance(step, Atom) else step.shapes[0])
    if window is None:
        return x
    _refuse_padding(step.module, x)
    x = ctx.real(x) if isinstance(ctx.domain(x), Float) else x
    return pooled(ctx, x, window, np.zeros(1, bool))


def lower_pad(step: Atom | Node, x: Lowered) -> Lowered:
    """Constant padding, handed on to the next window."""
    around = constant_padding(step)
    if x.padding is not None:
        if x.padding.value != around.value:
            raise Refused(
                Problem("unsupported-padding", "padding around padding with another number", step.module)
            )
        old = x.padding
        around = Padding(
            around.top + old.top,
            around.bottom + old.bottom,
            around.left + old.left,
            around.right + old.right,
            around.value,
        )
    return replace(x, padding=around)


def lower_move(ctx: Context, node: Node, x: Lowered, minimum: NDArray[np.bool_]) -> Lowered:
    """A captured pooling, view or padding call on a value that stands for what it moved."""
    source = node.args[0]
    assert not isinstance(source, tuple)
    before = _captured_shape(ctx, node)
    kind = kind_of(node.op)
    if kind is Kind.MAX_POOL:
        _refuse_padding(node.module, x)
        return pooled(ctx, x, max_pool_window(node, before, node.shapes[0]), minimum)
    if kind is Kind.VIEW:
        return lower_view(ctx, node, before, x)
    if kind is Kind.SLICE:
        return lower_slice(ctx, node, before, x)
    return lower_pad(node, x)


def _captured_shape(ctx: Context, node: Node) -> tuple[int, ...]:
    reference = next(node.references())
    return ctx.expressions.value_shape(reference.id)


def _padded(shape: tuple[int, int, int], padding: Padding | None) -> tuple[int, int, int]:
    if padding is None:
        return shape
    height = shape[0] + padding.top + padding.bottom
    return height, shape[1] + padding.left + padding.right, shape[2]


def _refuse_padding(where: str, x: Lowered) -> None:
    if x.padding is not None:
        raise Refused(
            Problem(
                "unsupported-padding",
                "constant padding that no convolution follows",
                where,
                "padding is only known in front of a convolution",
                "give the padding to the convolution, or to the pooling layer itself",
            )
        )
