"""Types of command-line arguments; each raises argparse's own error on bad text."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from bnncl.driver.options import InputMap

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def size(text: str) -> int:
    """Bytes from `131072`, `128K` or `1M`."""
    match = re.fullmatch(r"(\d+)([KM]?)i?B?", text, re.IGNORECASE)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size such as 131072, 128K or 1M")
    return int(match[1]) * _UNITS[match[2].upper()]


def names(text: str) -> tuple[str, ...]:
    """Names from `a,b`, at least one, each once."""
    found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' names nothing")
    return found


def count(text: str) -> int:
    """A number of things, at least 1."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a count of at least 1")
    return int(text)


def interval(text: str) -> tuple[float, float]:
    """Two numbers from `lo:hi`."""
    parts = _numbers(text, ":")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not an interval such as -1:1")
    return parts[0], parts[1]


def share(text: str) -> float:
    """A share of a whole, 0..1."""
    (found,) = _numbers(text, ",") if "," not in text else (float("nan"),)
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return found


def shares(text: str) -> tuple[float, ...]:
    """Shares from `0.1,0.5`, at least one, each once."""
    return tuple(dict.fromkeys(share(part) for part in text.split(",")))


def pair(text: str) -> tuple[int, int]:
    """Two counts from `8:24`."""
    match = re.fullmatch(r"(\d+):(\d+)", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not two counts such as 8:24")
    return int(match[1]), int(match[2])


def accumulate(text: str) -> int:
    """Samples between two updates from `full` (0: all of a minibatch) or `8`."""
    if text not in ("full", "8"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither full nor 8")
    return 0 if text == "full" else 8


def shape(text: str) -> tuple[int, ...]:
    """A shape from `1,28,28` (or `1x28x28`), that of one sample."""
    try:
        sizes = tuple(int(part) for part in re.split(r"[,x]", text))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a shape such as 1,28,28")
    return sizes


def input_map(text: str) -> InputMap:
    """How stored numbers stand for real ones, from `uint8:scale:offset` (comma lists for channels)."""
    kind, *parts = text.split(":")
    if kind not in ("uint8", "int8") or len(parts) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not uint8:SCALE:OFFSET or int8:SCALE:OFFSET")
    scale, offset = (_numbers(part, ",") for part in parts)
    return InputMap(kind == "int8", scale, offset)


def glued(argv: Sequence[str]) -> list[str]:
    """`argv` in which `--input-range -1:1` is one word, lest argparse takes `-1:1` for an option."""
    found: list[str] = []
    for word in argv:
        if found and found[-1] == "--input-range" and re.match(r"-[\d.]", word):
            found[-1] = f"{found[-1]}={word}"
        else:
            found.append(word)
    return found


def _numbers(text: str, separator: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(separator))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' does not hold numbers") from error
