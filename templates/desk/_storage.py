# SPDX-License-Identifier: 0BSD
"""Where a model's state is kept: a stream holds one save, a block device the last two.

A region of storage is two slots of equal size, one after another; the project's C decides what lies in them.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from ._arguments import number

_SYNC, _COUNT, _SIZE = 3, 4, 5
"""Operations of a block device's `ioctl`."""
_BYTES_WITHOUT_ANSWER = 512
"""A block of a device that does not say its size."""
_MOST_BLOCKS = 0x7FFFFFFF
_MOST_BLOCK_BYTES = 1 << 28
_MOST_SLOT_BYTES = 1 << 30
_HEADER_BYTES = 64
_MAGIC = b"BNCL"
_STATE_BYTES = slice(12, 16)
"""Of a slot: its header, how that begins, and in it the size of the state behind it (docs/storage.md)."""


def is_device(storage: Any) -> bool:
    """Whether `storage` is a block device as MicroPython means it."""
    return hasattr(storage, "readblocks")


def check_stream(stream: Any, method: str) -> None:
    """Raise `OSError` where `stream` lacks `method`."""
    if not hasattr(stream, method):
        raise OSError("stream operation not supported")


def write_stream(stream: Any, state: bytes) -> None:
    """Write all of `state`. `OSError`: the stream takes no more, would block, or failed."""
    left = state
    while left:
        count = _number_of_bytes(stream.write(left), len(left))
        if count == 0:
            raise _error(errno.EIO)
        left = left[count:]


def read_stream(stream: Any, size: int) -> bytes:
    """The next `size` bytes. `ValueError`: the stream ends before; `OSError`: it would block, or failed."""
    found = bytearray()
    while len(found) < size:
        piece = _piece(stream, size - len(found))
        if not piece:
            raise ValueError(f"the stream ends after {len(found)} of {size} bytes")
        found += piece
    return bytes(found)


def _piece(stream: Any, size: int) -> bytes:
    """What one call of the stream reads, of `size` bytes."""
    held = bytearray(size)
    count = _number_of_bytes(stream.readinto(held), size)
    if len(held) != size:
        raise _error(errno.EIO)
    return bytes(held[:count])


def _number_of_bytes(answer: object, most: int) -> int:
    """The bytes that a stream's answer says it moved, 0 to `most`.

    None is a stream that would block; less than 0 is the number of an error.
    """
    if answer is None:
        raise _error(errno.EAGAIN)
    if type(answer) is not int or answer > most:
        raise _error(errno.EIO)
    if answer < 0:
        raise _error(-answer)
    return answer


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


class Device:
    """A block device, whose halves are the slots; only its first 2 GiB are used."""

    def __init__(self, device: Any, state_bytes: int) -> None:
        """Ask for the size. `ValueError`: these are no two slots of `state_bytes` in whole blocks."""
        self._device = device
        size = device.ioctl(_SIZE, 0)
        self.block_bytes = (
            _BYTES_WITHOUT_ANSWER
            if size is None
            else number(size, 1, _MOST_BLOCK_BYTES, "the size of a block")
        )
        count = number(device.ioctl(_COUNT, 0), 0, _MOST_BLOCKS, "the number of blocks")
        self._written = -(-state_bytes // self.block_bytes)
        if count % 2 != 0 or count // 2 < self._written:
            raise ValueError(
                f"the device has {count} blocks of {self.block_bytes} bytes; "
                f"two slots of {state_bytes} bytes are needed"
            )
        self._slot = min(count // 2, _MOST_SLOT_BYTES // self.block_bytes)

    def read(self) -> bytes:
        """The bytes of both slots as far as their headers say that states reach; the others are 0xFF."""
        return b"".join(map(self._read_slot, (0, self._slot)))

    def _read_slot(self, first: int) -> bytes:
        size = self._slot * self.block_bytes
        held = self._read_more(first, b"", _HEADER_BYTES)
        if held.startswith(_MAGIC):
            reach = _HEADER_BYTES + int.from_bytes(held[_STATE_BYTES], "little")
            held = self._read_more(first, held, min(reach, size))
        return held.ljust(size, b"\xff")

    def _read_more(self, first: int, held: bytes, size: int) -> bytes:
        """`held`, whole blocks from block `first` on, and as many more as make `size` bytes of it."""
        blocks = range(first + len(held) // self.block_bytes, first - -size // self.block_bytes)
        return held + b"".join(map(self._read, blocks))

    def write(self, old: bytes, new: bytes) -> None:
        """Write the slot in which `new`, bytes of both slots, differs from `old`, as far as a state reaches.

        The block with the header comes last, between two syncs: without it the slot holds nothing that is
        whole. `OSError`: the device failed, or does not hold what was written.
        """
        size = self.block_bytes
        half = self._slot * size
        first = 0 if old[:half] != new[:half] else self._slot
        blocks = {
            block: new[block * size : (block + 1) * size] for block in range(first, first + self._written)
        }
        for block in reversed(blocks):
            if block == first:
                self._device.ioctl(_SYNC, 0)
            self._check(self._device.writeblocks(block, bytearray(blocks[block])))
        self._device.ioctl(_SYNC, 0)
        if any(self._read(block) != written for block, written in blocks.items()):
            raise _error(errno.EIO)

    def _read(self, block: int) -> bytes:
        held = bytearray(self.block_bytes)
        self._check(self._device.readblocks(block, held))
        if len(held) != self.block_bytes:
            raise _error(errno.EIO)
        return bytes(held)

    @staticmethod
    def _check(answer: object) -> None:
        """Raise what a device's answer means where it is a number but 0; less than 0 is that of an error."""
        if type(answer) is int and answer != 0:
            raise _error(-answer if answer < 0 else errno.EINVAL)
