"""A map as one long vector."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.ir.op import TRACED_AND_INTEGER, Array, UnaryOp
from bnncl.ir.types import TensorType


@dataclass(frozen=True, eq=False, kw_only=True)
class Flatten(UnaryOp):
    """(H, W, C) as (1, 1, H*W*C), channels innermost.

    Torch flattens channels outermost: the frontend permutes the parameters that follow.
    """

    stages = TRACED_AND_INTEGER

    def infer(self, *types: TensorType) -> TensorType:
        """One pixel with every element as a channel."""
        return TensorType((1, 1, types[0].elements), types[0].domain)

    def evaluate(self, *arrays: Array) -> Array:
        """A reshape."""
        return arrays[0].reshape(arrays[0].shape[0], 1, 1, -1)
