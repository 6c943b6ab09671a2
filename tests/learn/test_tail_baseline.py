"""Tails in float learn as they are meant to: gradients by hand, memory, rules, and what learning gains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from bnncl.learn.baselines import CwrStar, Recipe, Start
from bnncl.learn.baselines.tail import (
    Parameters,
    TailBaseline,
    TailFineTuning,
    TailJoint,
    TailRecipe,
    Trainer,
    conditional_means,
    joined,
)
from bnncl.learn.baselines.traced_tail import sign
from bnncl.learn.samples import Samples
from bnncl.learn.scenarios import class_incremental

CLASSES, CHANNELS, SIZE = 4, 12, 4
RECIPE = TailRecipe(
    rate=1.0, epochs=4, new_per_step=10, replay_per_step=20, slots=24, exact=True, tail_rate=0.5
)


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(F.pad(x, (1, 1, 1, 1), value=1.0), sign(self.weight, "clip"))


class Tail(nn.Module):
    """One residual block behind bits, then the mean of each channel."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv = BinaryConv(CHANNELS, CHANNELS, 3, bias=False)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.slopes = nn.PReLU(CHANNELS)
        self.offset = nn.Parameter(torch.zeros(1, CHANNELS, 1, 1))
        self.again = BinaryConv(CHANNELS, CHANNELS, 3, bias=False)
        self.norm.running_var.fill_(9.0 * CHANNELS)

    def forward(self, bits):
        x = self.slopes(self.norm(self.conv(bits)) + 0.5 * bits)
        return self.again(sign(x + self.offset, "clip")).mean((2, 3)) / CHANNELS


def samples(each: int, seed: int, flips: float = 0.1) -> Samples:
    """Bits of maps whose classes differ in which channels agree with their neighbours, not in any mean."""
    rng = np.random.default_rng(seed)
    patterns = np.where(np.random.default_rng(7).random((CLASSES, CHANNELS, SIZE, SIZE)) < 0.5, -1, 1)
    labels = rng.permutation(np.repeat(np.arange(CLASSES), each)).astype(np.int64)
    noise = np.where(rng.random((len(labels), CHANNELS, SIZE, SIZE)) < flips, -1, 1)
    bits = (patterns[labels] * noise).astype(np.float32)
    return Samples(np.zeros((len(labels), 0)), bits, labels)


def empty_start() -> Start:
    return Start(torch.zeros(CLASSES, CHANNELS), torch.zeros(CLASSES), samples(1, 0).take(np.zeros(0, int)))


def made(kind, recipe=RECIPE, seed=0):
    tail = Tail()
    return kind(tail, Parameters.of(tail), empty_start(), recipe, seed)


def learned(learner, prepare=lambda each: each) -> float:
    """The accuracy after classes came two by two."""
    train, test = prepare(samples(40, 1)), prepare(samples(40, 2))
    for experience in class_incremental(train.labels, (), at_once=2, seed=3).experiences:
        learner.learn(train.take(experience.indices))
    return float((learner.scores(test).argmax(1) == test.labels).mean())


def behind_tail(part: Samples) -> Samples:
    tail = Tail().eval()
    with torch.no_grad():
        return replace(part, features=tail(torch.from_numpy(part.features)).numpy())


def test_a_step_is_that_of_gradients_worked_out_by_hand():
    """y = slope(gamma * (conv - mu) / sigma + beta + shortcut), bits of it, a second convolution, a mean."""
    tail = Tail()
    tail.norm.running_mean.normal_()
    recipe = replace(RECIPE, rate=0.3, tail_rate=0.1, filter=2.0, scale=3.0, slope=5.0, sign=7.0)
    before = {name: value.detach().clone() for name, value in tail.named_parameters()}
    rows = torch.randn(CLASSES, CHANNELS) * 0.5
    first = rows.clone()
    part = samples(3, 5)
    bits, labels = torch.from_numpy(part.features), torch.from_numpy(part.labels)
    active = torch.tensor([True, True, True, False])
    bits, labels = bits[labels < 3], labels[labels < 3]
    Trainer(tail, Parameters.of(tail), recipe).step(rows.requires_grad_(), bits, labels, active)

    expected = by_hand(before, tail.norm, bits, labels, first, active)
    rates = {"conv": 0.2, "again": 0.2, "norm": 0.3, "slopes": 0.5, "offset": 0.7}
    for name, value in tail.named_parameters():
        wanted = before[name] - rates[name.split(".")[0]] * expected[name]
        wanted = wanted.clamp(-1, 1) if name.startswith(("conv", "again")) else wanted
        assert float(expected[name].abs().max()) > 0, name
        assert torch.allclose(value, wanted, atol=1e-6), name
    assert torch.allclose(rows, first - 0.3 * expected["rows"], atol=1e-6)
    assert not expected["rows"][3].any()


