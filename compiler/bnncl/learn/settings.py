"""What a simulation is: scenario, data, methods, and how the head learns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.driver.options import Options, as_identifier
from bnncl.driver.train_options import HEAD, OF_TAILS, GradientScale, LatentRule, Rounding, Ste, TrainOptions
from bnncl.learn.methods import BY_NAME, HEAD_METHODS, Method

Scenario = Literal["nc", "ni"]
EngineName = Literal["c", "reference", "features"]
_LATENTS = (1, 8, 32)
_NOT_SETTINGS = ("model", "methods", "seeds")
_NEWER = ("train", "new_head", *OF_TAILS)


@dataclass(frozen=True)
class Settings:
    """All that decides what a simulation finds, checked by `check`.

    `at_once` classes arrive in an experience (nc); `experiences` are the number of them (ni), where the
    data know no domains. `most` samples of an experience are taken, `train_each` and `test_each` of each
    class of the data. `engine` is what stands for the device. The others are as in `TrainOptions`,
    with the same defaults but for `replay`: without `rate` all methods learn at that of the compiled head.
    With `new_head` the model knows no class of the data: all that arrive are new.
    """

    model: Path
    data: str = "digits"
    scenario: Scenario = "nc"
    methods: tuple[str, ...] = HEAD_METHODS
    seeds: tuple[int, ...] = (0, 1, 2)
    at_once: int = 1
    experiences: int = 5
    shuffle_classes: bool = False
    most: int | None = None
    train_each: int | None = None
    test_each: int | None = None
    replay: int = 200
    replay_bits: int | None = None
    latents: int = 1
    qf: int = TrainOptions.qf
    qb: int = TrainOptions.qb
    rounding: Rounding = TrainOptions.rounding
    rate: float | None = TrainOptions.rate
    minibatch: tuple[int, int] = TrainOptions.minibatch
    epochs: int = TrainOptions.epochs
    engine: EngineName = "c"
    train: str = HEAD
    new_head: bool = TrainOptions.new_head
    tail_rate: float | None = TrainOptions.tail_rate
    filter_rate: float | None = TrainOptions.filter_rate
    qw: int = TrainOptions.qw
    ste: Ste = TrainOptions.ste
    latent_rule: LatentRule = TrainOptions.latent_rule
    accumulate: int = TrainOptions.accumulate
    gradient_scale: GradientScale = TrainOptions.gradient_scale

    @property
    def tail(self) -> str | None:
        """The torch path of the module that the cut is put before; None where the head alone learns."""
        return None if self.train == HEAD else self.train

    def check(self) -> tuple[Method, ...]:
        """The methods; UsageError with everything that is wrong with these settings."""
        problems = Collector()
        for name in self.methods:
            if name not in BY_NAME:
                hint = f"Known are {', '.join(BY_NAME)}."
                problems.add(
                    Problem("unknown-method", f"there is no method '{name}'", "--methods", hint=hint)
                )
        problems.extend(self._choices())
        problems.extend(self._of_tails())
        if self.model.is_dir():
            hint = "Name the model file that it was made from, such as model.pt."
            problems.add(Problem("file-not-found", "this is a folder", str(self.model), hint=hint))
        elif not self.model.is_file():
            problems.add(Problem("file-not-found", "there is no such file", str(self.model)))
        problems.extend(self.options(1, 2).train_problems())
        problems.raise_as(UsageError)
        return tuple(BY_NAME[name] for name in self.methods)

    def _choices(self) -> list[Problem]:
        found = []
        if not self.seeds or min(self.seeds) < 0 or max(self.seeds) >= 2**32:
            found.append(Problem("bad-seeds", "seeds are numbers 0..4294967295, at least one", "--seeds"))
        for option, value, known in (
            ("--scenario", self.scenario, get_args(Scenario)),
            ("--engine", self.engine, get_args(EngineName)),
            ("--latents", self.latents, _LATENTS),
        ):
            if value not in known:
                names = ", ".join(str(each) for each in known)
                found.append(Problem("bad-choice", f"'{value}' is none of {names}", option))
        return found

    def _of_tails(self) -> list[Problem]:
        """What does not go with a head that learns alone, or with a tail."""
        if self.tail is None:
            names = [name for name in self.methods if name in BY_NAME and BY_NAME[name].tail]
            why, hint = "The head has none.", "Name a module with --train, or leave them out."
            message = "these methods learn a tail"
            return [
                Problem("tail-required", f"{message}: {', '.join(names)}", "--methods", why, hint)
            ] * bool(names)
        if self.engine != "features":
            return []
        message = "features are not computed once where a tail learns: it changes them"
        return [Problem("features-of-tail", message, "--engine", hint="Leave it at c, or take reference.")]

    def options(self, experience: int, classes: int, *, replays: bool = True) -> Options:
        """Options of a compilation with room for `experience` samples and `classes` classes."""
        new, replayed = self.minibatch
        return Options(
            targets=("host",),
            name=as_identifier(self.model.stem),
            train=self.train,
            replay=self.replay if replays else 0,
            replay_bits=self.replay_bits,
            max_classes=classes,
            experience=experience,
            qf=self.qf,
            qb=self.qb,
            rounding=self.rounding,
            rate=self.rate,
            minibatch=(new, replayed if replays else 0),
            epochs=self.epochs,
            new_head=self.new_head,
            **{name: getattr(self, name) for name in OF_TAILS},
        )

    def as_json(self) -> dict[str, Any]:
        """What runs must have in common to be compared, as JSON values; of a tail only where one learns."""
        found = self._as_json()
        plain = self.tail is None and not self.new_head
        return {name: found[name] for name in found if not plain or name not in _NEWER}

    def _as_json(self) -> dict[str, Any]:
        return {
            field.name: list(value) if isinstance(value := getattr(self, field.name), tuple) else value
            for field in fields(self)
            if field.name not in _NOT_SETTINGS
        }
