"""Images of ROMFS, MicroPython's read-only file system, as its `docs/reference/romfs.rst` describes them."""

from __future__ import annotations

from collections.abc import Mapping

_DATA, _FILE, _SYSTEM = 2, 5, 0x14A6B1


def image(files: Mapping[str, bytes]) -> bytes:
    """An image with `files` in its root; its length is even, where need be by a zero before that length."""
    records = [_record(_FILE, _text(name) + _record(_DATA, data)) for name, data in sorted(files.items())]
    whole = _record(_SYSTEM, b"".join(records))
    if len(whole) % 2:
        return _number(_SYSTEM) + b"\x80" + whole[len(_number(_SYSTEM)) :]
    return whole


def _number(value: int) -> bytes:
    """Seven bits a byte, the highest first; all bytes but the last have their top bit set."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.insert(0, 0x80 | value & 0x7F)
    return bytes(found)


def _text(name: str) -> bytes:
    return _number(len(name)) + name.encode("ascii")


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload
