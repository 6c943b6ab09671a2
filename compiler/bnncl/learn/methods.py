"""The ways of learning that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["device", "cwr", "naive", "joint", "tail", "tail-naive", "tail-joint"]


@dataclass(frozen=True)
class Method:
    """One line of the result: what learns, and what is replayed to it.

    `latent_bits` are those of a replayed value, None: what the settings say; with `equal_bytes` there are
    only so many slots as take the device's bytes.
    """

    name: str
    title: str
    kind: Kind
    replays: bool = False
    latent_bits: int | None = None
    equal_bytes: bool = False

    @property
    def tail(self) -> bool:
        """Whether it is a float reference that learns more than a head."""
        return self.kind in ("tail", "tail-naive", "tail-joint")


METHODS = (
    Method("device", "device, integers", "device", replays=True, latent_bits=1),
    Method("device-plain", "device, no replay", "device"),
    Method("cwr", "CWR*, float", "cwr", replays=True),
    Method("cwr-8", "CWR*, float, 8-bit latents", "cwr", replays=True, latent_bits=8),
    Method("cwr-32", "CWR*, float, float latents", "cwr", replays=True, latent_bits=32),
    Method(
        "cwr-8-bytes",
        "CWR*, 8-bit latents, equal bytes",
        "cwr",
        replays=True,
        latent_bits=8,
        equal_bytes=True,
    ),
    Method(
        "cwr-32-bytes",
        "CWR*, float latents, equal bytes",
        "cwr",
        replays=True,
        latent_bits=32,
        equal_bytes=True,
    ),
    Method("cwr-plain", "CWR*, float, no replay", "cwr"),
    Method("naive", "fine-tuning, float", "naive"),
    Method("joint", "joint training, float", "joint"),
    Method("tail", "tail, float, 1-bit latents", "tail", replays=True, latent_bits=1),
    Method("tail-8", "tail, float, 8-bit latents", "tail", replays=True, latent_bits=8),
    Method("tail-32", "tail, float, float latents", "tail", replays=True, latent_bits=32),
    Method(
        "tail-8-bytes",
        "tail, 8-bit latents, equal bytes",
        "tail",
        replays=True,
        latent_bits=8,
        equal_bytes=True,
    ),
    Method(
        "tail-32-bytes",
        "tail, float latents, equal bytes",
        "tail",
        replays=True,
        latent_bits=32,
        equal_bytes=True,
    ),
    Method("tail-plain", "tail, float, no replay", "tail", latent_bits=1),
    Method("tail-naive", "tail fine-tuning, float", "tail-naive", latent_bits=1),
    Method("tail-joint", "tail joint training, float", "tail-joint", latent_bits=1),
)
HEAD_METHODS = ("device", "cwr", "cwr-plain", "naive", "joint")
TAIL_METHODS = (
    "device",
    "device-plain",
    "tail",
    "tail-32",
    "tail-32-bytes",
    "tail-naive",
    "tail-joint",
    "cwr",
)
"""What is compared where nobody says otherwise: heads, and tails."""
BY_NAME = {method.name: method for method in METHODS}
