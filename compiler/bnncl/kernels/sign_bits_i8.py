"""`bnncl_sign_bits_i8`: signs of latent weights of int8."""

from __future__ import annotations

from bnncl.kernels.families.updates import SignBitsKernel


class SignBitsI8(SignBitsKernel):
    """Signs of latent weights of int8."""

    symbol = "bnncl_sign_bits_i8"
    input_types = ("uint32_t", "int8_t")
