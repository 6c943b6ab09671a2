"""Which kernel computes an op: all that could, what speaks against each, and the one that is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.registry import candidates
from bnncl.targets import Target

Preference = Literal["auto", "xnor", "vertical"]
Timing = Literal["typical", "worst", "constant"]


@dataclass(frozen=True)
class Policy:
    """What the choice of kernels keeps to.

    `kernels` "xnor" or "vertical" keeps to that family of binary convolutions where it can compute the op at
    all; kernels that need more than `scratch_limit` bytes of scratch are out of the question. `timing` says
    what is weighed: instructions on a typical input, or on the one that takes longest; "constant" leaves
    kernels only whose instructions do not depend on the data.
    """

    kernels: Preference = "auto"
    scratch_limit: int | None = None
    timing: Timing = "typical"


@dataclass(frozen=True)
class Candidate:
    """A kernel that could compute an op: predicted instructions of the input weighed, bytes of scratch.

    `against` is why it is not even considered, empty where it is.
    """

    kernel: Kernel
    instructions: int
    scratch_bytes: int
    against: str


def considered(
    op: Op, types: tuple[TensorType, ...], target: Target, policy: Policy
) -> tuple[Candidate, ...]:
    """All kernels that compute `op` on inputs of `types` on `target`, in the registry's order."""
    able = [
        (kernel, _instructions(kernel, op, types, target, policy), kernel.scratch_bytes(op, types))
        for kernel in candidates(op, types, target)
    ]
    limit, constant = policy.scratch_limit, policy.timing == "constant"
    fitting = [
        kernel.family
        for kernel, _, scratch in able
        if (limit is None or scratch <= limit) and (kernel.constant_time or not constant)
    ]

    def against(kernel: Kernel, scratch: int) -> str:
        if constant and not kernel.constant_time:
            return "takes longer on some inputs than on others"
        if limit is not None and scratch > limit:
            return f"needs more than {limit} bytes of scratch"
        other = policy.kernels in fitting and kernel.family != policy.kernels
        return f"is not of the family {policy.kernels}" if other else ""

    return tuple(Candidate(kernel, cost, scratch, against(kernel, scratch)) for kernel, cost, scratch in able)


def _instructions(
    kernel: Kernel, op: Op, types: tuple[TensorType, ...], target: Target, policy: Policy
) -> int:
    predicted = kernel.cost if policy.timing == "typical" else kernel.worst_cost
    return predicted(op, types, target)


def choose(op: Op, types: tuple[TensorType, ...], target: Target, policy: Policy) -> Kernel | None:
    """The cheapest kernel that nothing speaks against, of equals the first; None where there is none."""
    able = [each for each in considered(op, types, target, policy) if not each.against]
    best = min(able, key=lambda each: each.instructions, default=None)
    return None if best is None else best.kernel
