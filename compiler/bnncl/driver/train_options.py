"""What a user can ask of learning on the device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from bnncl.diagnostics import Problem

Rounding = Literal["nearest", "stochastic"]
Abort = Literal["ram", "storage"]
Ste = Literal["clip", "approxsign", "identity"]
LatentRule = Literal["accumulate", "sign"]
GradientScale = Literal["block", "static"]
_LATENT_BITS = (8, 7, 6)
HEAD = "head"
OF_TAILS = ("tail_rate", "filter_rate", "qw", "ste", "latent_rule", "accumulate", "gradient_scale")
"""The options that count only where more than the head learns."""
MOST = 65535
"""The largest number of classes, of slots and of samples."""


@dataclass(frozen=True)
class TrainOptions:
    """Settings of learning; nothing counts without `train`: "head", or the torch path of a module.

    With a module, what follows from its bits learns too, and the options behind `tail_rate` count:
    `tail_rate`, the learning rate of all that is no head; `filter_rate`, that of latent weights where it
    differs; `qw`, bits of latent weights (8 or 16); `ste`,
    the gradient of a sign; `latent_rule`, what of a latent weight lasts from step to step; `accumulate`,
    samples between two updates (0: a minibatch); `gradient_scale`, exponents of gradients by sample or
    calibrated.

    `replay` is the number of slots of the replay memory, `replay_bits` (1, or 8, 7, 6; by default 1 where
    bits can be latents, else 8) are the bits of a number in it: with a module and more than one bit, of what
    its first sign reads. `experience` is the number of new samples between two commits, `max_classes` the
    room for classes (by default those of the model). `qf` and `qb` are bits of forward copies, and of weights
    and gradients. A minibatch has so many new and so many replayed samples. With `new_head` no class is known
    at first: what the model's own head tells is the scale of its weights. Without `rate` it is 8 by the sum
    of squares of the features, so that a step moves a logit by a few units at most. `replay_init`, the path
    of an npz file or a pair (x, y), fills the replay memory.
    """

    train: str | None = None
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
    new_head: bool = False
    tail_rate: float | None = None
    filter_rate: float | None = None
    qw: int = 16
    ste: Ste = "clip"
    latent_rule: LatentRule = "accumulate"
    accumulate: int = 0
    gradient_scale: GradientScale = "block"

    @property
    def tail(self) -> str | None:
        """The torch path of the module that the cut is put before; None where the head alone learns."""
        return None if self.train in (None, HEAD) else self.train

    @property
    def number_bits(self) -> int | None:
        """Bits of a number of a latent where `replay_bits` asks for more than one."""
        return None if self.replay_bits == 1 else self.replay_bits

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
        if self.replay_init is not None and self.new_head:
            why = "Replays from the start may only be of known classes, and with a new head there are none."
            found.append(Problem("replay-init-new-head", "samples of no class", "--replay-init", why))
        if self.replay_init is not None and self.replay == 0:
            message = "there is no slot that these samples could fill"
            hint = "Add --replay N, or leave --replay-init out."
            found.append(Problem("replay-init-without-slots", message, "--replay-init", hint=hint))
        if not 2 <= self.qf <= 8:
            found.append(Problem("bad-width", f"{self.qf} bits are not 2..8", "--qf"))
        if not max(2, self.qf) <= self.qb <= 16:
            found.append(Problem("bad-width", f"{self.qb} bits are not {max(2, self.qf)}..16", "--qb"))
        for option, rate in (
            ("--rate", self.rate),
            ("--tail-rate", self.tail_rate),
            ("--filter-rate", self.filter_rate),
        ):
            if rate is not None and not (np.isfinite(rate) and rate > 0):
                found.append(Problem("bad-rate", f"{rate} is no learning rate above 0", option))
        return [*found, *self._bad_choices(), *self._tail_problems()]

    def _bad_choices(self) -> list[Problem]:
        return [
            Problem("bad-choice", f"'{value}' is none of {', '.join(get_args(known))}", option)
            for option, value, known in (
                ("--rounding", self.rounding, Rounding),
                ("--abort", self.abort, Abort),
                ("--ste", self.ste, Ste),
                ("--latent-rule", self.latent_rule, LatentRule),
                ("--gradient-scale", self.gradient_scale, GradientScale),
            )
            if value not in get_args(known)
        ]

    def _tail_problems(self) -> list[Problem]:
        """What is wrong with the options that count only where more than the head learns."""
        plain = TrainOptions()
        if self.tail is None:
            given = [name for name in OF_TAILS if getattr(self, name) != getattr(plain, name)]
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            why, hint = "The head has neither.", "Name a module with --train, or leave them out."
            return [Problem("tail-required", "these need a tail", options, why, hint)] if given else []
        found = []
        if self.qw not in (8, 16):
            found.append(Problem("bad-width", f"{self.qw} bits are not supported, 8 and 16 are", "--qw"))
        if self.accumulate not in (0, 8):
            message = f"{self.accumulate} samples are neither all of a minibatch nor 8"
            found.append(Problem("bad-count", message, "--accumulate"))
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
            ("head", "new" if self.new_head else "the model's"),
            *(self._tail_settings() if self.tail is not None else ()),
        )

    def _tail_settings(self) -> tuple[tuple[str, str], ...]:
        return (
            ("latent weight bits", str(self.qw)),
            ("tail's learning rate", "that of the tail" if self.tail_rate is None else f"{self.tail_rate:g}"),
            (
                "learning rate of latent weights",
                "the tail's" if self.filter_rate is None else f"{self.filter_rate:g}",
            ),
            ("gradient of a sign", self.ste),
            ("latent weights", self.latent_rule),
            ("samples between updates", str(self.accumulate or "a minibatch")),
            ("gradient exponents", self.gradient_scale),
        )
