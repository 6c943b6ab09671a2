"""`bnncl_product_u8`: a gradient times slopes of uint8, element by element."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import TailKernel, inputs, plain
from bnncl.kernels.params import OUTPUT
from bnncl.ops.tail.backward import Product
from bnncl.targets import Target


class ProductU8(TailKernel):
    """A gradient times slopes of uint8, element by element."""

    symbol = "bnncl_product_u8"
    header = "bnncl/backward.h"
    includes = ("bnncl/types.h",)
    per_element = 6
    input_types = ("int16_t", "uint8_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every product."""
        return isinstance(op, Product) and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The number of elements."""
        return plain(*inputs(2), OUTPUT, types[0].elements)
