"""Makes data.npz files from standard data sets: `python -m examples.data digits -o digits.npz`.

A file holds `x` (N, C, H, W), float32 in the units a model is trained on or uint8 pixels, and `y` (N,)
int64 labels: what `bnncl-compile --calibration` and `bnncl verify --data` read. No loader here unpickles
anything: scikit-learn's digits are text, Fashion-MNIST is read from its four idx files, CIFAR-10 from
its *binary* version.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

DIGITS_TRAIN, DIGITS_CALIBRATION = 1437, 256
FASHION_MEAN, FASHION_STD = 0.2860, 0.3530
FASHION_SUBSET = "fashion_mnist_30k.npz"
CIFAR_BINARY = "cifar-10-batches-bin"
_IDX_UINT8 = 0x08
_CIFAR_RECORD = 1 + 3 * 32 * 32
_SPLITS = ("train", "test")


class DataError(Exception):
    """A data set is not where it was looked for, or its files are not what they should be."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images x (N, C, H, W) and labels y (N,)."""

    x: Images
    y: Labels

    def save(self, path: Path) -> None:
        """Write `path` (.npz), making its folder if need be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, x=self.x, y=self.y)

    def head(self, count: int) -> Split:
        """The first `count` samples."""
        return Split(self.x[:count], self.y[:count])

    def of(self, classes: Iterable[int]) -> Split:
        """The samples of `classes`, in their order."""
        chosen = np.isin(self.y, list(classes))
        return Split(self.x[chosen], self.y[chosen])


@dataclass(frozen=True, eq=False)
class DataSet:
    """A training set, samples of it to calibrate with, and a test set."""

    train: Split
    calibration: Split
    test: Split

    def below(self, classes: int) -> DataSet:
        """The samples of the first `classes` classes, with a calibration set as large as before."""
        train = self.train.of(range(classes))
        return DataSet(train, train.head(len(self.calibration.y)), self.test.of(range(classes)))


def load_digits_split() -> DataSet:
    """The 1,797 digits of scikit-learn: 1,437 to train, the first 256 of these to calibrate, 360 to test.

    Images are (N, 1, 8, 8) float32, k/16 exactly with k in 0..16. The order is a fixed permutation.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415 - only this loader needs scikit-learn

    digits = load_digits()
    order = np.random.default_rng(2024).permutation(len(digits.target))
    x = (digits.images[order, None] / 16).astype(np.float32)
    y = digits.target[order].astype(np.int64)
    train = Split(x[:DIGITS_TRAIN], y[:DIGITS_TRAIN])
    return DataSet(train, train.head(DIGITS_CALIBRATION), Split(x[DIGITS_TRAIN:], y[DIGITS_TRAIN:]))


def load_fashion_mnist(folder: Path | None = None, train_samples: int = 20_000) -> DataSet:
    """Fashion-MNIST, uint8 (N, 1, 28, 28): the first `train_samples` to train, 512 of these to calibrate.

    Looked for in `folder`, or in $BNNCL_DATA where that is None: the four files
    `{train,t10k}-{images-idx3,labels-idx1}-ubyte`, packed with gzip or not, or the balanced subset
    `fashion_mnist_30k.npz`. Raises `DataError` with what is missing.
    """
    place = folder or _named_folder("Fashion-MNIST")
    subset = place / FASHION_SUBSET
    if subset.is_file():
        splits = [_from_npz(subset, name) for name in _SPLITS]
    else:
        splits = [_from_idx(place, name) for name in ("train", "t10k")]
    train = splits[0].head(train_samples)
    return DataSet(train, train.head(512), splits[1])


def load_cifar10(folder: Path | None = None, train_samples: int = 50_000) -> DataSet:
    """CIFAR-10, uint8 (N, 3, 32, 32), from its binary version in `folder` or $BNNCL_DATA.

    Looked for: `cifar-10-binary.tar.gz`, or the folder `cifar-10-batches-bin` unpacked from it, or its
    files `data_batch_1.bin` ... `test_batch.bin`. The python version of the archive consists of pickles,
    which can run code, and is refused. Raises `DataError`.
    """
    place = folder or _named_folder("CIFAR-10")
    train = _join([_cifar_batch(place, f"data_batch_{n}.bin") for n in range(1, 6)]).head(train_samples)
    return DataSet(train, train.head(512), _cifar_batch(place, "test_batch.bin"))


