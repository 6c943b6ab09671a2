"""Kernels that add two values: one for each pair of types."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.packing import dense
from bnncl.kernels.params import INPUT, OUTPUT
from bnncl.ops.add import Add
from bnncl.targets import Target

_PER_ELEMENT = 20


class AddKernel(Kernel):
    """A sum of `x_type` and `y_type` (C types) stored as `x_type`; x and output may be the same buffer."""

    header = "bnncl/add.h"
    constant_time = True
    includes = ("bnncl/fixed.h", "bnncl/internal/add.h", "bnncl/internal/element.h")
    x_type: ClassVar[str]
    y_type: ClassVar[str]

    @property
    def in_place(self) -> bool:
        """Each element is read before it is written."""
        return True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every sum whose parts fit 32 bits: that is a rule of the op."""
        if not isinstance(op, Add):
            return False
        return (types[0].ctype, types[1].ctype, op.infer(*types).ctype) == (
            self.x_type,
            self.y_type,
            self.x_type,
        )

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The numbers of each channel and the sizes."""
        assert isinstance(op, Add)
        arrays = (
            *(
                dense(name, "int32_t", held.data.astype(np.int32), ("channel",))
                for name, held in op.constants()
                if name != "shift"
            ),
            dense("shift", "uint8_t", op.shift.data.astype(np.uint8), ("channel",)),
        )
        fields: tuple[tuple[str, int | Ref], ...] = (
            *((array.name, Ref("array", array.name)) for array in arrays),
            ("lo", op.lo),
            ("hi", op.hi),
        )
        height, width, channels = types[0].shape
        args = (INPUT, Ref("input", "1"), OUTPUT, Ref("struct", "add"), height * width, channels)
        return Binding(arrays, (ParamStruct("add", "bnncl_add", fields),), args)

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """The same number of instructions for each element."""
        return types[0].elements * _PER_ELEMENT
