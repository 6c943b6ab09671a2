"""What a generated project's manifest says of the state that its firmware saves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bnncl.diagnostics import Problem, UsageError
from bnncl.state.blob import FINGERPRINT_BYTES, Blob, read_blob
from bnncl.state.layout import Layout, layout_from_json

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Expected:
    """The state that a project's firmware reads: whose it is, its layout's version, and its arrays.

    In the manifest `fingerprint` is the beginning of `model_sha256`, and the object `state` has
    `layout`, the version, and `segments`, what `layout_from_json` reads.
    """

    fingerprint: bytes
    version: int
    layout: Layout


def expected_state(folder: Path) -> Expected:
    """What the project in `folder` saves; UsageError (`no-learned-state`) where it is none that learns."""
    where = str(folder / MANIFEST)
    try:
        held = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise UsageError(_no_state(where, f"It cannot be read: {error}.")) from error
    state = held.get("state") if isinstance(held, Mapping) else None
    if not isinstance(state, Mapping):
        raise UsageError(_no_state(where, "The project was compiled without --train."))
    sha256, version = held.get("model_sha256"), state.get("layout")
    if not (isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256) and type(version) is int):
        raise UsageError(_no_state(where, "It lacks the model's SHA-256 or the version of the layout."))
    fingerprint = bytes.fromhex(sha256)[:FINGERPRINT_BYTES]
    return Expected(fingerprint, version, layout_from_json(state.get("segments"), where))


def read_state(dump: Path, expected: Expected) -> Blob:
    """The newest state in the file `dump`; UsageError (`state-file`) and those of `read_blob`."""
    try:
        data = dump.read_bytes()
    except OSError as error:
        raise UsageError(
            Problem(
                slug="state-file",
                message=f"the dump cannot be read: {error.strerror}",
                where=str(dump),
                hint="Name a file with the bytes of the storage port's region.",
            )
        ) from error
    return read_blob(data, fingerprint=expected.fingerprint, layout=expected.version, where=str(dump))


def _no_state(where: str, why: str) -> Problem:
    return Problem(
        slug="no-learned-state",
        message="this is no project whose firmware saves learned state",
        where=where,
        why=why,
        hint="Name the folder that `bnncl compile --train ...` wrote for the device.",
    )
