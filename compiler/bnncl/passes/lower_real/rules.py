"""One lowering rule per real op: `rule(scope, op)` appends integer ops and says what carries the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import INT32_MIN, Float, Int, element_range
from bnncl.ir.values import Constant, Meaning
from bnncl.ops.add import RealAdd
from bnncl.ops.concat import Concat, RealConcat
from bnncl.ops.conv import FixedConv, RealConv
from bnncl.ops.elementwise import PRelu, RealAffine, RealClamp, RealPRelu
from bnncl.ops.epilogue import NEVER, Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.threshold import RealThreshold, Threshold
from bnncl.passes.lower_real.add import lower_add
from bnncl.passes.lower_real.filters import effective_bits, quantise_filter
from bnncl.passes.lower_real.rescale import is_common
from bnncl.passes.lower_real.scope import Scope

_NEARLY = 1 - 2**-14
"""A scale that a power of two was chosen for may miss the peak by a rounding."""


def _conv(scope: Scope, op: RealConv) -> None:
    first = scope.is_input(op.x)
    scope.narrow(op.x)
    x = scope.value_of(op.x)
    bits = scope.widths.first_filter if first else scope.widths.filter
    made = quantise_filter(op, x.type, scope.meaning_of(op.x), bits)
    origins = op.filter.origins + (() if op.bias is None else op.bias.origins)
    lowered = FixedConv(
        output=op.output,
        module=op.module,
        x=x.name,
        window=op.window,
        filter=Constant(made.filter, op.filter.origins, frozen_because="real-valued filter"),
        bias=Constant(made.bias, origins),
        filter_bits=effective_bits(made.filter),
    )
    scope.add(lowered, Meaning(made.scale, np.zeros_like(made.scale)), traced=op.output)


def _affine(scope: Scope, op: RealAffine) -> None:
    meaning = scope.meaning_of(op.x)
    scale = op.scale.data * meaning.scale
    offset = op.scale.data * meaning.offset + op.offset.data
    scope.carry(op.output, scope.name_of(op.x), Meaning(np.asarray(scale), np.asarray(offset)))


def _clamp(scope: Scope, op: RealClamp) -> None:
    low, high = scope.span(op.output, scope.widths.activation)
    limits = (op.lo if np.isfinite(op.lo) else low, op.hi if np.isfinite(op.hi) else high)
    scope.carry(op.output, scope.name_of(op.x), scope.meaning_of(op.x))
    scope.requantised(op.output, op.output, limits, scope.widths.activation)


def _prelu(scope: Scope, op: RealPRelu) -> None:
    bits = scope.widths.activation
    peak = max(abs(end) for name in (op.x, op.output) for end in scope.span(name, bits))
    scope.carry(op.output, scope.name_of(op.x), scope.meaning_of(op.x))
    if not _holds(scope, op.output, peak):
        scope.requantised(op.output, f"{op.output}_in", (-peak, peak), bits)
    x, meaning = scope.value_of(op.output), scope.meaning_of(op.output)
    assert isinstance(x.type.domain, Int)
    slopes = [op.slope] if op.positive is None else [op.slope, op.positive]
    steepest = max(float(np.abs(each.data).max()) for each in slopes)
    shift = int(np.clip(14 - np.floor(np.log2(max(steepest, 2**-4))), 1, 15))
    lowered = PRelu(
        output=op.output,
        module=op.module,
        x=x.name,
        slope=_fixed_slope(op.slope, shift, x.type.channels),
        positive=None if op.positive is None else _fixed_slope(op.positive, shift, x.type.channels),
        shift=shift,
        lo=x.type.domain.lo,
        hi=x.type.domain.hi,
    )
    scope.add(lowered, meaning, traced=op.output)


def _holds(scope: Scope, traced: str, peak: float) -> bool:
    """Whether `traced` is carried by the activations' bits with one scale, zero at q = 0, up to +-peak."""
    domain, meaning = scope.value_of(traced).type.domain, scope.meaning_of(traced)
    if not isinstance(domain, Int) or domain.bits != scope.widths.activation or not is_common(meaning):
        return False
    return min(-domain.lo, domain.hi) * float(meaning.scale.flat[0]) >= peak * _NEARLY


def _fixed_slope(slope: Constant, shift: int, channels: int) -> Constant:
    fixed = np.clip(np.rint(slope.data * 2.0**shift), -(2**15), 2**15 - 1).astype(np.int16)
    return Constant(np.broadcast_to(fixed, channels).copy(), slope.origins)


def _average(scope: Scope, op: AveragePool) -> None:
    if op.window.pads and scope.meaning_of(op.x).offset.any():
        scope.narrow(op.x, common=True)
    scope.narrow_for_sum(op.x, op.window.taps)
    meaning = scope.meaning_of(op.x)
    summed = Meaning(meaning.scale / op.divisor, meaning.offset * op.window.taps / op.divisor)
    pool = SumPool(output=op.output, module=op.module, x=scope.name_of(op.x), window=op.window)
    scope.add(pool, summed, traced=op.output)


