"""`bnncl_add_i8_i8`: the sum of int8 and int8."""

from __future__ import annotations

from bnncl.kernels.families.adding import AddKernel


class AddI8I8(AddKernel):
    """The sum of int8 and int8, as int8."""

    symbol = "bnncl_add_i8_i8"
    x_type = "int8_t"
    y_type = "int8_t"
