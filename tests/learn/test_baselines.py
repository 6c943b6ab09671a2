"""The float references do what they stand for."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from bnncl.learn.baselines import CwrStar, FineTuning, Joint, Recipe, Start
from bnncl.learn.baselines.memory import Codec, Memory
from bnncl.learn.scenarios import class_incremental
from tests.learn.streams import CLASSES, RECIPE, WIDTH, empty_start, nothing, samples

TEST = samples(40, 2)


def final_accuracy(learner, base=(), train=None) -> float:
    train = samples(50, 1) if train is None else train
    for experience in class_incremental(train.labels, base, seed=4).experiences:
        learner.learn(train.take(experience.indices))
    return float((learner.scores(TEST).argmax(1) == TEST.labels).mean())


def test_replay_beats_naive_fine_tuning_by_far():
    start = empty_start()
    replayed = final_accuracy(CwrStar(start, RECIPE, 0))
    plain = final_accuracy(CwrStar(start, replace(RECIPE, slots=0, replay_per_step=0), 0))
    naive = final_accuracy(FineTuning(start, RECIPE, 0))
    joint = final_accuracy(Joint(start))
    assert joint > 0.97
    assert replayed > joint - 0.05
    assert naive < 0.5
    assert replayed > naive + 0.4
    assert plain > naive


def test_the_seed_decides():
    one, same, other = (CwrStar(empty_start(), RECIPE, seed) for seed in (1, 1, 2))
    for learner in (one, same, other):
        final_accuracy(learner)
    assert np.array_equal(one.scores(TEST), same.scores(TEST))
    assert not np.array_equal(one.scores(TEST), other.scores(TEST))


def test_consolidation_by_hand():
    """No training at all: rows lose their common mean, and a known one is averaged with its past."""
    rows = torch.zeros(CLASSES, WIDTH + 1)
    rows[0] = 2.0
    past = torch.zeros(CLASSES)
    past[0] = 9.0
    recipe = Recipe(rate=0.0, epochs=1, new_per_step=4, replay_per_step=0, slots=0)
    learner = CwrStar(Start(rows, past, nothing()), recipe, 0)
    train = samples(1, 1)
    learner.learn(train.take(np.flatnonzero(train.labels < 2)))
    ones = samples(1, 1)
    ones.features[:] = 1
    scores = learner.scores(ones)[0]
    mean = 1.0
    assert scores[0] == pytest.approx((WIDTH + 1) * (2.0 * 3 + (2.0 - mean)) / 4)
    assert scores[1] == pytest.approx((WIDTH + 1) * (0.0 - mean))
    assert (scores[2:] == -np.inf).all()


def test_known_classes_fill_the_memory_and_stay_known():
    known = samples(20, 5)
    known = known.take(np.flatnonzero(known.labels < 3))
    joint = Joint(empty_start())
    joint.learn(known)
    past = torch.tensor([20.0] * 3 + [0.0] * 3)
    start = Start(joint._rows, past, known)
    assert final_accuracy(CwrStar(start, RECIPE, 0), range(3)) > 0.9
    assert final_accuracy(FineTuning(start, RECIPE, 0), range(3)) < 0.6
    assert final_accuracy(Joint(start), range(3)) > 0.97


def test_memory_is_balanced_and_capped():
    generator = torch.Generator().manual_seed(0)
    memory = Memory(20, 1, generator)
    for label, count in ((0, 30), (1, 3), (2, 30), (0, 50)):
        memory.offer(torch.full((count, 1), float(label)), torch.full((count,), label))
        assert len(memory) <= 20
    assert torch.bincount(memory.labels).tolist() == [8, 3, 9]
    assert torch.equal(memory.features.flatten(), memory.labels.float())


def test_memory_keeps_a_uniform_sample():
    memory_of = lambda seed: Memory(10, 1, torch.Generator().manual_seed(seed))  # noqa: E731
    kept = []
    for seed in range(200):
        memory = memory_of(seed)
        for start in range(0, 100, 20):
            values = torch.arange(start, start + 20).float()
            memory.offer(values[:, None], torch.zeros(20, dtype=torch.int64))
        kept.append(memory.features.mean())
    assert float(torch.stack(kept).mean()) == pytest.approx(49.5, abs=2)


def test_precisions():
    x = torch.rand(200, 5, generator=torch.Generator().manual_seed(1))
    assert torch.equal(Codec(32, x, exact=False)(x), x)
    assert torch.equal(Codec(1, x, exact=True)(x), x)
    eight = Codec(8, x, exact=False)(x)
    assert 0 < float((eight - x).abs().max()) <= 0.5 / 255 + 1e-6
    one = Codec(1, x, exact=False)(x)
    assert all(len(column.unique()) == 2 for column in one.T)
    assert torch.allclose(one.mean(0), x.mean(0), atol=1e-5)


def test_a_large_head_takes_seconds():
    rng = np.random.default_rng(0)
    train = samples(1, 1)
    labels = np.repeat(np.arange(20), 100).astype(np.int64)
    features = rng.choice([-1.0, 1.0], (2000, 512)).astype(np.float32)
    train = replace(train, inputs=features.reshape(-1, 1, 1, 512), features=features, labels=labels)
    learner = CwrStar(Start(torch.zeros(20, 512), torch.zeros(20), nothing()), replace(RECIPE, slots=300), 0)
    begun = time.monotonic()
    for experience in class_incremental(labels, (), at_once=2).experiences:
        learner.learn(train.take(experience.indices))
    assert time.monotonic() - begun < 20
