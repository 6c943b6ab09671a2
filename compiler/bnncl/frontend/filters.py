"""Folded convolution weights, channel by channel: which of them are binary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnncl.frontend.captured import Captured
from bnncl.ir.values import Constant

SNAP = 1e-5
"""Relative spread up to which magnitudes count as one: an STE-folded weight carries rounding noise."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FilterClass:
    """What a filter (O, ...) is made of.

    `signs` are ±1 (int8) and `alpha` (O,) the magnitudes where `binary`; otherwise `reason` says, as a
    clause, why it is not. `unit` (O,) is set where all weights of a row are -a, 0 or a: its a.
    """

    binary: bool
    signs: NDArray[np.int8]
    alpha: Floats
    reason: str = ""
    unit: Floats | None = None

    @property
    def exact(self) -> bool:
        """True if sums of these weights are exact in float32: magnitudes that are powers of two, or 0."""
        mantissa, _ = np.frexp(self.alpha)
        return bool(np.isin(mantissa, (0.0, 0.5)).all())


def classify(weights: Floats) -> FilterClass:
    """Sort the rows of `weights` (O, ...) into ±a (with one `a` each) and everything else."""
    rows = weights.reshape(weights.shape[0], -1)
    size = np.abs(rows)
    largest, smallest = size.max(1), size.min(1)
    is_binary = largest - smallest <= SNAP * largest
    signs = np.where(weights < 0, -1, 1).astype(np.int8)
    alpha = np.array([_magnitude(row) for row in size], np.float32)
    if bool(is_binary.all()):
        return FilterClass(True, signs, alpha, unit=alpha)
    on_units = all(binary or _is_ternary(row) for row, binary in zip(rows, is_binary, strict=True))
    unit = np.array([_magnitude(row[row > 0]) if row.any() else 0 for row in size], np.float32)
    return FilterClass(False, signs, alpha, _reason(rows, is_binary), unit if on_units else None)


def _magnitude(row: Floats) -> float:
    """The one magnitude of a row: a power of two if it is one up to noise, else the commonest value."""
    middle = float(np.median(row))
    if middle == 0.0:
        return 0.0
    power = 2.0 ** round(float(np.log2(middle)))
    if abs(middle - power) <= 1e-6 * power:
        return power
    values, counts = np.unique(row, return_counts=True)
    common = values[counts == counts.max()]
    return float(common[np.argmin(np.abs(common - middle))])


def _reason(rows: Floats, is_binary: NDArray[np.bool_]) -> str:
    others = [row for row, binary in zip(rows, is_binary, strict=True) if not binary]
    count = f"{len(others)} of {len(rows)} filters"
    if all(_is_ternary(row) for row in others):
        return f"{count} hold weights that are exactly zero (torch.sign(0) is 0)"
    if all(_is_two_valued(row) for row in others):
        return f"{count} hold two values that are not +a and -a"
    return f"{count} are real-valued"


def _is_ternary(row: Floats) -> bool:
    size = np.abs(row[row != 0])
    return bool(row.size > size.size > 0 and size.max() - size.min() <= SNAP * size.max())


def _is_two_valued(row: Floats) -> bool:
    low, high = float(row.min()), float(row.max())
    near = np.minimum(np.abs(row - low), np.abs(row - high))
    return bool(near.max() <= SNAP * max(abs(low), abs(high)))


@dataclass(frozen=True, eq=False)
class Weights:
    """A filter as torch holds it, in the compiler's layout (O, filter_h, filter_w, I), with its latent."""

    data: Floats
    origins: tuple[str, ...]
    latent: Floats | None
    frozen_because: str

    def constant(self, data: NDArray[Any]) -> Constant:
        """`data`, made from these weights, as a constant of the graph."""
        latent = None if self.latent is None else np.ascontiguousarray(self.latent)
        return Constant(np.ascontiguousarray(data), self.origins, latent, self.frozen_because)

    def permuted(self, order: NDArray[np.int64] | None) -> Weights:
        """The weights with the input channels in another order."""
        if order is None:
            return self
        latent = None if self.latent is None else self.latent[..., order]
        return Weights(self.data[..., order], self.origins, latent, self.frozen_because)


def conv_weights(captured: Captured, const: int) -> Weights:
    """Weights (O, I, h, w) or (O, I, l) of a convolution."""
    return _weights(captured, const, transposed=False)


def linear_weights(captured: Captured, const: int) -> Weights:
    """Weights (I, O) of a matrix product."""
    return _weights(captured, const, transposed=True)


def _weights(captured: Captured, const: int, transposed: bool) -> Weights:
    constant = captured.constants[const]
    data = _ohwi(constant.tensor.detach().float().numpy(), transposed)
    latent, why = None, "it was not computed from one parameter of its size"
    if constant.latent is not None:
        latent = _latent(captured.parameter(constant.latent).detach().float().numpy(), data, transposed)
        why = "" if latent is not None else f"parameter {constant.latent} has another shape"
    elif not constant.origins:
        why = "it was not computed from a parameter"
    return Weights(data, constant.origins, latent, why)


def _ohwi(array: Floats, transposed: bool) -> Floats:
    if array.ndim == 2:
        return (array.T if transposed else array)[:, None, None, :]
    if array.ndim == 3:
        return array[:, :, None, :].transpose(0, 2, 3, 1)
    return array.transpose(0, 2, 3, 1)


def _latent(parameter: Floats, data: Floats, transposed: bool) -> Floats | None:
    """The parameter in the layout of `data`: of the possible ones the one whose signs agree best."""
    candidates = (
        [_ohwi(parameter, flip) for flip in (transposed, not transposed)] if parameter.ndim > 1 else []
    )
    fitting = [found for found in candidates if found.shape == data.shape]
    if not fitting:
        return None
    return max(fitting, key=lambda found: float(((found >= 0) == (data >= 0)).mean()))
