"""Reads what `bnncl_store_save` wrote: the region of flash, or a dump of it, as bytes.

The format is that of docs/storage.md; which of the two slots counts is decided as in
runtime_c/src/bnncl_store_find.c.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from bnncl.diagnostics import Problem, UsageError

HEADER_BYTES: Final = 64
FINGERPRINT_BYTES: Final = 16
_MAGIC: Final = b"BNCL"
_FORMAT: Final = 1
_HEADER: Final = struct.Struct("<4s3I16s2I20s")
_ERASED: Final = b"\xff"


@dataclass(frozen=True)
class Blob:
    """One whole state: its header's fields, its bytes, and the slot (0 or 1) it lay in."""

    sequence: int
    fingerprint: bytes
    layout: int
    payload: bytes
    slot: int
    slot_bytes: int


@dataclass(frozen=True)
class _Unusable:
    """A slot without a whole state; `why` is empty where it is erased."""

    why: str


def read_blob(
    data: bytes, *, fingerprint: bytes | None = None, layout: int | None = None, where: str = ""
) -> Blob:
    """The newest whole state in `data`, a dump of both slots or of one alone.

    With `fingerprint` or `layout` only states that have them count. `where` names the dump in errors.
    Raises `UsageError` with the slugs `state-size`, `state-empty`, `state-corrupt`, `state-other-model`.
    """
    slots = _slots(data, where)
    whole = [slot for slot in slots if isinstance(slot, Blob)]
    if not whole:
        raise UsageError(_nothing([slot.why for slot in slots if isinstance(slot, _Unusable)], where))
    mine = [
        blob for blob in whole if fingerprint in (None, blob.fingerprint) and layout in (None, blob.layout)
    ]
    if not mine:
        raise UsageError(_foreign(whole, fingerprint, layout, where))
    return _newest(mine)


def write_slot(blob: Blob) -> bytes:
    """The `blob.slot_bytes` bytes of a slot that holds `blob`, as `bnncl_store_save` leaves them."""
    assert HEADER_BYTES + len(blob.payload) <= blob.slot_bytes
    assert len(blob.fingerprint) == FINGERPRINT_BYTES
    header = _HEADER.pack(
        *(_MAGIC, _FORMAT, blob.sequence, len(blob.payload)),
        *(blob.fingerprint, blob.layout, blob.slot_bytes, _ERASED * 20),
    )
    crc = zlib.crc32(blob.payload, zlib.crc32(header))
    return (header + crc.to_bytes(4, "little") + blob.payload).ljust(blob.slot_bytes, _ERASED)


def is_newer(a: int, b: int) -> bool:
    """Whether sequence number `a` came after `b`, modulo 2**32."""
    return (a - b - 1) % 2**32 < 2**31 - 1


def _slots(data: bytes, where: str) -> list[Blob | _Unusable]:
    half = len(data) // 2
    if half < HEADER_BYTES or len(data) % 2:
        raise UsageError(
            Problem(
                slug="state-size",
                message=f"{len(data)} bytes are no dump of learned state",
                where=where,
                why=f"Two slots of equal size take an even number of bytes, {2 * HEADER_BYTES} at least.",
                hint="Read out the whole region of the storage port.",
            )
        )
    first = _examine(data, 0, len(data))
    if isinstance(first, Blob) and first.slot_bytes == len(data):
        return [first]
    slots = [_examine(data[:half], 0, half), _examine(data[half:], 1, half)]
    for slot in (first, *slots):
        if isinstance(slot, Blob) and slot.slot_bytes != half:
            raise UsageError(
                Problem(
                    slug="state-size",
                    message=f"the dump has {len(data)} bytes, the region {2 * slot.slot_bytes}",
                    where=where,
                    why="The other slot, which may hold a newer state, is not where it has to be.",
                    hint=f"Read out the whole region, or one slot alone: {slot.slot_bytes} bytes.",
                )
            )
    return slots


def _examine(data: bytes, slot: int, limit: int) -> Blob | _Unusable:
    header = data[:HEADER_BYTES]
    if header == _ERASED * HEADER_BYTES:
        return _Unusable("")
    magic, version, sequence, size, fingerprint, layout, slot_bytes, _ = _HEADER.unpack_from(header)
    if magic != _MAGIC:
        return _Unusable(f"slot {'AB'[slot]} does not begin with {_MAGIC.decode()}")
    if version != _FORMAT:
        return _Unusable(f"slot {'AB'[slot]} has format {version}, this version reads {_FORMAT}")
    if size > limit - HEADER_BYTES:
        return _Unusable(f"slot {'AB'[slot]} is cut off: {size} bytes of state do not fit")
    payload = data[HEADER_BYTES : HEADER_BYTES + size]
    if zlib.crc32(payload, zlib.crc32(header[: _HEADER.size])) != int.from_bytes(header[-4:], "little"):
        return _Unusable(f"slot {'AB'[slot]} fails its CRC-32")
    return Blob(sequence, fingerprint, layout, payload, slot, slot_bytes)


def _newest(blobs: list[Blob]) -> Blob:
    if len(blobs) == 2 and is_newer(blobs[1].sequence, blobs[0].sequence):
        return blobs[1]
    return blobs[0]


def _nothing(reasons: list[str], where: str) -> Problem:
    broken = [reason for reason in reasons if reason]
    if not broken:
        return Problem(
            slug="state-empty",
            message="nothing has been saved here",
            where=where,
            why="All of it is erased flash.",
            hint="Have the firmware call <name>_save, and read out the region of its storage port.",
        )
    return Problem(
        slug="state-corrupt",
        message="no slot holds a whole state",
        where=where,
        why="; ".join(broken) + ".",
        hint="Read the region out again; if it stays so, the device goes on from its factory state.",
    )


def _foreign(whole: list[Blob], fingerprint: bytes | None, layout: int | None, where: str) -> Problem:
    held = ", ".join(f"{blob.fingerprint.hex()} layout {blob.layout}" for blob in whole)
    wanted = "any model" if fingerprint is None else fingerprint.hex()
    version = "any layout" if layout is None else f"layout {layout}"
    return Problem(
        slug="state-other-model",
        message="the state belongs to another model or another version of it",
        where=where,
        why=f"It has the fingerprint {held}; wanted is {wanted}, {version}.",
        hint="Name the project that the device's firmware was built from.",
    )
