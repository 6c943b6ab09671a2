"""How each traced op of a tail becomes integer ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Int, element_range
from bnncl.ir.values import Constant
from bnncl.ops.add import Add, RealAdd
from bnncl.ops.conv import BinaryConv, Conv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu, Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, PassMask, SignAt, SlopedUnit, TentSlope
from bnncl.ops.threshold import RealThreshold
from bnncl.passes.lower_real.rescale import make_rescale
from bnncl.passes.tail.scope import Scope, floor_log2
from bnncl.passes.tail.units import affine_units, latent_unit, sign_unit, slope_unit

_DEAD = 2.0**-6
"""Least standard deviation of a channel, by the root mean square of all."""

_FAR = 2.0**30
_SPREAD_BITS = 3
"""A normalised number of q bits counts in units of 2**-(q - 3): it holds four deviations to either side."""


def _conv(scope: Scope, op: Conv) -> None:
    latent = op.filter.latent
    assert latent is not None, f"{op.output} cannot be trained"
    clipped = np.clip(latent.astype(np.float64), -1, 1).reshape(op.out_channels, op.window.taps, -1)
    if scope.settings.rule == "sign":
        clipped = np.where(clipped < 0, -1.0, 1.0)
    unit = latent_unit(clipped, scope.settings.q_latent)
    numbers = np.rint(clipped * 2.0**unit)
    name = scope.latent(op, np.where((clipped < 0) & (numbers == 0), -1, numbers), unit)
    signs = scope.cache(name, f"{name}_signs", transposed=False)
    x = scope.of(op.x)
    pad = op.pad_value if isinstance(op, BinaryConv) else 0
    made = FilterConv(output=op.output, module=op.module, x=x, y=signs, window=op.window, pad_value=pad)
    scope.add(made, scope.exponents[x], traced=op.output)


def _affine(scope: Scope, op: RealAffine) -> None:
    scale = np.asarray(op.scale.data, np.float64)
    offset = np.asarray(op.offset.data, np.float64)
    if isinstance(scope.values[scope.of(op.x)].type.domain, Binary):
        _affine_of_bits(scope, op, scale, offset)
        return
    real = scope.real[op.x]
    mean, deviation = np.zeros_like(scale), np.ones_like(scale)
    if op.output in scope.normalised:
        mean, deviation = _moments(real)
        name = _normalised(scope, op, mean, deviation)
    else:
        name = narrow(scope, op.x)
    _trained_affine(scope, op, name, scale * deviation, offset + scale * mean)


def _affine_of_bits(scope: Scope, op: RealAffine, scale: Array, offset: Array) -> None:
    """What stands for real numbers beside a cut is frozen; what has parameters of the model learns."""
    wide = SumPool(output=f"{op.output}_wide", module=op.module, x=scope.of(op.x))
    scope.add(wide)
    if op.scale.origins or op.offset.origins:
        same = np.ones_like(scale), np.zeros_like(offset)
        bits = _requantize(scope, op, wide.output, same, scope.exponent_for(scope.real[op.x]))
        _trained_affine(scope, op, bits, scale, offset)
    else:
        _requantize(scope, op, wide.output, (scale, offset), scope.exponent_for(scope.real[op.output]))


def _moments(real: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each channel; the latter at least a part of that of all."""
    mean, deviation = real.mean((0, 1, 2)), real.std((0, 1, 2))
    return mean, np.maximum(deviation, _DEAD * max(float(np.sqrt(np.square(real).mean())), 1e-6))


def _normalised(scope: Scope, op: RealAffine, mean: Array, deviation: Array) -> str:
    exponent = scope.settings.q_forward - _SPREAD_BITS
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
    parameters = [
        scope.parameter(op, "scale", scale, units.scale),
        scope.parameter(op, "offset", offset, units.offset),
    ]
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


def _requantize(scope: Scope, op: Op, x: str, to: tuple[Array, Array], exponent: int) -> str:
    """A frozen map of `x`, by real scale and offset, to values in units of 2**-exponent."""
    top, unit = scope.settings.top, 2.0**exponent
    span = element_range(scope.values[x].type.domain)
    rescale = make_rescale(to[0] * unit, to[1] * unit, span, (-top, top), 8)
    made = Requantize(output=f"{op.output}_q", module=op.module, x=x, rescale=rescale)
    scope.slopes[made.output] = to[0] * 2.0 ** scope.exponents[x]
    return scope.add(made, exponent, traced=op.output)


