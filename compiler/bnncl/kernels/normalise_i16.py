"""`bnncl_normalise_i16`: mantissas of a gradient of int16."""

from __future__ import annotations

from bnncl.kernels.families.exponents import NormaliseKernel


class NormaliseI16(NormaliseKernel):
    """Mantissas of a gradient of int16."""

    symbol = "bnncl_normalise_i16"
    input_types = ("int16_t", "int32_t", "int32_t")
