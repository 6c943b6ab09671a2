"""`bnncl_prelu_i8`: parametric ReLU of int8."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import PReluKernel


class PreluI8(PReluKernel):
    """Parametric ReLU of int8."""

    symbol = "bnncl_prelu_i8"
    input_type = "int8_t"
