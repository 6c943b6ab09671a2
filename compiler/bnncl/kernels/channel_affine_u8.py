"""`bnncl_channel_affine_u8`: affine map of uint8 by states."""

from __future__ import annotations

from bnncl.kernels.families.forward import AffineKernel


class ChannelAffineU8(AffineKernel):
    """Affine map of uint8 by states."""

    symbol = "bnncl_channel_affine_u8"
    input_types = ("uint8_t", "int16_t", "int16_t")
