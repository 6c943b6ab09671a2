"""Values of the cut as the bytes that are kept of them, and back."""

from __future__ import annotations

import numpy as np

from bnncl.interp.head import Latent
from bnncl.ir.op import Array
from bnncl.ir.types import Packed, TensorType
from bnncl.numerics.bits import pack, pack_numbers, unpack, unpack_numbers


def as_latents(cut: Array, type_: TensorType) -> Latent:
    """Values (N, H, W, C) of the cut, of `type_`, as the bytes that are kept of each, (N, latent_bytes)."""
    if isinstance(type_.domain, Packed):
        words = pack_numbers(cut.reshape(len(cut), -1), type_.domain.bits)
    else:
        words = pack(cut)
    return np.ascontiguousarray(words.astype("<u4")).view(np.uint8).reshape(len(cut), -1)


def from_latents(latents: Latent, type_: TensorType) -> Array:
    """The values (N, H, W, C) of `type_` that latents (N, latent_bytes) hold."""
    words = np.ascontiguousarray(latents).view("<u4").astype(np.uint32)
    height, width, channels = type_.shape
    domain = type_.domain
    if isinstance(domain, Packed):
        numbers = unpack_numbers(words, type_.elements, domain.bits, signed=domain.signed)
        return numbers.reshape(-1, height, width, channels)
    return unpack(words.reshape(len(latents), height, width, -1), channels)


__all__ = ["as_latents", "from_latents"]
