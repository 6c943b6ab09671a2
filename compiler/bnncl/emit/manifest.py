"""The list of what the tool wrote, by which files of its own are told from the user's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from bnncl.emit.spec import ProjectSpec
from bnncl.emit.state_view import state_entry

MANIFEST = "manifest.json"
FORMAT = "bnncl-project-1"
PROGRAM = "report/program.safetensors"
"""Where a project keeps the program in logical form, thresholds and scales included."""


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def manifest(spec: ProjectSpec, files: Mapping[str, bytes]) -> bytes:
    """The manifest of `files`: origin, settings, path and SHA-256 of each file."""
    held = {
        "format": FORMAT,
        "name": spec.name,
        "tool_version": spec.version,
        "model_sha256": spec.model_sha256,
        "settings": dict(spec.settings),
        "targets": [target.name for target in spec.targets],
        "boards": [board.id for board in spec.boards],
        "program": PROGRAM,
        **state_entry(spec),
        "files": [{"path": path, "sha256": sha256(files[path])} for path in sorted(files)],
    }
    return (json.dumps(held, indent=2) + "\n").encode()
