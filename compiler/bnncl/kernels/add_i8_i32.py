"""`bnncl_add_i8_i32`: the sum of int8 and int32."""

from __future__ import annotations

from bnncl.kernels.families.adding import AddKernel


class AddI8I32(AddKernel):
    """The sum of int8 and int32, as int8."""

    symbol = "bnncl_add_i8_i32"
    x_type = "int8_t"
    y_type = "int32_t"
