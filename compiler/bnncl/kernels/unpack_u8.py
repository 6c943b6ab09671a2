"""`bnncl_unpack_u8`: numbers of 1..8 bits without sign to uint8."""

from __future__ import annotations

from bnncl.kernels.families.dense_bits import UnpackKernel


class UnpackU8(UnpackKernel):
    """Numbers of 1..8 bits without sign to uint8."""

    symbol = "bnncl_unpack_u8"
    byte_type = "uint8_t"
