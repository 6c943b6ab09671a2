"""`bnncl_sign_at_i8`: packed signs of int8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import SignKernel


class SignAtI8(SignKernel):
    """Packed signs of int8 with an offset that learns."""

    symbol = "bnncl_sign_at_i8"
