"""The forward half of a tail that learns: one rule for each traced op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Int, element_range
from bnncl.ir.values import Constant, StateArray, Value
from bnncl.ops.add import Add, RealAdd
from bnncl.ops.conv import BinaryConv, Conv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu, Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, PassMask, SignAt, SlopedUnit, TentSlope
from bnncl.ops.threshold import RealThreshold
from bnncl.passes.lower_real.rescale import make_rescale
from bnncl.passes.tail.scope import Scope, floor_log2
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.units import affine_units, sign_unit, slope_unit

_DEAD = 1e-3
"""Least standard deviation of a channel, by the root mean square of all."""


@dataclass(frozen=True, eq=False)
class Forward:
    """A tail's forward graph in integers, over the states that are trained.

    `graph` reads the cut and `states`; what is in `training` it makes for gradients alone. `exponents`,
    `slopes` and `masks` as in `Scope`.
    """

    graph: Graph
    states: tuple[StateArray, ...]
    exponents: Mapping[str, int]
    slopes: Mapping[str, Array]
    masks: Mapping[str, str]
    training: frozenset[str]


def lower_forward(tail: Graph, latents: Array, settings: TailSettings) -> Forward:
    """The TRACED `tail` in integers; ranges and statistics are those of `latents` (N, H, W, C) of ±1.

    Its one output becomes int8 of one scale, the features of a head.
    """
    tail = signs_before_pools(merged_affines(tail))
    scope = Scope(settings, run(tail, {tail.inputs[0]: latents}), behind_convolutions(tail))
    source = tail.values[tail.inputs[0]]
    scope.values[source.name] = source
    scope.names[source.name] = source.name
    scope.exponents[source.name] = 0
    for op in tail.ops:
        RULES[type(op)](scope, op)
    _narrow(scope, tail.outputs[0])
    graph = scope.finish(source, tail.outputs[0])
    training = frozenset(scope.training)
    return Forward(graph, tuple(scope.states), scope.exponents, scope.slopes, scope.masks, training)


def merged_affines(tail: Graph) -> Graph:
    """The TRACED graph with two affine maps in a row, the first read by nothing else, made one."""
    ops: list[Op] = []
    for op in tail.ops:
        before = next((each for each in ops if isinstance(op, RealAffine) and each.output == op.x), None)
        if isinstance(op, RealAffine) and isinstance(before, RealAffine) and len(tail.readers(op.x)) == 1:
            ops.remove(before)
            scale = Constant(op.scale.data * before.scale.data, before.scale.origins + op.scale.origins)
            shifted = op.scale.data * before.offset.data + op.offset.data
            offset = Constant(shifted, before.offset.origins + op.offset.origins)
            op = RealAffine(output=op.output, module=op.module, x=before.x, scale=scale, offset=offset)
        ops.append(op)
    return tail.with_ops(ops)


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


def signs_before_pools(tail: Graph) -> Graph:
    """The TRACED graph with a max pool of signs made a sign of the max: signs rise, so it is the same."""
    ops: list[Op] = []
    for op in tail.ops:
        before = ops[-1] if ops else None
        if (
            isinstance(op, MaxPool)
            and isinstance(before, RealThreshold)
            and before.output == op.x
            and len(tail.readers(op.x)) == 1
        ):
            pooled = f"{op.output}_before_sign"
            ops[-1] = MaxPool(output=pooled, module=op.module, x=before.x, window=op.window)
            op = RealThreshold(
                output=op.output, module=before.module, x=pooled, at=before.at, first=before.first
            )
        ops.append(op)
    return _with_values(tail, ops)


def _with_values(tail: Graph, ops: list[Op]) -> Graph:
    values = dict(tail.values)
    for op in ops:
        type_ = op.infer(*(values[name].type for name in op.inputs))
        if op.output not in values or values[op.output].type != type_:
            values[op.output] = Value(op.output, type_, module=op.module)
    return tail.with_ops(ops, values.values())


def _conv(scope: Scope, op: Conv) -> None:
    latent, limit = op.filter.latent, scope.settings.latent_limit
    assert latent is not None, f"{op.output} cannot be trained"
    clipped = np.clip(latent.astype(np.float64), -1, 1).reshape(op.out_channels, op.window.taps, -1)
    largest = min(1.0, 2 * float(np.abs(clipped).max()) or 1.0)
    exponent = scope.settings.q_latent - 1 - (floor_log2(largest) + (not np.log2(largest).is_integer()))
    numbers = np.clip(np.rint(clipped * 2.0**exponent), -limit, limit)
    numbers = np.where((clipped < 0) & (numbers == 0), -1, numbers)
    domain = Int(-limit, limit, scope.settings.q_latent)
    name = scope.state(f"{op.output}_w", numbers, domain, "latent", exponent, op.module)
    signs = scope.cache(name, f"{name}_signs", transposed=False)
    x = scope.of(op.x)
    pad = op.pad_value if isinstance(op, BinaryConv) else 0
    made = FilterConv(output=op.output, module=op.module, x=x, y=signs, window=op.window, pad_value=pad)
    scope.add(made, scope.exponents[x], traced=op.output)


def _affine(scope: Scope, op: RealAffine) -> None:
    scale = np.asarray(op.scale.data, np.float64)
    offset = np.asarray(op.offset.data, np.float64)
    if isinstance(scope.values[scope.of(op.x)].type.domain, Binary):
        wide = SumPool(output=f"{op.output}_wide", module=op.module, x=scope.of(op.x))
        scope.add(wide)
        _requantize(scope, op, wide.output, scale, offset, scope.exponent_for(scope.real[op.output]))
        return
    real = scope.real[op.x]
    mean, deviation = np.zeros_like(scale), np.ones_like(scale)
    if op.output in scope.normalised:
        mean, deviation = _moments(real)
        name = _normalised(scope, op, mean, deviation)
    else:
        name = _narrow(scope, op.x)
    _trained_affine(scope, op, name, scale * deviation, offset + scale * mean)


def _moments(real: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each channel; the latter at least a part of that of all."""
    mean, deviation = real.mean((0, 1, 2)), real.std((0, 1, 2))
    return mean, np.maximum(deviation, _DEAD * max(float(np.sqrt(np.square(real).mean())), 1e-6))


