"""`bnncl_normalise_i32`: mantissas of a gradient of int32."""

from __future__ import annotations

from bnncl.kernels.families.exponents import NormaliseKernel


class NormaliseI32(NormaliseKernel):
    """Mantissas of a gradient of int32."""

    symbol = "bnncl_normalise_i32"
    input_types = ("int32_t", "int32_t", "int32_t")
