"""Random SELECTED graphs of ops that only move memory: some in place, some aliases, some with two inputs."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Int, TensorType
from bnncl.ir.values import Storage, Value
from bnncl.kernels.base import Binding, Kernel, KernelCall
from bnncl.targets import Target


@dataclass(frozen=True, eq=False, kw_only=True)
class Move(Op):
    """Reads any values, makes one of `size` bytes."""

    stages = frozenset({Stage.INTEGER})
    reads: tuple[str, ...]
    size: int

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.reads

    def infer(self, *types: TensorType) -> TensorType:
        return TensorType((1, 1, self.size), Int(0, 255, 8))

    def evaluate(self, *arrays: Array) -> Array:
        raise AssertionError("never run")


class MoveKernel(Kernel):
    """A kernel as the planner sees one."""

    symbol = "bnncl_move"
    header = "bnncl/move.h"

    def __init__(self, in_place: bool = False, is_alias: bool = False, scratch: int = 0) -> None:
        self._in_place, self._is_alias, self._scratch = in_place, is_alias, scratch

    @property
    def in_place(self) -> bool:
        return self._in_place

    @property
    def is_alias(self) -> bool:
        return self._is_alias

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        return True

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        return Binding((), (), ())

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        return self._scratch

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        return 0


def builder(input_bytes: int = 8) -> GraphBuilder:
    source = Value("in", TensorType((1, 1, input_bytes), Int(0, 255, 8)), Storage.INPUT)
    return GraphBuilder("infer", Stage.SELECTED, source)


def move(
    graph: GraphBuilder, name: str, reads: tuple[str, ...], size: int, kernel: Kernel | None = None
) -> str:
    op = Move(output=name, module=name, reads=reads, size=size)
    return graph.add(KernelCall(output=name, module=name, op=op, kernel=kernel or MoveKernel()))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to 12 ops; the last one makes the output."""
    made = builder(draw(st.integers(1, 40)))
    names, sizes = ["in"], {"in": made.value("in").type.stored_bytes}
    for index in range(draw(st.integers(1, 12))):
        recent = names[-4:]
        reads = tuple(dict.fromkeys(draw(st.lists(st.sampled_from(recent), min_size=1, max_size=3))))
        kind = draw(st.sampled_from(("plain", "plain", "in place", "alias")))
        alias = kind == "alias"
        size = sizes[reads[0]] if alias else draw(st.integers(1, 60))
        scratch = draw(st.sampled_from((0, 4, 12)))
        kernel = MoveKernel(kind == "in place" or alias, alias, 0 if alias else scratch)
        name = move(made, f"v{index}", reads[:1] if alias else reads, size, kernel)
        names.append(name)
        sizes[name] = size
    return made.finish(move(made, "out", (names[-1],), draw(st.integers(1, 20))))