def by_hand(p, norm, bits, labels, rows, active):
    """Every gradient of a step, by the chain rule alone."""
    n, positions = len(bits), SIZE * SIZE
    wide = lambda each: each.reshape(1, -1, 1, 1)  # noqa: E731
    padded = lambda each: F.pad(each, (1, 1, 1, 1), value=1.0)  # noqa: E731
    ones = lambda each: torch.where(each >= 0, 1.0, -1.0)  # noqa: E731
    deviation = (norm.running_var + norm.eps).sqrt()
    normal = (F.conv2d(padded(bits), ones(p["conv.weight"])) - wide(norm.running_mean)) / wide(deviation)
    total = normal * wide(p["norm.weight"]) + wide(p["norm.bias"]) + 0.5 * bits
    out = torch.where(total < 0, total * wide(p["slopes.weight"]), total)
    at = out + p["offset"]
    features = F.conv2d(padded(ones(at)), ones(p["again.weight"])).mean((2, 3)) / CHANNELS

    scores = (features @ rows.T).masked_fill(~active, -torch.inf)
    delta = (scores.softmax(1) - F.one_hot(labels, CLASSES)) / n
    d_map = wide((delta @ rows / CHANNELS / positions).reshape(-1)).reshape(n, CHANNELS, 1, 1)
    d_map = d_map.expand(n, CHANNELS, SIZE, SIZE).contiguous()
    weight_gradient = lambda x, d: F.conv2d(x.transpose(0, 1), d.transpose(0, 1)).transpose(0, 1)  # noqa: E731
    d_at = F.conv_transpose2d(d_map, ones(p["again.weight"]))[:, :, 1:-1, 1:-1] * (at.abs() <= 1)
    d_total = torch.where(total < 0, d_at * wide(p["slopes.weight"]), d_at)
    d_conv = d_total * wide(p["norm.weight"] / deviation)
    return {
        "rows": delta.T @ features,
        "again.weight": weight_gradient(padded(ones(at)), d_map) * (p["again.weight"].abs() <= 1),
        "offset": d_at.sum((0, 2, 3)).reshape(1, -1, 1, 1),
        "slopes.weight": torch.where(total < 0, d_at * total, 0.0).sum((0, 2, 3)),
        "norm.weight": (d_total * normal).sum((0, 2, 3)),
        "norm.bias": d_total.sum((0, 2, 3)),
        "conv.weight": weight_gradient(padded(bits), d_conv) * (p["conv.weight"].abs() <= 1),
    }


def test_statistics_stay_and_a_sample_stands_alone():
    tail = Tail().train()
    learner = TailBaseline(tail, Parameters.of(tail), empty_start(), RECIPE, 0)
    statistics = tail.norm.running_mean.clone(), tail.norm.running_var.clone()
    learned(learner)
    assert torch.equal(tail.norm.running_mean, statistics[0])
    assert torch.equal(tail.norm.running_var, statistics[1])
    test = samples(5, 9)
    assert np.allclose(learner.scores(test)[:1], learner.scores(test.take(np.arange(1))), atol=1e-6)


def test_a_tail_that_learns_beats_a_frozen_one_and_fine_tuning():
    tail = learned(made(TailBaseline))
    frozen = learned(CwrStar(empty_start(), Recipe(1.0, 4, 10, 20, 24), 0), behind_tail)
    naive = learned(made(TailFineTuning))
    joint = learned(made(TailJoint, replace(RECIPE, new_per_step=30, epochs=8)))
    assert tail > frozen + 0.1
    assert tail > naive + 0.2
    assert joint > tail - 0.05


