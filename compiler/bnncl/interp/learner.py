"""A device that learns, in Python: the reference for the calls of a generated project."""

from __future__ import annotations

import numpy as np

from bnncl.interp import given, run
from bnncl.interp.counting import CountingHead, CountingTail
from bnncl.interp.head import HeadLearner, Integers, Latent
from bnncl.interp.latents import as_latents, from_latents
from bnncl.interp.tail import TailLearner
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.kernels.learned_head import parts


class Learner:
    """What `<name>_init` with `seed` begins, and the calls after it: `begin`, `sample`, `step`, `commit`, ...

    The first graph of `program`, INTEGER or SELECTED, ends in a head that learns; with states, what stands
    behind the cut learns, too. `head` is the state, one that counts what happens to it if `counted`; its
    methods raise `interp.head.Refused` with the status that C would return.
    """

    def __init__(self, program: Program, seed: int, *, counted: bool = False) -> None:
        self.program = program
        self._parts = parts(program.graphs[0])
        op = self._parts.head
        self.head: HeadLearner
        if program.states:
            trained = CountingTail if counted else TailLearner
            self.head = trained(op.config, seed, self._features_of, program=program)
        else:
            self.head = (CountingHead if counted else HeadLearner)(op.config, seed, self._features_of)
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
        """What the head reads (N, features) of values of the cut, by what was kept of all that learns."""
        tail = self._parts.tail
        kept = self.head.states if isinstance(self.head, TailLearner) else None
        made = run(tail, {**given(self.program, cut, kept), tail.inputs[0]: cut})[tail.outputs[0]]
        return np.asarray(self._parts.head.with_bias(made.reshape(len(made), -1)), np.int64)

    def _features_of(self, latent: Latent) -> Integers:
        features = self._features(from_latents(latent[None], self._parts.latent))
        return np.asarray(features[0], np.int64)


__all__ = ["Learner", "as_latents", "from_latents"]
