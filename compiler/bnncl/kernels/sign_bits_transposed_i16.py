"""`bnncl_sign_bits_transposed_i16`: signs of latent weights of int16, transposed."""

from __future__ import annotations

from bnncl.kernels.families.updates import SignBitsKernel


class SignBitsTransposedI16(SignBitsKernel):
    """Signs of latent weights of int16, transposed."""

    symbol = "bnncl_sign_bits_transposed_i16"
    transposed = True
    input_types = ("uint32_t", "int16_t")
