"""`bnncl_requantize_u8`: rescale of uint8 to 8 or 16 bits."""

from __future__ import annotations

from bnncl.kernels.families.elementwise import RequantizeKernel


class RequantizeU8(RequantizeKernel):
    """Rescale of uint8 to 8 or 16 bits."""

    symbol = "bnncl_requantize_u8"
    input_type = "uint8_t"
