"""Text of C tokens: identifiers, integer literals, initialisers, comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PER_LINE = 16
_KEYWORDS = frozenset(
    (
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum"),
        *("extern", "float", "for", "goto", "if", "inline", "int", "long", "main", "register", "restrict"),
        *("return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union"),
        *("unsigned", "void", "volatile", "while"),
    )
)


def identifier(text: str) -> str:
    """`text` as a C identifier: other characters become underscores, keywords get one more."""
    word = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "value"
    return f"_{word}" if word[0].isdigit() else f"{word}_" if word in _KEYWORDS else word


def is_identifier(text: str) -> bool:
    """Whether `text` can name a model: a lower-case C identifier that the runtime has not taken."""
    free = text not in _KEYWORDS and text != "bnncl"
    return free and bool(re.fullmatch(r"[a-z][a-z0-9_]*", text))


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """`words` with a number appended to those that came before."""
    seen: set[str] = set()
    result = []
    for word in words:
        candidate, count = word, 2
        while candidate in seen:
            candidate, count = f"{word}_{count}", count + 1
        seen.add(candidate)
        result.append(candidate)
    return tuple(result)


def integer(number: int) -> str:
    """A C99 constant expression of the value `number`, within 64 bits, without a compiler warning."""
    if -(2**31) < number < 2**31:
        return str(number)
    if number in (-(2**31), -(2**63)):
        return f"({integer(number + 1)} - 1)"
    if 2**31 <= number < 2**32:
        return f"{number}u"
    return f"INT64_C({number})" if number < 2**63 else f"UINT64_C({number})"


def initializer(data: NDArray[Any]) -> tuple[str, ...]:
    """Lines of an array initialiser, 16 numbers each: unsigned ones as hex, signed ones as decimals."""
    numbers = data.reshape(-1)
    if numbers.dtype.kind in "ub":
        width = 2 * max(1, numbers.dtype.itemsize)
        words = [f"0x{int(number):0{width}x}" for number in numbers]
    else:
        words = [integer(int(number)) for number in numbers]
    return tuple(", ".join(chunk) for chunk in _chunks(words))


def _chunks(words: Sequence[str]) -> Iterator[Sequence[str]]:
    return (words[start : start + PER_LINE] for start in range(0, len(words), PER_LINE))


def comment(text: str) -> str:
    """`text` made safe inside a C comment."""
    return re.sub(r"[^\x20-\x7e]", "?", text).replace("*/", "* /").replace("/*", "/ *")


def string(text: str) -> str:
    """A C string literal of `text` in UTF-8."""
    out = []
    for octet in text.encode():
        char = chr(octet)
        if char in '"\\?':
            out.append("\\" + char)
        elif 0x20 <= octet < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{octet:03o}")
    return '"' + "".join(out) + '"'


def decimal(number: float) -> str:
    """The shortest decimal that reads back as the float64 `number`."""
    plain = number == 0 or 1e-6 <= abs(number) < 1e9
    return np.format_float_positional(number, trim="-") if plain else repr(float(number))


def decimals(numbers: Sequence[float], most: int = 16) -> str:
    """`numbers` as decimals with commas between them; empty where there are more than `most`."""
    return ", ".join(decimal(number) for number in numbers) if len(numbers) <= most else ""
