"""`bnncl_requantize_i16`: rescale of int16 to 8 or 16 bits."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import RequantizeKernel


class RequantizeI16(RequantizeKernel):
    """Rescale of int16 to 8 or 16 bits."""

    symbol = "bnncl_requantize_i16"
    input_type = "int16_t"
