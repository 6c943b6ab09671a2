"""One float run of the study: a method with its settings, on a stream, to the accuracy at its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import torch

from bnncl.learn.baselines import CwrStar, Recipe, Start
from bnncl.learn.baselines.tail import (
    Parameters,
    TailBaseline,
    TailFineTuning,
    TailJoint,
    TailRecipe,
    Trainer,
)
from bnncl.learn.baselines.traced_tail import Ste
from bnncl.learn.samples import Features, Samples
from bnncl.learn.scenarios import Labels, Stream, class_incremental, new_instances
from examples.tail_study.tails import Behind, Cut

Method = Literal["tail", "head", "naive", "joint"]
CLASSES = 10
RECIPE = TailRecipe(
    rate=0.1, epochs=8, new_per_step=50, replay_per_step=128, slots=300, tail_rate=0.1, filter=100.0
)
HEAD = replace(RECIPE, rate=0.08)
"""Found on samples held out of the training samples of Fashion-MNIST and of spoken digits."""


@dataclass(frozen=True)
class Plan:
    """What learns, from which latents, and how."""

    method: Method = "tail"
    cut: Cut = "float"
    ste: Ste = "approxsign"
    batch_norms: bool = False
    recipe: TailRecipe = RECIPE


@dataclass(frozen=True)
class Found:
    """The share of right answers (0..1) over all classes at the end of a stream, and the seconds it took."""

    accuracy: float
    seconds: float


class Learner(Protocol):
    """What all methods have in common."""

    def learn(self, samples: Samples) -> None:
        """One experience."""

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes)."""


def stream_of(scenario: Literal["nc", "ni"], labels: Labels, seed: int) -> Stream:
    """NC: two new classes at a time. NI: ten experiences of all classes."""
    if scenario == "nc":
        return class_incremental(labels, (), at_once=2, seed=seed)
    return new_instances(labels, (), count=10, seed=seed)


def run(behind: Behind, plan: Plan, seed: int, scenario: Literal["nc", "ni"] = "nc") -> Found:
    """Learn the whole stream, then answer the test."""
    begun = time.monotonic()
    train, test = behind.samples(plan.cut)
    learner, prepared = _learner(behind, plan, seed)
    for experience in stream_of(scenario, train.labels, seed).experiences:
        learner.learn(prepared(train.take(experience.indices)))
    answers = learner.scores(prepared(test)).argmax(1)
    return Found(float(np.mean(answers == test.labels)), time.monotonic() - begun)


def _learner(behind: Behind, plan: Plan, seed: int) -> tuple[Learner, Callable[[Samples], Samples]]:
    tail = behind.tail(plan.cut, plan.ste, batch_norms=plan.batch_norms)
    parameters, width = Parameters.of(tail), behind.model.head.in_features
    nothing = behind.train.take(np.zeros(0, np.int64))
    start = Start(torch.zeros(CLASSES, width), torch.zeros(CLASSES), nothing)
    if plan.method == "head":
        trainer = Trainer(tail, parameters, plan.recipe)
        recipe = Recipe(
            plan.recipe.rate,
            plan.recipe.epochs,
            plan.recipe.new_per_step,
            plan.recipe.replay_per_step,
            plan.recipe.slots,
        )
        return CwrStar(start, recipe, seed), lambda samples: _features(trainer, samples)
    kinds: dict[str, type[TailBaseline] | type[TailFineTuning] | type[TailJoint]]
    kinds = {"tail": TailBaseline, "naive": TailFineTuning, "joint": TailJoint}
    return kinds[plan.method](tail, parameters, start, plan.recipe, seed), lambda samples: samples


def _features(trainer: Trainer, samples: Samples) -> Samples:
    return replace(samples, features=trainer.features(torch.from_numpy(samples.features)).numpy())
