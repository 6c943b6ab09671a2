"""`bnncl_sign_bits_i16`: signs of latent weights of int16."""

from __future__ import annotations

from bnncl.kernels.families.updates import SignBitsKernel


class SignBitsI16(SignBitsKernel):
    """Signs of latent weights of int16."""

    symbol = "bnncl_sign_bits_i16"
    input_types = ("uint32_t", "int16_t")
