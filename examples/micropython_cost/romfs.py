"""Images of ROMFS, MicroPython's read-only file system, as its `docs/reference/romfs.rst` describes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

_DATA, _FOLDER, _FILE, _SYSTEM = 2, 4, 5, 0x14A6B1


def image(files: Mapping[str, bytes]) -> bytes:
    """An image with `files` by their paths; its length is even, if need be by a zero before that number."""
    whole = _record(_SYSTEM, _entries(files))
    if len(whole) % 2:
        return _number(_SYSTEM) + b"\x80" + whole[len(_number(_SYSTEM)) :]
    return whole


def _entries(files: Mapping[str, bytes]) -> bytes:
    """What one folder holds, by paths from there."""
    records, folders = [], defaultdict[str, dict[str, bytes]](dict)
    for path, data in sorted(files.items()):
        name, _, rest = path.partition("/")
        if rest:
            folders[name][rest] = data
        else:
            records.append(_record(_FILE, _text(name) + _record(_DATA, data)))
    records += [_record(_FOLDER, _text(name) + _entries(inside)) for name, inside in folders.items()]
    return b"".join(records)


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
