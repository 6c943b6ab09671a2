"""The replay memory keeps a uniform sample of each class, in whatever order samples come."""

from __future__ import annotations

import numpy as np

from bnncl.interp.replay import ReplayMemory

SLOTS, CLASSES, EACH, SEEDS = 24, 4, 30, 300


def kept(seed: int) -> np.ndarray:
    """How often (CLASSES, EACH) each sample is in the memory after the classes came one by one."""
    memory = ReplayMemory(SLOTS, 1, CLASSES, seed)
    for label in range(CLASSES):
        for at in range(EACH):
            memory.insert(np.array([at], np.uint8), label)
    found = np.zeros((CLASSES, EACH))
    np.add.at(found, (memory.labels.astype(int), memory.latents[:, 0].astype(int)), 1)
    return found


def test_what_came_early_is_kept_no_more_often_than_what_came_late():
    """Shares over many seeds lie within five standard deviations of slots / classes / samples."""
    total = np.sum([kept(seed) for seed in range(SEEDS)], axis=0)
    share = SLOTS / CLASSES / EACH
    deviation = np.sqrt(SEEDS * share * (1 - share))
    assert total.sum(1).tolist() == [SEEDS * SLOTS / CLASSES] * CLASSES
    assert np.abs(total - SEEDS * share).max() < 5 * deviation
