"""Tells which number of the canonical state of learning differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnncl.interp.head import HeadLearner, Phase
from bnncl.interp.tail import TailLearner


@dataclass(frozen=True)
class Field:
    """An array of the canonical state: name, sizes of its axes, bytes of a number, whether it has a sign."""

    name: str
    sizes: tuple[int, ...]
    width: int
    signed: bool = False

    @property
    def count(self) -> int:
        """Numbers in it."""
        count = 1
        for size in self.sizes:
            count *= size
        return count

    def place(self, index: int) -> str:
        """Number `index` as C would write it."""
        parts = []
        for size in reversed(self.sizes):
            parts.append(f"[{index % size}]")
            index //= size
        return self.name + "".join(reversed(parts))


def fields(head: HeadLearner) -> tuple[Field, ...]:
    """The arrays of `head.canonical()`, in order."""
    config, stored = head.config, head.replay.stored
    rows = (config.max_classes, config.features)
    found = [Field(name, (), 4) for name in ("phase", "steps", "epoch", "batch", "item", "count")]
    found += [Field("op", (), 4)] if isinstance(head, TailLearner) else []
    found += [Field("past", rows[:1], 4), Field("cw", rows, 2, signed=True), Field("stored", (), 4)]
    found += [Field("met", rows[:1], 4), Field("replay_labels", (stored,), 2)]
    found += [Field("replay_latents", (stored, config.latent_bytes), 1)]
    if head.is_open:
        found += [Field("labels", (head.count,), 2), Field("latents", (head.count, config.latent_bytes), 1)]
    if head.in_training:
        found.append(Field("tw", rows, 2, signed=True))
    return (*found, *(_tail(head) if isinstance(head, TailLearner) else ()))


def _tail(head: TailLearner) -> Iterator[Field]:
    """What else than the head is trained."""
    lasting, sums = {"latent", "parameter", "kept"}, {"gradient"}
    for chosen in (lasting, sums) if head.phase in (Phase.FORWARD, Phase.UPDATE) else (lasting,):
        for state in head.program.states:
            if state.role in chosen:
                width = state.type.stored_bytes // state.type.elements
                yield Field(state.name, state.type.shape, width, signed=True)


def first_difference(head: HeadLearner, state: bytes) -> str:
    """The first number in which `state`, what C has, is not the canonical state of `head`.

    `tw[3][17]: expected 12 was 13`, where C has the same numbers up to there.
    """
    expected = head.canonical()
    pairs = zip(expected, state, strict=False)
    at = next((i for i, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(state)))
    start = 0
    for field in fields(head):
        if at < start + field.width * field.count:
            index = (at - start) // field.width
            begin = start + index * field.width
            one, other = (
                int.from_bytes(each[begin : begin + field.width], "little", signed=field.signed)
                for each in (expected, state)
            )
            return f"{field.place(index)}: expected {one} was {other}"
        start += field.width * field.count
    return f"{len(expected)} bytes of state, not {len(state)}"


__all__ = ["Field", "fields", "first_difference"]
