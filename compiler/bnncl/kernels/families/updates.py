"""Kernels that change states: updates of parameters, and caches of signs."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, ParamStruct, Ref
from bnncl.kernels.families.tail import Fields, TailKernel, inputs, plain
from bnncl.ops.tail.backward import reach
from bnncl.ops.tail.parameters import SignBits, Update
from bnncl.targets import Target

_UPDATE_HEADERS: tuple[str, ...] = (
    "bnncl/fixed.h",
    "bnncl/internal/element.h",
    "bnncl/internal/learn.h",
    "bnncl/internal/update.h",
    "bnncl/learn.h",
    "bnncl/learn_state.h",
    "bnncl/prng.h",
    "bnncl/status.h",
)


class UpdateKernel(TailKernel):
    """The step of a minibatch."""

    header = "bnncl/update.h"
    includes = _UPDATE_HEADERS
    per_element = 26

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Limits that the parameters can hold, rates of 31 bits."""
        if not isinstance(op, Update) or not self._reads(types):
            return False
        held = 0 < op.limit < 1 << (8 if types[0].ctype == "int8_t" else 16) >> 1
        return held and 1 <= op.shift <= 32 and 0 <= op.multiplier < 2**31 and reach(types[1]) < 2**31

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The rate, the rounding and the number of parameters."""
        assert isinstance(op, Update)
        fields: Fields = (
            ("multiplier", op.multiplier),
            ("stream", op.stream),
            ("limit", op.limit),
            ("shift", op.shift),
            ("stochastic", int(op.stochastic)),
            ("sign", int(op.rule == "sign")),
        )
        struct = ParamStruct("update", "bnncl_update", fields)
        return Binding((), (struct,), (*inputs(3), Ref("struct", "update"), types[0].elements))


class SignBitsKernel(TailKernel):
    """The signs of latent weights, transposed or not."""

    header = "bnncl/update.h"
    includes = ("bnncl/internal/element.h", "bnncl/internal/signs.h")
    per_element = 7
    transposed: ClassVar[bool] = False

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every filter."""
        return isinstance(op, SignBits) and op.transposed is self.transposed and self._reads(types)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Rows and columns: (out_channels * taps, in_channels), or (out_channels, the rest)."""
        out, taps, channels = types[1].shape
        return plain(*inputs(2), *((out, taps * channels) if self.transposed else (out * taps, channels)))
