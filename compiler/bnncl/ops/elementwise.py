"""Element-by-element arithmetic with parameters per channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, TRACED_ONLY, Array, UnaryOp, as_float
from bnncl.ir.types import Float, Int, TensorType
from bnncl.ir.values import Constant
from bnncl.numerics.fixed import saturate, shift_right_floor
from bnncl.ops.epilogue import Rescale


@dataclass(frozen=True, eq=False, kw_only=True)
class RealAffine(UnaryOp):
    """x * scale[c] + offset[c] in real numbers; float64 (C,). Batch norm, bias and scaling become this.

    An integer or binary input counts as its plain number, not its meaning: the frontend has folded
    that into scale and offset.
    """

    stages = TRACED_ONLY
    scale: Constant
    offset: Constant

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, float."""
        return TensorType(types[0].shape, Float())

    def evaluate(self, *arrays: Array) -> Array:
        """The affine map in float64."""
        return np.asarray(as_float(arrays[0]) * self.scale.data + self.offset.data)


@dataclass(frozen=True, eq=False, kw_only=True)
class RealClamp(UnaryOp):
    """min(max(x, lo), hi) in real numbers: ReLU is lo=0, hi=inf; hardtanh is -1, 1."""

    stages = TRACED_ONLY
    lo: float
    hi: float

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, float."""
        return TensorType(types[0].shape, Float())

    def evaluate(self, *arrays: Array) -> Array:
        """The clamp."""
        return np.clip(as_float(arrays[0]), self.lo, self.hi)


@dataclass(frozen=True, eq=False, kw_only=True)
class RealPRelu(UnaryOp):
    """x where x >= 0, else x * slope[c]; float64 (C,). With `positive` it is x * positive[c] where x >= 0."""

    stages = TRACED_ONLY
    slope: Constant
    positive: Constant | None = None

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, float."""
        return TensorType(types[0].shape, Float())

    def evaluate(self, *arrays: Array) -> Array:
        """The two slopes."""
        x = as_float(arrays[0])
        above = x if self.positive is None else x * self.positive.data
        return np.where(x >= 0, above, x * self.slope.data)


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantize(UnaryOp):
    """An integer rescaled to fewer bits."""

    stages = INTEGER_ONLY
    rescale: Rescale

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, the rescale's domain."""
        return TensorType(types[0].shape, self.rescale.domain())

    def evaluate(self, *arrays: Array) -> Array:
        """The rescale, element by element."""
        return self.rescale.apply(arrays[0])

    def constants(self) -> Iterator[tuple[str, Constant]]:
        """The parameters of the rescale."""
        for name, held in vars(self.rescale).items():
            if isinstance(held, Constant):
                yield name, held


@dataclass(frozen=True, eq=False, kw_only=True)
class PRelu(UnaryOp):
    """q where q >= 0, else floor((q * slope[c] + 2**(shift-1)) / 2**shift), saturated to lo..hi.

    `slope` is int16 (C,), `shift` in 1..15, lo..hi the range of the input; real zero is q = 0. With
    `positive`, int16 (C,), q >= 0 is treated like q < 0, by that slope.
    """

    stages = INTEGER_ONLY
    slope: Constant
    shift: int
    lo: int
    hi: int
    positive: Constant | None = None

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the input."""
        domain = types[0].domain
        assert isinstance(domain, Int)
        assert (domain.lo, domain.hi) == (self.lo, self.hi)
        return TensorType(types[0].shape, domain)

    def evaluate(self, *arrays: Array) -> Array:
        """The two slopes."""
        x = arrays[0].astype(np.int64)
        above = x if self.positive is None else self._scaled(x, self.positive)
        return np.where(x >= 0, above, self._scaled(x, self.slope))

    def _scaled(self, x: Array, slope: Constant) -> Array:
        scaled = shift_right_floor(x * slope.data + (1 << (self.shift - 1)), self.shift)
        return saturate(scaled, self.lo, self.hi)
