"""`bnncl_block_exponent_i16`: exponent of a gradient of int16."""

from __future__ import annotations

from bnncl.kernels.families.exponents import BlockExponentKernel


class BlockExponentI16(BlockExponentKernel):
    """Exponent of a gradient of int16."""

    symbol = "bnncl_block_exponent_i16"
    input_types = ("int16_t", "int32_t")
