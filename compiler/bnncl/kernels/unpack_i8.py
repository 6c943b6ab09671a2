"""`bnncl_unpack_i8`: numbers of 1..8 bits in two's complement to int8."""

from __future__ import annotations

from bnncl.kernels.families.dense_bits import UnpackKernel


class UnpackI8(UnpackKernel):
    """Numbers of 1..8 bits in two's complement to int8."""

    symbol = "bnncl_unpack_i8"
    byte_type = "int8_t"
