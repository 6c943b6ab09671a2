"""Reads sizes, symbols and constants from the ELF files that a compiler wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol, SymbolTableSection

from bnncl.diagnostics import Problem, UsageError

_RESERVED: Final = (".stack", ".heap")
# The start-up code and vector table; some linker scripts mark them writable though they stay in flash.
_IN_FLASH: Final = (".init",)


@dataclass(frozen=True)
class SectionSizes:
    """Memory that a program takes, in bytes.

    `flash` is every allocated section with content in the file, initial values of variables
    included. `ram` is every writable allocated section (.data, .bss and the like), without what the
    linker script sets aside for stack and heap. C library and start-up code are part of both.
    """

    flash: int
    ram: int


def _open(path: Path) -> ELFFile:
    try:
        return ELFFile(BytesIO(path.read_bytes()))
    except (ELFError, OSError) as error:
        raise UsageError(
            Problem(slug="not-an-elf", message=f"this is not a readable ELF file: {error}", where=str(path))
        ) from error


def section_sizes(path: Path) -> SectionSizes:
    """How much flash and RAM the program `path` takes; `UsageError` (`not-an-elf`)."""
    flash = ram = 0
    for section in _open(path).iter_sections():
        flags = section["sh_flags"]
        if not flags & SH_FLAGS.SHF_ALLOC or section.name in _RESERVED:
            continue
        if section["sh_type"] != "SHT_NOBITS":
            flash += section["sh_size"]
        if flags & SH_FLAGS.SHF_WRITE and section.name not in _IN_FLASH:
            ram += section["sh_size"]
    return SectionSizes(flash, ram)


def _symbols(elf: ELFFile) -> Iterator[Symbol]:
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            yield from section.iter_symbols()


def symbol_bytes(path: Path, name: str) -> bytes:
    """The content of the constant or initialised variable `name`, local ones included.

    Raises `UsageError`: `no-such-symbol` where no symbol of that name has a size and content in the
    file, `not-an-elf`.
    """
    elf = _open(path)
    for symbol in _symbols(elf):
        index = symbol["st_shndx"]
        if symbol.name != name or not symbol["st_size"] or not isinstance(index, int):
            continue
        section = elf.get_section(index)
        if section["sh_type"] == "SHT_NOBITS":
            continue
        # In a relocatable file the value counts from the section's start, and its address is 0.
        start = symbol["st_value"] - section["sh_addr"]
        content: bytes = section.data()
        return content[start : start + symbol["st_size"]]
    raise UsageError(
        Problem(
            slug="no-such-symbol",
            message=f"no constant called {name!r} is in this file",
            where=str(path),
            why="It does not exist, was stripped or removed by the linker, or has no initial value.",
        )
    )


def undefined_symbols(path: Path) -> tuple[str, ...]:
    """The names that an object file or program expects from elsewhere, sorted."""
    return _names(path, defined=False)


def defined_symbols(path: Path) -> tuple[str, ...]:
    """The names that an object file or program gives to others (global or weak), sorted."""
    return _names(path, defined=True)


def _names(path: Path, defined: bool) -> tuple[str, ...]:
    found = {
        symbol.name
        for symbol in _symbols(_open(path))
        if symbol.name
        and symbol["st_info"]["bind"] != "STB_LOCAL"
        and (symbol["st_shndx"] != "SHN_UNDEF") == defined
    }
    return tuple(sorted(found))
