"""`bnncl_masked_i32`: int32 where a mask lets it pass."""

from __future__ import annotations

from bnncl.kernels.families.backward import MaskedKernel


class MaskedI32(MaskedKernel):
    """Int32 where a mask lets it pass."""

    symbol = "bnncl_masked_i32"
    input_types = ("int32_t", "uint32_t")
