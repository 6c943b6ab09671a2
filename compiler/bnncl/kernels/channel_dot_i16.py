"""`bnncl_channel_dot_i16`: sums of products of gradients and int16."""

from __future__ import annotations

from bnncl.kernels.families.backward import ChannelDotKernel


class ChannelDotI16(ChannelDotKernel):
    """Sums of products of gradients and int16."""

    symbol = "bnncl_channel_dot_i16"
    input_types = ("int16_t", "int16_t")
