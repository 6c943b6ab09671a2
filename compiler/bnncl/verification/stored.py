"""Logical values as the bytes that C stores for them, and back."""

from __future__ import annotations

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Binary, TensorType
from bnncl.numerics import bits

_DTYPES = {"int8_t": "<i1", "uint8_t": "<u1", "int16_t": "<i2", "uint16_t": "<u2", "int32_t": "<i4"}
_DTYPES |= {"uint32_t": "<u4", "int64_t": "<i8"}


def dtype_of(ctype: str) -> np.dtype[np.generic]:
    """The little-endian numpy type of the C type `ctype`."""
    return np.dtype(_DTYPES[ctype])


def to_bytes(sample: Array, type_: TensorType) -> bytes:
    """The bytes of one sample (H, W, C) of a value."""
    if isinstance(type_.domain, Binary):
        return bits.pack(sample).astype("<u4").tobytes()
    return sample.astype(dtype_of(type_.ctype)).tobytes()


def from_bytes(data: bytes, type_: TensorType) -> Array:
    """One sample (H, W, C) of a value from the bytes that C stored, tail bits ignored."""
    stored = np.frombuffer(data, dtype_of(type_.ctype))
    height, width, channels = type_.shape
    if isinstance(type_.domain, Binary):
        return bits.unpack(stored.reshape(height, width, -1), channels)
    return stored.reshape(type_.shape).astype(np.int64)