def test_rate_0_is_a_frozen_tail():
    frozen = made(TailBaseline, replace(RECIPE, tail_rate=0.0))
    head = CwrStar(empty_start(), Recipe(1.0, 4, 10, 20, 24), 0)
    learned(frozen)
    learned(head, behind_tail)
    test = samples(10, 4)
    assert np.allclose(frozen.scores(test), head.scores(behind_tail(test)), atol=1e-4)


def test_the_memory_is_capped_and_balanced():
    learner = made(TailBaseline)
    train = samples(40, 1)
    for experience in class_incremental(train.labels, (), at_once=2, seed=3).experiences:
        learner.learn(train.take(experience.indices))
        counts = torch.bincount(learner.held)
        assert int(counts.sum()) == RECIPE.slots
        assert int(counts[counts > 0].max() - counts[counts > 0].min()) <= 1
    without = made(TailBaseline, replace(RECIPE, slots=0))
    learned(without)
    assert not len(without.held)


def test_known_samples_fill_the_memory():
    start = replace(empty_start(), known=samples(30, 6))
    tail = Tail()
    assert len(TailBaseline(tail, Parameters.of(tail), start, RECIPE, 0).held) == RECIPE.slots


def test_by_the_sign_rule_small_steps_are_lost():
    flips = {}
    for rule in ("accumulate", "sign"):
        tail = Tail()
        signs = tail.conv.weight.detach() >= 0
        recipe = replace(RECIPE, rule=rule)
        learned(TailBaseline(tail, Parameters.of(tail), empty_start(), recipe, 0))
        flips[rule] = int(((tail.conv.weight >= 0) != signs).sum())
        assert float(tail.conv.weight.detach().abs().max()) <= 1
    assert set(tail.conv.weight.abs().flatten().tolist()) == {1.0}
    assert flips["sign"] == 0
    assert flips["accumulate"] > 10


def test_joint_starts_anew_each_time():
    learner = made(TailJoint)
    train, test = samples(10, 1), samples(5, 2)
    halves = train.take(np.flatnonzero(train.labels < 2)), train.take(np.flatnonzero(train.labels >= 2))
    learner.learn(halves[0])
    learner.scores(test)
    learner.learn(halves[1])
    other = made(TailJoint)
    other.learn(halves[0])
    other.learn(halves[1])
    assert np.array_equal(learner.scores(test), other.scores(test))


def test_the_seed_decides():
    test = samples(5, 2)
    found = []
    for seed in (1, 1, 2):
        learner = made(TailBaseline, seed=seed)
        learned(learner)
        found.append(learner.scores(test))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_conditional_means_are_the_nearest_numbers():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(20, 3, 4, 4, generator=generator) + torch.tensor([0.5, -0.2, 9.0])[:, None, None]
    bits = torch.where(values >= 0.1, 1.0, -1.0)
    m, s = conditional_means(values, bits)
    for channel in (0, 1):
        own, sign_of = values[:, channel].flatten(), bits[:, channel].flatten()
        design = torch.stack([torch.ones_like(own), sign_of], 1)
        found = torch.linalg.lstsq(design, own[:, None]).solution.flatten()
        assert torch.allclose(found, torch.stack([m[channel], s[channel]]), atol=1e-5)
    assert float(m[2]) == pytest.approx(float(values[:, 2].mean()), abs=1e-5)
    assert float(s[2]) == 0


def test_parameters_by_kind():
    tail = Tail()
    kinds = Parameters.of(tail)
    assert [each.shape[0] for each in kinds.filters] == [CHANNELS, CHANNELS]
    assert {id(each) for each in kinds.scales} == {id(tail.norm.weight), id(tail.norm.bias)}
    assert [id(each) for each in kinds.slopes] == [id(tail.slopes.weight)]
    assert [id(each) for each in kinds.signs] == [id(tail.offset)]
    tail.offset.requires_grad_(False)
    assert Parameters.of(tail).signs == ()


def test_joined_keeps_order():
    one, two = samples(2, 1), samples(3, 2)
    both = joined([one, two])
    assert np.array_equal(both.labels, np.concatenate([one.labels, two.labels]))
    assert np.array_equal(both.features[-1], two.features[-1])
