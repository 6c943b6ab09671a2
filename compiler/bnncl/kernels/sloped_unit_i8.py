"""`bnncl_sloped_unit_i8`: unit of int8 with one slope that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import SlopedKernel


class SlopedUnitI8(SlopedKernel):
    """Unit of int8 with one slope that learns."""

    symbol = "bnncl_sloped_unit_i8"
    input_types = ("int8_t", "int16_t")
