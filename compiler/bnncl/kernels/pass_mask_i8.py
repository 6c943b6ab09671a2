"""`bnncl_pass_mask_i8`: where gradients pass, of int8 with an offset that learns."""

from __future__ import annotations

from bnncl.kernels.families.forward import PassKernel


class PassMaskI8(PassKernel):
    """Where gradients pass, of int8 with an offset that learns."""

    symbol = "bnncl_pass_mask_i8"