def narrow(scope: Scope, traced: str) -> str:
    """The value that carries `traced`, brought to 8 bits."""
    name = scope.of(traced)
    domain = scope.values[name].type.domain
    if isinstance(domain, Int) and domain.bits == 8 and domain.signed:
        return name
    op = next(each for each in scope.ops if each.output == name)
    if isinstance(domain, Binary):
        name = scope.add(SumPool(output=f"{name}_wide", module=op.module, x=name))
    channels = scope.values[name].type.channels
    scale = np.full(channels, 2.0 ** -scope.exponents[name])
    exponent = scope.exponent_for(scope.real[traced])
    made = _requantize(scope, op, name, (scale, np.zeros(channels)), exponent)
    scope.names[traced] = made
    return made


def _add(scope: Scope, op: RealAdd) -> None:
    settings = scope.settings
    x, y = narrow(scope, op.x), narrow(scope, op.y)
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
    x, settings = narrow(scope, op.x), scope.settings
    slopes = [("slope", op.slope), *([("positive", op.positive)] if op.positive is not None else [])]
    exponent = slope_unit(settings, [np.asarray(each.data, np.float64) for _, each in slopes])
    names = [scope.parameter(op, kind, np.asarray(held.data, np.float64), exponent) for kind, held in slopes]
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
    settings, x = scope.settings, narrow(scope, op.x)
    offset = -np.asarray(op.at.data[0], np.float64)
    unit = sign_unit(settings, scope.exponents[x], offset)
    shift = unit - scope.exponents[x]
    at = scope.parameter(op, "at", offset, unit)
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
    """A clamp, in 16 bits where it is of an accumulator; its mask: inside, ends included."""
    x = scope.of(op.x)
    type_, inner = scope.values[x].type, scope.exponents[x]
    assert isinstance(type_.domain, Int)
    span = element_range(type_.domain)
    low = max(span[0], int(np.ceil(max(op.lo, -_FAR) * 2.0**inner)))
    high = min(span[1], int(np.floor(min(op.hi, _FAR) * 2.0**inner)))
    mask = PassMask(output=f"{op.output}_inside", module=op.module, x=x, lo=low, hi=high)
    scope.masks[f"{op.output}_q"] = scope.add(mask)
    scope.training.add(mask.output)
    bits, top = (8, scope.settings.top) if type_.domain.bits == 8 else (16, 2**15 - 1)
    finest = floor_log2(top / max(-low, high, 1)) + inner
    exponent = inner if type_.domain.bits == 8 else min(inner, finest)
    unit = 2.0 ** (exponent - inner)
    clamp = (max(-top, round(low * unit)), min(top, round(high * unit)))
    ones = np.ones(type_.channels)
    rescale = make_rescale(ones * unit, 0 * ones, span, clamp, bits)
    made = Requantize(output=f"{op.output}_q", module=op.module, x=x, rescale=rescale)
    scope.slopes[made.output] = ones
    scope.add(made, exponent, traced=op.output)


def _average(scope: Scope, op: AveragePool) -> None:
    x = narrow(scope, op.x)
    sums = SumPool(output=f"{op.output}_sum", module=op.module, x=x, window=op.window)
    scope.add(sums, scope.exponents[x])
    channels = scope.values[x].type.channels
    scale = np.full(channels, 2.0 ** -scope.exponents[x] / op.divisor)
    exponent = scope.exponent_for(scope.real[op.output])
    _requantize(scope, op, sums.output, (scale, np.zeros(channels)), exponent)


def _sum(scope: Scope, op: SumPool) -> None:
    x = scope.of(op.x) if scope.exponents[scope.of(op.x)] == 0 else narrow(scope, op.x)
    made = SumPool(output=op.output, module=op.module, x=x, window=op.window)
    scope.add(made, scope.exponents[x], traced=op.output)


def _max(scope: Scope, op: MaxPool) -> None:
    x = scope.of(op.x)
    made = MaxPool(output=op.output, module=op.module, x=x, window=op.window)
    scope.add(made, scope.exponents[x], traced=op.output)


def _flatten(scope: Scope, op: Flatten) -> None:
    x = scope.of(op.x)
    scope.add(Flatten(output=op.output, module=op.module, x=x), scope.exponents[x], traced=op.output)


RULES: Final[Mapping[type[Op], Callable[[Scope, Any], None]]] = {
    BinaryConv: _conv,
    RealConv: _conv,
    RealAffine: _affine,
    RealAdd: _add,
    RealPRelu: _prelu,
    RealThreshold: _sign,
    RealClamp: _clamp,
    AveragePool: _average,
    SumPool: _sum,
    MaxPool: _max,
    Flatten: _flatten,
}
"""How each traced op becomes integer ones."""
