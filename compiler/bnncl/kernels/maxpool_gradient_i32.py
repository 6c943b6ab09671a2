"""`bnncl_maxpool_gradient_i32`: gradient of the input of a max pool of int32."""

from __future__ import annotations

from bnncl.kernels.families.pool_gradients import PoolGradientKernel


class MaxpoolGradientI32(PoolGradientKernel):
    """Gradient of the input of a max pool of int32."""

    symbol = "bnncl_maxpool_gradient_i32"
    pooled_type = "int32_t"
