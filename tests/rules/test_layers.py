"""The layers of the package hold, and outside libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT

PACKAGE = ROOT / "compiler" / "bnncl"
ALLOWED = {
    "jinja2": ("emit",),
    "torch": ("bench", "frontend", "learn"),
    "rich": ("cli",),
    "elftools": ("toolchain",),
}


def imported(path: Path) -> set[str]:
    """The top-level names of everything that a file imports, at any depth of its syntax tree."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".", maxsplit=1)[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".", maxsplit=1)[0])
    return names


@pytest.mark.parametrize("library", list(ALLOWED))
def test_library_is_imported_only_where_it_belongs(library: str):
    outside = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if library in imported(path) and path.relative_to(PACKAGE).parts[0] not in ALLOWED[library]
    ]
    assert outside == []


@pytest.mark.parametrize("folder", ["interp", "numerics"])
def test_reference_arithmetic_loads_no_native_code(folder: str):
    natives = {"ctypes", "cffi", "subprocess", "numba", "torch"}
    found = {
        str(path.relative_to(PACKAGE)): sorted(imported(path) & natives)
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        if imported(path) & natives
    }
    assert found == {}


def test_import_linter_keeps_every_contract():
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "compiler"), "PATH": "", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
