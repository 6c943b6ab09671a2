"""`bnncl_clamp_mask_i16`: where gradients pass, of int16."""

from __future__ import annotations

from bnncl.kernels.families.forward import ClampKernel


class ClampMaskI16(ClampKernel):
    """Where gradients pass, of int16."""

    symbol = "bnncl_clamp_mask_i16"
    input_types = ("int16_t",)
