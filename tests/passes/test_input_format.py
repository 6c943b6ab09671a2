from __future__ import annotations

import numpy as np
import pytest

from bnncl.passes.input_format import from_calibration, from_range

RAW = np.random.default_rng(3).integers(0, 256, (40, 6, 5, 3))
RAW[0, 0, 0], RAW[0, 0, 1] = 0, 255


def requantised(x: np.ndarray) -> np.ndarray:
    return from_calibration(x).quantise(x)


@pytest.mark.parametrize(
    ("scale", "offset"), [(1 / 255, 0.0), (1.0, 0.0), (2 / 255, -1.0), (1 / 255 / 0.3530, -0.286 / 0.353)]
)
def test_one_map_for_all_channels_is_found_back(scale, offset):
    x = (scale * RAW + offset).astype(np.float32).astype(np.float64)
    found = from_calibration(x)
    assert found.exact
    assert found.meaning.scale.shape == (1,)
    assert found.meaning.scale[0] == pytest.approx(scale, rel=1e-5)
    assert found.meaning.offset[0] == pytest.approx(offset, abs=1e-5)
    np.testing.assert_array_equal(requantised(x), RAW)


def test_a_map_for_each_channel_is_found_back():
    mean, std = np.array([0.4914, 0.4822, 0.4465]), np.array([0.2470, 0.2435, 0.2616])
    raw = RAW.copy()
    raw[0, 0, :2] = [[0, 0, 0], [255, 255, 255]]
    x = ((raw / 255 - mean) / std).astype(np.float32).astype(np.float64)
    found = from_calibration(x)
    assert found.exact
    assert found.meaning.scale.shape == (3,)
    np.testing.assert_array_equal(found.quantise(x), raw)


def test_a_flat_image_with_dead_pixels_has_one_map():
    flat = RAW.reshape(40, 1, 1, 90) / 16
    flat[..., :7] = 0
    found = from_calibration(flat)
    assert found.exact
    assert found.meaning.scale.tolist() == [1 / 16]


def test_values_off_every_grid_span_their_range():
    x = np.random.default_rng(0).normal(0, 1, (20, 4, 4, 2))
    found = from_calibration(x)
    assert not found.exact
    q = found.quantise(x)
    assert (q.min(), q.max()) == (0, 255)
    assert np.abs(found.meaning.real(q) - x).max() <= found.meaning.scale[0] * 0.5000001


def test_constant_data_and_empty_ranges_have_a_format():
    assert from_calibration(np.full((3, 2, 2, 1), 0.7)).quantise(np.full((1, 2, 2, 1), 0.7)).max() == 0
    assert from_range(2.0, 2.0).meaning.scale[0] == 1.0
