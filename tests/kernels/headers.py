"""Reads structs and prototypes out of the runtime's own headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bnncl.resources import runtime_dir

INCLUDE = runtime_dir() / "include"

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_STRUCT = re.compile(r"typedef struct \{(.*?)\} (\w+);", re.S)
_PROTOTYPE = re.compile(r"^(\w+) (bnncl_\w+)\(([^)]*)\);", re.M)
_DECLARATION = re.compile(r"(.*?)(\w+)(?:\[\w+\])?$", re.S)


@dataclass(frozen=True)
class Declared:
    """A field or a parameter: its C type, spaces normalised, and its name."""

    ctype: str
    name: str

    @property
    def is_pointer(self) -> bool:
        return "*" in self.ctype

    @property
    def is_constant(self) -> bool:
        return self.ctype.startswith("const ")

    @property
    def base(self) -> str:
        """The type without qualifiers and `*`."""
        return self.ctype.replace("restrict", "").replace("const", "").replace("*", "").strip()


def text_of(header: Path) -> str:
    """A header without its comments."""
    return _COMMENT.sub("", header.read_text())


def structs() -> dict[str, tuple[Declared, ...]]:
    """Every struct of the public headers."""
    found = {}
    for header in sorted((INCLUDE / "bnncl").glob("*.h")):
        for body, name in _STRUCT.findall(text_of(header)):
            found[name] = tuple(_declared(line) for line in body.split(";") if line.strip())
    return found


def prototypes(header: str) -> dict[str, tuple[Declared, ...]]:
    """Every function that `header`, named as `#include` does, declares."""
    text = text_of(INCLUDE / header)
    return {
        name: tuple(_declared(each) for each in parameters.split(","))
        for _, name, parameters in _PROTOTYPE.findall(text)
    }


def _declared(text: str) -> Declared:
    match = _DECLARATION.match(" ".join(text.split()))
    assert match, text
    return Declared(" ".join(match[1].split()), match[2])
