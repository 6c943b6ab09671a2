"""Collects nodes and constants while a model runs, then drops what the output does not need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from bnncl.frontend.captured import Arg, Const, Constant, Node, Value, dtype_name

RANDOM = "<random>"
"""Prefix of a pseudo-origin: the constant was drawn at random, on the line that follows the prefix."""


@dataclass(frozen=True)
class Place:
    """Where a call was made: torch module path and source line."""

    module: str = ""
    line: str = ""


@dataclass(frozen=True)
class Live:
    """What is left of a recorded graph: renumbered, in order, with value 0 as its input."""

    nodes: tuple[Node, ...]
    constants: tuple[Constant, ...]
    output: int


class GraphBuilder:
    """Grows a list of nodes. Value 0 is the input; `parameters` maps parameter names to element counts."""

    def __init__(self, parameters: dict[str, int]) -> None:
        self._parameters = parameters
        self._nodes: list[Node] = []
        self._constants: list[Constant] = []
        self._next_value = 1

    def emit(
        self,
        op: str,
        args: tuple[Arg, ...],
        kwargs: tuple[tuple[str, Arg], ...],
        results: tuple[torch.Tensor, ...],
        place: Place,
    ) -> tuple[Value, ...]:
        """Append a call whose results look like `results`; returns one new value for each."""
        outputs = tuple(range(self._next_value, self._next_value + len(results)))
        self._next_value += len(results)
        shapes = tuple(tuple(result.shape) for result in results)
        dtypes = tuple(dtype_name(result.dtype) for result in results)
        self._nodes.append(Node(op, args, kwargs, outputs, shapes, dtypes, place.module, place.line))
        return tuple(Value(output) for output in outputs)

    def constant(self, tensor: torch.Tensor, origins: frozenset[str], place: Place) -> Const:
        """A new constant holding a copy of `tensor` as it is now, with the same strides where it is dense.

        (Strides matter to the bits: a library sums a transposed matrix in another order.)
        """
        names = tuple(sorted(origins))
        same_size = [name for name in names if self._parameters.get(name) == tensor.numel()]
        latent = same_size[0] if len(same_size) == 1 else None
        copy = tensor.detach().clone(memory_format=torch.preserve_format)
        self._constants.append(Constant(len(self._constants), copy, names, latent, place.module))
        return Const(len(self._constants) - 1)

    def holds(self, reference: Const, tensor: torch.Tensor) -> bool:
        """True if `tensor` still has the content of the constant `reference`."""
        return torch.equal(self._constants[reference.id].tensor, tensor)

    def finish(self, output: Value) -> Live:
        """The nodes and constants that `output` needs, with ids counted from 0 again."""
        needed = {output.id}
        kept: list[Node] = []
        for node in reversed(self._nodes):
            if needed.intersection(node.outputs):
                kept.append(node)
                needed.update(ref.id for ref in node.references() if isinstance(ref, Value))
        kept.reverse()
        return _renumber(kept, self._constants, output)


def map_references(arg: Arg, change: Callable[[Value | Const], Arg]) -> Arg:
    """`arg` with each value and constant reference in it replaced by `change` of it."""
    if isinstance(arg, Value | Const):
        return change(arg)
    if isinstance(arg, tuple):
        return tuple(map_references(item, change) for item in arg)
    return arg


def _renumber(kept: list[Node], constants: list[Constant], output: Value) -> Live:
    values = {0: 0}
    used: dict[int, int] = {}

    def change(reference: Value | Const) -> Arg:
        if isinstance(reference, Value):
            return Value(values[reference.id])
        return Const(used.setdefault(reference.id, len(used)))

    nodes = []
    for node in kept:
        args = tuple(map_references(arg, change) for arg in node.args)
        kwargs = tuple((name, map_references(arg, change)) for name, arg in node.kwargs)
        for old in node.outputs:
            values[old] = len(values)
        outputs = tuple(values[old] for old in node.outputs)
        nodes.append(replace(node, args=args, kwargs=kwargs, outputs=outputs))
    live = tuple(replace(constants[old], id=new) for old, new in used.items())
    return Live(tuple(nodes), live, values[output.id])
