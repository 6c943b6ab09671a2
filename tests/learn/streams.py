"""Synthetic features that a linear head can tell apart."""

from __future__ import annotations

import numpy as np
import torch

from bnncl.learn.baselines import Recipe, Start
from bnncl.learn.samples import Samples

CLASSES, WIDTH = 6, 128
SHARE = 0.12
RECIPE = Recipe(rate=0.02, epochs=4, new_per_step=8, replay_per_step=8, slots=60, latent_bits=1, exact=True)


def samples(each: int, seed: int, flips: float = 0.05) -> Samples:
    """`each` samples of every class: the ±1 pattern of the class, a part of it flipped, and a bias.

    The classes share most of their pattern, as behind a backbone that has seen none of them: so what is
    learned of one class speaks for all, and is forgotten without replay.
    """
    patterns = np.where(np.random.default_rng(99).random((CLASSES, WIDTH)) < SHARE, -1, 1)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(CLASSES), each)).astype(np.int64)
    signs = np.where(rng.random((len(labels), WIDTH)) < flips, -1, 1)
    bits = patterns[labels] * signs
    features = np.hstack([bits, np.ones((len(labels), 1))]).astype(np.float32)
    return Samples(bits.reshape(-1, 1, 1, WIDTH), features, labels)


def nothing() -> Samples:
    """No sample."""
    return samples(1, 0).take(np.zeros(0, np.int64))


def empty_start() -> Start:
    """A head that knows no class."""
    return Start(torch.zeros(CLASSES, WIDTH + 1), torch.zeros(CLASSES), nothing())
