"""`bnncl_add_i16_i32`: the sum of int16 and int32."""

from __future__ import annotations

from bnncl.kernels.families.adding import AddKernel


class AddI16I32(AddKernel):
    """The sum of int16 and int32, as int16."""

    symbol = "bnncl_add_i16_i32"
    x_type = "int16_t"
    y_type = "int32_t"
