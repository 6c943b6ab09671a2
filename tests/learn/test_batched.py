"""Learning a minibatch at a time gives the state that learning step by step gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnncl.learn.backbone import Backbone
from bnncl.learn.batched import FeatureEngine, permutation
from bnncl.learn.engine import ReferenceEngine
from bnncl.learn.run import compiled, stream_of
from bnncl.numerics.prng import permuted
from tests.learn.test_run import BASE, DATA, make_model, settings_of


@pytest.mark.parametrize("pool", [False, True], ids=["bits", "numbers"])
@pytest.mark.parametrize(
    ("qf", "qb", "rounding"), [(8, 16, "nearest"), (8, 8, "stochastic"), (4, 16, "stochastic")]
)
def test_the_same_weights_as_the_reference(qf, qb, rounding, pool, tmp_path):
    model = make_model(tmp_path / "base.pt", pool=pool)
    settings = settings_of(model, qf=qf, qb=qb, rounding=rounding, rate=0.02, minibatch=(6, 9), epochs=2)
    streams = {4: stream_of(settings, DATA, range(BASE), 4)}
    program = compiled(settings, DATA, streams).spec.program
    other = compiled(replace(settings, rate=0.5, minibatch=(2, 2), epochs=9), DATA, streams).spec.graph
    backbone = Backbone.of(other)
    train, test = (
        backbone.samples(*part) for part in ((DATA.x_train, DATA.y_train), (DATA.x_test, DATA.y_test))
    )
    slow = ReferenceEngine(program, 4)
    fast = FeatureEngine(backbone, backbone.config(0.02, (6, 9), 2), 4)
    for experience in streams[4].experiences:
        for engine in (slow, fast):
            engine.learn(train.take(experience.indices))
        assert np.array_equal(slow.learner.head.cw, fast.head.cw)
    assert np.array_equal(slow.scores(test), fast.scores(test))


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 200])
def test_a_permutation_as_a_whole(count):
    expected = [permuted(77, index, count) for index in range(count)]
    assert permutation(77, count).tolist() == expected
    assert sorted(expected) == list(range(count))
