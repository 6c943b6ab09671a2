"""`bnncl_pass_mask_u8`: where gradients pass, of uint8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import PassKernel


class PassMaskU8(PassKernel):
    """Where gradients pass, of uint8 with an offset that learns."""

    symbol = "bnncl_pass_mask_u8"
    input_types = ("uint8_t", "int16_t")
