"""`bnncl_block_exponent_i32`: exponent of a gradient of int32."""

from __future__ import annotations

from bnncl.kernels.families.exponents import BlockExponentKernel


class BlockExponentI32(BlockExponentKernel):
    """Exponent of a gradient of int32."""

    symbol = "bnncl_block_exponent_i32"
    input_types = ("int32_t", "int32_t")
