"""`bnncl_channel_affine_i8`: affine map of int8 by states."""

from __future__ import annotations

from bnncl.kernels.families.forward import AffineKernel


class ChannelAffineI8(AffineKernel):
    """Affine map of int8 by states."""

    symbol = "bnncl_channel_affine_i8"
