"""Why each op got its kernel: all kernels that could compute it, with what they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bnncl.ir.graph import Graph
from bnncl.ir.types import Shape
from bnncl.kernels.base import KernelCall, calls
from bnncl.kernels.selection import Candidate, Policy, considered
from bnncl.ops.conv import BinaryConv
from bnncl.plan.op_report import parameter_bytes
from bnncl.targets import Target


@dataclass(frozen=True)
class KernelChoice:
    """One kernel that could compute an op; `why` it was taken, or was not.

    `kernel` is empty where no code is needed. Instructions are predicted, on inputs as they were measured and
    on those that take longest; sizes are in bytes.
    """

    kernel: str
    chosen: bool
    instructions: int
    worst_instructions: int
    scratch_bytes: int
    constant_bytes: int
    why: str


@dataclass(frozen=True)
class OpChoice:
    """One op and its kernels, the one that is taken first, then by instructions.

    `density` is the share of -1 that a binary convolution was seen to read, None elsewhere.
    """

    index: int
    module: str
    op: str
    out_shape: Shape
    density: float | None
    kernels: tuple[KernelChoice, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers, strings, lists and dicts."""
        return asdict(self)


def explain(graph: Graph, target: Target, policy: Policy, *, short_of_ram: bool) -> tuple[OpChoice, ...]:
    """What `policy` chose from for each op of the SELECTED `graph`.

    `short_of_ram` says that its scratch limit is not the user's, but what the RAM leaves.
    """
    return tuple(_op_choice(graph, index, target, policy, short_of_ram) for index in range(len(graph.ops)))


def _op_choice(graph: Graph, index: int, target: Target, policy: Policy, short_of_ram: bool) -> OpChoice:
    call = calls(graph)[index]
    types = graph.input_types(call)
    found = considered(call.op, types, target, policy)
    if short_of_ram:
        found = tuple(map(_blaming_ram, found))
    kernels = [
        KernelChoice(
            kernel="" if each.kernel.is_alias else each.kernel.symbol,
            chosen=each.kernel is call.kernel,
            instructions=each.kernel.cost(call.op, types, target),
            worst_instructions=each.kernel.worst_cost(call.op, types, target),
            scratch_bytes=each.scratch_bytes,
            constant_bytes=parameter_bytes(replace(call, kernel=each.kernel), types),
            why=_why(each, call, found, policy),
        )
        for each in found
    ]
    return OpChoice(
        index=index,
        module=call.op.module,
        op=type(call.op).__name__,
        out_shape=graph.type_of(call.output).shape,
        density=call.op.density if isinstance(call.op, BinaryConv) else None,
        kernels=tuple(sorted(kernels, key=lambda each: (not each.chosen, each.instructions))),
    )


def _blaming_ram(each: Candidate) -> Candidate:
    return replace(each, against=f"{each.against}: RAM is short") if "scratch" in each.against else each


def _why(each: Candidate, call: KernelCall, found: Sequence[Candidate], policy: Policy) -> str:
    if each.kernel is call.kernel:
        return _why_taken(each, found, policy)
    if each.against:
        return each.against
    taken = next(other for other in found if other.kernel is call.kernel)
    more = each.instructions / max(taken.instructions, 1) - 1
    return f"{100 * more:.1f} % more instructions"


def _why_taken(each: Candidate, found: Sequence[Candidate], policy: Policy) -> str:
    if len(found) == 1:
        return "no other kernel computes this"
    least = each.instructions == min(other.instructions for other in found)
    weighed = " on the input that takes longest" if policy.timing == "worst" else ""
    return f"fewest instructions{weighed}" + ("" if least else " of those that can be taken")
