"""What learns, counting what happens to it, so that a comparison shows that it was not vacuous."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from bnncl.interp.head import HeadLearner, Integers
from bnncl.interp.tail import TailLearner
from bnncl.ir.op import Array, Op
from bnncl.kernels.base import KernelCall
from bnncl.numerics.fixed import saturate
from bnncl.numerics.gradients import shift_saturate
from bnncl.ops.tail.parameters import (
    Accumulate,
    AccumulateFilterNarrow,
    FilterSum,
    Update,
)


@dataclass
class Counts:
    """How often what happened.

    `saturations` of weights in an update, `round_ups` of changes by stochastic rounding, `replacements` of a
    latent by another of its class and `evictions` by one of another class, `new_classes` learned,
    `consolidations` of rows of classes that were known before, `commits`.
    """

    saturations: int = 0
    round_ups: int = 0
    replacements: int = 0
    evictions: int = 0
    new_classes: int = 0
    consolidations: int = 0
    commits: int = 0


@dataclass
class CountingHead(HeadLearner):
    """The reference, counting."""

    counts: Counts = field(default_factory=Counts)

    def commit(self) -> None:
        """Consolidate, and count which slots of the replay memory in use hold something else now."""
        memory, used = self.replay, slice(0, self.replay.stored)
        labels, latents = memory.labels[used].copy(), memory.latents[used].copy()
        super().commit()
        kept = labels == memory.labels[used]
        same = (latents == memory.latents[used]).all(axis=1)
        self.counts.commits += 1
        self.counts.evictions += int(np.sum(~kept))
        self.counts.replacements += int(np.sum(kept & ~same))

    def _changed(self, row: Integers, change: Integers) -> Integers:
        self.counts.saturations += int(np.sum(abs(row - change) > self.config.weight_limit))
        return super()._changed(row, change)

    def _rounded(self, gradient: Integers, samples: int, row: int) -> Integers:
        change = super()._rounded(gradient, samples, row)
        if self.config.stochastic:
            exact = gradient * self._rate(samples) >> self.config.rate_shift
            self.counts.round_ups += int(np.sum(change > exact))
        return change

    def _consolidate(self, c: int, mean: int) -> None:
        if self.past[c]:
            self.counts.consolidations += 1
        else:
            self.counts.new_classes += 1
        super()._consolidate(c, mean)


@dataclass
class TailCounts(Counts):
    """Of a tail besides: filter signs that flipped, what updates saturated and rounded up, gradients cut off.

    `gradient_saturations` counts mantissas and sums that were beyond the limit of an accumulator.
    """

    flips: int = 0
    weight_saturations: int = 0
    weight_round_ups: int = 0
    gradient_saturations: int = 0


@dataclass
class CountingTail(CountingHead, TailLearner):
    """The reference of a tail, counting."""

    counts: TailCounts = field(default_factory=TailCounts)

    def _do(self, op: Op) -> Array:
        plain = op.op if isinstance(op, KernelCall) else op
        read = [self._line.value(name).copy() for name in op.inputs] if plain.changes_state else []
        made = super()._do(op)
        if isinstance(plain, Update):
            self._count_update(plain, read, made)
        elif isinstance(plain, Accumulate | FilterSum):
            self.counts.gradient_saturations += _cut_off(plain, read)
        return made

    def _count_update(self, op: Update, read: list[Array], made: Array) -> None:
        x, acc, cursor = read
        free = replace(op, limit=2**62, rule="accumulate").evaluate(x, acc, cursor)
        self.counts.weight_saturations += int(np.sum(abs(free) > op.limit))
        if op.stochastic:
            samples = int(cursor.reshape(-1)[2])
            rate = (op.multiplier + samples // 2) // samples
            self.counts.weight_round_ups += int(np.sum(x - free > acc * rate >> op.shift))
        latents = {state.name for state in self.program.states if state.role == "latent"}
        if op.x in latents:
            self.counts.flips += int(np.sum((x < 0) != (made < 0)))


def _cut_off(op: Accumulate | FilterSum, read: list[Array]) -> int:
    """How many of what `op` adds, or multiplies inputs by, or of narrow sums were beyond its limit."""
    if isinstance(op, AccumulateFilterNarrow):
        return _cut_off_narrow(op, read)
    gradient, exponent = read[-2:]
    whole = shift_saturate(gradient.astype(np.int64), op.exponent - exponent - op.bias, 2**62)
    return int(np.sum(abs(whole) > op.limit))


def _cut_off_narrow(op: AccumulateFilterNarrow, read: list[Array]) -> int:
    (sums, x, gradient, exponent), found = read, 0
    for added in op.added(x, gradient, exponent):
        whole = sums + added
        found += int(np.sum(abs(whole) > op.limit))
        sums = saturate(whole, -op.limit, op.limit)
    return found


__all__ = ["CountingHead", "CountingTail", "Counts", "TailCounts"]
