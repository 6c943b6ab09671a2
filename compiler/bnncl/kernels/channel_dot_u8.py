"""`bnncl_channel_dot_u8`: sums of products of gradients and uint8."""

from __future__ import annotations

from bnncl.kernels.families.backward import ChannelDotKernel


class ChannelDotU8(ChannelDotKernel):
    """Sums of products of gradients and uint8."""

    symbol = "bnncl_channel_dot_u8"
    input_types = ("int16_t", "uint8_t")
