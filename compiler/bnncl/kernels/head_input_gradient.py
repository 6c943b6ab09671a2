"""`bnncl_head_input_gradient`: the gradient of the features of a head."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding
from bnncl.kernels.families.tail import Fields, TailKernel, with_struct
from bnncl.ops.tail.backward import HeadInputGradient as HeadInputGradientOp
from bnncl.targets import Target


class HeadInputGradient(TailKernel):
    """The gradient of the features of a head."""

    symbol = "bnncl_head_input_gradient"
    header = "bnncl/backward.h"
    includes = ("bnncl/fixed.h", "bnncl/internal/zeros.h", "bnncl/types.h")
    per_element = 14
    input_types = ("int16_t", "int16_t")

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Copies of up to 16 bits."""
        if not isinstance(op, HeadInputGradientOp) or not self._reads(types):
            return False
        return 2 <= op.q_forward <= op.q_backward <= 16

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """How copies are made, and the sizes; with as many bits as weights have nothing is rounded."""
        assert isinstance(op, HeadInputGradientOp)
        drop = op.q_backward - op.q_forward
        top = (1 << (op.q_forward - 1)) - 1
        fields: Fields = (
            ("lo", -top if drop else -(2**15)),
            ("hi", top if drop else 2**15 - 1),
            ("drop", drop),
            ("classes", types[0].channels),
            ("features", types[1].channels),
            ("outputs", types[1].channels - op.bias_features),
        )
        return with_struct(2, "bnncl_head_copies", fields)
