"""Learning of a head by CWR* in integers, step by step: the reference for `bnncl_learn_*`.

PAPERS sections 1 and 3: consolidated rows `cw`, a working head `tw`, quantised forward copies, and a
master that keeps all its bits. Arithmetic op by op: docs/numerics.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bnncl.interp.replay import ReplayMemory
from bnncl.numerics import heads
from bnncl.numerics.fixed import saturate, shift_right_floor
from bnncl.numerics.prng import hash32, permuted
from bnncl.numerics.roots import weight_of_past
from bnncl.numerics.softmax import logit_gradient, softmax
from bnncl.ops.learned_head import HeadConfig

Integers = NDArray[np.int64]
Latent = NDArray[np.uint8]

STREAM_ORDER, STREAM_REPLAY, STREAM_ROUND = 2, 3, 4


class Phase(IntEnum):
    """What a learner is doing; BUSY once the first step has frozen the experience.

    LOST: none is open, but what was trained and given up has no copy: a state has to be loaded first.
    """

    IDLE = 0
    OPEN = 1
    FORWARD = 2
    UPDATE = 3
    TRAINED = 4
    LOST = 5


class Refused(Exception):
    """A call that the C answers with a status other than BNNCL_OK; `status` is its name."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class HeadLearner:
    """The state of a head that learns, and the calls of the C interface.

    `features_of` computes the head's inputs (features,) from a latent by the ops behind the cut. `item`
    counts samples of a minibatch, or rows in an update of a head alone; `op` is for those that train more,
    else 0.
    """

    config: HeadConfig
    seed: int
    features_of: Callable[[Latent], Integers]
    cw: Integers = field(init=False)
    tw: Integers = field(init=False)
    past: NDArray[np.uint32] = field(init=False)
    replay: ReplayMemory = field(init=False)
    phase: Phase = Phase.IDLE
    steps: int = 0
    epoch: int = 0
    batch: int = 0
    item: int = 0
    op: int = 0

    def __post_init__(self) -> None:
        shape = (self.config.max_classes, self.config.features)
        self.cw, self.tw = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.past = np.zeros(self.config.max_classes, np.uint32)
        self.replay = ReplayMemory(
            self.config.slots, self.config.latent_bytes, self.config.max_classes, self.seed
        )
        self._latents: list[Latent] = []
        self._labels: list[int] = []
        self._current = np.zeros(self.config.max_classes, np.int64)
        self._deltas: list[Integers] = []
        self._inputs: list[Integers] = []

    def begin(self) -> None:
        """Open an experience; status BUSY where one is open, STATE_LOST where what it trains is lost."""
        if self.phase is Phase.LOST:
            raise Refused("STATE_LOST")
        if self.phase is not Phase.IDLE:
            raise Refused("BUSY")
        self.phase = Phase.OPEN

    def sample(self, latent: Latent, label: int) -> None:
        """Take in one sample; statuses BUSY, BAD_STATE, BAD_LABEL, FULL."""
        if self.in_training:
            raise Refused("BUSY")
        self._require(Phase.OPEN)
        if not 0 <= label < self.config.max_classes:
            raise Refused("BAD_LABEL")
        if len(self._labels) == self.config.experience:
            raise Refused("FULL")
        self._latents.append(latent.copy())
        self._labels.append(label)

    def step(self, budget: int) -> bool:
        """Do `budget` units of work, each one sample forward or one row's update; whether all is done.

        The first step freezes the experience. Statuses BAD_ARGUMENT, BAD_STATE, EMPTY.
        """
        if budget <= 0:
            raise Refused("BAD_ARGUMENT")
        if not self.is_open:
            raise Refused("BAD_STATE")
        if self.phase is Phase.OPEN:
            self._freeze()
        while budget > 0 and self.phase is not Phase.TRAINED:
            if self.phase is Phase.FORWARD:
                self._forward()
            else:
                self._update()
            budget -= 1
        return self.phase is Phase.TRAINED

    def abort(self) -> None:
        """Give the open experience up: the canonical state is the one after the last commit."""
        batches = -(-len(self._labels) // self.config.new_per_step)
        self.steps = (self.steps - self.epoch * batches - self.batch) % 2**32
        self._close()

    def commit(self) -> None:
        """Consolidate (CWR*) and insert the experience into the replay memory; status BAD_STATE before."""
        self._require(Phase.TRAINED)
        present = self._current > 0
        mean = int(divide_round(int(self.tw[present].sum()), int(present.sum()) * self.config.features))
        for c in np.flatnonzero(present):
            self._consolidate(int(c), mean)
        for latent, label in zip(self._latents, self._labels, strict=True):
            self.replay.insert(latent, label)
        self._close()

    def scores(self, features: Integers) -> Integers:
        """Accumulators (max_classes,) of the committed head; see `known` for the classes that count."""
        return self._copy(self.cw) @ features

    def scores16(self, features: Integers) -> Integers:
        """Scores (max_classes,) in 16 bits: accumulators / 2**score_shift to nearest; -2**15: not known."""
        return heads.scores16(self.scores(features), self.config.score_shift, self.known())

    def known(self) -> NDArray[np.bool_]:
        """Classes that have been learned."""
        return self.past > 0

    @property
    def is_open(self) -> bool:
        """Whether an experience is open."""
        return Phase.IDLE < self.phase < Phase.LOST

    @property
    def in_training(self) -> bool:
        """Whether the open experience takes no more samples in."""
        return Phase.OPEN < self.phase < Phase.LOST

    @property
    def count(self) -> int:
        """Samples of the open experience."""
        return len(self._labels)

    def _require(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise Refused("BAD_STATE")

    def _close(self) -> None:
        self._latents, self._labels = [], []
        self.epoch = self.batch = self.item = self.op = 0
        self.phase = Phase.IDLE

    def _freeze(self) -> None:
        if not self._labels:
            raise Refused("EMPTY")
        self._current = np.bincount(self._labels, minlength=self.config.max_classes) + self.replay.counts()
        self.tw = np.where(((self._current > 0) & self.known())[:, None], self.cw, 0)
        self._deltas, self._inputs = [], []
        self.phase = Phase.FORWARD

    def _sizes(self) -> tuple[int, int]:
        left = len(self._labels) - self.batch * self.config.new_per_step
        new = min(self.config.new_per_step, left)
        return new, self.config.replay_per_step if self.replay.stored else 0

    def _pick(self, new: int) -> tuple[Latent, int]:
        if self.item < new:
            key = int(hash32(self.seed, STREAM_ORDER, self.steps - self.batch, self.epoch)[0])
            at = permuted(key, self.batch * self.config.new_per_step + self.item, len(self._labels))
            return self._latents[at], self._labels[at]
        draw = self.steps * self.config.replay_per_step + self.item - new
        turn, index = divmod(draw, self.replay.stored)
        key = int(hash32(self.seed, STREAM_REPLAY, turn, self.replay.stored)[0])
        slot = permuted(key, index, self.replay.stored)
        return self.replay.latents[slot], int(self.replay.labels[slot])

    def _active(self) -> NDArray[np.bool_]:
        return self.known() | (self._current > 0)

    def _forward(self) -> None:
        new, replayed = self._sizes()
        latent, label = self._pick(new)
        self._add(self.features_of(latent), label)
        self.item += 1
        if self.item == new + replayed:
            self.item, self.phase = 0, Phase.UPDATE

    def _add(self, x: Integers, label: int) -> Integers:
        """Take the head's inputs of a sample (features,) into the minibatch; the gradient of its logits."""
        config = self.config
        p = softmax(self._copy(self.tw) @ x, config.softmax_multiplier, config.softmax_shift, self._active())
        self._inputs.append(x)
        self._deltas.append(logit_gradient(p, label, config.q_backward))
        return self._deltas[-1]

    def _update(self) -> None:
        self._update_row(self.item)
        self.item += 1
        if self.item == self.config.max_classes:
            self._next_batch()

    def _update_row(self, row: int) -> None:
        """Change one row by the samples since the last update, at the rate of the whole minibatch."""
        if self._active()[row]:
            delta = np.array([each[row] for each in self._deltas])
            gradient = delta @ np.array(self._inputs)
            change = self._rounded(gradient, sum(self._sizes()), row)
            self.tw[row] = self._changed(self.tw[row], change)

    def _changed(self, row: Integers, change: Integers) -> Integers:
        return saturate(row - change, -self.config.weight_limit, self.config.weight_limit)

    def _rate(self, samples: int) -> int:
        return (self.config.rate_multiplier + samples // 2) // samples

    def _rounded(self, gradient: Integers, samples: int, row: int) -> Integers:
        config = self.config
        if config.stochastic:
            index = row * config.features + np.arange(config.features)
            noise = hash32(self.seed, STREAM_ROUND, self._noise_step(), index).astype(np.int64)
            term = noise >> (32 - config.rate_shift)
        else:
            term = np.full(config.features, 1 << (config.rate_shift - 1), np.int64)
        return shift_right_floor(gradient * self._rate(samples) + term, config.rate_shift)

    def _noise_step(self) -> int:
        return self.steps

    def _next_batch(self) -> None:
        self._deltas, self._inputs = [], []
        self.steps = (self.steps + 1) % 2**32
        self.batch += 1
        self.item, self.phase = 0, Phase.FORWARD
        if self.batch * self.config.new_per_step >= len(self._labels):
            self.batch, self.epoch = 0, self.epoch + 1
            if self.epoch == self.config.epochs:
                self.phase = Phase.TRAINED

    def _consolidate(self, c: int, mean: int) -> None:
        limit = self.config.weight_limit
        new = self.tw[c] - mean
        if self.past[c] > 0:
            weight = weight_of_past(int(self.past[c]), int(self._current[c]))
            new = divide_round(self.cw[c] * weight + new * 256, weight + 256)
        self.cw[c] = saturate(np.asarray(new, np.int64), -limit, limit)
        self.past[c] = min(int(self.past[c]) + int(self._current[c]), 2**32 - 1)

    def _copy(self, master: Integers) -> Integers:
        """The forward copy of a master: its highest q_forward bits, rounded."""
        return heads.forward_copy(master, self.config.q_backward, self.config.q_forward)

    def _cursor(self) -> list[int]:
        return [self.phase, self.steps, self.epoch, self.batch, self.item, len(self._labels)]

    def canonical(self) -> bytes:
        """All state between two steps as bytes, little-endian, in the order of docs/numerics.md."""
        parts = [np.array(self._cursor(), "<u4"), self.past.astype("<u4"), self.cw.astype("<i2")]
        state = b"".join(part.tobytes() for part in parts) + self.replay.canonical()
        if not self.is_open:
            return state
        labels = np.array(self._labels, "<u2").tobytes()
        latents = b"".join(latent.tobytes() for latent in self._latents)
        working = self.tw.astype("<i2").tobytes() if self.in_training else b""
        return state + labels + latents + working


def divide_round(numerator: int | Integers, divisor: int) -> int | Integers:
    """Numerator / divisor to nearest, halves up, for divisor > 0: floor((2n + d) / 2d)."""
    return (2 * numerator + divisor) // (2 * divisor)


__all__ = ["HeadConfig", "HeadLearner", "Integers", "Latent", "Phase", "Refused", "divide_round"]
