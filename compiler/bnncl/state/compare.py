"""What a state holds, and how two differ, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.state.blob import Blob, is_newer
from bnncl.state.layout import Layout, arrays


@dataclass(frozen=True)
class Summary:
    """One array in numbers; `lowest` and `highest` are 0 where it is empty."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    nonzero: int
    lowest: int
    highest: int


@dataclass(frozen=True)
class Change:
    """How one array differs between two states: elements changed of all, and the largest difference."""

    name: str
    changed: int
    elements: int
    largest: int


def summarize(blob: Blob, layout: Layout, where: str = "") -> tuple[Summary, ...]:
    """Every array of a state; errors as `arrays`."""
    held = arrays(blob, layout, where)
    return tuple(
        Summary(
            segment.name,
            segment.dtype,
            segment.shape,
            segment.size,
            int(np.count_nonzero(held[segment.name])),
            int(held[segment.name].min()) if segment.elements else 0,
            int(held[segment.name].max()) if segment.elements else 0,
        )
        for segment in layout
    )


def changes(old: Blob, new: Blob, layout: Layout) -> tuple[Change, ...]:
    """How each array of `new` differs from that of `old`; errors as `arrays`."""
    before, after = arrays(old, layout), arrays(new, layout)
    found = []
    for segment in layout:
        difference = after[segment.name].astype(np.int64) - before[segment.name].astype(np.int64)
        largest = int(np.abs(difference).max(initial=0))
        found.append(Change(segment.name, int(np.count_nonzero(difference)), segment.elements, largest))
    return tuple(found)


def describe(blob: Blob, layout: Layout, where: str = "") -> str:
    """A state as text: what it belongs to, then one line for each array."""
    lines = [
        f"save {blob.sequence}, in slot {'AB'[blob.slot]}"
        f" ({len(blob.payload)} bytes of state in {blob.slot_bytes})",
        f"model {blob.fingerprint.hex()}, layout {blob.layout}",
    ]
    for each in summarize(blob, layout, where):
        shape = "x".join(map(str, each.shape)) or "1"
        lines.append(
            f"  {each.name:<20} {each.dtype:<6} {shape:<12} {each.size:>8} bytes"
            f"  {each.lowest}..{each.highest}, {each.nonzero} not 0"
        )
    return "\n".join(lines)


def diff(old: Blob, new: Blob, layout: Layout) -> str:
    """Two states' differences as text, one line for each array."""
    order = "newer" if is_newer(new.sequence, old.sequence) else "not newer"
    lines = [f"save {old.sequence} -> save {new.sequence} ({order})"]
    for each in changes(old, new, layout):
        what = f"{each.changed} of {each.elements} changed, by {each.largest} at most"
        lines.append(f"  {each.name:<20} {what if each.changed else 'equal'}")
    return "\n".join(lines)
