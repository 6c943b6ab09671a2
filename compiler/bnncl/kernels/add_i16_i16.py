"""`bnncl_add_i16_i16`: the sum of int16 and int16."""

from __future__ import annotations

from bnncl.kernels.families.adding import AddKernel


class AddI16I16(AddKernel):
    """The sum of int16 and int16, as int16."""

    symbol = "bnncl_add_i16_i16"
    x_type = "int16_t"
    y_type = "int16_t"
