"""Files and functions stay short, templates only lay out, every diagnostic is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from tests.tools import ROOT

PACKAGE = ROOT / "compiler" / "bnncl"
TEMPLATES = ROOT / "templates"
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources("compiler", "scripts", "templates", "examples")
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def test_functions_are_short():
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": lines
        for path in sources("compiler", "scripts", "templates", "examples")
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches everything without raising something in its place."""
    broad = handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}
    last = handler.body[-1]
    return broad and not (isinstance(last, ast.Raise) and (last.exc is None or last.cause is not None))


def test_no_error_is_swallowed():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("compiler", "scripts", "examples")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and swallows(node)
    ]
    assert found == []


# What a template may hold: text, fields, loops, conditions on one boolean, includes, join.
LAYOUT = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.Tuple,
    nodes.If,
    nodes.Include,
    nodes.Filter,
    nodes.Const,
    nodes.Not,
)


def misuse(node: nodes.Node) -> str:
    """What is wrong with one node of a template's syntax tree, or nothing."""
    if not isinstance(node, LAYOUT):
        return f"{type(node).__name__} is computation"
    if isinstance(node, nodes.Filter) and node.name != "join":
        return f"filter {node.name}"
    if isinstance(node, nodes.If):
        test = node.test.node if isinstance(node.test, nodes.Not) else node.test
        return "" if isinstance(test, nodes.Name | nodes.Getattr) else "a condition that is not one boolean"
    if isinstance(node, nodes.Tuple):
        return "" if node.ctx == "store" else "a tuple"
    if isinstance(node, nodes.For) and (node.test is not None or node.recursive):
        return "a loop that filters or recurses"
    return ""


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from walk(child)


def misuses(source: str) -> list[str]:
    environment = jinja2.Environment(autoescape=False)
    return [f"line {node.lineno}: {why}" for node in walk(environment.parse(source)) if (why := misuse(node))]


def test_templates_only_lay_out():
    found = {
        str(path.relative_to(TEMPLATES)): wrong
        for path in sorted(TEMPLATES.rglob("*.j2"))
        if (wrong := misuses(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "{{ a + 1 }}",
        "{{ a|upper }}",
        "{{ f(1) }}",
        "{% for x in (a, b) %}z{% endfor %}",
        "{% if a == 1 %}x{% endif %}",
        "{% if a and b %}x{% endif %}",
        "{% for x in y if x %}z{% endfor %}",
        "{% set a = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{{ a[0] }}",
        "{{ 'x' if a else 'y' }}",
    ],
)
def test_template_rule_finds_computation(source: str):
    assert misuses(source)


def test_template_rule_allows_layout():
    source = (
        "{# words #}text {{ a.b }}{% for x, y in a.xs %}{{ x|join(', ') }}{% else %}none{% endfor %}"
        "{% if a.flag %}1{% elif not other %}2{% else %}3{% endif %}{% include 'part.j2' %}"
    )
    assert misuses(source) == []


def slugs(path: Path) -> Iterator[str]:
    """The slugs of the problems that a file makes.

    A slug is a literal in the call, or a variable `slug` that the file sets to literals.
    """
    tree = ast.parse(path.read_text())
    chosen = [
        part.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "slug"
        for part in (
            [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
        )
        if isinstance(part, ast.Constant)
    ]
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"):
            continue
        given = [word.value for word in node.keywords if word.arg == "slug"] or node.args[:1]
        assert given, f"{path}:{node.lineno}: a problem without a slug"
        if isinstance(given[0], ast.Constant):
            yield str(given[0].value)
        else:
            assert chosen, f"{path}:{node.lineno}: the slug is no literal"
            yield from map(str, chosen)


def test_every_diagnostic_has_a_test():
    tested = "\n".join(path.read_text() for path in sources("tests") if path != Path(__file__))
    found = sorted({slug for path in sources("compiler") for slug in slugs(path)})
    assert found
    assert [slug for slug in found if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)] == []
    named = set(re.findall(r"(?<![\w-])[a-z0-9]+(?:-[a-z0-9]+)*(?![\w-])", tested))
    assert [slug for slug in found if slug not in named] == []
