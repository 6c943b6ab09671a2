"""`bnncl_update_i8_i16`: step on parameters of int8 whose gradients are summed up in int16."""

from __future__ import annotations

from bnncl.kernels.families.updates import UpdateKernel


class UpdateI8I16(UpdateKernel):
    """Step on parameters of int8 whose gradients are summed up in int16."""

    symbol = "bnncl_update_i8_i16"
    input_types = ("int8_t", "int16_t", "int32_t")
