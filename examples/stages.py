"""Steps of a long job whose results are kept, and reused while nothing they depend on changed."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def say(text: str) -> None:
    """Print progress on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def digest(parts: Iterable[str | Path]) -> str:
    """A SHA-256 over texts and over the files and folders (names and bytes) that paths name.

    What tools leave behind is left out: hidden files and folders, and `__pycache__`.
    """
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(f"text {len(part)} {part}\n".encode())
            continue
        for path in _files(part):
            content = path.read_bytes()
            total.update(f"file {path.relative_to(part.parent).as_posix()} {len(content)}\n".encode())
            total.update(content)
    return total.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = []
    for inner in path.rglob("*"):
        words = inner.relative_to(path).parts
        if inner.is_file() and not any(word.startswith(".") or word == "__pycache__" for word in words):
            found.append(inner)
    return sorted(found)


@dataclass(frozen=True)
class Stage:
    """One step: `depends` decides whether a kept result still holds, `makes` must still be there."""

    name: str
    title: str
    depends: tuple[str | Path, ...]
    makes: tuple[Path, ...]
    work: Callable[[], Json]


def run_stage(stage: Stage, folder: Path) -> Json:
    """The result of `stage`, kept in `folder` as `<name>.json`; worked out only where need be.

    A result is kept together with what the stage made: files changed since then are made again.
    """
    record = folder / f"{stage.name}.json"
    depends = digest(stage.depends)
    kept = _kept(record, depends, stage.makes)
    if kept is not None:
        say(f"{stage.title}: nothing changed, reused")
        return kept
    say(f"{stage.title} ...")
    start = time.monotonic()
    result = stage.work()
    content = {"depends": depends, "made": digest(stage.makes), "result": result}
    folder.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    say(f"{stage.title}: done in {time.monotonic() - start:.0f} s")
    return result


def _kept(record: Path, depends: str, makes: tuple[Path, ...]) -> Json | None:
    if not record.is_file() or not all(path.exists() for path in makes):
        return None
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        holds = content["depends"] == depends and content["made"] == digest(makes)
        result: Json = content["result"]
    except (ValueError, KeyError, TypeError):
        return None
    return result if holds else None
