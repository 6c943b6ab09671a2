"""The backward half of a tail: one rule for each forward op, graph to graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, element_range
from bnncl.ir.values import Constant
from bnncl.ops.add import Add
from bnncl.ops.elementwise import Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.tail.backward import (
    ChannelMultiple,
    ChannelProduct,
    FilterInputGradient,
    Masked,
    MaxPoolGradient,
    Product,
    SlopeGradient,
    SumPoolGradient,
    Unflatten,
    reach,
)
from bnncl.ops.tail.forward import TENT_BITS, ChannelAffine, FilterConv, SignAt, SlopedUnit
from bnncl.ops.tail.parameters import (
    MOST,
    NARROW_SUM,
    WIDE_SUM,
    AccumulateFilter,
    AccumulateFilterNarrow,
    ChannelDot,
    ChannelSum,
    Part,
)
from bnncl.passes.tail.scope import floor_log2
from bnncl.passes.tail.sweep import Gradient, Sweep, power_of_two

_FACTOR_BITS = 14


def sweep_back(sweep: Sweep) -> None:
    """Gradients of everything trained, from the ends of the forward graph to its start."""
    for op in reversed(sweep.forward.graph.ops):
        rule = RULES.get(type(op))
        gradient = sweep.of(op.output) if rule is not None else None
        if rule is not None and gradient is not None:
            rule(sweep, op, gradient)


def _affine(sweep: Sweep, op: ChannelAffine, g: Gradient) -> None:
    _dot(sweep, op, op.scale, g)
    total = sweep.add(ChannelSum(output=f"{op.offset}_g", module=op.module, x=g.name))
    sweep.parameter(op.offset, Gradient(total, g.exponent, g.bias), op.module)
    if sweep.wants(op.x):
        wide = ChannelProduct(output=f"{op.output}_g_x", module=op.module, x=g.name, y=op.scale)
        bias = g.bias - sweep.exponent_of(op.scale)
        sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, bias, op.module))


def _dot(sweep: Sweep, op: Op, state: str, g: Gradient, part: Part = "all") -> None:
    """The gradient of what multiplies the input of `op`; products lose bits lest their sum overflow."""
    x = op.inputs[0]
    types = sweep.type_of(g.name), sweep.type_of(x)
    height, width, _ = types[0].shape
    shift = 0
    while ((reach(types[0]) * reach(types[1]) >> shift) + 1) * height * width > MOST:
        shift += 1
    made = ChannelDot(output=f"{state}_g", module=op.module, x=g.name, y=x, shift=shift, part=part)
    bias = g.bias - sweep.exponent_of(x) + shift
    sweep.parameter(state, Gradient(sweep.add(made), g.exponent, bias), op.module)


def _slopes(sweep: Sweep, op: SlopedUnit, g: Gradient) -> None:
    _dot(sweep, op, op.slope, g, "negative")
    if op.positive is not None:
        _dot(sweep, op, op.positive, g, "positive")
    if sweep.wants(op.x):
        wide = SlopeGradient(
            output=f"{op.output}_g_x",
            module=op.module,
            x=g.name,
            of=op.x,
            slope=op.slope,
            shift=op.shift,
            positive=op.positive,
        )
        sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, g.bias - op.shift, op.module))


def _sign(sweep: Sweep, op: SignAt, g: Gradient) -> None:
    inner = _masked(sweep, op, g)
    total = sweep.add(ChannelSum(output=f"{op.y}_g", module=op.module, x=inner.name))
    sweep.parameter(op.y, Gradient(total, inner.exponent, inner.bias), op.module)
    sweep.give(op.x, inner)


def _masked(sweep: Sweep, op: Op, g: Gradient) -> Gradient:
    mask = sweep.forward.masks.get(op.output)
    if mask is None:
        return g
    if isinstance(sweep.type_of(mask).domain, Binary):
        made = Masked(output=f"{op.output}_g_in", module=op.module, x=g.name, y=mask)
        return Gradient(sweep.add(made), g.exponent, g.bias)
    wide = sweep.add(Product(output=f"{op.output}_g_in", module=op.module, x=g.name, y=mask))
    return sweep.narrow(wide, g.exponent, g.bias - TENT_BITS, op.module)


def _requantize(sweep: Sweep, op: Requantize, g: Gradient) -> None:
    if not sweep.wants(op.x):
        return
    g = _masked(sweep, op, g)
    slopes = np.asarray(sweep.forward.slopes[op.output], np.float64)
    common = power_of_two(slopes)
    if common is not None:
        sweep.give(op.x, Gradient(g.name, g.exponent, g.bias + common))
        return
    shift = _FACTOR_BITS - floor_log2(float(np.abs(slopes).max()))
    factor = np.clip(np.rint(slopes * 2.0**shift), -(2**15) + 1, 2**15 - 1).astype(np.int16)
    wide = ChannelMultiple(output=f"{op.output}_g_x", module=op.module, x=g.name, factor=Constant(factor))
    sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, g.bias - shift, op.module))


def _conv(sweep: Sweep, op: FilterConv, g: Gradient) -> None:
    latent = next(state.of for state in sweep.forward.states if state.name == op.y)
    _filter_sum(sweep, op, latent, g)
    if sweep.wants(op.x):
        in_h, in_w, _ = sweep.type_of(op.x).shape
        signs = sweep.transposed(latent, op.module)
        wide = FilterInputGradient(
            output=f"{op.output}_g_x",
            module=op.module,
            x=g.name,
            y=signs,
            window=op.window,
            in_h=in_h,
            in_w=in_w,
        )
        sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, g.bias, op.module))


def _filter_sum(sweep: Sweep, op: FilterConv, latent: str, g: Gradient) -> None:
    """Sum up the gradient of a filter, of a few samples in 16 bits; the exponent is calibrated later."""
    narrow = sweep.settings.accumulate > 0
    kind, domain = (AccumulateFilterNarrow, NARROW_SUM) if narrow else (AccumulateFilter, WIDE_SUM)
    made = kind(
        output=f"{latent}_sum_new",
        module=op.module,
        acc=sweep.sum_for(latent, op.module, domain),
        x=op.x,
        gradient=g.name,
        gradient_exponent=g.exponent,
        bias=g.bias - sweep.exponent_of(op.x),
        exponent=0,
        limit=domain.hi if narrow else _limit_of_each(sweep, op),
        window=op.window,
        pad_value=op.pad_value,
    )
    sweep.add(made)


def _limit_of_each(sweep: Sweep, op: FilterConv) -> int:
    """What each gradient of the output of `op` saturates at, such that no sum of a minibatch overflows."""
    height, width, _ = sweep.type_of(op.output).shape
    largest = max(map(abs, element_range(sweep.type_of(op.x).domain)))
    most = MOST // (sweep.settings.samples * height * width * largest)
    bits = sweep.settings.q_latent if most >= sweep.settings.latent_limit else floor_log2(most + 1) + 1
    return int((1 << (bits - 1)) - 1)


def _add(sweep: Sweep, op: Add, g: Gradient) -> None:
    for name in op.inputs:
        sweep.give(name, g)


def _sum_pool(sweep: Sweep, op: SumPool, g: Gradient) -> None:
    if sweep.wants(op.x):
        in_h, in_w, _ = sweep.type_of(op.x).shape
        wide = SumPoolGradient(
            output=f"{op.output}_g_x", module=op.module, x=g.name, window=op.window, in_h=in_h, in_w=in_w
        )
        sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, g.bias, op.module))


def _max_pool(sweep: Sweep, op: MaxPool, g: Gradient) -> None:
    if sweep.wants(op.x):
        wide = MaxPoolGradient(
            output=f"{op.output}_g_x", module=op.module, x=g.name, y=op.x, window=op.window
        )
        sweep.give(op.x, sweep.narrow(sweep.add(wide), g.exponent, g.bias, op.module))


def _flatten(sweep: Sweep, op: Flatten, g: Gradient) -> None:
    height, width, _ = sweep.type_of(op.x).shape
    made = Unflatten(output=f"{op.output}_g_x", module=op.module, x=g.name, height=height, width=width)
    sweep.give(op.x, Gradient(sweep.add(made), g.exponent, g.bias))


RULES: Final[Mapping[type[Op], Callable[[Sweep, Any, Gradient], None]]] = {
    ChannelAffine: _affine,
    SlopedUnit: _slopes,
    SignAt: _sign,
    Requantize: _requantize,
    FilterConv: _conv,
    Add: _add,
    SumPool: _sum_pool,
    MaxPool: _max_pool,
    Flatten: _flatten,
}
"""How the gradient of each op's output becomes those of its inputs and parameters."""
