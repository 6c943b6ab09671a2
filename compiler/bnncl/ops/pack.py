"""Small integers stored densely, and as bytes again."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.ir.op import INTEGER_ONLY, Array, UnaryOp
from bnncl.ir.types import Int, Packed, TensorType


@dataclass(frozen=True, eq=False, kw_only=True)
class Pack(UnaryOp):
    """8-bit integers that fit `bits` (1..8) bits, stored in so many bits each: the numbers stay the same."""

    stages = INTEGER_ONLY
    bits: int

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape and numbers, packed."""
        domain = types[0].domain
        assert isinstance(domain, Int)
        assert domain.bits == 8, domain
        return TensorType(types[0].shape, Packed(domain.lo, domain.hi, self.bits))

    def evaluate(self, *arrays: Array) -> Array:
        """The numbers themselves."""
        return arrays[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Unpack(UnaryOp):
    """Packed integers as 8-bit ones: the numbers stay the same.

    The type holds every number that so many bits can be, since words may come from a memory that was loaded:
    what is proven of it needs no trust in them.
    """

    stages = INTEGER_ONLY

    def infer(self, *types: TensorType) -> TensorType:
        """Same shape, a byte each."""
        domain = types[0].domain
        assert isinstance(domain, Packed)
        low = -(1 << (domain.bits - 1)) if domain.signed else 0
        return TensorType(types[0].shape, Int(low, low + (1 << domain.bits) - 1, 8))

    def evaluate(self, *arrays: Array) -> Array:
        """The numbers themselves."""
        return arrays[0]
