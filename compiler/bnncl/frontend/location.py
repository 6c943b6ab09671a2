"""Knows which torch module and which line of the user's source is running."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import torch

from bnncl.frontend.graph_builder import Place

_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parent)
_TRACER = str(Path(__file__).with_name("tracer.py"))

SOURCE_LINE: ContextVar[str] = ContextVar("SOURCE_LINE", default="")
"""Set by code of ours that runs a graph from a file: the line that the file gives for the running call."""


class Location:
    """The torch module path that is running now, and a source line where the frames do not tell it."""

    def __init__(self) -> None:
        self._places = [Place()]
        self.failed = ""

    @contextmanager
    def at(self, module: str, line: str = "") -> Iterator[None]:
        """Everything inside belongs to `module` and, if given, to `line`."""
        self.enter(module, line)
        try:
            yield
        finally:
            self.leave()

    def enter(self, module: str, line: str = "") -> None:
        """Begin a call of `module`."""
        self._places.append(Place(module, line))

    def leave(self) -> None:
        """End what `enter` began."""
        left = self._places.pop()
        if sys.exc_info()[0] is not None and not self.failed:
            self.failed = left.module

    def place(self) -> Place:
        """Where the running model is."""
        now = self._places[-1]
        return Place(now.module, now.line or SOURCE_LINE.get() or _user_line())


def _user_line() -> str:
    """`file.py:12` of the innermost frame that is neither torch's nor ours; empty if the model has none."""
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_OURS) and path not in (__file__, _TRACER):
            return ""
        if not path.startswith((_OURS, _TORCH)):
            return f"{Path(path).name}:{frame.f_lineno}"
        if frame.f_back is None:
            return ""
        frame = frame.f_back
    return ""
