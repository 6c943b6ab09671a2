"""No code: a flattened map that is stored as the map is."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel
from bnncl.kernels.flatten_bits import has_gaps
from bnncl.ops.flatten import Flatten
from bnncl.targets import Target


class FlattenAlias(Kernel):
    """Flatten of a map without gaps: the output is the input's own buffer."""

    symbol = ""
    header = ""
    constant_time = True

    @property
    def in_place(self) -> bool:
        """It is the same buffer."""
        return True

    @property
    def is_alias(self) -> bool:
        """There is no C function."""
        return True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Integers, and binary maps whose pixels are whole words."""
        return isinstance(op, Flatten) and not has_gaps(types[0])

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Nothing."""
        return Binding((), (), ())

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Nothing."""
        return 0
