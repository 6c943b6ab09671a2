"""Values as they are stored in C."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Array
from bnncl.ir.types import Binary, Packed, TensorType
from bnncl.numerics.bits import pack, pack_numbers


def stored(sample: Array, type_: TensorType) -> NDArray[Any]:
    """The stored elements of one logical sample (H, W, C), flat, little-endian: words, if bits."""
    if isinstance(type_.domain, Binary):
        return pack(sample).reshape(-1).astype("<u4")
    if isinstance(type_.domain, Packed):
        return pack_numbers(sample.reshape(-1), type_.domain.bits).astype("<u4")
    code = np.dtype(type_.ctype.removesuffix("_t")).newbyteorder("<")
    return sample.reshape(-1).astype(code)
