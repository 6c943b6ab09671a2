"""Generated packages in CPython, which run the scripts of the tests as MicroPython does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools import require_tool


@dataclass(frozen=True)
class Desk:
    """A Python with the packages in `folders`; `python` is that of the tests unless another is named."""

    folders: tuple[Path, ...]
    python: str = sys.executable

    def start(
        self, script: str, folder: Path, *options: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `script` in `folder` with further variables in the environment."""
        (folder / "script.py").write_text(script)
        path = os.pathsep.join(map(str, self.folders))
        return subprocess.run(
            [self.python, *options, "script.py"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run(self, script: str, folder: Path, *options: str) -> Any:
        """What `script` printed last, as JSON; it runs in `folder`."""
        done = self.start(script, folder, *options)
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])


def desk_of(projects: Sequence[Path]) -> Desk:
    """CPython with the packages of `projects`."""
    require_tool(os.environ.get("CC", "cc").split()[0])
    return Desk(tuple(project / "desk" for project in projects))
