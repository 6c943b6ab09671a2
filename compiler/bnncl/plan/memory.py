"""Where every value of a selected graph lives in C: the result of memory planning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Place(Enum):
    """The memory a value lies in.

    An op of inference has the arena of the workspace, one of a further graph that of the memory of learning.
    LATENT is the cut of an inference or the latent of the sample at hand, FEATURES what the head reads of it.
    STATE is an array of the memory of learning. CURSOR is what an update knows of its minibatch.
    """

    INPUT = "input"
    ARENA = "arena"
    LATENT = "latent"
    FEATURES = "features"
    SCORES = "scores"
    STATE = "state"
    CURSOR = "cursor"


@dataclass(frozen=True)
class Location:
    """A place, the offset in bytes from its start (0 outside the arena), and of a STATE the array's name."""

    place: Place
    offset: int = 0
    name: str = ""


@dataclass(frozen=True)
class Buffer:
    """Bytes that one or more values share, and the ops between which they are in use.

    `first` is the index of the op that writes them, `last` that of the last op that reads them; both
    ends are included, so an op's input and output never share unless they are one buffer.
    """

    values: tuple[str, ...]
    size: int
    first: int
    last: int

    def meets(self, other: Buffer) -> bool:
        """Whether some op finds both in use."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class MemoryPlan:
    """Where the values of one graph lie, in bytes.

    The graph's input is the caller's buffer and is never written; its output goes straight to the caller's
    scores. `scratch` holds the bytes that each op needs only while it runs: one region serves them all.
    `live` holds the arena bytes in use at each op, `least_arena_bytes` is the largest of them: no
    arrangement can need less. Where the head learns, `latent_bytes` and `feature_bytes` stand behind the
    scratch: the cut of an inference, and the head's inputs where they are not the cut itself. An op of a
    further graph finds its scratch, at most `learning_scratch` bytes, at the start of the workspace:
    nothing of an inference is kept there.
    """

    locations: Mapping[str, Location]
    arena_bytes: int
    scratch: tuple[int, ...]
    live: tuple[int, ...]
    latent_bytes: int = 0
    feature_bytes: int = 0
    learning_scratch: int = 0

    @property
    def scratch_bytes(self) -> int:
        """Bytes of the scratch region that all ops share."""
        return max(self.scratch, default=0)

    @property
    def least_arena_bytes(self) -> int:
        """The most arena bytes that are in use at one time."""
        return max(self.live, default=0)

    @property
    def peak_op(self) -> int:
        """Index of the first op at which the most arena bytes are in use."""
        return self.live.index(self.least_arena_bytes)

    @property
    def workspace_bytes(self) -> int:
        """All of it together; one word where there is nothing, since C has no empty array."""
        inference = self.arena_bytes + self.scratch_bytes + self.latent_bytes + self.feature_bytes
        return max(4, inference, self.learning_scratch)


@dataclass(frozen=True, eq=False)
class Plans:
    """The plans of a whole program: of inference, and by name of the further graphs of a tail that learns."""

    main: MemoryPlan
    learning: Mapping[str, MemoryPlan] = field(default_factory=dict)
