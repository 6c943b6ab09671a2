"""Discretisers: from a number to ±1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import TRACED_AND_INTEGER, TRACED_ONLY, Array, UnaryOp, as_float
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Constant
from bnncl.ops.epilogue import Steps


@dataclass(frozen=True, eq=False, kw_only=True)
class Threshold(UnaryOp):
    """±1 from an integer, by the steps of its channel."""

    stages = TRACED_AND_INTEGER
    steps: Steps

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, binary."""
        return TensorType(types[0].shape, Binary())

    def evaluate(self, *arrays: Array) -> Array:
        """The staircase, element by element."""
        return self.steps.apply(arrays[0])

    def constants(self) -> Iterator[tuple[str, Constant]]:
        """The parameters of the staircase."""
        yield "at", self.steps.at
        yield "first", self.steps.first


@dataclass(frozen=True, eq=False, kw_only=True)
class RealThreshold(UnaryOp):
    """±1 from a real number: starts at `first[c]`, changes sign at each real `at[s][c]`.

    `at` is float64 of shape (S, C), ascending over s, +inf for a step that is not there; `first` int8
    (C,). It is the float chain between a real value and its sign, read off by the frontend.
    """

    stages = TRACED_ONLY
    at: Constant
    first: Constant

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, binary."""
        return TensorType(types[0].shape, Binary())

    def evaluate(self, *arrays: Array) -> Array:
        """The staircase, element by element."""
        x = as_float(arrays[0])
        passed = sum((x >= step for step in self.at.data), np.zeros(x.shape, np.int64))
        return np.where(passed % 2 == 0, self.first.data, -self.first.data).astype(np.int8)
