"""Choose the kernel of each op."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from bnncl.diagnostics import Collector, Problem, UnsupportedModel
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import TensorType
from bnncl.kernels.base import KernelCall
from bnncl.kernels.selection import Policy, Preference, Timing, choose
from bnncl.passes.base import Pass, run_passes
from bnncl.targets import Target


@dataclass(frozen=True)
class SelectKernels(Pass):
    """Gives each op the cheapest kernel that accepts it; of equals the one preferred by the registry.

    `kernels` "xnor" or "vertical" keeps to that family of binary convolutions where it accepts the op;
    kernels that need more than `scratch_limit` bytes of scratch are passed over; `timing` is what of a
    kernel's time is weighed. An op that no kernel accepts raises UnsupportedModel (`no-kernel`, or
    `no-constant-time` where one would that takes longer on some inputs), all of them at once.
    """

    name: ClassVar[str] = "select-kernels"
    needs: ClassVar[Stage] = Stage.INTEGER
    gives: ClassVar[Stage] = Stage.SELECTED
    target: Target
    kernels: Preference = "auto"
    scratch_limit: int | None = None
    timing: Timing = "typical"

    def run_all(self, program: Program) -> Program:
        """`program` with kernels for every graph; `timing` is that of inference, not of learning."""
        infer, *learning = program.graphs
        usual = replace(self, timing="typical")
        others = tuple(run_passes(graph, (usual,)) for graph in learning)
        return replace(program, graphs=(run_passes(infer, (self,)), *others))

    def run(self, graph: Graph) -> Graph:
        """The graph with every op wrapped in the call of its kernel."""
        problems = Collector()
        policy = Policy(self.kernels, self.scratch_limit, self.timing)
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
        any_timing = Policy(self.kernels, self.scratch_limit)
        if choose(op, types, self.target, any_timing) is not None:
            return Problem(
                slug="no-constant-time",
                message=f"no kernel computes {type(op).__name__} of {reads} in constant time",
                where=op.module or op.output,
                why="Every kernel for it executes more instructions on some inputs than on others.",
                hint="Compile without --constant-time, or replace the layer.",
            )
        return Problem(
            slug="no-kernel",
            message=f"no kernel computes {type(op).__name__} of {reads} to {op.infer(*types)}{limit}",
            where=op.module or op.output,
            why="Each C function takes certain types and sizes only; none takes these.",
            hint="Use 8- or 16-bit activations, maps of less than 65536 rows and columns, and padding that "
            "cuts off the window in at most 255 different ways; or raise the scratch limit.",
        )
