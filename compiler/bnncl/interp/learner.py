"""A device that learns, in Python: the reference for the calls of a generated project."""

from __future__ import annotations

import numpy as np

from bnncl.interp import run
from bnncl.interp.head import HeadLearner, Integers, Latent
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.types import Packed, TensorType
from bnncl.kernels.learned_head import parts
from bnncl.numerics.bits import pack, pack_numbers, unpack, unpack_numbers


class Learner:
    """What `<name>_init` with `seed` begins, and the calls after it: `begin`, `sample`, `step`, `commit`, ...

    `graph`, INTEGER or SELECTED, ends in a head that learns. `head`, of the type `kind`, is the state; its
    methods raise `interp.head.Refused` with the status that C would return.
    """

    def __init__(self, graph: Graph, seed: int, kind: type[HeadLearner] = HeadLearner) -> None:
        self._parts = parts(graph)
        op = self._parts.head
        self.head = kind(op.config, seed, self._features_of)
        self.head.cw = op.weights.data.astype(np.int64)
        self.head.past = op.past.data.astype(np.uint32)
        memory, stored = self.head.replay, len(op.replay_labels.data)
        memory.stored, memory.met = stored, op.met.data.astype(np.uint32)
        memory.latents[:stored] = op.replay_latents.data
        memory.labels[:stored] = op.replay_labels.data

    def infer(self, inputs: Array) -> Integers:
        """Scores (N, max_classes) of stored inputs (N, H, W, C); -2**15 for a class not known."""
        features = self._features(self._cut(inputs))
        return np.array([self.head.scores16(row) for row in features], np.int64)

    def latents(self, inputs: Array) -> Latent:
        """The latents (N, latent_bytes) of stored inputs (N, H, W, C)."""
        return as_latents(self._cut(inputs), self._parts.latent)

    def begin(self) -> None:
        """Open an experience."""
        self.head.begin()

    def sample(self, inputs: Array, label: int) -> None:
        """Take in one stored input (H, W, C) of the class `label`."""
        self.head.sample(self.latents(inputs[None])[0], label)

    def step(self, budget: int) -> bool:
        """Do `budget` units of work; whether all is done."""
        return self.head.step(budget)

    def commit(self) -> None:
        """Consolidate what was learned."""
        self.head.commit()

    def abort(self) -> None:
        """Give the open experience up."""
        self.head.abort()

    def learn(self, inputs: Array, labels: Array) -> None:
        """One experience of stored inputs (N, H, W, C) and labels (N,), from begin to commit."""
        self.begin()
        for latent, label in zip(self.latents(inputs), labels, strict=True):
            self.head.sample(latent, int(label))
        while not self.step(2**31):
            pass
        self.commit()

    def _cut(self, inputs: Array) -> Array:
        encode = self._parts.encode
        return run(encode, {encode.inputs[0]: inputs})[encode.outputs[0]]

    def _features(self, cut: Array) -> Integers:
        tail = self._parts.tail
        made = run(tail, {tail.inputs[0]: cut})[tail.outputs[0]]
        return np.asarray(self._parts.head.with_bias(made.reshape(len(made), -1)), np.int64)

    def _features_of(self, latent: Latent) -> Integers:
        features = self._features(from_latents(latent[None], self._parts.latent))
        return np.asarray(features[0], np.int64)


def as_latents(cut: Array, type_: TensorType) -> Latent:
    """Values (N, H, W, C) of the cut, of `type_`, as the bytes that are kept of each, (N, latent_bytes)."""
    if isinstance(type_.domain, Packed):
        words = pack_numbers(cut.reshape(len(cut), -1), type_.domain.bits)
    else:
        words = pack(cut)
    return np.ascontiguousarray(words.astype("<u4")).view(np.uint8).reshape(len(cut), -1)


def from_latents(latents: Latent, type_: TensorType) -> Array:
    """The values (N, H, W, C) of `type_` that latents (N, latent_bytes) hold."""
    words = np.ascontiguousarray(latents).view("<u4").astype(np.uint32)
    height, width, channels = type_.shape
    domain = type_.domain
    if isinstance(domain, Packed):
        numbers = unpack_numbers(words, type_.elements, domain.bits, signed=domain.signed)
        return numbers.reshape(-1, height, width, channels)
    return unpack(words.reshape(len(latents), height, width, -1), channels)


__all__ = ["Learner", "as_latents", "from_latents"]
