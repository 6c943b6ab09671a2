"""`bnncl_channel_dot_i8`: sums of products of gradients and int8."""

from __future__ import annotations

from bnncl.kernels.families.backward import ChannelDotKernel


class ChannelDotI8(ChannelDotKernel):
    """Sums of products of gradients and int8."""

    symbol = "bnncl_channel_dot_i8"
    input_types = ("int16_t", "int8_t")
