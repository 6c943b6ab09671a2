"""`bnncl_sumpool_gradient`: gradient of the input of a sum pool."""

from __future__ import annotations

from bnncl.kernels.families.pool_gradients import PoolGradientKernel


class SumpoolGradient(PoolGradientKernel):
    """Gradient of the input of a sum pool."""

    symbol = "bnncl_sumpool_gradient"
