"""`bnncl_pack_u8`: uint8 to 1..8 bits each."""

from __future__ import annotations

from bnncl.kernels.families.dense_bits import PackKernel


class PackU8(PackKernel):
    """Uint8 to 1..8 bits each."""

    symbol = "bnncl_pack_u8"
    byte_type = "uint8_t"
