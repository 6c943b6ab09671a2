"""`bnncl_tent_slope_u8`: slopes of ApproxSign, of uint8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import TentKernel


class TentSlopeU8(TentKernel):
    """Slopes of ApproxSign, of uint8 with an offset that learns."""

    symbol = "bnncl_tent_slope_u8"
    input_types = ("uint8_t", "int16_t")
