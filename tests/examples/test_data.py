"""The data sets' files as `examples.data` reads and writes them."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from examples import data

PIXELS = np.arange(5 * 28 * 28, dtype=np.uint64).reshape(5, 28, 28).astype(np.uint8)
LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


def idx(array: np.ndarray) -> bytes:
    shape = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def write_fashion(folder: Path, packed: bool) -> None:
    for prefix, count in (("train", 5), ("t10k", 3)):
        for part, array in (("images-idx3", PIXELS), ("labels-idx1", LABELS)):
            content = idx(array[:count])
            name = f"{prefix}-{part}-ubyte"
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)


def cifar_batch(first_label: int) -> bytes:
    records = [bytes([first_label + k]) + bytes([k]) * 1024 + bytes([k + 1]) * 2048 for k in range(2)]
    return b"".join(records)


def cifar_files() -> dict[str, bytes]:
    names = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
    return {name: cifar_batch(index) for index, name in enumerate(names)}


def test_digits_are_sixteenths_and_split_the_same_way_every_time() -> None:
    first, second = data.load_digits_split(), data.load_digits_split()
    assert first.train.x.shape == (1437, 1, 8, 8)
    assert first.test.x.shape == (360, 1, 8, 8)
    assert first.train.x.dtype == np.float32
    steps = first.train.x * 16
    assert np.array_equal(steps, np.rint(steps))
    assert (steps.min(), steps.max()) == (0, 16)
    assert np.array_equal(first.test.x, second.test.x)
    assert np.array_equal(first.calibration.y, first.train.y[:256])
    assert np.bincount(first.test.y, minlength=10).min() > 20


@pytest.mark.parametrize("packed", [False, True])
def test_fashion_mnist_from_its_four_files(tmp_path: Path, packed: bool) -> None:
    write_fashion(tmp_path, packed)
    found = data.load_fashion_mnist(tmp_path, train_samples=4)
    assert np.array_equal(found.train.x, PIXELS[:4, None])
    assert np.array_equal(found.test.x, PIXELS[:3, None])
    assert found.test.y.tolist() == [3, 1, 4]
    assert found.test.y.dtype == np.int64


def test_fashion_mnist_from_the_subset_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(
        tmp_path / data.FASHION_SUBSET, x_train=PIXELS, y_train=LABELS, x_test=PIXELS[:2], y_test=LABELS[:2]
    )
    monkeypatch.setenv("BNNCL_DATA", str(tmp_path))
    found = data.load_fashion_mnist()
    assert found.train.x.shape == (5, 1, 28, 28)
    assert found.test.y.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(LABELS)[:-1], "cut off"),
        (b"\0\0\x0d\x01" + bytes(8), "not an idx file of bytes"),
        (b"\x80\x02}q\x00.", "not an idx file of bytes"),
        (b"", "not an idx file of bytes"),
        (b"\0\0\x08\x03\0\0", "cut off"),
        (gzip.compress(idx(LABELS), mtime=0)[:-9], "cannot be read"),
    ],
)
def test_a_broken_idx_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "labels"
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=message) as caught:
        data.read_idx(path)
    assert str(path) in str(caught.value)


def test_images_and_labels_must_match(tmp_path: Path) -> None:
    write_fashion(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:2]))
    with pytest.raises(data.DataError, match="do not match"):
        data.load_fashion_mnist(tmp_path)


def test_a_missing_data_set_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BNNCL_DATA", raising=False)
    with pytest.raises(data.DataError, match="BNNCL_DATA"):
        data.load_fashion_mnist()
    with pytest.raises(SystemExit) as ended:
        data.main(["fashion_mnist", "--data", str(tmp_path), "-o", str(tmp_path / "out.npz")])
    assert ended.value.code == 2
    assert "github.com/zalandoresearch/fashion-mnist" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("place", ["archive", "folder", "here"])
def test_cifar10_from_its_binary_version(tmp_path: Path, place: str) -> None:
    folder = tmp_path / data.CIFAR_BINARY if place == "folder" else tmp_path
    folder.mkdir(exist_ok=True)
    if place == "archive":
        with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
            for name, content in cifar_files().items():
                member = tarfile.TarInfo(f"{data.CIFAR_BINARY}/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        for name, content in cifar_files().items():
            (folder / name).write_bytes(content)
    found = data.load_cifar10(tmp_path)
    assert found.train.x.shape == (10, 3, 32, 32)
    assert found.train.y.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert found.test.x[1, :, 0, 0].tolist() == [1, 2, 2]


def test_cifar10_pickles_are_refused_and_broken_files_named(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="neither"):
        data.load_cifar10(tmp_path)
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"")
    with pytest.raises(data.DataError, match="pickles"):
        data.load_cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(cifar_batch(0)[:-1])
    with pytest.raises(data.DataError, match="not a multiple of 3073"):
        data.load_cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(cifar_batch(9))
    with pytest.raises(data.DataError, match="labels above 9"):
        data.load_cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").unlink()
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(data.DataError, match="cannot be read"):
        data.load_cifar10(tmp_path)


def test_the_command_line_writes_what_verify_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fashion(tmp_path, packed=True)
    out = tmp_path / "new" / "fashion.npz"
    words = ["fashion_mnist", "--data", str(tmp_path), "-o", str(out), "--part", "train", "--limit", "2"]
    data.main([*words, "--normalise", "0.5", "0.25"])
    with np.load(out) as archive:
        assert sorted(archive) == ["x", "y"]
        assert archive["y"].tolist() == [3, 1]
        assert archive["x"].dtype == np.float32
        np.testing.assert_allclose(archive["x"], (PIXELS[:2, None] / 255 - 0.5) / 0.25, atol=1e-6)
    assert "(2, 1, 28, 28)" in capsys.readouterr().out
