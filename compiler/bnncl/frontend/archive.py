"""Opens zip archives of models with nothing trusted: bounds first, bytes second, never a pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bnncl.diagnostics import Problem, UsageError

_MAX_ENTRIES = 100_000
_MAX_DEFLATED = 64 << 20
"""Entries that are compressed (source text in TorchScript archives) may unpack to this many bytes."""


class Archive:
    """The entries of a zip archive by name, without its top folder; read through bounds."""

    def __init__(self, file: zipfile.ZipFile, path: Path) -> None:
        self.path = path
        self._file = file
        infos = file.infolist()
        size = path.stat().st_size
        deflated = sum(info.file_size for info in infos if info.compress_type != zipfile.ZIP_STORED)
        stored = sum(info.file_size for info in infos if info.compress_type == zipfile.ZIP_STORED)
        if len(infos) > _MAX_ENTRIES or stored > size or deflated > _MAX_DEFLATED:
            raise UsageError(
                Problem(
                    "absurd-archive",
                    f"{len(infos)} entries would unpack to {stored + deflated} bytes from a file of {size}",
                    str(path),
                    "no model is stored like that",
                )
            )
        top = infos[0].filename.partition("/")[0] + "/" if infos else ""
        if not all(info.filename.startswith(top) for info in infos):
            top = ""
        self._infos = {info.filename.removeprefix(top): info for info in infos}

    def names(self) -> list[str]:
        """All entries, sorted."""
        return sorted(self._infos)

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def read(self, name: str) -> bytes:
        """The bytes of an entry; UsageError, slug `truncated-archive`, if it is missing or damaged."""
        info = self._infos.get(name)
        if info is None:
            raise truncated(self.path, f"the entry {name} is missing")
        try:
            return self._file.read(info)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise truncated(self.path, str(error)) from error


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open the zip archive `path`; UsageError, slug `truncated-archive`, if it is not whole."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise truncated(path, str(error)) from error
    with file:
        yield Archive(file, path)


def truncated(path: Path, why: str) -> UsageError:
    """The error for an archive that is not whole."""
    return UsageError(
        Problem(
            "truncated-archive",
            "the file is cut short or damaged",
            str(path),
            why,
            "copy it again, or write it again where it was made",
        )
    )
