"""The C of saving and loading what a head has learned, and what the manifest says of it."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.emit.ctext import identifier
from bnncl.emit.spec import ProjectSpec
from bnncl.kernels.learned_head import head_of
from bnncl.plan.stored_state import CURSOR_FIELDS, layout_number, stored_state
from bnncl.state import FINGERPRINT_BYTES, layout_to_json


@dataclass(frozen=True)
class SegmentView:
    """A piece of the memory: C expressions of its offset and its size."""

    offset: str
    size: str


@dataclass(frozen=True)
class StateView:
    """What saving and loading need: whose state it is, and where its pieces lie."""

    fingerprint: str
    layout: str
    segments: tuple[SegmentView, ...]


def state_view(spec: ProjectSpec) -> StateView:
    """What saving and loading need in a project whose head learns."""
    fingerprint = bytes.fromhex(spec.model_sha256)[:FINGERPRINT_BYTES]
    return StateView(
        fingerprint=", ".join(f"0x{byte:02x}" for byte in fingerprint),
        layout=f"0x{layout_number(spec.program):08x}u",
        segments=tuple(_segment(spec.name, each.name) for each in stored_state(spec.program)),
    )


def _segment(model: str, name: str) -> SegmentView:
    member = f"cursor.{name}" if name in CURSOR_FIELDS else identifier(name)
    memory = f"{model}_memory"
    return SegmentView(f"offsetof({memory}, {member})", f"sizeof(({memory} *)0)->{member}")


def state_entry(spec: ProjectSpec) -> dict[str, object]:
    """The entry `state` of a manifest, as `bnncl.state.expected_state` reads it; {} without learning."""
    if head_of(spec.graph) is None:
        return {}
    segments = layout_to_json(stored_state(spec.program))
    return {"state": {"layout": layout_number(spec.program), "segments": segments}}
