"""Kernels that store small integers densely and read them again."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import Packed, TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.ops.pack import Pack, Unpack
from bnncl.targets import Target

_PER_ELEMENT = 12


class DenseBitsKernel(Kernel):
    """Each element moved from one width to another; no constants, no scratch."""

    header = "bnncl/pack.h"
    constant_time = True
    includes = ("bnncl/internal/pack.h",)
    byte_type: ClassVar[str]

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The number of elements and their bits."""
        packed = op.infer(*types).domain if isinstance(op, Pack) else types[0].domain
        assert isinstance(packed, Packed)
        return Binding((), (), (INPUT, OUTPUT, types[0].elements, packed.bits))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each element."""
        return types[0].elements * _PER_ELEMENT


class PackKernel(DenseBitsKernel):
    """Bytes of type `byte_type` to fewer bits."""

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Any number of bits."""
        return isinstance(op, Pack) and types[0].ctype == self.byte_type


class UnpackKernel(DenseBitsKernel):
    """Packed numbers to bytes of type `byte_type`."""

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Any number of bits."""
        return isinstance(op, Unpack) and op.infer(*types).ctype == self.byte_type
