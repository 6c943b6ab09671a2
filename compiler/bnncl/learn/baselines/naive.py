"""Fine-tuning of the head on each experience alone: what forgetting looks like."""

from __future__ import annotations

import torch

from bnncl.learn.baselines.recipe import Recipe, Start, descend, features_of, labels_of, masked_scores
from bnncl.learn.samples import Features, Samples


class FineTuning:
    """One head, trained on by plain SGD; neither replay nor consolidation."""

    def __init__(self, start: Start, recipe: Recipe, seed: int) -> None:
        self._recipe = recipe
        self._generator = torch.Generator().manual_seed(seed)
        self._rows = start.rows.clone().requires_grad_()
        self._known = start.past > 0

    def learn(self, samples: Samples) -> None:
        """Train on one experience."""
        features, labels = features_of(samples), labels_of(samples)
        self._known = self._known.clone()
        self._known[labels] = True
        for _ in range(self._recipe.epochs):
            order = torch.randperm(len(labels), generator=self._generator)
            for new in torch.split(order, self._recipe.new_per_step):
                descend(self._rows, features[new], labels[new], self._known, self._recipe.rate)

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        return masked_scores(features_of(samples), self._rows.detach(), self._known).numpy()