def _normalised(scope: Scope, op: RealAffine, mean: Array, deviation: Array) -> str:
    exponent = scope.settings.q_forward - 3
    x = scope.of(op.x)
    unit = 2.0 ** -scope.exponents[x]
    factor, shift = 2.0**exponent * unit / deviation, -mean / deviation * 2.0**exponent
    span = element_range(scope.values[x].type.domain)
    top = scope.settings.top
    rescale = make_rescale(factor, shift, span, (-top, top), 8)
    made = Requantize(output=f"{op.output}_normal", module=op.module, x=x, rescale=rescale)
    scope.slopes[made.output] = 1 / deviation
    return scope.add(made, exponent)


def _trained_affine(scope: Scope, op: RealAffine, x: str, scale: Array, offset: Array) -> None:
    settings = scope.settings
    real = scope.real[op.output]
    units = affine_units(
        settings, scope.exponents[x], scope.exponent_for(real), (scale, offset), float(np.abs(real).max())
    )
    limit = Int(-settings.parameter_limit, settings.parameter_limit, 16)
    parameters = []
    for kind, numbers, exponent in (("scale", scale, units.scale), ("offset", offset, units.offset)):
        numbers = np.rint(numbers * 2.0**exponent)
        parameters.append(
            scope.state(f"{op.output}_{kind}", numbers, limit, "parameter", exponent, op.module)
        )
    made = ChannelAffine(
        output=op.output,
        module=op.module,
        x=x,
        scale=parameters[0],
        offset=parameters[1],
        shift=units.shift,
        offset_shift=units.offset_shift,
        lo=-settings.top,
        hi=settings.top,
        bits=8,
    )
    scope.add(made, units.out, traced=op.output)


