"""The arrays of a tail that learns, as a harness reads them from memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bnncl.emit.ctext import identifier
from bnncl.interp.learner import Learner
from bnncl.interp.tail import TailLearner, as_bytes
from bnncl.ir.graph import Program
from bnncl.ir.values import Role, StateArray
from bnncl.plan.learning import ELEMENT_BYTES
from bnncl.plan.stored_state import trained

Kind = Literal["lasting", "gradient", "cache"]
KINDS: Final[tuple[Kind, ...]] = ("lasting", "gradient", "cache")
"""Part of the canonical state always; in a minibatch only, behind the others; what follows from it."""

_KIND_OF: Final[dict[Role, Kind]] = {
    "latent": "lasting",
    "parameter": "lasting",
    "kept": "lasting",
    "gradient": "gradient",
    "signs": "cache",
}


@dataclass(frozen=True)
class TailArray:
    """An array: the member of the memory, elements, bytes of one, and what it is to the state."""

    member: str
    count: int
    width: int
    kind: Kind


def tail_arrays(program: Program) -> tuple[TailArray, ...]:
    """The arrays of `program`, those of one kind in canonical order."""
    found = []
    for state in program.states:
        width = ELEMENT_BYTES[state.type.ctype]
        count = state.type.stored_bytes // width
        found.append(TailArray(identifier(state.name), count, width, _KIND_OF[state.role]))
    return tuple(found)


def signs_of(device: Learner) -> bytes:
    """The packed signs of `device`, as they lie in memory one behind the other; none without a tail.

    They follow from its weights: what does not is a fault of the reference (AssertionError).
    """
    head = device.head
    if not isinstance(head, TailLearner):
        return b""
    assert head.caches_hold(), "signs of filters are not those of their weights"
    return head.packed_caches()


def trained_bytes(device: Learner) -> NDArray[np.uint8]:
    """The bytes of what a tail trains; none without one."""
    head = device.head
    if not isinstance(head, TailLearner):
        return np.zeros(0, np.uint8)
    held = [as_bytes(head.states[state.name], state) for state in trained(head.program)]
    return np.frombuffer(b"".join(held), np.uint8)


def first_sign(device: Learner, signs: bytes) -> str:
    """The first word of packed signs in which `signs`, what C has, are not those of `device`."""
    head, start = device.head, 0
    assert isinstance(head, TailLearner)
    for state in _signs(head):
        wanted = as_bytes(head.states[state.name], state)
        held = signs[start : start + len(wanted)]
        start += len(wanted)
        if held != wanted:
            at = next(
                word for word in range(0, len(wanted), 4) if held[word : word + 4] != wanted[word : word + 4]
            )
            one, other = (int.from_bytes(each[at : at + 4], "little") for each in (wanted, held))
            return f"{state.name}[{at // 4}]: expected {one:#010x} was {other:#010x}"
    return f"{start} bytes of packed signs, not {len(signs)}"


def _signs(head: TailLearner) -> tuple[StateArray, ...]:
    return tuple(state for state in head.program.states if state.role == "signs")
