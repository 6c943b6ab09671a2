"""Training on everything that ever came, at once: the upper bound of what a head can reach."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from bnncl.learn.baselines.recipe import Start, features_of, labels_of, masked_scores
from bnncl.learn.samples import Features, Samples

_DECAY = 1e-3
_ITERATIONS = 100


class Joint:
    """Softmax regression, fitted anew by L-BFGS after each experience to all samples so far.

    The loss is the mean cross-entropy plus 1e-3 times half the squared norm of the weights over the mean
    square of a feature, so that it does not depend on the features' unit.
    """

    def __init__(self, start: Start) -> None:
        self._shape = start.rows.shape
        self._rows, self._active = start.rows, start.past > 0
        self._features = [features_of(start.known)] if len(start.known) else []
        self._labels = [labels_of(start.known)] if len(start.known) else []

    def learn(self, samples: Samples) -> None:
        """Fit to the samples so far and these."""
        self._features.append(features_of(samples))
        self._labels.append(labels_of(samples))
        features, labels = torch.cat(self._features), torch.cat(self._labels)
        self._active = torch.bincount(labels, minlength=self._shape[0]) > 0
        self._rows = _fit(features, labels, self._active)

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        return masked_scores(features_of(samples), self._rows, self._active).numpy()


def _fit(features: Tensor, labels: Tensor, active: Tensor) -> Tensor:
    unit = features.square().mean().sqrt().clamp(min=1e-12)
    scaled = features / unit
    rows = torch.zeros(len(active), features.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([rows], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        loss = F.cross_entropy(masked_scores(scaled, rows, active), labels)
        loss = loss + _DECAY / 2 * rows.square().sum()
        torch.autograd.backward(loss)
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return rows.detach() / unit


__all__ = ["Joint"]
