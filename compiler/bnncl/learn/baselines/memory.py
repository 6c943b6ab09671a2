"""A float replay memory, class-balanced and uniform inside a class, that can store few bits a value."""

from __future__ import annotations

import torch
from torch import Tensor

_LEVELS = 255


class Codec:
    """What is left of features stored with `bits` (1, 8 or 32) a value; ranges come from `seen` (N, F).

    8 bits: 255 steps from the least to the greatest value seen. 1 bit: each feature is the mean of its
    values above its mean, or that of those below. 32 bits, or `exact`: everything is left.
    """

    def __init__(self, bits: int, seen: Tensor, *, exact: bool) -> None:
        self._bits = 32 if exact else bits
        self._low, self._high = seen.min(), seen.max()
        self._mean = seen.mean(0)
        above = seen >= self._mean
        self._upper = _mean_where(seen, above)
        self._lower = _mean_where(seen, ~above)

    def __call__(self, features: Tensor) -> Tensor:
        """Features (N, F) as they are read back."""
        if self._bits == 32 or self._low == self._high:
            return features
        if self._bits == 1:
            return torch.where(features >= self._mean, self._upper, self._lower)
        step = (self._high - self._low) / _LEVELS
        codes = ((features - self._low) / step).round().clamp(0, _LEVELS)
        return self._low + codes * step


def _mean_where(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum(0) / chosen.sum(0).clamp(min=1)


class Memory:
    """At most `slots` features with their labels.

    Every sample draws a random number when it comes; a class keeps its smallest. Where there are too many,
    the class that holds the most gives up its largest: so the classes stay balanced, and what a class
    keeps is a uniform sample of all that ever came, as by reservoir sampling.
    """

    def __init__(self, slots: int, width: int, generator: torch.Generator) -> None:
        self._slots, self._generator = slots, generator
        self.features = torch.zeros(0, width)
        self.labels = torch.zeros(0, dtype=torch.int64)
        self._draws = torch.zeros(0, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self.labels)

    def offer(self, features: Tensor, labels: Tensor) -> None:
        """Take in features (N, F) of the classes `labels` (N,)."""
        drawn = torch.rand(len(labels), generator=self._generator, dtype=torch.float64)
        features, labels = torch.cat([self.features, features]), torch.cat([self.labels, labels])
        draws = torch.cat([self._draws, drawn])
        kept = self._kept(labels, draws)
        self.features, self.labels, self._draws = features[kept], labels[kept], draws[kept]

    def _kept(self, labels: Tensor, draws: Tensor) -> Tensor:
        quotas = _fair(torch.bincount(labels), self._slots)
        parts = []
        for label, quota in enumerate(quotas):
            own = torch.nonzero(labels == label).flatten()
            parts.append(own[draws[own].argsort()[:quota]])
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64)


def _fair(counts: Tensor, slots: int) -> list[int]:
    """How many of each class stay, so that the largest is as small as can be; of equals, the first is cut."""
    shares = counts.clone()
    if int(shares.sum()) <= slots:
        return [int(each) for each in shares]
    level = 0
    while int(counts.clamp(max=level + 1).sum()) <= slots:
        level += 1
    shares = counts.clamp(max=level)
    spare = slots - int(shares.sum())
    larger = torch.nonzero(counts > level).flatten()
    shares[larger[len(larger) - spare :]] += 1
    return [int(each) for each in shares]
