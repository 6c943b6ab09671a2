"""Templates: each is used, and asks for nothing that it is not given. (What they may hold is a rule.)"""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from bnncl.emit.templates import lay_out
from bnncl.resources import templates_dir

TEMPLATES = sorted(path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.j2"))


def test_unknown_field_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        lay_out("banner.j2", title="x", model={})


def test_every_template_is_used():
    users = "\n".join(path.read_text() for path in _package().rglob("*.py"))
    users += "\n".join((templates_dir() / name).read_text() for name in TEMPLATES)
    for name in TEMPLATES:
        stem = name.removesuffix(".j2").rsplit("/", 1)[-1]
        assert name in users or stem in users, name


def _package() -> Path:
    return Path(__file__).resolve().parents[2] / "compiler" / "bnncl" / "emit"
