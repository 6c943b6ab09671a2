"""`bnncl_clamp_mask_i32`: where gradients pass, of int32."""

from __future__ import annotations

from bnncl.kernels.families.forward import ClampKernel


class ClampMaskI32(ClampKernel):
    """Where gradients pass, of int32."""

    symbol = "bnncl_clamp_mask_i32"
    input_types = ("int32_t",)
