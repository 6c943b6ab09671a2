"""`bnncl_update_i16`: step of a minibatch on parameters of int16."""

from __future__ import annotations

from bnncl.kernels.families.updates import UpdateKernel


class UpdateI16(UpdateKernel):
    """Step of a minibatch on parameters of int16."""

    symbol = "bnncl_update_i16"
    input_types = ("int16_t", "int32_t", "int32_t")
