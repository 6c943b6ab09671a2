"""Data sets come in torch's layout, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.learn.data import FILES, load, undifferenced

ARRAYS = {
    "x_train": np.arange(6 * 12, dtype=np.float32).reshape(6, 1, 3, 4),
    "y_train": np.array([0, 1, 2, 0, 1, 2]),
    "x_test": np.zeros((2, 1, 3, 4), np.float32),
    "y_test": np.array([3, 0]),
}


def test_a_file_is_taken_as_it_is(tmp_path):
    np.savez(tmp_path / "data.npz", **ARRAYS, domain_train=np.arange(6) % 2)
    data = load(str(tmp_path / "data.npz"))
    assert np.array_equal(data.x_train, ARRAYS["x_train"])
    assert data.classes == 4
    assert data.name == "data.npz"
    assert data.domains is not None
    less = data.limited(1, 1)
    assert less.y_train.tolist() == [0, 1, 2]
    assert less.domains is not None
    assert less.domains.tolist() == [0, 1, 0]
    assert less.sha256() != data.sha256() == load(str(tmp_path / "data.npz")).sha256()


def test_digits():
    pytest.importorskip("sklearn")
    data = load("digits")
    assert data.x_train.shape == (1437, 1, 8, 8)
    assert (data.classes, len(data.y_test)) == (10, 360)
    assert data.x_train.max() == 1


def test_named_sets_become_nchw_and_0_to_1(tmp_path, monkeypatch):
    monkeypatch.setenv("BNNCL_DATA", str(tmp_path))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4), np.uint8)
    labels = np.array([0, 1, 2])
    np.savez(tmp_path / FILES["fashion_mnist"], x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    data = load("fashion_mnist")
    assert np.array_equal(data.x_train, pixels[:, None].astype(np.float32) / np.float32(255))


def test_colours_come_back_from_differences(tmp_path, monkeypatch):
    monkeypatch.setenv("BNNCL_DATA", str(tmp_path))
    images = np.random.default_rng(1).integers(0, 256, (2, 5, 4, 3), np.uint8)
    red, green, blue = (images[..., c] for c in range(3))
    planes = np.stack([red - green, green, blue - green], 1)
    rows = np.diff(planes, axis=2, prepend=np.zeros_like(planes[:, :, :1]))
    stored = np.diff(rows, axis=3, prepend=np.zeros_like(rows[:, :, :, :1]))
    assert np.array_equal(undifferenced(stored), images)
    labels = np.array([0, 1])
    np.savez(tmp_path / FILES["cifar10"], xd_train=stored, y_train=labels, xd_test=stored, y_test=labels)
    assert np.array_equal(np.rint(load("cifar10").x_test * 255), images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_test": None}, "lacks y_test"),
        ({"y_train": np.array([0, 1])}, "x_train has shape"),
        ({"y_train": np.array([0.5] * 6)}, "something else than"),
        ({"y_test": np.array([-1, 0])}, "something else than"),
        ({"domain_train": np.array([1])}, "domain_train has shape"),
        ({"x_train": np.array([{}] * 6, object)}, "cannot be read"),
    ],
)
def test_bad_files_are_refused(tmp_path, change, words):
    arrays = {name: array for name, array in {**ARRAYS, **change}.items() if array is not None}
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(UsageError, match=words) as refused:
        load(str(tmp_path / "data.npz"))
    assert {problem.slug for problem in refused.value.problems} == {"bad-data"}
    assert refused.value.exit_code == EXIT_USAGE


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "data.npz").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(UsageError) as refused:
        load(str(tmp_path / "data.npz"))
    assert refused.value.problems[0].slug == "bad-data"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("nothing.npz", "data-not-found"), ("cifar10", "data-not-found"), ("mnist", "unknown-data")],
)
def test_data_that_are_not_there(name, slug, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (None, str(tmp_path)):
        monkeypatch.delenv("BNNCL_DATA", raising=False)
        if folder is not None:
            monkeypatch.setenv("BNNCL_DATA", folder)
        with pytest.raises(UsageError) as refused:
            load(name)
        assert refused.value.problems[0].slug == slug


def test_digits_need_scikit_learn(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(UsageError) as refused:
        load("digits")
    assert refused.value.problems[0].slug == "missing-library"
