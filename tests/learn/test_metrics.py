"""Figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.learn.metrics import Accuracy, by_class, summarise


def test_accuracy_of_each_class():
    shares = by_class(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0]), 4)
    assert shares[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(shares[2:]).all()


def test_class_incremental_by_hand():
    matrix = np.array([[0.8, 0.0, 0.0], [0.6, 0.9, 0.0], [0.7, 0.5, 1.0]])
    rows = summarise(matrix, np.array([10, 10, 20]), [(0,), (0, 1), (0, 1, 2)])
    assert rows[0] == Accuracy(0.8, None, None, None)
    assert rows[1] == Accuracy(pytest.approx(0.75), 0.6, 0.9, pytest.approx(0.2))
    third = Accuracy(
        pytest.approx((7 + 5 + 20) / 40), pytest.approx(0.6), 1.0, pytest.approx((0.1 + 0.4) / 2)
    )
    assert rows[2] == third


def test_a_class_that_gets_better_counts_as_negative_forgetting():
    rows = summarise(np.array([[0.5], [0.75]]), np.array([4]), [(0,), (0,)])
    assert rows[1] == Accuracy(0.75, 0.75, None, -0.25)


def test_classes_without_test_samples_do_not_count():
    matrix = np.array([[np.nan, np.nan], [np.nan, 1.0]])
    rows = summarise(matrix, np.array([0, 3]), [(0,), (0, 1)])
    assert rows[0] == Accuracy(None, None, None, None)
    assert rows[1] == Accuracy(1.0, None, 1.0, None)
