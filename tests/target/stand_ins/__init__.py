"""Stand-ins for what cannot be downloaded: vendors' platforms, of the same names and board identifiers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDORS = ("ststm32", "sifive")
TOOLCHAIN = ("toolchain-gccarmnoneeabi", "1.120301.0")


def place_vendors(core: Path) -> None:
    """Add the stand-ins of `VENDORS` and of the compiler's package to PlatformIO's folder `core`.

    The compiler's package is empty: the system's compiler is on the path.
    """
    for name in VENDORS:
        folder = core / "platforms" / name
        shutil.copytree(HERE / name, folder)
        for part in ("builder", "framework"):
            shutil.copytree(HERE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        version = json.loads((folder / "platform.json").read_text())["version"]
        _record(folder, "platform", name, version)
    name, version = TOOLCHAIN
    folder = core / "packages" / name
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version}))
    _record(folder, "tool", name, version)


def _record(folder: Path, kind: str, name: str, version: str) -> None:
    spec = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
    record = {"type": kind, "name": name, "version": version, "spec": spec}
    (folder / ".piopm").write_text(json.dumps(record))
