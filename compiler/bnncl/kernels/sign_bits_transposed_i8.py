"""`bnncl_sign_bits_transposed_i8`: signs of latent weights of int8, transposed."""

from __future__ import annotations

from bnncl.kernels.families.updates import SignBitsKernel


class SignBitsTransposedI8(SignBitsKernel):
    """Signs of latent weights of int8, transposed."""

    symbol = "bnncl_sign_bits_transposed_i8"
    transposed = True
    input_types = ("uint32_t", "int8_t")
