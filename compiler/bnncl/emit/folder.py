"""Writes a project to a folder: whole or not at all, and never over what the user wrote."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.emit.manifest import FORMAT, MANIFEST, sha256

Files = Mapping[str, bytes]


def write(files: Files, folder: Path, *, force: bool = False) -> None:
    """Make `folder` hold `files`; what the user put there stays.

    The project is built in a folder beside it, into which the user's files are moved, and then takes its
    place. Raises `UsageError`, with the folder as it was: `output-not-ours` where the folder holds things
    but no manifest of ours, or a file of the user's stands in the way of one of ours; `output-edited` where
    files that the tool wrote were changed by hand (unless `force`); `output-not-writable`.
    """
    folder = folder.resolve()
    owned = _check_may_write(files, folder, force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            building = Path(beside) / "new"
            building.mkdir()
            _fill(building, files)
            if folder.is_dir():
                shutil.copymode(folder, building)
                _keep_users_files(folder, building, owned)
            _swap(building, folder, Path(beside) / "old")
    except OSError as error:
        raise UsageError(
            Problem(
                slug="output-not-writable",
                message=f"the project cannot be written: {error.strerror or error}",
                where=str(folder),
                hint="Choose another folder with --output.",
            )
        ) from error


def check(files: Files, folder: Path) -> tuple[str, ...]:
    """Paths of `files` that are missing in `folder` or differ there, and of files no longer made."""
    old = owned_files(folder) or {}
    differing = {path for path, content in files.items() if _content(folder / path) != content}
    left_over = {path for path in old if path not in files and (folder / path).exists()}
    return tuple(sorted(differing | left_over))


def owned_files(folder: Path) -> dict[str, str] | None:
    """Path and SHA-256 of what the tool wrote there, the manifest itself apart; None without a manifest."""
    content = _content(folder / MANIFEST)
    if content is None:
        return None
    try:
        held = json.loads(content)
        if held["format"] != FORMAT:
            return None
        owned = {str(each["path"]): str(each["sha256"]) for each in held["files"]}
    except (ValueError, KeyError, TypeError):
        return None
    inside = all(_is_inside(path) for path in owned)
    return owned if inside else None


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and bool(pure.parts)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _check_may_write(files: Files, folder: Path, force: bool) -> dict[str, str]:
    """What the tool owns in `folder`; `UsageError` where it may not write there."""
    if not os.path.lexists(folder):
        return {}
    if not folder.is_dir():
        raise UsageError(_not_ours(folder, "this is a file, not a folder"))
    owned = owned_files(folder)
    if owned is None:
        if any(folder.iterdir()):
            raise UsageError(
                _not_ours(folder, "the folder is not empty and holds no project that bnncl wrote")
            )
        return {}
    problems = Collector()
    for path in sorted(files):
        if path not in owned and path != MANIFEST and os.path.lexists(folder / path):
            problems.add(_not_ours(folder / path, "a file that bnncl did not write stands in the way"))
    problems.raise_as(UsageError)
    edited = _edited(folder, owned)
    if edited and not force:
        raise UsageError(
            Problem(
                slug="output-edited",
                message=f"changed by hand since they were generated: {', '.join(edited)}",
                where=str(folder),
                why="Generating again would lose these changes.",
                hint="Keep them elsewhere, or give --force to overwrite them.",
            )
        )
    return owned


def _edited(folder: Path, owned: Mapping[str, str]) -> tuple[str, ...]:
    now = {path: _content(folder / path) for path in owned}
    return tuple(path for path, held in now.items() if held is not None and sha256(held) != owned[path])


def _not_ours(path: Path, message: str) -> Problem:
    return Problem(
        slug="output-not-ours",
        message=message,
        where=str(path),
        why="bnncl never overwrites files that it did not write.",
        hint="Choose another folder with --output, or move what is there.",
    )


def _fill(building: Path, files: Files) -> None:
    for path, content in files.items():
        target = building / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _keep_users_files(folder: Path, building: Path, owned: Mapping[str, str]) -> None:
    """Copy what the tool does not own from `folder` to where the new project is built."""
    for root, directories, names in os.walk(folder):
        here = Path(root)
        if not directories and not names:
            (building / here.relative_to(folder)).mkdir(parents=True, exist_ok=True)
        links = [name for name in directories if (here / name).is_symlink()]
        for name in (*names, *links):
            relative = (here / name).relative_to(folder)
            if relative.as_posix() in owned or relative.as_posix() == MANIFEST:
                continue
            (building / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here / name, building / relative, follow_symlinks=False)


def _swap(building: Path, folder: Path, old: Path) -> None:
    """Put `building` in the place of `folder`, which comes back where that fails."""
    if not folder.exists():
        building.rename(folder)
        return
    folder.rename(old)
    try:
        building.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
