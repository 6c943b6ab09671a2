"""`bnncl_clamp_mask_u8`: where gradients pass, of uint8."""

from __future__ import annotations

from bnncl.kernels.families.forward import ClampKernel


class ClampMaskU8(ClampKernel):
    """Where gradients pass, of uint8."""

    symbol = "bnncl_clamp_mask_u8"
    input_types = ("uint8_t",)
