"""How the 8-bit numbers a device is fed stand for the real numbers a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Int
from bnncl.ir.values import Meaning

_LEVELS = 255
_GRID_TOLERANCE = 1e-3
_FEW = 16


@dataclass(frozen=True, eq=False)
class InputFormat:
    """Domain of the stored input and its meaning: real = scale[c] * q + offset[c].

    `exact` says that the calibration data lie on the grid of the stored numbers, so that quantising
    the input loses nothing; `source` says where the map came from, for the report.
    """

    domain: Int
    meaning: Meaning
    exact: bool
    source: str

    def quantise(self, real: Array) -> Array:
        """The stored numbers nearest to real inputs (N, H, W, C); int64, saturated."""
        q = np.rint((np.asarray(real, np.float64) - self.meaning.offset) / self.meaning.scale)
        return np.clip(q, self.domain.lo, self.domain.hi).astype(np.int64)


def stated(scale: Array, offset: Array, *, signed: bool) -> InputFormat:
    """The format a user has stated: int8 or uint8 with `scale` and `offset`, (C,) or (1,) each."""
    domain = Int(-128, 127, 8) if signed else Int(0, _LEVELS, 8)
    return InputFormat(domain, Meaning(np.atleast_1d(scale), np.atleast_1d(offset)), False, "stated")


def from_range(low: float, high: float) -> InputFormat:
    """uint8 over the real interval low..high."""
    scale = (high - low) / _LEVELS if high > low else 1.0
    meaning = Meaning.of(scale, low)
    return InputFormat(Int(0, _LEVELS, 8), meaning, False, "input range")


def from_calibration(x: Array) -> InputFormat:
    """The uint8 format of real calibration inputs (N, H, W, C).

    Images are usually pixels k in 0..255 that went through a map a*k + b, one for all channels or, for a
    few channels, one for each. Where the distinct values lie on such a grid, the map is found back and
    the input is exact; otherwise uint8 spans the range seen. The smallest value stands for q = 0.
    """
    common = _grid(np.unique(x))
    if common is not None:
        return _on_grid([common])
    channels = [_grid(np.unique(x[..., c])) for c in range(x.shape[-1])] if x.shape[-1] <= _FEW else []
    found = [channel for channel in channels if channel is not None]
    if channels and len(found) == len(channels):
        return _on_grid(found)
    ranged = from_range(float(x.min()), float(x.max()))
    return InputFormat(ranged.domain, ranged.meaning, False, "range of the calibration data")


def _on_grid(channels: list[tuple[float, float]]) -> InputFormat:
    scale, offset = (np.array(part) for part in zip(*channels, strict=True))
    return InputFormat(Int(0, _LEVELS, 8), Meaning(scale, offset), True, "grid of the calibration data")


def _grid(values: Array) -> tuple[float, float] | None:
    """Step and origin of the grid that the sorted distinct `values` lie on, or None."""
    values = values.astype(np.float64)
    if len(values) < 2:
        return (1.0, float(values[0])) if len(values) else None
    span = values[-1] - values[0]
    levels = span / np.diff(values).min()
    if round(levels) > _LEVELS or abs(levels - round(levels)) > 0.25:
        return None
    step = span / round(levels)
    steps = (values - values[0]) / step
    if np.abs(steps - np.rint(steps)).max() > _GRID_TOLERANCE * max(1.0, round(levels) / 100):
        return None
    return float(step), float(values[0])
