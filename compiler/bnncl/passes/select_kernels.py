"""Choose the kernel of each op."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bnncl.diagnostics import Collector, Problem, UnsupportedModel
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import TensorType
from bnncl.kernels.base import KernelCall
from bnncl.kernels.selection import Policy, Preference, choose
from bnncl.passes.base import Pass
from bnncl.targets import Target


@dataclass(frozen=True)
class SelectKernels(Pass):
    """Gives each op the cheapest kernel that accepts it; of equals the one preferred by the registry.

    `kernels` "xnor" or "vertical" keeps to that family of binary convolutions where it accepts the op;
    kernels that need more than `scratch_limit` bytes of scratch are passed over. An op that no kernel
    accepts raises UnsupportedModel (`no-kernel`), all of them at once.
    """

    name: ClassVar[str] = "select-kernels"
    needs: ClassVar[Stage] = Stage.INTEGER
    gives: ClassVar[Stage] = Stage.SELECTED
    target: Target
    kernels: Preference = "auto"
    scratch_limit: int | None = None

    def run(self, graph: Graph) -> Graph:
        """The graph with every op wrapped in the call of its kernel."""
        problems = Collector()
        policy = Policy(self.kernels, self.scratch_limit)
        calls = []
        for op in graph.ops:
            kernel = choose(op, graph.input_types(op), self.target, policy)
            if kernel is None:
                problems.add(self._problem(op, graph.input_types(op)))
            else:
                calls.append(KernelCall(output=op.output, module=op.module, op=op, kernel=kernel))
        problems.raise_as(UnsupportedModel)
        return graph.with_ops(calls).at_stage(Stage.SELECTED)

    def _problem(self, op: Op, types: tuple[TensorType, ...]) -> Problem:
        limit = "" if self.scratch_limit is None else f" within {self.scratch_limit} bytes of scratch"
        reads = ", ".join(map(str, types))
        return Problem(
            slug="no-kernel",
            message=f"no kernel computes {type(op).__name__} of {reads} to {op.infer(*types)}{limit}",
            where=op.module or op.output,
            why="Each C function takes certain types and sizes only; none takes these.",
            hint="Use 8- or 16-bit activations, maps of less than 65536 rows and columns, and padding that "
            "cuts off the window in at most 255 different ways; or raise the scratch limit.",
        )
