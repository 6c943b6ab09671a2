"""Heads, samples and programs of calls for the tests of learning; stimulus.h makes the same samples."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bnncl.interp.counting import CountingHead
from bnncl.interp.head import HeadConfig, Integers, Latent, Refused
from bnncl.numerics.prng import hash32

Call = tuple[str, int, int]
"""begin, sample (label, number), step (budget), commit or abort, with the numbers that it takes or 0."""


@dataclass(frozen=True)
class Case:
    """A head, the type of its inputs, and the seed of its samples and its random numbers."""

    name: str
    config: HeadConfig
    bits: bool
    bias: int
    seed: int
    unsigned: bool = False

    @property
    def kind(self) -> str:
        """What the inputs are, as the C functions for them are named."""
        return "bits" if self.bits else "u8" if self.unsigned else "i8"

    @property
    def largest(self) -> int:
        """Largest magnitude of an input."""
        return {"bits": 1, "i8": 128, "u8": 255}[self.kind]

    @property
    def inputs(self) -> int:
        """Features without the bias column."""
        return self.config.features - (self.bias != 0)

    @property
    def input_bytes(self) -> int:
        """Bytes of the inputs of one sample in C."""
        return (self.inputs + 31) // 32 * 4 if self.bits else self.inputs

    def features(self, latent: Latent) -> Integers:
        """The frozen ops behind the cut."""
        i = np.arange(self.inputs)
        if self.bits:
            all_bits = np.unpackbits(latent, bitorder="little").astype(np.int64)
            x = 1 - 2 * all_bits[(7 * i + 3) % len(all_bits)]
        else:
            x = latent.astype(np.int64)[(3 * i + 1) % len(latent)] - (0 if self.unsigned else 128)
        return np.append(x, self.bias) if self.bias else x

    def latent(self, label: int, number: int) -> Latent:
        """Sample `number`, of class `label`: the bits of the class, each eighth of them drawn anew."""
        i = np.arange(self.config.latent_bytes)
        noise = hash32(self.seed, 101, number, i)
        flips = noise & (noise >> np.uint32(8)) & (noise >> np.uint32(16))
        latent: Latent = ((hash32(self.seed, 100, label, i) ^ flips) & np.uint32(255)).astype(np.uint8)
        return latent

    def learner(self) -> CountingHead:
        """The reference with all its state 0."""
        return CountingHead(self.config, self.seed, self.features)


class Learns(Protocol):
    """What HeadLearner and the C have in common."""

    def begin(self) -> None: ...
    def sample(self, latent: Latent, label: int) -> None: ...
    def step(self, budget: int) -> bool: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...
    def canonical(self) -> bytes: ...
    def scores16(self, features: Integers) -> Integers: ...


def answer(learner: Learns, case: Case, call: Call) -> str:
    """The status of one call."""
    what, first, number = call
    try:
        if what == "sample":
            known = min(max(first, 0), case.config.max_classes)
            learner.sample(case.latent(known, number), first)
        elif what == "step":
            learner.step(first)
        else:
            getattr(learner, what)()
    except Refused as refused:
        return refused.status
    return "OK"


def program(case: Case, batches: int) -> Iterator[Call]:
    """Calls that train at least `batches` minibatches; steps of random budgets, a few calls refused."""
    rng = random.Random(case.seed)
    config = case.config
    number = trained = experiences = 0
    while trained < batches:
        yield ("begin", 0, 0)
        seen = min(config.max_classes, 2 + experiences)
        offered = rng.randint(1, config.experience + 1) if experiences % 3 else config.experience
        labels = rng.sample(range(seen), min(seen, 1 + experiences % 3))
        if experiences % 4 == 3:
            labels = [config.max_classes - 1, 0]
        for _ in range(offered):
            yield ("sample", rng.choice(labels), number)
            number += 1
        taken = min(offered, config.experience)
        units = -(-taken // config.new_per_step) * config.epochs * (config.batch + config.max_classes)
        given_up = experiences % 5 == 4
        work = rng.randint(1, units) if given_up else units
        while work > 0:
            budget = rng.choice([1, 2, 3, config.max_classes, rng.randint(1, 3 * config.batch)])
            yield ("step", budget, 0)
            work -= budget
        yield ("abort" if given_up else "commit", 0, 0)
        trained += 0 if given_up else -(-taken // config.new_per_step) * config.epochs
        experiences += 1


def _config(**changes: object) -> HeadConfig:
    base = HeadConfig(
        features=45,
        max_classes=5,
        latent_bytes=12,
        slots=13,
        experience=11,
        q_forward=8,
        q_backward=16,
        weight_exponent=12,
        softmax_multiplier=40_000,
        softmax_shift=10,
        rate_multiplier=60_000,
        rate_shift=16,
        stochastic=True,
        new_per_step=4,
        replay_per_step=5,
        epochs=3,
        score_shift=1,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


CASES = (
    Case("bits 8 16", _config(), True, 16, 1),
    Case("nearest", _config(stochastic=False, features=64), True, 0, 2),
    Case("bits 4 8", _config(q_forward=4, q_backward=8, features=70, rate_multiplier=9), True, 3, 3),
    Case("bits 4 16 no replay", _config(q_forward=4, slots=0, features=31), True, 0, 4),
    Case("i8 8 16", _config(features=40, rate_multiplier=2_000, softmax_multiplier=300), False, 100, 5),
    Case(
        "i8 8 12",
        _config(q_backward=12, features=33, stochastic=False, rate_multiplier=900, softmax_multiplier=300),
        False,
        0,
        6,
    ),
    Case("i8 8 8", _config(q_backward=8, features=7, rate_multiplier=20, score_shift=9), False, -128, 7),
    Case(
        "u8 8 16",
        _config(features=38, rate_multiplier=1_000, softmax_multiplier=300),
        bits=False,
        bias=127,
        seed=13,
        unsigned=True,
    ),
    Case(
        "u8 4 8",
        _config(q_forward=4, q_backward=8, features=9, rate_multiplier=8, stochastic=False),
        bits=False,
        bias=0,
        seed=14,
        unsigned=True,
    ),
    Case("one class", _config(max_classes=1, features=33, slots=5), True, 1, 8),
    Case("wide rate", _config(rate_multiplier=2**31 - 1, rate_shift=32, features=97, slots=40), True, 127, 9),
    Case("one sample", _config(new_per_step=1, replay_per_step=1, features=1, experience=3), False, 0, 10),
    Case("all replay", _config(replay_per_step=16, slots=3, max_classes=7, epochs=1), True, -1, 11),
    Case("q 2 2", _config(q_forward=2, q_backward=2, rate_multiplier=20, rate_shift=5), True, 1, 12),
)
