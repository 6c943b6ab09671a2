"""Fields of a `torch.export` archive's JSON: typed access, and its numbers for types and layouts."""

from __future__ import annotations

from typing import TypeVar, cast

import torch

Obj = dict[str, object]
T = TypeVar("T")

DTYPES: dict[int, torch.dtype] = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
MEMORY_FORMATS: dict[int, torch.memory_format] = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}


class MalformedError(Exception):
    """The JSON of an archive is not what torch writes; the text says where."""


def field(item: Obj, name: str, kind: type[T]) -> T:
    """`item[name]`, which must be of type `kind`; MalformedError otherwise."""
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MalformedError(f"{name} is missing or not of type {kind.__name__}")
    return value


def objects(item: Obj, name: str) -> list[Obj]:
    """`item[name]`, which must be a list of objects."""
    values = field(item, name, list)
    if not all(isinstance(value, dict) for value in values):
        raise MalformedError(f"{name} is not a list of objects")
    return cast("list[Obj]", values)


def static_sizes(item: Obj, name: str) -> tuple[int, ...]:
    """A list of sizes, all of which must be plain numbers."""
    return tuple(field(size, "as_int", int) for size in objects(item, name))
