"""The bytes that C stores, read as logical values."""

from __future__ import annotations

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Binary, Packed, TensorType
from bnncl.numerics import bits


def dtype_of(ctype: str) -> np.dtype[np.generic]:
    """The little-endian numpy type of the C type `ctype`, such as `uint16_t`."""
    return np.dtype(ctype.removesuffix("_t")).newbyteorder("<")


def from_bytes(data: bytes, type_: TensorType) -> Array:
    """One sample (H, W, C) of a value from the bytes that C stored, tail bits ignored."""
    stored = np.frombuffer(data, dtype_of(type_.ctype))
    height, width, channels = type_.shape
    domain = type_.domain
    if isinstance(domain, Binary):
        return bits.unpack(stored.reshape(height, width, -1), channels)
    if isinstance(domain, Packed):
        words = stored.astype(np.uint32)
        return bits.unpack_numbers(words, type_.elements, domain.bits, signed=domain.signed).reshape(
            type_.shape
        )
    return stored.reshape(type_.shape).astype(np.int64)
