"""`bnncl_pack_i8`: int8 to 1..8 bits each."""

from __future__ import annotations

from bnncl.kernels.families.dense_bits import PackKernel


class PackI8(PackKernel):
    """Int8 to 1..8 bits each."""

    symbol = "bnncl_pack_i8"
    byte_type = "int8_t"
