"""The order in which a state's arrays are stored, and the arrays themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.state.blob import Blob

DTYPES: Final = ("int8", "uint8", "int16", "uint16", "int32", "uint32")
"""Element types of stored arrays; all are stored little-endian."""


@dataclass(frozen=True)
class Segment:
    """One array of the state: its name, one of `DTYPES`, and its shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Numbers in the array."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.elements * np.dtype(self.dtype).itemsize


Layout = tuple[Segment, ...]


def state_bytes(layout: Layout) -> int:
    """Bytes of a state of this layout, header not counted."""
    return sum(segment.size for segment in layout)


def arrays(blob: Blob, layout: Layout, where: str = "") -> dict[str, NDArray[np.integer[Any]]]:
    """The arrays of a state by name, in order; `UsageError` with `state-layout` where the sizes differ."""
    if len(blob.payload) != state_bytes(layout):
        raise UsageError(
            Problem(
                slug="state-layout",
                message=f"the state has {len(blob.payload)} bytes, its layout {state_bytes(layout)}",
                where=where,
                why="The layout is that of another project, or of another version of this one.",
                hint="Name the project that the device's firmware was built from.",
            )
        )
    found: dict[str, NDArray[np.integer[Any]]] = {}
    offset = 0
    for segment in layout:
        stored = np.dtype(segment.dtype).newbyteorder("<")
        values = np.frombuffer(blob.payload, stored, segment.elements, offset)
        found[segment.name] = values.astype(segment.dtype).reshape(segment.shape)
        offset += segment.size
    return found


def layout_from_json(entries: object, where: str = "") -> Layout:
    """The layout that a manifest describes: a list of objects with `name`, `dtype` and `shape`.

    Raises `UsageError` with a problem `state-segments` for every entry that is none.
    """
    found = Collector()
    segments: list[Segment] = []
    listed: Sequence[object] = entries if _is_list(entries) else [None]
    for at, entry in enumerate(listed):
        if _is_segment(entry):
            segments.append(Segment(entry["name"], entry["dtype"], tuple(entry["shape"])))
        else:
            found.add(
                Problem(
                    slug="state-segments",
                    message=f"entry {at} of the state's layout is none",
                    where=where,
                    why=f"An entry has a name, a dtype out of {', '.join(DTYPES)}, and a shape.",
                    hint="Take the manifest as `bnncl compile` wrote it.",
                )
            )
    found.raise_as(UsageError)
    return tuple(segments)


def layout_to_json(layout: Layout) -> list[dict[str, object]]:
    """What `layout_from_json` reads."""
    return [{"name": each.name, "dtype": each.dtype, "shape": list(each.shape)} for each in layout]


def _is_list(entries: object) -> TypeGuard[Sequence[object]]:
    return isinstance(entries, Sequence) and not isinstance(entries, str | bytes)


def _is_segment(entry: object) -> TypeGuard[Mapping[str, Any]]:
    return (
        isinstance(entry, Mapping)
        and isinstance(entry.get("name"), str)
        and entry.get("dtype") in DTYPES
        and _is_list(entry.get("shape"))
        and all(type(size) is int and size >= 0 for size in entry["shape"])
    )
