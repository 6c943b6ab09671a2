"""How the float references train, and what they begin with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from bnncl.ir.op import Array
from bnncl.learn.samples import Samples


@dataclass(frozen=True)
class Recipe:
    """Plain SGD without momentum, on the mean cross-entropy of minibatches of new and replayed samples.

    `slots` latents are kept with `latent_bits` (1, 8 or 32) a value. `exact` says that one bit holds a
    value of the cut: then every precision replays the same features.
    """

    rate: float
    epochs: int
    new_per_step: int
    replay_per_step: int
    slots: int
    latent_bits: int = 32
    exact: bool = False


@dataclass(frozen=True, eq=False)
class Start:
    """A head before it learns: `rows` (classes, F) float32 of its weights, and `past` (classes,) float32.

    `past` are the samples that each row was learned from, 0 for a class not known. `known` are samples of
    the classes known, which fill the replay memory, and which joint training sees again.
    """

    rows: Tensor
    past: Tensor
    known: Samples

    @classmethod
    def of(cls, rows: Array, past: Array, known: Samples) -> Start:
        """From numpy arrays."""
        return cls(
            torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(past.astype(np.float32)), known
        )


def features_of(samples: Samples) -> Tensor:
    """Features (N, F), float32."""
    return torch.from_numpy(samples.features)


def labels_of(samples: Samples) -> Tensor:
    """Labels (N,), int64."""
    return torch.from_numpy(samples.labels)


def masked_scores(features: Tensor, rows: Tensor, active: Tensor) -> Tensor:
    """Scores (N, classes) with minus infinity for the classes that are not `active` (classes,)."""
    return (features @ rows.T).masked_fill(~active, -torch.inf)


def descend(rows: Tensor, features: Tensor, labels: Tensor, active: Tensor, rate: float) -> None:
    """One step of SGD on `rows`, in place; its gradient is torch's."""
    rows.grad = None
    torch.autograd.backward(F.cross_entropy(masked_scores(features, rows, active), labels))
    assert rows.grad is not None
    with torch.no_grad():
        rows -= rate * rows.grad


__all__ = ["Recipe", "Start", "descend", "features_of", "labels_of", "masked_scores"]
