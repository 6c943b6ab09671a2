"""bnncl: a compiler for binary neural networks that keep learning on microcontrollers.

`bnncl.save` writes a torch module with everything that compiling it needs, `bnncl.compile` compiles it,
`bnncl.load_learned` writes it with what a device has learned, and `bnncl.with_learned_head` puts that into
the module. They come from `bnncl.api`, which is imported on first use: torch takes a second to load.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from bnncl.diagnostics import BnnclError, DoesNotFit, UnsupportedModel, UsageError, VerificationFailed
from bnncl.version import VERSION

if TYPE_CHECKING:
    from bnncl.api import Project, compile, load_learned, save, with_learned_head

__version__ = VERSION
_LAZY = ("Project", "compile", "load_learned", "save", "with_learned_head")


def __getattr__(name: str) -> object:
    if name in _LAZY:
        found: object = getattr(importlib.import_module("bnncl.api"), name)
        return found
    raise AttributeError(f"module 'bnncl' has no attribute '{name}'")


__all__ = [
    "BnnclError",
    "DoesNotFit",
    "Project",
    "UnsupportedModel",
    "UsageError",
    "VerificationFailed",
    "__version__",
    "compile",
    "load_learned",
    "save",
    "with_learned_head",
]
