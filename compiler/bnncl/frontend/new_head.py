"""Puts another last linear layer behind the features of a captured model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from bnncl.frontend.calibration import check_calibration
from bnncl.frontend.captured import Arg, Captured, Const, Constant, Node, Value
from bnncl.frontend.container import read, write
from bnncl.frontend.load import Loaded
from bnncl.frontend.operators import Kind, kind_of
from bnncl.frontend.recognise import recognise
from bnncl.frontend.replay import replay
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array


@dataclass(frozen=True, eq=False)
class OpenHead:
    """A model whose last linear layer is `node`; everything behind it goes with it."""

    loaded: Loaded
    node: Node

    @classmethod
    def of(cls, loaded: Loaded) -> OpenHead:
        """A model that `real_head.separate` accepts: its last linear layer is what its output rests on."""
        linear = [node for node in loaded.captured.nodes if kind_of(node.op) is Kind.CONV]
        assert linear, "no linear layer"
        return cls(loaded, linear[-1])

    def probe(self) -> Graph:
        """The TRACED graph with the identity for a head: its logits are what torch's head reads."""
        size = self._features()
        identity = np.eye(size, dtype=np.float32)
        return recognise(self._with(identity, np.zeros(size, np.float32)), "infer").graph

    def save(self, weights: Array, bias: Array, path: Path) -> OpenHead:
        """Write the model with a linear layer (K, I), (K,) for a head to `path`; what was written, read back.

        What stood behind the old head is left out. Example, calibration and labels stay.
        """
        loaded = self.loaded
        captured = self._with(weights.astype(np.float32), bias.astype(np.float32))
        x, y = check_calibration(captured, loaded.calibration, loaded.labels)
        write(captured, path, loaded.example, x, y)
        held = read(path)
        return OpenHead(
            replace(loaded, captured=held.captured, calibration=held.calibration, labels=held.labels),
            held.captured.nodes[-1],
        )

    def logits(self, x: torch.Tensor) -> Array:
        """What torch computes for inputs (N, ...), (N, K)."""
        logits: Array = replay(self.loaded.captured, x).reshape(len(x), -1).numpy()
        return logits

    def _features(self) -> int:
        (shape,) = (shape for value, shape in self._shapes() if value == self._read().id)
        return int(np.prod(shape))

    def _shapes(self) -> Iterable[tuple[int, tuple[int, ...]]]:
        for node in self.loaded.captured.nodes:
            yield from zip(node.outputs, node.shapes, strict=True)

    def _read(self) -> Value:
        """The value that the head reads."""
        (found,) = {each for each in self.node.references() if isinstance(each, Value)}
        return found

    def _with(self, weights: Array, bias: Array) -> Captured:
        captured, features = self.loaded.captured, self._read()
        kept = list(captured.nodes[: captured.nodes.index(self.node)])
        used = sorted({each.id for node in kept for each in node.references() if isinstance(each, Const)})
        constants = [captured.constants[id_] for id_ in used]
        names = self._names(constants)
        new = {each: Const(at) for at, each in enumerate(used)}
        nodes = [_renumbered(node, new) for node in kept]
        last = max(captured.input, *(id_ for id_, _ in self._shapes()))
        count, size = weights.shape
        module = self.node.module
        others = self._parameters(constants)
        parameters = {names[0]: torch.from_numpy(weights.copy()), names[1]: torch.from_numpy(bias.copy())}
        for name, tensor in parameters.items():
            read_as = tensor.t() if tensor.dim() > 1 else tensor
            constants.append(Constant(0, read_as, (name,), name, module))
        at = len(used)
        nodes.append(_node("view", (features, (1, size)), last + 1, (1, size), module))
        operands: tuple[Arg, ...] = (Const(at + 1), Value(last + 1), Const(at))
        nodes.append(_node("addmm", operands, last + 2, (1, count), module))
        return replace(
            captured,
            output=last + 2,
            output_shape=(1, count),
            nodes=tuple(nodes),
            constants=tuple(replace(each, id=id_) for id_, each in enumerate(constants)),
            parameters=_in_order([*others, *parameters.items()], captured),
        )

    def _names(self, kept: list[Constant]) -> tuple[str, str]:
        """Names of the head's parameters that nothing else has."""
        taken = {name for name, _ in self._parameters(kept)}
        stem = f"{self.node.module}." if self.node.module else "head."
        while {f"{stem}weight", f"{stem}bias"} & taken:
            stem = f"{stem}learned."
        return f"{stem}weight", f"{stem}bias"

    def _parameters(self, kept: list[Constant]) -> list[tuple[str, torch.Tensor]]:
        """The parameters that do not belong to the head or to a module behind it."""
        needed = {name for constant in kept for name in constant.origins}
        captured = self.loaded.captured
        modules = {_owner(name) for constant in captured.constants for name in constant.origins} - {""}
        gone = modules - {_owner(name) for name in needed}
        return [
            (name, tensor)
            for name, tensor in captured.parameters
            if name in needed or (_owner(name) not in gone and _owner(name) != self.node.module)
        ]


def _in_order(
    parameters: list[tuple[str, torch.Tensor]], like: Captured
) -> tuple[tuple[str, torch.Tensor], ...]:
    """`parameters` in the order that `like` has them in, new names last."""
    place = {name: at for at, (name, _) in enumerate(like.parameters)}
    return tuple(sorted(parameters, key=lambda each: place.get(each[0], len(place))))


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _node(op: str, args: tuple[Arg, ...], output: int, shape: tuple[int, ...], module: str) -> Node:
    return Node(f"aten.{op}.default", args, (), (output,), (shape,), ("float32",), module)


def _renumbered(node: Node, new: dict[int, Const]) -> Node:
    kwargs = tuple((name, _arg(arg, new)) for name, arg in node.kwargs)
    return replace(node, args=tuple(_arg(arg, new) for arg in node.args), kwargs=kwargs)


def _arg(arg: Arg, new: dict[int, Const]) -> Arg:
    if isinstance(arg, Const):
        return new[arg.id]
    return tuple(_arg(each, new) for each in arg) if isinstance(arg, tuple) else arg
