"""Finds `templates/` and `runtime_c/`, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent.parent / name


def templates_dir() -> Path:
    """The folder of the jinja2 templates."""
    return _folder("templates")


def runtime_dir() -> Path:
    """The folder of the C runtime: `include/`, `src/` and `port/`."""
    return _folder("runtime_c")
