"""`bnncl_tent_slope_i8`: slopes of ApproxSign, of int8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import TentKernel


class TentSlopeI8(TentKernel):
    """Slopes of ApproxSign, of int8 with an offset that learns."""

    symbol = "bnncl_tent_slope_i8"
