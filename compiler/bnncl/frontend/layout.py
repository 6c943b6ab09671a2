"""From torch's layout (N, C, H, W) to the compiler's (N, H, W, C).

A 1-D map (N, C, L) becomes (N, 1, L, C), a vector (N, F) becomes (N, 1, 1, F).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bnncl.ir.types import Shape

Order = NDArray[np.int64]
"""For each channel of a vector in the compiler's order, the index that it has in torch's."""


def to_nhwc(tensor: torch.Tensor) -> NDArray[Any]:
    """A batch (N, C, H, W), (N, C, L) or (N, F) of torch as (N, height, width, channels)."""
    array = tensor.detach().cpu().numpy()
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    if array.ndim == 3:
        return np.ascontiguousarray(array.transpose(0, 2, 1)[:, None])
    assert array.ndim == 2, f"no layout for {array.ndim} dimensions"
    return array[:, None, None, :]


def ir_shape(shape: tuple[int, ...]) -> Shape | None:
    """(height, width, channels) of a torch shape with a batch of 1; None if it has none."""
    if not 2 <= len(shape) <= 4 or shape[0] != 1:
        return None
    height, width = (1, 1, *shape[2:])[-2:] if len(shape) > 2 else (1, 1)
    return height, width, shape[1]


def flatten_order(shape: Shape) -> Order | None:
    """Order of a flattened map of (height, width, channels); None where both orders are the same."""
    height, width, channels = shape
    if channels == 1 or height * width == 1:
        return None
    torch_index = np.arange(height * width * channels).reshape(channels, height, width)
    return torch_index.transpose(1, 2, 0).reshape(-1)


def per_channel(tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor | None:
    """A parameter that broadcasts against a value of `shape` (1, C, ...), as (C,) in its own type.

    None if it differs between positions of one channel.
    """
    channels = shape[1]
    if tensor.numel() == 1:
        return tensor.reshape(1).expand(channels)
    if tensor.dim() > len(shape):
        return None
    aligned = tensor.reshape((1,) * (len(shape) - tensor.dim()) + tuple(tensor.shape))
    columns = aligned.transpose(0, 1).reshape(aligned.shape[1], -1)
    if not bool((columns == columns[:, :1]).all()):
        return None
    return columns[:, 0].expand(channels)
