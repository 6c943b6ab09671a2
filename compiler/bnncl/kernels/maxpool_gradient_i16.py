"""`bnncl_maxpool_gradient_i16`: gradient of the input of a max pool of int16."""

from __future__ import annotations

from bnncl.kernels.families.pool_gradients import PoolGradientKernel


class MaxpoolGradientI16(PoolGradientKernel):
    """Gradient of the input of a max pool of int16."""

    symbol = "bnncl_maxpool_gradient_i16"
    pooled_type = "int16_t"
