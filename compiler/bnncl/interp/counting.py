"""A head that learns and counts what happens to it, so that a comparison shows that it was not vacuous."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.interp.head import HeadLearner, Integers


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


__all__ = ["CountingHead", "Counts"]
