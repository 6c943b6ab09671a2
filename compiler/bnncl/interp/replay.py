"""The replay memory: a fixed number of latents, class-balanced, reservoir sampling inside a class.

The reference for `bnncl_replay_*`; PAPERS: binary latent replay, class-balanced with a hard cap.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bnncl.numerics.prng import below, hash32

STREAM = 1
"""The stream of random numbers that replacement draws from."""


@dataclass
class ReplayMemory:
    """`slots` latents of `latent_bytes` bytes each, for up to `classes` classes.

    `stored` slots are in use, from 0 on. `met[c]` counts the samples of class c that ever came, which is
    what makes every one of them equally likely to be kept; it stops at 2**32 - 1.
    """

    slots: int
    latent_bytes: int
    classes: int
    seed: int
    stored: int = 0
    latents: NDArray[np.uint8] = field(init=False)
    labels: NDArray[np.uint16] = field(init=False)
    met: NDArray[np.uint32] = field(init=False)

    def __post_init__(self) -> None:
        self.latents = np.zeros((self.slots, self.latent_bytes), np.uint8)
        self.labels = np.zeros(self.slots, np.uint16)
        self.met = np.zeros(self.classes, np.uint32)

    def counts(self) -> NDArray[np.int64]:
        """Slots that each class holds, (classes,)."""
        return np.bincount(self.labels[: self.stored], minlength=self.classes).astype(np.int64)

    def insert(self, latent: NDArray[np.uint8], label: int) -> None:
        """Offer one sample; what happens to it depends only on the memory and the seed.

        The quota of a class is slots // classes met. Below its quota a class takes the next free slot,
        or any slot of the class that holds the most (of equals, the lowest class), provided that one is
        over its quota: so what a class keeps is a uniform sample of all that came, in whatever order. At
        its quota the sample replaces one of its class, or is dropped.
        """
        self.met[label] = min(int(self.met[label]) + 1, 2**32 - 1)
        counts = self.counts()
        quota = self.slots // int(np.count_nonzero(self.met))
        slot = None
        if counts[label] < quota:
            slot = self._free_slot(label, counts, quota)
        elif counts[label] > 0:
            slot = self._replaced_slot(label, int(counts[label]))
        if slot is not None:
            self.latents[slot] = latent
            self.labels[slot] = label

    def _free_slot(self, label: int, counts: NDArray[np.int64], quota: int) -> int | None:
        if self.stored < self.slots:
            self.stored += 1
            return self.stored - 1
        largest = int(np.argmax(counts))
        if counts[largest] <= quota:
            return None
        drawn = below(int(counts[largest]), self._word(label))
        return int(np.flatnonzero(self.labels[: self.stored] == largest)[drawn])

    def _replaced_slot(self, label: int, held: int) -> int | None:
        drawn = below(int(self.met[label]), self._word(label))
        if drawn >= held:
            return None
        return int(np.flatnonzero(self.labels[: self.stored] == label)[drawn])

    def _word(self, label: int) -> int:
        """The random word that decides about a sample of class `label`, which has been counted."""
        return int(hash32(self.seed, STREAM, label, int(self.met[label]))[0])

    def canonical(self) -> bytes:
        """The memory as bytes, little-endian: counters, labels and latents of the slots in use."""
        head = np.array([self.stored], "<u4").tobytes() + self.met.astype("<u4").tobytes()
        used = slice(0, self.stored)
        return head + self.labels[used].astype("<u2").tobytes() + self.latents[used].tobytes()
