"""What a user can ask of learning on the device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from bnncl.diagnostics import Problem

Rounding = Literal["nearest", "stochastic"]
Abort = Literal["ram", "storage"]
_LATENT_BITS = (8, 7, 6)
MOST = 65535
"""The largest number of classes, of slots and of samples."""


@dataclass(frozen=True)
class TrainOptions:
    """Settings of learning; nothing counts unless `train` is "head".

    `replay` is the number of slots of the replay memory, `replay_bits` (1, or 8, 7, 6; by default 1 where
    bits can be latents, else 8) are the bits of a number in it, `experience` that of new samples between two
    commits, `max_classes` the room for classes (by default those of the model). `qf` and `qb` are bits of
    forward copies, and of weights and gradients. A minibatch has so many new and so many replayed
    samples. Without `rate` it is 8 by the sum of squares of the features, so that a step moves a logit by a
    few units at most. `replay_init`, the path of an npz file or a pair (x, y), fills the replay memory.
    """

    train: Literal["head"] | None = None
    replay: int = 0
    replay_bits: int | None = None
    max_classes: int | None = None
    experience: int = 64
    qf: int = 8
    qb: int = 16
    rounding: Rounding = "nearest"
    rate: float | None = None
    minibatch: tuple[int, int] = (8, 8)
    epochs: int = 4
    abort: Abort = "ram"
    replay_init: Path | str | tuple[Any, Any] | None = None

    def train_problems(self) -> list[Problem]:
        """Everything that is wrong with these options."""
        if self.train is None:
            return self._unused()
        found = [
            Problem("bad-count", f"{value} is not {least}..{MOST}", option)
            for option, value, least in (
                ("--replay", self.replay, 0),
                ("--experience", self.experience, 1),
                ("--max-classes", 1 if self.max_classes is None else self.max_classes, 1),
                ("--epochs", self.epochs, 1),
                ("--minibatch", self.minibatch[0], 1),
                ("--minibatch", self.minibatch[1], 0),
            )
            if not least <= value <= MOST
        ]
        if self.replay_bits not in (None, 1, *_LATENT_BITS):
            message = f"{self.replay_bits} bits are none of 1, 8, 7 and 6"
            found.append(Problem("bad-width", message, "--replay-bits"))
        if self.train != "head":
            why = "Only the head can be trained: --train head."
            found.append(Problem("bad-train", f"'{self.train}' cannot be trained", "--train", why))
        if self.replay_init is not None and self.replay == 0:
            message = "there is no slot that these samples could fill"
            hint = "Add --replay N, or leave --replay-init out."
            found.append(Problem("replay-init-without-slots", message, "--replay-init", hint=hint))
        if not 2 <= self.qf <= 8:
            found.append(Problem("bad-width", f"{self.qf} bits are not 2..8", "--qf"))
        if not max(2, self.qf) <= self.qb <= 16:
            found.append(Problem("bad-width", f"{self.qb} bits are not {max(2, self.qf)}..16", "--qb"))
        if self.rate is not None and not (np.isfinite(self.rate) and self.rate > 0):
            found.append(Problem("bad-rate", f"{self.rate} is no learning rate above 0", "--rate"))
        for option, value, known in (("--rounding", self.rounding, Rounding), ("--abort", self.abort, Abort)):
            if value not in get_args(known):
                found.append(
                    Problem("bad-choice", f"'{value}' is none of {', '.join(get_args(known))}", option)
                )
        return found

    def _unused(self) -> list[Problem]:
        plain = TrainOptions()
        given = [name for name in vars(plain) if getattr(self, name) != getattr(plain, name)]
        if not given:
            return []
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        hint = "Add --train head, or leave them out."
        return [Problem("train-required", "these options are for learning only", options, hint=hint)]

    def train_settings(self) -> tuple[tuple[str, str], ...]:
        """What shaped learning, as it is listed in the generated header; nothing without `train`."""
        if self.train is None:
            return ()
        return (
            ("train", self.train),
            ("forward and stored bits", f"{self.qf},{self.qb}"),
            (
                "bits of a replayed number",
                "by the model" if self.replay_bits is None else str(self.replay_bits),
            ),
            ("rounding", self.rounding),
            ("learning rate", "by the features" if self.rate is None else f"{self.rate:g}"),
            ("minibatch, new and replayed", f"{self.minibatch[0]}:{self.minibatch[1]}"),
            ("epochs", str(self.epochs)),
            ("abort", self.abort),
        )