def _requantize(
    scope: Scope, op: Op, x: str, scale: Array, offset: Array, exponent: int, lo: float = -np.inf
) -> str:
    """A frozen map of `x` to values in units of 2**-exponent."""
    top, unit = scope.settings.top, 2.0**exponent
    span = element_range(scope.values[x].type.domain)
    rescale = make_rescale(scale * unit, offset * unit, span, (int(max(-top, lo)), top), 8)
    made = Requantize(output=f"{op.output}_q", module=op.module, x=x, rescale=rescale)
    scope.slopes[made.output] = scale * 2.0 ** scope.exponents[x]
    return scope.add(made, exponent, traced=op.output)


def _narrow(scope: Scope, traced: str) -> str:
    """The value that carries `traced`, brought to 8 bits."""
    name = scope.of(traced)
    domain = scope.values[name].type.domain
    if isinstance(domain, Int) and domain.bits == 8 and domain.signed:
        return name
    op = next(each for each in scope.ops if each.output == name)
    channels = scope.values[name].type.channels
    scale = np.full(channels, 2.0 ** -scope.exponents[name])
    exponent = scope.exponent_for(scope.real[traced])
    made = _requantize(scope, op, name, scale, np.zeros(channels), exponent)
    scope.names[traced] = made
    return made


def _add(scope: Scope, op: RealAdd) -> None:
    settings = scope.settings
    x, y = _narrow(scope, op.x), _narrow(scope, op.y)
    channels = scope.values[x].type.channels
    finest = max(scope.exponents[x], scope.exponents[y])
    exponent = min(scope.exponent_for(scope.real[op.output]), finest)
    shift = finest - exponent
    multipliers = [np.full(channels, 1 << (finest - scope.exponents[each])) for each in (x, y)]
    made = Add(
        output=op.output,
        module=op.module,
        x=x,
        y=y,
        x_multiplier=Constant(multipliers[0].astype(np.int32)),
        y_multiplier=Constant(multipliers[1].astype(np.int32)),
        bias=Constant(np.full(channels, 1 << shift >> 1, np.int32)),
        shift=Constant(np.full(channels, shift, np.uint8)),
        lo=-settings.top,
        hi=settings.top,
        bits=8,
    )
    scope.add(made, exponent, traced=op.output)


def _prelu(scope: Scope, op: RealPRelu) -> None:
    x, settings = _narrow(scope, op.x), scope.settings
    slopes = [("slope", op.slope), *([("positive", op.positive)] if op.positive is not None else [])]
    limit = Int(-settings.parameter_limit, settings.parameter_limit, 16)
    exponent = slope_unit(settings, [np.asarray(each.data, np.float64) for _, each in slopes])
    names = []
    for kind, held in slopes:
        numbers = np.rint(np.asarray(held.data, np.float64) * 2.0**exponent)
        names.append(scope.state(f"{op.output}_{kind}", numbers, limit, "parameter", exponent, op.module))
    made = SlopedUnit(
        output=op.output,
        module=op.module,
        x=x,
        slope=names[0],
        shift=exponent,
        lo=-settings.top,
        hi=settings.top,
        positive=names[1] if names[1:] else None,
    )
    scope.add(made, scope.exponents[x], traced=op.output)


def _sign(scope: Scope, op: RealThreshold) -> None:
    settings, x = scope.settings, _narrow(scope, op.x)
    offset = -np.asarray(op.at.data[0], np.float64)
    unit = sign_unit(settings, scope.exponents[x], offset)
    shift = unit - scope.exponents[x]
    limit = Int(-settings.parameter_limit, settings.parameter_limit, 16)
    numbers = np.rint(offset * 2.0**unit)
    at = scope.state(f"{op.output}_at", numbers, limit, "parameter", unit, op.module)
    if settings.ste != "identity":
        mask: Op = PassMask(
            output=f"{op.output}_passes",
            module=op.module,
            x=x,
            offset=at,
            shift=shift,
            lo=-(1 << unit),
            hi=1 << unit,
        )
        if settings.ste == "approxsign":
            mask = TentSlope(output=f"{op.output}_tent", module=op.module, x=x, y=at, shift=shift, one=unit)
        scope.masks[op.output] = scope.add(mask)
        scope.training.add(mask.output)
    scope.add(SignAt(output=op.output, module=op.module, x=x, y=at, shift=shift), traced=op.output)


