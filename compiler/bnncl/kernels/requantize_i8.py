"""`bnncl_requantize_i8`: rescale of int8 to 8 or 16 bits."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import RequantizeKernel


class RequantizeI8(RequantizeKernel):
    """Rescale of int8 to 8 or 16 bits."""

    symbol = "bnncl_requantize_i8"
    input_type = "int8_t"
