"""Calibration files: what is read, and what each unusable one is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnncl.diagnostics import EXIT_USAGE, BnnclError
from bnncl.frontend.calibration import load_calibration
from bnncl.frontend.capture import capture
from bnncl.frontend.captured import Captured
from tests.frontend import idioms

X = idioms.example("conv1d", 5).numpy()


@pytest.fixture(scope="module")
def captured() -> Captured:
    return capture(idioms.build("conv1d"), idioms.example("conv1d"))


def test_arrays_are_read(captured: Captured, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=X, y=np.arange(5, dtype=np.uint16) % 3)
    x, y = load_calibration(tmp_path / "data.npz", captured)
    assert np.array_equal(x.numpy(), X)
    assert y is not None
    assert y.tolist() == [0, 1, 2, 0, 1]
    np.savez_compressed(tmp_path / "data.npz", x=X.astype(">f8"))
    x, y = load_calibration(tmp_path / "data.npz", captured)
    assert np.array_equal(x.numpy(), X)
    assert y is None


class _Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("arrays", "slug"),
    [
        ({"images": X}, "npz-keys"),
        ({"x": X, "y": np.zeros(5, int), "z": X}, "npz-keys"),
        ({}, "npz-keys"),
        ({"x": X[:, :, :3]}, "calibration-shape"),
        ({"x": (X * 100).astype(np.uint8)}, "calibration-dtype"),
        ({"x": np.full_like(X, np.inf)}, "calibration-not-finite"),
        ({"x": X, "y": np.zeros(4, int)}, "labels-shape"),
        ({"x": X, "y": np.zeros(5)}, "labels-dtype"),
        ({"x": X, "y": np.full(5, 9)}, "labels-range"),
        ({"x": np.array(["a"])}, "calibration-dtype"),
    ],
)
def test_arrays_that_do_not_fit(arrays, slug: str, captured: Captured, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(BnnclError) as caught:
        load_calibration(tmp_path / "data.npz", captured)
    assert [problem.slug for problem in caught.value.problems] == [slug]
    assert caught.value.exit_code == EXIT_USAGE


def test_pickled_arrays_run_no_code(captured: Captured, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    np.savez(tmp_path / "data.npz", x=np.array([_Payload(mark)], object))
    with pytest.raises(BnnclError) as caught:
        load_calibration(tmp_path / "data.npz", captured)
    assert caught.value.problems[0].slug == "not-npz"
    assert not mark.exists()


def test_files_that_are_no_npz(captured: Captured, tmp_path: Path) -> None:
    with pytest.raises(BnnclError) as caught:
        load_calibration(tmp_path / "data.npz", captured)
    assert caught.value.problems[0].slug == "file-not-found"
    np.save(tmp_path / "data.npy", X)
    np.savez(tmp_path / "whole.npz", x=X)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:200])
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_text("x,y\n1,2\n")
    for name in ("data.npy", "cut.npz", "empty.npz", "text.npz"):
        with pytest.raises(BnnclError) as caught:
            load_calibration(tmp_path / name, captured)
        assert caught.value.problems[0].slug == "not-npz", name
