"""`bnncl_maxpool_gradient_i8`: gradient of the input of a max pool of int8."""

from __future__ import annotations

from bnncl.kernels.families.pool_gradients import PoolGradientKernel


class MaxpoolGradientI8(PoolGradientKernel):
    """Gradient of the input of a max pool of int8."""

    symbol = "bnncl_maxpool_gradient_i8"
    pooled_type = "int8_t"
