"""`bnncl_update_i16_i16`: step on parameters of int16 whose gradients are summed up in int16."""

from __future__ import annotations

from bnncl.kernels.families.updates import UpdateKernel


class UpdateI16I16(UpdateKernel):
    """Step on parameters of int16 whose gradients are summed up in int16."""

    symbol = "bnncl_update_i16_i16"
    input_types = ("int16_t", "int16_t", "int32_t")
