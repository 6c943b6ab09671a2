"""Accuracy after each experience: over all classes seen, the old, the new, and what was forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """Shares of right answers, 0..1; None where there is no such class.

    `old` is over the classes seen before the experience and `new` over those first seen in it.
    `forgetting` is the mean over the old classes of their best accuracy so far less that of now,
    -1..1 (Chaudhry et al., Riemannian Walk, 2018).
    """

    seen: float | None
    old: float | None
    new: float | None
    forgetting: float | None


def by_class(predicted: Classes, labels: Classes, classes: int) -> Shares:
    """The accuracy (classes,) of each class; NaN for those without a sample."""
    right = np.bincount(labels[predicted == labels], minlength=classes).astype(np.float64)
    count = np.bincount(labels, minlength=classes)
    return np.where(count > 0, right / np.maximum(count, 1), np.nan)


def summarise(matrix: Shares, counts: Classes, seen: Sequence[Sequence[int]]) -> list[Accuracy]:
    """The figures of each row of `matrix` (1 + experiences, classes), whose row 0 is before the first.

    `counts` (classes,) are the test samples of each class, which weigh the means; `seen[e]` the classes
    seen up to row e. A class counts for forgetting from the row on where it was first seen.
    """
    found = []
    for row in range(len(matrix)):
        old = [] if row == 0 else _tested(seen[row - 1], counts)
        now = _tested(seen[row], counts)
        new = [each for each in now if each not in old] if row else []
        found.append(
            Accuracy(
                _mean(matrix[row], counts, now),
                _mean(matrix[row], counts, old),
                _mean(matrix[row], counts, new),
                _forgetting(matrix, seen, row, old),
            )
        )
    return found


def _tested(classes: Sequence[int], counts: Classes) -> list[int]:
    return [each for each in classes if each < len(counts) and counts[each]]


def _mean(shares: Shares, counts: Classes, classes: list[int]) -> float | None:
    if not classes:
        return None
    return float(np.average(shares[classes], weights=counts[classes]))


def _forgetting(matrix: Shares, seen: Sequence[Sequence[int]], row: int, old: list[int]) -> float | None:
    if not old:
        return None
    lost = []
    for each in old:
        first = next(at for at in range(row) if each in seen[at])
        lost.append(matrix[first:row, each].max() - matrix[row, each])
    return float(np.mean(lost))
