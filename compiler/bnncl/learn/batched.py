"""The integer reference, a minibatch at a time and on features computed once: for searches over settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnncl.interp.head import STREAM_ORDER, STREAM_REPLAY, HeadLearner, Integers, Latent
from bnncl.interp.learner import Learner
from bnncl.ir.graph import Program
from bnncl.learn.backbone import Backbone
from bnncl.learn.samples import Samples
from bnncl.numerics import heads
from bnncl.numerics.fixed import saturate, shift_right_floor
from bnncl.numerics.prng import hash32, mix, words
from bnncl.numerics.softmax import LOG_BITS, ONE, exp2_negative
from bnncl.ops.learned_head import HeadConfig

_NAME = np.dtype("<u4")
_DEEPEST = 31 << LOG_BITS
_KEPT = 64


class FeatureEngine:
    """An `Engine` with the results of `ReferenceEngine`, some hundred times as fast.

    What it keeps of a sample is not a latent but the number of its row in a table of features, and the
    frozen layers are never run: `Samples.features` hold what they compute. All sums are below 2**53, so
    float64 matrix products are exact.
    """

    def __init__(self, backbone: Backbone, config: HeadConfig, seed: int) -> None:
        begun = Learner(Program(backbone.graph.name, (backbone.graph,)), seed)
        self._scale = backbone.scale
        self._table: list[NDArray[np.float64]] = []
        self.head = _Whole(replace(config, latent_bytes=_NAME.itemsize), seed, self._row)
        self.head.table = self._table
        self.head.cw, self.head.past = begun.head.cw, begun.head.past
        memory, filled = self.head.replay, begun.head.replay
        memory.stored, memory.met, memory.labels = filled.stored, filled.met, filled.labels
        for slot in range(filled.stored):
            memory.latents[slot] = self._add(begun.head.features_of(filled.latents[slot]))

    def learn(self, samples: Samples) -> None:
        """Learn one experience; `interp.head.Refused` with the status that C would return."""
        self.head.begin()
        for row, label in zip(self._stored(samples), samples.labels, strict=True):
            self.head.sample(self._add(row), int(label))
        while not self.head.step(2**31):
            pass
        self.head.commit()

    def scores(self, samples: Samples) -> Integers:
        """Scores (N, max_classes); -2**15 for a class not known."""
        copies = heads.forward_copy(self.head.cw, self.head.config.q_backward, self.head.config.q_forward)
        made = (self._stored(samples) @ copies.T.astype(np.float64)).astype(np.int64)
        return heads.scores16(made, self.head.config.score_shift, self.head.known())

    def _stored(self, samples: Samples) -> NDArray[np.float64]:
        return np.asarray(np.rint(samples.features.astype(np.float64) / self._scale))

    def _add(self, row: NDArray[np.float64] | Integers) -> Latent:
        self._table.append(np.asarray(row, np.float64))
        return np.array([len(self._table) - 1], _NAME).view(np.uint8)

    def _row(self, latent: Latent) -> Integers:
        return self._table[int(latent.view(_NAME)[0])].astype(np.int64)


class _Whole(HeadLearner):
    """A head whose latents are row numbers of `table`, and that forwards a whole minibatch at once."""

    table: list[NDArray[np.float64]]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._permutations: dict[tuple[int, int], list[int]] = {}

    def _pick(self, new: int) -> tuple[Latent, int]:
        if self.item < new:
            key = int(hash32(self.seed, STREAM_ORDER, self.steps - self.batch, self.epoch)[0])
            at = self._element(key, self.batch * self.config.new_per_step + self.item, len(self._labels))
            return self._latents[at], self._labels[at]
        draw = self.steps * self.config.replay_per_step + self.item - new
        turn, index = divmod(draw, self.replay.stored)
        key = int(hash32(self.seed, STREAM_REPLAY, turn, self.replay.stored)[0])
        slot = self._element(key, index, self.replay.stored)
        return self.replay.latents[slot], int(self.replay.labels[slot])

    def _element(self, key: int, index: int, count: int) -> int:
        if (key, count) not in self._permutations:
            if len(self._permutations) == _KEPT:
                self._permutations.clear()
            self._permutations[key, count] = permutation(key, count).tolist()
        return self._permutations[key, count][index]

    def _forward(self) -> None:
        new, replayed = self._sizes()
        picked = []
        for item in range(new + replayed):
            self.item = item
            picked.append(self._pick(new))
        x = np.stack([self.table[int(latent.view(_NAME)[0])] for latent, _ in picked])
        logits = (x @ self._copy(self.tw).T.astype(np.float64)).astype(np.int64)
        deltas = _gradients(logits, [label for _, label in picked], self._active(), self.config)
        sums = (deltas.T.astype(np.float64) @ x).astype(np.int64)
        limit = self.config.weight_limit
        for row in np.flatnonzero(self._active()):
            change = self._rounded(sums[row], len(picked), int(row))
            self.tw[row] = saturate(self.tw[row] - change, -limit, limit)
        self._next_batch()


def _gradients(
    logits: Integers, labels: list[int], active: NDArray[np.bool_], config: HeadConfig
) -> Integers:
    """As `numerics.softmax`, for logits (N, classes) at once."""
    peak = np.where(active, logits, np.iinfo(np.int64).min).max(1, keepdims=True)
    half = 1 << (config.softmax_shift - 1)
    distance = np.where(active, peak - logits, 0)
    t = shift_right_floor(distance * config.softmax_multiplier + half, config.softmax_shift)
    weights = np.where(active, exp2_negative(np.clip(t, 0, _DEEPEST)), 0)
    total = weights.sum(1, keepdims=True)
    delta = (weights * ONE + total // 2) // total
    delta[np.arange(len(labels)), labels] -= ONE
    drop = 16 - config.q_backward
    if drop > 0:
        delta = shift_right_floor(delta + (1 << (drop - 1)), drop)
    top = (1 << (config.q_backward - 1)) - 1
    return saturate(delta, -top - 1, top)


def permutation(key: int, count: int) -> Integers:
    """Elements 0..count-1 of the permutation that `key` names: `prng.permuted` for all indices."""
    half = 0
    while (1 << (2 * half)) < count:
        half += 1
    keys = [mix(words(key + turn)) for turn in range(4)]
    x = np.arange(count)
    walking = np.ones(count, np.bool_)
    while walking.any():
        left, right = x[walking] >> half, x[walking] & ((1 << half) - 1)
        for each in keys:
            word = mix(each ^ words(right)).astype(np.int64)
            left, right = right, left ^ (word & ((1 << half) - 1))
        x[walking] = left << half | right
        walking = x >= count
    return np.asarray(x, np.int64)


__all__ = ["FeatureEngine", "permutation"]
