"""Linear combinations, layouts and classes of filters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bnncl.frontend.filters import classify
from bnncl.frontend.layout import flatten_order, ir_shape, per_channel, to_nhwc
from bnncl.frontend.lincomb import LinComb


def test_estimators_cancel():
    a, b = LinComb.atom(3), LinComb.atom(1).scaled(0.1).shifted(7.0)
    assert a.plus(b, -1.0).plus(b) == a
    assert a.plus(b).plus(b, -1.0).only_atom == 3
    assert (
        LinComb.atom(1).scaled(0.1).plus(LinComb.atom(1).scaled(0.2)).plus(LinComb.atom(1), -0.3).terms == ()
    )
    assert a.scaled(2.0).only_atom is None
    assert b.plus(a).atoms == (1, 3)


def test_layout():
    x = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert to_nhwc(x)[1, 2, 3, 1] == x[1, 1, 2, 3]
    assert to_nhwc(x[:, :, 0]).shape == (2, 1, 5, 3)
    assert to_nhwc(x[:, :, 0, 0]).shape == (2, 1, 1, 3)
    assert ir_shape((1, 3, 4, 5)) == (4, 5, 3)
    assert ir_shape((1, 3, 5)) == (1, 5, 3)
    assert ir_shape((1, 3)) == (1, 1, 3)
    assert ir_shape((2, 3)) is None
    order = flatten_order((4, 5, 3))
    assert order is not None
    np.testing.assert_array_equal(x.flatten(1).numpy()[:, order], to_nhwc(x).reshape(2, -1))
    assert flatten_order((4, 5, 1)) is None
    assert flatten_order((1, 1, 9)) is None


@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1), (1, 3, 4, 4), (3, 4, 4)])
def test_per_channel(shape: tuple[int, ...]):
    values = torch.arange(3.0) if 3 in shape else torch.ones(3)
    column = values.reshape(3, 1, 1) if 3 in shape else torch.ones(())
    held = column.expand(shape) if len(shape) > 1 else torch.ones(shape)
    found = per_channel(held, (1, 3, 4, 4))
    assert found is not None
    assert torch.equal(found, values)


def test_per_position_is_no_channel():
    assert per_channel(torch.arange(4.0), (1, 3, 4, 4)) is None


def test_filters():
    signs = np.where(np.arange(2 * 9).reshape(2, 9) % 3 == 0, -1, 1).astype(np.float32)
    noise = np.float32(1) + np.linspace(-3e-7, 3e-7, 18, dtype=np.float32).reshape(2, 9)
    found = classify(signs * noise)
    assert found.binary
    assert found.exact
    np.testing.assert_array_equal(found.alpha, [1.0, 1.0])
    np.testing.assert_array_equal(found.signs, signs)
    scaled = classify(signs * np.array([[0.3], [0.25]], np.float32))
    assert not scaled.exact
    np.testing.assert_array_equal(scaled.alpha, np.array([0.3, 0.25], np.float32))
    zeros = classify(np.zeros((2, 9), np.float32))
    assert zeros.binary
    assert (zeros.alpha == 0).all()


def test_other_filters_say_what_they_are():
    row = np.ones((1, 9), np.float32)
    ternary, two, real = row.copy(), row.copy(), row.copy()
    ternary[0, :2] = [0, -1]
    two[0, :2] = [-0.5, -0.5]
    real[0, :3] = [0.1, -0.7, 0.3]
    assert "exactly zero" in classify(ternary).reason
    assert "two values" in classify(two).reason
    assert "real-valued" in classify(real).reason
