"""Inputs that a kernel of constant time must not tell apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Binary, Int, Packed, TensorType, element_range
from bnncl.kernels.registry import KERNELS
from tests.kernels.cases import sample

CONSTANT_TIME = tuple(kernel for kernel in KERNELS if kernel.constant_time and not kernel.is_alias)


def extremes(types: tuple[TensorType, ...]) -> Iterator[tuple[Array, ...]]:
    """For each type the least number everywhere, the greatest, zeros, then numbers of every kind."""
    ends = [_range(type_) for type_ in types]
    for at in (0, 1):
        yield tuple(_full(type_, end[at]) for type_, end in zip(types, ends, strict=True))
    if all(low <= 0 <= high for low, high in ends) and not isinstance(types[0].domain, Binary):
        yield tuple(_full(type_, 0) for type_ in types)
    rng = np.random.default_rng(17)
    for density in (0.1, 0.6):
        yield tuple(_sample(type_, density, rng) for type_ in types)


def _range(type_: TensorType) -> tuple[int, int]:
    if isinstance(type_.domain, Packed):
        return type_.domain.lo, type_.domain.hi
    assert isinstance(type_.domain, Binary | Int)
    return element_range(type_.domain)


def _sample(type_: TensorType, density: float, rng: np.random.Generator) -> Array:
    if isinstance(type_.domain, Packed):
        return rng.integers(type_.domain.lo, type_.domain.hi, type_.shape, np.int64, endpoint=True)
    return sample(type_, density, rng)


def _full(type_: TensorType, number: int) -> Array:
    return np.full(type_.shape, number, np.int64)
