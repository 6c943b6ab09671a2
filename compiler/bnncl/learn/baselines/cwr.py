"""CWR* in float32 with latent replay, after Lomonaco et al. and Pellegrini et al. (arXiv 1912.01100)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bnncl.learn.baselines.memory import Codec, Memory
from bnncl.learn.baselines.recipe import Recipe, Start, descend, features_of, labels_of, masked_scores
from bnncl.learn.samples import Features, Samples


class CwrStar:
    """A head of consolidated rows, and a working head that every experience trains anew."""

    def __init__(self, start: Start, recipe: Recipe, seed: int) -> None:
        self._recipe = recipe
        self._generator = torch.Generator().manual_seed(seed)
        self._rows, self._past = start.rows.clone(), start.past.clone()
        self._memory = Memory(recipe.slots, start.rows.shape[1], self._generator)
        self._codec: Codec | None = None
        if recipe.slots and len(start.known):
            self._remember(features_of(start.known), labels_of(start.known))

    def learn(self, samples: Samples) -> None:
        """Train on one experience, consolidate, and offer its samples to the memory."""
        features, labels = features_of(samples), labels_of(samples)
        met = torch.cat([labels, self._memory.labels])
        current = torch.bincount(met, minlength=len(self._past)).float()
        known, present = self._past > 0, current > 0
        working = torch.where((known & present)[:, None], self._rows, 0.0).requires_grad_()
        for new, replayed in minibatches(len(labels), len(self._memory), self._recipe, self._generator):
            batch = torch.cat([features[new], self._memory.features[replayed]])
            targets = torch.cat([labels[new], self._memory.labels[replayed]])
            descend(working, batch, targets, known | present, self._recipe.rate)
        self._rows = consolidated(self._rows, working.detach(), self._past, current)
        self._past = self._past + current
        if self._recipe.slots:
            self._remember(features, labels)

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        return masked_scores(features_of(samples), self._rows, self._past > 0).numpy()

    def _remember(self, features: Tensor, labels: Tensor) -> None:
        if self._codec is None:
            self._codec = Codec(self._recipe.latent_bits, features, exact=self._recipe.exact)
        self._memory.offer(self._codec(features), labels)


def minibatches(
    count: int, slots: int, recipe: Recipe, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Positions of new samples (of `count`) and of replayed ones (of `slots`), for every step.

    New samples are shuffled in every epoch; replays go round the memory in shuffled turns.
    """
    share = recipe.replay_per_step if slots else 0
    waiting = torch.zeros(0, dtype=torch.int64)
    for _ in range(recipe.epochs):
        for new in torch.split(torch.randperm(count, generator=generator), recipe.new_per_step):
            while len(waiting) < share:
                waiting = torch.cat([waiting, torch.randperm(slots, generator=generator)])
            yield new, waiting[:share]
            waiting = waiting[share:]


def consolidated(rows: Tensor, working: Tensor, past: Tensor, current: Tensor) -> Tensor:
    """PAPERS 1: rows (classes, F) less their common mean, averaged with the past by the root of the counts.

    `past` and `current` (classes,) count the samples before and of this experience.
    """
    present, known = current > 0, past > 0
    centred = working - working[present].mean()
    weight = torch.sqrt(past / current.clamp(min=1))[:, None]
    merged = torch.where(known[:, None], (rows * weight + centred) / (weight + 1), centred)
    return torch.where(present[:, None], merged, rows)


__all__ = ["CwrStar", "consolidated", "minibatches"]
