"""The arrays of a project's memory of learning."""

from __future__ import annotations

from collections.abc import Iterator

from bnncl.emit.ctext import identifier
from bnncl.emit.spec import ProjectSpec
from bnncl.kernels.learned_head import parts
from bnncl.plan.learning import Held, held_arrays


def memory_arrays(spec: ProjectSpec) -> tuple[Held, ...]:
    """All arrays behind the cursor, those of a tail behind those of the head."""
    return (*held_arrays(spec.graph), *(_tail(spec) if spec.program.states else ()))


def _tail(spec: ProjectSpec) -> Iterator[Held]:
    arena = max(plan.arena_bytes for plan in spec.plans.values()) // 4
    found = [Held("arena", "uint32_t", (arena,), 4 * arena, "tail", "")] if arena else []
    for state in spec.program.states:
        size = {"int8_t": 1, "int16_t": 2}.get(state.type.ctype, 4)
        count = state.type.stored_bytes // size
        found.append(
            Held(identifier(state.name), state.type.ctype, (count,), size * count, "tail", state.role)
        )
    classes = parts(spec.graph).head.config.max_classes
    found.append(Held("delta", "int16_t", (classes,), 2 * classes, "tail", ""))
    yield from sorted(found, key=lambda each: -{"int8_t": 1, "int16_t": 2}.get(each.ctype, 4))
    odd = -sum(each.bytes for each in found) % 4
    if odd:
        yield Held("tail_padding", "int8_t", (odd,), odd, "tail", "")
