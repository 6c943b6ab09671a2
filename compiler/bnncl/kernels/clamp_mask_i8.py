"""`bnncl_clamp_mask_i8`: where gradients pass, of int8."""

from __future__ import annotations

from bnncl.kernels.families.forward import ClampKernel


class ClampMaskI8(ClampKernel):
    """Where gradients pass, of int8."""

    symbol = "bnncl_clamp_mask_i8"
    input_types = ("int8_t",)