def _max_pool(scope: Scope, op: MaxPool) -> None:
    if not isinstance(scope.graph.type_of(op.x).domain, Float):
        scope.keep(replace(op, x=scope.name_of(op.x)))
        return
    meaning, channels = scope.meaning_of(op.x), scope.value_of(op.x).type.channels
    falling: Array = np.broadcast_to(meaning.scale < 0, channels).copy()
    if op.minimum is not None:
        falling ^= op.minimum.data.astype(bool)
    minimum = Constant(falling) if falling.any() else None
    scope.add(replace(op, x=scope.name_of(op.x), minimum=minimum), meaning, traced=op.output)


def _concat(scope: Scope, op: RealConcat) -> None:
    for name in op.inputs:
        scope.narrow_signed(name)
    scales, offsets = [], []
    for name in op.inputs:
        meaning, channels = scope.meaning_of(name), scope.value_of(name).type.channels
        scales.append(np.broadcast_to(meaning.scale, channels))
        offsets.append(np.broadcast_to(meaning.offset, channels))
    x, y = (scope.name_of(name) for name in op.inputs)
    joined = Concat(output=op.output, module=op.module, x=x, y=y)
    scope.add(joined, Meaning(np.concatenate(scales), np.concatenate(offsets)), traced=op.output)


def _flatten(scope: Scope, op: Flatten) -> None:
    if not isinstance(scope.graph.type_of(op.x).domain, Float):
        scope.keep(replace(op, x=scope.name_of(op.x)))
        return
    meaning, shape = scope.meaning_of(op.x), scope.value_of(op.x).type.shape
    tiled = Meaning(*(_tile(part, shape[0] * shape[1], shape[2]) for part in (meaning.scale, meaning.offset)))
    scope.add(replace(op, x=scope.name_of(op.x)), tiled, traced=op.output)


def _tile(per_channel: Array, pixels: int, channels: int) -> Array:
    return per_channel if per_channel.size == 1 else np.tile(np.broadcast_to(per_channel, channels), pixels)


def _real_threshold(scope: Scope, op: RealThreshold) -> None:
    x, meaning = scope.value_of(op.x), scope.meaning_of(op.x)
    steps = integer_steps(op, x.type.channels, meaning, element_range(x.type.domain))
    scope.keep(Threshold(output=op.output, module=op.module, x=x.name, steps=steps))


def integer_steps(op: RealThreshold, channels: int, meaning: Meaning, span: tuple[int, int]) -> Steps:
    """The steps of `op` over the integers q whose real number is scale[c] * q + offset[c].

    For scale > 0, scale*q + offset >= t is q >= ceil((t - offset) / scale). For scale < 0 it is
    q <= floor(..), that is not q >= floor(..) + 1: each step turns around. For scale = 0 it holds for
    every q or for none. Steps outside `span` (lo, hi) become its lower end (always passed) or NEVER.
    """
    scale: Array = np.broadcast_to(meaning.scale, channels)
    offset: Array = np.broadcast_to(meaning.offset, channels)
    first: Array = op.first.data.astype(np.int8).copy()
    at = np.full(op.at.data.shape, NEVER, np.int64)
    for c in range(channels):
        crossings = [_crossing(t, scale[c], offset[c], span) for t in op.at.data[:, c]]
        # Below every integer a rising step is not passed, a falling one is.
        passed = sum(1 for rising, _ in crossings if not rising)
        first[c] = first[c] if passed % 2 == 0 else -first[c]
        at[:, c] = sorted(step for _, step in crossings)
    return Steps(Constant(np.clip(at, INT32_MIN, NEVER).astype(np.int32), op.at.origins), Constant(first))


def _crossing(t: float, scale: float, offset: float, span: tuple[int, int]) -> tuple[bool, int]:
    """(rising, q): where the condition `real >= t` changes, and whether it becomes true there."""
    if scale == 0 or np.isinf(t):
        return (True, NEVER) if t > offset else (False, NEVER)
    ratio = (t - offset) / scale
    step = np.ceil(ratio) if scale > 0 else np.floor(ratio) + 1
    if step > span[1]:
        return scale > 0, NEVER
    return scale > 0, int(max(step, span[0]))


RULES: Mapping[type[Op], Callable[[Scope, Any], None]] = {
    RealConv: _conv,
    RealAffine: _affine,
    RealClamp: _clamp,
    RealPRelu: _prelu,
    RealAdd: lower_add,
    RealConcat: _concat,
    AveragePool: _average,
    MaxPool: _max_pool,
    Flatten: _flatten,
    RealThreshold: _real_threshold,
}
