"""The arrays of a project's memory of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnncl.emit.ctext import identifier
from bnncl.emit.spec import ProjectSpec
from bnncl.plan.learning import Held, held_arrays


def memory_arrays(spec: ProjectSpec) -> tuple[Held, ...]:
    """All arrays behind the cursor."""
    return held_arrays(spec.program, spec.plans)


def members(held: Sequence[Held]) -> Mapping[str, str]:
    """For each array the C expression, behind `memory->`, of its first element."""
    return {each.name: identifier(each.name) + "[0]" * (len(each.sizes) - 1) for each in held}


def declaration(held: Held) -> str:
    """The declaration of an array as a member of the memory."""
    return f"{held.ctype} {identifier(held.name)}" + "".join(f"[{size}]" for size in held.sizes) + ";"
