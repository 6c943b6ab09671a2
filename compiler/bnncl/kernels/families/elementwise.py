"""Element-by-element kernels: one for each type of input."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.packing import dense
from bnncl.kernels.params import INPUT, OUTPUT, Bound, epilogue, epilogue_fits
from bnncl.ops.elementwise import PRelu, Requantize
from bnncl.ops.epilogue import Rescale
from bnncl.ops.threshold import Threshold
from bnncl.targets import Target

_SINK_HEADERS: tuple[str, ...] = (
    "bnncl/bits.h",
    "bnncl/epilogue.h",
    "bnncl/fixed.h",
    "bnncl/internal/element.h",
    "bnncl/internal/elementwise.h",
    "bnncl/internal/sink.h",
)


class ElementwiseKernel(Kernel):
    """Arithmetic on each element of an input of `input_type` (C type), parameters by channel."""

    header = "bnncl/elementwise.h"
    constant_time = True
    input_type: ClassVar[str]
    per_element: ClassVar[int]

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """The same number of instructions for each element."""
        return types[0].elements * self.per_element


class ThresholdKernel(ElementwiseKernel):
    """Packed signs by the steps of each channel."""

    includes = ("bnncl/epilogue.h", "bnncl/internal/element.h", "bnncl/internal/threshold.h")
    per_element = 16

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Any number of steps."""
        return isinstance(op, Threshold) and types[0].ctype == self.input_type

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The steps and the sizes."""
        assert isinstance(op, Threshold)
        return _bind(epilogue(op.steps), types[0])


class RequantizeKernel(ElementwiseKernel):
    """A rescale to 8 or 16 bits."""

    includes = _SINK_HEADERS
    per_element = 35

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Results of 8 or 16 bits."""
        if not isinstance(op, Requantize) or not epilogue_fits(op.rescale, Rescale):
            return False
        return types[0].ctype == self.input_type

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The rescale and the sizes."""
        assert isinstance(op, Requantize)
        return _bind(epilogue(op.rescale), types[0])


class PReluKernel(ElementwiseKernel):
    """A parametric ReLU; input and output may be the same buffer."""

    includes = ("bnncl/epilogue.h", "bnncl/fixed.h", "bnncl/internal/element.h", "bnncl/internal/prelu.h")
    per_element = 14

    @property
    def in_place(self) -> bool:
        """Each element is read before it is written."""
        return True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every slope of negative numbers."""
        return isinstance(op, PRelu) and op.positive is None and types[0].ctype == self.input_type

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The slopes and the sizes."""
        assert isinstance(op, PRelu)
        slope = dense("slope", "int16_t", op.slope.data.astype(np.int16), ("channel",))
        fields: tuple[tuple[str, int | Ref], ...] = (
            ("slope", Ref("array", slope.name)),
            ("lo", op.lo),
            ("hi", op.hi),
            ("shift", op.shift),
        )
        struct = ParamStruct("prelu", "bnncl_prelu", fields)
        return _bind(Bound((slope,), (struct,), (Ref("struct", struct.name),)), types[0])


class TwoSlopesKernel(ElementwiseKernel):
    """Two slopes that meet at 0; input and output may be the same buffer."""

    includes = PReluKernel.includes
    per_element = 16

    @property
    def in_place(self) -> bool:
        """Each element is read before it is written."""
        return True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every slope of numbers of either sign."""
        return isinstance(op, PRelu) and op.positive is not None and types[0].ctype == self.input_type

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The slopes and the sizes."""
        assert isinstance(op, PRelu)
        assert op.positive is not None
        slope = dense("slope", "int16_t", op.slope.data.astype(np.int16), ("channel",))
        positive = dense("positive", "int16_t", op.positive.data.astype(np.int16), ("channel",))
        fields: tuple[tuple[str, int | Ref], ...] = (
            ("slope", Ref("array", slope.name)),
            ("positive", Ref("array", positive.name)),
            ("lo", op.lo),
            ("hi", op.hi),
            ("shift", op.shift),
        )
        struct = ParamStruct("slopes", "bnncl_two_slopes", fields)
        return _bind(Bound((slope, positive), (struct,), (Ref("struct", struct.name),)), types[0])


def _bind(params: Bound, x: TensorType) -> Binding:
    height, width, channels = x.shape
    return Binding(params.arrays, params.structs, (INPUT, OUTPUT, *params.args, height * width, channels))
