"""`bnncl_requantize_i32`: rescale of int32 to 8 or 16 bits."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import RequantizeKernel


class RequantizeI32(RequantizeKernel):
    """Rescale of int32 to 8 or 16 bits."""

    symbol = "bnncl_requantize_i32"
    input_type = "int32_t"
