"""Exponents that calibration gives: of sums of gradients, and of gradients where those are fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.numerics.gradients import bit_length
from bnncl.ops.tail.exponents import BlockExponent
from bnncl.ops.tail.parameters import Accumulate, AccumulateFilter, AccumulateFilterNarrow
from bnncl.passes.tail.forward import Forward
from bnncl.passes.tail.scope import floor_log2
from bnncl.passes.tail.settings import TailSettings

_HEADROOM_BITS = 1
_MOST_SHIFT = 32
_RATE_BITS = 8
_TOLD_BITS = 2


def calibrated(forward: Forward, sample: Graph, found: Mapping[str, Array], settings: TailSettings) -> Graph:
    """`sample` with exponents such that the largest number of each kind fills its limit but for a bit.

    `found` are all values of the graph on calibration latents, with gradients of logits as errors make them.
    """
    least = _least_exponents(forward, settings)

    def chosen(op: Op) -> Op:
        if isinstance(op, Accumulate):
            top = _peak(found[op.x], found[op.x_exponent] + op.bias)
            return replace(
                op, exponent=_exponent(top, op.limit, least[op.acc], settings.rate_of("parameter"))
            )
        if isinstance(op, AccumulateFilter):
            top = _peak(found[op.gradient], found[op.gradient_exponent] + op.bias)
            return replace(op, exponent=_exponent(top, op.limit, least[op.acc], settings.rate_of("latent")))
        if isinstance(op, AccumulateFilterNarrow):
            top = _largest_of_samples(op, found) + (settings.accumulate - 1).bit_length()
            rate = settings.rate_of("latent")
            return replace(op, exponent=_exponent(top, op.limit, least[op.acc], rate, headroom=0))
        if isinstance(op, BlockExponent) and settings.gradient_scale == "static":
            return replace(op, fixed=int(found[op.output].max()) + _HEADROOM_BITS)
        return op

    return sample.with_ops([chosen(op) for op in sample.ops])


def _exponent(
    peak: int, limit: int, least: int, rate: tuple[float, str], headroom: int = _HEADROOM_BITS
) -> int:
    """The unit of a sum of parts below 2**peak; UsageError where no step could tell one from 0."""
    if least > peak - _TOLD_BITS:
        raise UsageError(
            Problem(
                "bad-rate",
                f"a learning rate of {rate[0]:g} is too small",
                rate[1],
                "No gradient would be large enough to change a parameter.",
                "Rates of 0.001 to 0.1 are usual.",
            )
        )
    return max(peak + headroom - limit.bit_length(), least)


def _least_exponents(forward: Forward, settings: TailSettings) -> dict[str, int]:
    """The finest unit that an update can tell, of each state's sum: its rate has _RATE_BITS bits or more."""
    finest = _RATE_BITS - _MOST_SHIFT + settings.samples.bit_length()
    return {
        f"{state.name}_sum": finest
        - floor_log2(settings.rate_of(state.role)[0])
        - forward.exponents[state.name]
        for state in forward.states
        if state.role in ("latent", "parameter")
    }


def _largest_of_samples(op: AccumulateFilterNarrow, found: Mapping[str, Array]) -> int:
    """The number of bits before the point of the largest gradient that one sample gives a filter.

    Where all samples between two updates gave that one alike, their sum would just fit: those of samples
    that differ have that much headroom.
    """
    x, gradient = found[op.x], found[op.gradient]
    totals = (op.total(x[[at]], gradient[[at]]) for at in range(len(x)))
    exponents = np.broadcast_to(found[op.gradient_exponent], (len(x), 1, 1, 1)) + op.bias
    return max(_peak(total, exponents[[at]]) for at, total in enumerate(totals))


def _peak(numbers: Array, exponents: Array) -> int:
    """The number of bits before the point of the largest of real numbers."""
    bits = bit_length(numbers)
    there = bits.reshape(-1) > 0
    all_bits = (bits + exponents).reshape(-1)
    return int(all_bits[there].max()) if there.any() else 0
