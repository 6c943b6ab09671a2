"""`bnncl_masked_i16`: int16 where a mask lets it pass."""

from __future__ import annotations

from bnncl.kernels.families.backward import MaskedKernel


class MaskedI16(MaskedKernel):
    """Int16 where a mask lets it pass."""

    symbol = "bnncl_masked_i16"
    input_types = ("int16_t", "uint32_t")
