"""Devices in Python whose tails learn, and experiences for them."""

from __future__ import annotations

from typing import Any

from bnncl.interp.learner import Learner
from bnncl.interp.tail import TailLearner
from bnncl.ir.graph import Program
from tests.learning.tail_programs import CLASSES, EXPERIENCE, NEW, REPLAYED, inputs_of, program

ALL, SEED = 2**31, 5


class Device(Learner):
    """A learner whose head is known to be a tail's."""

    @property
    def tail(self) -> TailLearner:
        assert isinstance(self.head, TailLearner)
        return self.head


def device(kind: str = "bireal", *, counted: bool = False, **options: Any) -> Device:
    return Device(program(kind, **options), SEED, counted=counted)


def fill(learner: Learner, kind: str = "bireal", count: int = EXPERIENCE, seed: int = 11) -> None:
    """Begin an experience and take `count` samples in."""
    learner.begin()
    for latent, label in zip(learner.latents(inputs_of(kind, count, seed)), range(count), strict=True):
        learner.head.sample(latent, label % CLASSES)


def learn(learner: Learner, kind: str = "bireal", seed: int = 11) -> None:
    fill(learner, kind, seed=seed)
    assert learner.step(ALL)
    learner.commit()


def units(made: Program) -> int:
    """Units of an experience of EXPERIENCE samples, whose last minibatches have fewer."""
    config = Learner(made, 1).head.config
    room = config.between_updates
    sample, update = len(made.graph("sample").ops) + 1, len(made.graph("update").ops) + config.max_classes
    sizes = [min(NEW, EXPERIENCE - first) + REPLAYED for first in range(0, EXPERIENCE, NEW)]
    return config.epochs * sum(size * sample + -(-size // room) * update for size in sizes)
