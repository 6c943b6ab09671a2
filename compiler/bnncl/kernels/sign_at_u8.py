"""`bnncl_sign_at_u8`: packed signs of uint8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import SignKernel


class SignAtU8(SignKernel):
    """Packed signs of uint8 with an offset that learns."""

    symbol = "bnncl_sign_at_u8"
    input_types = ("uint8_t", "int16_t")
