"""Templates only lay out: text, fields, for, if on a boolean, include, join."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from bnncl.emit.templates import environment, lay_out
from bnncl.resources import templates_dir

TEMPLATES = sorted(path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.j2"))
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.Include,
    nodes.Filter,
    nodes.Const,
    nodes.Tuple,
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_holds_no_logic(name: str):
    tree = environment().parse((templates_dir() / name).read_text())
    for node in tree.find_all(nodes.Node):
        assert isinstance(node, ALLOWED), f"{name}:{node.lineno}: {type(node).__name__}"
    for filtered in tree.find_all(nodes.Filter):
        assert filtered.name == "join", f"{name}:{filtered.lineno}: filter {filtered.name}"
    for choice in tree.find_all(nodes.If):
        assert isinstance(choice.test, nodes.Name | nodes.Getattr), (
            f"{name}:{choice.lineno}: a computed condition"
        )


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
