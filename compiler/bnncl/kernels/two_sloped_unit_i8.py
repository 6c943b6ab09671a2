"""`bnncl_two_sloped_unit_i8`: unit of int8 with two slopes that learn."""

from __future__ import annotations

from bnncl.kernels.families.forward import SlopedKernel


class TwoSlopedUnitI8(SlopedKernel):
    """Unit of int8 with two slopes that learn."""

    symbol = "bnncl_two_sloped_unit_i8"
    input_types = ("int8_t", "int16_t", "int16_t")