def _clamp(scope: Scope, op: RealClamp) -> None:
    """A clamp keeps the unit; its mask says where the number was inside."""
    x = scope.of(op.x)
    exponent, type_ = scope.exponents[x], scope.values[x].type
    low, high = element_range(type_.domain)
    lo = max(low, int(np.ceil(max(op.lo, -(2.0**30)) * 2.0**exponent)))
    hi = min(high, int(np.floor(min(op.hi, 2.0**30) * 2.0**exponent)))
    mask = PassMask(output=f"{op.output}_inside", module=op.module, x=x, lo=lo, hi=hi)
    scope.masks[f"{op.output}_q"] = scope.add(mask)
    scope.training.add(mask.output)
    channels = type_.channels
    ones, zeros = np.ones(channels), np.zeros(channels)
    bits = 16 if max(-lo, hi) < 2**15 else 8
    if bits == 8:
        exponent = scope.exponent_for(scope.real[op.output])
    unit = 2.0 ** (exponent - scope.exponents[x])
    clamp = (int(np.rint(lo * unit)), int(np.rint(hi * unit)))
    if bits == 8:
        clamp = (max(clamp[0], -scope.settings.top), min(clamp[1], scope.settings.top))
    rescale = make_rescale(ones * unit, zeros, (low, high), clamp, bits)
    made = Requantize(output=f"{op.output}_q", module=op.module, x=x, rescale=rescale)
    scope.slopes[made.output] = ones
    scope.add(made, exponent, traced=op.output)


def _average(scope: Scope, op: AveragePool) -> None:
    x = _narrow(scope, op.x)
    sums = SumPool(output=f"{op.output}_sum", module=op.module, x=x, window=op.window)
    scope.add(sums, scope.exponents[x])
    channels = scope.values[x].type.channels
    scale = np.full(channels, 2.0 ** -scope.exponents[x] / op.divisor)
    exponent = scope.exponent_for(scope.real[op.output])
    _requantize(scope, op, sums.output, scale, np.zeros(channels), exponent)


def _sum(scope: Scope, op: SumPool) -> None:
    x = scope.of(op.x) if scope.exponents[scope.of(op.x)] == 0 else _narrow(scope, op.x)
    made = SumPool(output=op.output, module=op.module, x=x, window=op.window)
    scope.add(made, scope.exponents[x], traced=op.output)


def _max(scope: Scope, op: MaxPool) -> None:
    x = scope.of(op.x)
    made = MaxPool(output=op.output, module=op.module, x=x, window=op.window)
    scope.add(made, scope.exponents[x], traced=op.output)


def _flatten(scope: Scope, op: Flatten) -> None:
    x = scope.of(op.x)
    scope.add(Flatten(output=op.output, module=op.module, x=x), scope.exponents[x], traced=op.output)


RULES: Final[Mapping[type[Op], Callable[[Scope, Op], None]]] = {
    BinaryConv: _conv,  # type: ignore[dict-item]
    RealConv: _conv,  # type: ignore[dict-item]
    RealAffine: _affine,  # type: ignore[dict-item]
    RealAdd: _add,  # type: ignore[dict-item]
    RealPRelu: _prelu,  # type: ignore[dict-item]
    RealThreshold: _sign,  # type: ignore[dict-item]
    RealClamp: _clamp,  # type: ignore[dict-item]
    AveragePool: _average,  # type: ignore[dict-item]
    SumPool: _sum,  # type: ignore[dict-item]
    MaxPool: _max,  # type: ignore[dict-item]
    Flatten: _flatten,  # type: ignore[dict-item]
}
"""How each traced op becomes integer ones."""
