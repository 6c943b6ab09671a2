"""The only place that knows jinja2: lays out views as text."""

from __future__ import annotations

from functools import lru_cache

import jinja2

from bnncl.resources import templates_dir


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates; an unknown field is an error, HTML is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
    )


def lay_out(template: str, **views: object) -> bytes:
    """The text of `template` with `views`, in UTF-8."""
    return environment().get_template(template).render(**views).encode()


def verbatim(path: str) -> bytes:
    """The content of the file `path` among the templates that needs no filling in."""
    return (templates_dir() / path).read_bytes()
