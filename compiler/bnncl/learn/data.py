"""Labelled data sets, by name or from a file, in torch's layout."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.ir.op import Array
from bnncl.learn.scenarios import Labels

FILES = {
    "fashion_mnist": "fashion_mnist_30k.npz",
    "cifar10": "cifar10_12k.npz",
    "cifar100": "cifar100_50c.npz",
    "spoken_digits": "fsdd_logmel32.npz",
}
"""File of each named set below $BNNCL_DATA: uint8 images (N, H, W) or (N, H, W, C)."""

DIGITS = "digits"
_DIGITS_TRAIN = 1437
_HINT = "numpy.savez('data.npz', x_train=..., y_train=..., x_test=..., y_test=...), images as NCHW"
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_DOMAINS = "domain_train"


@dataclass(frozen=True, eq=False)
class DataSet:
    """Inputs (N, ...) in torch's layout and labels (N,), to learn and to test; `domains` (N,) or None.

    Domains say where a training sample comes from: a speaker, a session, a kind of background.
    """

    name: str
    x_train: Array
    y_train: Labels
    x_test: Array
    y_test: Labels
    domains: Labels | None = None

    @property
    def classes(self) -> int:
        """One more than the largest label."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    def sha256(self) -> str:
        """A digest of all that was loaded."""
        total = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test, self.domains):
            if array is not None:
                total.update(f"{array.dtype} {array.shape}".encode())
                total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()

    def limited(self, train: int | None, test: int | None) -> DataSet:
        """At most the first `train` and `test` samples of each class."""
        some, others = _first_of_each(self.y_train, train), _first_of_each(self.y_test, test)
        domains = None if self.domains is None else self.domains[some]
        return DataSet(
            self.name,
            self.x_train[some],
            self.y_train[some],
            self.x_test[others],
            self.y_test[others],
            domains,
        )


def load(name: str) -> DataSet:
    """`digits`, a set named in FILES from $BNNCL_DATA, or the path of an npz file.

    Named sets are float32 in 0..1. A file holds x_train, y_train, x_test, y_test and perhaps domain_train,
    inputs as the model takes them. UsageError `unknown-data`, `data-not-found`, `bad-data`,
    `missing-library`.
    """
    if name == DIGITS:
        return _digits()
    if name in FILES:
        arrays = _arrays(_named(name))
        for part in ("x_train", "x_test"):
            arrays[part] = _as_nchw(arrays[part])
        return _checked(name, arrays)
    if not name.endswith(".npz"):
        names = ", ".join([DIGITS, *FILES])
        message = f"'{name}' is neither one of {names} nor an npz file"
        raise UsageError(Problem("unknown-data", message, "--data", hint=_HINT))
    return _checked(Path(name).name, _arrays(Path(name)))


def _digits() -> DataSet:
    """The 1,797 digits of scikit-learn in a fixed order: 1,437 to learn, 360 to test; k/16."""
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - only this set needs it
    except ModuleNotFoundError as error:
        hint = "pip install scikit-learn"
        message = "scikit-learn is not installed"
        raise UsageError(Problem("missing-library", message, DIGITS, hint=hint)) from error
    digits = load_digits()
    order = np.random.default_rng(2024).permutation(len(digits.target))
    x, y = (digits.images[order, None] / 16).astype(np.float32), digits.target[order].astype(np.int64)
    train, test = slice(_DIGITS_TRAIN), slice(_DIGITS_TRAIN, None)
    return DataSet(DIGITS, x[train], y[train], x[test], y[test])


def _named(name: str) -> Path:
    folder = os.environ.get("BNNCL_DATA")
    path = Path(folder or ".") / FILES[name]
    if not folder or not path.is_file():
        where = "$BNNCL_DATA is not set" if not folder else f"{path} is not there"
        hint = f"Set BNNCL_DATA to the folder that holds {FILES[name]}, or give --data data.npz."
        raise UsageError(Problem("data-not-found", where, f"--data {name}", hint=hint))
    return path


def _arrays(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise UsageError(Problem("data-not-found", "there is no such file", str(path), hint=_HINT))
    try:
        with np.load(path, allow_pickle=False) as file:
            names = {
                each: f"xd_{each[2:]}" for each in ("x_train", "x_test") if f"xd_{each[2:]}" in file.files
            }
            found = {each: file[each] for each in (*_ARRAYS, _DOMAINS) if each in file.files}
            return found | {each: undifferenced(file[stored]) for each, stored in names.items()}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        message = "the file cannot be read"
        raise UsageError(Problem("bad-data", message, str(path), str(error), _HINT)) from error


def undifferenced(stored: Array) -> Array:
    """Colour images (N, H, W, 3) uint8 from differences (N, 3, H, W).

    Stored are R-G, G and B-G, of each pixel less its upper one, then less its left one, all modulo 256.
    """
    whole = np.cumsum(np.cumsum(stored, 3, dtype=np.uint8), 2, dtype=np.uint8)
    whole[:, 0] += whole[:, 1]
    whole[:, 2] += whole[:, 1]
    return np.ascontiguousarray(whole.transpose(0, 2, 3, 1))


def _as_nchw(images: Array) -> Array:
    moved = images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1)
    return np.ascontiguousarray(moved, np.float32) / np.float32(255)


def _checked(name: str, arrays: dict[str, Array]) -> DataSet:
    problems = Collector()
    missing = [each for each in _ARRAYS if each not in arrays]
    if missing:
        message = f"the file lacks {', '.join(missing)}"
        raise UsageError(Problem("bad-data", message, name, hint=_HINT))
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if y.ndim != 1 or len(y) != len(x) or not len(y):
            message = f"x_{part} has shape {x.shape} and y_{part} {y.shape}"
            problems.add(Problem("bad-data", message, name, "There must be one label for each sample."))
        if y.dtype.kind not in "iu" or (y.size and int(y.min()) < 0):
            problems.add(Problem("bad-data", f"y_{part} holds something else than 0, 1, ...", name))
    domains = arrays.get(_DOMAINS)
    if domains is not None and domains.shape != arrays["y_train"].shape:
        problems.add(Problem("bad-data", f"{_DOMAINS} has shape {domains.shape}, not y_train's", name))
    problems.raise_as(UsageError)
    return DataSet(
        name,
        arrays["x_train"],
        arrays["y_train"].astype(np.int64),
        arrays["x_test"],
        arrays["y_test"].astype(np.int64),
        None if domains is None else domains.astype(np.int64),
    )


def _first_of_each(labels: Labels, most: int | None) -> Array:
    if most is None:
        return np.arange(len(labels))
    parts = [np.flatnonzero(labels == each)[:most] for each in np.unique(labels)]
    return np.sort(np.concatenate(parts))
