# SPDX-License-Identifier: 0BSD
"""What a call was given, and what its status means: the rules and texts of the MicroPython module."""

from __future__ import annotations

import array
from collections.abc import Container

UINT32_MAX = 0xFFFFFFFF
WORD_CODES = "IL"
"""Codes of words without sign; one of them has 32 bits on every machine."""

_EXCEPTIONS = {
    "BNNCL_BUSY": (RuntimeError, "an experience is under way: commit() or abort() it first"),
    "BNNCL_FULL": (RuntimeError, "the experience is full: step() and commit() it"),
    "BNNCL_EMPTY": (RuntimeError, "the experience has no sample"),
    "BNNCL_STATE_LOST": (RuntimeError, "what was learned is lost: load() what was saved"),
    "BNNCL_NO_STATE": (ValueError, "this is no saved state of this model, or it is damaged"),
    "BNNCL_CORRUPT": (ValueError, "this is no saved state of this model, or it is damaged"),
    "BNNCL_BAD_FINGERPRINT": (ValueError, "this is the state of another model"),
}


def check(status: str, early: str | None = None) -> None:
    """Raise what a status other than BNNCL_OK means; `early` is said where a call came before its turn."""
    if status == "BNNCL_OK":
        return
    if status == "BNNCL_BAD_STATE" and early is not None:
        raise RuntimeError(early)
    kind, text = _EXCEPTIONS.get(status, (RuntimeError, f"{status} of bnncl"))
    raise kind(text)


def number(given: object, least: int, most: int, what: str) -> int:
    """A whole number from `least` to `most`; `what` names it in errors.

    As in MicroPython, neither a bool nor an object of a class derived from int is an int here.
    """
    if type(given) is not int:
        raise TypeError(f"{what} must be an int")
    if not least <= given <= most:
        raise ValueError(f"{what} must be from {least} to {most}")
    return given


def items(given: object, codes: Container[str], text: str, size: int) -> bytes:
    """The bytes of a buffer of `size` bytes whose items have one of the type codes `codes`.

    `text` says in words what these are. A word without sign has to have 32 bits.
    """
    if not isinstance(given, (bytes, bytearray, array.array, memoryview)):
        raise TypeError("the input must be bytes, bytearray, array or memoryview")
    with memoryview(given) as held:
        if held.format not in codes or (held.format in WORD_CODES and held.itemsize != 4):
            raise TypeError(f"the items of the input must be {text}")
        if held.nbytes != size:
            raise ValueError(f"the input has {held.nbytes} bytes, not {size}")
        return held.tobytes()
