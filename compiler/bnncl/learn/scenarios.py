"""The order in which labelled samples arrive: class-incremental (NC) and new-instances (NI) streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Collector, Problem, UsageError

Indices = NDArray[np.int64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Experience:
    """What arrives at once: positions (N,) in the training set, in order, and the classes among them."""

    indices: Indices
    classes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stream:
    """The classes known before, and the experiences that follow, none of which holds a sample twice."""

    base: tuple[int, ...]
    experiences: tuple[Experience, ...]

    def seen(self, after: int) -> tuple[int, ...]:
        """The classes seen after the first `after` experiences, ascending; 0: the base classes."""
        arrived = [each for one in self.experiences[:after] for each in one.classes]
        return tuple(sorted({*self.base, *arrived}))


def class_incremental(
    labels: Labels,
    base: Sequence[int],
    *,
    at_once: int = 1,
    most: int | None = None,
    seed: int = 0,
    shuffle_classes: bool = False,
) -> Stream:
    """NC: the classes of `labels` (N,) that are not in `base` arrive, `at_once` in each experience.

    In ascending order, or a seeded one. At most `most` samples of an experience, drawn by `seed`, equally
    many of each class. UsageError `no-new-classes` where every class is in `base`.
    """
    _at_least_one(at_once=at_once, most=most)
    rng = np.random.default_rng([seed, 0])
    fresh = _fresh(labels, base)
    if not fresh:
        raise UsageError(
            Problem(
                "no-new-classes",
                f"the model knows every class of the data: {len(base)}",
                "--scenario",
                "In a class-incremental stream classes arrive that were not known before.",
                "Give a model of fewer classes, or simulate new instances: --scenario ni.",
            )
        )
    order = [fresh[i] for i in rng.permutation(len(fresh))] if shuffle_classes else fresh
    groups = [order[start : start + at_once] for start in range(0, len(order), at_once)]
    experiences = []
    for group in groups:
        pools = [rng.permutation(np.flatnonzero(labels == each)) for each in group]
        share = max(1, most // len(group)) if most is not None else None
        chosen = np.concatenate([pool[:share] for pool in pools])
        experiences.append(Experience(rng.permutation(chosen), tuple(sorted(group))))
    return Stream(tuple(sorted(base)), tuple(experiences))


def new_instances(
    labels: Labels,
    base: Sequence[int],
    *,
    count: int = 10,
    most: int | None = None,
    seed: int = 0,
    domains: Labels | None = None,
) -> Stream:
    """NI: every experience brings other samples of the same classes, those not in `base`, or all if none.

    `count` experiences share the samples of each class, or with `domains` (N,) there is one for each
    domain, ascending. At most `most` samples of an experience. UsageError `too-many-experiences` where a
    class has fewer samples than there are experiences.
    """
    _at_least_one(count=count, most=most)
    rng = np.random.default_rng([seed, 1])
    classes = _fresh(labels, base) or sorted({int(each) for each in labels})
    parts = _shares(labels, classes, count, rng) if domains is None else _by_domain(labels, classes, domains)
    experiences = []
    for part in parts:
        chosen = rng.permutation(part)[:most]
        experiences.append(Experience(chosen, tuple(sorted({int(each) for each in labels[chosen]}))))
    return Stream(tuple(sorted(base)), tuple(experiences))


def _fresh(labels: Labels, base: Sequence[int]) -> list[int]:
    return sorted({int(each) for each in labels} - set(base))


def _shares(labels: Labels, classes: list[int], count: int, rng: np.random.Generator) -> list[Indices]:
    pools = [rng.permutation(np.flatnonzero(labels == each)) for each in classes]
    least = min(len(pool) for pool in pools)
    if least < count:
        raise UsageError(
            Problem(
                "too-many-experiences",
                f"{count} experiences, but a class has only {least} samples",
                "--experiences",
            )
        )
    return [np.concatenate([np.array_split(pool, count)[at] for pool in pools]) for at in range(count)]


def _by_domain(labels: Labels, classes: list[int], domains: Labels) -> list[Indices]:
    wanted = np.isin(labels, classes)
    return [
        np.flatnonzero(wanted & (domains == each)) for each in sorted({int(one) for one in domains[wanted]})
    ]


def _at_least_one(**counts: int | None) -> None:
    problems = Collector()
    for name, value in counts.items():
        if value is not None and value < 1:
            problems.add(Problem("bad-stream", f"{name} is {value}, not at least 1", "scenario"))
    problems.raise_as(UsageError)
