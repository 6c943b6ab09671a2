"""`bnncl_prelu_i16`: parametric ReLU of int16."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import PReluKernel


class PreluI16(PReluKernel):
    """Parametric ReLU of int16."""

    symbol = "bnncl_prelu_i16"
    input_type = "int16_t"