def normalise(split: Split, mean: float, std: float) -> Split:
    """Pixels k as float32 (k/255 - mean) / std, the way torchvision's transforms compute it."""
    x = split.x.astype(np.float32) / np.float32(255)
    return Split((x - np.float32(mean)) / np.float32(std), split.y)


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """The array in an idx file of bytes, packed with gzip or not; `DataError` where it is not one."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _IDX_UINT8 or data[3] not in (1, 3):
        raise DataError(f"{path}: this is not an idx file of bytes with 1 or 3 dimensions")
    dimensions = data[3]
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    if len(data) - start != int(np.prod(shape)):
        raise DataError(f"{path}: {len(data) - start} bytes of data, but its header says {shape}; cut off?")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _from_idx(folder: Path, prefix: str) -> Split:
    images = read_idx(_plain_or_gzip(folder, f"{prefix}-images-idx3-ubyte"))
    labels = read_idx(_plain_or_gzip(folder, f"{prefix}-labels-idx1-ubyte"))
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(f"{folder}: {prefix}: images {images.shape} and labels {labels.shape} do not match")
    return Split(images[:, None], labels.astype(np.int64))


def _plain_or_gzip(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder}: neither {name}(.gz) nor {FASHION_SUBSET} is there. Fashion-MNIST's four files come from "
        "https://github.com/zalandoresearch/fashion-mnist (data/fashion); name their folder"
    )


def _from_npz(path: Path, name: str) -> Split:
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y = archive[f"x_{name}"], archive[f"y_{name}"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: x_{name} and y_{name} cannot be read: {error}") from error
    if x.dtype != np.uint8 or x.ndim != 3 or len(x) != len(y):
        raise DataError(
            f"{path}: x_{name} is {x.dtype} {x.shape} and y_{name} {y.shape}: not uint8 (N, H, W)"
        )
    return Split(x[:, None], y.astype(np.int64))


def _named_folder(title: str) -> Path:
    named = os.environ.get("BNNCL_DATA")
    if not named:
        raise DataError(f"{title}: name the folder with its files, with --data or in $BNNCL_DATA")
    return Path(named)


def _cifar_batch(folder: Path, name: str) -> Split:
    data = _cifar_bytes(folder, name)
    if not data or len(data) % _CIFAR_RECORD:
        raise DataError(
            f"{folder}: {name} has {len(data)} bytes, not a multiple of {_CIFAR_RECORD}; cut off?"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, _CIFAR_RECORD)
    if records[:, 0].max() > 9:
        raise DataError(f"{folder}: {name} has labels above 9: not CIFAR-10's binary version")
    return Split(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64))


def _cifar_bytes(folder: Path, name: str) -> bytes:
    for path in (folder / name, folder / CIFAR_BINARY / name):
        if path.is_file():
            return path.read_bytes()
    packed = folder / "cifar-10-binary.tar.gz"
    if packed.is_file():
        return _member(packed, f"{CIFAR_BINARY}/{name}")
    if any((folder / other).exists() for other in ("cifar-10-python.tar.gz", "cifar-10-batches-py")):
        raise DataError(
            f"{folder}: this is CIFAR-10's python version, which consists of pickles: loading them could run "
            "any code. Take the binary version, cifar-10-binary.tar.gz"
        )
    raise DataError(f"{folder}: neither cifar-10-binary.tar.gz nor {name} is there")


def _member(packed: Path, name: str) -> bytes:
    try:
        with tarfile.open(packed) as archive:
            stream = archive.extractfile(name)
            data = stream.read() if stream is not None else b""
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{packed}: {name} cannot be read: {error}") from error
    return data


def _join(parts: list[Split]) -> Split:
    return Split(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]))


def fail(error: DataError) -> NoReturn:
    """Say what is wrong with the data and end with exit code 2."""
    print(error, file=sys.stderr)
    sys.exit(2)


_LOADERS: dict[str, Callable[[Path | None], DataSet]] = {
    "digits": lambda _: load_digits_split(),
    "fashion_mnist": load_fashion_mnist,
    "cifar10": load_cifar10,
}


def main(arguments: list[str] | None = None) -> None:
    """The command line: which data set, from where, which part, to which file."""
    parser = argparse.ArgumentParser(prog="python -m examples.data", description="Make a data.npz file.")
    parser.add_argument("name", choices=list(_LOADERS))
    parser.add_argument("-o", "--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--data", type=Path, help="folder with the data set's files (default: $BNNCL_DATA)")
    parser.add_argument("--part", choices=("train", "calibration", "test"), default="test")
    parser.add_argument("--limit", type=int, help="only so many samples")
    parser.add_argument(
        "--normalise", nargs=2, type=float, metavar=("MEAN", "STD"), help="(k/255 - MEAN)/STD"
    )
    chosen = parser.parse_args(arguments)
    try:
        split: Split = getattr(_LOADERS[chosen.name](chosen.data), chosen.part)
    except DataError as error:
        fail(error)
    split = split.head(chosen.limit) if chosen.limit else split
    split = normalise(split, *chosen.normalise) if chosen.normalise else split
    split.save(chosen.out)
    print(f"{chosen.out}: x {split.x.dtype} {split.x.shape}, y {split.y.shape}")


if __name__ == "__main__":
    main()
