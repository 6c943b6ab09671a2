"""Calibration samples and labels: checked against the model, or read from an npz file."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.frontend.captured import Captured, TracerFacts, dtype_name

_HINT = "numpy.savez('data.npz', x=images, y=labels), with x in torch's NCHW layout"


def check_calibration(
    captured: Captured, calibration: object, labels: object
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """`calibration` (N, ...) as a tensor of the input's type and `labels` (N,) as int64, or None for each.

    Raises UsageError with everything that is wrong: slugs `calibration-shape`, `calibration-dtype`,
    `calibration-not-finite`, `labels-shape`, `labels-dtype`, `labels-range`, `labels-without-calibration`.
    """
    problems = Collector()
    x = None if calibration is None else _checked_samples(captured, _tensor(calibration), problems)
    y = None if labels is None else _checked_labels(captured, _tensor(labels), x, problems)
    problems.raise_as(UsageError)
    return x, y


def load_calibration(path: Path, captured: Captured) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The arrays `x` and, if there, `y` of the npz file `path`, checked against `captured`.

    Pickled arrays are never loaded. Raises UsageError as `check_calibration` does, and with slugs
    `file-not-found`, `not-npz` and `npz-keys`.
    """
    arrays = read_npz(path)
    x, y = check_calibration(captured, arrays["x"], arrays.get("y"))
    assert x is not None
    return x, y


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays `x` and `y` of the npz file `path` (`y` may be missing); see `load_calibration`."""
    if not path.is_file():
        raise UsageError(Problem("file-not-found", "there is no such file", str(path), hint=_HINT))
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise UsageError(Problem("not-npz", "the file holds a single array", str(path), hint=_HINT))
        with file:
            names = sorted(file.files)
            if "x" not in names or not {"x", "y"}.issuperset(names):
                found = ", ".join(names) or "nothing"
                message = f"the file must hold x and perhaps y, but it holds {found}"
                raise UsageError(Problem("npz-keys", message, str(path), hint=_HINT))
            return {name: file[name] for name in names}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise UsageError(
            Problem("not-npz", "the file cannot be read", str(path), str(error), _HINT)
        ) from error


def widened(facts: TracerFacts, x: torch.Tensor | None) -> TracerFacts:
    """`facts` with the input's range widened to hold `x`."""
    if x is None:
        return facts
    low, high = min(facts.input_low, float(x.min())), max(facts.input_high, float(x.max()))
    return replace(facts, input_low=low, input_high=high)


def _tensor(array: object) -> torch.Tensor:
    if isinstance(array, torch.Tensor):
        return array.detach()
    numbers = np.asarray(array)
    if numbers.dtype.kind not in "fiub":
        message = f"its elements are {numbers.dtype}, not numbers"
        raise UsageError(Problem("calibration-dtype", message, "calibration", hint=_HINT))
    native = numbers.astype(numbers.dtype.newbyteorder("="))
    if native.dtype.kind == "u" and native.dtype.itemsize > 1:
        native = native.astype(np.int64)
    return torch.from_numpy(np.ascontiguousarray(native))


def _checked_samples(captured: Captured, x: torch.Tensor, problems: Collector) -> torch.Tensor | None:
    wanted: torch.dtype = getattr(torch, captured.input_dtype)
    if x.dim() != len(captured.input_shape) or tuple(x.shape[1:]) != captured.input_shape[1:] or not len(x):
        sample = " x ".join(str(size) for size in captured.input_shape[1:])
        problems.add(
            Problem(
                "calibration-shape",
                f"the samples have shape {tuple(x.shape)}, the model takes N x {sample} with N at least 1",
                "calibration",
                hint="torch's layout is NCHW: samples, channels, height, width",
            )
        )
        return None
    if x.dtype != wanted and not (x.is_floating_point() and wanted == torch.float32):
        problems.add(
            Problem(
                "calibration-dtype",
                f"the samples are {dtype_name(x.dtype)}, the model takes {captured.input_dtype}",
                "calibration",
                hint="convert and scale them exactly as for training, such as x.astype('float32') / 255",
            )
        )
        return None
    if not bool(torch.isfinite(x).all()):
        bad = int((~torch.isfinite(x)).sum())
        problems.add(Problem("calibration-not-finite", f"{bad} elements are NaN or infinite", "calibration"))
    return x.to(wanted)


def _checked_labels(
    captured: Captured, y: torch.Tensor, x: torch.Tensor | None, problems: Collector
) -> torch.Tensor:
    classes = captured.output_shape[-1] if captured.output_shape else 1
    if x is None:
        problems.add(
            Problem("labels-without-calibration", "labels need the samples they belong to", "labels")
        )
    if y.dim() != 1 or (x is not None and len(y) != len(x)):
        count = "N" if x is None else str(len(x))
        message = f"the labels have shape {tuple(y.shape)}, not ({count},)"
        problems.add(
            Problem("labels-shape", message, "labels", hint="Give one whole number for each sample.")
        )
    if y.is_floating_point() or y.dtype == torch.bool:
        message = f"the labels are {dtype_name(y.dtype)}, not integers"
        hint = "Give class numbers from 0: y.astype('int64'), of one-hot rows y.argmax(1)."
        problems.add(Problem("labels-dtype", message, "labels", hint=hint))
    elif y.numel() and (int(y.min()) < 0 or int(y.max()) >= classes):
        message = f"the labels reach from {int(y.min())} to {int(y.max())}, the model has {classes} outputs"
        problems.add(Problem("labels-range", message, "labels"))
    return y.to(torch.int64)
