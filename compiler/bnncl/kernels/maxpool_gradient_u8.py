"""`bnncl_maxpool_gradient_u8`: gradient of the input of a max pool of uint8."""

from __future__ import annotations

from bnncl.kernels.families.pool_gradients import PoolGradientKernel


class MaxpoolGradientU8(PoolGradientKernel):
    """Gradient of the input of a max pool of uint8."""

    symbol = "bnncl_maxpool_gradient_u8"
    pooled_type = "uint8_t"
