"""Streams hold every sample at most once, in an order that the seed alone decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.learn.scenarios import Stream, class_incremental, new_instances


def labels_of(classes: int, each: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), each))


def taken(stream: Stream) -> list[int]:
    return [int(i) for experience in stream.experiences for i in experience.indices]


@given(
    classes=st.integers(2, 9),
    base=st.integers(0, 8),
    at_once=st.integers(1, 4),
    most=st.none() | st.integers(4, 30),
    seed=st.integers(0, 5),
    shuffled=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_class_incremental_streams(classes, base, at_once, most, seed, shuffled):
    labels, known = labels_of(classes, 11), range(min(base, classes - 1))
    stream = class_incremental(labels, known, at_once=at_once, most=most, seed=seed, shuffle_classes=shuffled)
    arrived = [each for one in stream.experiences for each in one.classes]
    assert sorted(arrived) == sorted(set(range(classes)) - set(known))
    indices = taken(stream)
    assert len(set(indices)) == len(indices)
    for one in stream.experiences:
        assert set(labels[one.indices]) == set(one.classes)
        assert len(one.classes) <= at_once
        counts = np.bincount(labels[one.indices])
        assert len(set(counts[counts > 0])) == 1
        assert most is None or len(one.indices) <= max(most, at_once)
    assert stream.seen(0) == tuple(known)
    assert stream.seen(len(stream.experiences)) == tuple(range(classes))


def test_without_a_limit_every_new_sample_arrives():
    labels = labels_of(6, 7)
    assert len(taken(class_incremental(labels, range(2)))) == 4 * 7


@given(st.integers(1, 8), st.integers(0, 3), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_new_instances_bring_all_classes_each_time(count, base, seed):
    labels = labels_of(4, 9)
    stream = new_instances(labels, range(base), count=count, seed=seed)
    wanted = tuple(range(base, 4))
    assert [one.classes for one in stream.experiences] == [wanted] * count
    indices = taken(stream)
    assert sorted(indices) == sorted(np.flatnonzero(labels >= base))


def test_new_instances_of_known_classes_where_all_are_base():
    stream = new_instances(labels_of(3, 4), range(3), count=2)
    assert [one.classes for one in stream.experiences] == [(0, 1, 2)] * 2


def test_domains_arrive_one_after_another():
    labels, domains = labels_of(4, 10), np.arange(40) % 3
    stream = new_instances(labels, [0], domains=domains)
    assert [set(domains[one.indices]) for one in stream.experiences] == [{0}, {1}, {2}]
    assert sorted(taken(stream)) == sorted(np.flatnonzero(labels > 0))


def test_the_seed_decides():
    labels = labels_of(5, 20)
    one, same, other = (class_incremental(labels, [0], seed=seed, most=9) for seed in (1, 1, 2))
    assert taken(one) == taken(same) != taken(other)
    orders = {
        tuple(e.classes for e in class_incremental(labels, [], seed=seed, shuffle_classes=True).experiences)
        for seed in range(8)
    }
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("make", "slug"),
    [
        (lambda y: class_incremental(y, range(3)), "no-new-classes"),
        (lambda y: new_instances(y, [], count=5), "too-many-experiences"),
        (lambda y: class_incremental(y, [0], at_once=0), "bad-stream"),
        (lambda y: new_instances(y, [0], count=0, most=0), "bad-stream"),
    ],
)
def test_refusals(make, slug):
    with pytest.raises(UsageError) as refused:
        make(labels_of(3, 4))
    assert {problem.slug for problem in refused.value.problems} == {slug}
    assert refused.value.exit_code == EXIT_USAGE
