"""A generated project read back from its folder: what verification needs of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from bnncl.diagnostics import Problem, UsageError
from bnncl.emit import restore
from bnncl.emit.folder import owned_files
from bnncl.emit.manifest import MANIFEST, PROGRAM, sha256
from bnncl.ir.graph import Graph, Program
from bnncl.kernels.base import calls
from bnncl.kernels.selection import Preference, Timing
from bnncl.passes.select_kernels import SelectKernels
from bnncl.targets import Target, target
from bnncl.version import VERSION

_AGAIN = "Generate the project again."


@dataclass(frozen=True, eq=False)
class Opened:
    """A project's folder, its SELECTED program rebuilt from the stored one, and its targets.

    `edited` lists the files that are not what was written.
    """

    folder: Path
    name: str
    program: Program
    targets: tuple[Target, ...]
    edited: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The graph of inference."""
        return self.program.graphs[0]


@dataclass(frozen=True)
class _Manifest:
    name: str
    targets: tuple[Target, ...]
    kernels: Preference
    scratch_limit: int | None
    timing: Timing
    tool_version: str

    @classmethod
    def read(cls, folder: Path) -> _Manifest:
        held = json.loads((folder / MANIFEST).read_text())
        try:
            settings = held["settings"]
            scratch, kernels = settings["scratch limit"], settings["kernels"]
            timing = settings.get("timing", "typical")
            limit = None if scratch == "none" else int(scratch)
            names = tuple(str(name) for name in held["targets"])
            if not names or kernels not in get_args(Preference) or timing not in get_args(Timing):
                raise ValueError(kernels)
            targets = tuple(map(target, names))
            if settings.get("pure C") == "yes":
                targets = tuple(each.portable() for each in targets)
            if timing == "constant":
                targets = tuple(each.constant_time() for each in targets)
            return cls(str(held["name"]), targets, kernels, limit, timing, str(held["tool_version"]))
        except (KeyError, TypeError, ValueError) as error:
            message = f"{MANIFEST} is damaged"
            raise UsageError(Problem("not-a-project", message, str(folder), hint=_AGAIN)) from error


def open_project(folder: Path) -> Opened:
    """Read the project in `folder`; UsageError (`not-a-project`) where there is none."""
    owned = owned_files(folder)
    if owned is None:
        raise UsageError(
            Problem(
                "not-a-project",
                f"there is no {MANIFEST} of bnncl in this folder",
                str(folder),
                hint="Name the folder that bnncl-compile has written.",
            )
        )
    held = _Manifest.read(folder)
    program = restore(_program(folder), str(folder / PROGRAM))
    select = SelectKernels(held.targets[0], held.kernels, held.scratch_limit, held.timing)
    program = select.run_all(program)
    edited = tuple(path for path, wanted in owned.items() if _sha256(folder / path) != wanted)
    if PROGRAM not in edited:
        _check_sources(folder, program, owned, held.tool_version)
    return Opened(folder, held.name, program, held.targets, edited)


def _check_sources(folder: Path, program: Program, owned: Mapping[str, str], version: str) -> None:
    """Raise UsageError where C files are gone, or another version of the tool chose other kernels."""
    missing = [path for path in owned if path.endswith((".c", ".h")) and not (folder / path).is_file()]
    if missing:
        message = f"files are missing: {', '.join(missing)}"
        raise UsageError(Problem("not-a-project", message, str(folder), hint=_AGAIN))
    called = [call for graph in program.graphs for call in calls(graph)]
    wanted = {path for call in called if not call.kernel.is_alias for path in call.kernel.sources()}
    names = {Path(path).name for path in owned}
    lacking = sorted(Path(path).name for path in wanted if Path(path).name not in names)
    if version == VERSION and not lacking:
        return
    raise UsageError(
        Problem(
            "other-version",
            f"the project was made by another version of bnncl: {version}, this is {VERSION}",
            str(folder),
            f"This version would use {', '.join(lacking)}, which the project lacks." if lacking else "",
            "Generate the project again, or verify it with the version that made it.",
        )
    )


def _program(folder: Path) -> bytes:
    try:
        return (folder / PROGRAM).read_bytes()
    except OSError as error:
        raise UsageError(
            Problem(
                "not-a-project",
                f"{PROGRAM} cannot be read: {error.strerror}",
                str(folder),
                hint=_AGAIN,
            )
        ) from error


def _sha256(path: Path) -> str:
    try:
        return sha256(path.read_bytes())
    except OSError:
        return "missing"
