"""The C store on the host, over flash emulated in RAM, for tests in Python."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path

from bnncl.resources import runtime_dir
from bnncl.targets.flags import WARNINGS

RUNTIME = runtime_dir()
STORE = sorted((RUNTIME / "src").glob("bnncl_store_*.c"))
HEADER = 64
POWER_FOR_EVER = 0xFFFFFFFF
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class Status(IntEnum):
    """bnncl_status."""

    OK = 0
    BAD_ARGUMENT = 1
    STORAGE_ERROR = 5
    NO_STATE = 6
    BAD_FINGERPRINT = 7
    CORRUPT = 8
    TOO_SMALL = 9
    STATE_LOST = 13


READ = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint8), ctypes.c_uint32
)
ERASE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Port(ctypes.Structure):
    """bnncl_storage."""

    _fields_ = (
        ("context", ctypes.c_void_p),
        ("region_bytes", ctypes.c_uint32),
        ("erase_bytes", ctypes.c_uint32),
        ("prog_bytes", ctypes.c_uint32),
        ("read", READ),
        ("prog", READ),
        ("erase", ERASE),
        ("sync", SYNC),
    )


class Ram(ctypes.Structure):
    """bnncl_storage_ram."""

    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("granules", ctypes.c_void_p),
        ("erases", ctypes.c_void_p),
        ("region_bytes", ctypes.c_uint32),
        ("erase_bytes", ctypes.c_uint32),
        ("prog_bytes", ctypes.c_uint32),
        ("power", ctypes.c_uint32),
        ("cut", ctypes.c_int),
        ("random", ctypes.c_uint32),
        ("violations", ctypes.c_uint32),
        ("syncs", ctypes.c_uint32),
        ("off", ctypes.c_bool),
    )


class File(ctypes.Structure):
    """bnncl_storage_file."""

    _fields_ = (
        ("file", ctypes.c_void_p),
        ("region_bytes", ctypes.c_uint32),
        ("erase_bytes", ctypes.c_uint32),
        ("prog_bytes", ctypes.c_uint32),
    )


class Id(ctypes.Structure):
    """bnncl_store_id."""

    _fields_ = (("fingerprint", ctypes.c_uint8 * 16), ("layout", ctypes.c_uint32))


class Segment(ctypes.Structure):
    """bnncl_segment."""

    _fields_ = (("offset", ctypes.c_uint32), ("size", ctypes.c_uint32))


class Found(ctypes.Structure):
    """bnncl_store_found."""

    _fields_ = (("offset", ctypes.c_uint32), ("size", ctypes.c_uint32), ("sequence", ctypes.c_uint32))


def store_id(fingerprint: bytes = bytes(range(16)), layout: int = 1) -> Id:
    return Id((ctypes.c_uint8 * 16)(*fingerprint), layout)


OURS = store_id()


def build_library(folder: Path) -> ctypes.CDLL:
    """Store and ports as one shared library."""
    made = folder / "store.so"
    ports = [RUNTIME / "port" / name for name in ("ram", "file")]
    sources = [*STORE, *(each for port in ports for each in sorted(port.glob("*.c")))]
    includes = [f"-I{folder}" for folder in (RUNTIME / "include", *ports)]
    options = ["-std=c99", "-O2", "-shared", "-fPIC", *WARNINGS, *includes, "-o", str(made)]
    subprocess.run([os.environ.get("CC", "cc"), *options, *map(str, sources)], check=True)
    library = ctypes.CDLL(str(made))
    library.bnncl_storage_ram_port.restype = Port
    library.bnncl_storage_file_port.restype = Port
    library.bnncl_store_crc32.restype = ctypes.c_uint32
    library.bnncl_store_crc32.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    return library


class Store:
    """Saves and loads through a port."""

    def __init__(self, library: ctypes.CDLL, port: Port) -> None:
        self.library = library
        self.port = port

    def save(self, state: bytes, ident: Id = OURS, sizes: Sequence[int] | None = None) -> Status:
        """Save `state`, cut into segments of `sizes` bytes."""
        segments = _segments(sizes or [len(state)])
        where = ctypes.byref(self.port), ctypes.byref(ident)
        return Status(self.library.bnncl_store_save(*where, state, segments, len(segments)))

    def load(self, size: int, ident: Id = OURS) -> tuple[Status, bytes]:
        """The status, and the state's bytes, b"?" where nothing was written."""
        held = ctypes.create_string_buffer(b"?" * size, size)
        where = ctypes.byref(self.port), ctypes.byref(ident)
        status = self.library.bnncl_store_load(*where, held, _segments([size]), 1)
        return Status(status), held.raw

    def find(self, ident: Id = OURS) -> tuple[Status, Found]:
        found = Found()
        status = self.library.bnncl_store_find(
            ctypes.byref(self.port), ctypes.byref(ident), ctypes.byref(found)
        )
        return Status(status), found


class RamFlash(Store):
    """The store over emulated flash, whose bytes and wear can be looked at and changed."""

    def __init__(self, library: ctypes.CDLL, region: int, erase: int, prog: int) -> None:
        self.memory = ctypes.create_string_buffer(region)
        self._granules = ctypes.create_string_buffer(region)
        self.wear = (ctypes.c_uint32 * (region // erase))()
        where = (ctypes.addressof(each) for each in (self.memory, self._granules, self.wear))
        self.flash = Ram(*where, region, erase, prog)
        library.bnncl_storage_ram_format(ctypes.byref(self.flash))
        super().__init__(library, library.bnncl_storage_ram_port(ctypes.byref(self.flash)))

    @property
    def dump(self) -> bytes:
        return self.memory.raw

    def put(self, data: bytes, at: int = 0) -> None:
        """Change the flash's bytes by hand."""
        ctypes.memmove(ctypes.addressof(self.memory) + at, data, len(data))

    def power(self, count: int, cut: int = 0, seed: int = 0) -> None:
        self.library.bnncl_storage_ram_power(ctypes.byref(self.flash), count, cut, seed)

    def wrap(self, name: str, around: Callable[..., int]) -> None:
        """Put `around(original, *arguments)` in the place of a function of the port."""
        field = getattr(self.port, name)
        kind = type(field)
        original = kind(ctypes.cast(field, ctypes.c_void_p).value)
        setattr(self.port, name, kind(lambda *arguments: around(original, *arguments)))

    def unwrap(self) -> None:
        """Have the port's own functions again."""
        self.port = self.library.bnncl_storage_ram_port(ctypes.byref(self.flash))


def _segments(sizes: Sequence[int]) -> ctypes.Array[Segment]:
    offsets = [sum(sizes[:at]) for at in range(len(sizes))]
    return (Segment * len(sizes))(*(Segment(*pair) for pair in zip(offsets, sizes, strict=True)))
