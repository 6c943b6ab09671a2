"""Fills a PlatformIO core folder so that PlatformIO works without its registry.

Run it with the Python that has PlatformIO installed: platformio_core.py FOLDER. It adds what
PlatformIO would otherwise download: `tool-scons`, which starts the SCons that pip installed, and a
development platform called `native`. Nothing that is already there in the wanted version is touched.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from platformio.dependencies import get_core_dependencies

STAND_INS = Path(__file__).resolve().parent / "platformio"


def place(folder: Path, kind: str, name: str, version: str) -> None:
    """Copy the stand-in `name` to `folder` with the record that PlatformIO keeps of a download."""
    record = {
        "type": kind,
        "name": name,
        "version": version,
        "spec": {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None},
    }
    text = json.dumps(record)
    manifest = folder / ".piopm"
    if manifest.is_file() and manifest.read_text() == text:
        return
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STAND_INS / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if kind == "tool":
        (folder / "package.json").write_text(json.dumps({"name": name, "version": version}))
    manifest.write_text(text)


def fill(core_dir: Path) -> None:
    """Put every stand-in under `core_dir`."""
    scons = get_core_dependencies()["tool-scons"].lstrip("~^=")
    place(core_dir / "packages" / "tool-scons", "tool", "tool-scons", scons)
    native = json.loads((STAND_INS / "native" / "platform.json").read_text())
    place(core_dir / "platforms" / "native", "platform", "native", native["version"])


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
