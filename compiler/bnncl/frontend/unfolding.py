"""Which values of a captured model lie behind the replay cut, where nothing may be folded away."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from bnncl.diagnostics import Problem
from bnncl.frontend.captured import Captured, Node, Value
from bnncl.frontend.expressions import Expressions
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.operators import Kind, kind_of

_NEAR = 5


def belongs(path: str, module: str) -> bool:
    """Whether the torch module `path` is `module` or lies inside it."""
    return path == module or path.startswith(f"{module}.")


def unknown_module(module: str, paths: Iterable[str]) -> Problem | None:
    """The problem `unknown-train-module` where `module` and all inside it are missing among `paths`."""
    known: dict[str, None] = {}
    for path in paths:
        parts = path.split(".") if path else []
        known.update(dict.fromkeys(".".join(parts[: count + 1]) for count in range(len(parts))))
    if module in known:
        return None
    near = difflib.get_close_matches(module, known, _NEAR, 0.4) or list(known)[-_NEAR:]
    return Problem(
        "unknown-train-module",
        f"the model computes nothing in a module {module!r}",
        "--train",
        "The cut is put before a module by its path, as named_modules() prints it.",
        f"Near names: {', '.join(near)}." if near else "The model has no modules with names.",
    )


@dataclass(frozen=True)
class Unfolding:
    """The captured values to keep apart, by id.

    `touched` are computed in the module or from a value that is; `behind` those of them that are
    computed from a convolution or from bits, so that they cannot stand before the first sign.
    """

    touched: frozenset[int]
    behind: frozenset[int]

    @staticmethod
    def of(expressions: Expressions, module: str) -> Unfolding:
        """What `module` touches in the captured graph of `expressions`."""
        touched: set[int] = set()
        behind: set[int] = set()
        for node in expressions.captured.nodes:
            read = {ref.id for ref in node.references() if isinstance(ref, Value)}
            if not belongs(node.module, module) and not read & touched:
                continue
            touched.update(node.outputs)
            if read & behind or _starts(expressions, node, read):
                behind.update(node.outputs)
        return Unfolding(frozenset(touched), frozenset(behind))


def _starts(expressions: Expressions, node: Node, read: set[int]) -> bool:
    bits = (expressions.of[value] for value in read)
    return kind_of(node.op) is Kind.CONV or any(each.terms and expressions.is_finite(each) for each in bits)


def check_module(captured: Captured, module: str) -> Problem | None:
    """`unknown_module` for a captured model."""
    return unknown_module(module, (node.module for node in captured.nodes))


def values_of(expressions: Expressions, combination: LinComb) -> frozenset[int]:
    """The captured values of the atoms of `combination`."""
    return frozenset(expressions.atoms[index].value for index in combination.atoms)
