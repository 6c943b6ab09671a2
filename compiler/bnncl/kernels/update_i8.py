"""`bnncl_update_i8`: step of a minibatch on parameters of int8."""

from __future__ import annotations

from bnncl.kernels.families.updates import UpdateKernel


class UpdateI8(UpdateKernel):
    """Step of a minibatch on parameters of int8."""

    symbol = "bnncl_update_i8"
    input_types = ("int8_t", "int32_t", "int32_t")
